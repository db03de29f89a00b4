"""What there is to tell of an Application: found in its status alone, by every process the same."""

from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import ApplicationStatus, Drift, FinishedPlan, LedgerEntry, PlanSummary
from pilothouse.api.conditions import Condition
from pilothouse.controller.notices import Notice, notices

APPLICATION = {"metadata": {"namespace": "shop", "name": "checkout", "uid": "app-1"}}
MONDAY, TUESDAY = "2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"


def condition(kind: str, status: Any, reason: str, since: str = MONDAY, message: str = "why") -> Condition:
    return Condition(
        type=kind, status=status, reason=reason, message=message, last_transition_time=since, observed_generation=7
    )


def told(**fields: Any) -> list[Notice]:
    return list(notices(APPLICATION, ApplicationStatus(**fields)))


PLAN = PlanSummary(name="checkout-3-x", state="WaitingForApproval", steps="1/4")
WAITING = condition("PlanApproved", "False", "ApprovalNeeded")
STUCK = condition("Stalled", "True", "StepFailed")


def drifted(*drifts: Drift) -> LedgerEntry:
    return LedgerEntry(name="orders", type="awsQueue", cell="aws", drift=drifts)


SIZE = Drift(path="size", desired="swordfish", observed="hunter2", first_seen=MONDAY)
TAGS = Drift(path="tags", desired="swordfish", observed="hunter2", first_seen=TUESDAY)


class Case(NamedTuple):
    fields: dict[str, Any]
    kinds: list[str]
    reason: str


CASES = {
    "at rest": Case({"conditions": (condition("Stalled", "False", "NotStalled"),)}, [], "nothing is to be told"),
    "never looked at": Case({}, [], "nothing is known"),
    "a Plan waits": Case({"conditions": (WAITING,), "plan": PLAN}, ["PlanWaiting"], "somebody has to approve it"),
    "asked for, by both conditions": Case(
        {"conditions": (WAITING, condition("Stalled", "True", "ApprovalNeeded")), "plan": PLAN},
        ["PlanWaiting"],
        "it is told once",
    ),
    "suspended": Case(
        {"conditions": (condition("Stalled", "True", "Suspended"),), "plan": PLAN}, [], "somebody wants it so"
    ),
    "stuck": Case({"conditions": (STUCK,), "plan": PLAN}, ["PlanStalled"], "somebody has to help"),
    "stuck without a Plan": Case(
        {"conditions": (condition("Stalled", "True", "InvalidSpec"),)}, ["PlanStalled"], "no Plan could be made"
    ),
    "drift": Case({"resources": (drifted(SIZE),)}, ["DriftSeen"], "somebody changed something"),
    "carried out": Case(
        {"last_plan": FinishedPlan(name="checkout-3-x", finished_at=MONDAY)}, ["PlanComplete"], "it is done"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_people_wait_for_is_told(case: Case) -> None:
    assert [notice.kind for notice in told(**case.fields)] == case.kinds, case.reason


def test_a_notice_says_of_whom_since_when_and_what() -> None:
    (notice,) = told(conditions=(WAITING,), plan=PLAN)
    assert (notice.namespace, notice.name, notice.since) == ("shop", "checkout", 1_773_057_600.0)
    assert notice.data == {
        "application": {"namespace": "shop", "name": "checkout", "uid": "app-1"},
        "plan": "checkout-3-x",
        "steps": "1/4",
        "message": "why",
    }


def test_no_value_of_a_field_is_told() -> None:
    (notice,) = told(resources=(drifted(SIZE, TAGS),))
    assert notice.data["count"] == 2
    assert notice.data["fields"][1] == {
        "cell": "aws",
        "type": "awsQueue",
        "resource": "orders",
        "path": "tags",
        "since": TUESDAY,
    }
    assert "swordfish" not in str(notice)
    assert "hunter2" not in str(notice)


def test_much_drift_is_counted() -> None:
    many = tuple(Drift(path=f"tags[{number}]", first_seen=MONDAY) for number in range(70))
    (notice,) = told(resources=(drifted(*many),))
    assert (len(notice.data["fields"]), notice.data["count"]) == (50, 70)


def ids(**fields: Any) -> list[str]:
    return [notice.id for notice in told(**fields)]


STEPS_LATER = PLAN.model_copy(update={"steps": "2/4"})
OTHER = PLAN.model_copy(update={"name": "checkout-4-y"})
LATER = condition("Stalled", "True", "StepFailed", TUESDAY)
SAME = {
    "further steps": ({"conditions": (WAITING,), "plan": PLAN}, {"conditions": (WAITING,), "plan": STEPS_LATER}),
    "another message": (
        {"conditions": (STUCK,), "plan": PLAN},
        {"conditions": (condition("Stalled", "True", "StepFailed", message="again"),), "plan": PLAN},
    ),
    "put right in part": ({"resources": (drifted(SIZE, TAGS),)}, {"resources": (drifted(TAGS),)}),
}
ANOTHER = {
    "another Plan": ({"conditions": (WAITING,), "plan": PLAN}, {"conditions": (WAITING,), "plan": OTHER}),
    "stuck again": ({"conditions": (STUCK,), "plan": PLAN}, {"conditions": (LATER,), "plan": PLAN}),
    "stuck otherwise": (
        {"conditions": (STUCK,), "plan": PLAN},
        {"conditions": (condition("Stalled", "True", "NameConflict"),), "plan": PLAN},
    ),
    "further drift": ({"resources": (drifted(SIZE),)}, {"resources": (drifted(SIZE, TAGS),)}),
    "another happening": ({"conditions": (WAITING,), "plan": PLAN}, {"conditions": (STUCK,), "plan": PLAN}),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_the_same_happening_has_the_same_id(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert ids(**one) == ids(**other)


@pytest.mark.parametrize(("one", "other"), ANOTHER.values(), ids=ANOTHER)
def test_another_happening_has_another_id(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert ids(**one) != ids(**other)


def test_a_namesake_made_anew_is_somebody_else() -> None:
    namesake = {"metadata": {**APPLICATION["metadata"], "uid": "app-2"}}
    status = ApplicationStatus(conditions=(STUCK,), plan=PLAN)
    assert next(notices(APPLICATION, status)).id != next(notices(namesake, status)).id
