"""What people read before they approve must say exactly what will be done."""

from typing import Any

import pytest

from pilothouse.cli import objects
from pilothouse.cli.objects import Found
from pilothouse.cli.views import plan as plan_view
from tests.unit.cli import samples
from tests.unit.cli.drawing import drawn

APPROVE = "kubectl pilothouse approve checkout --namespace=shop --plan=checkout-12-3f9a2c"

WHOLE = """\
Plan shop/checkout-12-3f9a2c, revision 12 of Application checkout
Why: the Application's spec was changed (SpecChanged)
State: WaitingForApproval, 1/5 steps done

  + awsQueue audit in aws-eu-west-1 will be created
      Running, attempt 2: a lost reply is being looked up
      + visibilityTimeoutSeconds: 30
      + deadLetter: {"queue": "${orders.arn}"}
      > sqs CreateQueue
          QueueName: "checkout-audit-9c1"
          Attributes: {"VisibilityTimeout": "30"}

  ~ Deployment checkout-web-eu-1-a in eu-1-a will be updated in place (disruptive)
      Succeeded
      ~ spec.template.spec.containers[web].image: "web:1" -> "web:2"
      ~ spec.template.spec.containers[web].env[TOKEN].value: (sensitive) -> (sensitive)
      ~ spec.replicas: 4 -> 2
      - spec.paused: true

-/+ awsInstance cache-node in aws-eu-west-1 will be replaced: destroyed and created anew (destructive, needs approval)
      Pending: waits for approval
      ~ imageID: "ami-1" -> "ami-2"

  - awsQueue old in aws-eu-west-1 will be destroyed (destructive, needs approval)

 <= awsQueue archive in aws-eu-west-1 will be released: it stays, and is no longer managed

Plan: 2 to create, 1 to change, 2 to destroy, 1 to release

2 steps wait for approval (replace-cache-node, delete-old). Approve with
  kubectl pilothouse approve checkout --namespace=shop --plan=checkout-12-3f9a2c
or, through Git, with spec.changePolicy.approvedPlan: checkout-12-3f9a2c"""


def diff(found: Found, *, calls: bool = False, colours: bool = False) -> str:
    assert found.plan is not None
    return drawn(plan_view.diff(found, found.plan, APPROVE, calls=calls), colours=colours)


def steps(*given: dict[str, Any]) -> Found:
    return samples.found(proposal=samples.plan(spec__steps=list(given), spec__approvalHash="", status={}))


def step(action: str, **more: Any) -> dict[str, Any]:
    target = {"cell": "aws-eu-west-1", "type": "awsQueue", "resource": "orders"}
    return {"name": f"{action}-orders", "action": action, "target": target, "basis": {}, **more}


def test_a_plan_shows_every_step_what_changes_what_became_of_it_and_how_to_approve_it() -> None:
    assert diff(samples.found(), calls=True) == WHOLE


def test_the_requests_are_shown_only_when_asked_for() -> None:
    assert "CreateQueue" not in diff(samples.found())


def test_what_waits_for_approval_is_shown_alone_before_it_is_approved() -> None:
    assert drawn(plan_view.gated(samples.plan())) == (
        "Plan shop/checkout-12-3f9a2c: 2 steps wait for approval\n\n"
        "-/+ awsInstance cache-node in aws-eu-west-1 will be replaced: destroyed and created anew"
        " (destructive, needs approval)\n"
        "      Pending: waits for approval\n"
        '      ~ imageID: "ami-1" -> "ami-2"\n\n'
        "  - awsQueue old in aws-eu-west-1 will be destroyed (destructive, needs approval)"
    )


@pytest.mark.parametrize(
    ("action", "line", "tally"),
    [
        ("Create", "  + awsQueue orders in aws-eu-west-1 will be created", "1 to create, 0 to change, 0 to destroy"),
        (
            "Adopt",
            " <= awsQueue orders in aws-eu-west-1 will be adopted: it exists, and is managed from then on",
            "0 to create, 0 to change, 0 to destroy, 1 to adopt",
        ),
        (
            "Update",
            "  ~ awsQueue orders in aws-eu-west-1 will be updated in place",
            "0 to create, 1 to change, 0 to destroy",
        ),
        (
            "Replace",
            "-/+ awsQueue orders in aws-eu-west-1 will be replaced: destroyed and created anew",
            "1 to create, 0 to change, 1 to destroy",
        ),
        ("Delete", "  - awsQueue orders in aws-eu-west-1 will be destroyed", "0 to create, 0 to change, 1 to destroy"),
        (
            "Release",
            " <= awsQueue orders in aws-eu-west-1 will be released: it stays, and is no longer managed",
            "0 to create, 0 to change, 0 to destroy, 1 to release",
        ),
    ],
)
def test_every_action_has_its_sign_its_words_and_its_place_in_the_tally(action: str, line: str, tally: str) -> None:
    text = diff(steps(step(action))).split("\n")
    assert line in text
    assert f"Plan: {tally}" in text


