"""A person may have a thing made anew although nothing differs: that very one, once, never what takes its place."""

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import ApprovalPolicy
from pilothouse.api.plan import StepStatus
from pilothouse.applying.ledger import Book
from pilothouse.dataplane.types import HealthState
from pilothouse.observed.snapshot import Sighting
from pilothouse.planning.plan import Policy, Proposal
from pilothouse.planning.validity import covering, finished_steps, progress, still_valid
from tests.unit.planning.test_convergence import as_stored, unsettled
from tests.unit.planning.things import (
    SUBJECT,
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
    quick,
    reading,
    steps,
    target,
)
from tests.unit.planning.world import World, worlds

ROUND = target("a")
ASKED = replace(SUBJECT, asked=frozenset({applied(ROUND).identity}))
THERE = present(reading("a"))


def asked(
    sighting: Sighting = THERE, *, wanted: object = ROUND, policy: Policy | None = None, **known: object
) -> Proposal:
    """The Plan of one thing as it was applied, of incarnation 0 and identifier a-1, that is asked to be replaced."""
    remembered = applied(ROUND).model_copy(update=known)
    return plan(desired(wanted), ledger(remembered), {key("a"): sighting}, subject=ASKED, policy=policy)  # type: ignore[arg-type]


def test_the_plan_shows_the_request_as_a_change_that_destroys_and_waits_for_approval() -> None:
    proposal = asked()
    (step,) = proposal.steps
    assert (step.name, step.action, step.impact, step.gated) == ("replace-a", "Replace", "Destructive", True)
    assert [(change.path, change.old, change.new) for change in step.changes] == [
        ("replace", None, "asked for by annotation pilothouse.dev/replace")
    ]
    assert (step.basis.id, step.basis.desired) == ("a-1", plan(desired(ROUND)).steps[0].basis.desired)
    assert [call.operation for call in step.calls] == ["Delete"]
    assert proposal.reason == "Requested"


@pytest.mark.parametrize(("approval", "gated"), [("Automatic", False), ("Destructive", True), ("Always", True)])
def test_it_is_gated_like_any_replacement(approval: ApprovalPolicy, gated: bool) -> None:  # noqa: FBT001 - a case
    changed = plan(
        desired(target("a", shape="square")), ledger(applied(ROUND)), {key("a"): THERE}, policy=Policy(approval)
    )
    assert asked(policy=Policy(approval)).steps[0].gated is gated is changed.steps[0].gated


class Left(NamedTuple):
    proposal: Proposal
    steps: list[str]
    reason: str


FOREIGN = replace(present(replace(reading("a"), mark=None)), ours=False)
RENAMED = replace(present(replace(reading("a"), mark=mark("b"))), ours=False)
LEFT = {
    "another incarnation": Left(asked(incarnation=1), [], "it is the replacement"),
    "another identifier": Left(asked(present(reading("a", "a-2")), id="a-2"), [], "it is another thing"),
    "nothing there": Left(asked(Sighting(THERE.presence), id=""), ["create-a"], "there is nothing to destroy"),
    "not seen": Left(asked(UNKNOWN), [], "what is not seen is not destroyed"),
    "going already": Left(asked(present(reading("a", state=HealthState.DELETING))), [], "it goes anyway"),
    "not ours": Left(asked(FOREIGN), [], "what bears no mark of ours is never destroyed"),
    "retained": Left(
        asked(wanted=target("a", deletion_policy="Retain")), [], "what says Retain is never destroyed by request"
    ),
    "retained, to change": Left(
        asked(wanted=target("a", size=2, deletion_policy="Retain")), ["update-a"], "what else is to be done goes on"
    ),
    "only read": Left(asked(wanted=replace(ROUND, observed="a-1")), ["release-a"], "what is only read is not ours"),
    "renamed": Left(
        asked(RENAMED, wanted=replace(ROUND, renamed_from="b")), ["adopt-a"], "it takes its new mark, and that is it"
    ),
    "cannot be made again": Left(
        asked(wanted=target("a", peer={"ref": "b"})), [], "nothing is destroyed whose next one is not known"
    ),
    "not wanted": Left(
        plan(desired(), ledger(applied(ROUND)), {key("a"): THERE}, subject=ASKED), ["delete-a"], "it goes for good"
    ),
    "deleting": Left(
        plan(desired(), ledger(applied(ROUND)), {key("a"): THERE}, subject=replace(deleting(), asked=ASKED.asked)),
        ["delete-a"],
        "it goes for good",
    ),
}


@pytest.mark.parametrize("case", LEFT.values(), ids=LEFT)
def test_a_request_destroys_nothing_else_and_nothing_that_cannot_be_made_again(case: Left) -> None:
    assert steps(case.proposal) == case.steps, case.reason


@pytest.mark.parametrize(
    ("case", "reason", "mend"),
    [
        ("retained", "Retained", "its deletionPolicy is Retain: set it to Delete if what it holds may go"),
        ("not ours", "NameConflict", "a-1 does not bear our mark: put the mark back"),
    ],
)
def test_a_request_that_cannot_be_met_says_so_and_how_to_take_it_back(case: str, reason: str, mend: str) -> None:
    blocked = LEFT[case].proposal.findings[key("a")].blocked
    withdraw = "or take the request out of the annotation pilothouse.dev/replace"
    assert blocked == (reason, f"sky/thing/a: asked to be replaced, but {mend}, {withdraw}")


