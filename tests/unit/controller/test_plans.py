"""A stored Plan is kept while it stands, replaced when it does not, and tells what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import pytest

from pilothouse.api.conditions import Condition, find
from pilothouse.api.plan import PlanSpec, PlanStatus, StepState, StepStatus
from pilothouse.api.plan_reasons import PLAN
from pilothouse.controller import plans
from pilothouse.controller.plans import Course
from pilothouse.controller.ports import StoredPlan
from pilothouse.planning.plan import Proposal, plan_name
from tests.unit.planning.things import UID, applied, desired, entry, ledger, plan, reading, seen, target

ROUND, SQUARE = target("a"), target("a", shape="square")


def replacing() -> Proposal:
    """A proposal with one gated step."""
    return plan(desired(SQUARE), ledger(applied(ROUND)), seen(reading("a")))


def stored(proposal: Proposal, *steps: StepStatus, approved: bool = False, **fields: Any) -> StoredPlan:
    spec = proposal.spec("checkout", UID, 3)
    truth = "True" if approved else "False"
    condition = Condition(type="Approved", status=truth, reason="Approved", message="by a person")  # type: ignore[arg-type]
    status = PlanStatus(steps=steps, conditions=(condition,))
    known: Mapping[str, Any] = {"name": plan_name("checkout", spec), "namespace": "shop", "uid": "plan-uid", **fields}
    return StoredPlan(spec=spec, status=status, **known)


def status(name: str, state: StepState, **fields: Any) -> StepStatus:
    return StepStatus(name=name, state=state, **fields)


MADE = plan(desired(ROUND))


class Judged(NamedTuple):
    plan: StoredPlan
    proposal: Proposal
    superseded: str
    reason: str


EDITED = MADE.spec("checkout", UID, 3).model_copy(update={"reason": "Drift"})
JUDGED = {
    "the same": Judged(stored(MADE), MADE, "", "nothing has changed"),
    "nothing left": Judged(stored(MADE), plan(desired()), "", "it is carried out"),
    "renamed": Judged(
        stored(MADE, name="x"),
        MADE,
        "it was edited by hand: its content does not fit its name",
        "its name tells that somebody else wrote it",
    ),
    "edited": Judged(
        replace(stored(MADE), spec=EDITED),
        MADE,
        "it was edited by hand: its content does not fit its name",
        "nobody approved what it says now",
    ),
    "something more": Judged(
        stored(MADE),
        plan(desired(ROUND, target("b"))),
        "what is wanted or observed has changed since it was made",
        "people have not seen that",
    ),
    "done already": Judged(
        stored(MADE, status("create-a", "Succeeded")),
        MADE,
        "what is wanted or observed has changed since it was made",
        "a step is done once",
    ),
}


@pytest.mark.parametrize("case", JUDGED.values(), ids=JUDGED)
def test_a_plan_stands_while_it_says_all_that_is_to_be_done(case: Judged) -> None:
    found = plans.superseded(case.plan, case.plan.status.steps, "checkout", UID, case.proposal)
    assert found == case.superseded, case.reason


def test_a_plan_of_an_earlier_application_of_the_name_never_stands() -> None:
    found = plans.superseded(stored(MADE), (), "checkout", "app-2", MADE)
    assert found == "it belongs to an earlier Application of this name"


@pytest.mark.parametrize(
    ("states", "complete"),
    [
        ({}, False),
        ({"replace-a": "Running"}, False),
        ({"replace-a": "Succeeded"}, True),
        ({"replace-a": "NotNeeded"}, True),
    ],
    ids=["not begun", "running", "succeeded", "not needed"],
)
def test_a_plan_is_complete_when_every_step_is_done(states: dict[str, StepState], complete: bool) -> None:  # noqa: FBT001 - a case
    found = stored(replacing(), *(status(name, state) for name, state in states.items()))
    assert plans.is_complete(found) == complete


MORE = plan(desired(SQUARE, target("b")), ledger(applied(ROUND)), seen(reading("a")))
OTHER = plan(desired(), ledger(entry("a")), seen(reading("a")))


class Inherited(NamedTuple):
    old: StoredPlan
    new: Proposal
    inherits: bool
    reason: str
    by: str = "a person"


INHERITED = {
    "not approved": Inherited(stored(replacing()), MORE, inherits=False, reason="nobody has approved it", by=""),
    "approved": Inherited(stored(replacing(), approved=True), MORE, inherits=True, reason="what is gated is the same"),
    "approved just now": Inherited(
        stored(replacing()), MORE, inherits=True, reason="a person has spoken, on record or not"
    ),
    "used": Inherited(
        stored(replacing(), status("replace-a", "Succeeded"), approved=True),
        MORE,
        inherits=False,
        reason="an approval is used once",
    ),
    "something else": Inherited(
        stored(replacing(), approved=True), OTHER, inherits=False, reason="nobody has approved a deletion"
    ),
    "nothing gated": Inherited(stored(replacing(), approved=True), MADE, inherits=False, reason="nothing to approve"),
}


@pytest.mark.parametrize("case", INHERITED.values(), ids=INHERITED)
def test_an_approval_is_inherited_by_what_it_was_given_to(case: Inherited) -> None:
    assert plans.inherits(case.old, case.by, case.old.status.steps, case.new) == case.inherits, case.reason


def test_a_superseded_plan_says_why_and_keeps_its_record() -> None:
    old, steps = stored(replacing(), approved=True).status, (status("replace-a", "Succeeded"),)
    found = plans.superseded_status(old, steps, "the spec has changed", "now")
    condition = find(found.conditions, "Superseded")
    assert condition is not None
    assert (condition.message, condition.last_transition_time, found.state) == (
        "the spec has changed",
        "now",
        "Superseded",
    )
    assert find(found.conditions, "Approved") is not None
    assert (found.steps, found.progress) == (steps, "1/1")


class Told(NamedTuple):
    states: tuple[StepStatus, ...]
    state: str
    progress: str
    reason: str
    approved_by: str = "a person"
    stalled: str = ""


TOLD = {
    "approved": Told((status("replace-a", "Pending"),), "Applying", "0/1", "it goes on"),
    "not approved": Told((status("replace-a", "Pending"),), "WaitingForApproval", "0/1", "it waits", approved_by=""),
    "not approved, under way": Told(
        (status("replace-a", "Pending"), status("create-b", "Running")),
        "Applying",
        "0/2",
        "what needs no approval goes on meanwhile",
        approved_by="",
    ),
    "unknown outcome": Told(
        (status("replace-a", "OutcomeUnknown"),), "Applying", "0/1", "it is looked for", approved_by=""
    ),
    "failed": Told(
        (status("replace-a", "Failed", message="no"), status("create-b", "Succeeded")),
        "Stalled",
        "1/2",
        "a person is needed",
    ),
    "stuck": Told((status("replace-a", "Pending"),), "Stalled", "0/1", "a person is needed", stalled="no room"),
    "complete": Told((status("replace-a", "Succeeded"), status("create-b", "NotNeeded")), "Complete", "2/2", "done"),
    "complete, though something else is stuck": Told(
        (status("replace-a", "Succeeded"),), "Complete", "1/1", "this Plan is done", stalled="no room"
    ),
}


@pytest.mark.parametrize("case", TOLD.values(), ids=TOLD)
def test_a_plan_tells_how_far_it_is(case: Told) -> None:
    course = Course(case.states, case.approved_by, "waiting for x", case.stalled)
    found = plans.status_of(stored(replacing()), course, "now")
    assert (found.state, found.progress, found.steps) == (case.state, case.progress, case.states), case.reason
    by_type = {condition.type: condition for condition in found.conditions}
    assert (by_type["Complete"].status == "True") == (case.state == "Complete")
    assert by_type["Complete"].message == ("" if case.state == "Complete" else "waiting for x")
    failures = [f"{step.name}: {step.message}" for step in case.states if step.state == "Failed"]
    assert by_type["Failed"].message == "; ".join(failures)
    assert by_type["Failed"].status == ("True" if failures else "False")


APPROVALS = {
    "nothing gated": (MADE, "", "True", "no step is gated"),
    "approved": (replacing(), "annotation", "True", "annotation"),
    "open": (replacing(), "", "False", "approve with: kubectl pilothouse approve checkout -n shop --plan "),
}


@pytest.mark.parametrize(("proposal", "by", "truth", "message"), APPROVALS.values(), ids=APPROVALS)
def test_a_plan_tells_whether_it_is_approved_and_how_to_approve_it(
    proposal: Proposal, by: str, truth: str, message: str
) -> None:
    found = find(plans.status_of(stored(proposal), Course((), by, ""), "now").conditions, "Approved")
    assert found is not None
    assert (found.status, found.message[: len(message)]) == (truth, message)


def test_conditions_of_others_are_kept() -> None:
    """A policy engine may write its own."""
    mine = Condition(type="Reviewed", status="True", reason="ByPolicy", last_transition_time="then")
    old = replace(stored(MADE), status=PlanStatus(conditions=(mine,)))
    assert find(plans.status_of(old, Course((), "", ""), "now").conditions, "Reviewed") == mine


def test_a_plan_reads_back_as_it_was_written() -> None:
    spec = replacing().spec("checkout", UID, 3)
    again = StoredPlan(
        plan_name("checkout", spec), "shop", "u", PlanSpec.model_validate_json(spec.model_dump_json(by_alias=True))
    )
    assert plans.superseded(again, (), "checkout", UID, replacing()) == ""


def every_status() -> Iterator[PlanStatus]:
    """Go through every status that a Plan can have."""
    yield plans.superseded_status(PlanStatus(), (), "edited", "")
    states: tuple[StepState, ...] = ("Pending", "Failed", "Succeeded")
    for one, state, approved_by in product((stored(replacing()), stored(MADE)), states, ("", "annotation")):
        yield plans.status_of(one, Course((status(one.spec.steps[0].name, state),), approved_by, ""), "")


def test_everything_that_is_declared_of_a_plan_is_said_and_nothing_else() -> None:
    said = {(each.type, each.status, each.reason) for one in every_status() for each in one.conditions}
    assert said == PLAN.combinations
