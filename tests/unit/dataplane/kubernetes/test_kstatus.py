"""Health, case by case: what people are told an object is doing, and when others may go on."""

from dataclasses import dataclass
from typing import Any

import pytest

from pilothouse.dataplane.kubernetes.types.kstatus import RULES, group, health
from pilothouse.dataplane.types import Health, HealthState

READY, PROGRESSING, FAILED, DELETING = (
    HealthState.READY,
    HealthState.PROGRESSING,
    HealthState.FAILED,
    HealthState.DELETING,
)


@dataclass(frozen=True)
class Case:
    """An object, and what it is doing."""

    live: dict[str, Any]
    state: HealthState
    message: str = ""
    reason: str = "a rule of kstatus"


def thing(
    kind: str,
    status: Any = None,
    spec: dict[str, Any] | None = None,
    api_version: str = "example.org/v1",
    **metadata: Any,
) -> dict[str, Any]:
    """An object of a kind, generation 1 unless told otherwise."""
    found = {"apiVersion": api_version, "kind": kind, "metadata": {"generation": 1, **metadata}}
    return {
        **found,
        **({"spec": spec} if spec is not None else {}),
        **({"status": status} if status is not None else {}),
    }


def condition(kind: str, status: str = "True", reason: str = "", message: str = "", **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, **more}


AVAILABLE = condition("Available")
QUOTA = condition("ReplicaFailure", reason="FailedCreate", message="exceeded quota: small")


