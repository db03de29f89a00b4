"""What a pod takes from its node, and what the pods of a node leave free, counted as kube-scheduler counts.

What admission adds to a pod later (a LimitRange's defaults, a RuntimeClass's overhead) is not seen in a template.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pilothouse.api.quantities import amount
from pilothouse.desired.cells import NodeFree, Taint

_OVERCOMMITTED: Final = ("cpu", "memory")
_POD_LEVEL: Final = (*_OVERCOMMITTED, "hugepages-")
_FINISHED: Final = ("Succeeded", "Failed")


def pod_requests(spec: Mapping[str, Any], where: str = "spec") -> Mapping[str, int]:
    """Return what a pod with this core/v1 PodSpec takes, by resource in the units of `NodeFree.free`, zeros left out.

    where: the path of `spec`, for errors. Raises InvalidQuantityError.
    Source: PodRequests in k8s.io/component-helpers, resource/helpers.go, and the API server's defaults for pods.
    """
    containers = _of_containers(spec, where)
    overhead = _amounts(spec.get("overhead"), f"{where}.overhead")
    return Counter({"pods": 1}) + _with_pod_level(containers, spec.get("resources"), f"{where}.resources") + overhead


def node_free(node: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> NodeFree:
    """Return what is free on a core/v1 Node with these core/v1 Pods bound to it; finished pods hold nothing."""
    metadata, spec = node["metadata"], node.get("spec") or {}
    free = _amounts((node.get("status") or {}).get("allocatable"), f"Node {metadata['name']}: status.allocatable")
    for pod in pods:
        if (pod.get("status") or {}).get("phase") not in _FINISHED:
            free.subtract(pod_requests(pod["spec"]))
    taints = (Taint(taint["key"], taint.get("value") or "", taint["effect"]) for taint in spec.get("taints") or ())
    labels = metadata.get("labels") or {}
    return NodeFree(metadata["name"], labels, dict(free), not spec.get("unschedulable"), tuple(taints))


def _of_containers(spec: Mapping[str, Any], where: str) -> Counter[str]:
    """Return the most that the containers ask for at once, while starting or while running."""
    running: Counter[str] = Counter()
    starting: Counter[str] = Counter()
    sidecars: Counter[str] = Counter()
    for container in spec.get("containers") or ():
        running += _asked(container, f"{where}.containers")
    for container in spec.get("initContainers") or ():
        asked = _asked(container, f"{where}.initContainers")
        starting |= asked + sidecars
        if container.get("restartPolicy") == "Always":
            sidecars += asked
            running += asked
    return running | starting


def _asked(container: Mapping[str, Any], where: str) -> Counter[str]:
    """Return a container's requests; a limit without a request is one."""
    resources, path = container.get("resources") or {}, f"{where}[{container.get('name', '')}].resources"
    limits = _amounts(resources.get("limits"), f"{path}.limits")
    return Counter({**limits, **_amounts(resources.get("requests"), f"{path}.requests")})


def _with_pod_level(containers: Counter[str], resources: Mapping[str, Any] | None, where: str) -> Counter[str]:
    """Return what the pod asks for as a whole, where it does: its requests, else its containers', else its limits."""
    given = resources or {}
    limits = _amounts(given.get("limits"), f"{where}.limits")
    requests = _amounts(given.get("requests"), f"{where}.requests")
    defaulted = {resource: containers[resource] for resource in _OVERCOMMITTED if resource in containers}
    whole = {**limits, **defaulted, **requests}
    return Counter(containers | {name: value for name, value in whole.items() if name.startswith(_POD_LEVEL)})


def _amounts(quantities: Mapping[str, Any] | None, where: str) -> Counter[str]:
    return Counter({name: amount(name, value, f"{where}.{name}") for name, value in (quantities or {}).items()})
