"""A proposal as a whole: which steps, in what order, for what reason, and what bounds it."""

import re
from dataclasses import replace
from typing import NamedTuple

import pytest

from pilothouse.api.plan import Change, PlanSpec
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject, Manifest
from pilothouse.dataplane.types import HealthState, Mark, Reading, TargetKey
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Preview, Sighting, Snapshot
from pilothouse.planning import plan as planning
from pilothouse.planning.diff import Finding
from pilothouse.planning.plan import Policy, Proposal, known_outputs, make_plan, plan_digest, plan_name
from tests.unit.planning.things import (
    CONTEXT,
    GONE,
    HASHER,
    NOW,
    OWNER,
    SAFE,
    SUBJECT,
    UID,
    UNKNOWN,
    applied,
    deleting,
    desired,
    entry,
    key,
    ledger,
    mark,
    plan,
    present,
    reading,
    seen,
    steps,
    target,
)

NOTHING = DesiredState()
ROUND = target("a")


class Reasons(NamedTuple):
    proposal: Proposal
    reason: str
    why: str


DRIFTED = plan(desired(ROUND), ledger(applied(ROUND)), seen(reading("a", size=7)))
REPAIRED = plan(desired(ROUND), ledger(entry("a", id="", incarnation=1)), {key("a"): GONE})
EXTRA = plan(desired(ROUND), ledger(applied(ROUND)), {key("a"): present(reading("a"), reading("a", "a-2"))})
BOTH = desired(ROUND, target("b"))
REASONS = {
    "a wish": Reasons(plan(desired(ROUND)), "SpecChanged", "a person asked for it"),
    "drift": Reasons(DRIFTED, "Drift", "somebody changed it behind our back"),
    "a loss": Reasons(REPAIRED, "Repair", "it was there and is to be there again"),
    "an extra": Reasons(EXTRA, "Repair", "what a lost reply left behind is put right"),
    "deletion": Reasons(
        plan(NOTHING, ledger(entry("a")), seen(reading("a")), subject=deleting()), "Deletion", "it goes"
    ),
    "a wish among drift": Reasons(
        plan(BOTH, ledger(applied(ROUND)), seen(reading("a", size=7))),
        "SpecChanged",
        "people look for their own change",
    ),
    "a loss among drift": Reasons(
        plan(
            BOTH,
            ledger(applied(ROUND), entry("b", id="", incarnation=1)),
            {key("a"): present(reading("a", size=7)), key("b"): GONE},
        ),
        "Repair",
        "a loss is worse than a difference",
    ),
}


@pytest.mark.parametrize("case", REASONS.values(), ids=REASONS)
def test_a_plan_says_why_there_is_something_to_do(case: Reasons) -> None:
    assert not case.proposal.empty
    assert case.proposal.reason == case.reason, case.why


def test_an_extra_is_retired_by_its_own_step_without_asking() -> None:
    """Nothing ever used it: its identifier was lost before anybody could."""
    assert [(step.name, step.basis.id, step.gated) for step in EXTRA.steps] == [("retire-a-a-2", "a-2", False)]


def test_an_extra_that_is_going_already_is_left_to_go() -> None:
    going = reading("a", "a-2", state=HealthState.DELETING)
    assert plan(desired(ROUND), ledger(applied(ROUND)), {key("a"): present(reading("a"), going)}).empty


def test_the_deletion_of_an_application_asks_nobody_again() -> None:
    """`kubectl delete` was the approval."""
    found = plan(NOTHING, ledger(entry("a")), seen(reading("a")), subject=deleting(), policy=Policy("Always"))
    assert [(step.name, step.impact, step.gated) for step in found.steps] == [("delete-a", "Destructive", False)]


class Held(NamedTuple):
    user: Sighting
    known: tuple[str, ...]
    steps: list[str]
    waiting: str
    reason: str


GOING = present(reading("b", state=HealthState.DELETING))
FOREIGN = present(replace(reading("b"), mark=None))
HELD = {
    "there": Held(present(reading("b")), ("a",), ["delete-b", "delete-a"], "", "users go first"),
    "going": Held(GOING, ("a",), [], "sky/thing/a: waits for sky/thing/b, which uses it", "it may use it to its end"),
    "not seen": Held(UNKNOWN, ("a",), [], "sky/thing/a: waits for sky/thing/b, which uses it", "it may be there"),
    "not ours": Held(
        FOREIGN, ("a",), [], "sky/thing/a: waits for sky/thing/b, which uses it", "it is there, and stuck"
    ),
    "gone": Held(GONE, ("a",), ["delete-a"], "", "nothing uses it any more"),
    "no user": Held(UNKNOWN, (), ["delete-a"], "", "one that is stuck holds back only what it uses"),
}


@pytest.mark.parametrize("case", HELD.values(), ids=HELD)
def test_nothing_is_removed_before_what_uses_it(case: Held) -> None:
    known = ledger(entry("a"), entry("b", *case.known))
    found = plan(NOTHING, known, {key("a"): present(reading("a")), key("b"): case.user}, subject=deleting())
    assert steps(found) == case.steps, case.reason
    assert found.findings[key("a")].waiting == case.waiting, case.reason


