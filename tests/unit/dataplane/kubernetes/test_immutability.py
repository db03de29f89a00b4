"""Fields that only a replacement changes, found where the API server refused a change."""

from typing import Any

import pytest

from pilothouse.dataplane.kubernetes.types.immutability import covers, refused_changes

CLAIM = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
DEFAULTED = {**CLAIM, "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}


def paths(live: dict[str, Any], manifest: dict[str, Any]) -> list[str]:
    return [change.path for change in refused_changes(live, manifest)]


def test_a_field_that_differs_is_named() -> None:
    live = {"kind": "Service", "spec": {"clusterIP": "10.96.0.7"}}
    (change,) = refused_changes(live, {"kind": "Service", "spec": {"clusterIP": "10.96.0.8"}})
    assert (change.path, change.old, change.new) == ("spec.clusterIP", "10.96.0.7", "10.96.0.8")


def test_a_field_that_the_manifest_leaves_open_is_not_the_reason() -> None:
    live = {"kind": "Service", "spec": {"clusterIP": "10.96.0.7"}}
    assert paths(live, {"kind": "Service", "spec": {}}) == []
    assert paths(live, {"kind": "Service"}) == []


def test_defaults_in_templates_are_not_the_reason() -> None:
    live = {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [DEFAULTED], "serviceName": "db"}}
    assert paths(live, {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [CLAIM], "serviceName": "db"}}) == []
    assert paths(live, {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [], "serviceName": "x"}}) == [
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ]


def test_a_template_that_leaves_out_what_we_set_differs() -> None:
    """The API server refuses that too; what it defaulted itself is no reason."""
    ours: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {"f:priorityClassName": {}, "f:restartPolicy": {}}}}}
    entry = {"manager": "pilothouse", "operation": "Apply", "fieldsV1": ours}
    pods = {"priorityClassName": "low", "restartPolicy": "Never", "dnsPolicy": "ClusterFirst"}
    live = {"kind": "Job", "metadata": {"managedFields": [entry]}, "spec": {"template": {"spec": pods}}}
    less, same = {"restartPolicy": "Never"}, {"restartPolicy": "Never", "priorityClassName": "low"}
    assert paths(live, {"kind": "Job", "spec": {"template": {"spec": less}}}) == ["spec.template"]
    assert paths(live, {"kind": "Job", "spec": {"template": {"spec": same}}}) == []


def test_a_selector_that_asks_for_less_differs() -> None:
    live = {"kind": "Deployment", "spec": {"selector": {"matchLabels": {"a": "b", "c": "d"}}}}
    assert paths(live, {"kind": "Deployment", "spec": {"selector": {"matchLabels": {"a": "b"}}}}) == ["spec.selector"]


def test_data_is_immutable_only_while_the_object_says_so() -> None:
    manifest = {"kind": "ConfigMap", "data": {"a": "new"}}
    assert paths({"kind": "ConfigMap", "data": {"a": "old"}, "immutable": True}, manifest) == ["data"]
    assert paths({"kind": "ConfigMap", "data": {"a": "old"}}, manifest) == []


def test_data_of_a_secret_is_compared_as_it_is_stored_and_not_shown() -> None:
    live = {"kind": "Secret", "data": {"a": "b25l"}, "immutable": True}
    assert paths(live, {"kind": "Secret", "stringData": {"a": "one"}}) == []
    (change,) = refused_changes(live, {"kind": "Secret", "stringData": {"a": "two"}})
    assert (change.old, change.new) == ("(sensitive)", "(sensitive)")


def test_nothing_is_immutable_before_it_exists_or_of_an_unknown_kind() -> None:
    assert paths({}, {"kind": "Service", "spec": {"clusterIP": "10.96.0.8"}}) == []
    assert paths({"kind": "Widget", "spec": {"size": 1}}, {"kind": "Widget", "spec": {"size": 2}}) == []
    assert paths({"spec": {}}, {}) == []


COVERS = {
    "the same": ({"a": [1]}, {"a": [1]}, True),
    "more": ({"a": 1, "b": 2}, {"a": 1}, True),
    "less": ({}, {"a": 1}, False),
    "no object": ("text", {"a": 1}, False),
    "no list": ("text", [1], False),
    "a longer list": ([1, 2], [1], False),
    "another item": ([{"a": 1}], [{"a": 2}], False),
}


@pytest.mark.parametrize(("have", "wanted", "covered"), COVERS.values(), ids=COVERS)
def test_an_object_covers_a_manifest_that_says_no_more(have: Any, wanted: Any, covered: bool) -> None:  # noqa: FBT001
    assert covers(have, wanted) is covered
