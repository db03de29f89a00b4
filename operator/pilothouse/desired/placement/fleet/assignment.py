"""An assignment as people and Plans read it: where replicas go, what is left over, and what blocks it where."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pilothouse.api.quantities import shown
from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.objective import Objective, cost, objective
from pilothouse.desired.placement.fleet.problem import GONE, Problem
from pilothouse.desired.placement.fleet.values import Key, Standing, plain


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Replicas that fit nowhere. blocked: what stands against one more, for every Cell; empty if nobody asked."""

    key: Key
    replicas: int
    blocked: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where everything goes. replicas: by workload and Cell, zeros left out. cost: of all that is placed, an hour."""

    replicas: Mapping[Key, Mapping[str, int]]
    unplaced: tuple[Unplaced, ...]
    objective: Objective
    cost: float


def assignment(layout: Layout, *, explained: bool = True) -> Assignment:
    """Return `layout` as values, all in the order of their names. explained: whether what is left over says why."""
    problem = layout.problem
    replicas: dict[Key, dict[str, int]] = {workload.key: {} for workload in problem.workloads}
    for row, column in np.argwhere(layout.counts > 0).tolist():
        replicas[problem.workloads[row].key][problem.cells[column].name] = int(layout.counts[row, column])
    missing = np.nonzero(problem.replicas > layout.placed)[0].tolist()
    return Assignment(
        replicas={key: dict(sorted(cells.items())) for key, cells in replicas.items()},
        unplaced=tuple(_unplaced(layout, row, explained=explained) for row in missing),
        objective=objective(problem, layout.counts),
        cost=cost(problem, layout.counts),
    )


def _unplaced(layout: Layout, row: int, *, explained: bool) -> Unplaced:
    cells = layout.problem.cells if explained else ()
    columns = sorted(range(len(cells)), key=lambda column: cells[column].name)
    blocked = {cells[column].name: _blocked(layout, row, column) for column in columns}
    return Unplaced(layout.problem.workloads[row].key, layout.missing(row), blocked)


def _blocked(layout: Layout, row: int, column: int) -> str:
    """Say what stands against one more replica in a Cell, the most lasting reason first."""
    problem, cell = layout.problem, layout.problem.cells[column]
    if cell.standing in GONE:
        return f"{cell.standing}: nothing stays there"
    if not problem.allowed[row, column]:
        refusals = problem.workloads[row].refusals
        return refusals.get(cell.name, "not one of the Cells that the filters leave it")
    if cell.standing == Standing.CORDONED:
        return "cordoned: takes nothing new"
    if not problem.node_room[row, column]:
        return _too_large(problem, row, column)
    if layout.counts[row, column] >= problem.limit[row, column]:
        return f"its nodes hold no more than {problem.limit[row, column]} of them, counted node by node"
    if not layout.has_room(row, column):
        return _full(layout, row, column)
    if not layout.allowed(row)[column]:
        return f"in a failure domain that has others of it, and it is to be in {problem.min_domains[row]} at least"
    group = problem.workloads[row].group
    return f"has room for one, but group {group} is placed whole or not at all"


def _too_large(problem: Problem, row: int, column: int) -> str:
    requests = problem.workloads[row].requests
    kinds = [name for name in requests if name != plain(name)]
    nodes = [node for node in problem.cells[column].nodes if all(name in node.allocatable for name in kinds)]
    asked = sorted(name for name in requests if name == plain(name))
    most = {name: max((node.allocatable.get(name, 0) for node in nodes), default=0) for name in asked}
    short = [name for name, largest in most.items() if largest < requests[name]]
    if not short:
        return "no node is large enough in everything at once"
    return "; ".join(
        f"needs {shown(name, requests[name])} {name}, the largest node has {shown(name, most[name])}" for name in short
    )


def _full(layout: Layout, row: int, column: int) -> str:
    """Say what is short; where only nodes of some kind are full, that it is of those."""
    names, kept_free = layout.problem.resources, layout.problem.cells[column].kept_free
    short = {
        name: ask - have
        for name, ask, have in zip(names, layout.rows[row], layout.free[column], strict=True)
        if ask > have
    }
    told = {plain(name): lack for name, lack in sorted(short.items(), key=lambda one: (one[1], one[0]))}
    lacks = " and ".join(f"{shown(name, lack)} {name}" for name, lack in sorted(told.items()))
    where = "" if any(name == plain(name) for name in short) else " on the nodes that take its pods"
    beside = all(lack <= kept_free.get(name, 0) for name, lack in short.items())
    full = "full but for what it keeps free (headroomPercent, destinationPercent)" if beside else "full"
    return f"{full}: lacks {lacks}{where}"
