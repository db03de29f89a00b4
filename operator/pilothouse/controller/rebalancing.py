"""The custodian that asks, behind everything else, whether something that runs had better move.

It decides nothing (`planning.rebalance` does) and changes nothing: what it would have moved, the next pass of that
Application puts into a Plan, or declines.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pilothouse.api.conditions import Condition
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.applying.ports import Clock
from pilothouse.controller.ports import Key
from pilothouse.controller.residents import Mover, as_moved
from pilothouse.controller.rooms import Rooms
from pilothouse.desired.cells import CellView
from pilothouse.desired.moves import Move
from pilothouse.desired.placement.accelerators import fragmented
from pilothouse.planning.rebalance import fleet
from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.fleet import Decision, Trigger
from pilothouse.planning.rebalance.holds import Hold, holds
from pilothouse.planning.rebalance.reading import Seen, cell_of, fleet_of, policy_of, utilisation

LOOK_SECONDS: Final = 60.0
_SAMPLES: Final = 3
_TOLD: Final = frozenset({None, Trigger.BLOCKED, Trigger.MISSING, Trigger.DRAINING})
"""For what it is told why something stays: somebody waits for it to go, or nothing at all goes."""
_MOST_TOLD: Final = 10

_log = logging.getLogger(__name__)


class Cells(Protocol):
    """The Cells and the policy as they are now."""

    def clusters(self) -> Sequence[CellView]:
        """Return the Cells that run workloads."""

    def lost(self) -> Collection[str]:
        """Return the names of the Cells that do not answer."""

    def joined(self) -> Mapping[str, float]:
        """Return when each Cell was made, seconds since the epoch."""

    def policy(self) -> FleetPolicySpec:
        """Return the fleet's policy."""


class Meter(Protocol):
    """Where moves are counted."""

    def moved(self, trigger: str, gain: float) -> None:
        """Count a move that begins. gain: points."""


@dataclass(slots=True)
class _History:
    """What was seen of one Cell over time. looks: how often."""

    looks: int = 0
    samples: deque[float] = field(default_factory=lambda: deque(maxlen=_SAMPLES))
    lost_since: float | None = None
    recovered_at: float | None = None


class Rebalancer:
    """Looks at the fleet from time to time, and asks Applications to move something.

    applications: those there are; wake: called with one that is to look at itself again; meter: counts moves.
    """

    def __init__(
        self,
        cells: Cells,
        rooms: Rooms,
        applications: Iterable[Key],
        wake: Callable[[Key], None],
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._cells, self._rooms, self.residents = cells, rooms, rooms.residents
        self._applications, self._wake, self._clock, self._meter = applications, wake, clock, meter
        self._histories: dict[str, _History] = {}
        self._told: list[tuple[object, ...]] = []
        self._holds: dict[str, Hold] = {}
        self._asks: bool | None = None
        """Whether anything is to move at all; None while that was not looked at."""
        self.decision = Decision()
        """What the last look came to."""
        self.reserved: Mapping[str, Mapping[str, float]] = {}
        """By Cell and resource, the share that was reserved at the last look."""
        self.fragmented: Mapping[str, float] = {}
        """By Cell, the share of its free accelerators that was of no use at the last look to pods likely to come."""

    async def look(self) -> None:
        """Look once. What goes wrong with that is told and keeps nobody from anything."""
        try:
            self._look()
        except Exception:  # noqa: BLE001 - whatever it is, nothing moves, and everything else goes on
            _log.exception("rebalancing: the fleet could not be looked at")

    def _look(self) -> None:
        """Nothing is asked while the fleet is suspended, or before every Application was looked at."""
        now, policy = self._clock.now(), self._cells.policy()
        views = self._rooms.reserved(self._cells.clusters(), now)
        rules = policy.placement.rebalancing
        thresholds = policy_of(rules)
        self._observe(views, now, thresholds.lost_after_seconds)
        if policy.suspend or (rules.mode == "Never" and not any(view.evict for view in views)):
            self.decision, self._holds, self._asks = Decision(), {}, False
            self._tell(self.residents.withdraw())
            return
        if not self.residents.has_met(self._applications):
            self.decision = Decision()
            return
        joined = self._cells.joined()
        cells = [cell_of(view, self._seen(view.name, joined.get(view.name))) for view in views]
        asked = [as_moved(mover, one) for mover, one in self.residents.pending()]
        residents, first = self.residents.all(now), (self.residents.repairs, self.residents.in_line)
        self.decision = decide(fleet_of(now, cells, residents, rules.mode, asked, *first), thresholds)
        self._holds, self._asks = holds(cells, self.decision, thresholds, self._holds), True
        self._tell_of_held()
        for move in self.decision.moves:
            _log.info("rebalancing (%s): %s", move.trigger, move.reason)
            self._meter.moved(move.trigger.value, move.gain)
        moves, proposals = (dict(map(_asked, some)) for some in (self.decision.moves, self.decision.proposals))
        busy = bool(moves or asked or self.residents.under_way)
        self._tell(self.residents.ask(moves, proposals, now, busy=busy))

    def told(self, cell: str, before: Condition | None) -> Condition | None:
        """Return what the status of a Cell is to say of what is to leave it and stays; None for nothing.

        before: what it says; that stands as long as it is not known better, as after a start.
        """
        history = self._histories.get(cell)
        if self._asks is None or (history is not None and history.looks < _SAMPLES and cell not in self._holds):
            return before
        if history is None or not self._asks:
            return None
        if (hold := self._holds.get(cell)) is None:
            return Condition(type="MovesHeld", status="False", reason="NothingHeld")
        return Condition(type="MovesHeld", status="True", reason=hold.reason, message=hold.message)

    def _tell_of_held(self) -> None:
        """Log why something stays that is to go, when that is something else than at the last look."""
        held = [one for one in self.decision.held if one.trigger in _TOLD]
        what: list[tuple[object, ...]] = [(one.why, one.trigger, one.cell, one.subject) for one in held]
        if what != self._told:
            self._told = what
            for one in held[:_MOST_TOLD]:
                _log.info("rebalancing holds %s: %s", one.subject or one.cell or "the fleet", one.message)

    def _tell(self, keys: Iterable[Key]) -> None:
        for key in sorted(keys):
            self._wake(key)

    def _observe(self, views: Sequence[CellView], now: float, lost_after: float) -> None:
        """Take down how full each Cell is and whether it answers. lost_after: seconds until it counts as lost."""
        lost = self._cells.lost()
        self.reserved = {view.name: utilisation(view) for view in views}
        self.fragmented = fragmented(views, self._rooms.demand.popularity)
        self._histories = {view.name: self._histories.get(view.name, _History()) for view in views}
        for name, history in self._histories.items():
            history.looks += 1
            if name in lost:
                history.lost_since = now if history.lost_since is None else history.lost_since
                continue
            if history.lost_since is not None:
                away, history.lost_since = now - history.lost_since, None
                history.recovered_at = now if away >= lost_after else history.recovered_at
            history.samples.append(max(self.reserved[name].values(), default=0.0))

    def _seen(self, name: str, joined: float | None) -> Seen:
        history = self._histories[name]
        return Seen(tuple(history.samples), history.lost_since, history.recovered_at, joined)


def _asked(move: fleet.Move) -> tuple[Mover, Move]:
    """Return who is asked, and for what."""
    name, route = move.subject.workload, (move.source, move.destination)
    wanted = Move(name, *route, reason=move.reason, trigger=move.trigger.value, evacuates=move.evacuates)
    return Mover(Key(*move.subject.application.split("/", 1)), name), wanted
