"""Our port of kstatus against kstatus itself: where they differ, ours says so, and each difference is there."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

from pilothouse.dataplane.kubernetes.types.kstatus import health
from pilothouse.dataplane.types import Health, HealthState
from tests.kstatus import STATES, Kstatus
from tests.kstatus.objects import objects

READY, PROGRESSING, FAILED = HealthState.READY, HealthState.PROGRESSING, HealthState.FAILED
pytestmark = pytest.mark.slow


class Difference(NamedTuple):
    """What kstatus says, what we say, an example of it, and why. says: what we tell with it, and with nothing else."""

    theirs: HealthState
    ours: HealthState
    example: dict[str, Any]
    reason: str
    says: str = ""


def live(api_version: str, kind: str, status: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "one", "generation": 2}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec, "status": status}


def condition(kind: str, status: str, reason: str = "Why") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason}


NONE = {"replicas": 0}
TAKEN = [condition("Established", "True"), condition("NamesAccepted", "False")]
UNSCHEDULED = {"phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable")]}
ON_DELETE = {"replicas": 0, "updateStrategy": {"type": "OnDelete"}}
MIXED = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"}
ROLLING = {"replicas": 1, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}
DIFFERENCES = {
    "Job": Difference(
        READY,
        PROGRESSING,
        live("batch/v1", "Job", {"startTime": "2026-01-01T00:00:00Z"}, {}),
        "others wait for what it does",
    ),
    "Job that is suspended": Difference(
        PROGRESSING,
        READY,
        live("batch/v1", "Job", {"conditions": [condition("Suspended", "True")]}, {}),
        "somebody wants it so, and others are not held up by it",
    ),
    "Pod that failed": Difference(READY, FAILED, live("v1", "Pod", {"phase": "Failed"}, {}), "it did not do it"),
    "Pod that fits nowhere": Difference(
        FAILED, PROGRESSING, live("v1", "Pod", UNSCHEDULED, {}), "after 15 s by the clock, which no rule of ours reads"
    ),
    "PersistentVolumeClaim": Difference(
        PROGRESSING, FAILED, live("v1", "PersistentVolumeClaim", {"phase": "Lost"}, {}), "it does not come back"
    ),
    "CustomResourceDefinition": Difference(
        READY,
        FAILED,
        live("apiextensions.k8s.io/v1", "CustomResourceDefinition", {"conditions": TAKEN}, {}),
        "in whatever order conditions come",
    ),
    "ReplicaSet": Difference(
        READY, PROGRESSING, live("apps/v1", "ReplicaSet", {}, NONE), "its controller has not seen it"
    ),
    "Deployment": Difference(
        READY,
        PROGRESSING,
        live("apps/v1", "Deployment", {"conditions": [condition("Available", "True")]}, NONE),
        "its controller has not seen it",
        says="waits for the Deployment controller",
    ),
    "StatefulSet that nobody saw": Difference(
        READY, PROGRESSING, live("apps/v1", "StatefulSet", {}, ON_DELETE), "its controller has not seen it"
    ),
    "StatefulSet of two revisions": Difference(
        READY,
        PROGRESSING,
        live("apps/v1", "StatefulSet", {"observedGeneration": 2, **MIXED}, ROLLING),
        "a partition of 0, which the API server fills in, is none",
    ),
}


def known(kind: str, theirs: HealthState, ours: Health) -> bool:
    states = kind, theirs, ours.state
    return any(
        states == (one.example["kind"], one.theirs, one.ours) and one.says in ours.message
        for one in DIFFERENCES.values()
    )


@given(drawn=objects())
@settings(max_examples=4_000)
def test_the_port_says_what_kstatus_says(kstatus: Kstatus, drawn: dict[str, Any]) -> None:
    theirs, ours = STATES[kstatus(drawn)], health(drawn)
    assert ours.state is theirs or known(drawn["kind"], theirs, ours)


@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES)
def test_each_difference_is_there(kstatus: Kstatus, difference: Difference) -> None:
    found = STATES[kstatus(difference.example)], health(difference.example).state
    assert found == (difference.theirs, difference.ours), difference.reason
