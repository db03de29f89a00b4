"""What every resource type can rely on: hidden secrets, references, field-by-field comparison, declared impact."""

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from pilothouse.api.application import LedgerEntry
from pilothouse.dataplane.types import (
    DISRUPTIVE,
    IMMUTABLE,
    Call,
    Digest,
    Ref,
    Reference,
    ResourceSpec,
    Sensitive,
    TargetKey,
    Want,
    field_changes,
    impact_of,
    set_keys,
    shown,
)
from tests.unit.planning.things import THING, ThingSpec, key, mark, reading

URL = Ref("orders", "url")


class Inner(ResourceSpec):
    retries_left: int = 1
    pin: Sensitive | None = None


class Case(NamedTuple):
    value: Any
    shown: Any
    reason: str


CASES = {
    "text": Case("red", "red", "plain JSON is shown as it is"),
    "nothing": Case(None, None, "plain JSON is shown as it is"),
    "secret": Case(Sensitive("hunter2"), "(sensitive)", "nobody sees it"),
    "reference": Case(URL, "${orders.url}", "it is spelled as people write it"),
    "digest": Case(Digest((URL, Ref("a", "b"))), "sha256(${orders.url}, ${a.b})", "it tells what it is made of"),
    "by name": Case(Reference(ref="a"), "${a.id}", "a reference stands for the identifier"),
    "by id": Case(Reference(id="x"), "x", "what exists already is known"),
    "model": Case(Inner(pin=Sensitive("1234")), {"retriesLeft": 1, "pin": "(sensitive)"}, "by its wire names"),
    "binary": Case(b"\x00", "(binary)", "it is no JSON"),
    "mapping": Case(
        {"b": [Sensitive("x")], "a": (URL,)}, {"a": ["${orders.url}"], "b": ["(sensitive)"]}, "at any depth"
    ),
    "set": Case({"b", "a"}, ["a", "b"], "sorted: the same every time"),
    "frozen set": Case(frozenset({2, 1}), [1, 2], "sorted: the same every time"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_values_are_shown_as_plans_may_hold_them(case: Case) -> None:
    assert shown(case.value) == case.shown, case.reason
    json.dumps(shown(case.value))


def stored(text: str) -> str:
    """What an API server makes of JSON: it knows one sort of number, and writes whole ones without a point."""

    def number(digits: str) -> float | int:
        return int(value) if (value := float(digits)).is_integer() else value

    return json.dumps(json.loads(text, parse_float=number))


NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.integers(-512, 512).map(lambda halves: halves / 2))
VALUES = st.recursive(
    st.one_of(NUMBERS, st.text(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=6,
)


@given(VALUES)
def test_what_is_shown_is_stored_as_it_is_written(value: Any) -> None:
    """Else a Plan does not fit its name once it is read back: it looks edited by hand, and no approval is of it."""
    written = json.dumps(shown(value))
    assert stored(written) == written


def test_mappings_are_shown_in_the_order_of_their_keys() -> None:
    assert list(shown({"b": 1, "a": {"d": 1, "c": 2}})) == ["a", "b"]
    assert list(shown({"b": 1, "a": {"d": 1, "c": 2}})["a"]) == ["c", "d"]


def test_a_secret_hides_in_logs_and_is_sent_as_text() -> None:
    secret = Sensitive("hunter2")
    assert f"{[secret]!r}" == "[Sensitive(...)]"
    assert json.dumps({"password": secret}) == '{"password": "hunter2"}'


def test_a_model_makes_a_secret_of_its_field() -> None:
    spec = ThingSpec.model_validate({"password": "hunter2"})
    assert isinstance(spec.password, Sensitive)
    assert "hunter2" not in repr(spec)
    with pytest.raises(ValidationError):
        ThingSpec.model_validate({"password": 5})


@pytest.mark.parametrize("given", [{}, {"ref": "a", "id": "x"}], ids=["neither", "both"])
def test_a_reference_is_by_name_or_by_id(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give exactly one of ref and id"):
        Reference.model_validate(given)


def test_a_reference_is_what_a_parameter_takes() -> None:
    assert (Reference(ref="a").value, Reference(id="x").value) == (Ref("a", "id"), "x")


def test_what_is_set_is_known_by_its_wire_names() -> None:
    assert set_keys(Inner(pin=Sensitive("1"))) == {"retriesLeft", "pin"}
    assert set_keys(Inner()) == {"retriesLeft"}


class Difference(NamedTuple):
    wanted: dict[str, Any]
    found: dict[str, Any]
    applied: frozenset[str]
    changes: list[tuple[str, Any, Any]]
    reason: str


DIFFERENCES = {
    "none": Difference({}, {}, frozenset(), [], "they are the same"),
    "another value": Difference({"size": 2}, {"size": 1}, frozenset(), [("size", 1, 2)], "it is wanted so"),
    "left to the provider": Difference({}, {"colour": "red"}, frozenset(), [], "nobody ever asked for a colour"),
    "left out again": Difference(
        {}, {"colour": "red"}, frozenset({"colour"}), [("colour", "red", None)], "we set it, so we reset it"
    ),
    "set for the first time": Difference(
        {"colour": "red"}, {}, frozenset(), [("colour", None, "red")], "now it is wanted"
    ),
    "a secret": Difference(
        {"password": "new"},
        {"password": "old"},
        frozenset(),
        [("password", "(sensitive)", "(sensitive)")],
        "that, not what",
    ),
    "in the model's order": Difference(
        {"shape": "square", "size": 2}, {}, frozenset(), [("size", 1, 2), ("shape", "round", "square")], "stable"
    ),
}


@pytest.mark.parametrize("case", DIFFERENCES.values(), ids=DIFFERENCES)
def test_specs_are_compared_field_by_field(case: Difference) -> None:
    changes = field_changes(ThingSpec.model_validate(case.wanted), ThingSpec.model_validate(case.found), case.applied)
    assert [(change.path, change.old, change.new) for change in changes] == case.changes, case.reason


class Declared(ResourceSpec):
    plain: int = 1
    by_hand: int = Field(1, json_schema_extra=lambda schema: schema.update(x=1))
    image_id: str = Field("", json_schema_extra=IMMUTABLE)
    speed: int = Field(1, json_schema_extra=DISRUPTIVE)


IMPACTS = {"plain": "", "byHand": "", "imageID": "Replace", "speed": "Disruptive", "unknown": ""}


@pytest.mark.parametrize(("path", "impact"), IMPACTS.items())
def test_an_impact_is_declared_on_the_field(path: str, impact: str) -> None:
    assert impact_of(Declared, path) == impact


def test_a_type_reads_its_impacts_from_its_model() -> None:
    assert [THING.impact(path) for path in ("size", "speed", "shape")] == ["None", "Disruptive", "None"]
    assert [THING.immutable(path) for path in ("size", "speed", "shape")] == [False, False, True]


def test_a_type_compares_by_its_model_unless_it_says_otherwise() -> None:
    (change,) = THING.diff(ThingSpec(size=2), reading("a"), frozenset())
    assert change.path == "size"


def test_a_type_without_previews_asks_for_none_and_spares_none() -> None:
    want = Want(key("a"), ThingSpec(), "checkout-a", mark("a"), "token")
    with pytest.raises(NotImplementedError, match="thing tells changes by diff: sky/thing/a"):
        THING.preview(want)
    with pytest.raises(NotImplementedError, match="thing tells changes by diff: sky/thing/a"):
        THING.foreign(want, ())
    with pytest.raises(NotImplementedError, match="thing tells changes by diff"):
        THING.without(want.spec, ())
    assert not THING.unchanged(reading("a"), LedgerEntry(name="a", type="thing", cell="sky"), "hmac:1")
    assert THING.replied({"any": "reply"}) is None


def test_a_call_holds_what_is_sent() -> None:
    call = Call("sqs", "CreateQueue", {"QueueName": "orders"})
    assert (call.service, call.operation, call.parameters) == ("sqs", "CreateQueue", {"QueueName": "orders"})
    assert Call("sqs", "ListQueues").parameters == {}


def test_a_key_is_spelled_as_the_ledger_spells_it() -> None:
    assert str(TargetKey("eu", "Deployment", "web")) == "eu/Deployment/web"
