"""No secret reaches a Plan, a status or a message."""

import base64
from typing import Any

import pytest

from pilothouse.dataplane.kubernetes.types.sensitive import encoded, literals, shown_at, struck
from pilothouse.dataplane.types import Sensitive

HIDDEN = "(sensitive)"

SHOWN: dict[str, tuple[str, str, Any, Any]] = {
    "an absent value": ("ConfigMap", "data.a", None, None),
    "an ordinary value": ("ConfigMap", "data.a", "b", "b"),
    "a number": ("Deployment", "spec.replicas", 3, 3),
    "data of a Secret": ("Secret", "data.password", "aHVudGVyMg==", HIDDEN),
    "all data of a Secret": ("Secret", "data", {"password": "aHVudGVyMg=="}, HIDDEN),
    "text data of a Secret": ("Secret", "stringData[a.b]", "hunter2", HIDDEN),
    "the type of a Secret": ("Secret", "type", "Opaque", "Opaque"),
    "a literal of a variable": ("Deployment", "spec.containers[name=web].env[name=A].value", "hunter2", HIDDEN),
    "the name of a variable": ("Deployment", "spec.containers[name=web].env[name=A].name", "A", "A"),
    "a variable of a map": ("Function", "spec.env.A", "hunter2", HIDDEN),
    "a variable of a map with dots": ("Function", "spec.env[A.B]", "hunter2", HIDDEN),
    "a word that ends in env": ("Any", "spec.gitenv.value", "x", "x"),
    "kubectl's copy of everything": (
        "Deployment",
        "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",
        "{...}",
        HIDDEN,
    ),
    "variables inside of a whole list": (
        "Job",
        "spec.template",
        [{"name": "web", "env": [{"name": "A", "value": "hunter2"}, {"name": "B", "valueFrom": {"x": "y"}}, "odd"]}],
        [{"name": "web", "env": [{"name": "A", "value": HIDDEN}, {"name": "B", "valueFrom": {"x": "y"}}, HIDDEN]}],
    ),
    "variables of a map inside of a whole": ("Function", "spec", {"env": {"A": "hunter2"}}, {"env": {"A": HIDDEN}}),
    "variables in another form": ("Function", "spec", {"env": "A=hunter2"}, {"env": HIDDEN}),
    "text marked as sensitive": ("Any", "spec.key", Sensitive("hunter2"), HIDDEN),
    "a long text": ("ConfigMap", "data.a", "x" * 300, "x" * 256 + "... (300 characters)"),
    "a large object": ("Any", "spec", ["x" * 300], '["' + "x" * 254 + "... (304 characters)"),
}


@pytest.mark.parametrize(("kind", "path", "value", "shown"), SHOWN.values(), ids=SHOWN)
def test_a_value_is_shown_as_people_may_see_it(kind: str, path: str, value: Any, shown: Any) -> None:
    assert shown_at(kind, path, value) == shown


MANIFESTS: dict[str, tuple[Any, set[str]]] = {
    "nothing": (None, set()),
    "a ConfigMap": ({"kind": "ConfigMap", "data": {"a": "b"}}, set()),
    "variables": ({"spec": [{"env": [{"name": "A", "value": "one"}, {"name": "B", "valueFrom": {}}]}]}, {"one"}),
    "numbers where text belongs": ({"env": [{"name": "A", "value": 12345}]}, {"12345"}),
    "a map of variables": ({"env": {"A": "one", "B": "two"}}, {"one", "two"}),
    "variables in another form": ({"env": ["A=one"]}, {"A=one"}),
    "no variables": ({"env": None}, set()),
    "a Secret": (
        {"kind": "Secret", "stringData": {"a": "one"}, "data": {"b": base64.b64encode(b"two").decode()}},
        {"one", "two", base64.b64encode(b"two").decode()},
    ),
    "a Secret of bytes": ({"kind": "Secret", "data": {"b": "/w=="}}, {"/w=="}),
    "a Secret that is wrong": ({"kind": "Secret", "data": {"b": "hunter2!"}}, {"hunter2!"}),
    "an empty Secret": ({"kind": "Secret", "data": None}, set()),
    "a Secret in a List": ({"items": ({"kind": "Secret", "stringData": {"a": "one"}},)}, {"one"}),
    "marked text": ({"spec": {"key": Sensitive("one")}}, {"one"}),
}


@pytest.mark.parametrize(("manifest", "found"), MANIFESTS.values(), ids=MANIFESTS)
def test_every_secret_of_a_manifest_is_known(manifest: Any, found: set[str]) -> None:
    assert literals(manifest) == found


def test_secrets_are_struck_from_what_is_said() -> None:
    said = struck('value "hunter2" of hunter2-ext is wrong: hunter', frozenset({"hunter2", "hunter2-ext"}))
    assert said == 'value "(sensitive)" of (sensitive) is wrong: hunter'


def test_short_secrets_are_struck_where_they_are_quoted_lest_every_word_is() -> None:
    said = struck('a "a" and valueUnstructured{Value:a}', frozenset({"a"}))
    assert said == 'a "(sensitive)" and valueUnstructured{Value:(sensitive)}'


def test_text_of_a_secret_is_sent_as_data_where_the_api_server_records_its_owner() -> None:
    secret = {"kind": "Secret", "stringData": {"a": "one"}, "data": {"a": "b2xk", "b": "dHdv"}}
    assert encoded(secret) == {"kind": "Secret", "data": {"a": "b25l", "b": "dHdv"}}
    assert "stringData" in secret, "the manifest of the customer stays as it is"


@pytest.mark.parametrize(
    "manifest", [{"kind": "Secret", "data": {"a": "b25l"}}, {"kind": "Any", "stringData": {"a": "b"}}]
)
def test_everything_else_is_sent_as_it_is(manifest: dict[str, Any]) -> None:
    assert encoded(manifest) is manifest


def test_a_secret_without_any_data_is_sent_without_any() -> None:
    assert encoded({"kind": "Secret", "stringData": None, "data": None}) == {"kind": "Secret", "data": {}}
