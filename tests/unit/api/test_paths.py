"""Paths to fields: spelled, followed, and told what is wrong with them."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import ApplicationSpec
from pilothouse.api.paths import at, missing_in, parsed, put, touch, unknown, within, without
from pilothouse.api.service import Service
from pilothouse.dataplane.aws.types.queue import QueueSpec

SPELLED = {
    "a field": ("visibilityTimeoutSeconds", ("visibilityTimeoutSeconds",)),
    "below a field": ("spec.template", ("spec", "template")),
    "a key with dots": ("metadata.labels[app.kubernetes.io/name]", ("metadata", "labels", "app.kubernetes.io/name")),
    "an item": ("containers[name=web].image", ("containers", "name=web", "image")),
    "nothing": ("", ()),
    "an end": ("spec.", ()),
    "a beginning": (".spec", ()),
    "an empty key": ("tags[]", ()),
    "an open key": ("tags[team", ()),
    "a key within a key": ("tags[a[b]]", ()),
    "a JSON pointer": ("/spec/replicas.", ()),
}


@pytest.mark.parametrize(("text", "path"), SPELLED.values(), ids=SPELLED)
def test_a_path_is_read_as_plans_spell_it(text: str, path: tuple[str, ...]) -> None:
    assert parsed(text) == path


def test_a_path_is_within_what_it_begins_with() -> None:
    assert within(("a", "b"), ("a",))
    assert within(("a",), ("a",))
    assert not within(("a",), ("a", "b"))
    assert not within(("ab",), ("a",))
    assert touch(("a", "b"), ("a",))
    assert touch(("a",), ("a", "b"))
    assert not touch(("a", "b"), ("a", "c"))


BODY: dict[str, Any] = {
    "metadata": {"labels": {"app.io/name": "web", "team": "a"}},
    "spec": {
        "replicas": 3,
        "containers": [{"name": "web", "image": "x"}, {"name": "proxy", "image": "y"}],
        "ports": [{"port": 80, "protocol": "TCP"}, {"port": 80, "protocol": "UDP"}],
        "finalizers": ["one", "two"],
    },
}
FOUND = {
    "a field": ("spec.replicas", 3),
    "a key": ("metadata.labels[app.io/name]", "web"),
    "an item": ("spec.containers[name=proxy].image", "y"),
    "an item by two fields": ("spec.ports[port=80,protocol=UDP]", {"port": 80, "protocol": "UDP"}),
    "an item by position": ("spec.finalizers[1]", "two"),
    "no such item": ("spec.containers[name=other].image", None),
    "text is no mapping": ("spec.finalizers[name=one]", None),
    "nothing below a number": ("spec.replicas.more", None),
}


@pytest.mark.parametrize(("text", "value"), FOUND.values(), ids=FOUND)
def test_a_path_leads_to_a_value(text: str, value: object) -> None:
    assert at(BODY, parsed(text)) == value


def test_a_path_leads_into_models_by_the_names_people_write() -> None:
    assert at(QueueSpec(tags={"team": "a"}), ("tags", "team")) == "a"
    assert at(QueueSpec(delay_seconds=3), ("delaySeconds",)) == 3
    assert at(QueueSpec(), ("delay_seconds",)) is None


def test_a_value_is_taken_over_where_both_have_a_place_for_it() -> None:
    one, other = QueueSpec(delay_seconds=1, tags={"team": "a", "x": "1"}), QueueSpec(delay_seconds=2, tags={"y": "2"})
    assert put(one, ("delaySeconds",), other) == QueueSpec(delay_seconds=2, tags=one.tags)
    assert put(one, ("tags", "y"), other).tags == {"team": "a", "x": "1", "y": "2"}
    assert put(one, ("tags", "team"), other).tags == {"x": "1"}, "what the other does not have goes"
    dead = QueueSpec.model_validate({"redrivePolicy": {"deadLetterTargetARN": "arn:aws:sqs:eu-west-1:123456789012:d"}})
    assert put(one, ("redrivePolicy", "maxReceiveCount"), dead) == one
    assert put(dead, ("redrivePolicy", "maxReceiveCount"), one) == dead


WITHOUT = {
    "a field": ("spec.replicas", lambda body: body["spec"].pop("replicas")),
    "a key": ("metadata.labels.team", lambda body: body["metadata"]["labels"].pop("team")),
    "below an item": ("spec.containers[name=web].image", lambda body: body["spec"]["containers"][0].pop("image")),
    "an item": ("spec.containers[name=web]", lambda body: body["spec"]["containers"].pop(0)),
    "what is not there": ("spec.more", lambda body: None),
    "below what is not there": ("status.more.less", lambda body: None),
}


@pytest.mark.parametrize(("text", "change"), WITHOUT.values(), ids=WITHOUT)
def test_what_is_at_a_path_is_taken_out_and_nothing_else(text: str, change: Any) -> None:
    expected, before = copy.deepcopy(BODY), copy.deepcopy(BODY)
    change(expected)
    assert without(BODY, parsed(text)) == expected
    assert before == BODY, "it is a copy"


@given(st.recursive(st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1)), st.data())
def test_what_was_taken_out_is_not_there_any_more(value: Any, data: st.DataObject) -> None:
    path = tuple(data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3)))
    assert at(without(value, path), path) is None


UNKNOWN = {
    "a field": ("delaySeconds", ""),
    "a key": ("tags[any.key]", ""),
    "below an optional field": ("redrivePolicy.maxReceiveCount", ""),
    "no field": ("delay", "there is no field delay; there is: contentBasedDeduplication, deduplicationScope, "),
    "no field below": (
        "redrivePolicy.more",
        "in redrivePolicy there is no field more; there is: deadLetterTargetARN, maxReceiveCount",
    ),
    "below a number": ("delaySeconds.more", "in delaySeconds there are no fields below; name the whole of it"),
    "below a key": ("tags.team.more", "in tags.team there are no fields below; name the whole of it"),
}


@pytest.mark.parametrize(("text", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_field_that_does_not_exist_is_named_with_those_that_do(text: str, message: str) -> None:
    found = unknown(QueueSpec, parsed(text))
    assert found.startswith(message) if message else found == ""


def test_a_list_of_models_is_named_as_a_whole() -> None:
    assert unknown(Service, ("ports", "0")) == "in ports there are no fields below; name the whole of it"
    assert unknown(ApplicationSpec, ("changePolicy", "drift")) == ""


def test_what_an_object_does_not_set_is_told_with_what_it_does() -> None:
    assert missing_in(BODY, parsed("spec.containers[name=web].image")) == ""
    assert missing_in(BODY, parsed("spec.replica")).endswith("set are: containers, finalizers, ports, replicas")
    assert missing_in(BODY, parsed("spec.containers[name=db]")) == (
        "in spec.containers name=db is not set, so it is left alone anyway; set are: [name=proxy], [name=web]"
    )
    assert missing_in(BODY, parsed("spec.replicas.x")).endswith("set are: nothing")
