"""Who may say yes to what, and how long it counts."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import ApprovalPolicy
from pilothouse.api.conditions import Condition, Truth
from pilothouse.api.meta import APPROVED_ANNOTATION
from pilothouse.api.plan import ApplicationRef, Basis, Change, Impact, PlanSpec, Reason, Step, Target
from pilothouse.planning.approval import approval_hash, approved, carries_over, is_gated, step_hash, strictest
from pilothouse.planning.diff import Draft
from tests.unit.planning.things import THING, key, quick

LEVELS: tuple[ApprovalPolicy, ...] = ("Automatic", "Destructive", "Always")


@pytest.mark.parametrize(("one", "other"), list(product(LEVELS, LEVELS)))
def test_the_stricter_of_fleet_and_application_holds(one: ApprovalPolicy, other: ApprovalPolicy) -> None:
    assert LEVELS.index(strictest(one, other)) == max(LEVELS.index(one), LEVELS.index(other))


class Gate(NamedTuple):
    policy: ApprovalPolicy
    impact: Impact
    takeover: bool
    gated: bool
    reason: str
    why: Reason = "SpecChanged"


GATES = {
    "automatic": Gate(
        "Automatic", "Destructive", takeover=True, gated=False, reason="a person said that nobody needs to be asked"
    ),
    "harmless": Gate(
        "Destructive", "None", takeover=False, gated=False, reason="the default asks for what cannot be undone only"
    ),
    "interruption": Gate(
        "Destructive", "Disruptive", takeover=False, gated=False, reason="an interruption ends by itself"
    ),
    "interruption by an upgrade": Gate(
        "Destructive", "Disruptive", takeover=False, gated=True, reason="nobody asked for it", why="Upgrade"
    ),
    "harmless upgrade": Gate(
        "Destructive", "None", takeover=False, gated=False, reason="nobody notices it", why="Upgrade"
    ),
    "automatic upgrade": Gate(
        "Automatic", "Disruptive", takeover=False, gated=False, reason="a person said so", why="Upgrade"
    ),
    "destruction": Gate("Destructive", "Destructive", takeover=False, gated=True, reason="data is lost"),
    "takeover": Gate(
        "Destructive",
        "None",
        takeover=True,
        gated=True,
        reason="what another incarnation made may not be what is meant",
    ),
    "always": Gate(
        "Always", "None", takeover=False, gated=True, reason="a person said that every step needs to be asked for"
    ),
}


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_a_step_is_gated_by_what_it_does(gate: Gate) -> None:
    draft = Draft(key("a"), THING, "Update", impact=gate.impact, takeover=gate.takeover)
    assert is_gated(draft, gate.policy, gate.why) == gate.gated, gate.reason


def step(name: str, *, gated: bool = True, identifier: str = "q-1", size: int = 1, observed: str = "seen") -> Step:
    return Step(
        name=name,
        action="Update",
        target=Target(cell="sky", type="thing", resource=name),
        gated=gated,
        basis=Basis(id=identifier, observed=observed, desired="hmac:1"),
        changes=(Change.model_validate({"path": "size", "from": 0, "to": size}),),
    )


def spec(*steps: Step) -> PlanSpec:
    reference = ApplicationRef(name="checkout", uid="app-1")
    return PlanSpec(
        application_ref=reference,
        revision=1,
        reason="SpecChanged",
        desired_hash="hmac:1",
        approval_hash=approval_hash(steps),
        steps=steps,
    )


def condition(status: Truth, kind: str = "Approved") -> Condition:
    return Condition(type=kind, status=status, reason="Approved", message="by a person")


GATED = spec(step("a"))


class Said(NamedTuple):
    spec: PlanSpec
    annotation: str
    conditions: tuple[Condition, ...]
    named: str
    by: str
    reason: str


SAID = {
    "nothing gated": Said(spec(step("a", gated=False)), "", (), "", "nothing to approve", "nobody has to be asked"),
    "silence": Said(GATED, "", (), "", "", "silence is no approval"),
    "annotation": Said(GATED, GATED.approval_hash, (), "", f"annotation {APPROVED_ANNOTATION}", "a person approves"),
    "another hash": Said(GATED, "0123456789abcdef", (), "", "", "the approval was of something else"),
    "Git": Said(GATED, "", (), "plan-1", "changePolicy.approvedPlan", "a person approves through Git"),
    "another Plan": Said(GATED, "", (), "plan-0", "", "that Plan is not this one"),
    "on record": Said(GATED, "", (condition("True"),), "", "by a person", "an approval once given is remembered"),
    "on record as open": Said(GATED, "", (condition("False"),), "", "", "the record says that nobody has"),
    "another condition": Said(GATED, "", (condition("True", "Complete"),), "", "", "only Approved is about approval"),
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_an_approval_is_of_this_very_plan(said: Said) -> None:
    annotations = {APPROVED_ANNOTATION: said.annotation} if said.annotation else {}
    assert approved("plan-1", said.spec, annotations, said.conditions, said.named) == said.by, said.reason


MOVES = {
    "of what": step("b"),
    "which one": step("a", identifier="q-2"),
    "seen how": step("a", observed="otherwise"),
    "to which end": step("a", size=2),
}


@pytest.mark.parametrize("other", MOVES.values(), ids=MOVES)
def test_what_a_person_would_look_at_moves_the_hash(other: Step) -> None:
    assert step_hash(other) != step_hash(step("a"))
    assert approval_hash([other]) != approval_hash([step("a")])


def test_what_is_not_gated_does_not_move_the_hash() -> None:
    """Else every unrelated change would ask for the same approval once more."""
    assert approval_hash([step("a"), step("b", gated=False)]) == approval_hash([step("a")]) == "4abe23217a7ba0f4"
    assert approval_hash([step("b"), step("a")]) == approval_hash([step("a"), step("b")])
    assert approval_hash([step("a", gated=False)]) == ""


STEPS = st.lists(
    st.builds(step, st.sampled_from("abcd"), gated=st.booleans(), size=st.integers(1, 2)),
    unique_by=lambda one: one.name,
    max_size=4,
)


@given(STEPS, STEPS, st.sets(st.sampled_from("abcd")))
@quick
def test_an_approval_carries_over_to_approved_steps_that_are_not_done_and_to_nothing_else(
    old: Sequence[Step], new: Sequence[Step], done: set[str]
) -> None:
    gated = [one for one in new if one.gated]
    unused = [one for one in old if one.gated and one.name not in done]
    assert carries_over(old, done, new) == (bool(gated) and all(one in unused for one in gated))


@given(STEPS)
@quick
def test_an_approval_is_used_once(old: Sequence[Step]) -> None:
    assert not carries_over(old, {one.name for one in old}, old)
