"""Who is where while it is being worked out: counts, what is left of each Cell, and steps that can be undone."""

import numpy as np

from pilothouse.desired.placement.fleet.problem import Bools, Ints, Problem, by_domain


class Layout:
    """Replicas by workload and Cell, which always respect capacity, limits and the least number of domains.

    counts (W, C), spread (W, D), placed (W): replicas. free: what is left, by Cell and resource; plain lists, for it
    is read one number at a time. Whoever adds looks first (`allowed`, `room`): nothing is refused here.
    """

    def __init__(self, problem: Problem, counts: Ints | None = None) -> None:
        self.problem = problem
        self.counts: Ints = np.zeros_like(problem.limit) if counts is None else counts
        self.spread: Ints = by_domain(self.counts, problem.starts)
        self.placed: Ints = self.counts.sum(axis=1)
        self.free: list[list[int]] = (problem.capacity - self.counts.T @ problem.requests).tolist()
        self.rows: list[list[int]] = problem.requests.tolist()
        self.domain: list[int] = problem.domain.tolist()
        self._steps: list[tuple[int, int, int]] = []

    def put(self, row: int, column: int, count: int) -> None:
        """Add `count` replicas, or take them away where it is negative."""
        self._put(row, column, count)
        self._steps.append((row, column, count))

    def move(self, row: int, source: int, target: int) -> None:
        """Move one replica."""
        self.put(row, source, -1)
        self.put(row, target, 1)

    def mark(self) -> int:
        """Return a point to which `undo` goes back."""
        return len(self._steps)

    def undo(self, mark: int) -> None:
        """Take back every step since `mark`."""
        while len(self._steps) > mark:
            row, column, count = self._steps.pop()
            self._put(row, column, -count)

    def _put(self, row: int, column: int, count: int) -> None:
        self.counts[row, column] += count
        self.spread[row, self.domain[column]] += count
        self.placed[row] += count
        free = self.free[column]
        for resource, request in enumerate(self.rows[row]):
            free[resource] -= count * request

    def missing(self, row: int) -> int:
        """Return how many replicas of a workload are not placed."""
        return int(self.problem.replicas[row] - self.placed[row])

    def allowed(self, row: int) -> Bools:
        """Return which Cells (C) may take one more of a workload if they had room."""
        problem = self.problem
        spread = self.spread[row]
        needed = min(int(problem.min_domains[row]), int(self.placed[row]) + 1)
        may: Bools = problem.limit[row] > self.counts[row]
        if int(np.count_nonzero(spread)) < needed:
            may &= spread[problem.domain] == 0
        return may

    def may_leave(self, rows: Ints, column: int) -> Bools:
        """Return which of `rows` keep enough domains when one replica in `column` goes."""
        spread, placed = self.spread[rows], self.placed[rows]
        used = np.count_nonzero(spread, axis=1) - (spread[:, self.problem.domain[column]] == 1)
        kept: Bools = used >= np.minimum(self.problem.min_domains[rows], placed - 1)
        return kept

    def may_move(self, rows: Ints, sources: Ints) -> Bools:
        """Return to which Cells (rows, C) a replica of each of `rows` may go from its source if they had room."""
        problem = self.problem
        spread = self.spread[rows]
        spread[np.arange(len(rows)), problem.domain[sources]] -= 1
        needed = np.minimum(problem.min_domains[rows], self.placed[rows])
        reached = np.count_nonzero(spread, axis=1)[:, None] + (spread == 0) >= needed[:, None]
        may: Bools = reached[:, problem.domain] & (problem.limit[rows] > self.counts[rows])
        may[np.arange(len(rows)), sources] = False
        return may

    def room(self, rows: Ints) -> Bools:
        """Return which Cells (rows, C) have room for one more of each of `rows`, whether it may go there or not."""
        free = np.array(self.free).reshape(self.problem.capacity.shape)
        room: Bools = np.ones((len(rows), len(free)), dtype=np.bool_)
        for resource in range(len(self.problem.resources)):
            room &= free[:, resource] >= self.problem.requests[rows, resource, None]
        return room

    def has_room(self, row: int, column: int) -> bool:
        """Tell whether one more of a workload fits into a Cell, whether it may go there or not."""
        return all(have >= ask for have, ask in zip(self.free[column], self.rows[row], strict=True))
