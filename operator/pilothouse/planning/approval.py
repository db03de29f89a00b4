"""Which steps wait for a person, and whether that person has spoken."""

from collections.abc import Iterable, Mapping
from typing import Final

from pilothouse.api.application import ApprovalPolicy
from pilothouse.api.conditions import Condition, find
from pilothouse.api.meta import APPROVED_ANNOTATION
from pilothouse.api.plan import PlanSpec, Reason, Step
from pilothouse.planning.diff import Draft
from pilothouse.planning.hashes import short_digest

_STRICTNESS: Final[Mapping[ApprovalPolicy, int]] = {"Automatic": 0, "Destructive": 1, "Always": 2}


def strictest(one: ApprovalPolicy, other: ApprovalPolicy) -> ApprovalPolicy:
    """Return the stricter of the fleet's floor and an Application's own policy."""
    return max(one, other, key=lambda policy: _STRICTNESS[policy])


def is_gated(draft: Draft, policy: ApprovalPolicy, reason: Reason, *, proposed: bool = False) -> bool:
    """Tell whether a step waits for approval: what destroys, or takes over what another incarnation made.

    What only another edition of the operator wants must not interrupt anybody either before a person has agreed.
    proposed: whether what rebalancing moves waits as well.
    """
    if proposed and reason == "Rebalance":
        return True
    if policy == "Automatic":
        return False
    unasked = reason == "Upgrade" and draft.impact == "Disruptive"
    return policy == "Always" or draft.impact == "Destructive" or draft.takeover or unasked


def step_hash(step: Step) -> str:
    """Return the identity of a step as it is approved: what is done to what, seen how, and to which end."""
    basis = (step.basis.id, step.basis.observed, step.basis.desired)
    changes = [change.model_dump(mode="json", by_alias=True, exclude={"by"}) for change in step.changes]
    return short_digest([step.action, list(_target(step)), list(basis), changes], 16)


def approval_hash(steps: Iterable[Step]) -> str:
    """Return the hash that an approval names: over the gated steps only; empty when there are none."""
    gated = sorted(step_hash(step) for step in steps if step.gated)
    return short_digest(gated, 16) if gated else ""


def approved(
    name: str, spec: PlanSpec, annotations: Mapping[str, str], conditions: Iterable[Condition], approved_plan: str
) -> str:
    """Return who or what approved the Plan's gated steps; empty while nobody has.

    name, annotations, conditions: of the Plan; approved_plan: `changePolicy.approvedPlan` of the Application.
    """
    if not spec.approval_hash:
        return "nothing to approve"
    if annotations.get(APPROVED_ANNOTATION) == spec.approval_hash:
        return f"annotation {APPROVED_ANNOTATION}"
    if approved_plan == name:
        return "changePolicy.approvedPlan"
    condition = find(conditions, "Approved")
    carried = condition is not None and condition.status == "True"
    return condition.message if carried and condition is not None else ""


def carries_over(old: Iterable[Step], finished: Iterable[str], new: Iterable[Step]) -> bool:
    """Tell whether the approval of an `old` Plan covers the `new` one.

    It does while every gated step of the new one is an approved step of the old one that has not been done yet:
    each approval is used once. finished: names of the old steps that were done.
    """
    done = set(finished)
    allowed = {step_hash(step) for step in old if step.gated and step.name not in done}
    gated = [step_hash(step) for step in new if step.gated]
    return bool(gated) and all(step in allowed for step in gated)


def _target(step: Step) -> tuple[str, str, str]:
    return step.target.cell, step.target.type, step.target.resource
