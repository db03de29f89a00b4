"""Which nodes take a pod of a template, and how many: the filters of kube-scheduler that a template decides alone.

Affinity between pods, host ports, volumes and resource claims are left to kube-scheduler.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pilothouse.api.quantities import shown
from pilothouse.desired.cells import CellView, NodeFree, Taint
from pilothouse.desired.placement.fractions import ACCELERATOR, FRACTION, WHOLE, fraction_of, parts, shared_out
from pilothouse.desired.requests import pod_requests

UNSCHEDULABLE: Final = Taint("node.kubernetes.io/unschedulable")
_KEEPS_PODS_OFF: Final = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Pod:
    """What of a pod template decides about nodes.

    node_terms: None where node affinity requires nothing. fraction: of one accelerator, in thousandths; 0 for none.
    """

    requests: Mapping[str, int]
    node_selector: Mapping[str, str]
    node_terms: Sequence[Mapping[str, Any]] | None
    tolerations: Sequence[Mapping[str, Any]]
    fraction: int = 0

    @property
    def needs(self) -> Mapping[str, int]:
        """What it takes in all: its requests, and its part of an accelerator."""
        return {**self.requests, FRACTION: self.fraction} if self.fraction else self.requests


def pod_of(template: Mapping[str, Any], where: str = "template") -> Pod:
    """Read a core/v1 PodTemplateSpec. where: its path, for errors. Raises InvalidQuantityError."""
    spec = template.get("spec") or {}
    selector, terms = _node_terms(spec)
    return Pod(
        requests=pod_requests(spec, f"{where}.spec"),
        node_selector=selector,
        node_terms=terms,
        tolerations=spec.get("tolerations") or (),
        fraction=fraction_of(template, where),
    )


def _node_terms(spec: Mapping[str, Any]) -> tuple[Mapping[str, str], Sequence[Mapping[str, Any]] | None]:
    """Return what a core/v1 PodSpec asks of nodes: nodeSelector, and the terms of nodeAffinity; None for none."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return spec.get("nodeSelector") or {}, None if required is None else required.get("nodeSelectorTerms") or ()


