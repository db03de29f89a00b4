"""Who runs what where, as the last pass of each Application left it, and what rebalancing would have of each.

Nothing is stored: after a start, the first pass of each Application tells it again, and a move that no status tells of
was never begun.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from pilothouse.api.application import Moved
from pilothouse.api.plan import Reason
from pilothouse.api.times import seconds
from pilothouse.controller.ports import Key
from pilothouse.desired.moves import Move
from pilothouse.desired.placement.nodes import labels_asked
from pilothouse.planning.rebalance import fleet
from pilothouse.planning.rebalance.fleet import Subject
from pilothouse.planning.rebalance.reading import Resident

ASKED_SECONDS: Final = 300.0
"""How long a pass has time to begin a move that it was asked for: then another one may be better."""
DECLINED_SECONDS: Final = 3_600.0
"""How long nothing goes where a pass found that it cannot, and nothing is asked of who began nothing when asked."""
PROPOSED_SECONDS: Final = 3_600.0
"""How long a person has a proposal to read that is not made again: others may only have come first."""


class Mover(NamedTuple):
    """A workload of an Application, which moves one replica at a time."""

    key: Key
    workload: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A move that a workload is to begin.

    at: since when; seen: when it was last decided; both seconds since the epoch. proposed: once a person agrees.
    """

    move: Move
    at: float
    seen: float
    proposed: bool

    def begun_as(self, moved: Moved) -> bool:
        """Tell whether this is what a status tells of, under way or over already. It tells times in whole seconds."""
        same = (moved.workload, moved.source, moved.destination)
        asked = (self.move.workload, self.move.source, self.move.destination)
        return same == asked and seconds(moved.began_at) >= int(self.at)

    def stands(self, now: float) -> bool:
        """Tell whether it is still to be begun although it is not decided again."""
        return now - self.seen < PROPOSED_SECONDS if self.proposed else now - self.at < ASKED_SECONDS

    def after(self, newer: "Asked") -> "Asked":
        """Return what is asked once this is decided as `newer`: the same, if it is near enough.

        A proposal stays as it was while a replica of the workload is to leave the same Cell, so that a person does not
        read another Plan each minute.
        """
        near = self.move.source == newer.move.source
        same = self.proposed or (self.move.destination == newer.move.destination and self.stands(newer.at))
        return replace(self, seen=newer.seen) if near and same and self.proposed == newer.proposed else newer


