"""Why a Cell is not for a workload: small questions asked in a fixed order, of which the first answer counts.

The last question, whether there is room, is put to the nodes (`nodes.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pilothouse.api.placement import TopologyKey
from pilothouse.api.selectors import LabelSelector, LabelSelectorRequirement
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView


@dataclass(frozen=True, slots=True)
class Peer:
    """Something that is placed already. name: for messages; key: the topology that matters; values: where it is."""

    name: str
    key: TopologyKey
    values: frozenset[str]

    def here(self, cell: CellView) -> bool:
        """Tell whether `cell` is where it is. A region that nobody gave is like no other."""
        return bool(value := topology(cell, self.key)) and value in self.values


@dataclass(frozen=True, slots=True)
class Peers:
    """What a workload must be near to, all of them, and apart from, each of them."""

    near: tuple[Peer, ...] = ()
    apart: tuple[Peer, ...] = ()


NO_PEERS: Final = Peers()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every Cell: a home for this workload. namespace: for messages, may be empty."""

    workload: Workload
    namespace: str
    peers: Peers = NO_PEERS


def topology(cell: CellView, key: TopologyKey) -> str:
    """Return what `cell` shares with others under a key."""
    return {"cell": cell.name, "failureDomain": cell.failure_domain, "region": cell.region}[key]


Filter = Callable[[CellView, Asked], str | None]
"""Says why a Cell is not for a workload; None when it may be."""


def not_kubernetes(cell: CellView, asked: Asked) -> str | None:
    """Workloads run in clusters."""
    del asked
    return None if cell.provider == "kubernetes" else f"a Cell of {cell.provider}; workloads run in Kubernetes Cells"


def abandoned(cell: CellView, asked: Asked) -> str | None:
    """What ran in an abandoned Cell was declared gone."""
    del asked
    return "abandoned: spec.abandoned declares gone what ran there" if cell.abandoned else None


def not_allowed(cell: CellView, asked: Asked) -> str | None:
    """A tenant uses only what spec.allow gives its namespace."""
    who = f"namespace {asked.namespace}" if asked.namespace else "this namespace"
    if not cell.allowed:
        return f"not allowed for {who}: add it to spec.allow of Cell {cell.name}"
    if not cell.allows(kind := asked.workload.kind):
        return f"{kind} is not allowed for {who}: add it to types in spec.allow of Cell {cell.name}"
    return None


def siloed(cell: CellView, asked: Asked) -> str | None:
    """A siloed tenant shares no Cell."""
    del asked
    return cell.barred or None


def not_resident(cell: CellView, asked: Asked) -> str | None:
    """Data stays where it may be."""
    residency = asked.workload.placement.residency
    return residency.against(cell.region, cell.jurisdiction) or None if residency is not None else None


def not_selected(cell: CellView, asked: Asked) -> str | None:
    """The customer chose by labels."""
    missed = unmet(asked.workload.placement.cell_selector, cell)
    return f"labels do not match placement.cellSelector {','.join(missed)}" if missed else None


def not_ready(cell: CellView, asked: Asked) -> str | None:
    """Nothing can be made where nobody answers."""
    del asked
    return None if cell.ready else f"not ready: {cell.message or 'it has not been reached yet'}"


def cordoned(cell: CellView, asked: Asked) -> str | None:
    """A cordoned Cell takes nothing new."""
    del asked
    if cell.evict:
        return f"being emptied: takes nothing new while spec.evict of Cell {cell.name} is true"
    return f"cordoned: takes nothing new while spec.cordoned of Cell {cell.name} is true" if cell.cordoned else None


def not_near(cell: CellView, asked: Asked) -> str | None:
    """What belongs together is placed together."""
    far = next((peer for peer in asked.peers.near if not peer.here(cell)), None)
    if far is None:
        return None
    if not far.values:
        return f"placement.affinity: nobody knows where {far.name} is yet"
    return f"placement.affinity: {far.name} is in {far.key} {','.join(sorted(far.values))}"


def not_apart(cell: CellView, asked: Asked) -> str | None:
    """What must not fail or be seen together is placed apart."""
    close = next((peer for peer in asked.peers.apart if peer.here(cell)), None)
    if close is None:
        return None
    return f"placement.antiAffinity: {close.name} is in {close.key} {topology(cell, close.key)} as well"


LEAVE: Final[tuple[Filter, ...]] = (not_kubernetes, abandoned, not_allowed, siloed, not_resident, not_selected)
"""A Cell with such a reason keeps nothing."""
STAY: Final[tuple[Filter, ...]] = (not_ready, cordoned, not_near, not_apart)
"""A Cell with such a reason keeps what it has and gets nothing new."""


def refusal(filters: Iterable[Filter], cell: CellView, asked: Asked) -> str | None:
    """Return the first reason that `filters` give against `cell`."""
    return next((reason for check in filters if (reason := check(cell, asked)) is not None), None)


def unmet(selector: LabelSelector, cell: CellView) -> list[str]:
    """Return the requirements that the Cell's labels do not satisfy, as kubectl writes them."""
    exact = [f"{key}={value}" for key, value in sorted(selector.match_labels.items()) if cell.labels.get(key) != value]
    return exact + [_spelled(rule) for rule in selector.match_expressions if not rule.matches(cell.labels)]


def _spelled(rule: LabelSelectorRequirement) -> str:
    match rule.operator:
        case "Exists":
            return rule.key
        case "DoesNotExist":
            return f"!{rule.key}"
        case _:
            return f"{rule.key} {rule.operator.lower()} ({','.join(rule.values)})"
