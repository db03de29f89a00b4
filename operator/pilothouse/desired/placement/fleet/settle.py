"""Go on from where everything is, by as few moves as it takes: what is placed stays unless it must go."""

from dataclasses import replace

import numpy as np

from pilothouse.desired.placement.fleet.assignment import Assignment, assignment
from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.problem import problem
from pilothouse.desired.placement.fleet.repair import FREELY, Manner, Repair, drop_parts
from pilothouse.desired.placement.fleet.values import Fleet


def settle(fleet: Fleet, manner: Manner = FREELY, *, explained: bool = True) -> Assignment:
    """Return where everything goes from `Workload.placed`. What this returned, it returns again.

    What must go: what is in a Cell that is draining, lost, no more or not allowed; what is too many; what a Cell has no
    capacity for, the lightest first; what lacks failure domains, if there is room in another. What is missing is put
    where there is room; only where there is none are others moved, and only lighter ones taken away, as far as `manner`
    lets them be. explained: whether what is left over says why.
    """
    found = problem(fleet)
    layout = Layout(found, np.minimum(found.current, found.limit))
    for row in np.nonzero(layout.placed > found.replicas)[0].tolist():
        _take_surplus(layout, row)
    for column in range(len(found.cells)) if manner.stops else ():
        _take_excess(layout, column)
    drop_parts(layout)
    repair = Repair(layout, manner=manner)
    while _widened(layout, repair) or repair.round():
        pass
    return assignment(layout, explained=explained)


def with_placed(fleet: Fleet, after: Assignment) -> Fleet:
    """Return `fleet` with its replicas where `after` has them."""
    moved = tuple(replace(workload, placed=after.replicas.get(workload.key, {})) for workload in fleet.workloads)
    return replace(fleet, workloads=moved)


def _take_surplus(layout: Layout, row: int) -> None:
    """Take away what is more than wanted, from the fullest domain, there from the fullest Cell."""
    while layout.missing(row) < 0:
        counts = layout.counts[row]
        order = np.lexsort((-counts, -layout.spread[row, layout.problem.domain]))
        layout.put(row, next(column for column in order.tolist() if counts[column]), -1)


def _take_excess(layout: Layout, column: int) -> None:
    """Take away the lightest replicas that are over a Cell's capacity, those that help most first."""
    problem = layout.problem
    while min(layout.free[column], default=0) < 0:
        over = np.array(layout.free[column]) < 0
        rows = np.nonzero(layout.counts[:, column])[0]
        shares = problem.requests[rows][:, over] / -np.array(layout.free[column])[over]
        covers = np.minimum(1.0, shares).sum(axis=1)
        helps = covers > 0
        rows, covers = rows[helps], covers[helps]
        layout.put(int(rows[np.lexsort((-covers, problem.weight[rows]))[0]]), column, -1)


def _widened(layout: Layout, repair: Repair) -> bool:
    """Move replicas of workloads that lack failure domains to further ones, as far as there is room; tell whether."""
    problem, moved = layout.problem, False
    used = np.count_nonzero(layout.spread, axis=1)
    lacking = ~problem.stays & (used < np.minimum(problem.min_domains, layout.placed))
    for row in np.nonzero(lacking)[0].tolist():
        mark = layout.mark()
        order = np.lexsort((-layout.counts[row], -layout.spread[row, problem.domain]))
        layout.put(row, int(order[0]), -1)
        if repair.beside(row):
            moved = True
        else:
            layout.undo(mark)
    return moved