def test_colours_follow_the_signs() -> None:
    text = diff(steps(step("Create"), step("Update"), step("Delete")), colours=True)
    assert "\x1b[32m  + \x1b[0m" in text
    assert "\x1b[33m  ~ \x1b[0m" in text
    assert "\x1b[31m  - \x1b[0m" in text


UNGATED = [each for each in samples.PLAN["spec"]["steps"] if not each.get("gated")]
GATES_DONE = [{"name": each["name"], "state": "Succeeded"} for each in samples.PLAN["spec"]["steps"]]
APPROVALS: dict[str, tuple[Found, str]] = {
    "a Plan without gated steps goes ahead by itself": (
        samples.found(proposal=samples.plan(spec__steps=UNGATED, spec__approvalHash="")),
        "No step needs approval.",
    ),
    "gated steps that are done wait for nobody": (
        samples.found(proposal=samples.plan(status__steps=GATES_DONE)),
        "No step waits for approval.",
    ),
    "an annotation with the Plan's hash approves it": (
        samples.found(proposal=samples.plan(metadata__annotations={"pilothouse.dev/approved": samples.APPROVAL_HASH})),
        "Approved.",
    ),
    "a Plan named in Git is approved": (
        samples.found(app=samples.application(spec__changePolicy={"approvedPlan": samples.PLAN_NAME})),
        "Approved.",
    ),
    "an approval that carried over is in the condition alone": (
        samples.found(
            proposal=samples.plan(status__conditions=[{"type": "Approved", "status": "True", "reason": "CarriedOver"}])
        ),
        "Approved.",
    ),
    "a Plan that is done": (
        samples.found(proposal=samples.plan(status__state="Complete")),
        "Everything in it is done.",
    ),
    "a Plan that its Application no longer points to": (
        samples.found(app=samples.application(status__plan={"name": "checkout-13-aaaaaa"})),
        "It is not the active Plan: nothing of it will be sent, and it can not be approved.",
    ),
    "a Plan of a deleted namesake": (
        samples.found(app=samples.application(metadata__uid="another")),
        "It is not the active Plan: nothing of it will be sent, and it can not be approved.",
    ),
    "a Plan whose Application is gone": (
        Found(None, samples.plan(), samples.PLAN),
        "It is not the active Plan: nothing of it will be sent, and it can not be approved.",
    ),
}


@pytest.mark.parametrize(("found", "last"), APPROVALS.values(), ids=APPROVALS)
def test_the_last_line_says_what_approval_is_needed(found: Found, last: str) -> None:
    assert diff(found).split("\n")[-1] == last


def test_many_waiting_steps_are_named_only_as_far_as_a_line_goes() -> None:
    """They all stand above; a paragraph of names would hide the command that approves them."""
    steps = [{**step, "gated": True} for step in samples.PLAN["spec"]["steps"]]
    waiting = [
        line for line in diff(samples.found(proposal=samples.plan(spec__steps=steps))).split("\n") if "Approve" in line
    ]
    assert waiting == [
        "4 steps wait for approval (create-audit, replace-cache-node, delete-old and 1 more). Approve with"
    ]


def test_an_annotation_for_another_plan_approves_nothing() -> None:
    other = samples.plan(metadata__annotations={"pilothouse.dev/approved": "hmac:other"})
    assert "2 steps wait for approval" in diff(samples.found(proposal=other))


@pytest.mark.parametrize(
    ("change", "caveat"),
    [
        (
            {"metadata__generation": 8},
            "The spec has changed since (generation 8, planned from 7): a newer Plan may follow.",
        ),
        ({"spec__suspend": True}, "The Application is suspended: nothing is sent until spec.suspend is false."),
    ],
    ids=["the spec has changed since", "suspended"],
)
def test_what_keeps_a_plan_from_being_the_last_word_is_said_at_the_top(change: dict[str, Any], caveat: str) -> None:
    text = diff(samples.found(app=samples.application(**change)))
    assert text.index(caveat) < text.index("  + awsQueue")


def test_a_plan_without_status_has_begun_nothing() -> None:
    fresh = {key: value for key, value in samples.PLAN.items() if key != "status"}
    text = diff(samples.found(proposal=objects.plan(fresh)))
    assert "State: Pending, 0/5 steps done" in text


NO_PLANS = {
    "as wanted": ({}, "No changes. Application shop/checkout is as its spec wants it."),
    "suspended": (
        {"spec__suspend": True},
        "No changes. Application shop/checkout is as its spec wants it. It is suspended.",
    ),
    "not looked at yet": (
        {"metadata__generation": 8},
        (
            "No Plan yet. Application shop/checkout: generation 8 has not been looked at; status speaks of 7. "
            "Ask again shortly."
        ),
    ),
    "stalled": (
        {
            "status__conditions": [
                {"type": "Stalled", "status": "True", "reason": "CellMissing", "message": "no x\nadd"}
            ]
        },
        "No Plan. Application shop/checkout is stalled: CellMissing: no x add",
    ),
}


@pytest.mark.parametrize(("change", "text"), NO_PLANS.values(), ids=NO_PLANS)
def test_an_application_without_a_plan_says_why(change: dict[str, Any], text: str) -> None:
    assert drawn(plan_view.no_plan(samples.application(**change))) == text
