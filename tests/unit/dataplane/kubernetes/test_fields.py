"""Our fields are ours, whatever else stands in the object, and nobody sees a secret in a difference."""

import copy
import sys
from collections import Counter
from typing import Any

import pytest

from pilothouse.api.plan import Change
from pilothouse.dataplane.kubernetes.types.fields import changed, fingerprint, merged, owned, project, values
from tests.unit.dataplane.kubernetes.samples import deployment, our_fields, web

CONTAINER = "spec.template.spec.containers[name=web]"
MOST_CALLS = 400


def changes(live: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The changes as path -> (from, to)."""
    return {change.path: (change.old, change.new) for change in changed(live, after)}


def test_the_projection_holds_what_we_applied_and_nothing_else() -> None:
    assert project(deployment()) == {
        "metadata.labels[app.kubernetes.io/name]": "web",
        "spec.replicas": 2,
        "spec.selector": {"matchLabels": {"app": "web"}},
        f"{CONTAINER}.name": "web",
        f"{CONTAINER}.image": "web:1",
        f"{CONTAINER}.env[name=TOKEN].name": "TOKEN",
        f"{CONTAINER}.env[name=TOKEN].value": "hunter2",
        f"{CONTAINER}.ports[containerPort=80,protocol=TCP].containerPort": 80,
    }


def test_an_object_that_we_never_applied_has_none_of_our_fields() -> None:
    for metadata in (
        {},
        {"managedFields": None},
        {"managedFields": [{"manager": "pilothouse", "operation": "Update"}]},
    ):
        assert project({"metadata": metadata, "data": {"a": "b"}}) == {}
    assert owned({}) == {}


def test_what_a_manager_applied_to_the_status_is_no_setting() -> None:
    entry = {"manager": "pilothouse", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}}
    assert owned({"metadata": {"managedFields": [entry]}}) == {}


OTHERS_BUSINESS = {
    "the status": lambda live: live["status"].update(replicas=1),
    "a field of another manager": lambda live: live["spec"]["strategy"].update(type="Recreate"),
    "another label": lambda live: live["metadata"]["labels"].update(team="a"),
    "another container": lambda live: live["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar"}),
    "the order of containers": lambda live: live["spec"]["template"]["spec"]["containers"].reverse(),
    "the record's time": lambda live: live["metadata"]["managedFields"][1].update(time="2026-11-23T12:00:00Z"),
}


@pytest.mark.parametrize("alter", OTHERS_BUSINESS.values(), ids=OTHERS_BUSINESS)
def test_a_fingerprint_stays_when_others_change_what_is_theirs(alter: Any) -> None:
    live = deployment()
    alter(live)
    assert fingerprint(live) == fingerprint(deployment())


OUR_BUSINESS = {
    "a value": lambda live: web(live).update(image="web:2"),
    "the value of a variable": lambda live: web(live)["env"][0].update(value="other"),
    "an item that goes": lambda live: web(live).update(env=[]),
    "a field that goes": lambda live: live["spec"].pop("replicas"),
    "a field that another manager took": lambda live: our_fields(live)["f:spec"].pop("f:replicas"),
    "a number that becomes text": lambda live: live["spec"].update(replicas="2"),
}


@pytest.mark.parametrize("alter", OUR_BUSINESS.values(), ids=OUR_BUSINESS)
def test_a_fingerprint_moves_with_every_field_of_ours(alter: Any) -> None:
    live = deployment()
    alter(live)
    assert fingerprint(live) != fingerprint(deployment())


def test_a_fingerprint_is_16_hexadecimal_digits_that_never_change_between_versions() -> None:
    assert fingerprint(deployment()) == "5686de37f9fb94b2", "stored in ledgers: another value plans for the whole fleet"


def test_every_kind_of_list_item_is_found() -> None:
    trie = {
        "f:set": {'v:"a"': {}, 'v:"gone"': {}},
        "f:atomic": {"i:1": {}, "i:7": {}},
        "f:keyed": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}}, 'k:{"port":81}': {".": {}}},
        "f:absent": {"f:x": {}},
    }
    item = {
        "set": ["a", "b"],
        "atomic": ["x", "y"],
        "keyed": [{"port": 80, "protocol": "TCP", "name": "web"}, "odd", {"port": 81}],
    }
    assert dict(values(item, trie)) == {
        'set["a"]': "a",
        "atomic[1]": "y",
        "keyed[port=80,protocol=TCP].name": "web",
        "keyed[port=81]": {"port": 81},
    }


def test_a_record_that_does_not_fit_the_object_finds_nothing() -> None:
    trie = {"f:map": {"f:x": {}}, "f:list": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}
    assert dict(values({"map": "text", "list": "text"}, trie)) == {}


def test_the_union_of_two_records_has_the_leaves_of_both() -> None:
    one: dict[str, Any] = {"f:a": {"f:x": {}}, "f:b": {}}
    other: dict[str, Any] = {"f:a": {"f:y": {}}, "f:c": {}}
    assert merged(one, other) == {"f:a": {"f:x": {}, "f:y": {}}, "f:b": {}, "f:c": {}}
    assert merged({}, other) == other == merged(other, {})


def test_an_apply_that_would_change_nothing_shows_nothing() -> None:
    assert changed(deployment(), deployment()) == ()


def test_a_field_that_another_manager_changed_shows_its_value_and_ours() -> None:
    """The API server takes a field out of our record when somebody else changes it."""
    live, after = deployment(), deployment()
    live["spec"]["replicas"] = 5
    del our_fields(live)["f:spec"]["f:replicas"]
    assert changes(live, after) == {"spec.replicas": (5, 2)}


def test_a_change_tells_who_made_it() -> None:
    """Of several who set a field, the last one: the others only agree with what was there."""
    live = deployment()
    del our_fields(live)["f:spec"]["f:replicas"]
    live["spec"]["replicas"] = 5
    theirs = {"operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    early, late = "2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z"
    live["metadata"]["managedFields"] += [
        {"manager": "kubectl-edit", "time": late, **theirs},
        {"manager": "helm", "time": early, **theirs},
        {"manager": "nobody", "operation": "Update"},
    ]
    assert [(change.path, change.by) for change in changed(live, deployment())] == [("spec.replicas", "kubectl-edit")]


def test_a_field_that_leaves_the_manifest_goes() -> None:
    live, after = deployment(), deployment()
    del after["metadata"]["labels"]["app.kubernetes.io/name"]
    del our_fields(after)["f:metadata"]["f:labels"]
    assert changes(live, after) == {"metadata.labels[app.kubernetes.io/name]": ("web", None)}


def test_a_new_item_of_a_list_is_shown_by_its_key() -> None:
    live, after = deployment(), deployment()
    web(after)["env"].append({"name": "MODE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}})
    env = our_fields(after)["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']["f:env"]
    env['k:{"name":"MODE"}'] = {".": {}, "f:name": {}, "f:valueFrom": {"f:fieldRef": {}}}
    assert changes(live, after) == {
        f"{CONTAINER}.env[name=MODE].name": (None, "MODE"),
        f"{CONTAINER}.env[name=MODE].valueFrom.fieldRef": (None, {"fieldPath": "metadata.name"}),
    }


def test_where_there_is_no_object_yet_all_of_ours_is_new() -> None:
    assert changes({}, deployment())["spec.replicas"] == (None, 2)
    assert {path for path, (old, _) in changes({}, deployment()).items() if old is None} == set(project(deployment()))


def test_lost_ownership_is_a_change_even_though_every_value_is_right() -> None:
    live = deployment()
    del our_fields(live)["f:spec"]["f:replicas"]
    assert changes(live, deployment()) == {"metadata.managedFields": (None, "owns spec.replicas again")}


def test_much_lost_ownership_is_told_shortly() -> None:
    live = deployment()
    our_fields(live).clear()
    ((_, told),) = changes(live, deployment()).values()
    assert told == "owns metadata.labels[app.kubernetes.io/name], spec.replicas, spec.selector and 5 more again"


def test_changes_come_in_the_order_of_their_paths() -> None:
    paths = [change.path for change in changed({}, deployment())]
    assert paths == sorted(paths)


def test_literals_of_environment_variables_are_not_shown() -> None:
    live, after = deployment(), deployment()
    web(after)["env"][0]["value"] = "correct horse"
    assert changed(live, after) == (
        Change.model_validate(
            {"path": f"{CONTAINER}.env[name=TOKEN].value", "from": "(sensitive)", "to": "(sensitive)"}
        ),
    )


def test_data_of_secrets_is_not_shown() -> None:
    entry = {"manager": "pilothouse", "operation": "Apply", "fieldsV1": {"f:data": {"f:password": {}}, "f:type": {}}}
    live = {
        "kind": "Secret",
        "metadata": {"managedFields": [entry]},
        "data": {"password": "aHVudGVyMg=="},
        "type": "Opaque",
    }
    after = copy.deepcopy(live)
    after["data"]["password"] = "Y29ycmVjdA=="  # type: ignore[index]
    assert changes(live, after) == {"data.password": ("(sensitive)", "(sensitive)")}


def test_a_fingerprint_costs_little() -> None:
    """It is taken at every event of every object. Calls are counted, for time tells of the machine as well."""
    live, calls = deployment(), Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: calls.update([event]))
    try:
        fingerprint(live)
    finally:
        sys.setprofile(None)
    assert 0 < calls["call"] + calls["c_call"] < MOST_CALLS
