"""References are filled with what is known, and what is not known yet is waited for."""

from typing import Any, NamedTuple

import pytest

from pilothouse.dataplane.types import Digest, Ref, Reference, Sensitive
from pilothouse.planning.outputs import filled, missing
from tests.unit.planning.things import Buddy, ThingSpec, desired, entry, key, ledger, plan, reading, seen, steps, target

URL, ARN = Ref("orders", "url"), Ref("orders", "arn")
KNOWN = {"orders": {"id": "q-1", "url": "https://q"}, "bare": {"id": ""}}


class Case(NamedTuple):
    value: Any
    filled: Any
    missing: tuple[Ref, ...]
    reason: str


CASES = {
    "known": Case(URL, "https://q", (), "the value takes the reference's place"),
    "unknown output": Case(ARN, ARN, (ARN,), "an output that the reading lacks is not made up"),
    "unknown resource": Case(Ref("cache", "id"), Ref("cache", "id"), (Ref("cache", "id"),), "nothing is known of it"),
    "digest": Case(
        Digest((URL,)), "215005ea06d82089", (), "golden: a digest that moves restarts every pod that carries it"
    ),
    "half-known digest": Case(
        Digest((URL, ARN)), Digest((URL, ARN)), (ARN,), "half a digest would restart pods once too often"
    ),
    "by name": Case(Reference(ref="orders"), Reference(id="q-1"), (), "a reference stands for the identifier"),
    "unknown by name": Case(
        Reference(ref="cache"), Reference(ref="cache"), (Ref("cache", "id"),), "not made yet: it stays a reference"
    ),
    "empty by name": Case(
        Reference(ref="bare"), Reference(ref="bare"), (Ref("bare", "id"),), "it has none, so nothing can refer to it"
    ),
    "by id": Case(Reference(id="x"), Reference(id="x"), (), "what exists elsewhere is known already"),
    "in a model": Case(
        ThingSpec(peer=Reference(ref="orders"), tags={"a": "b"}),
        ThingSpec(peer=Reference(id="q-1"), tags={"a": "b"}),
        (),
        "type blocks hold references as fields",
    ),
    "in an object": Case(
        {"data": [{"URL": URL, "ARN": ARN}, (URL, 1)]},
        {"data": [{"URL": "https://q", "ARN": ARN}, ("https://q", 1)]},
        (ARN,),
        "manifests hold them at any depth; what is known is filled in although something is missing",
    ),
    "nothing to fill": Case(ThingSpec(size=2), ThingSpec(size=2), (), "most specs have no references"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_references_are_filled(case: Case) -> None:
    found = filled(case.value, KNOWN)
    assert found == case.filled, case.reason
    assert set(missing(found)) >= set(case.missing), case.reason
    assert bool(missing(found)) == bool(case.missing), case.reason


def test_what_a_thing_is_created_without_is_missing_only_when_that_is_asked() -> None:
    spec = ThingSpec(peer=Reference(ref="cache"), buddy=Buddy(ref="orders"))
    assert missing(spec) == (Ref("cache", "id"), Ref("orders", "id"))
    assert missing([{"a": (spec,)}], late=False) == (Ref("cache", "id"),)


def test_a_model_without_references_stays_the_same_object() -> None:
    """Most specs have none, and a copy of each on every pass would be felt."""
    spec = ThingSpec(size=2)
    assert filled(spec, KNOWN) is spec


def test_a_secret_stays_a_secret() -> None:
    assert isinstance(filled({"a": [Sensitive("hunter2")]}, KNOWN)["a"][0], Sensitive)


def test_what_refers_to_something_not_made_yet_is_planned_with_the_reference_in_its_call() -> None:
    found = plan(desired(target("a"), target("b", "a", peer={"ref": "a"})))
    assert steps(found) == ["create-a", "create-b"]
    assert found.steps[1].calls[0].parameters["settings"]["peer"] == "${a.id}"


def test_what_exists_and_refers_to_something_unknown_waits() -> None:
    """To fill in nothing would take its setting away; to compare the reference with it would replace it."""
    wanted = desired(target("a"), target("b", "a", peer={"ref": "a"}))
    found = plan(wanted, ledger(entry("a", id=""), entry("b", "a")), seen(reading("b", peer={"id": "a-0"})))
    assert steps(found) == ["create-a"]
    assert found.findings[key("b")].waiting == "sky/thing/b: ${a.id} is not known yet"
