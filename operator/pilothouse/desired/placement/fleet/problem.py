"""A fleet in arrays: rows are workloads, columns are Cells, both in an order of their own that the input's is not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pilothouse.desired.placement.fleet.values import Cell, Fleet, Standing, Workload

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

CLOSENESS: Final = 0.15
PRICE: Final = 0.10
GONE: Final = (Standing.DRAINING, Standing.LOST)
_PLENTY: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Problem:
    """A fleet in arrays; W workloads, C Cells, R resources, D failure domains.

    Cells stand sorted by failure domain, then name; workloads by key. limit (W, C): the most replicas of a workload
    that a Cell may hold, counted node by node, 0 where it is not allowed; in a cordoned Cell what is there; what is
    kept in any case. stays (W): whether it is not moved for others. value (W, C): what one replica there adds to
    closeness and price, weighted. capacity, price: (C, R). target (R): the fleet's average utilisation once all is
    placed. least (W): the fewest replicas that the fullest domain can have. steep (W): what each one above it costs, in
    replicas' worth of the domain-spread term. groups: rows by group.
    """

    cells: tuple[Cell, ...]
    workloads: tuple[Workload, ...]
    resources: tuple[str, ...]
    domains: tuple[str, ...]
    domain: Ints
    starts: Ints
    capacity: Ints
    price: Floats
    requests: Ints
    replicas: Ints
    weight: Ints
    min_domains: Ints
    allowed: Bools
    node_room: Ints
    limit: Ints
    stays: Bools
    current: Ints
    value: Floats
    target: Floats
    least: Ints
    steep: Floats
    groups: tuple[tuple[int, ...], ...]
    group: Ints


def problem(fleet: Fleet) -> Problem:
    """Return `fleet` in arrays. Raises ValueError where two Cells or two workloads have one name."""
    cells = tuple(sorted(fleet.cells, key=lambda cell: (cell.failure_domain, cell.name)))
    workloads = tuple(sorted(fleet.workloads, key=lambda workload: workload.key))
    _check(cells, workloads)
    index = {cell.name: column for column, cell in enumerate(cells)}
    resources = tuple(sorted({resource for workload in workloads for resource in workload.requests}))
    domains = tuple(sorted({cell.failure_domain for cell in cells}))
    domain = _ints([domains.index(cell.failure_domain) for cell in cells])
    requests = _ints([[work.requests.get(resource, 0) for resource in resources] for work in workloads])
    requests = requests.reshape(len(workloads), len(resources))
    replicas = _ints([workload.replicas for workload in workloads])
    here = np.array([cell.standing not in GONE for cell in cells], dtype=np.bool_)
    allowed, current = _named(workloads, index, _of_allowed), _by_cell(workloads, index)
    stays = np.array([bool(workload.staying) for workload in workloads], dtype=np.bool_)
    kept = np.where(_named(workloads, index, _of_kept) & (here | stays[:, None]), current, 0)
    capacity = np.where(here[:, None], _capacity(cells, resources), kept.T @ requests)
    node_room = np.minimum(_node_room(cells, resources, requests), replicas[:, None])
    limit = np.where(allowed & here, node_room, 0)
    closed = np.array([cell.standing == Standing.CORDONED for cell in cells], dtype=np.bool_)
    limit = np.maximum(kept, np.where(closed, np.minimum(limit, current), limit))
    price = _floats([[cell.prices.get(resource, 0.0) for resource in resources] for cell in cells])
    price = price.reshape(len(cells), len(resources))
    starts = np.searchsorted(domain, np.arange(len(domains)))
    least = _least(replicas, limit, starts)
    groups = _groups(workloads)
    return Problem(
        cells=cells,
        workloads=workloads,
        resources=resources,
        domains=domains,
        domain=domain,
        starts=starts,
        capacity=capacity,
        price=price,
        requests=requests,
        replicas=replicas,
        weight=_ints([1 + workload.priority for workload in workloads]),
        min_domains=_ints([workload.min_domains for workload in workloads]),
        allowed=allowed,
        node_room=node_room,
        limit=limit,
        stays=stays,
        current=current,
        value=CLOSENESS * _closeness(workloads, index) + PRICE * _cheapness(requests, price, limit),
        target=_target(requests, replicas, capacity),
        least=least,
        steep=np.where(replicas > least, replicas / np.maximum(1, replicas - least), 0.0),
        groups=groups,
        group=_of_group(groups, len(workloads)),
    )


def by_domain(counts: Ints, starts: Ints) -> Ints:
    """Sum columns of Cells (…, C) by failure domain (…, D)."""
    return np.add.reduceat(counts, starts, axis=1) if len(starts) else counts


def _check(cells: Sequence[Cell], workloads: Sequence[Workload]) -> None:
    names, keys = [cell.name for cell in cells], [workload.key for workload in workloads]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"fleet: found Cell {twice[0]} twice, expected each name once")
    for one, next_one in pairwise(keys):
        if one == next_one:
            raise ValueError(f"fleet: found workload {one} twice, expected each key once")


def _ints(values: Sequence[object]) -> Ints:
    return np.array(values, dtype=np.int64)


def _floats(values: Sequence[object]) -> Floats:
    return np.array(values, dtype=np.float64)


def _capacity(cells: Sequence[Cell], resources: Sequence[str]) -> Ints:
    sums = [
        [
            max(
                0,
                sum(node.count * max(0, node.allocatable.get(resource, 0)) for node in cell.nodes)
                - cell.kept_free.get(resource, 0),
            )
            for resource in resources
        ]
        for cell in cells
    ]
    return _ints(sums).reshape(len(cells), len(resources))


def _node_room(cells: Sequence[Cell], resources: Sequence[str], requests: Ints) -> Ints:
    """Return how many replicas of each workload the nodes of each empty Cell take, node by node."""
    room = np.zeros((len(requests), len(cells)), dtype=np.int64)
    asked = np.maximum(1, requests)
    for column, cell in enumerate(cells):
        for node in cell.nodes:
            one = _ints([max(0, node.allocatable.get(resource, 0)) for resource in resources])
            fit = np.where(requests > 0, one // asked, _PLENTY).min(axis=1, initial=_PLENTY)
            room[:, column] += np.minimum(node.count * fit, _PLENTY)
    return room


def _of_allowed(workload: Workload) -> tuple[str, ...]:
    return workload.allowed


def _of_kept(workload: Workload) -> tuple[str, ...]:
    return workload.kept


def _named(
    workloads: Sequence[Workload], index: Mapping[str, int], names: Callable[[Workload], tuple[str, ...]]
) -> Bools:
    """Return which Cells each workload names; most share their list with many others."""
    named = np.zeros((len(workloads), len(index)), dtype=np.bool_)
    known: dict[tuple[str, ...], list[int]] = {}
    for row, workload in enumerate(workloads):
        columns = known.get(names(workload))
        if columns is None:
            columns = known[names(workload)] = [index[name] for name in names(workload) if name in index]
        named[row, columns] = True
    return named


def _by_cell(workloads: Sequence[Workload], index: Mapping[str, int]) -> Ints:
    counts = np.zeros((len(workloads), len(index)), dtype=np.int64)
    for row, workload in enumerate(workloads):
        for name, count in workload.placed.items():
            if name in index:
                counts[row, index[name]] = count
    return counts


def _closeness(workloads: Sequence[Workload], index: Mapping[str, int]) -> Floats:
    near = np.zeros((len(workloads), len(index)))
    for row, workload in enumerate(workloads):
        for name, closeness in workload.closeness.items():
            if name in index:
                near[row, index[name]] = closeness
    return near


def _cheapness(requests: Ints, price: Floats, limit: Ints) -> Floats:
    """Return 1 for the cheapest Cell a workload may use, 0 for the dearest; 1 where all cost the same."""
    cost = requests.astype(np.float64) @ price.T
    usable = limit > 0
    dearest = np.where(usable, cost, -np.inf).max(axis=1, initial=-np.inf)
    span = dearest - np.where(usable, cost, np.inf).min(axis=1, initial=np.inf)
    chooses = span > 0
    share = (dearest[:, None] - cost) / np.where(chooses, span, 1.0)[:, None]
    return np.where(usable, np.where(chooses[:, None], share, 1.0), 0.0)


def _target(requests: Ints, replicas: Ints, capacity: Ints) -> Floats:
    demand = (requests * replicas[:, None]).sum(axis=0)
    average: Floats = np.minimum(1.0, demand / np.maximum(1, capacity.sum(axis=0)))
    return average


def _least(replicas: Ints, limit: Ints, starts: Ints) -> Ints:
    open_domains = (by_domain(limit, starts) > 0).sum(axis=1)
    least: Ints = -(-replicas // np.maximum(1, open_domains))
    return least


def _groups(workloads: Sequence[Workload]) -> tuple[tuple[int, ...], ...]:
    rows: dict[str, list[int]] = {}
    for row, workload in enumerate(workloads):
        if workload.group:
            rows.setdefault(workload.group, []).append(row)
    return tuple(tuple(rows[name]) for name in sorted(rows))


def _of_group(groups: Sequence[Sequence[int]], rows: int) -> Ints:
    """Return the number of each row's group, -1 for none."""
    group = np.full(rows, -1, dtype=np.int64)
    for number, members in enumerate(groups):
        group[list(members)] = number
    return group
