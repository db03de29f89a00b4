"""References are filled with what is known, and what is not known yet is waited for."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import LedgerEntry
from pilothouse.dataplane.types import Digest, Reading, Ref, Reference, Sensitive
from pilothouse.planning.outputs import filled, missing
from tests.unit.planning.things import (
    Buddy,
    ThingSpec,
    desired,
    entry,
    key,
    ledger,
    plan,
    present,
    reading,
    seen,
    steps,
    target,
)

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


class InTheWay(NamedTuple):
    found: Reading
    used: str
    reason: str
    known: tuple[LedgerEntry, ...] = ()
    adopt: str = ""


STRANGER = replace(reading("a"), mark=None)
IN_THE_WAY = {
    "a stranger's": InTheWay(STRANGER, "", "what has our name is not ours"),
    "another one's": InTheWay(reading("a", "b-1"), "", "it is on record as b", (entry("b"),)),
    "ours, on no record": InTheWay(reading("a"), "a-1", "it is taken over as it is"),
    "on record, its mark lost": InTheWay(STRANGER, "a-1", "by its identifier it is ours", (entry("a"),)),
    "to be adopted": InTheWay(STRANGER, "a-1", "a person named it", adopt="a-1"),
}


@pytest.mark.parametrize("case", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_what_stands_in_the_way_of_a_resource_is_not_used_in_its_place(case: InTheWay) -> None:
    """A rule that lets in a group by its name would let in a stranger's."""
    wanted = desired(replace(target("a"), adopt=case.adopt), target("c", buddy={"ref": "a"}))
    sightings = {key("a"): present(case.found), key("b"): present(case.found)}
    (step,) = [one for one in plan(wanted, ledger(*case.known), sightings).steps if one.name == "create-c"]
    assert ("a-1" in step.model_dump_json() or "b-1" in step.model_dump_json()) is bool(case.used), case.reason
