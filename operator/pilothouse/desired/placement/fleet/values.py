"""A fleet as planning sees it: Cells with their nodes, workloads with what they ask for, and where they are now.

All amounts are whole numbers in the units of `cells.NodeFree.free`: cpu in millicores, memory in bytes, the rest in
counts. What others run is taken off the nodes before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Standing(StrEnum):
    """What a Cell is open to. CORDONED keeps what it has; DRAINING and LOST keep nothing."""

    OPEN = "open"
    CORDONED = "cordoned"
    DRAINING = "draining"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class NodeClass:
    """`count` nodes alike. allocatable: of one node, by resource; what is not listed, or below 0, is not there."""

    count: int
    allocatable: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """One Cell. prices: of one unit of a resource for an hour, in any one currency; 0 where not listed."""

    name: str
    failure_domain: str
    nodes: tuple[NodeClass, ...] = ()
    prices: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = Standing.OPEN


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Names a workload in the fleet. application: its namespace and name, as in `shop/checkout`."""

    application: str
    workload: str


@dataclass(frozen=True, slots=True)
class Workload:
    """One workload, after the filters.

    requests: of one replica. priority: 0 or more; a replica weighs 1 + priority. allowed: the Cells that the filters
    leave it. min_domains: each of the first so many replicas is in a failure domain of its own. closeness: by Cell,
    from 0 (far from all it reads) to 1; 0 where not listed. group: workloads of one group are placed whole or not at
    all; empty: replica by replica. placed: replicas by Cell, as they are now.
    """

    key: Key
    replicas: int
    requests: Mapping[str, int]
    allowed: tuple[str, ...]
    priority: int = 0
    min_domains: int = 1
    closeness: Mapping[str, float] = field(default_factory=dict)
    group: str = ""
    placed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Every Cell and every workload. The order of neither means anything."""

    cells: tuple[Cell, ...]
    workloads: tuple[Workload, ...]
