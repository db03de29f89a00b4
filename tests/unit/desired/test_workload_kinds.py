"""Each kind of workload becomes the object that Kubernetes has for it, with the fields that people gave."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.names import workload_name
from pilothouse.api.workload import Workload
from pilothouse.api.workload_kinds import FIELDS_OF
from pilothouse.desired.workloads import APPLICATION_LABEL, CELL_LABEL, WORKLOAD_LABEL, Home, runner, services
from tests.crds.workload_kind_rules import OWN

CONTAINERS = [{"name": "main", "image": "db:1"}]
SELECTOR = {APPLICATION_LABEL: "shop", WORKLOAD_LABEL: "db", CELL_LABEL: "eu"}
HOME = Home("shop", "eu", 3, {})
CLAIM = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
PORTS = [{"port": 5432}]


def workload(kind: str, **fields: Any) -> Workload:
    return Workload.model_validate(
        {"name": "db", "kind": kind, "template": {"spec": {"containers": CONTAINERS}}, **fields}
    )


def spec(kind: str, **fields: Any) -> dict[str, Any]:
    found = runner(workload(kind, **fields), HOME)["spec"]
    (found.get("jobTemplate", {}).get("spec") or found).pop("template")
    return dict(found)


SPECS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "StatefulSet": (
        {"volumeClaimTemplates": [CLAIM], "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}},
        {
            "replicas": 3,
            "selector": {"matchLabels": SELECTOR},
            "serviceName": "shop-db-pods",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "volumeClaimTemplates": [CLAIM],
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Delete"},
        },
        "claims that nobody says anything about are kept, with what is in them",
    ),
    "DaemonSet": (
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "10%"}}},
        {
            "selector": {"matchLabels": SELECTOR},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
        },
        "there is no number of replicas: the nodes are it",
    ),
    "Job": (
        {"completions": 5, "parallelism": 2, "ttlSecondsAfterFinished": 60},
        {"completions": 5, "parallelism": 2, "ttlSecondsAfterFinished": 60},
        "the Job controller makes the selector",
    ),
    "CronJob": (
        {"schedule": "0 3 * * *", "timeZone": "Etc/UTC", "suspend": True, "backoffLimit": 1},
        {
            "schedule": "0 3 * * *",
            "timeZone": "Etc/UTC",
            "suspend": True,
            "jobTemplate": {"spec": {"backoffLimit": 1}},
        },
        "what a Job has is the Job's, what the clock needs is the CronJob's",
    ),
}


@pytest.mark.parametrize("kind", SPECS)
def test_a_kind_has_the_fields_of_its_kind(kind: str) -> None:
    given_fields, expected, reason = SPECS[kind]
    assert spec(kind, **given_fields) == expected, reason


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_pods_that_end_are_not_restarted_for_ever(kind: str) -> None:
    """Kubernetes has no default here that a Job may have: left out, it would be refused."""
    made = runner(workload(kind, schedule="* * * * *"), HOME)["spec"]
    pods = (made["jobTemplate"]["spec"] if kind == "CronJob" else made)["template"]["spec"]
    assert pods["restartPolicy"] == "Never"
    said = Workload.model_validate(
        {"name": "db", "kind": kind, "template": {"spec": {"restartPolicy": "OnFailure", "containers": CONTAINERS}}}
    )
    made = runner(said, HOME)["spec"]
    pods = (made["jobTemplate"]["spec"] if kind == "CronJob" else made)["template"]["spec"]
    assert pods["restartPolicy"] == "OnFailure"


SERVICES: dict[str, tuple[dict[str, Any], list[tuple[str, Any]], str]] = {
    "none given": ({}, [("shop-db-pods", "None")], "its pods need names, whoever else asks for them"),
    "one that balances": (
        {"service": {"name": "db", "ports": PORTS}},
        [("db", None), ("shop-db-pods", "None")],
        "a name that balances cannot name each pod",
    ),
    "one that names the pods": (
        {"service": {"name": "db", "clusterIP": "None", "ports": PORTS}},
        [("db", "None")],
        "one is enough",
    ),
}


@pytest.mark.parametrize(("fields", "expected", "reason"), SERVICES.values(), ids=SERVICES)
def test_the_pods_of_a_stateful_set_have_names(
    fields: dict[str, Any], expected: list[tuple[str, Any]], reason: str
) -> None:
    one = workload("StatefulSet", **fields)
    found = [(each["metadata"]["name"], each["spec"].get("clusterIP")) for each in services("shop", one)]
    assert found == expected, reason
    assert runner(one, HOME)["spec"]["serviceName"] == expected[-1][0]


def test_the_headless_service_has_the_ports_of_the_other() -> None:
    one, other = services("shop", workload("StatefulSet", service={"name": "db", "ports": PORTS}))
    assert one["spec"]["ports"] == other["spec"]["ports"] != []
    (alone,) = services("shop", workload("StatefulSet"))
    assert "ports" not in alone["spec"]


@given(kind=st.sampled_from(sorted({kind for kinds in FIELDS_OF.values() for kind in kinds})), data=st.data())
def test_whatever_is_given_reaches_the_object_once_and_nothing_else_does(kind: str, data: st.DataObject) -> None:
    """A field that got lost would drift unseen; one that strayed would be refused in every Cell."""
    possible = {name: value for name, value in OWN.items() if kind in FIELDS_OF[name] and name != "replicas"}
    names = data.draw(st.sets(st.sampled_from(sorted(possible))))
    found = spec(kind, **{name: possible[name] for name in names})
    job = found.pop("jobTemplate", {"spec": {}})["spec"]
    shown = {name for name in (*found, *job) if name in FIELDS_OF and name != "replicas"}
    assert shown - {"strategy", "updateStrategy"} == names - {"strategy", "updateStrategy"}
    assert names <= shown
    assert not found.keys() & job.keys()


@pytest.mark.parametrize(("kind", "longest"), [("StatefulSet", 52), ("CronJob", 52), ("Job", 63), ("DaemonSet", 63)])
def test_names_leave_room_for_what_controllers_add(kind: str, longest: int) -> None:
    """The label controller-revision-hash of a StatefulSet's pods is its name and eleven characters more."""
    assert len(workload_name("a" * 40, "b" * 40, "c" * 40, kind)) == longest
    assert workload_name("a" * 20, "b" * 19, "c" * 11, kind).endswith("-" + "c" * 11)
