"""Place what found no room: beside what is there, by moving others on (ejection chains), at last instead of others.

Nothing that is placed is moved unless something else gains its place by it, and nothing is taken away unless what
comes weighs more. So the weight of what is placed only grows, and a layout of which nothing gains is left as it is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.problem import Bools, Floats, Ints, Problem

LOOKS: Final = 2_000
"""So often it is looked who could leave a Cell, at most: a bound of work, not of time."""
LOOKS_EACH: Final = 60
"""So often for one replica."""
DEPTH: Final = 1
_VICTIMS: Final = 6
_BRANCHES: Final = 4


def place_missing(layout: Layout) -> None:
    """Place all that can be placed; groups whole or not at all. Who is as heavy may be taken away for who is more."""
    drop_parts(layout)
    repair = Repair(layout, exchange=True)
    while repair.round():
        pass


def drop_parts(layout: Layout) -> None:
    """Take away every group of which something is missing."""
    for group in layout.problem.groups:
        if any(layout.missing(row) for row in group):
            for row in group:
                for column in np.nonzero(layout.counts[row])[0].tolist():
                    layout.put(row, column, -int(layout.counts[row, column]))


def size(problem: Problem) -> Floats:
    """Return the share of the fleet's scarcest resource that one replica of each workload takes."""
    shares = problem.requests / np.maximum(1, problem.capacity.sum(axis=0))
    largest: Floats = shares.max(axis=1, initial=0.0)
    return largest


@dataclass(frozen=True, slots=True)
class Manner:
    """What may be done to what is placed, for others. moves: it is moved on; stops: it is taken away."""

    moves: bool = True
    stops: bool = True


FREELY: Final = Manner()


