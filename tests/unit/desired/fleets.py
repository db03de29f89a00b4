"""Small fleets to place workloads in: builders with plain defaults, and Hypothesis strategies over them."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from pilothouse.api.cell import Allow
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree, Taint

GI = 1024**3
EVERYTHING = (Allow(),)
ROOMY = NodeFree("roomy", free={"cpu": 64_000, "memory": 256 * GI, "pods": 110})


def node(name: str = "n", cpu: int = 0, pods: int = 110, **others: Any) -> NodeFree:
    """A node with `cpu` millicores free; `free` adds other resources, the rest are fields of NodeFree."""
    free = {"cpu": cpu, "memory": 64 * GI, "pods": pods, **others.pop("free", {})}
    return NodeFree(name, free=free, **others)


def cell(name: str, *nodes: NodeFree, **others: Any) -> CellView:
    """A ready Kubernetes Cell that is open to everybody; without nodes given, one with much room."""
    defaults: dict[str, Any] = {"provider": "kubernetes", "allowed": EVERYTHING, "nodes": nodes or (ROOMY,)}
    return CellView(name, **{**defaults, **others})


def template(cpu: str = "1", **spec: Any) -> dict[str, Any]:
    """A pod template of one container that asks for `cpu`."""
    containers = [{"name": "main", "image": "app", "resources": {"requests": {"cpu": cpu}}}]
    return {"spec": {"containers": containers, **spec}}


def workload(
    replicas: int,
    min_domains: int = 1,
    selector: Mapping[str, Any] | None = None,
    pods: Mapping[str, Any] | None = None,
    spread: Mapping[str, Any] | None = None,
    **placing: Any,
) -> Workload:
    """A workload called web, as it comes from the API server. spread, placing: more fields of its placement."""
    placement = {"cellSelector": selector or {}, "spread": {"minDomains": min_domains, **(spread or {})}, **placing}
    return Workload.model_validate(
        {"name": "web", "template": pods or template(), "replicas": replicas, "placement": placement}
    )


def on_nodes_of(size: int) -> tuple[NodeFree, ...]:
    """Nodes with room for `size` pods of one cpu in all."""
    return (node("only", cpu=size * 1000),)


TAINTS = st.sampled_from([(), (Taint("gpu", "yes"),), (Taint("gone", effect="NoExecute"),)])
NODES = st.builds(
    lambda cpu, pods, tier, schedulable, taints: node(
        cpu=cpu, pods=pods, labels={"tier": tier}, schedulable=schedulable, taints=taints
    ),
    cpu=st.integers(-500, 5000),
    pods=st.integers(0, 4),
    tier=st.sampled_from(["a", "b"]),
    schedulable=st.sampled_from([True, True, True, False]),
    taints=TAINTS,
)


@st.composite
def cells(draw: st.DrawFn) -> tuple[CellView, ...]:
    """Up to six Cells in up to four failure domains, most of them usable."""
    rarely = st.sampled_from([False] * 7 + [True])
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    return tuple(
        cell(
            name,
            *(NodeFree(f"{name}{i}", n.labels, n.free, n.schedulable, n.taints) for i, n in enumerate(nodes)),
            failure_domain=draw(st.sampled_from(["", "x", "y", "z"])),
            labels={"env": draw(st.sampled_from(["prod", "prod", "prod", "dev"]))},
            provider="aws" if draw(rarely) else "kubernetes",
            allowed=() if draw(rarely) else EVERYTHING,
            ready=not draw(rarely),
            cordoned=draw(rarely),
            abandoned=draw(rarely),
            node_selector=draw(st.sampled_from([{}, {}, {"tier": "a"}])),
            region=draw(st.sampled_from(["", "eu", "us"])),
            price=draw(st.sampled_from([None, 1, 2, 5])),
            headroom=draw(st.sampled_from([0, 0, 0, 30])),
            recent=draw(st.sampled_from([0, 0, 3, 40])),
        )
        for name in names
        for nodes in [draw(st.lists(NODES, min_size=1, max_size=3))]
    )


CURRENT = st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 5), max_size=5)
TEMPLATES = st.sampled_from(
    [
        template("1"),
        template("700m"),
        template("1", nodeSelector={"tier": "a"}),
        template("500m", tolerations=[{"key": "gpu", "operator": "Exists"}]),
    ]
)


SKEWS = st.sampled_from(
    [{}, {}, {"maxSkew": 1}, {"maxSkew": 2}]
    + [{"maxSkew": skew, "whenUnsatisfiable": "DoNotSchedule"} for skew in (1, 2)]
)
SOFT = st.sampled_from([{}, {}, {"maxSkew": 1}, {"maxSkew": 2}])


def workloads(
    smallest: int = 0, min_domains: int = 4, skews: st.SearchStrategy[dict[str, Any]] = SKEWS
) -> st.SearchStrategy[Workload]:
    """Workloads of at least `smallest` replicas that ask for up to `min_domains` failure domains."""
    return st.builds(
        workload,
        replicas=st.integers(smallest, 14),
        min_domains=st.integers(1, min_domains),
        selector=st.sampled_from([{}, {"matchLabels": {"env": "prod"}}]),
        pods=TEMPLATES,
        spread=skews,
    )
