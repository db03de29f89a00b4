"""What a good assignment is. Every term is linear or piecewise linear and concave, so that a solver can bound it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pilothouse.desired.placement.fleet.problem import Floats, Ints, Problem, by_domain

BALANCE: Final = 0.35
SPREAD: Final = 0.20


@dataclass(frozen=True, slots=True)
class Objective:
    """An assignment's worth: first `placed`, then `quality`, each the more the better.

    placed: the share of all replicas that is placed, by weight (1 + priority). quality: the sum of the terms, each
    weighted already. balance, at most .35: 1 less the mean, over Cells, of how far the most reserved resource lies
    above the fleet's average. spread, at most .20: by replicas, 1 for a workload whose fullest domain has as few as
    it can, 0 where one has all. closeness, at most .15: the mean over replicas. price, at most .10: the mean over
    replicas, 1 in the cheapest Cell allowed, 0 in the dearest. A replica that is not placed adds to none but balance.
    """

    placed: float
    quality: float
    balance: float
    spread: float
    closeness_and_price: float


def objective(problem: Problem, counts: Ints) -> Objective:
    """Return the worth of `counts` (W, C). An empty fleet is worth what a perfect one is."""
    replicas = max(1, int(problem.replicas.sum()))
    placed = counts.sum(axis=1)
    weights = int((problem.weight * problem.replicas).sum())
    share = int((problem.weight * placed).sum()) / weights if weights else 1.0
    balance = BALANCE * (1.0 - _excess(problem, counts))
    spread = SPREAD * float(_even(problem, counts, placed).sum()) / replicas
    value = float((problem.value * counts).sum()) / replicas
    return Objective(share, balance + spread + value, balance, spread, value)


def cost(problem: Problem, counts: Ints) -> float:
    """Return what `counts` (W, C) cost an hour, by the Cells' prices."""
    return float((counts.T @ problem.requests * problem.price).sum())


def counted_cells(problem: Problem) -> int:
    """Return over how many Cells balance is a mean: those that have anything at all."""
    return max(1, int((problem.capacity > 0).any(axis=1).sum()))


def excess(problem: Problem, reserved: Floats) -> Floats:
    """Return how far each Cell's most reserved resource lies above the average. reserved: (…, C, R), in units."""
    capacity = np.maximum(1, problem.capacity)
    above = np.where(problem.capacity > 0, reserved / capacity - problem.target, 0.0)
    over: Floats = above.max(axis=-1, initial=0.0)
    return over


def _excess(problem: Problem, counts: Ints) -> float:
    reserved = (counts.T @ problem.requests).astype(np.float64)
    return float(excess(problem, reserved).sum()) / counted_cells(problem)


def _even(problem: Problem, counts: Ints, placed: Ints) -> Floats:
    """Return, in replicas, how evenly each workload lies over failure domains."""
    fullest = by_domain(counts, problem.starts).max(axis=1, initial=0)
    fair = problem.least * placed / np.maximum(1, problem.replicas)
    even: Floats = placed - problem.steep * np.maximum(0.0, fullest - fair)
    return even