class Repair:
    """What is missing, the weightiest and then the largest first, and how much may still be tried for it.

    exchange: others are taken away for a workload as a whole if it weighs more than all of them; else only those that
    are lighter, replica by replica. manner: what may be done to others at all.
    """

    def __init__(self, layout: Layout, *, exchange: bool = False, manner: Manner = FREELY) -> None:
        self.exchange, self.manner = exchange, manner
        self.layout, self.problem = layout, layout.problem
        self.size = size(layout.problem)
        self.capacity: Floats = np.maximum(1, layout.problem.capacity).astype(np.float64)
        self._looks, self._looks_each = LOOKS, 0

    def round(self) -> bool:
        """Look once for room for everything that is missing; tell whether anything was placed."""
        missing = np.nonzero(self.problem.replicas > self.layout.placed)[0]
        order = missing[np.lexsort((-self.size[missing], -self.problem.weight[missing]))]
        placed = False
        for row in order.tolist():
            group = int(self.problem.group[row])
            placed |= self._alone(row) if group < 0 else self._together(self.problem.groups[group])
        return placed

    def _alone(self, row: int) -> bool:
        before = self.layout.missing(row)
        while self.layout.missing(row) and self._one(row, int(self.problem.weight[row])) is not None:
            pass
        if self.layout.missing(row) and self.exchange:
            self._exchanged((row,), whole=False)
        return self.layout.missing(row) < before

    def _together(self, rows: tuple[int, ...]) -> bool:
        if self.exchange:
            return self._exchanged(rows, whole=True)
        mark, before = self.layout.mark(), sum(self.layout.missing(row) for row in rows)
        for row in rows:
            self._alone(row)
            if self.layout.missing(row):
                self.layout.undo(mark)
                return False
        return before > 0

    def _exchanged(self, rows: tuple[int, ...], *, whole: bool) -> bool:
        """Place workloads instead of others if that adds weight, whole or not at all if asked; tell whether."""
        mark, before = self.layout.mark(), self._missing_weight(rows)
        credit = before
        for row in rows:
            while self.layout.missing(row) and (taken := self._one(row, credit)) is not None:
                credit -= taken
        after = self._missing_weight(rows)
        if after >= credit or (whole and after):
            self.layout.undo(mark)
            return False
        return True

    def _missing_weight(self, rows: tuple[int, ...]) -> int:
        return sum(int(self.problem.weight[row]) * self.layout.missing(row) for row in rows)

    def _one(self, row: int, credit: int) -> int | None:
        """Place one replica; return what weighs what was taken away for it, less than `credit`. None: not placed."""
        if self.beside(row):
            return 0
        if not self.manner.stops:
            return None
        self._looks_each = LOOKS_EACH
        nearest = self._nearest(row, self.layout.allowed(row))
        return next((taken for column in nearest if (taken := self._instead(row, column, credit))), None)

    def beside(self, row: int) -> bool:
        """Place one replica beside all that is there, moving others on if need be; tell whether it was possible."""
        allowed = self.layout.allowed(row)
        columns = np.nonzero(allowed & self.layout.room(np.array([row]))[0])[0]
        if len(columns):
            self.layout.put(row, self._emptiest(row, columns), 1)
            return True
        if not self.manner.moves:
            return False
        self._looks_each = LOOKS_EACH
        nearest = self._nearest(row, allowed)
        for depth in range(DEPTH + 1):
            for column in nearest:
                if self._clear(row, column, depth):
                    self.layout.put(row, column, 1)
                    return True
        return False

    def _emptiest(self, row: int, columns: Ints) -> int:
        """Pick the emptiest domain of the workload, there the Cell that stays emptiest."""
        problem, layout = self.problem, self.layout
        left = (np.array(layout.free)[columns] - problem.requests[row]) / self.capacity[columns]
        least = np.where(problem.requests[row] > 0, left, np.inf).min(axis=1, initial=1.0)
        return int(columns[np.lexsort((-least, layout.spread[row, problem.domain[columns]]))[0]])

    def _nearest(self, row: int, allowed: Bools) -> list[int]:
        """Return the Cells allowed, those that lack least first."""
        columns = np.nonzero(allowed)[0]
        short = np.maximum(0, self.problem.requests[row] - np.array(self.layout.free)[columns]) / self.capacity[columns]
        nearest: list[int] = columns[np.argsort(short.sum(axis=1), kind="stable")].tolist()
        return nearest

    def _clear(self, row: int, column: int, depth: int) -> bool:
        """Make room for one replica in a Cell by moving others to where there is some."""
        mark = self.layout.mark()
        for _ in range(_VICTIMS):
            short = self._short(row, column)
            if not short.any():
                return True
            if not (self._move_on(row, column, short) or (depth and self._push_on(row, column, short, depth))):
                break
        self.layout.undo(mark)
        return False

    def _short(self, row: int, column: int) -> Ints:
        short: Ints = np.maximum(0, self.problem.requests[row] - np.array(self.layout.free[column]))
        return short

    def _helpful(self, row: int, column: int, short: Ints) -> tuple[Ints, Floats]:
        """Return who is in a Cell and would leave what is short there, and how much of it, the smaller the better.

        Nobody once it has been looked often enough.
        """
        if min(self._looks, self._looks_each) <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0)
        self._looks -= 1
        self._looks_each -= 1
        rows = np.nonzero(self.layout.counts[:, column])[0]
        rows = rows[(rows != row) & ~self.problem.stays[rows]]
        lacking = short > 0
        covers = np.minimum(1.0, self.problem.requests[rows][:, lacking] / short[lacking]).sum(axis=1)
        help_ = covers - 0.01 * self.size[rows] / max(1e-12, self.size[row])
        useful = covers > 0
        return rows[useful], help_[useful]

    def _move_on(self, row: int, column: int, short: Ints) -> bool:
        rows, covers = self._helpful(row, column, short)
        reached = self.layout.may_move(rows, np.full(len(rows), column)) & self.layout.room(rows)
        free = reached.any(axis=1)
        if not free.any():
            return False
        best = int(np.where(free, covers, -np.inf).argmax())
        victim = int(rows[best])
        self.layout.move(victim, column, self._emptiest(victim, np.nonzero(reached[best])[0]))
        return True

    def _push_on(self, row: int, column: int, short: Ints, depth: int) -> bool:
        """Move on somebody for whom room has to be made in turn."""
        rows, covers = self._helpful(row, column, short)
        for victim in rows[np.argsort(-covers, kind="stable")[:_BRANCHES]].tolist():
            mark = self.layout.mark()
            self.layout.put(victim, column, -1)
            allowed = self.layout.allowed(victim)
            allowed[column] = False
            for target in self._nearest(victim, allowed)[:_BRANCHES]:
                if self._clear(victim, target, depth - 1):
                    self.layout.put(victim, target, 1)
                    return True
            self.layout.undo(mark)
        return False

    def _instead(self, row: int, column: int, credit: int) -> int:
        """Place one replica where others are taken away, none of a group; return their weight, 0 if it is too much."""
        layout, weight = self.layout, self.problem.weight
        mark, left = layout.mark(), credit
        while (short := self._short(row, column)).any():
            rows, covers = self._helpful(row, column, short)
            light = (weight[rows] < left) & (self.problem.group[rows] < 0) & layout.may_leave(rows, column)
            if not light.any():
                layout.undo(mark)
                return 0
            victim = int(rows[int(np.where(light, covers / weight[rows], -np.inf).argmax())])
            layout.put(victim, column, -1)
            left -= int(weight[victim])
        layout.put(row, column, 1)
        return credit - left
