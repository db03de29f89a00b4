"""Outputs reach the pods that read them, by the names that people expect."""

from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import Resource
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import Ref
from pilothouse.desired.outputs import Carrier, carrier_object, carrier_of, carriers_used, variables

MAP: Carrier = ("ConfigMap", "orders")
SECRET: Carrier = ("Secret", "orders")
TO: dict[str, tuple[dict[str, Any], Carrier | None]] = {
    "nowhere": ({}, None),
    "to nothing": ({"writeOutputsTo": {}}, None),
    "to a ConfigMap": ({"writeOutputsTo": {"configMap": "orders"}}, MAP),
    "to a Secret": ({"writeOutputsTo": {"secret": "orders"}}, SECRET),
}


@pytest.mark.parametrize(("given", "carrier"), TO.values(), ids=TO)
def test_a_resource_says_where_its_outputs_go(given: dict[str, Any], carrier: Carrier | None) -> None:
    assert carrier_of(Resource.model_validate({"name": "orders", **given})) == carrier


def test_outputs_are_named_as_environment_variables_are() -> None:
    assert variables("dead-letters", ["url", "queueARN"]) == {
        "DEAD_LETTERS_URL": Ref("dead-letters", "url"),
        "DEAD_LETTERS_QUEUEARN": Ref("dead-letters", "queueARN"),
    }


@pytest.mark.parametrize(("carrier", "field"), [(MAP, "data"), (SECRET, "stringData")], ids=["ConfigMap", "Secret"])
def test_a_carrier_holds_references_until_they_are_known(carrier: Carrier, field: str) -> None:
    data = variables("orders", ["url"])
    assert carrier_object(carrier, data) == {
        "apiVersion": "v1",
        "kind": carrier[0],
        "metadata": {"name": "orders"},
        field: {"ORDERS_URL": Ref("orders", "url")},
    }


class Used(NamedTuple):
    spec: dict[str, Any]
    used: set[Carrier]
    reason: str


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "main", **fields}]}


def volume(**fields: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "v", **fields}]}


USED = {
    "nothing": Used({}, set(), "most pods read none"),
    "envFrom a ConfigMap": Used(container(envFrom=[{"configMapRef": {"name": "orders"}}]), {MAP}, "all its keys"),
    "envFrom a Secret": Used(container(envFrom=[{"secretRef": {"name": "orders"}}]), {SECRET}, "all its keys"),
    "a key of a ConfigMap": Used(
        container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "orders", "key": "a"}}}]),
        {MAP},
        "one key",
    ),
    "a key of a Secret": Used(
        container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "orders", "key": "a"}}}]),
        {SECRET},
        "one key",
    ),
    "a literal": Used(container(env=[{"name": "A", "value": "orders"}]), set(), "a literal reads nothing"),
    "a field": Used(container(env=[{"name": "A", "valueFrom": {"fieldRef": {}}}]), set(), "that is the pod itself"),
    "an init container": Used(
        {"initContainers": [{"envFrom": [{"secretRef": {"name": "orders"}}]}]}, {SECRET}, "it reads them first"
    ),
    "a volume of a ConfigMap": Used(volume(configMap={"name": "orders"}), {MAP}, "as files"),
    "a volume of a Secret": Used(
        volume(secret={"secretName": "orders"}), {SECRET}, "its name is spelled otherwise there"
    ),
    "a projected volume": Used(
        volume(
            projected={
                "sources": [{"configMap": {"name": "orders"}}, {"secret": {"name": "orders"}}, {"downwardAPI": {}}]
            }
        ),
        {MAP, SECRET},
        "several at once",
    ),
    "another volume": Used(volume(emptyDir={}), set(), "it holds none"),
    "nulls": Used({"containers": None, "initContainers": None, "volumes": None}, set(), "written and left empty"),
}


@pytest.mark.parametrize("case", USED.values(), ids=USED)
def test_whatever_way_pods_read_them_they_are_found(case: Used) -> None:
    assert carriers_used(Workload(name="web", template={"spec": case.spec})) == case.used, case.reason


def test_a_template_without_a_spec_reads_nothing() -> None:
    assert carriers_used(Workload(name="web", template={})) == frozenset()