def test_what_differs_is_made_anew_with_it() -> None:
    """An update that keeps failing may be why somebody asks."""
    proposal = asked(wanted=target("a", size=2))
    assert steps(proposal) == ["replace-a"]
    assert [change.path for change in proposal.steps[0].changes] == ["replace", "size"]
    assert proposal.reason == "SpecChanged", "people look for their own change"


def test_drift_goes_with_it() -> None:
    drifted = present(reading("a", size=7))
    assert asked(drifted).reason == "Requested"
    assert asked(drifted, policy=Policy(drift="Report")).steps[0].action == "Replace"
    assert [change.path for change in asked(drifted).findings[key("a")].drift] == ["size"]


def test_a_replacement_that_is_due_anyway_is_not_another_one() -> None:
    """An approval of it is not lost because somebody asks for the same."""
    due = plan(desired(target("a", shape="square")), ledger(applied(ROUND)), {key("a"): THERE})
    assert asked(wanted=target("a", shape="square")).steps == due.steps


def test_a_wish_beside_a_request_is_the_reason() -> None:
    both = plan(desired(ROUND, target("b")), ledger(applied(ROUND)), {key("a"): THERE}, subject=ASKED)
    assert steps(both) == ["create-b", "replace-a"]
    assert both.reason == "SpecChanged"


def test_an_identity_is_of_what_exists() -> None:
    assert entry("a", incarnation=2).identity == "sky/thing/a=2:a-1"
    assert entry("a", id="").identity == ""


def ask(world: World, data: st.DataObject) -> set[str]:
    """Ask for some of the things there are; returns their identities."""
    there = sorted(known.identity for known in world.book.entries.values() if known.id)
    wished = data.draw(st.sets(st.sampled_from(there))) if there else set()
    world.subject = replace(world.subject, asked=frozenset(wished))
    return wished


@given(worlds(retain=False), st.data())
@quick
def test_what_is_asked_for_is_replaced_once_and_nothing_else_is(world: World, data: st.DataObject) -> None:
    """The request stands on: planning again and again never replaces the replacement."""
    world.settle()
    before = dict(world.book.entries)
    world.done.clear()
    wished = ask(world, data)
    world.settle()
    replaced = [name for action, name in world.done if action == "Replace"]
    assert sorted(replaced) == sorted(known.name for known in before.values() if known.identity in wished)
    for where, known in world.book.entries.items():
        assert (known.id != before[where].id) == (before[where].identity in wished)
        assert (known.incarnation > before[where].incarnation) == (before[where].identity in wished)
    assert world.propose().empty
    assert world.subject.asked == wished


@given(worlds(), st.data())
@quick
def test_the_world_comes_to_what_is_wanted_whatever_is_asked_for_on_the_way(world: World, data: st.DataObject) -> None:
    ask(world, data)
    world.settle()
    assert world.propose().empty
    assert all(world.done.count(("Replace", name)) <= 1 for _, name in world.done)
    assert {made.reading.id for made in world.things.values()} >= {one.id for one in world.book.entries.values()}
    assert set(world.wanted.targets) == set(world.book.entries)


@given(worlds(retain=False, refer=False), st.data())
@quick
def test_one_approval_covers_both_halves_of_each_replacement_that_was_asked_for(
    world: World, data: st.DataObject
) -> None:
    world.settle()
    ask(world, data)
    stored = as_stored(world.propose())
    statuses: dict[str, StepStatus] = {}
    for _ in range(20):
        fresh = world.propose()
        assert still_valid(stored, finished_steps(statuses.values()), fresh.steps)
        sent = [covering(stored.steps, step) for step in world.advance(fresh, 1)]
        results = {step.name: StepStatus(name=step.name, state="Running", attempts=1) for step in sent if step}
        told = progress(stored, statuses, fresh.steps, results, unsettled(world, fresh), "now")
        statuses = {status.name: status for status in told}
    assert {status.state for status in statuses.values()} <= {"Succeeded"}


@given(worlds(), st.data())
@quick
def test_the_same_request_gives_the_same_plan(world: World, data: st.DataObject) -> None:
    ask(world, data)
    world.propose()
    book = world.book
    first = world.propose()
    world.book = Book(dict(sorted(book.entries.items(), reverse=True)))
    assert world.propose().steps == first.steps


def test_a_request_that_is_not_met_holds_up_nobody() -> None:
    """What the retained thing used before goes all the same, and what was applied of it is on record."""
    kept = target("a", deletion_policy="Retain")
    used = entry("b")
    known = ledger(entry("a", "b", deletion_policy="Retain"), used)
    there = {key("a"): present(reading("a")), key("b"): present(reading("b"))}
    asked = replace(SUBJECT, asked=frozenset({known[key("a")].identity}))
    found = plan(desired(kept), known, there, subject=asked)
    assert [step.name for step in found.steps] == ["delete-b"]
    assert found.findings[key("a")].blocked is not None
