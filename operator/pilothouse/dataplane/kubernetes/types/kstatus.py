"""What an object is doing, by the rules of kstatus, which Argo CD, Flux and kubectl users know.

Source: sigs.k8s.io/cli-utils, pkg/kstatus/status. Where others must wait for an object before they go on, these rules
are stricter: a running Job is not Ready before it is complete, a failed Pod has failed, a lost claim has failed, and a
workload is not Ready before its controller saw it. A suspended Job holds up nobody. No rule reads the clock, so a Pod
that cannot be scheduled stays Progressing and says why. `tests/kstatus` compares both, and names every difference.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pilothouse.dataplane.types import Health, HealthState

Object = Mapping[str, Any]
Rule = Callable[[Object], Health]

READY: Final = Health()
_NO_DEADLINE: Final = (None, 2**31 - 1)
"""With these as its progressDeadlineSeconds, the Deployment controller does not tell how a rollout goes."""


def health(live: Object) -> Health:
    """Return what an object is doing; `live` is the whole object, its status included."""
    rule = RULES.get((group(live), str(live.get("kind", ""))), _by_ready_condition)
    return _deleting(live) or _unobserved(live) or _by_standard_conditions(live) or rule(live)


def group(live: Object) -> str:
    """Return the API group of an object; empty for the core group."""
    return str(live.get("apiVersion", "")).rpartition("/")[0]


def _deleting(live: Object) -> Health | None:
    metadata = live.get("metadata", {})
    if not metadata.get("deletionTimestamp"):
        return None
    finalizers = ", ".join(metadata.get("finalizers") or ())
    waits = f"; waits for finalizers {finalizers}" if finalizers else ""
    return Health(HealthState.DELETING, f"is being deleted{waits}")


def _unobserved(live: Object) -> Health | None:
    # Argo Rollouts spells it as text; some keep a hash under this name, which tells nothing.
    generation, seen = live.get("metadata", {}).get("generation"), str(_status(live).get("observedGeneration"))
    if generation is None or not seen.isdecimal() or int(seen) == generation:
        return None
    return _progressing(f"generation {generation} is not yet observed by its controller")


def _by_standard_conditions(live: Object) -> Health | None:
    for condition in _conditions(live).values():
        if condition.get("status") == "True":
            if condition["type"] == "Reconciling":
                return _progressing(_said(condition))
            if condition["type"] == "Stalled":
                return _failed(_said(condition))
    return None


def _by_ready_condition(live: Object) -> Health:
    condition, generation = _conditions(live).get("Ready", {}), live.get("metadata", {}).get("generation", 0)
    if condition.get("observedGeneration", generation) != generation:
        return _progressing("condition Ready speaks of an older generation")
    return READY if condition.get("status", "True") == "True" else _progressing(_said(condition))


def _deployment(live: Object) -> Health:
    conditions, wanted, have = _conditions(live), _replicas(live), _counts(live)
    if conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded":
        available = _of(have["availableReplicas"], wanted)
        return _failed(_with_failure(live, f"{available} available; progress deadline exceeded"))
    if not _observed(live):
        return _progressing("waits for the Deployment controller")
    if live["spec"].get("paused"):
        return _progressing("the rollout is paused (spec.paused)")
    if wanted > have["replicas"]:
        return _progressing(_with_failure(live, f"{_of(have['replicas'], wanted)} created"))
    if wanted > have["updatedReplicas"]:
        return _progressing(f"{_of(have['updatedReplicas'], wanted)} updated")
    if have["replicas"] > wanted:
        return _progressing(f"{have['replicas'] - wanted} surplus replicas are being stopped")
    if have["updatedReplicas"] > have["availableReplicas"]:
        return _progressing(f"{_of(have['availableReplicas'], wanted)} available")
    if wanted > have["readyReplicas"]:
        return _progressing(f"{_of(have['readyReplicas'], wanted)} ready")
    timed = live["spec"].get("progressDeadlineSeconds") not in _NO_DEADLINE
    if timed and not _rolled_out(conditions.get("Progressing", {})):
        return _progressing("its rollout has not ended")
    return READY if conditions.get("Available", {}).get("status") == "True" else _progressing("is not yet available")


def _rolled_out(progressing: Object) -> bool:
    return progressing.get("status") == "True" and progressing.get("reason") == "NewReplicaSetAvailable"


def _stateful_set(live: Object) -> Health:
    strategy = live["spec"].get("updateStrategy", {})
    wanted, have, status = _replicas(live), _counts(live), _status(live)
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if not _observed(live):
        return _progressing("waits for the StatefulSet controller")
    if strategy.get("type") == "OnDelete":
        return Health(message="updated by hand (updateStrategy OnDelete)")
    if wanted > have["replicas"]:
        return _progressing(f"{_of(have['replicas'], wanted)} created")
    if wanted > have["readyReplicas"]:
        return _progressing(f"{_of(have['readyReplicas'], wanted)} ready")
    if have["replicas"] > wanted:
        return _progressing(f"{have['replicas'] - wanted} surplus replicas are being stopped")
    due = max(0, wanted - partition)
    if due > have["updatedReplicas"]:
        return _progressing(f"{_of(have['updatedReplicas'], due)} updated")
    if not partition and status.get("currentRevision") != status.get("updateRevision"):
        return _progressing("its rollout has not ended")
    return READY


def _daemon_set(live: Object) -> Health:
    status = _status(live)
    wanted = int(status.get("desiredNumberScheduled", 0))
    if not _observed(live):
        return _progressing("waits for the DaemonSet controller")
    for count, meaning in _DAEMON_COUNTS.items():
        if wanted > int(status.get(count, 0)):
            return _progressing(f"{_of(int(status.get(count, 0)), wanted, 'node')} {meaning}")
    return READY


_DAEMON_COUNTS: Final = {
    "currentNumberScheduled": "have a pod",
    "updatedNumberScheduled": "updated",
    "numberAvailable": "available",
    "numberReady": "ready",
}


def _replica_set(live: Object) -> Health:
    wanted, have = _replicas(live), _counts(live)
    if not _observed(live):
        return _progressing("waits for the ReplicaSet controller")
    if _conditions(live).get("ReplicaFailure", {}).get("status") == "True":
        return _progressing(_with_failure(live, f"{_of(have['replicas'], wanted)} created"))
    for count, meaning in _REPLICA_SET_COUNTS.items():
        if wanted > have[count]:
            return _progressing(f"{_of(have[count], wanted)} {meaning}")
    if have["replicas"] > wanted:
        return _progressing(f"{have['replicas'] - wanted} surplus replicas are being stopped")
    return READY


_REPLICA_SET_COUNTS: Final = {
    "fullyLabeledReplicas": "created",
    "availableReplicas": "available",
    "readyReplicas": "ready",
}


def _job(live: Object) -> Health:
    conditions, status = _conditions(live), _status(live)
    completions = live["spec"].get("completions", live["spec"].get("parallelism", 1))
    if conditions.get("Complete", {}).get("status") == "True":
        return READY
    if (failed := conditions.get("Failed", {})).get("status") == "True":
        return _failed(_said(failed))
    if conditions.get("Suspended", {}).get("status") == "True":
        return Health(message="is suspended (spec.suspend)")
    if not status.get("startTime"):
        return _progressing("waits for the Job controller")
    return _progressing(f"{_of(int(status.get('succeeded', 0)), completions, 'completion')} reached")


def _pod(live: Object) -> Health:
    conditions, phase = _conditions(live), _status(live).get("phase", "")
    crashing = [
        status["name"]
        for status in _status(live).get("containerStatuses") or ()
        if ((status.get("state") or {}).get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    ]
    match phase:
        case "Succeeded":
            return READY
        case "Failed":
            return _failed(_status(live).get("message") or _status(live).get("reason") or "has failed")
        case "Running" if conditions.get("Ready", {}).get("status") == "True":
            return READY
        case "Running" if crashing:
            return _failed(f"containers crash again and again: {', '.join(crashing)}")
        case "Running":
            return _progressing("runs but is not ready")
        case _:
            return _progressing(_said(conditions.get("PodScheduled", {}), "waits to be started"))


def _claim(live: Object) -> Health:
    phase = _status(live).get("phase", "Pending")
    if phase == "Lost":
        return _failed("its volume is lost")
    return READY if phase == "Bound" else _progressing(f"is {phase}, not Bound to a volume")


def _service(live: Object) -> Health:
    spec = live.get("spec", {})
    if spec.get("type") != "LoadBalancer":
        return READY
    if not spec.get("clusterIP"):
        return _progressing("has no cluster IP yet")
    addressed = (_status(live).get("loadBalancer") or {}).get("ingress")
    return READY if addressed else Health(message="its load balancer has no address yet")


def _ingress(live: Object) -> Health:
    addressed = (_status(live).get("loadBalancer") or {}).get("ingress")
    return READY if addressed else Health(message="no controller has given it an address yet")


def _route(live: Object) -> Health:
    """Source: RouteStatus of sigs.k8s.io/gateway-api, apis/v1; every Gateway tells for itself."""
    listed, generation = _status(live).get("parents"), live.get("metadata", {}).get("generation")
    parents = [parent for parent in listed if isinstance(parent, Mapping)] if isinstance(listed, list) else []
    told = [condition for parent in parents for condition in _listed_conditions(parent)]
    current = [one for one in told if one.get("observedGeneration", generation) == generation]
    refused = [one for one in current if one.get("status") == "False" and one.get("type") in _NEEDED_OF_ROUTES]
    if refused:
        return _failed(_said(refused[0]))
    accepted = [one for one in current if one.get("type") == "Accepted" and one.get("status") == "True"]
    return READY if parents and len(accepted) == len(parents) else _progressing("waits for its Gateway to take it up")


_NEEDED_OF_ROUTES: Final = ("Accepted", "ResolvedRefs")


def _definition(live: Object) -> Health:
    conditions = _conditions(live)
    names, established = conditions.get("NamesAccepted", {}), conditions.get("Established", {})
    if names.get("status") == "False":
        return _failed(_said(names))
    if established.get("status") == "True":
        return READY
    if established.get("status") == "False" and established.get("reason") != "Installing":
        return _failed(_said(established))
    return _progressing("is being installed")


def _always_ready(live: Object) -> Health:
    del live
    return READY


RULES: Final[Mapping[tuple[str, str], Rule]] = {
    ("", "ConfigMap"): _always_ready,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "Secret"): _always_ready,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "CronJob"): _always_ready,
    ("batch", "Job"): _job,
    ("gateway.networking.k8s.io", "HTTPRoute"): _route,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("policy", "PodDisruptionBudget"): _always_ready,
}


def _status(live: Object) -> Object:
    status = live.get("status")
    return status if isinstance(status, Mapping) else {}


def _conditions(live: Object) -> dict[str, Object]:
    return {str(entry.get("type", "")): entry for entry in _listed_conditions(_status(live))}


def _listed_conditions(holder: Object) -> list[Object]:
    listed = holder.get("conditions")
    # A custom resource may keep something else under this name.
    return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []


def _replicas(live: Object) -> int:
    return int(live["spec"].get("replicas", 1))


def _counts(live: Object) -> dict[str, int]:
    """Return the counts in the status of a workload, absent ones as 0."""
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "fullyLabeledReplicas")
    return {name: int(_status(live).get(name) or 0) for name in names}


def _observed(live: Object) -> bool:
    return "observedGeneration" in _status(live)


def _with_failure(live: Object, message: str) -> str:
    """Add why pods cannot be created, such as an exceeded quota, where the controller says so."""
    failure = _conditions(live).get("ReplicaFailure", {})
    return f"{message}: {_said(failure)}" if failure.get("status") == "True" else message


def _of(count: int, wanted: int, noun: str = "replica") -> str:
    return f"{count} of {wanted} {noun}{'' if wanted == 1 else 's'}"


def _said(condition: Object, otherwise: str = "no reason is given") -> str:
    return str(condition.get("message") or condition.get("reason") or otherwise)


def _progressing(message: str) -> Health:
    return Health(HealthState.PROGRESSING, message)


def _failed(message: str) -> Health:
    return Health(HealthState.FAILED, message)
