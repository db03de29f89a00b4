"""What is free on the nodes of a cluster, counted as kube-scheduler counts it, from requests of pods, foreign ones too.

Source: component-helpers 0.37, resource/helpers.go (PodRequests with UseStatusResources): init containers, sidecars,
overhead, pod-level resources, and pods that are being resized in place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pilothouse.api.meta import GROUP
from pilothouse.dataplane.kubernetes.quantities import amounts
from pilothouse.dataplane.kubernetes.types.identity import Selection

NODES: Final = Selection("v1", "Node")
PODS: Final = Selection("v1", "Pod", field_selector="spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed")
PODS_COUNT: Final = "pods"
_CELL: Final = f"{GROUP}/cell"
"""Label of the pods of workloads: the Cell that they run in."""

Amounts = dict[str, int]
Container = Mapping[str, Any]


class Taint(NamedTuple):
    """A taint of a node, as in core/v1."""

    key: str
    value: str
    effect: str


class PodUse(NamedTuple):
    """What one pod takes of its node: all that stays in memory of a pod.

    share: which accelerator it shares with others, and what it takes of that in thousandths; None for none.
    placed: whether a placement put it there; pods of DaemonSets are on every node.
    """

    node: str
    requests: tuple[tuple[str, int], ...]
    share: tuple[str, int] | None = None
    placed: bool = False


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node offers: all that stays in memory of a node."""

    name: str
    labels: Mapping[str, str]
    allocatable: Mapping[str, int]
    schedulable: bool
    taints: tuple[Taint, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node and what is free on it: cpu in millicores, memory in bytes, pods, and whatever else it offers.

    free: allocatable less the requests of its pods; below zero where pods were there before it shrank.
    schedulable: it is Ready and not cordoned; taints are for the reader to judge. shared: of each accelerator that pods
    share, what is free, in thousandths.
    """

    name: str
    labels: Mapping[str, str]
    free: Mapping[str, int]
    schedulable: bool
    taints: tuple[Taint, ...]
    allocatable: Mapping[str, int] = field(default_factory=dict)
    shared: tuple[int, ...] = ()


class Capacity:
    """The nodes of a cluster with what is free on them, kept current by the changes that informers report."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeFacts] = {}
        self._used: dict[str, Amounts] = {}
        self._placed: dict[str, Amounts] = {}
        """What pods that placements put there take of each node."""
        self._shares: dict[str, Amounts] = {}
        """What is taken of each shared accelerator of a node, in thousandths."""
        self._current: dict[str, Node] = {}

    def node_changed(self, old: NodeFacts | None, new: NodeFacts | None) -> None:
        """Take in a node that appeared (no `old`), changed, or went (no `new`)."""
        if old is not None:
            del self._nodes[old.name]
            self._current.pop(old.name, None)
        if new is not None:
            self._nodes[new.name] = new

    def pod_changed(self, old: PodUse | None, new: PodUse | None) -> None:
        """Take in a pod that appeared on a node (no `old`), changed, or went (no `new`)."""
        if old is not None:
            self._book(old, -1)
        if new is not None:
            self._book(new, 1)

    def nodes(self, selector: Mapping[str, str]) -> tuple[Node, ...]:
        """Return the nodes whose labels have all of `selector`, by name."""
        return tuple(
            self._node(facts) for _, facts in sorted(self._nodes.items()) if selector.items() <= facts.labels.items()
        )

    def offered(self, selector: Mapping[str, str]) -> tuple[Node, ...]:
        """Return the nodes whose labels have all of `selector`, as they would be without what placements put there."""
        return tuple(self._without_placed(node) for node in self.nodes(selector))

    def totals(self, selector: Mapping[str, str]) -> tuple[Amounts, Amounts]:
        """Return what the nodes of `selector` can allocate, and what pods request of it."""
        allocatable: Amounts = {}
        requested: Amounts = {}
        for node in self.nodes(selector):
            _add(allocatable, self._nodes[node.name].allocatable)
            _add(requested, self._used.get(node.name, {}))
        return allocatable, {name: requested.get(name, 0) for name in allocatable}

    def _without_placed(self, node: Node) -> Node:
        placed = self._placed.get(node.name, {})
        return replace(node, free={name: free + placed.get(name, 0) for name, free in node.free.items()})

    def _node(self, facts: NodeFacts) -> Node:
        if facts.name not in self._current:
            used = self._used.get(facts.name, {})
            free = {name: total - used.get(name, 0) for name, total in facts.allocatable.items()}
            shared = tuple(sorted(max(0, 1000 - taken) for taken in self._shares.get(facts.name, {}).values()))
            seen = Node(facts.name, facts.labels, free, facts.schedulable, facts.taints, facts.allocatable, shared)
            self._current[facts.name] = seen
        return self._current[facts.name]

    def _book(self, use: PodUse, sign: int) -> None:
        for tally in (self._used, self._placed) if use.placed else (self._used,):
            used = tally.setdefault(use.node, {})
            for name, requested in use.requests:
                used[name] = used.get(name, 0) + sign * requested
            if not used[PODS_COUNT]:
                del tally[use.node]
        if use.share is not None:
            self._book_share(use.node, *use.share, sign)
        self._current.pop(use.node, None)

    def _book_share(self, node: str, accelerator: str, taken: int, sign: int) -> None:
        shares = self._shares.setdefault(node, {})
        shares[accelerator] = shares.get(accelerator, 0) + sign * taken
        self._shares[node] = {name: total for name, total in shares.items() if total}


def node_facts(live: Mapping[str, Any]) -> NodeFacts:
    """Project a Node."""
    spec, status = live.get("spec", {}), live.get("status", {})
    ready = any(entry["type"] == "Ready" and entry["status"] == "True" for entry in status.get("conditions") or ())
    return NodeFacts(
        name=live["metadata"]["name"],
        labels=live["metadata"].get("labels") or {},
        allocatable=amounts(status.get("allocatable")),
        schedulable=ready and not spec.get("unschedulable", False),
        taints=tuple(Taint(each["key"], each.get("value", ""), each["effect"]) for each in spec.get("taints") or ()),
    )


def pod_use(live: Mapping[str, Any]) -> PodUse | None:
    """Project a Pod; None for one that takes nothing: it is on no node, or it has ended."""
    node, phase = live["spec"].get("nodeName"), live.get("status", {}).get("phase")
    if not node or phase in ("Succeeded", "Failed"):
        return None
    metadata = live.get("metadata") or {}
    requested = _shared(tuple(sorted({**requests(live), PODS_COUNT: 1}.items())))
    return PodUse(node, requested, _share(metadata), _is_placed(metadata))


def _is_placed(metadata: Mapping[str, Any]) -> bool:
    daemons = (owner.get("kind") == "DaemonSet" for owner in metadata.get("ownerReferences") or ())
    return _CELL in (metadata.get("labels") or {}) and not any(daemons)


def _share(metadata: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return the accelerator that a pod shares, as KAI-scheduler marks it: its label, and the part in an annotation."""
    group = (metadata.get("labels") or {}).get("runai-gpu-group")
    try:
        part = float((metadata.get("annotations") or {}).get("gpu-fraction") or 0)
    except ValueError:
        return None
    return (group, round(1000 * part)) if group and 0 < part <= 1 else None


def requests(pod: Mapping[str, Any]) -> Amounts:
    """Return what a pod requests, as the scheduler counts it."""
    spec, status = pod["spec"], pod.get("status") or {}
    views = (_allocated, _actuated) if _resize_is_infeasible(status) else (_wanted, _allocated, _actuated)
    total: Amounts = {}
    for view in views:
        _raise_to(total, _of_containers(spec, status, view))
    for name, requested in _of_pod_level(spec, status).items():
        total[name] = requested
    _add(total, amounts(spec.get("overhead")))
    return total


View = Callable[[Container, Container], Amounts]
"""What a container requests, by its spec and its status."""


def _wanted(container: Container, status: Container) -> Amounts:
    del status
    return amounts((container.get("resources") or {}).get("requests"))


def _allocated(container: Container, status: Container) -> Amounts:
    allocated = status.get("allocatedResources")
    return _wanted(container, status) if allocated is None else amounts(allocated)


def _actuated(container: Container, status: Container) -> Amounts:
    actual = (status.get("resources") or {}).get("requests")
    return _allocated(container, status) if actual is None else amounts(actual)


def _of_containers(spec: Mapping[str, Any], status: Mapping[str, Any], view: View) -> Amounts:
    """Return the requests of all containers at their highest: while they run, or while one of the first ones does."""
    statuses = {
        entry["name"]: entry
        for field in ("initContainerStatuses", "containerStatuses")
        for entry in status.get(field) or ()
    }
    ignore_spec = _resize_is_infeasible(status)

    def requested(container: Container) -> Amounts:
        return view({} if ignore_spec else container, statuses.get(container["name"], {}))

    running: Amounts = {}
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.get("containers") or ():
        _add(running, requested(container))
    for container in spec.get("initContainers") or ():
        own = requested(container)
        if container.get("restartPolicy") == "Always":
            _add(running, own)
            _add(sidecars, own)
            own = sidecars
        else:
            _add(own, sidecars)
        _raise_to(starting, own)
    _raise_to(running, starting)
    return running


def _of_pod_level(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Amounts:
    """Return the requests of the pod as a whole, which stand in for those of its containers."""
    wanted = _pod_level(amounts((spec.get("resources") or {}).get("requests")))
    if not wanted or not status.get("resources"):
        return wanted
    total: Amounts = {} if _resize_is_infeasible(status) else dict(wanted)
    _raise_to(total, _pod_level(amounts(status["resources"].get("requests"))))
    _raise_to(total, _pod_level(amounts(status.get("allocatedResources"))))
    return total


def _pod_level(found: Amounts) -> Amounts:
    return {
        name: requested
        for name, requested in found.items()
        if name in ("cpu", "memory") or name.startswith("hugepages-")
    }


def _resize_is_infeasible(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or ()
    return any(entry["type"] == "PodResizePending" and entry.get("reason") == "Infeasible" for entry in conditions)


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _raise_to(total: Amounts, least: Mapping[str, int]) -> None:
    for name, value in least.items():
        total[name] = max(total.get(name, 0), value)


@lru_cache(maxsize=4096)
def _shared(requested: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Return one copy for all pods of the same requests, as those of a workload are."""
    return requested
