"""The breakers of all Cells: what there is against each, what it may do now, and what its status is to say.

What counts is in the ledgers on the API server, so a process that starts anew counts the same. Only what listings
miss, and what is to be destroyed, is remembered here: both are found out again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pilothouse.api.cell import Breaker
from pilothouse.api.fleetpolicy import BreakerRule
from pilothouse.api.times import rfc3339, rfc3339_milli, seconds
from pilothouse.applying.ports import Clock
from pilothouse.controller.holdings import Holding, Holdings
from pilothouse.controller.ports import Key, Stop
from pilothouse.planning.breaker import Case, Pardon, State, Thing, counted, evidence, told, verdict

SETTLE_SECONDS: Final = 5.0
"""How long too much has to be missing before a breaker opens: of a namespace that is deleted, its objects may go before
its Applications are known to go."""
_A_MOMENT: Final = 0.001
"""What status remembers is whole milliseconds: what was seen in the same one was seen before a person agreed."""
SUSPICION_SECONDS: Final = 120.0
"""How long it is waited for a look at what a listing misses: what nobody can look at must not hold others for ever."""


@dataclass(slots=True)
class _Board:
    """What this process has against one Cell. Seconds since the epoch throughout.

    suspects: what its newest listing misses, each since when; seen: when those were seen all the same; doomed: what
    would be destroyed unasked, each when that was last so; passed and spared: those of both that a person has let pass;
    held_since: 0 while too little is missing.
    """

    record: Breaker = field(default_factory=Breaker)
    suspects: dict[Thing, float] = field(default_factory=dict)
    seen: dict[Thing, float] = field(default_factory=dict)
    doomed: dict[Thing, float] = field(default_factory=dict)
    passed: set[Thing] = field(default_factory=set)
    spared: set[Thing] = field(default_factory=set)
    held_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Senses:
    """What breakers ask.

    rule: what the fleet's policy says now; missed: when the newest listing of a Cell was taken, if it misses a thing,
    else 0; wake: has an Application looked at; clock: the time.
    """

    rule: Callable[[], BreakerRule]
    missed: Callable[[str, Holding], float]
    wake: Callable[[Key], None]
    clock: Clock


class Breakers:
    """One breaker for each Cell. sweep: how many seconds ago counts what is made good by now."""

    def __init__(self, holdings: Holdings, senses: Senses, sweep: float) -> None:
        self._holdings, self._senses, self._sweep = holdings, senses, sweep
        self._boards: defaultdict[str, _Board] = defaultdict(_Board)

    def record(self, cell: str) -> Breaker:
        """Return what the status of a Cell is to say of its breaker."""
        return self._boards[cell].record

    def told(self, cell: str, stored: Breaker | None, resume: str) -> bool:
        """Take what is stored of a Cell, None once it is gone; tell whether its breaker opened or closed by that.

        resume: when the opening began that a person has agreed to end, as the annotation on the Cell says it.
        """
        if stored is None:
            return self._boards.pop(cell, None) is not None
        board = self._boards[cell]
        before = board.record
        same = stored.opened_at == before.opened_at and not before.resumed_at
        if same or stored.opened_at > before.opened_at:
            board.record = stored
        if board.record.is_open and resume == board.record.opened_at:
            self._resume(cell, board)
        return board.record.is_open != before.is_open

    def swept(self, cell: str) -> None:
        """Compare the newest listing with the ledgers. If it misses much, whoever has that is to look."""
        self._recount(cell)
        if self._state(cell) is not State.CLOSED:
            for owner in sorted({thing.application for thing in self._boards[cell].suspects}):
                self._senses.wake(Key(*owner.split("/", 1)))

    def saw(self, cell: str, things: Iterable[Thing]) -> None:
        """Take note of things that a pass has seen."""
        board = self._boards[cell]
        if board.suspects:
            for thing in things:
                if board.suspects.pop(thing, 0.0):
                    board.seen[thing] = self._senses.clock.now()
                    board.passed.discard(thing)

    def dooms(self, key: Key, cells: Mapping[str, Collection[Thing]]) -> None:
        """Take note of all that a pass of one Application would destroy although nobody asked for it, by Cell."""
        now = self._senses.clock.now()
        for cell, things in cells.items():
            self._boards[cell].doomed |= dict.fromkeys(things, now)
        for cell, board in self._boards.items():
            if board.spared:
                mine = {thing for thing in board.spared if thing.application == str(key)}
                done = mine.difference(cells.get(cell, ()))
                board.spared -= done
                board.doomed = {thing: at for thing, at in board.doomed.items() if thing not in done}

    def stop(self, cell: str) -> Stop | None:
        """Return why nothing may be created or destroyed in a Cell now; None when it may."""
        board = self._boards[cell]
        if not board.held_since and self._lost_just_now(cell):
            self._recount(cell)
        if self._state(cell) is State.CLOSED:
            return None
        if board.record.is_open:
            return Stop(opened(cell, board.record), open=True)
        case = self._case(cell)
        number = len(case.suspected | case.missing | case.doomed)
        return Stop(
            f"Cell {cell}, of whose {case.known} known things {number} seem to be lost or about to be, to be looked at",
            open=False,
        )

    def resumed_at(self, cell: str) -> float:
        """Return when a person last let a Cell go on, seconds since the epoch; 0 for never."""
        return seconds(self.record(cell).resumed_at)

    def judge(self, cell: str) -> bool:
        """Open the breaker of a Cell if it is time, or count what was found since; tell whether that is news."""
        board, before, now = self._boards[cell], self.record(cell), self._senses.clock.now()
        state, case = self._state(cell), self._case(cell)
        found, known = evidence(case), before.evidence
        if before.is_open and found.missing + found.to_be_destroyed > known.missing + known.to_be_destroyed:
            board.record = before.model_copy(update={"evidence": found})
        elif not before.is_open and state is State.OPEN and now - board.held_since >= SETTLE_SECONDS:
            board.record = Breaker(opened_at=rfc3339(now), evidence=found)
        return board.record != before

    def _resume(self, cell: str, board: _Board) -> None:
        now = self._senses.clock.now()
        board.passed, board.spared = set(board.suspects), set(board.doomed)
        board.record = board.record.model_copy(update={"resumed_at": rfc3339_milli(now + _A_MOMENT)})
        self._state(cell)

    def _lost_just_now(self, cell: str) -> bool:
        since = self._senses.clock.now() - self._sweep
        return any(loss.at > since for loss in self._holdings.losses(cell))

    def _recount(self, cell: str) -> None:
        """Find out what the newest listing misses that nobody has seen since it was taken."""
        board, now = self._boards[cell], self._senses.clock.now()
        missed = ((holding.thing, self._senses.missed(cell, holding)) for holding in self._holdings.of(cell))
        lacking = {thing: at for thing, at in missed if at}
        before, board.seen = board.suspects, {thing: at for thing, at in board.seen.items() if thing in lacking}
        suspects = [thing for thing, at in lacking.items() if at > board.seen.get(thing, 0.0)]
        board.suspects = {thing: before.get(thing, now) for thing in suspects}

    def _case(self, cell: str) -> Case:
        board, now = self._boards[cell], self._senses.clock.now()
        losses = list(self._holdings.losses(cell))
        pardon = Pardon(self.resumed_at(cell), board.passed)
        suspected = {thing for thing, since in board.suspects.items() if now - since <= SUSPICION_SECONDS}
        board.doomed = {thing: at for thing, at in board.doomed.items() if now - at <= self._sweep}
        return Case(
            self._holdings.count(cell) + sum(not loss.repaired for loss in losses),
            frozenset(suspected - board.passed),
            counted(losses, now - self._sweep, pardon),
            frozenset(board.doomed.keys() - board.spared),
        )

    def _state(self, cell: str) -> State:
        """Return what a Cell may do, and note since when it may not do everything."""
        board = self._boards[cell]
        state = State.OPEN if board.record.is_open else verdict(self._senses.rule(), self._case(cell))
        board.held_since = 0.0 if state is State.CLOSED else board.held_since or self._senses.clock.now()
        return state


def opened(cell: str, record: Breaker) -> str:
    """Return what people are told of an open breaker, and what to do."""
    mend = f"if that is how it is, let it go on: kubectl pilothouse resume {cell}"
    return f"the breaker of Cell {cell} is open since {record.opened_at}: {told(record.evidence)}; {mend}"