def test_what_is_held_back_holds_back_what_it_uses_itself() -> None:
    known = ledger(entry("a"), entry("b", "a"), entry("c", "b"))
    found = plan(NOTHING, known, {**seen(reading("a"), reading("b")), key("c"): UNKNOWN}, subject=deleting())
    assert found.empty
    assert found.findings[key("a")].waiting == "sky/thing/a: waits for sky/thing/b, which uses it"


def test_a_user_that_stays_is_changed_before_what_it_used_is_removed() -> None:
    wanted = target("b", size=2)
    found = plan(desired(wanted), ledger(entry("a"), entry("b", "a")), seen(reading("a"), reading("b")))
    assert [(step.name, step.depends_on) for step in found.steps] == [("update-b", ()), ("delete-a", ("update-b",))]


def test_what_was_used_by_something_nobody_remembers_is_removed() -> None:
    known = entry("a").model_copy(update={"after": ("gone/thing/x",)})
    assert steps(plan(NOTHING, ledger(known), seen(reading("a")))) == ["delete-a"]


def test_outputs_are_those_of_wanted_cloud_resources() -> None:
    """Objects in clusters have none, and what is on its way out is not to be used any more."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    one = TargetKey("eu", "ConfigMap", "settings")
    wanted = desired(ROUND, Target(one, KubernetesObject("ConfigMap"), "settings", Manifest(body=body)))
    there = {key("a"): present(reading("a")), key("z"): present(reading("z")), one: present(Reading("x", None))}
    assert known_outputs(CONTEXT, wanted, {}, Snapshot(NOW, there)) == {"a": {"id": "a-1", "address": "addr-a-1"}}


def test_a_password_that_we_made_is_an_output_that_stays_the_same_until_the_thing_is_another() -> None:
    def password(incarnation: int) -> str:
        one = target("a", kind=SAFE)
        known = ledger(entry("a", kind="safe", incarnation=incarnation))
        there = Snapshot(NOW, {one.key: present(reading("a"))})
        return known_outputs(CONTEXT, desired(one), known, there)["a"]["password"]

    assert password(0) == password(0) != password(1)
    assert re.fullmatch(r"[A-Z][a-z0-9]{31}", password(0))
    assert "Sensitive" in repr(password(0)), "it is never shown"


MANY = desired(*(target(f"t{number:03}") for number in range(planning.MOST_STEPS + 5)))


def test_a_plan_has_a_bounded_number_of_steps_and_the_rest_is_the_next_one() -> None:
    first = plan(MANY)
    assert len(first.steps) == planning.MOST_STEPS
    made = {one.key for one in MANY.targets.values() if f"create-{one.key.resource}" in steps(first)}
    known = ledger(*(applied(one) for one in MANY.targets.values() if one.key in made))
    second = plan(MANY, known, seen(*(reading(one.resource) for one in made)))
    assert {*steps(first), *steps(second)} == {f"create-{one.resource}" for one in MANY.targets}


def test_a_plan_has_a_bounded_size_but_never_less_than_a_step() -> None:
    note = "x" * (planning.MOST_BYTES // 3)
    assert steps(plan(desired(*(target(name, tags={"note": note}) for name in "abc")))) == ["create-a"]
    assert steps(plan(desired(target("a", tags={"note": "x" * planning.MOST_BYTES})))) == ["create-a"]


def test_a_truncated_plan_depends_on_nothing_that_it_lacks() -> None:
    chain = [target("t000"), *(target(f"t{n:03}", f"t{n - 1:03}") for n in range(1, planning.MOST_STEPS + 5))]
    found = plan(desired(*chain))
    names = set(steps(found))
    assert all(set(step.depends_on) <= names for step in found.steps)


def test_a_plan_edited_by_hand_does_not_fit_its_name() -> None:
    spec = plan(desired(ROUND)).spec("checkout", UID, 3)
    assert plan_name("checkout", spec) == f"checkout-3-{plan_digest(spec)}"
    edited = spec.model_copy(update={"steps": (spec.steps[0].model_copy(update={"gated": True}),)})
    assert plan_digest(edited) != plan_digest(spec)


def test_a_plan_read_back_fits_its_name() -> None:
    spec = plan(desired(target("a", tags={"b": "1", "a": "2"}))).spec("checkout", UID, 3)
    again = PlanSpec.model_validate_json(spec.model_dump_json(by_alias=True))
    assert plan_digest(again) == plan_digest(spec)


def test_the_hash_of_the_desired_state_is_of_what_is_wanted_and_not_of_what_is_there() -> None:
    there = plan(desired(ROUND), ledger(applied(ROUND)), seen(reading("a", size=7)))
    assert there.desired_hash == plan(desired(ROUND)).desired_hash
    assert plan(desired(target("a", deletion_policy="Retain"))).desired_hash != there.desired_hash
    assert plan(desired(target("a", size=2))).desired_hash != there.desired_hash


BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "red"}}
OBJECT = TargetKey("eu", "ConfigMap", "settings")
CONFIG_MAP = KubernetesObject("ConfigMap")
CHANGE = Change.model_validate({"path": "data.colour", "from": "blue", "to": "red"})


def kubernetes(known: bool, preview: Preview | None = None) -> Proposal:  # noqa: FBT001 - reads well where it is called
    """A plan for one ConfigMap."""
    wanted = DesiredState({OBJECT: Target(OBJECT, CONFIG_MAP, "v1/ConfigMap/shop/settings", Manifest(body=BODY))})
    live = Reading(
        "v1/ConfigMap/shop/settings", Mark(OWNER, "settings", UID), outputs={"uid": "u-1"}, fingerprint="f-1"
    )
    remembered = entry("settings", cell="eu", kind="ConfigMap", id=live.id)
    snapshot = Snapshot(NOW, {OBJECT: present(live)} if known else {OBJECT: GONE}, {OBJECT: preview} if preview else {})
    kept = {OBJECT: remembered} if known else {}
    return make_plan(SUBJECT, wanted, kept, snapshot, Policy(), {"ConfigMap": CONFIG_MAP}.__getitem__)


def test_a_kubernetes_step_shows_changed_paths_and_names_the_object_but_holds_no_manifest() -> None:
    """Manifests are large and may hold secrets; a dry run says what they would change."""
    (step,) = kubernetes(known=True, preview=Preview((CHANGE,))).steps
    assert step.name == "update-configmap-settings-in-eu"
    assert [(one.path, one.old, one.new) for one in step.changes] == [("data.colour", "blue", "red")]
    parameters = {"apiVersion": "v1", "kind": "ConfigMap", "name": "settings", "force": True}
    assert step.calls[0].parameters == parameters


def test_a_deletion_of_an_object_shows_which_one() -> None:
    """By its UID too: a namesake that somebody made since is not meant."""
    live = Reading("v1/ConfigMap/shop/settings", Mark(OWNER, "settings", UID), outputs={"uid": "u-1"})
    known = ledger(entry("settings", cell="eu", kind="ConfigMap", id=live.id))
    snapshot = Snapshot(NOW, {OBJECT: present(live)})
    found = make_plan(SUBJECT, NOTHING, known, snapshot, Policy(), {"ConfigMap": CONFIG_MAP}.__getitem__)
    assert steps(found) == ["delete-configmap-settings-in-eu"]
    call = found.steps[0].calls[0]
    assert (call.operation, call.parameters["name"], call.parameters["uid"]) == ("delete", "settings", "u-1")


def test_a_create_of_an_object_shows_no_changes() -> None:
    (step,) = kubernetes(known=False).steps
    assert (step.action, step.changes, step.calls[0].parameters["name"]) == ("Create", (), "settings")


def test_a_fingerprint_in_a_plan_is_keyed() -> None:
    """It covers the data of Secrets: whoever reads Plans must not be able to try passwords on it."""
    (step,) = kubernetes(known=True, preview=Preview((CHANGE,))).steps
    assert step.basis.observed == HASHER.hash("f-1")


def test_a_basis_says_what_the_step_is_bound_to() -> None:
    found = plan(desired(target("a", size=2)), ledger(applied(ROUND)), seen(reading("a"))).steps[0].basis
    assert found.id == "a-1"
    assert found.observed == HASHER.hash(reading("a").spec)
    assert found.desired == HASHER.hash(target("a", size=2).spec)
    made = plan(desired(ROUND)).steps[0].basis
    assert (made.id, made.observed) == ("", "absent")


def test_a_removal_that_only_the_ledger_knows_finds_its_type() -> None:
    found = plan(NOTHING, ledger(entry("a", kind="gadget")), {key("a", kind="gadget"): present(reading("a"))})
    assert [(step.name, step.target.type) for step in found.steps] == [("delete-a", "gadget")]


def test_marks_are_of_the_application_that_is_planned_for() -> None:
    found = plan(desired(ROUND)).drafts["create-a"].want
    assert found is not None
    assert found.mark == mark("a")


def test_what_moved_to_another_cell_that_sees_it_too_is_taken_over_there_and_not_removed() -> None:
    """Two Cells of one account see the same things: the old one must not destroy what the new one took."""
    moved, old = target("a", cell="sea"), key("a")
    there = {moved.key: present(reading("a")), old: present(reading("a"))}
    found = plan(desired(moved), ledger(entry("a")), there)
    assert [step.name for step in found.steps] == ["adopt-a"]
    assert found.findings[old] == Finding(old)


def test_what_moved_to_another_account_is_made_there_and_removed_here() -> None:
    """Names are the same in both, and what tells them apart is among the outputs."""
    moved, old = target("a", cell="sea"), key("a")
    other = replace(reading("a"), outputs={"address": "elsewhere"})
    found = plan(
        desired(moved),
        ledger(entry("a"), entry("a", cell="sea")),
        {moved.key: present(other), old: present(reading("a"))},
    )
    assert [step.action for step in found.steps] == ["Delete"]
