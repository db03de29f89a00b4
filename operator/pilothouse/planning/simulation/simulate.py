"""What would come of a change: who moves, who would not fit, what it costs. It is reckoned, and nothing is changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from pilothouse.desired.placement.fleet import whatif
from pilothouse.desired.placement.fleet.assignment import Unplaced
from pilothouse.desired.placement.fleet.gentle import settle_gently
from pilothouse.desired.placement.fleet.problem import GONE
from pilothouse.desired.placement.fleet.values import Fleet, Key
from pilothouse.desired.placement.fleet.whatif import Move, Survival
from pilothouse.planning.simulation.snapshot import CellObject, Snapshot, fleet_of


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked.

    snapshot: the objects as they would be; then: what would become of the fleet that they are; moves: whether what
    changes its place is moved while it runs, and so bound to what a destination may be filled to; makes_room: whether
    others may be moved for it, as the policy of the fleet has it.
    """

    snapshot: Snapshot
    then: Callable[[Fleet], Fleet] = lambda fleet: fleet
    moves: bool = False
    makes_room: bool = True


@dataclass(frozen=True, slots=True)
class Stays:
    """Replicas that stay in a Cell that is to be left, or is lost; why."""

    key: Key
    cell: str
    replicas: int
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What would come of a change.

    moves: who goes where; unplaced: who fits nowhere, and so has not gone; pending: replicas that do not now; stays:
    who stays in a Cell that is left or lost; survivals: by failure domain, who would fit nowhere without it afterwards,
    others being where they are; costs: an hour.
    """

    moves: tuple[Move, ...]
    unplaced: tuple[Unplaced, ...]
    pending: Mapping[Key, int]
    stays: tuple[Stays, ...]
    survivals: tuple[Survival, ...]
    cost_before: float
    cost_after: float

    @property
    def fits(self) -> bool:
        """Whether nobody lacks a place because of the change."""
        return not self.stays and all(one.replicas <= self.pending.get(one.key, 0) for one in self.unplaced)


def drain(snapshot: Snapshot, cell: str) -> Change:
    """Return the change in which a Cell is left by all that may move."""
    return Change(snapshot, lambda fleet: whatif.drain(fleet, cell), moves=True)


def lose(snapshot: Snapshot, domain: str) -> Change:
    """Return the change in which a failure domain is lost: what was in it may make any other Cell full, as it is."""
    return Change(snapshot, lambda fleet: whatif.lose(fleet, domain), makes_room=False)


def grow(snapshot: Snapshot, application: str, factor: float) -> Change:
    """Return the change in which an Application has `factor` times its replicas."""
    return Change(snapshot, lambda fleet: whatif.grow(fleet, application, factor))


def add_cell(snapshot: Snapshot, cell: CellObject) -> Change:
    """Return the change in which there is one Cell more, which answers."""
    return Change(replace(snapshot, cells=(*snapshot.cells, cell)))


def simulate(snapshot: Snapshot, change: Change) -> Answer:
    """Return what would come of `change`. Raises InvalidQuantityError where a Cell tells what is no quantity."""
    rules = snapshot.policy.placement.rebalancing
    settled = partial(settle_gently, moves=change.makes_room and rules.mode != "Never")
    before = fleet_of(snapshot)
    least = 100 - rules.destination_percent if change.moves else 0
    after = change.then(fleet_of(change.snapshot, least))
    found = whatif.compare(before, after, settled)
    left = {one.key for one in found.unplaced}
    return Answer(
        moves=tuple(move for move in found.moves if move.target or move.key not in left),
        unplaced=found.unplaced,
        pending={one.key: one.replicas for one in found.now.unplaced},
        stays=tuple(_stays(after)),
        survivals=whatif.survives(after, found.then, settled=partial(settle_gently, moves=False, explained=False)),
        cost_before=found.cost_before,
        cost_after=found.cost_after,
    )


def _stays(fleet: Fleet) -> list[Stays]:
    gone = {cell.name for cell in fleet.cells if cell.standing in GONE}
    return [
        Stays(workload.key, name, count, workload.staying)
        for workload in sorted(fleet.workloads, key=lambda workload: workload.key)
        if workload.staying
        for name, count in sorted(workload.placed.items())
        if name in gone and count
    ]
