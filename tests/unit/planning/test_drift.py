"""What others changed is put right, only shown, or left alone, thing by thing and field by field."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import LedgerEntry
from pilothouse.api.drift import DriftPolicy, DriftRule, FieldDrift
from pilothouse.api.plan import Change
from pilothouse.applying import ledger as books
from pilothouse.applying.ledger import Book
from pilothouse.desired.state import Target
from pilothouse.observed.snapshot import Preview, Snapshot
from pilothouse.planning.hashes import Hasher
from pilothouse.planning.plan import Policy
from tests.unit.planning.things import (
    ABSENT,
    GONE,
    HASHER,
    NOW,
    OTHERS,
    PREVIEWED,
    SUBJECT,
    applied,
    desired,
    ledger,
    plan,
    present,
    quick,
    reading,
    steps,
    target,
)
from tests.unit.planning.world import World

COLOURED = target("a", colour="red", tags={"team": "a", "cost": "1"})
A = COLOURED.key


def rule(policy: DriftPolicy | None = None, **fields: DriftPolicy) -> DriftRule:
    named = tuple(FieldDrift(path=path.replace("_", "."), policy=one) for path, one in fields.items())
    return DriftRule(policy=policy, fields=named)


def ruled(by: DriftRule, one: Target = COLOURED, **settings: Any) -> Target:
    """The same thing under a rule, some settings wanted otherwise."""
    return replace(one, drift=by, spec=one.spec.model_copy(update=settings))


def remembering(one: Target) -> LedgerEntry:
    """What the ledger remembers of a thing that was made under its rule."""
    fields = {
        field.path: HASHER.hash(one.type.setting(one.spec, tuple(field.path.split(".")))) for field in one.drift.fields
    }
    return applied(one).model_copy(update={"applied_fields": fields})


class Case(NamedTuple):
    """What is changed and shown, given a rule, what others changed, and what is wanted otherwise than before."""

    by: DriftRule
    others: dict[str, Any]
    wanted: dict[str, Any]
    changes: list[str]
    drift: list[str]
    reason: str
    fleet: DriftPolicy = "Correct"
    remembered: bool = True


BLUE, LARGE = {"colour": "blue"}, {"size": 2}
CASES = {
    "without a rule": Case(rule(), BLUE, {}, ["colour"], ["colour"], "the Application's policy holds"),
    "without a rule, only shown": Case(
        rule(), BLUE, {}, [], ["colour"], "the Application's policy holds", fleet="Report"
    ),
    "a thing that is left alone": Case(rule("Ignore"), BLUE, {}, [], [], "neither put right nor shown"),
    "all are left alone": Case(rule(), BLUE, {}, [], [], "neither put right nor shown", fleet="Ignore"),
    "a thing that is put right after all": Case(
        rule("Correct"), BLUE, {}, ["colour"], ["colour"], "it says otherwise than the Application", fleet="Ignore"
    ),
    "a thing that is left alone and wanted otherwise": Case(
        rule("Ignore"), BLUE, LARGE, ["size", "colour"], [], "once its spec changes it is to be as it says, in all"
    ),
    "a field that is left alone": Case(rule(colour="Ignore"), BLUE, {}, [], [], "it is named"),
    "beside a field that is left alone": Case(
        rule(colour="Ignore"), BLUE | LARGE, {}, ["size"], ["size"], "only that field is named"
    ),
    "a field that is shown": Case(rule(colour="Report"), BLUE | LARGE, {}, ["size"], ["size", "colour"], "it is named"),
    "a field that is left alone while another is wanted otherwise": Case(
        rule(colour="Ignore"), BLUE, LARGE, ["size"], [], "the wish is about another field"
    ),
    "a field that is shown while another is wanted otherwise": Case(
        rule(colour="Report"), BLUE, LARGE, ["size"], ["colour"], "the wish is about another field"
    ),
    "a field that is left alone and wanted otherwise": Case(
        rule(colour="Ignore"), BLUE, {"colour": "green"}, ["colour"], [], "a wish is carried out"
    ),
    "a field that is left alone and left out again": Case(
        rule(colour="Ignore"), BLUE, {"colour": None}, ["colour"], [], "that is a wish as well"
    ),
    "a field that is left alone, as others already made it": Case(
        rule(colour="Ignore"), BLUE, BLUE, [], [], "the wish is fulfilled"
    ),
    "a field that cannot change and is left alone": Case(
        rule(shape="Ignore"), {"shape": "square"}, LARGE, ["size"], [], "nothing is replaced for its sake"
    ),
    "a field that others took away": Case(rule(colour="Ignore"), {"colour": None}, {}, [], [], "it is left like that"),
    "a field that is put right in a thing that is left alone": Case(
        rule("Ignore", colour="Correct"), BLUE | LARGE, {}, ["colour"], ["colour"], "it is named"
    ),
    "a field that is put right in a thing that is shown": Case(
        rule("Report", colour="Correct"), BLUE | LARGE, {}, ["colour"], ["size", "colour"], "it is named"
    ),
    "a key that is left alone": Case(
        rule(tags_team="Ignore"), {"tags": {"team": "b", "cost": "2"}}, {}, ["tags"], ["tags"], "the other is not"
    ),
    "a key that others added": Case(
        rule(tags_seen="Ignore"), {"tags": {"team": "a", "cost": "1", "seen": "x"}}, {}, [], [], "it is named"
    ),
    "a key that others took away": Case(rule(tags_team="Ignore"), {"tags": {"cost": "1"}}, {}, [], [], "it is named"),
    "a field named just now": Case(
        rule(colour="Ignore"), BLUE, LARGE, ["size"], [], "to ignore it is to leave it", remembered=False
    ),
    "a field named just now, to be shown": Case(
        rule(colour="Report"), BLUE, {}, [], ["colour"], "nothing else was wished", remembered=False
    ),
    "a field named just now, to be shown, and wanted otherwise": Case(
        rule(colour="Report"), BLUE, {"colour": "green"}, ["colour"], [], "a wish is carried out", remembered=False
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_difference_gets_what_its_policy_says(case: Case) -> None:
    before = ruled(case.by)
    known = remembering(before) if case.remembered else applied(before)
    have = replace(reading("a"), spec=before.spec.model_copy(update=case.others))
    found = plan(
        desired(ruled(case.by, **case.wanted)),
        ledger(known),
        {A: present(have)},
        policy=Policy(drift=case.fleet),
    )
    assert [change.path for step in found.steps for change in step.changes] == case.changes, case.reason
    assert [change.path for change in found.findings[A].drift] == case.drift, case.reason
    assert steps(found) == (["update-a"] if case.changes else []), case.reason


UNASKED = {name: case for name, case in CASES.items() if not case.wanted and case.remembered}


@pytest.mark.parametrize("case", UNASKED.values(), ids=UNASKED)
def test_another_edition_of_the_operator_leaves_alone_what_the_one_before_did(case: Case) -> None:
    """None of its hashes is as it was remembered, and nobody has asked for anything."""
    one = ruled(case.by)
    have = replace(reading("a"), spec=one.spec.model_copy(update=case.others))
    other = replace(SUBJECT, hasher=Hasher(b"another key"), standing=OTHERS)
    found = plan(
        desired(one), ledger(remembering(one)), {A: present(have)}, policy=Policy(drift=case.fleet), subject=other
    )
    assert [change.path for step in found.steps for change in step.changes] == case.changes, case.reason
    left = [path for path in case.drift if path not in case.changes]
    assert [change.path for change in found.findings[A].drift] == left, "what is put right is told as an upgrade"
    assert set(found.reasons.values()) <= {"Upgrade"}


def test_what_is_left_alone_is_in_no_call() -> None:
    one = ruled(rule(colour="Ignore", tags_team="Ignore"))
    others: dict[str, Any] = {"size": 7, "colour": "blue", "tags": {"team": "b", "cost": "2"}}
    found = plan(desired(one), ledger(remembering(one)), {A: present(reading("a", **others))})
    (call,) = found.steps[0].calls
    assert call.parameters == {"id": "a-1", "settings": {"size": 1, "tags": {"cost": "1", "team": "b"}}}


def test_a_field_that_is_left_alone_is_not_reset_either() -> None:
    """What was set before and is left out now would be: `applied_keys` says that it was ours."""
    one = ruled(rule("Ignore", size="Correct"))
    found = plan(desired(one), ledger(remembering(one)), {A: present(reading("a", size=7))})
    assert found.drafts["update-a"].applied_keys == {"size"}


def test_a_create_sends_everything_and_remembers_what_it_said() -> None:
    one = ruled(rule(colour="Ignore", size="Correct"))
    draft = plan(desired(one), {}, {A: ABSENT}).drafts["create-a"]
    assert draft.want is not None
    assert draft.want.spec == one.spec
    assert draft.applied_fields == {"colour": HASHER.hash("red")}


class Previews(NamedTuple):
    by: DriftRule
    known: LedgerEntry
    changes: list[str]
    drift: list[str]
    unsent: set[str]
    left: bool
    reason: str


LIVE = target("p", kind=PREVIEWED, size=2, speed=2, colour="red")
FRESH = remembering(ruled(rule(colour="Ignore", speed="Report"), LIVE))
WISHED = FRESH.model_copy(update={"applied_hash": "hmac:before"})
TOLD = tuple(Change.model_validate({"path": path, "from": 1, "to": 2}) for path in ("size", "speed"))
PREVIEWS = {
    "all are put right": Previews(
        rule(), FRESH, ["size", "speed"], ["size", "speed"], set(), left=False, reason="no rule"
    ),
    "all are shown": Previews(rule("Report"), FRESH, [], ["size", "speed"], set(), left=True, reason="nothing is sent"),
    "all are left alone": Previews(rule("Ignore"), FRESH, [], [], set(), left=True, reason="nothing is sent"),
    "one is shown": Previews(
        rule(speed="Report"), FRESH, ["size"], ["size", "speed"], {"speed"}, left=True, reason="it is named"
    ),
    "one is shown while another is wished": Previews(
        rule(speed="Report"), WISHED, ["size"], ["speed"], {"speed"}, left=True, reason="it is as it was applied"
    ),
    "one is wished although the rest is shown": Previews(
        rule("Report"), WISHED, ["size", "speed"], [], set(), left=False, reason="the spec has changed"
    ),
}


@pytest.mark.parametrize("case", PREVIEWS.values(), ids=PREVIEWS)
def test_what_a_provider_tells_of_is_judged_the_same(case: Previews) -> None:
    one = ruled(case.by, LIVE)
    previews = {one.key: Preview(TOLD)}
    found = plan(desired(one), ledger(case.known), {one.key: present(reading("p"))}, previews=previews)
    finding = found.findings[one.key]
    assert [change.path for step in found.steps for change in step.changes] == case.changes, case.reason
    assert [change.path for change in finding.drift] == case.drift, case.reason
    assert finding.left == case.left, case.reason
    for draft in found.drafts.values():
        assert draft.want is not None
        assert {path for path in ("size", "speed", "colour") if getattr(draft.want.spec, path) is None} == case.unsent
        assert (draft.resolved, draft.left) == (HASHER.hash(one.spec), case.left), "all of it counts as applied"


def test_what_is_previewed_is_taken_over_as_it_is() -> None:
    """Its reading has no settings that could be left alone; what is left alone is asked for once it is ours."""
    one = ruled(rule(colour="Ignore"), LIVE)
    found = plan(desired(one), {}, {one.key: present(replace(reading("p"), spec=None))})
    assert [step.action for step in found.steps] == ["Adopt"]


def test_what_others_took_over_is_not_sent_even_if_it_makes_no_difference_now() -> None:
    one = ruled(rule(colour="Ignore"), LIVE)
    preview = Preview(TOLD, foreign=frozenset({("colour",)}))
    found = plan(desired(one), ledger(FRESH), {one.key: present(reading("p"))}, previews={one.key: preview})
    (draft,) = found.drafts.values()
    assert draft.want is not None
    assert draft.want.spec == LIVE.spec.model_copy(update={"colour": None})
    assert found.findings[one.key].left


def test_what_was_applied_to_a_field_is_remembered_once_it_is_there() -> None:
    """A wish that is still to be carried out must not count as carried out because something else was."""
    old = ruled(rule(colour="Ignore"))
    wished = replace(old, spec=old.spec.model_copy(update={"colour": "green", "size": 2}))
    open_, done = (
        plan(desired(wished), ledger(remembering(old)), {A: present(reading("a", size=2, colour=colour))}).findings[A]
        for colour in ("blue", "green")
    )
    assert open_.applied_fields == {"colour": HASHER.hash("red")}
    assert done.applied_fields == {"colour": HASHER.hash("green")}


def test_a_field_that_is_named_no_longer_is_forgotten() -> None:
    known = remembering(ruled(rule(colour="Ignore")))
    found = plan(desired(COLOURED), ledger(known), {A: present(reading("a"))})
    assert found.findings[A].applied_fields == {}


def test_the_next_one_after_one_that_is_gone_is_made_as_the_spec_says() -> None:
    known = remembering(ruled(rule(colour="Ignore")))
    (gone,) = books.record(Book({A: known}), Snapshot(NOW, {A: GONE})).entries.values()
    assert gone.applied_fields == {}


RULES = st.builds(
    rule,
    st.sampled_from([None, "Correct", "Report", "Ignore"]),
    **{path: st.sampled_from(["Correct", "Report", "Ignore"]) for path in ("size", "colour", "tags_team")},
)
WISHES = st.fixed_dictionaries(
    {"size": st.integers(1, 3), "speed": st.integers(1, 3)}, optional={"colour": st.sampled_from(["red", "blue"])}
)


@given(RULES, WISHES, WISHES, WISHES)
@quick
def test_whatever_the_rule_it_comes_to_rest_and_a_wish_about_a_field_is_carried_out(
    by: DriftRule, first: dict[str, Any], others: dict[str, Any], then: dict[str, Any]
) -> None:
    one, two = (replace(target("a", **wish), drift=by) for wish in (first, then))
    world = World(wanted=desired(one))
    world.settle()
    (identifier,) = world.things
    world.change(identifier, **others)
    world.settle()
    world.wanted = desired(two)
    world.settle()
    assert world.propose().empty
    found = world.things[identifier].reading.spec
    for name in ("size", "speed", "colour"):
        if getattr(one.spec, name) != getattr(two.spec, name):
            assert getattr(found, name) == getattr(two.spec, name), "it was wished for"