def workload(kind: str, counts: dict[str, Any], spec: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return thing(kind, {"observedGeneration": 1, "conditions": list(conditions), **counts}, spec, "apps/v1")


def deployment(*conditions: dict[str, Any], wanted: int = 3, **found: int) -> dict[str, Any]:
    return workload("Deployment", found, {"replicas": wanted}, *conditions)


def counts(replicas: int, updated: int, available: int) -> dict[str, Any]:
    return {
        "replicas": replicas,
        "updatedReplicas": updated,
        "readyReplicas": available,
        "availableReplicas": available,
    }


GENERIC = {
    "deletion comes before everything else": Case(
        thing("Any", {"conditions": [condition("Stalled")]}, deletionTimestamp="2026-11-23T12:00:00Z"),
        DELETING,
        "is being deleted",
    ),
    "deletion names what it waits for": Case(
        thing("Any", deletionTimestamp="2026-11-23T12:00:00Z", finalizers=["a.io/x", "b.io/y"]),
        DELETING,
        "is being deleted; waits for finalizers a.io/x, b.io/y",
    ),
    "a generation that nobody has looked at": Case(
        thing("Any", {"observedGeneration": 1}, generation=2),
        PROGRESSING,
        "generation 2 is not yet observed by its controller",
    ),
    "a generation spelled as text": Case(
        thing("Rollout", {"observedGeneration": "1"}), READY, reason="Argo Rollouts does"
    ),
    "a generation spelled as a hash": Case(
        thing("Any", {"observedGeneration": "5f7c"}), READY, reason="it tells nothing"
    ),
    "no generation": Case({"kind": "Any", "metadata": {}, "status": {"observedGeneration": 4}}, READY),
    "Reconciling": Case(
        thing("Any", {"conditions": [condition("Reconciling", message="rolls out")]}), PROGRESSING, "rolls out"
    ),
    "Reconciling that is over": Case(thing("Any", {"conditions": [condition("Reconciling", "False")]}), READY),
    "Stalled": Case(thing("Any", {"conditions": [condition("Stalled", reason="BadSpec")]}), FAILED, "BadSpec"),
    "Ready": Case(thing("Any", {"conditions": [condition("Ready")]}), READY),
    "not Ready": Case(
        thing("Any", {"conditions": [condition("Ready", "False", message="no peers")]}), PROGRESSING, "no peers"
    ),
    "not Ready and silent": Case(
        thing("Any", {"conditions": [condition("Ready", "Unknown")]}), PROGRESSING, "no reason is given"
    ),
    "Ready of an older generation": Case(
        thing("Any", {"conditions": [condition("Ready", observedGeneration=1)]}, generation=2),
        PROGRESSING,
        "condition Ready speaks of an older generation",
    ),
    "Ready of this generation": Case(thing("Any", {"conditions": [condition("Ready", observedGeneration=1)]}), READY),
    "no conditions": Case(thing("Any"), READY, reason="kstatus: what says nothing is as it should be"),
    "a status that is no object": Case(thing("Any", "fine"), READY, reason="a custom resource may keep anything there"),
    "conditions that are no list": Case(thing("Any", {"conditions": {"ok": True}}), READY, reason="likewise"),
    "conditions that are no objects": Case(thing("Any", {"conditions": ["ok"]}), READY, reason="likewise"),
    "an empty object": Case({}, READY),
}

DEPLOYMENTS = {
    "all available": Case(deployment(AVAILABLE, **counts(3, 3, 3)), READY),
    "none wanted": Case(deployment(AVAILABLE, wanted=0), READY),
    "one by default": Case(workload("Deployment", counts(1, 1, 0), {}), PROGRESSING, "0 of 1 replica available"),
    "not seen by the controller": Case(
        thing("Deployment", spec={"replicas": 0}, api_version="apps/v1"),
        PROGRESSING,
        "waits for the Deployment controller",
        reason="right after its creation it has no status, and must not pass for Ready",
    ),
    "too few created": Case(deployment(**counts(1, 1, 1)), PROGRESSING, "1 of 3 replicas created"),
    "too few created, and why": Case(
        deployment(QUOTA, **counts(1, 1, 1)), PROGRESSING, "1 of 3 replicas created: exceeded quota: small"
    ),
    "a failure that is over": Case(
        deployment(condition("ReplicaFailure", "False"), **counts(1, 1, 1)), PROGRESSING, "1 of 3 replicas created"
    ),
    "too few updated": Case(deployment(AVAILABLE, **counts(4, 1, 3)), PROGRESSING, "1 of 3 replicas updated"),
    "too many": Case(deployment(AVAILABLE, **counts(5, 3, 3)), PROGRESSING, "2 surplus replicas are being stopped"),
    "too few available": Case(deployment(AVAILABLE, **counts(3, 3, 1)), PROGRESSING, "1 of 3 replicas available"),
    "too few ready": Case(
        deployment(AVAILABLE, **{**counts(3, 3, 3), "readyReplicas": 2}), PROGRESSING, "2 of 3 replicas ready"
    ),
    "a rollout that has not ended": Case(
        workload(
            "Deployment",
            counts(3, 3, 3),
            {"replicas": 3, "progressDeadlineSeconds": 600},
            AVAILABLE,
            condition("Progressing", reason="ReplicaSetUpdated"),
        ),
        PROGRESSING,
        "its rollout has not ended",
    ),
    "a rollout that has ended": Case(
        workload(
            "Deployment",
            counts(3, 3, 3),
            {"replicas": 3, "progressDeadlineSeconds": 600},
            AVAILABLE,
            condition("Progressing", reason="NewReplicaSetAvailable"),
        ),
        READY,
    ),
    "a rollout without a deadline": Case(
        workload("Deployment", counts(3, 3, 3), {"replicas": 3, "progressDeadlineSeconds": 2**31 - 1}, AVAILABLE),
        READY,
        reason="its controller writes no condition Progressing then",
    ),
    "available too briefly": Case(deployment(**counts(3, 3, 3)), PROGRESSING, "is not yet available"),
    "paused": Case(workload("Deployment", {}, {"paused": True}), PROGRESSING, "the rollout is paused (spec.paused)"),
    "out of time": Case(
        deployment(condition("Progressing", "False", "ProgressDeadlineExceeded"), **counts(3, 3, 1)),
        FAILED,
        "1 of 3 replicas available; progress deadline exceeded",
    ),
}


def stateful(spec: dict[str, Any] | None = None, **found: Any) -> dict[str, Any]:
    return workload("StatefulSet", found, {"replicas": 3, **(spec or {})})


def partitioned(updated: int) -> dict[str, Any]:
    strategy = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
    return stateful(strategy, **{**counts(3, updated, 3), "currentRevision": "a", "updateRevision": "b"})


STATEFUL_SETS = {
    "all ready": Case(stateful(**counts(3, 3, 3), currentRevision="a", updateRevision="a"), READY),
    "not seen": Case(
        thing("StatefulSet", spec={"replicas": 0}, api_version="apps/v1"),
        PROGRESSING,
        "waits for the StatefulSet controller",
    ),
    "updated by hand": Case(
        stateful({"updateStrategy": {"type": "OnDelete"}}), READY, "updated by hand (updateStrategy OnDelete)"
    ),
    "all updated, of two revisions": Case(
        stateful(**counts(3, 3, 3), currentRevision="a", updateRevision="b"), PROGRESSING, "its rollout has not ended"
    ),
    "too few updated, of one revision": Case(
        stateful(**counts(3, 1, 3), currentRevision="a", updateRevision="a"), PROGRESSING, "1 of 3 replicas updated"
    ),
    "too few created": Case(stateful(**counts(1, 1, 1)), PROGRESSING, "1 of 3 replicas created"),
    "too few ready": Case(stateful(**counts(3, 3, 2)), PROGRESSING, "2 of 3 replicas ready"),
    "too many": Case(stateful(**counts(4, 4, 4)), PROGRESSING, "1 surplus replicas are being stopped"),
    "an update under way": Case(
        stateful(**counts(3, 1, 3), currentRevision="a", updateRevision="b"), PROGRESSING, "1 of 3 replicas updated"
    ),
    "a partition that is done": Case(partitioned(1), READY),
    "a partition under way": Case(partitioned(0), PROGRESSING, "0 of 1 replica updated"),
}


def daemons(**found: int) -> dict[str, Any]:
    return workload("DaemonSet", {"desiredNumberScheduled": 2, **found}, {})


DAEMON_SETS = {
    "on all nodes": Case(
        daemons(currentNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2, numberReady=2), READY
    ),
    "not seen": Case(thing("DaemonSet", api_version="apps/v1"), PROGRESSING, "waits for the DaemonSet controller"),
    "too few placed": Case(daemons(currentNumberScheduled=1), PROGRESSING, "1 of 2 nodes have a pod"),
    "too few updated": Case(
        daemons(currentNumberScheduled=2, updatedNumberScheduled=1), PROGRESSING, "1 of 2 nodes updated"
    ),
    "too few available": Case(
        daemons(currentNumberScheduled=2, updatedNumberScheduled=2), PROGRESSING, "0 of 2 nodes available"
    ),
    "too few ready": Case(
        daemons(currentNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2, numberReady=1),
        PROGRESSING,
        "1 of 2 nodes ready",
    ),
}


def replicas(*conditions: dict[str, Any], **found: int) -> dict[str, Any]:
    return workload("ReplicaSet", found, {"replicas": 2}, *conditions)


REPLICA_SETS = {
    "all available": Case(replicas(fullyLabeledReplicas=2, availableReplicas=2, readyReplicas=2, replicas=2), READY),
    "not seen": Case(
        thing("ReplicaSet", spec={}, api_version="apps/v1"), PROGRESSING, "waits for the ReplicaSet controller"
    ),
    "too few created": Case(replicas(), PROGRESSING, "0 of 2 replicas created"),
    "too few created, and why": Case(replicas(QUOTA), PROGRESSING, "0 of 2 replicas created: exceeded quota: small"),
    "too few available": Case(replicas(fullyLabeledReplicas=2), PROGRESSING, "0 of 2 replicas available"),
    "too few ready": Case(
        replicas(fullyLabeledReplicas=2, availableReplicas=2, readyReplicas=1), PROGRESSING, "1 of 2 replicas ready"
    ),
    "too many": Case(
        replicas(fullyLabeledReplicas=3, availableReplicas=3, readyReplicas=3, replicas=3),
        PROGRESSING,
        "1 surplus replicas are being stopped",
    ),
}


def job(*conditions: dict[str, Any], spec: dict[str, Any] | None = None, **found: Any) -> dict[str, Any]:
    return thing("Job", {"conditions": list(conditions), **found}, spec or {}, "batch/v1")


JOBS = {
    "complete": Case(job(condition("Complete"), succeeded=1), READY),
    "failed": Case(job(condition("Failed", message="BackoffLimitExceeded")), FAILED, "BackoffLimitExceeded"),
    "suspended": Case(job(condition("Suspended")), READY, "is suspended (spec.suspend)"),
    "not started": Case(job(), PROGRESSING, "waits for the Job controller"),
    "running": Case(
        job(startTime="2026-11-23T12:00:00Z"),
        PROGRESSING,
        "0 of 1 completion reached",
        reason="kstatus calls it current, but whoever depends on a migration waits for its end",
    ),
    "partly done": Case(
        job(startTime="2026-11-23T12:00:00Z", succeeded=1, spec={"completions": 4}),
        PROGRESSING,
        "1 of 4 completions reached",
    ),
    "as many as run at once": Case(
        job(startTime="2026-11-23T12:00:00Z", spec={"parallelism": 2}), PROGRESSING, "0 of 2 completions reached"
    ),
}


def pod(phase: str, *conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return thing("Pod", {"phase": phase, "conditions": list(conditions), **more}, {}, "v1")


PODS = {
    "done": Case(pod("Succeeded"), READY),
    "failed, and why": Case(pod("Failed", message="evicted"), FAILED, "evicted"),
    "failed, in a word": Case(pod("Failed", reason="Evicted"), FAILED, "Evicted"),
    "failed": Case(pod("Failed"), FAILED, "has failed", reason="kstatus calls it current, nobody else would"),
    "ready": Case(pod("Running", condition("Ready")), READY),
    "crashing": Case(
        pod(
            "Running",
            containerStatuses=[
                {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
                {"name": "b", "state": {"running": {}}},
                {"name": "c"},
            ],
        ),
        FAILED,
        "containers crash again and again: a",
    ),
    "not ready": Case(pod("Running", condition("Ready", "False")), PROGRESSING, "runs but is not ready"),
    "fits nowhere": Case(
        pod("Pending", condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available")),
        PROGRESSING,
        "0/3 nodes are available",
    ),
    "new": Case(thing("Pod", spec={}, api_version="v1"), PROGRESSING, "waits to be started"),
}

OTHERS = {
    "a bound claim": Case(thing("PersistentVolumeClaim", {"phase": "Bound"}, api_version="v1"), READY),
    "a waiting claim": Case(
        thing("PersistentVolumeClaim", api_version="v1"), PROGRESSING, "is Pending, not Bound to a volume"
    ),
    "a lost claim": Case(
        thing("PersistentVolumeClaim", {"phase": "Lost"}, api_version="v1"), FAILED, "its volume is lost"
    ),
    "a Service": Case(thing("Service", spec={"clusterIP": "10.96.0.7"}, api_version="v1"), READY),
    "a Service without a spec": Case(thing("Service", api_version="v1"), READY),
    "a load balancer without a cluster address": Case(
        thing("Service", spec={"type": "LoadBalancer"}, api_version="v1"), PROGRESSING, "has no cluster IP yet"
    ),
    "a load balancer without an address": Case(
        thing("Service", spec={"type": "LoadBalancer", "clusterIP": "10.96.0.7"}, api_version="v1"),
        READY,
        "its load balancer has no address yet",
        reason="kstatus calls it current; where no cloud gives addresses it never gets one",
    ),
    "a load balancer": Case(
        thing(
            "Service",
            {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
            {"type": "LoadBalancer", "clusterIP": "10.96.0.7"},
            "v1",
        ),
        READY,
    ),
    "a definition": Case(
        thing(
            "CustomResourceDefinition",
            {"conditions": [condition("Established"), condition("NamesAccepted")]},
            api_version="apiextensions.k8s.io/v1",
        ),
        READY,
    ),
    "a definition whose names are taken": Case(
        thing(
            "CustomResourceDefinition",
            {"conditions": [condition("NamesAccepted", "False", message="plural is taken")]},
            api_version="apiextensions.k8s.io/v1",
        ),
        FAILED,
        "plural is taken",
    ),
    "a definition that is installing": Case(
        thing(
            "CustomResourceDefinition",
            {"conditions": [condition("Established", "False", "Installing")]},
            api_version="apiextensions.k8s.io/v1",
        ),
        PROGRESSING,
        "is being installed",
    ),
    "a new definition": Case(
        thing("CustomResourceDefinition", api_version="apiextensions.k8s.io/v1"), PROGRESSING, "is being installed"
    ),
    "a definition that is refused": Case(
        thing(
            "CustomResourceDefinition",
            {"conditions": [condition("Established", "False", "NotAccepted")]},
            api_version="apiextensions.k8s.io/v1",
        ),
        FAILED,
        "NotAccepted",
    ),
    "a ConfigMap": Case(thing("ConfigMap", api_version="v1"), READY),
    "a Secret": Case(thing("Secret", api_version="v1"), READY),
    "a CronJob": Case(thing("CronJob", {}, api_version="batch/v1"), READY),
    "a disruption budget": Case(thing("PodDisruptionBudget", {}, api_version="policy/v1"), READY),
    "a namesake in another group": Case(
        thing("Deployment", {}), READY, reason="rules are for kinds of a group, not for names"
    ),
}


def route(*parents: Any, generation: int = 1) -> dict[str, Any]:
    status = {"parents": [{"conditions": list(one)} if isinstance(one, tuple) else one for one in parents]}
    return thing("HTTPRoute", status, api_version="gateway.networking.k8s.io/v1", generation=generation)


ACCEPTED = condition("Accepted", observedGeneration=1)
RESOLVED = condition("ResolvedRefs", observedGeneration=1)
WAITS = "waits for its Gateway to take it up"
WAYS_IN = {
    "an Ingress with an address": Case(
        thing("Ingress", {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, api_version="networking.k8s.io/v1"),
        READY,
    ),
    "an Ingress without an address": Case(
        thing("Ingress", {"loadBalancer": {}}, api_version="networking.k8s.io/v1"),
        READY,
        "no controller has given it an address yet",
        "kstatus: an Ingress is Current; many controllers never give an address",
    ),
    "a route that nobody has seen": Case(route(), PROGRESSING, WAITS, "no Gateway, no way in"),
    "a route without a status": Case(
        thing("HTTPRoute", api_version="gateway.networking.k8s.io/v1"), PROGRESSING, WAITS
    ),
    "a route taken up": Case(route((ACCEPTED, RESOLVED)), READY, reason="its Gateway says so"),
    "a route refused": Case(
        route((condition("Accepted", "False", "NotAllowedByListeners", observedGeneration=1),)),
        FAILED,
        "NotAllowedByListeners",
        "its Gateway says so",
    ),
    "a route to nowhere": Case(
        route((ACCEPTED, condition("ResolvedRefs", "False", "BackendNotFound", observedGeneration=1))),
        FAILED,
        "BackendNotFound",
        "requests would be answered with 500",
    ),
    "a route that one Gateway of two has taken up": Case(route((ACCEPTED,), ()), PROGRESSING, WAITS),
    "a route as it was": Case(
        route((condition("Accepted", "False", observedGeneration=1),), generation=2),
        PROGRESSING,
        WAITS,
        "what was said of an older generation counts no more",
    ),
    "a route whose parents are none": Case(route("x"), PROGRESSING, WAITS, "a status may hold anything"),
}

CASES = {
    f"{family}: {name}": case
    for family, cases in {
        "any kind": GENERIC,
        "Deployment": DEPLOYMENTS,
        "StatefulSet": STATEFUL_SETS,
        "DaemonSet": DAEMON_SETS,
        "ReplicaSet": REPLICA_SETS,
        "Job": JOBS,
        "Pod": PODS,
        "other kinds": OTHERS,
        "ways in": WAYS_IN,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_health(case: Case) -> None:
    assert health(case.live) == Health(case.state, case.message), case.reason


def test_every_rule_has_a_case() -> None:
    tested = {(group(case.live), case.live.get("kind", "")) for case in CASES.values()}
    assert set(RULES) <= tested