class Residents:
    """What is known of each Application, by its key."""

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[Key, Resident] = {}
        self._met: set[Key] = set()
        self._repairing: set[Key] = set()
        self._in_line: dict[Key, Reason] = {}
        """What Plans are for that others keep waiting."""
        self._asked: dict[Mover, Asked] = {}
        self._declined: dict[tuple[Subject, str], float] = {}
        self._idle: dict[Key, float] = {}
        """Since when an Application is known not to begin what it is asked for."""

    @property
    def repairs(self) -> int:
        """How many Applications have a Plan under way, or in line, that repairs something."""
        return len(self._repairing)

    @property
    def in_line(self) -> int:
        """How many Applications have a Plan that others keep waiting, but for those that only move something."""
        return sum(reason != "Rebalance" for reason in self._in_line.values())

    def meet(self, key: Key) -> None:
        """Take note that a pass of an Application was taken, however it ended."""
        self._met.add(key)

    def has_met(self, keys: Iterable[Key]) -> bool:
        """Tell whether each of them had a pass."""
        return self._met.issuperset(keys)

    def note(self, key: Key, resident: Resident, *, repairing: bool, in_line: Reason | None = None) -> None:
        """Take what a pass has left, and forget what was asked for and is begun by now, or cannot be.

        repairing: whether something is to be repaired; in_line: what its Plan is for, while others keep it waiting.
        """
        self._known[key] = resident
        self._in_line.pop(key, None)
        if in_line is not None:
            self._in_line[key] = in_line
        (self._repairing.add if repairing else self._repairing.discard)(key)
        for mover in self._of(key):
            if resident.still or any(self._asked[mover].begun_as(move) for move in resident.moves):
                del self._asked[mover]

    def leave_alone(self, key: Key, why: str) -> None:
        """Take note that nothing of an Application is to be moved, as long as no pass says otherwise."""
        if key in self._known:
            self.note(key, replace(self._known[key], still=why), repairing=False)

    def forget(self, key: Key) -> None:
        """Drop what is known of an Application that is gone."""
        self._known.pop(key, None)
        self._idle.pop(key, None)
        self._met.discard(key)
        self._repairing.discard(key)
        self._in_line.pop(key, None)
        for mover in self._of(key):
            del self._asked[mover]

    def asked(self, key: Key, told: Iterable[Moved] = ()) -> tuple[Move, ...]:
        """Return what an Application is to move. told: what its status tells of, which is begun already."""
        known = tuple(told)
        asked = [self._asked[mover] for mover in self._of(key)]
        return tuple(one.move for one in asked if not any(one.begun_as(move) for move in known))

    def ask(
        self, moves: Mapping[Mover, Move], proposals: Mapping[Mover, Move], now: float, *, busy: bool = False
    ) -> AbstractSet[Key]:
        """Take what is to be moved from now on, and what is once a person agrees.

        busy: whether others move, because of whom something may not be proposed again now: it stands meanwhile, as does
        what was asked for a short time ago. Of an Application that began nothing in time, nothing is asked for a while,
        unless others kept it waiting.
        Returns the Applications for which that is news.
        """
        wanted = {mover: Asked(move, now, now, proposed=True) for mover, move in proposals.items()}
        wanted |= {mover: Asked(move, now, now, proposed=False) for mover, move in moves.items()}
        before, self._asked = self._asked, {}
        for mover, old in before.items():
            if mover in wanted:
                wanted[mover] = old.after(wanted[mover])
            elif old.stands(now) and (busy or not old.proposed):
                wanted[mover] = old
            elif not (old.proposed or old.move.evacuates or mover.key in self._in_line):
                self._idle[mover.key] = now
        self._asked = wanted
        return {mover.key for mover in before.keys() | wanted.keys() if _move(before, mover) != _move(wanted, mover)}

    def withdraw(self) -> AbstractSet[Key]:
        """Ask for nothing any more. Returns the Applications of which something was asked."""
        asked, self._asked = {mover.key for mover in self._asked}, {}
        return asked

    def pending(self) -> Iterable[tuple[Mover, Asked]]:
        """Return the moves that were asked for, of no person, and that no status tells of yet."""
        return [(mover, asked) for mover, asked in sorted(self._asked.items()) if not asked.proposed]

    def decline(self, key: Key, moves: Iterable[tuple[Move, str]], now: float) -> None:
        """Take note of moves that a pass found to be impossible."""
        for move, _ in moves:
            self._asked.pop(Mover(key, move.workload), None)
            self._declined[Subject(str(key), move.workload), move.destination] = now

    def closed(self, now: float) -> AbstractSet[tuple[Subject, str]]:
        """Return what cannot go where."""
        self._declined = {pair: at for pair, at in self._declined.items() if now - at < DECLINED_SECONDS}
        return self._declined.keys()

    @property
    def under_way(self) -> int:
        """How many moves the Applications tell of that are not over."""
        return sum(not move.ended_at for resident in self._known.values() for move in resident.moves)

    def all(self, now: float) -> Sequence[Resident]:
        """Return what is known of every Application."""
        self._idle = {key: at for key, at in self._idle.items() if now - at < DECLINED_SECONDS}
        known = sorted(self._known.items())
        idle = "it was asked to move something and did not begin in time: it is asked again within the hour"
        return tuple(replace(one, still=one.still or idle) if key in self._idle else one for key, one in known)

    def labels_asked(self) -> AbstractSet[str]:
        """Return the keys of the node labels that pods of any workload ask for."""
        workloads = (workload for resident in self._known.values() for workload in resident.workloads)
        return frozenset[str]().union(*(labels_asked(workload.template) for workload in workloads))

    def _of(self, key: Key) -> list[Mover]:
        return sorted(mover for mover in self._asked if mover.key == key)


def _move(asked: Mapping[Mover, Asked], mover: Mover) -> Move | None:
    one = asked.get(mover)
    return one.move if one is not None else None


def as_moved(mover: Mover, asked: Asked) -> fleet.Moved:
    """Return a move that was asked for as one that is under way."""
    move, subject = asked.move, Subject(str(mover.key), mover.workload)
    return fleet.Moved(subject, move.source, move.destination, asked.at, evacuates=move.evacuates)
