"""What lets the pods behind a Service be replaced without a request that fails, where the template does not say.

A pod that is told to end is still being sent requests for a moment, until every node and load balancer has heard of
it. So each container sleeps before it is told, and has its own time to end after that. And a new pod must be available
before an old one goes. All of it is a default: what a workload says itself is never touched.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.api.workload import Workload
from pilothouse.api.workload_kinds import DeploymentStrategy, UpdateStrategy

SLEEP_SECONDS: Final = 5
"""How long endpoints take to be withdrawn everywhere."""
GRACE_SECONDS: Final = 30 + SLEEP_SECONDS
"""Kubernetes' own 30 seconds to end, after the sleep."""
GENTLE: Final[Mapping[str, Any]] = {"maxUnavailable": 0, "maxSurge": "25%"}
PLAIN: Final[Mapping[str, Any]] = {"maxUnavailable": "25%", "maxSurge": "25%"}
"""Bounds of a rolling update: ours for what serves, and Kubernetes' own."""

_RUN_TO_THE_END: Final = frozenset({"Job", "CronJob"})


def strategy(workload: Workload) -> dict[str, Any]:
    """Return how the replicas of a Deployment or StatefulSet are replaced, as the field of its spec, in full.

    What was left to the API server's defaults would not be ours to take away, and it refuses bounds beside the
    strategies that have none.
    """
    if workload.kind == "StatefulSet":
        return {"updateStrategy": _spelled_out(workload.update_strategy, {"partition": 0})}
    if workload.strategy is not None:
        return {"strategy": _spelled_out(workload.strategy, PLAIN)}
    return {"strategy": _spelled_out(None, PLAIN if workload.service is None else GENTLE)}


def _spelled_out(given: DeploymentStrategy | UpdateStrategy | None, bounds: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "RollingUpdate"}
    if given is not None:
        said = given.model_dump(by_alias=True, exclude_none=True)
    rolls = said["type"] == "RollingUpdate"
    return said | ({"rollingUpdate": {**bounds, **said.get("rollingUpdate", {})}} if rolls else {})


def ending(workload: Workload, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pod `spec` with a sleep before its end, where it serves and gives itself the time for it.

    A container with a preStop of its own keeps it; a terminationGracePeriodSeconds that is no longer than the sleep
    says that the pod is to end at once.
    """
    grace = spec.get("terminationGracePeriodSeconds")
    hurries = grace is not None and grace <= SLEEP_SECONDS
    if workload.service is None or workload.kind in _RUN_TO_THE_END or hurries:
        return dict(spec)
    containers = [_sleeping(container) for container in spec.get("containers") or ()]
    return {
        **spec,
        "terminationGracePeriodSeconds": GRACE_SECONDS if grace is None else grace,
        "containers": containers,
    }


def _sleeping(container: Mapping[str, Any]) -> dict[str, Any]:
    lifecycle = container.get("lifecycle") or {}
    if lifecycle.get("preStop"):
        return dict(container)
    return {**container, "lifecycle": {**lifecycle, "preStop": {"sleep": {"seconds": SLEEP_SECONDS}}}}


def advice(workload: Workload) -> str:
    """Return what keeps a rollout from being without failures, and the mend; empty where nothing does.

    It is no reason to refuse the workload: Kubernetes runs it as well, and calls its pods ready once they have started.
    """
    spec = workload.template.get("spec") or {}
    containers: Sequence[Mapping[str, Any]] = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    told = any(container.get("readinessProbe") for container in containers) or spec.get("readinessGates")
    if workload.service is None or workload.kind in _RUN_TO_THE_END or told:
        return ""
    mend = "give the container that serves a readinessProbe"
    return f"workload {workload.name}: requests reach new pods before they can answer: {mend}"
