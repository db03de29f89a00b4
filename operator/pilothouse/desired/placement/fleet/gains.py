"""What the move of one replica is worth, for many at once and roughly, and for one exactly. In replicas' worth.

Room can be reckoned as `Objective` does, by how far Cells lie above the average, or by learnt prices, or by a mix: with
prices the search sees what a move costs others.
"""

import numpy as np

from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.objective import BALANCE, SPREAD, counted_cells
from pilothouse.desired.placement.fleet.problem import Floats, Ints


class Gains:
    """Gains over a layout. pull: how much of the room is reckoned by prices, 0 to 1; worth: those prices (C, R)."""

    def __init__(self, layout: Layout, worth: Floats, pull: float) -> None:
        problem = self.problem = layout.problem
        self.layout = layout
        self._unit: Floats = np.where(problem.capacity > 0, 1.0 / np.maximum(1, problem.capacity), 0.0)
        self._price: Floats = pull * worth * self._unit
        self._hot = (1.0 - pull) * BALANCE * float(problem.replicas.sum()) / counted_cells(problem)
        self._fair: Floats = problem.least * layout.placed / np.maximum(1, problem.replicas)
        self._steep: Floats = SPREAD * problem.steep
        self._targets: list[float] = problem.target.tolist()
        self._units: list[list[float]] = self._unit.tolist()
        self._prices: list[list[float]] = self._price.tolist()
        self._capacity: list[list[int]] = problem.capacity.tolist()

    def gain(self, row: int, source: int, target: int) -> float:
        """Return what one move adds, exactly."""
        value = float(self.problem.value[row, target] - self.problem.value[row, source])
        heat = self._heat(source, row, 1) + self._heat(target, row, -1)
        prices = zip(self.layout.rows[row], self._prices[source], self._prices[target], strict=True)
        room = sum(ask * (left - taken) for ask, left, taken in prices)
        return value + self._hot * heat + room + self._evenness(row, source, target)

    def leaving(self, rows: Ints, sources: Ints) -> Floats:
        """Return what it is worth that a replica of each of `rows` leaves its source."""
        problem, spread = self.problem, self.layout.spread[rows]
        above = self._above()
        after = np.maximum(0.0, (above[sources] - problem.requests[rows] * self._unit[sources]).max(axis=1))
        heat = np.maximum(0.0, above.max(axis=1))[sources] - after
        at = np.arange(len(rows)), problem.domain[sources]
        fullest = np.maximum(spread.max(axis=1), self._fair[rows])
        spread[at] -= 1
        relief = fullest - np.maximum(spread.max(axis=1), self._fair[rows])
        room = (problem.requests[rows] * self._price[sources]).sum(axis=1)
        gained: Floats = self._hot * heat + room - problem.value[rows, sources] + self._steep[rows] * relief
        return gained

    def arriving(self, rows: Ints, sources: Ints) -> Floats:
        """Return what it is worth (rows, C) that a replica of each of `rows` comes from its source, if there is room.

        -inf where it may not go.
        """
        problem, above = self.problem, self._above()
        over = np.zeros((len(rows), len(problem.cells)))
        room = np.zeros_like(over)
        for resource in range(len(problem.resources)):
            asked = problem.requests[rows, resource, None]
            np.maximum(over, above[:, resource] + asked * self._unit[:, resource], out=over)
            room += asked * self._price[:, resource]
        heat = over - np.maximum(0.0, above.max(axis=1))
        spread = self.layout.spread[rows]
        spread[np.arange(len(rows)), problem.domain[sources]] -= 1
        rest = np.maximum(spread.max(axis=1), self._fair[rows])
        growth = np.maximum(0.0, spread + 1 - rest[:, None]) * self._steep[rows, None]
        worth = problem.value[rows] - self._hot * heat - room - growth[:, problem.domain]
        return np.where(self.layout.may_move(rows, sources), worth, -np.inf)

    def _above(self) -> Floats:
        """Return how far each resource of each Cell is reserved above the average."""
        problem = self.problem
        reserved = (problem.capacity - np.array(self.layout.free)) * self._unit
        return np.where(problem.capacity > 0, reserved - problem.target, 0.0)

    def _heat(self, column: int, row: int, sign: int) -> float:
        """Return by how much a Cell is less above the average when a replica leaves (1) or comes (-1)."""
        before = after = 0.0
        capacity, free, units = self._capacity[column], self.layout.free[column], self._units[column]
        for whole, have, unit, target, ask in zip(
            capacity, free, units, self._targets, self.layout.rows[row], strict=True
        ):
            over = (whole - have) * unit - target
            before = max(before, over)
            after = max(after, over - sign * ask * unit)
        return before - after

    def _evenness(self, row: int, source: int, target: int) -> float:
        """Return what the domain-spread term gains."""
        here, there = self.layout.domain[source], self.layout.domain[target]
        fair = float(self._fair[row])
        spread: list[float] = self.layout.spread[row].tolist()
        before = max(*spread, fair)
        spread[here] -= 1
        spread[there] += 1
        return float(self._steep[row]) * (before - max(*spread, fair))
