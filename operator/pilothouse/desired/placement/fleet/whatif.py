"""What if: pure changes of a fleet, and what would come of them. `planning.simulation` asks these."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from pilothouse.desired.placement.fleet.assignment import Assignment, Unplaced
from pilothouse.desired.placement.fleet.problem import GONE
from pilothouse.desired.placement.fleet.settle import settle, with_placed
from pilothouse.desired.placement.fleet.values import Cell, Fleet, Key, Standing, Workload


@dataclass(frozen=True, slots=True)
class Move:
    """Replicas of a workload that go from one Cell to another. source: empty where new; target: empty where ended."""

    key: Key
    source: str
    target: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change would do.

    unplaced: all that would fit nowhere, whether it did before or not; costs: an hour; now, then: where everything is
    without the change and with it.
    """

    moves: tuple[Move, ...]
    now: Assignment
    then: Assignment

    @property
    def unplaced(self) -> tuple[Unplaced, ...]:
        """What fits nowhere afterwards."""
        return self.then.unplaced

    @property
    def cost_before(self) -> float:
        """An hour."""
        return self.now.cost

    @property
    def cost_after(self) -> float:
        """An hour."""
        return self.then.cost


@dataclass(frozen=True, slots=True)
class Survival:
    """What the loss of one failure domain leaves. unplaced: who would not fit; empty: it is survived."""

    domain: str
    unplaced: tuple[Unplaced, ...]


def drain(fleet: Fleet, cell: str) -> Fleet:
    """Return `fleet` with a Cell that gives up everything. Raises KeyError where there is no such Cell."""
    if all(one.name != cell for one in fleet.cells):
        raise KeyError(f"Cell {cell}: not in the fleet, which has {', '.join(sorted(c.name for c in fleet.cells))}")
    return _standing(fleet, lambda one: one.name == cell, Standing.DRAINING)


def lose(fleet: Fleet, domain: str) -> Fleet:
    """Return `fleet` without the Cells of a failure domain. Raises KeyError where there is no such domain.

    What the others keep free is there for that.
    """
    domains = sorted({cell.failure_domain for cell in fleet.cells})
    if domain not in domains:
        raise KeyError(f"failure domain {domain}: not in the fleet, which has {', '.join(domains)}")
    left = _standing(fleet, lambda one: one.failure_domain == domain, Standing.LOST)
    return replace(left, cells=tuple(replace(cell, kept_free=_overtaken(cell)) for cell in left.cells))


def _overtaken(cell: Cell) -> Mapping[str, int]:
    """Return by how much what runs in a Cell takes more than its nodes offer: below 0, as `kept_free`."""
    return {name: amount for name, amount in cell.kept_free.items() if amount < 0}


def add_cell(fleet: Fleet, cell: Cell, admits: Callable[[Workload], bool]) -> Fleet:
    """Return `fleet` with one Cell more. admits: whether the filters leave it to a workload.

    Raises ValueError where there is a Cell of that name.
    """
    if any(one.name == cell.name for one in fleet.cells):
        raise ValueError(f"Cell {cell.name}: is in the fleet already, expected a new name")
    workloads = tuple(
        replace(workload, allowed=(*workload.allowed, cell.name)) if admits(workload) else workload
        for workload in fleet.workloads
    )
    return Fleet((*fleet.cells, cell), workloads)


def grow(fleet: Fleet, application: str, factor: float) -> Fleet:
    """Return `fleet` with `factor` times the replicas of an Application, rounded up; what does not scale stays one.

    Raises KeyError where there is no such Application, ValueError where the factor is negative.
    """
    if factor < 0:
        raise ValueError(f"factor: found {factor}, expected 0 or more")
    if all(workload.key.application != application for workload in fleet.workloads):
        raise KeyError(f"Application {application}: has no workloads in the fleet")
    workloads = tuple(
        replace(workload, replicas=math.ceil(workload.replicas * Fraction(str(factor))))
        if workload.key.application == application and workload.scales
        else workload
        for workload in fleet.workloads
    )
    return replace(fleet, workloads=workloads)


def compare(before: Fleet, after: Fleet, settled: Callable[[Fleet], Assignment] = settle) -> Comparison:
    """Return what it takes to go from `before` to `after`, by as few moves as it takes; none where nothing changes.

    What is pending in `before` anyway is taken as done, so that only what the change causes is told. settled: returns
    where everything goes.
    """
    now = settled(before)
    then = settled(with_placed(after, now))
    return Comparison(tuple(_moves(now, then)), now, then)


def survives(
    fleet: Fleet, now: Assignment, priority: int = 0, settled: Callable[[Fleet], Assignment] = settle
) -> tuple[Survival, ...]:
    """Return for each failure domain whether all of at least this priority still fits without it (N+1).

    What has less priority makes room for it. settled: returns where everything goes.
    """
    important = tuple(workload for workload in fleet.workloads if workload.priority >= priority)
    placed = with_placed(replace(fleet, workloads=important), now)
    domains = sorted({cell.failure_domain for cell in fleet.cells if cell.standing not in GONE})
    return tuple(Survival(domain, settled(lose(placed, domain)).unplaced) for domain in domains)


def _standing(fleet: Fleet, which: Callable[[Cell], bool], standing: Standing) -> Fleet:
    cells = tuple(replace(cell, standing=standing) if which(cell) else cell for cell in fleet.cells)
    return replace(fleet, cells=cells)


def _moves(before: Assignment, after: Assignment) -> list[Move]:
    nothing: Mapping[str, int] = {}
    keys = sorted(before.replicas.keys() | after.replicas.keys())
    pairs = ((key, before.replicas.get(key, nothing), after.replicas.get(key, nothing)) for key in keys)
    return [move for key, old, new in pairs if old != new for move in _of_one(key, old, new)]


def _of_one(key: Key, old: Mapping[str, int], new: Mapping[str, int]) -> list[Move]:
    """Pair what leaves with what comes, in the order of the Cells' names; what is over is new or ended."""
    cells = sorted(old.keys() | new.keys())
    change = {cell: new.get(cell, 0) - old.get(cell, 0) for cell in cells}
    leaving = [cell for cell in cells for _ in range(-change[cell])]
    coming = [cell for cell in cells for _ in range(change[cell])]
    count = max(len(leaving), len(coming))
    leaving += [""] * (count - len(leaving))
    coming += [""] * (count - len(coming))
    pairs = list(zip(leaving, coming, strict=True))
    return [Move(key, *pair, pairs.count(pair)) for pair in dict.fromkeys(pairs)]
