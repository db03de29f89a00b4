"""People are told of what happened, once."""

from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.cell import CellStatus
from pilothouse.api.conditions import Condition, Truth
from pilothouse.api.plan import PlanStatus, StepState, StepStatus
from pilothouse.api.reasons import Severity
from pilothouse.controller import announcing
from pilothouse.controller.ports import Object, StoredPlan
from tests.unit.planning.things import UID, desired, entry, ledger, plan, reading, seen, target

APPLICATION: Object = {"kind": "Application", "metadata": {"name": "checkout"}}


class Recorder:
    """Events that were recorded."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def event(self, involved: Object, severity: Severity, reason: str, message: str) -> None:
        assert involved is APPLICATION
        self.events.append((severity, reason, message))


def test_a_new_plan_is_told_in_one_line() -> None:
    proposal = plan(desired(target("a"), target("b")), ledger(entry("z")), seen(reading("z")))
    stored = StoredPlan("checkout-3-x", "shop", "u", proposal.spec("checkout", UID, 3))
    assert announcing.plan_made(stored) == "Plan checkout-3-x (SpecChanged): 2 to create, 1 to delete"


def condition(kind: str, status: Truth, reason: str = "Why", message: str = "because") -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message)


class Case(NamedTuple):
    before: tuple[Condition, ...]
    after: tuple[Condition, ...]
    events: list[tuple[str, str, str]]
    reason: str


CONVERGED = condition("Ready", "True", "Converged", "done")
CASES: dict[str, Case] = {
    "drift": Case((), (condition("Drifted", "True"),), [("Warning", "Drift", "because")], "somebody changed something"),
    "stuck": Case(
        (),
        (condition("Stalled", "True", "NameConflict"),),
        [("Warning", "NameConflict", "because")],
        "a person is needed",
    ),
    "approval": Case(
        (condition("Stalled", "False"),),
        (condition("Stalled", "True", "ApprovalNeeded"),),
        [("Warning", "ApprovalNeeded", "because")],
        "a person is asked",
    ),
    "converged": Case((condition("Ready", "Unknown"),), (CONVERGED,), [("Normal", "Converged", "done")], "it is done"),
    "suspended": Case(
        (CONVERGED,),
        (condition("Ready", "True", "Suspended", "spec.suspend is true"),),
        [("Normal", "Suspended", "spec.suspend is true")],
        "to be suspended is not to have converged",
    ),
    "still stuck": Case((condition("Stalled", "True"),), (condition("Stalled", "True"),), [], "it was told before"),
    "stuck otherwise": Case(
        (condition("Stalled", "True"),),
        (condition("Stalled", "True", message="something else"),),
        [("Warning", "Why", "something else")],
        "it is another trouble",
    ),
    "not stuck any more": Case(
        (condition("Stalled", "True"),), (condition("Stalled", "False"),), [], "Ready tells that"
    ),
    "nothing": Case((), (), [], "there is nothing to tell"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_has_changed_is_told_once(case: Case) -> None:
    recorder = Recorder()
    before, after = (ApplicationStatus(conditions=found) for found in (case.before, case.after))
    announcing.transitions(recorder, APPLICATION, before, after)
    assert recorder.events == case.events, case.reason


def steps(**states: StepState) -> tuple[StepStatus, ...]:
    return tuple(StepStatus(name=name, state=state, message="no quota") for name, state in states.items())


FAILURES: dict[str, tuple[tuple[StepStatus, ...], tuple[StepStatus, ...], list[Any]]] = {
    "failed": (steps(a="Running"), steps(a="Failed"), [("Warning", "StepFailed", "plan-1: a: no quota")]),
    "failed before": (steps(a="Failed"), steps(a="Failed"), []),
    "going on": (steps(a="Failed"), steps(a="Running"), []),
}


@pytest.mark.parametrize(("before", "after", "events"), FAILURES.values(), ids=FAILURES)
def test_a_step_that_failed_is_told_once(
    before: tuple[StepStatus, ...], after: tuple[StepStatus, ...], events: list[Any]
) -> None:
    recorder = Recorder()
    stored = StoredPlan(
        "plan-1", "shop", "u", plan(desired(target("a"))).spec("checkout", UID, 1), PlanStatus(steps=before)
    )
    announcing.plan_progress(recorder, APPLICATION, stored, PlanStatus(steps=after))
    assert recorder.events == events


HELD = condition("MovesHeld", "True", "Destination", "no room")
HOLDS: dict[str, Case] = {
    "at first": Case((), (HELD,), [("Normal", "MovesHeld", "Destination: no room")], "somebody waits for it to go"),
    "from now on": Case(
        (condition("MovesHeld", "False"),), (HELD,), [("Normal", "MovesHeld", "Destination: no room")], "it did go"
    ),
    "for another reason": Case(
        (condition("MovesHeld", "True", "Gain"),),
        (HELD,),
        [("Normal", "MovesHeld", "Destination: no room")],
        "something else is to be done about it",
    ),
    "still": Case((condition("MovesHeld", "True", "Destination", "no room in b"),), (HELD,), [], "it was told"),
    "for a while": Case((), (condition("MovesHeld", "True", "Cooldown"),), [], "it passes"),
    "no longer": Case((HELD,), (condition("MovesHeld", "False"),), [], "the move is told by its Application"),
    "never": Case((), (condition("Ready", "True"),), [], "nothing is moved in the fleet"),
}


@pytest.mark.parametrize("case", HOLDS.values(), ids=HOLDS)
def test_what_stays_in_a_cell_is_told_when_the_reason_is_new_and_does_not_pass(case: Case) -> None:
    recorder = Recorder()
    before, after = (CellStatus(conditions=conditions) for conditions in (case.before, case.after))
    announcing.held(recorder, APPLICATION, before, after)
    assert recorder.events == case.events, case.reason
