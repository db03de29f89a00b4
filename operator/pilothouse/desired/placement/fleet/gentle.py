"""Go on as the Controller does: nothing that runs is stopped, and bounds give way where placement lets them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pilothouse.desired.placement.fleet.assignment import Assignment
from pilothouse.desired.placement.fleet.repair import Manner
from pilothouse.desired.placement.fleet.settle import settle, with_placed
from pilothouse.desired.placement.fleet.values import Fleet, Key, Standing, Workload


def settle_gently(fleet: Fleet, *, moves: bool = True, explained: bool = True) -> Assignment:
    """Return where everything goes from `Workload.placed`, as the Controller would have it go.

    moves: whether others are moved on to make room; explained: as for `settle`. Unlike there: nothing is taken away for
    what weighs more; what finds no room in a further failure domain goes where there is some, but what leaves a Cell
    that is draining stays in as many of those that it asks for as it is in; of a group of which something fits nowhere,
    nothing new is placed, and what is placed stays.
    """
    groups, spread = {one.key: one.group for one in fleet.workloads}, _spread_of_leaving(fleet)
    settled = partial(settle, manner=Manner(moves=moves, stops=False), explained=explained)
    alone = _changed(fleet, lambda one: replace(one, group="", min_domains=spread.get(one.key, one.min_domains)))
    found = settled(alone)
    if short := _short(found) - spread.keys():
        narrow = _changed(alone, lambda one: replace(one, min_domains=1) if one.key in short else one)
        if narrow != alone:
            alone, found = narrow, settled(with_placed(narrow, found))
    if parted := {groups[key] for key in _short(found)} - {""}:
        closed = _changed(alone, lambda one: _closed(one, groups[one.key]) if groups[one.key] in parted else one)
        found = settled(closed)
    return found


def _spread_of_leaving(fleet: Fleet) -> dict[Key, int]:
    """Return in how many failure domains each workload has to stay that leaves a Cell which is draining."""
    domains = {cell.name: cell.failure_domain for cell in fleet.cells}
    draining = {cell.name for cell in fleet.cells if cell.standing == Standing.DRAINING}
    homes = [(one, {name for name, count in one.placed.items() if count}) for one in fleet.workloads]
    used = [(one, {domains[name] for name in cells & domains.keys()}) for one, cells in homes if cells & draining]
    return {one.key: min(one.min_domains, len(its)) for one, its in used}


def _short(found: Assignment) -> set[Key]:
    return {one.key for one in found.unplaced}


def _changed(fleet: Fleet, change: Callable[[Workload], Workload]) -> Fleet:
    return replace(fleet, workloads=tuple(map(change, fleet.workloads)))


def _closed(workload: Workload, group: str) -> Workload:
    """Return a workload that gets nothing new."""
    why = f"group {group} is placed whole or not at all, and not all of it fits"
    refusals = {**workload.refusals, **dict.fromkeys(workload.allowed, why)}
    return replace(workload, allowed=(), kept=(*workload.kept, *workload.allowed), refusals=refusals)
