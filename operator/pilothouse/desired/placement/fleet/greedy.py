"""Place everything once, one workload after the other, each where it is worth most."""

from typing import Final

import numpy as np

from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.prices import Crowd
from pilothouse.desired.placement.fleet.problem import Floats, Ints, Problem
from pilothouse.desired.placement.fleet.repair import size

LEVELS: Final = (0, 0, 1, 2, 4, 8, 1 << 20)
"""By how much more than it is best a failure domain is filled, one look after the other."""


def by_freedom(problem: Problem) -> Ints:
    """Return the rows by how few Cells they may use, then by size: what fits anywhere fills what is left."""
    return np.lexsort((-size(problem), (problem.limit > 0).sum(axis=1)))


def by_weight(problem: Problem) -> Ints:
    """Return the rows by priority, then as `by_freedom`: for when not everything fits."""
    return np.lexsort((-size(problem), (problem.limit > 0).sum(axis=1), -problem.weight))


def place_all(layout: Layout, worth: Floats, rows: Ints) -> None:
    """Place what fits without moving anything, in the order of `rows`. worth: of each Cell's capacity (C, R)."""
    problem = layout.problem
    crowd = Crowd(problem, rows)
    score = crowd.scores(worth)
    by_domain = np.maximum.reduceat(score, problem.starts, axis=0)
    level = crowd.levels(-np.sort(-by_domain, axis=0)).astype(np.int64).tolist()
    open_cells = (problem.limit[rows] > 0).sum(axis=1).tolist()
    best = np.argsort(-score.T, axis=1, kind="stable").tolist()
    for at, row in enumerate(rows.tolist()):
        for above in LEVELS:
            if not layout.missing(row):
                break
            _fill(layout, row, best[at][: open_cells[at]], level[at] + above)


def _fill(layout: Layout, row: int, columns: list[int], level: int) -> None:
    """Put replicas of a workload into `columns`, at most `level` to a failure domain, while they fit.

    Until there are enough domains each gets one, so that a second look may find room for more in the first.
    """
    limit, requests = layout.problem.limit[row].tolist(), layout.rows[row]
    counts, spread = layout.counts[row].tolist(), layout.spread[row].tolist()
    missing, needed = layout.missing(row), int(layout.problem.min_domains[row])
    used = sum(1 for count in spread if count)
    for column in columns:
        if not missing:
            return
        domain = layout.domain[column]
        new = not spread[domain]
        most = min(level - spread[domain], limit[column] - counts[column], missing)
        if used + new < needed:
            most = min(most, int(new))
        for have, ask in zip(layout.free[column], requests, strict=True):
            if ask and most > 0:
                most = min(most, have // ask)
        if most > 0:
            layout.put(row, column, most)
            spread[domain] += most
            used += new
            missing -= most
