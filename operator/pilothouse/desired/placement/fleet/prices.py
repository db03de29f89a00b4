"""What room in each Cell is worth to all workloads together: the multipliers of the capacities and of balance.

With them each workload can be placed by itself, and the fleet still comes out right. They are found by subgradient
steps on the Lagrangian dual of the relaxed problem, and averaged (Nedić and Ozdaglar, "Approximate primal solutions
and rate analysis for dual subgradient methods", SIAM J. Optim. 19, 2009). Only a sample of a large fleet is asked.
"""

from typing import Final

import numpy as np

from pilothouse.desired.placement.fleet.objective import BALANCE, SPREAD, counted_cells
from pilothouse.desired.placement.fleet.problem import Floats, Ints, Problem
from pilothouse.desired.placement.fleet.repair import size

STEPS: Final = 120
AVERAGED: Final = 80
"""From this step on prices are averaged."""
SAMPLE: Final = 1400
LONGEST: Final = 0.1
SHORTEST: Final = 0.01
"""The first step and the last, in shares of the most that balance can make a Cell's capacity worth."""
_LEVELS: Final = (0, 1, 2, 3, 5, 8)


def learn(problem: Problem) -> Floats:
    """Return what all of each Cell's capacity is worth (C, R), in replicas' worth of the objective."""
    rows, scale = _sample(problem)
    crowd, target = Crowd(problem, rows), problem.target
    full = BALANCE * float(problem.replicas.sum()) / counted_cells(problem)
    unit = np.where(problem.capacity > 0, scale / np.maximum(1, problem.capacity), 0.0)
    worth, total = np.zeros(problem.capacity.shape), np.zeros(problem.capacity.shape)
    for step in range(STEPS):
        used = crowd.reserved(worth) * unit
        saturated = worth.sum(axis=1, keepdims=True) >= full
        slope = used - np.minimum(np.maximum(used, target), np.where(saturated, 1.0, target))
        worth = np.maximum(0.0, worth + full * LONGEST * (SHORTEST / LONGEST) ** (step / STEPS) * slope)
        if step >= AVERAGED:
            total += worth
    return total / (STEPS - AVERAGED)


class Crowd:
    """Some workloads, each of which goes where it is worth most to it; arrays lie (C, rows) and (D, rows)."""

    def __init__(self, problem: Problem, rows: Ints) -> None:
        self.problem = problem
        self.value: Floats = np.where(problem.limit[rows] > 0, problem.value[rows], -np.inf).T.copy()
        self.requests: Floats = problem.requests[rows].astype(np.float64).T.copy()
        self.replicas: Floats = problem.replicas[rows].astype(np.float64)
        self.least: Floats = problem.least[rows].astype(np.float64)
        self.steep: Floats = SPREAD * problem.steep[rows]
        self.ends = [*problem.starts[1:].tolist(), len(problem.cells)]

    def scores(self, worth: Floats) -> Floats:
        """Return what one replica is worth in each Cell less the room it takes; -inf where it may not go."""
        unit = worth / np.maximum(1, self.problem.capacity)
        return self.value - unit @ self.requests

    def levels(self, best: Floats) -> Floats:
        """Return how many replicas one domain should have at most. best: by domain, the best first."""
        finite = np.where(np.isfinite(best), best, 0.0)
        chosen, worth = self.least, np.full(len(self.least), -np.inf)
        for above in _LEVELS:
            level = np.maximum(1.0, np.minimum(self.replicas, self.least + above))
            gain = (self.filled(level, best) * finite).sum(axis=0) - self.steep * (level - self.least)
            better = gain > worth + 1e-9
            chosen, worth = np.where(better, level, chosen), np.where(better, gain, worth)
        return chosen

    def filled(self, level: Floats, best: Floats) -> Floats:
        """Deal replicas out, at most `level` to a domain, the best first; none where they may not go."""
        before = np.arange(len(best))[:, None] * level
        dealt = np.minimum(np.maximum(self.replicas - before, 0.0), level)
        return np.where(np.isfinite(best), dealt, 0.0)

    def reserved(self, worth: Floats) -> Floats:
        """Return what is reserved (C, R) when everybody goes where it is worth most."""
        score = self.scores(worth)
        columns = np.stack(
            [start + score[start:end].argmax(axis=0) for start, end in zip(self.problem.starts, self.ends, strict=True)]
        )
        by_domain = np.take_along_axis(score, columns, axis=0)
        order = np.argsort(-by_domain, axis=0, kind="stable")
        best = np.take_along_axis(by_domain, order, axis=0)
        filled = self.filled(self.levels(best), best)
        at = np.take_along_axis(columns, order, axis=0).ravel()
        sums = [np.bincount(at, (filled * asked).ravel(), len(self.problem.cells)) for asked in self.requests]
        return np.stack(sums, axis=1)


def _sample(problem: Problem) -> tuple[Ints, float]:
    """Pick workloads of every size and freedom of choice; and say how many replicas each of theirs stands for."""
    order = np.lexsort((size(problem) * problem.replicas, (problem.limit > 0).sum(axis=1)))
    every = -(-len(order) // SAMPLE) or 1
    picked = order[every // 2 :: every]
    return picked, float(problem.replicas.sum() / max(1, problem.replicas[picked].sum()))