def labels_asked(template: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys of the node labels that pods of a template ask for."""
    selector, terms = _node_terms(template.get("spec") or {})
    rules = [rule for term in terms or () for rule in term.get("matchExpressions") or ()]
    return frozenset({*selector, *(rule["key"] for rule in rules)})


def room(cell: CellView, pod: Pod) -> int:
    """Return how many more such pods the nodes of `cell` take, counted node by node, with its headroom left free."""
    nodes = sum(_fits(node, pod) for node in _willing(cell, pod))
    return min(nodes, _above_headroom(cell, pod)) if nodes and cell.headroom else nodes


def without_headroom(cell: CellView) -> CellView:
    """Return a Cell as it is to what ran in a lost one: what it keeps free is there for that."""
    return replace(cell, headroom=0)


def totals(cell: CellView, pod: Pod) -> tuple[Counter[str], Counter[str]]:
    """Return what is free, and what there is in all, on the nodes of `cell` that take such pods, as a scheduler counts.

    Only what the pod asks for, and parts of accelerators. Pods that were there before a node shrank leave less than
    nothing free.
    """
    nodes = _willing(cell, pod)
    free = Counter({name: sum(node.free.get(name, 0) for node in nodes) for name in pod.requests})
    total = Counter({name: sum(node.allocatable.get(name, 0) for node in nodes) for name in pod.requests})
    if pod.fraction:
        free[FRACTION] = sum(WHOLE * node.free.get(ACCELERATOR, 0) + sum(node.shared) for node in nodes)
        total[FRACTION] = sum(WHOLE * node.allocatable.get(ACCELERATOR, 0) for node in nodes)
    return free, total


def usage(cell: CellView) -> tuple[Counter[str], Counter[str]]:
    """Return what is taken on the nodes of `cell`, and what there is in all; parts of accelerators as one resource."""
    nodes, taken, total = _own(cell), Counter[str](), Counter[str]()
    for node in nodes:
        total.update(node.allocatable)
        taken.update({name: amount - node.free.get(name, 0) for name, amount in node.allocatable.items()})
    total[FRACTION] = WHOLE * total[ACCELERATOR]
    taken[FRACTION] = WHOLE * taken[ACCELERATOR] - sum(sum(node.shared) for node in nodes)
    return taken, total


def takers(cell: CellView, pod: Pod) -> int:
    """Return how many nodes of `cell` take such pods at all, however much is free on them."""
    return len(_willing(cell, pod))


def fitting(cell: CellView, pod: Pod) -> list[NodeFree]:
    """Return the nodes of `cell` that take one such pod now."""
    return [node for node in _willing(cell, pod) if _fits(node, pod)]


def schedulable(cell: CellView) -> list[NodeFree]:
    """Return the nodes of `cell` that take new pods at all."""
    return [node for node in _own(cell) if node.schedulable]


def emptied(cell: CellView, pod: Pod) -> tuple[NodeFree | None, int]:
    """Return the node of `cell` that takes most such pods when it is empty, as it is then, and how many; None and 0."""
    nodes = [replace(node, free=node.allocatable, shared=()) for node in _willing(cell, pod)]
    best = min(nodes, key=lambda node: (-_fits(node, pod), node.name), default=None)
    return (None, 0) if best is None or not _fits(best, pod) else (best, _fits(best, pod))


def shortage(cell: CellView, pod: Pod) -> str:
    """Say why `cell` has no room for one such pod, and of how many nodes. Meaningful only where `room` is 0."""
    nodes = _own(cell)
    if not nodes:
        return "it has no nodes" + (f" with labels {_pairs(cell.node_selector)}" if cell.node_selector else "")
    willing = _willing(cell, pod)
    reasons = Counter(why for node in nodes if (why := _unwilling(node, pod)) is not None)
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    if not willing:
        return f"none of its {len(nodes)} nodes takes the pods: {counted}"
    return _short_of_room(cell, willing, pod) + (f" (of {len(nodes)} nodes not: {counted})" if counted else "")


def _short_of_room(cell: CellView, willing: Sequence[NodeFree], pod: Pod) -> str:
    if any(_fits(node, pod) for node in willing):
        return _short_of_headroom(cell, pod)
    if pod.fraction and not any(parts(node, pod.fraction) for node in willing):
        return f"needs {pod.fraction} thousandths of an accelerator a pod; no node has one with as much free"
    return _short_everywhere(willing, pod) or _short_together(willing, pod)


def with_pods(cell: CellView, pod: Pod, count: int) -> CellView:
    """Return `cell` as it is with `count` more such pods on it; those that fit nowhere leave no trace.

    The very same is returned where none is put: it is asked for every Cell in every pass.
    """
    nodes = list(cell.nodes)
    left = count
    for index, node in enumerate(nodes):
        if left <= 0:
            break
        if _has(node, cell.node_selector) and _unwilling(node, pod) is None and (put := min(left, _fits(node, pod))):
            free = {resource: value - put * pod.requests.get(resource, 0) for resource, value in node.free.items()}
            nodes[index] = shared_out(replace(node, free=free), pod.fraction, put)
            left -= put
    return cell if left == count else replace(cell, nodes=tuple(nodes))


def _spare(cell: CellView, pod: Pod) -> dict[str, int]:
    """Return what is free above the headroom of `cell`, of what the pod asks for; below zero where that is used up."""
    free, total = totals(cell, pod)
    return {name: free[name] - -(-total[name] * cell.headroom // 100) for name in pod.needs}


def _above_headroom(cell: CellView, pod: Pod) -> int:
    spare = _spare(cell, pod)
    return max(0, min(spare[name] // need for name, need in pod.needs.items()))


def _short_of_headroom(cell: CellView, pod: Pod) -> str:
    spare = _spare(cell, pod)
    short = ((name, need, max(0, spare[name])) for name, need in sorted(pod.needs.items()) if spare[name] < need)
    told = "; ".join(f"{shown(name, left)} {name} above that, needs {shown(name, need)}" for name, need, left in short)
    return f"keeps {cell.headroom} % free (headroomPercent), and has {told} a pod"


def _own(cell: CellView) -> list[NodeFree]:
    return [node for node in cell.nodes if _has(node, cell.node_selector)]


def _willing(cell: CellView, pod: Pod) -> list[NodeFree]:
    return [node for node in _own(cell) if _unwilling(node, pod) is None]


def _fits(node: NodeFree, pod: Pod) -> int:
    whole = max(0, min(node.free.get(resource, 0) // need for resource, need in pod.requests.items()))
    return min(whole, parts(node, pod.fraction)) if pod.fraction else whole


def _unwilling(node: NodeFree, pod: Pod) -> str | None:
    """Say why `node` takes no such pod, however much is free on it."""
    if not _has(node, pod.node_selector):
        return f"without labels {_pairs(pod.node_selector)} of nodeSelector"
    if pod.node_terms is not None and not any(_term_matches(term, node) for term in pod.node_terms):
        return "outside the required nodeAffinity"
    if node.schedulable and not node.taints:
        return None
    taints = node.taints if node.schedulable else (*node.taints, UNSCHEDULABLE)
    bad = next((taint for taint in taints if taint.effect in _KEEPS_PODS_OFF and not _tolerated(taint, pod)), None)
    return None if bad is None else f"with the untolerated taint {bad}"


def _has(node: NodeFree, labels: Mapping[str, str]) -> bool:
    return not labels or labels.items() <= node.labels.items()


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _tolerated(taint: Taint, pod: Pod) -> bool:
    """Source: Toleration.ToleratesTaint in k8s.io/api, core/v1/toleration.go, without its alpha operators."""
    return any(
        toleration.get("effect") in (None, "", taint.effect)
        and toleration.get("key") in (None, "", taint.key)
        and _same_value(toleration, taint)
        for toleration in pod.tolerations
    )


def _same_value(toleration: Mapping[str, Any], taint: Taint) -> bool:
    operator = toleration.get("operator") or "Equal"
    return operator == "Exists" or (operator == "Equal" and (toleration.get("value") or "") == taint.value)


def _term_matches(term: Mapping[str, Any], node: NodeFree) -> bool:
    """Source: k8s.io/component-helpers, scheduling/corev1/nodeaffinity. A term without requirements matches nothing."""
    labels, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    about_labels = all(_holds(requirement, node.labels) for requirement in labels)
    about_fields = all(_holds(requirement, {"metadata.name": node.name}) for requirement in fields)
    return bool(labels or fields) and about_labels and about_fields


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    found, values = labels.get(requirement["key"]), requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return found in values
        case "NotIn":
            return found not in values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case "Gt":
            return _compares(found, values, lambda here, bound: here > bound)
        case "Lt":
            return _compares(found, values, lambda here, bound: here < bound)
        case _:
            return False


def _compares(found: str | None, values: Sequence[str], compare: Callable[[int, int], bool]) -> bool:
    """Compare as integers; what is none matches nothing."""
    try:
        (bound,) = values
        return compare(int(found or ""), int(bound))
    except ValueError:
        return False


def _short_everywhere(nodes: Sequence[NodeFree], pod: Pod) -> str:
    """Name each resource that no node has enough of, with the most that one has."""
    most = {resource: max(node.free.get(resource, 0) for node in nodes) for resource in pod.requests}
    short = [resource for resource, need in sorted(pod.requests.items()) if most[resource] < need]
    return "; ".join(_short_of(resource, pod.requests[resource], max(0, most[resource])) for resource in short)


def _short_of(resource: str, need: int, most: int) -> str:
    if resource == "pods":
        return "every node is at its limit of pods"
    return f"needs {shown(resource, need)} {resource} a pod; the largest free node has {shown(resource, most)}"


def _short_together(nodes: Sequence[NodeFree], pod: Pod) -> str:
    """Name what the node that comes closest lacks, where every resource is free somewhere but not all on one node."""
    lacks = {node.name: _lack(node, pod) for node in nodes}
    closest = min(lacks, key=lambda name: (len(lacks[name]), name))
    needs, lacking = _listed(pod.requests), _listed(lacks[closest])
    return f"needs {needs} a pod on one node; {closest} comes closest and lacks {lacking}"


def _lack(node: NodeFree, pod: Pod) -> Mapping[str, int]:
    lacks = {resource: need - node.free.get(resource, 0) for resource, need in pod.requests.items()}
    return {resource: lack for resource, lack in lacks.items() if lack > 0}


def _listed(amounts: Mapping[str, int]) -> str:
    """Spell out amounts; the place that every pod takes is named only where it is all there is to name."""
    others = sorted(amounts.items() - {("pods", amounts.get("pods"))})
    return " and ".join(f"{shown(resource, value)} {resource}" for resource, value in others) or "a place for a pod"
