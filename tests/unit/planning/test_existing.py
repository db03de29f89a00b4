"""What exists already and was made by others: to be read only, to be taken over, to go on under another name."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import LedgerEntry
from pilothouse.api.drift import DriftRule, FieldDrift
from pilothouse.dataplane.types import Mark, Observed, Owner, Reading, TargetKey
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Sighting, Snapshot
from pilothouse.planning.plan import Proposal, known_outputs
from tests.unit.planning.things import (
    ABSENT,
    CONTEXT,
    GONE,
    NOW,
    OWNER,
    SAFE,
    UNKNOWN,
    desired,
    entry,
    key,
    ledger,
    mark,
    plan,
    present,
    reading,
    target,
)

THEIRS = "vpc-1"
WATCHED = replace(target("a"), spec=Observed(id=THEIRS), observed=THEIRS, deletion_policy="Retain")
TAKEN = replace(target("a", size=2), adopt=THEIRS)


def found(one: Mark | None, **settings: Any) -> Reading:
    """The thing that others made."""
    return replace(reading("a", THEIRS, **settings), mark=one)


class Case(NamedTuple):
    wanted: Target
    known: LedgerEntry | None
    seen: Sighting
    reason: str
    steps: tuple[str, ...] = ()
    blocked: str = ""
    says: str = ""
    gated: bool = False


SOMEBODY = Mark(Owner("cp-1", "other", "app"), "net", "app-9")
CASES = {
    "observed, there": Case(
        WATCHED, entry("a", id=THEIRS, observed_only=True), present(found(None)), "nothing is ever changed"
    ),
    "observed, somebody else's": Case(
        WATCHED, entry("a", id=THEIRS, observed_only=True), present(found(SOMEBODY)), "whose it is does not matter"
    ),
    "observed, absent": Case(
        WATCHED,
        entry("a", id=THEIRS, observed_only=True),
        GONE,
        "only a person can correct it; nothing is made instead",
        blocked="NotFound",
        says="sky/thing/a: vpc-1 does not exist; correct its id.",
    ),
    "observed, not seen": Case(
        WATCHED, entry("a", id=THEIRS, observed_only=True), UNKNOWN, "its Cell says why", blocked="ObservationFailed"
    ),
    "observed, ours until now": Case(
        WATCHED,
        entry("a", id=THEIRS),
        present(found(mark("a"))),
        "else it would be retired as a stray once it leaves the Application",
        steps=("release-a",),
    ),
    "observed, let go": Case(WATCHED, entry("a", id=THEIRS), present(found(mark("a", uid=""))), "that is done already"),
    "observed, another is managed": Case(
        WATCHED,
        entry("a", id="vpc-7"),
        present(found(None)),
        "forgetting what is managed would leave it behind",
        blocked="NameConflict",
        says="vpc-7 of that name is managed here; remove it from the Application first, or observe vpc-1 under",
    ),
    "to adopt, nobody's": Case(TAKEN, None, present(found(None)), "a person named it", steps=("adopt-a",), gated=True),
    "to adopt, let go by another": Case(
        TAKEN, None, present(found(replace(SOMEBODY, uid=""))), "so things move", steps=("adopt-a",), gated=True
    ),
    "to adopt, somebody else's": Case(
        TAKEN,
        None,
        present(found(SOMEBODY)),
        "two owners would fight",
        blocked="NameConflict",
        says="belongs to other/app, as its net. Remove it there first, with deletionPolicy Retain.",
    ),
    "to adopt, absent": Case(
        TAKEN,
        None,
        ABSENT,
        "a person who names one does not want another",
        blocked="NotFound",
        says="adopt.id vpc-1 does not exist; correct it, or leave adopt out to have one made.",
    ),
    "to adopt, but of another shape": Case(
        TAKEN,
        None,
        present(found(None, shape="square")),
        "to take it over would be to destroy it",
        blocked="AdoptWouldReplace",
        says="taking over vpc-1 would replace it, for shape is 'square' and not 'round'",
    ),
    "to adopt, but of another shape, which is left alone": Case(
        replace(TAKEN, drift=DriftRule(fields=(FieldDrift(path="shape", policy="Ignore"),))),
        None,
        present(found(None, shape="square")),
        "what a policy leaves alone replaces nothing",
        steps=("adopt-a",),
        gated=True,
    ),
    "to adopt, by what is not there yet": Case(
        replace(target("a", peer={"ref": "b"}), adopt=THEIRS),
        None,
        present(found(None)),
        "what would be changed cannot be told yet",
    ),
    "adopted, then destroyed by somebody": Case(
        TAKEN, entry("a", id="", incarnation=1, state="Gone"), ABSENT, "it is repaired", steps=("create-a",)
    ),
    "renamed": Case(
        replace(target("a"), renamed_from="old"),
        entry("a"),
        present(reading("old", "a-1")),
        "its mark is to say so, before anything else",
        steps=("adopt-a",),
    ),
    "renamed, and marked so": Case(
        replace(target("a"), renamed_from="old"), entry("a"), present(reading("a")), "that is done already"
    ),
}


def proposal(case: Case) -> Proposal:
    known = ledger(case.known) if case.known is not None else {}
    return plan(desired(case.wanted), known, {key("a"): case.seen})


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_exists_is_dealt_with_as_a_person_said(case: Case) -> None:
    made = proposal(case)
    assert tuple(step.name for step in made.steps) == case.steps, case.reason
    assert any(step.gated for step in made.steps) == case.gated, case.reason
    blocked = made.findings[key("a")].blocked
    assert (blocked[0] if blocked else "") == case.blocked, case.reason
    assert case.says in (blocked[1] if blocked else "")


def test_the_step_that_takes_over_shows_what_will_be_changed_then() -> None:
    (step,) = proposal(CASES["to adopt, nobody's"]).steps
    assert [(change.path, change.old, change.new) for change in step.changes] == [("size", 1, 2)]


def test_outputs_are_used_whoever_has_the_thing_but_no_password_of_ours_is() -> None:
    watched = replace(WATCHED, type=SAFE, key=key("a", kind="safe"))
    there = Snapshot(NOW, {watched.key: present(found(SOMEBODY))})
    known = known_outputs(CONTEXT, desired(watched), {}, there)
    assert known == {"a": {"id": THEIRS, "address": f"addr-{THEIRS}"}}


def test_outputs_that_were_seen_last_are_used_while_a_cell_is_out_of_reach() -> None:
    """What runs in other Cells must not wait for it."""
    known = ledger(entry("a", outputs={"address": "there"}), entry("b"))
    seen = Snapshot(NOW, {key("a"): UNKNOWN, key("b"): UNKNOWN})
    outputs = known_outputs(CONTEXT, desired(target("a"), target("b")), known, seen)
    assert outputs == {"a": {"id": "a-1", "address": "there"}}


def test_imports_are_outputs_too() -> None:
    wanted = replace(desired(), imports={"net/shared/vpc": {"id": "vpc-1"}})
    assert known_outputs(CONTEXT, wanted, {}, Snapshot(NOW)) == {"net/shared/vpc": {"id": "vpc-1"}}
    assert mark("a").owner == OWNER


RENAMED = replace(target("a"), renamed_from="old")
UNDER_ITS_NAME_BEFORE = {
    "on its way": (desired(RENAMED), ledger(entry("old", id="")), []),
    "carried over": (desired(RENAMED), ledger(entry("a", id="")), ["create-a"]),
    "never there": (desired(RENAMED), {}, ["create-a"]),
    "of another one now": (desired(RENAMED, target("old")), ledger(entry("old", id="")), ["create-a", "create-old"]),
    "in another Cell": (desired(RENAMED), ledger(entry("old", id="", cell="sea")), ["create-a"]),
}


@pytest.mark.parametrize(("wanted", "known", "steps"), UNDER_ITS_NAME_BEFORE.values(), ids=UNDER_ITS_NAME_BEFORE)
def test_what_may_be_made_under_the_name_before_is_not_made_under_the_new_one(
    wanted: DesiredState, known: dict[TargetKey, LedgerEntry], steps: list[str]
) -> None:
    found = plan(wanted, known)
    assert [step.name for step in found.steps] == steps
    waiting = "sky/thing/a: waits until it shows what becomes of sky/thing/old, its name before"
    assert found.findings[key("a")].waiting == ("" if steps else waiting)


def test_what_is_found_under_the_name_before_is_not_removed_before_it_is_carried_over() -> None:
    found = plan(desired(RENAMED), ledger(entry("old")), {key("old"): present(reading("old"))})
    assert found.empty
    assert found.findings[key("old")].waiting == "sky/thing/old: goes on as sky/thing/a"


def test_what_is_of_the_name_before_in_two_cells_is_not_what_is_renamed() -> None:
    both = {key("old"): present(reading("old")), key("old", cell="sea"): present(reading("old"))}
    found = plan(desired(RENAMED), ledger(entry("old"), entry("old", cell="sea")), both)
    assert [step.action for step in found.steps] == ["Delete", "Delete"]
