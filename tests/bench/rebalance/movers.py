"""The policies that are compared: doing nothing, equalising, and the library, with its own and with wider budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.policy import RebalancePolicy
from tests.bench.rebalance.world import Mover, Order, World

TOLERANCE = 0.035
"""How far above the mean a Cell has to be for `equalise` to take something from it."""


def nothing(_: World) -> Sequence[Order]:
    """Move nothing."""
    return ()


def equalise(world: World) -> Sequence[Order]:
    """Send one replica from every Cell above the mean to the one that was least loaded, whatever is under way."""
    asked = world.samples[-1]
    mean = sum(asked) / len(asked)
    coolest = min(range(len(asked)), key=lambda cell: (asked[cell], cell))
    moving = {move.order.application for move in world.running}
    orders = []
    for cell, load in enumerate(asked):
        if load <= mean + TOLERANCE:
            continue
        here = [
            (world.share(application), application)
            for application, homes in world.homes.items()
            if homes[cell] and not homes[coolest] and application not in moving
        ]
        if here:
            application = max(here)[1]
            moving.add(application)
            orders.append(Order(application, cell, coolest))
    return orders


@dataclass(frozen=True, slots=True)
class Library:
    """Ask the library that the custodian asks."""

    policy: RebalancePolicy = field(default_factory=RebalancePolicy)

    def __call__(self, world: World) -> Sequence[Order]:
        decision = decide(world.fleet(), self.policy)
        return [
            Order(int(move.subject.application.split("-")[-1]), number(move.source), number(move.destination))
            for move in decision.moves
        ]


def number(cell: str) -> int:
    return int(cell.removeprefix("cell-"))


POLICIES: Mapping[str, Mover] = {
    "none": nothing,
    "equalise": equalise,
    "thresholds": Library(RebalancePolicy(trend_samples=0.0, pressing=0.0, kept=0)),
    "library": Library(),
    "unbounded": Library(RebalancePolicy(fleet_percent=10.0, cell_out=3)),
}
