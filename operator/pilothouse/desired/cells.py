"""Cells as placement sees them: who may use them, whether they answer, and what is free on each node."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pilothouse.api.cell import Allow, CellSpec
from pilothouse.api.fleetpolicy import PlacementPolicy
from pilothouse.api.meta import SILO_LABEL
from pilothouse.api.quantities import millionths


@dataclass(frozen=True, slots=True)
class Taint:
    """core/v1 Taint: keeps pods that do not tolerate it off a node."""

    key: str
    value: str = ""
    effect: str = "NoSchedule"

    def __str__(self) -> str:
        """Spell it as kubectl does."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True, slots=True)
class NodeFree:
    """One node and what is free on it: allocatable less the requests of every pod there, whosever it is.

    free: by resource; cpu in millicores, memory, ephemeral-storage and hugepages in bytes, pods and extended
    resources in counts. A resource that is not listed is not there. schedulable: False while the node is cordoned.
    allocatable: what would be free on it without pods, for a share in use; where nothing is given, what is free.
    shared: of each accelerator that pods share, what is free, in thousandths; it counts as taken in `free`.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    schedulable: bool = True
    taints: tuple[Taint, ...] = ()
    allocatable: Mapping[str, int] = field(default_factory=dict)
    shared: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "allocatable", self.allocatable or self.free)


@dataclass(frozen=True, slots=True)
class CellView:
    """One Cell as an Application of one namespace meets it.

    provider: kubernetes, aws, gcp or azure. failure_domain: the Cell's own name when given empty.
    message: why it is not ready. allowed: those entries of spec.allow that select the namespace.
    nodes: may hold more than `node_selector` selects. cluster: shared by the Cells that are parts of one cluster; the
    Cell's own name when given empty. region: empty where nobody said. price: in millionths of whatever unit; None where
    nobody said. caches: what is close at hand there. headroom: percent of what its nodes can allocate that stays free.
    evict: whether what runs there is to leave it.
    recent: replicas that were placed there in the last ten minutes. jurisdiction: empty where nobody said. barred: why
    the namespace's tenant may not share it; empty when it may.
    """

    name: str
    provider: str
    labels: Mapping[str, str] = field(default_factory=dict)
    failure_domain: str = ""
    ready: bool = True
    message: str = ""
    cordoned: bool = False
    evict: bool = False
    abandoned: bool = False
    allowed: tuple[Allow, ...] = ()
    nodes: tuple[NodeFree, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    cluster: str = ""
    region: str = ""
    price: int | None = None
    caches: frozenset[str] = frozenset()
    headroom: int = 0
    recent: int = 0
    jurisdiction: str = ""
    barred: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "failure_domain", self.failure_domain or self.name)
        object.__setattr__(self, "cluster", self.cluster or self.name)

    def allows(self, kind: str) -> bool:
        """Tell whether the namespace may make things of type `kind` (a type block or Kubernetes kind) here."""
        return any(_covers(entry, kind) for entry in self.allowed)

    def allows_adoption(self, kind: str) -> bool:
        """Tell whether the namespace may take over things of type `kind` that exist here."""
        return any(entry.adopt and _covers(entry, kind) for entry in self.allowed)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a Cell beside its spec.

    trouble: why it is not ready; empty when it is. nodes, cluster: as in CellView.
    """

    trouble: str = ""
    nodes: tuple[NodeFree, ...] = ()
    cluster: str = ""


def view_of(
    name: str,
    labels: Mapping[str, str],
    spec: CellSpec,
    namespace_labels: Mapping[str, str],
    policy: PlacementPolicy,
    sight: Sight,
) -> CellView:
    """Return a Cell as Applications of a namespace with these labels meet it."""
    place, aws = spec.kubernetes, spec.aws
    return CellView(
        name=name,
        provider="aws" if aws is not None else "kubernetes",
        labels=labels,
        failure_domain=spec.failure_domain,
        ready=not sight.trouble,
        message=sight.trouble,
        cordoned=spec.cordoned or spec.evict,
        evict=spec.evict,
        abandoned=spec.abandoned,
        allowed=tuple(entry for entry in spec.allow if entry.namespace_selector.matches(namespace_labels)),
        nodes=sight.nodes,
        node_selector=place.node_selector if place is not None else {},
        cluster=sight.cluster,
        jurisdiction=spec.jurisdiction,
        barred=barred(spec.silo, namespace_labels.get(SILO_LABEL, "")),
        region=spec.region or (aws.region if aws is not None else ""),
        price=millionths(spec.price),
        caches=frozenset(spec.caches),
        headroom=policy.headroom_percent if spec.headroom_percent is None else spec.headroom_percent,
    )


def barred(kept_for: str, tenant: str) -> str:
    """Say why a Cell is not for a namespace: one of another silo, or of none; empty when it is.

    kept_for: spec.silo of the Cell; tenant: the namespace's label `SILO_LABEL`; both empty where there is none.
    """
    if kept_for == tenant:
        return ""
    if kept_for:
        return f"kept for silo {kept_for}: only namespaces with label {SILO_LABEL}={kept_for} use it"
    return f"shared, but the namespace is of silo {tenant}: it uses only Cells whose spec.silo is {tenant}"


def _covers(entry: Allow, kind: str) -> bool:
    return "*" in entry.types or kind in entry.types
