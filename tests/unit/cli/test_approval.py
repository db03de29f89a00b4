"""An approval must be for what its giver has seen, and for nothing else."""

import pytest

from pilothouse.cli.approval import Answer, verdict
from pilothouse.cli.objects import Found
from tests.unit.cli import samples

NEWER = samples.application(status__plan={"name": "checkout-13-aaaaaa"})
ANNOTATION = {"pilothouse.dev/approved": samples.APPROVAL_HASH}
CASES: dict[str, tuple[Found, str | None, Answer, str]] = {
    "gated steps wait": (samples.found(), None, Answer.ASK, ""),
    "gated steps of the Plan that was named wait": (samples.found(), samples.PLAN_NAME, Answer.ASK, ""),
    "an annotation for another Plan does not count": (
        samples.found(proposal=samples.plan(metadata__annotations={"pilothouse.dev/approved": "hmac:old"})),
        None,
        Answer.ASK,
        "",
    ),
    "the Plan that was named has been superseded": (
        samples.found(app=NEWER),
        samples.PLAN_NAME,
        Answer.REFUSED,
        (
            "Plan checkout-12-3f9a2c: it is superseded or complete: Application shop/checkout: "
            "its active Plan is checkout-13-aaaaaa: look with `kubectl pilothouse plan checkout -n shop`, "
            "then approve what you see"
        ),
    ),
    "the Plan that was named is done and nothing came after it": (
        Found(samples.application(status__plan={})),
        samples.PLAN_NAME,
        Answer.REFUSED,
        (
            "Plan checkout-12-3f9a2c: it is superseded or complete: Application shop/checkout: it has no active Plan: "
            "look with `kubectl pilothouse plan checkout -n shop`, then approve what you see"
        ),
    ),
    "a Plan by its own name that is not active": (
        samples.found(app=NEWER),
        None,
        Answer.REFUSED,
        (
            "Plan shop/checkout-12-3f9a2c: it is superseded, so approving it would change nothing: "
            "look with `kubectl pilothouse plan checkout -n shop`"
        ),
    ),
    "a Plan that says itself that it is superseded": (
        samples.found(proposal=samples.plan(status__state="Superseded")),
        None,
        Answer.REFUSED,
        (
            "Plan shop/checkout-12-3f9a2c: it is superseded, so approving it would change nothing: "
            "look with `kubectl pilothouse plan checkout -n shop`"
        ),
    ),
    "a Plan whose Application is gone": (
        Found(None, samples.plan()),
        None,
        Answer.REFUSED,
        (
            "Plan shop/checkout-12-3f9a2c: it is superseded, so approving it would change nothing: "
            "look with `kubectl pilothouse plan checkout -n shop`"
        ),
    ),
    "no Plan": (
        Found(samples.application(status__plan={})),
        None,
        Answer.DONE,
        "Nothing to approve: Application shop/checkout has no Plan.",
    ),
    "a Plan that is complete": (
        samples.found(proposal=samples.plan(status__state="Complete")),
        None,
        Answer.DONE,
        "Nothing to approve: Plan shop/checkout-12-3f9a2c is complete.",
    ),
    "a Plan without gates": (
        samples.found(proposal=samples.plan(spec__steps=[], spec__approvalHash="")),
        None,
        Answer.DONE,
        "Nothing to approve: no step of Plan shop/checkout-12-3f9a2c waits for approval.",
    ),
    "approved by annotation": (
        samples.found(proposal=samples.plan(metadata__annotations=ANNOTATION)),
        None,
        Answer.DONE,
        "Plan shop/checkout-12-3f9a2c is already approved.",
    ),
    "approved from Git": (
        samples.found(app=samples.application(spec__changePolicy={"approvedPlan": samples.PLAN_NAME})),
        None,
        Answer.DONE,
        "Plan shop/checkout-12-3f9a2c is already approved.",
    ),
}


@pytest.mark.parametrize(("found", "named", "answer", "why"), CASES.values(), ids=CASES)
def test_a_plan_is_approved_only_as_it_was_seen(found: Found, named: str | None, answer: Answer, why: str) -> None:
    judged = verdict(found, named)
    assert (judged.answer, judged.why) == (answer, why)
