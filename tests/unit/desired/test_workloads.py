"""Workloads become Deployments and Services that people recognise and that Cells of one cluster do not mix up."""

from typing import Any

import pytest

from pilothouse.api.application import Placed
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import Digest, Ref
from pilothouse.desired.workloads import (
    APPLICATION_LABEL,
    CELL_LABEL,
    OUTPUTS_ANNOTATION,
    WORKLOAD_LABEL,
    Home,
    placed_of,
    runner,
    services,
)

CONTAINERS = [{"name": "web", "image": "web:1"}]
OURS = {APPLICATION_LABEL: "checkout", WORKLOAD_LABEL: "web", CELL_LABEL: "eu-1-a"}
URL = Ref("orders", "url")


WEB = {"name": "web", "template": {"spec": {"containers": CONTAINERS}}}


def workload(**template: Any) -> Workload:
    return Workload(name="web", template={"spec": {"containers": CONTAINERS}, **template}, replicas=3)


def made(one: Workload, selector: dict[str, str] | None = None, outputs: tuple[Ref, ...] = ()) -> dict[str, Any]:
    return runner(one, Home("checkout", "eu-1-a", 2, selector or {}, outputs))


def test_a_deployment_is_what_the_workload_asks_for_in_one_cell() -> None:
    labels = {"app.kubernetes.io/name": "web", **OURS}
    assert made(workload()) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "checkout-web-eu-1-a", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": OURS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": CONTAINERS}},
        },
    }


def test_what_a_template_says_itself_stays_except_what_tells_pods_apart() -> None:
    """Two Cells of one cluster share a namespace: their Deployments must never select each other's pods."""
    mine = {"app.kubernetes.io/name": "mine", "team": "x", CELL_LABEL: "elsewhere"}
    found = made(workload(metadata={"labels": mine, "annotations": {"note": "x"}}))["spec"]["template"]["metadata"]
    assert found == {"labels": {**mine, **OURS}, "annotations": {"note": "x"}}


@pytest.mark.parametrize(
    ("given", "cell", "expected"),
    [
        ({}, {}, None),
        ({"disk": "ssd"}, {}, {"disk": "ssd"}),
        ({}, {"zone": "a"}, {"zone": "a"}),
        ({"disk": "ssd", "zone": "b"}, {"zone": "a"}, {"disk": "ssd", "zone": "a"}),
    ],
    ids=["no Cell boundary", "the template's alone", "the Cell's alone", "the Cell's wins"],
)
def test_pods_are_kept_inside_their_cell(
    given: dict[str, str], cell: dict[str, str], expected: dict[str, str] | None
) -> None:
    spec = {"containers": CONTAINERS, **({"nodeSelector": given} if given else {})}
    assert made(workload(spec=spec), cell)["spec"]["template"]["spec"].get("nodeSelector") == expected


def test_pods_carry_a_digest_of_the_outputs_that_they_read() -> None:
    """envFrom is read when a pod starts: only a changed template makes it start again."""
    template = made(workload(), outputs=(URL,))["spec"]["template"]
    assert template["metadata"]["annotations"] == {OUTPUTS_ANNOTATION: Digest((URL,))}


def test_what_runs_a_part_of_a_workload_tells_which() -> None:
    """It is all that is known of where a workload runs, once its status is lost."""
    made = runner(workload(), Home("checkout", "eu-1-a", 2, {}))
    assert placed_of(made) == Placed(workload="web", cell="eu-1-a", replicas=2, reason="it was found there")
    (service,) = services(
        "checkout", Workload.model_validate(WEB | {"service": {"name": "web", "ports": [{"port": 80}]}})
    )
    assert placed_of(service) is None
    assert placed_of({"metadata": {}}) is None


def test_the_spec_that_was_given_is_not_changed() -> None:
    given = workload(metadata={"labels": {"team": "x"}}, spec={"nodeSelector": {"disk": "ssd"}})
    before = given.model_dump_json()
    made(given, {"zone": "a"}, (URL,))
    assert given.model_dump_json() == before


def test_a_template_of_nulls_is_an_empty_one() -> None:
    """The API server stores what was written, and people write `metadata:` with nothing behind it."""
    nothing = Workload(name="web", template={"metadata": None, "spec": None})
    assert made(nothing)["spec"]["template"]["spec"] == {}


def test_a_service_is_in_front_of_the_pods_of_every_cell_of_its_cluster() -> None:
    ports = [{"port": 80}, {"name": "admin", "port": 81, "targetPort": "admin", "protocol": "UDP", "appProtocol": "x"}]
    (found,) = services("checkout", Workload.model_validate({**WEB, "service": {"name": "shop", "ports": ports}}))
    assert found["metadata"]["name"] == "shop"
    assert found["spec"] == {
        "selector": {APPLICATION_LABEL: "checkout", WORKLOAD_LABEL: "web"},
        "ports": [
            {"port": 80, "targetPort": 80, "protocol": "TCP"},
            {"name": "admin", "port": 81, "targetPort": "admin", "protocol": "UDP", "appProtocol": "x"},
        ],
    }
