"""A fleet as planning sees it: Cells with their nodes, workloads with what they ask for, and where they are now.

All amounts are whole numbers in the units of `cells.NodeFree.free`: cpu in millicores, memory in bytes, the rest in
counts. What others run is taken off the nodes before. `cpu@2` is the cpu of those nodes that pods of kind 2 may use:
who is kept to such nodes asks for both, `cpu` and `cpu@2`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


def plain(resource: str) -> str:
    """Return a resource by its own name, whichever nodes it is of."""
    return resource.partition("@")[0]


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
    """One Cell.

    prices: of one unit of a resource for an hour, in any one currency; 0 where not listed. kept_free: what of its nodes
    is given to nobody, by resource; below 0 where what runs there takes more than they offer.
    """

    name: str
    failure_domain: str
    nodes: tuple[NodeClass, ...] = ()
    prices: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = Standing.OPEN
    kept_free: Mapping[str, int] = field(default_factory=dict)


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
    all; empty: replica by replica. placed: replicas by Cell, as they are now. kept: Cells where what is placed stays,
    whatever else is said of them. staying: why it stays even in such a Cell that is draining or lost; empty: it goes.
    refusals: why the filters leave it a Cell not, for messages. scales: whether it can have more replicas.
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
    kept: tuple[str, ...] = ()
    staying: str = ""
    refusals: Mapping[str, str] = field(default_factory=dict)
    scales: bool = True


@dataclass(frozen=True, slots=True)
class Fleet:
    """Every Cell and every workload. The order of neither means anything."""

    cells: tuple[Cell, ...]
    workloads: tuple[Workload, ...]
