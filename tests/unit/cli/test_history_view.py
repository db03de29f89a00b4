"""The history of an Application tells what was done and by whose leave, and owns up to what it has lost."""

from typing import Any

import pytest

from pilothouse.cli.objects import PlanObject
from pilothouse.cli.views import history as history_view
from tests.unit.cli import samples
from tests.unit.cli.drawing import drawn


def past(revision: int, **changes: Any) -> PlanObject:
    name = f"checkout-{revision}-aaaaaa"
    return samples.plan(metadata__name=name, spec__revision=revision, **changes)


def approved(message: str) -> list[dict[str, str]]:
    return [{"type": "Approved", "status": "True", "reason": "Approved", "message": message}]


def test_every_plan_is_a_line() -> None:
    plans = [
        past(
            11,
            metadata__creationTimestamp="2026-10-31T09:34:56Z",
            status__state="Complete",
            status__progress="5/5",
            status__conditions=approved("changePolicy.approvedPlan"),
        ),
        past(12, metadata__creationTimestamp="2026-10-31T12:34:26Z", spec__reason="Drift", status={}),
    ]
    assert drawn(history_view.table(plans, samples.NOW)) == (
        "REVISION   NAME                 REASON        STATE      DONE   CREATE   CHANGE   DESTROY   AGE"
        "   APPROVED BY\n"
        "11         checkout-11-aaaaaa   SpecChanged   Complete   5/5    2        1        2         3h "
        "   changePolicy.approvedPlan\n"
        "12         checkout-12-aaaaaa   Drift         Pending    0/5    2        1        2         30s"
    )


ANNOTATED = {"pilothouse.dev/approved": samples.APPROVAL_HASH}
APPROVALS = {
    "nothing was gated": (past(1, spec__approvalHash=""), "not needed"),
    "nobody": (past(1), ""),
    "on record": (past(1, status__conditions=approved("annotation pilothouse.dev/approved")), "annotation pilot"),
    "carried over": (
        past(1, status__conditions=approved("approval carried over from x")),
        "approval carried over from x",
    ),
    "approved just now": (past(1, metadata__annotations=ANNOTATED), "annotation, not seen yet"),
    "approved for another content": (past(1, metadata__annotations={"pilothouse.dev/approved": "hmac:0"}), ""),
}


@pytest.mark.parametrize(("plan", "expected"), APPROVALS.values(), ids=APPROVALS)
def test_what_approved_a_plan_is_told_as_far_as_it_is_known(plan: PlanObject, expected: str) -> None:
    found = history_view.approved_by(plan)
    assert found.startswith(expected)
    assert bool(found) == bool(expected)


GONE = {
    "all are there": (3, {1, 2, 3}, ""),
    "none was ever made": (0, set[int](), "Application shop/checkout has had no Plan yet."),
    "the oldest": (3, {2, 3}, "of revision 1: "),
    "some between": (9, {4, 6, 9}, "of revisions 1 to 3, 5, 7 to 8: "),
    "the newest": (4, {1}, "of revisions 2 to 4: "),
    "a Plan newer than the status": (1, {2}, "of revision 1: "),
}


@pytest.mark.parametrize(("newest", "kept", "expected"), GONE.values(), ids=GONE)
def test_plans_that_are_gone_are_owned_up_to(newest: int, kept: set[int], expected: str) -> None:
    said = history_view.gone(samples.application(status__planRevision=newest), kept)
    assert expected in said
    assert bool(said) == bool(expected)
    assert ("spec.planHistory" in said) == ("of revision" in expected)
