"""Why a newer Plan took the place of one that somebody had read must be seen at a glance."""

from typing import Any

import pytest

from pilothouse.cli.objects import PlanObject
from pilothouse.cli.views.comparison import comparison, pairs
from tests.unit.cli import samples
from tests.unit.cli.drawing import drawn

AUDIT, WEB, CACHE, OLD, ARCHIVE = samples.PLAN["spec"]["steps"]
LATER = samples.changed(CACHE, changes=[{"path": "imageID", "from": "ami-1", "to": "ami-3"}], gated=False)

WHOLE = """\
< Plan shop/checkout-12-3f9a2c, revision 12 of Application checkout: SpecChanged, WaitingForApproval
> Plan shop/checkout-12-3f9a2c, revision 12 of Application checkout: SpecChanged, WaitingForApproval

< -/+ awsInstance cache-node in aws-eu-west-1 will be replaced: destroyed and created anew (destructive, needs approval)
<       ~ imageID: "ami-1" -> "ami-2"
> -/+ awsInstance cache-node in aws-eu-west-1 will be replaced: destroyed and created anew (destructive)
>       ~ imageID: "ami-1" -> "ami-3"

<   - awsQueue old in aws-eu-west-1 will be destroyed (destructive, needs approval)

>  <= awsQueue archive in aws-eu-west-1 will be released: it stays, and is no longer managed

Steps: 1 only in the first, 1 only in the second, 1 different, 1 the same"""


def plan(*steps: dict[str, Any]) -> PlanObject:
    return samples.plan(spec__steps=list(steps))


def compared(first: PlanObject, second: PlanObject) -> str:
    return drawn(comparison(first, second, pairs(first, second)))


def told(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """What is told of one step that differs, without the headings and the count."""
    return compared(plan(first), plan(second)).split("\n\n")[1].split("\n")


def test_steps_of_one_plan_alone_and_steps_that_differ_are_shown_as_plans_show_them() -> None:
    assert compared(plan(WEB, CACHE, OLD), plan(LATER, WEB, ARCHIVE)) == WHOLE


def test_what_became_of_a_step_is_no_difference() -> None:
    first, second = samples.plan(), samples.plan(status={}, spec__revision=13)
    assert all(pair.same for pair in pairs(first, second))
    assert compared(first, second).endswith("\n\nNo difference in 5 steps.")


def test_lines_that_both_have_stand_once() -> None:
    steeper = samples.changed(WEB, changes=[*WEB["changes"], {"path": "spec.strategy", "to": "x"}])
    assert told(WEB, steeper) == [
        "    ~ Deployment checkout-web-eu-1-a in eu-1-a will be updated in place (disruptive)",
        '        ~ spec.template.spec.containers[web].image: "web:1" -> "web:2"',
        "        ~ spec.template.spec.containers[web].env[TOKEN].value: (sensitive) -> (sensitive)",
        "        ~ spec.replicas: 4 -> 2",
        "        - spec.paused: true",
        '>       + spec.strategy: "x"',
    ]


def test_another_action_on_the_same_thing_is_one_difference() -> None:
    destroyed = samples.changed(OLD, name="delete-cache-node", target=CACHE["target"], basis=CACHE["basis"])
    assert [line[:12] for line in told(CACHE, destroyed)] == ["< -/+ awsIns", "<       ~ im", ">   - awsIns"]


UNSEEN = {
    "another secret": (
        samples.changed(WEB, basis__desired="hmac:9"),
        ["        what is wanted differs, in what Plans do not show"],
        "a Plan shows no secret, and still nobody approves another one unseen",
    ),
    "another state before": (
        samples.changed(WEB, basis__observed="hmac:9"),
        ["        what it was planned from differs, in what Plans do not show"],
        "this alone keeps an approval from carrying over",
    ),
    "another thing": (
        samples.changed(WEB, basis__id="y"),
        ['<       of "x"', '>       of "y"'],
        "to destroy the next one is not what was agreed to",
    ),
    "nothing there any more": (
        samples.changed(WEB, basis__id=""),
        ['<       of "x"', ">       of nothing that exists"],
        "it is gone meanwhile",
    ),
}


@pytest.mark.parametrize(("second", "lines", "reason"), UNSEEN.values(), ids=UNSEEN)
def test_what_sets_steps_apart_without_a_changed_field_is_told(
    second: dict[str, Any], lines: list[str], reason: str
) -> None:
    assert told(WEB, second)[-len(lines) :] == lines, reason
    assert len(told(WEB, second)) == 5 + len(lines), reason


def test_retiring_two_extras_of_one_thing_are_two_steps() -> None:
    extras = [samples.changed(OLD, name=f"retire-old-{name}", basis__id=name) for name in "ab"]
    found = pairs(plan(*extras), plan(extras[1]))
    assert [(pair.first is None, pair.second is None) for pair in found] == [(False, True), (False, False)]
