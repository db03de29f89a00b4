"""What is decided about one thing, given what is wanted, remembered and seen."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import LedgerEntry, Settled
from pilothouse.api.plan import Change
from pilothouse.dataplane.types import Health, HealthState, Owner, Reading
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Presence, Preview, Sighting
from pilothouse.planning.diff import settings_applied
from pilothouse.planning.plan import Policy, Proposal
from tests.unit.planning.things import (
    ABSENT,
    GONE,
    HASHER,
    OTHERS,
    OWNER,
    PREVIEWED,
    SAFE,
    SETTLED,
    SUBJECT,
    THING,
    UNKNOWN,
    applied,
    desired,
    entry,
    key,
    ledger,
    mark,
    plan,
    present,
    reading,
    steps,
    target,
)

ROUND, LARGE, SQUARE = target("a"), target("a", size=2), target("a", shape="square")
NOTHING = DesiredState()
A = key("a")
STRANGER = Owner("cp-1", "shop", "other")
THEIRS = replace(reading("a"), mark=mark("a", owner=STRANGER))
UNMARKED = replace(reading("a"), mark=None)
COPY = replace(reading("a"), mark=mark("b"))
DELETING = reading("a", state=HealthState.DELETING)


class Case(NamedTuple):
    """What is planned. blocked: the reason, where only a person can help; waiting: part of what is waited for."""

    wanted: Target | None
    known: LedgerEntry | None
    sighting: Sighting
    reason: str
    steps: tuple[str, ...] = ()
    blocked: str = ""
    waiting: str = ""
    gated: bool = False


MIGRATION = replace(target("a"), ends=True)
DONE = applied(MIGRATION).model_copy(update={"id": "", "state": "Ended", "incarnation": 1})
OTHER_MIGRATION = replace(target("a", "b", size=2), ends=True)
OF_ANOTHER = replace(target("a", peer={"ref": "b"}), ends=True)


CASES = {
    "it has ended": Case(MIGRATION, DONE, ABSENT, "what was done is not done again"),
    "another is to end": Case(OTHER_MIGRATION, DONE, ABSENT, "it was never done", steps=("create-a",)),
    "it lasts": Case(ROUND, DONE, ABSENT, "what should last is made again", steps=("create-a",)),
    "the first is yet to end": Case(MIGRATION, None, ABSENT, "nothing was done yet", steps=("create-a",)),
    "it was never applied": Case(
        MIGRATION, DONE.model_copy(update={"applied_hash": ""}), ABSENT, "nothing was done yet", steps=("create-a",)
    ),
    "it is not known what it would do": Case(
        OF_ANOTHER, DONE, ABSENT, "it may be the same again", waiting="${b.id} is not known yet"
    ),
    "nothing is there": Case(ROUND, None, ABSENT, "it is wanted", steps=("create-a",)),
    "as it should be": Case(ROUND, applied(ROUND), present(reading("a")), "nothing is to be done"),
    "not seen": Case(ROUND, None, UNKNOWN, "what is not known is not made", blocked="ObservationFailed"),
    "not looked at yet": Case(
        ROUND, None, Sighting(Presence.UNKNOWN, message="not read since"), "it will be", waiting="not read since"
    ),
    "wanted otherwise": Case(LARGE, applied(ROUND), present(reading("a")), "it can change", steps=("update-a",)),
    "wanted otherwise for good": Case(
        SQUARE, applied(ROUND), present(reading("a")), "it cannot change", steps=("replace-a",), gated=True
    ),
    "gone, on record": Case(
        ROUND, entry("a", id="", incarnation=1), GONE, "the record allows the next one", steps=("create-a",)
    ),
    "gone, not on record": Case(
        ROUND,
        applied(ROUND),
        GONE,
        "the next one is made when it is on record that the first is gone",
        waiting="is gone",
    ),
    "on its way out": Case(ROUND, applied(ROUND), present(DELETING), "it ends first", waiting="is being deleted"),
    "ours, not on record": Case(
        ROUND, None, present(reading("a")), "our own create was not recorded", steps=("adopt-a",)
    ),
    "ours, of another life": Case(
        ROUND,
        None,
        present(replace(reading("a"), mark=mark("a", uid="app-0"))),
        "an Application restored from Git asks before it takes over",
        steps=("adopt-a",),
        gated=True,
    ),
    "somebody else's": Case(ROUND, None, present(THEIRS), "never taken", blocked="NameConflict"),
    "nobody's": Case(ROUND, None, present(UNMARKED), "never taken", blocked="NameConflict"),
    "a copy of ours": Case(ROUND, None, present(COPY), "its mark says another resource", blocked="NameConflict"),
    "changed, but somebody else's now": Case(
        LARGE, applied(ROUND), present(THEIRS), "a name that others use now is not changed", blocked="NameConflict"
    ),
    "to be replaced, but nobody's now": Case(
        SQUARE, applied(ROUND), present(UNMARKED), "what is not marked ours is not destroyed", blocked="NameConflict"
    ),
    "somebody else's, but as it should be": Case(
        ROUND, applied(ROUND), present(UNMARKED), "marks can be slow to show after a create; nothing is sent anyway"
    ),
    "not wanted": Case(None, entry("a"), present(reading("a")), "it goes", steps=("delete-a",), gated=True),
    "not wanted, and somebody else's": Case(
        None, entry("a"), present(THEIRS), "only what is marked ours is deleted", blocked="NameConflict"
    ),
    "not wanted, and nobody's": Case(
        None, entry("a"), present(UNMARKED), "only what is marked ours is deleted", blocked="NameConflict"
    ),
    "not wanted, not seen": Case(None, entry("a"), UNKNOWN, "it may be there", blocked="ObservationFailed"),
    "not wanted, not looked at": Case(
        None,
        entry("a"),
        Sighting(Presence.UNKNOWN, message="soon"),
        "a listing that lacks it is no proof",
        waiting="soon",
    ),
    "not wanted, gone": Case(None, entry("a"), GONE, "it is as it should be"),
    "not wanted, never made": Case(None, entry("a", id=""), ABSENT, "there is nothing to remove"),
    "not wanted, on its way out": Case(None, entry("a"), present(DELETING), "it ends", waiting="is being deleted"),
    "not wanted, kept": Case(
        None, entry("a", deletion_policy="Retain"), present(reading("a")), "Retain", steps=("release-a",)
    ),
    "not wanted, kept, nobody's": Case(
        None, entry("a", deletion_policy="Retain"), present(UNMARKED), "it is let go as it is", steps=("release-a",)
    ),
    "not wanted, kept, not seen": Case(
        None, entry("a", deletion_policy="Retain"), UNKNOWN, "its mark has to be changed", blocked="ObservationFailed"
    ),
    "not wanted, kept, gone": Case(None, entry("a", deletion_policy="Retain"), GONE, "there is nothing to keep"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_thing_gets_the_one_step_that_is_right(case: Case) -> None:
    wanted = desired(case.wanted) if case.wanted else NOTHING
    found = plan(wanted, ledger(case.known) if case.known else {}, {A: case.sighting})
    finding = found.findings[A]
    assert tuple(steps(found)) == case.steps, case.reason
    assert (finding.blocked or ("",))[0] == case.blocked, case.reason
    assert (case.waiting in finding.waiting) if case.waiting else finding.waiting == "", case.reason
    assert any(step.gated for step in found.steps) == case.gated, case.reason


def test_what_has_ended_is_not_done_again_because_another_edition_hashes_it_otherwise() -> None:
    before = DONE.model_copy(update={"applied_hash": "hmac:of another form"})
    alone = replace(OTHERS, before=Settled())
    for standing, known in [(OTHERS, before), (alone, before.model_copy(update={"settled": SETTLED}))]:
        subject = replace(SUBJECT, standing=standing)
        found = plan(desired(MIGRATION), ledger(known), {A: ABSENT}, subject=subject)
        assert steps(found) == []
        assert found.findings[A].resolved_hash == HASHER.hash(MIGRATION.spec)
    assert steps(plan(desired(MIGRATION), ledger(before), {A: ABSENT})) == ["create-a"], "else it is another one"


KEPT_SQUARE = target("a", shape="square", size=2, deletion_policy="Retain")


def test_what_says_retain_is_not_replaced_but_tells_who_could_let_it_be() -> None:
    found = plan(desired(KEPT_SQUARE), ledger(applied(ROUND)), {A: present(reading("a"))})
    assert steps(found) == [], "not even what could change in place: it is one wish, and cannot be met"
    why = "shape cannot change without a-1 being destroyed, and its deletionPolicy is Retain"
    mend = "undo the change, or set it to Delete if what it holds may go."
    assert found.findings[A].blocked == ("Retained", f"sky/thing/a: {why}: {mend}")
    let_go = plan(
        desired(replace(KEPT_SQUARE, deletion_policy="Delete")), ledger(applied(ROUND)), {A: present(reading("a"))}
    )
    assert steps(let_go) == ["replace-a"]


MENDS = {
    "found": (ROUND, None, THEIRS, "belongs to shop/other, as its a. Rename the resource, or remove the other."),
    "changed": (LARGE, applied(ROUND), UNMARKED, "bears no mark of ours. Put the mark back, or remove it to have"),
    "unwanted": (None, entry("a"), COPY, "belongs to shop/checkout, as its b. Put the mark back to have it deleted"),
    "of another control plane": (
        None,
        entry("a"),
        replace(reading("a"), mark=mark("a", owner=replace(OWNER, control_plane="cp-2"))),
        "belongs to shop/checkout, as its a, by control plane cp-2, and this is cp-1. Put the mark back",
    ),
}


@pytest.mark.parametrize(("wanted", "known", "have", "message"), MENDS.values(), ids=MENDS)
def test_a_conflict_names_the_thing_whose_it_is_and_the_mend(
    wanted: Target | None, known: LedgerEntry | None, have: Reading, message: str
) -> None:
    found = plan(desired(wanted) if wanted else NOTHING, ledger(known) if known else {}, {A: present(have)})
    _, text = found.findings[A].blocked or ("", "")
    assert text.startswith("thing a in Cell sky: a-1 exists and ")
    assert message in text


def changes(found: Proposal) -> list[tuple[str, Any, Any]]:
    return [(change.path, change.old, change.new) for change in found.steps[0].changes]


def test_a_change_shows_what_was_and_what_will_be() -> None:
    found = plan(desired(LARGE), ledger(applied(ROUND)), {A: present(reading("a"))})
    assert changes(found) == [("size", 1, 2)]


def test_a_create_shows_every_setting_but_empty_ones() -> None:
    assert changes(plan(desired(target("a", colour="red")))) == [
        ("size", None, 1),
        ("speed", None, 1),
        ("shape", None, "round"),
        ("colour", None, "red"),
    ]


IMPACTS = {
    "nothing": (target("a", size=2), "update-a", "None", "a setting that can change"),
    "an interruption": (target("a", size=2, speed=2), "update-a", "Disruptive", "the worst of its changes"),
    "the loss of it": (
        target("a", size=2, shape="square"),
        "replace-a",
        "Destructive",
        "one that cannot change is enough",
    ),
}


@pytest.mark.parametrize(("wanted", "name", "impact", "reason"), IMPACTS.values(), ids=IMPACTS)
def test_a_step_says_what_people_will_notice(wanted: Target, name: str, impact: str, reason: str) -> None:
    found = plan(desired(wanted), ledger(applied(ROUND)), {A: present(reading("a"))}).steps[0]
    assert (found.name, found.impact) == (name, impact), reason


class Drifted(NamedTuple):
    known: LedgerEntry
    policy: Policy
    steps: list[str]
    plan_reason: str
    drift: list[str]
    reason: str


REPORT = Policy(drift="Report")
DRIFTED = {
    "corrected": Drifted(
        applied(LARGE),
        Policy(),
        ["update-a"],
        "Drift",
        ["size"],
        "what was applied is what is wanted: others changed it",
    ),
    "reported": Drifted(
        applied(LARGE), REPORT, [], "Drift", ["size"], "a person wants to see it and have it left alone"
    ),
    "wanted otherwise": Drifted(
        applied(ROUND), Policy(), ["update-a"], "SpecChanged", [], "what was applied is not what is wanted now"
    ),
    "wanted otherwise, reported": Drifted(
        applied(ROUND), REPORT, ["update-a"], "SpecChanged", [], "only drift is left alone, wishes are carried out"
    ),
    "never applied": Drifted(
        entry("a"), REPORT, ["update-a"], "SpecChanged", [], "what was never applied cannot have drifted"
    ),
}


@pytest.mark.parametrize("case", DRIFTED.values(), ids=DRIFTED)
def test_drift_is_told_from_a_wish_by_what_was_applied(case: Drifted) -> None:
    found = plan(desired(LARGE), ledger(case.known), {A: present(reading("a", size=7))}, policy=case.policy)
    assert steps(found) == case.steps, case.reason
    assert [change.path for change in found.findings[A].drift] == case.drift, case.reason
    assert found.empty or found.reason == case.plan_reason, case.reason


def test_a_setting_that_was_never_given_is_left_to_the_provider() -> None:
    coloured = present(reading("a", colour="red"))
    assert plan(desired(ROUND), ledger(applied(ROUND)), {A: coloured}).empty


def test_a_setting_that_is_left_out_again_is_reset() -> None:
    known, coloured = applied(target("a", colour="red")), present(reading("a", colour="red"))
    assert changes(plan(desired(ROUND), ledger(known), {A: coloured})) == [("colour", "red", None)]


def test_what_was_applied_can_be_remembered() -> None:
    found = plan(desired(target("a", colour="red"))).drafts["create-a"].want
    assert found is not None
    assert settings_applied(found) == ("colour", "shape", "size", "speed", "tags")


P = key("p", kind="previewed")
WANTED = target("p", kind=PREVIEWED)
LIVE = replace(reading("p"), fingerprint="as-stored")
CHANGE = (Change.model_validate({"path": "size", "from": 1, "to": 2}),)


class Previewed(NamedTuple):
    preview: Preview | None
    applied_hash: str
    stored_hash: str
    steps: list[str]
    blocked: str
    waiting: str
    reason: str


HASH = HASHER.hash(WANTED.spec)
PREVIEWS = {
    "nothing moved": Previewed(None, HASH, "as-stored", [], "", "", "a dry run can be spared"),
    "a dry run without changes": Previewed(Preview(), "", "", [], "", "", "the API server says it is as it should be"),
    "a dry run with changes": Previewed(
        Preview(CHANGE), "", "", ["update-previewed-p-in-sky"], "", "", "it says what to do"
    ),
    "refused": Previewed(
        Preview(refusal="spec.size: too large"), "", "", [], "Refused", "", "only a person can mend what is refused"
    ),
    "not to be had": Previewed(
        None, HASH, "moved", [], "", "could not say", "without its word nothing can be said about what changes"
    ),
}


@pytest.mark.parametrize("case", PREVIEWS.values(), ids=PREVIEWS)
def test_a_type_with_previews_is_planned_by_its_providers_word(case: Previewed) -> None:
    known = applied(WANTED).model_copy(update={"applied_hash": case.applied_hash, "stored_hash": case.stored_hash})
    previews = {P: case.preview} if case.preview else {}
    found = plan(desired(WANTED), ledger(known), {P: present(LIVE)}, previews=previews)
    # The double is of no cluster; only Kubernetes objects have their kind and Cell in a step's name.
    assert [step.action for step in found.steps] == ["Update"] * len(case.steps), case.reason
    assert (found.findings[P].blocked or ("",))[0] == case.blocked, case.reason
    assert case.waiting in found.findings[P].waiting, case.reason


def test_what_another_life_made_is_recognised_by_identity_and_taken_with_its_settings() -> None:
    """Adopting only marks; what differs is planned in the next pass, for people to see."""
    old = replace(reading("a", size=9), mark=mark("a", uid="app-0", incarnation=4))
    found = plan(desired(ROUND), {}, {A: present(old)})
    assert (steps(found), found.steps[0].basis.id, found.steps[0].changes) == (["adopt-a"], "a-1", ())


def test_the_next_one_after_one_that_is_gone_is_of_the_next_incarnation() -> None:
    found = plan(desired(ROUND), ledger(entry("a", id="", incarnation=3)), {A: GONE})
    draft = found.drafts["create-a"]
    assert draft.want is not None
    assert draft.want.mark == mark("a", 3)


def test_a_draft_tells_whether_it_is_to_be_kept() -> None:
    """So that it is on record before the thing exists: a deletion right after must not destroy it."""
    assert plan(desired(target("a", deletion_policy="Retain"))).drafts["create-a"].deletion_policy == "Retain"


def test_a_snapshot_is_taken_of_what_is_to_be_kept_as_one_whether_it_goes_or_is_replaced() -> None:
    kept = target("a", kind=SAFE, deletion_policy="Snapshot", shape="square")
    remembered = ledger(entry("a", kind="safe", deletion_policy="Snapshot"))
    there = {kept.key: present(reading("a"))}
    for found in (plan(NOTHING, remembered, there), plan(desired(kept), remembered, there)):
        assert [call.operation for call in found.steps[0].calls] == ["Photograph", "Delete"]


def test_a_type_without_snapshots_says_so_rather_than_deleting() -> None:
    with pytest.raises(NotImplementedError, match="thing has no snapshots"):
        THING.delete_but_snapshot(reading("a"))


def test_health_does_not_stop_a_change() -> None:
    """What is Failed may need that very change to recover."""
    failed = replace(reading("a"), health=Health(HealthState.FAILED, "no capacity"))
    assert steps(plan(desired(LARGE), ledger(applied(ROUND)), {A: present(failed)})) == ["update-a"]


@pytest.mark.parametrize(
    ("policy", "step", "call"), [("Retain", "release-a", "Mark"), ("Delete", "delete-a", "Delete")]
)
def test_a_thing_that_bears_the_name_of_before_is_let_go_under_the_new_one_or_deleted(
    policy: str, step: str, call: str
) -> None:
    known = entry("a", renamed_from="b", deletion_policy=policy)
    found = plan(NOTHING, ledger(known), {A: present(COPY)})
    assert [(one.name, [each.operation for each in one.calls]) for one in found.steps] == [(step, [call])]
    want = found.drafts[step].want
    assert want is None or want.mark == mark("a", uid="")


def test_what_is_let_go_stays_the_owners_by_name_but_no_life_of_it_retires_it() -> None:
    """What is found with the mark of this very Application, but on no record, is taken for a leftover and deleted."""
    found = plan(NOTHING, ledger(entry("a", deletion_policy="Retain")), {A: present(reading("a"))})
    want = found.drafts["release-a"].want
    assert want is not None
    assert want.mark == mark("a", uid="")
    assert [call.operation for call in found.steps[0].calls] == ["Mark"]
    unmarked = plan(NOTHING, ledger(entry("a", deletion_policy="Retain")), {A: present(UNMARKED)})
    assert unmarked.steps[0].calls == ()


class Taken(NamedTuple):
    says: str
    reason: str
    other: LedgerEntry = entry("b")
    wanted: bool = True
    mark: str = "a"
    adopt: str = ""


TAKEN = {
    "renamed just now": Taken(
        "waits until b-1, which was it before, bears the mark of b",
        "its mark is about to be written",
        entry("b", renamed_from="a"),
    ),
    "renamed, and its mark is lost": Taken(
        "b-1 is on record as b; rename this one, or remove that one.",
        "nothing will write its mark",
        entry("b", renamed_from="a"),
        mark="",
    ),
    "renamed long ago": Taken("b-1 is on record as b; rename this one, or remove that one.", "it has its name"),
    "to be adopted": Taken(
        "b-1 is on record as b; leave that one out, and say renamedFrom: b here in place of adopt, to go on with it.",
        "to remove it destroys it",
        adopt="b-1",
    ),
    "to be removed": Taken("waits until b-1, which is on record as b, is gone", "its name is free then", wanted=False),
}


@pytest.mark.parametrize("case", TAKEN.values(), ids=TAKEN)
def test_what_is_on_record_under_another_name_is_not_taken_over(case: Taken) -> None:
    found = present(replace(reading("a", "b-1"), mark=mark(case.mark) if case.mark else None))
    both = [replace(target("a"), adopt=case.adopt), *([target("b")] if case.wanted else [])]
    finding = plan(desired(*both), ledger(case.other), {A: found, key("b"): found}).findings[A]
    assert finding.draft is None
    said = finding.waiting or (finding.blocked or ("", ""))[1]
    assert said == f"sky/thing/a: {case.says}", case.reason
    assert (finding.blocked is None) is bool(finding.waiting)
