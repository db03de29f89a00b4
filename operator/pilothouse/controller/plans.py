"""The active Plan of an Application: keep it while it stands, else supersede it, and record what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from pilothouse.api.conditions import Condition
from pilothouse.api.plan import PlanStatus, StepStatus
from pilothouse.api.plan_reasons import PLAN
from pilothouse.api.reasons import stated
from pilothouse.controller.ports import StoredPlan
from pilothouse.planning.approval import carries_over
from pilothouse.planning.plan import Proposal, plan_name
from pilothouse.planning.validity import DONE, finished_steps, still_valid


def superseded(stored: StoredPlan, steps: Iterable[StepStatus], application: str, uid: str, new: Proposal) -> str:
    """Return why a stored Plan, `steps` far, no longer stands for this Application and a proposal made just now.

    Empty while it stands.
    """
    if stored.spec.application_ref.uid != uid:
        return "it belongs to an earlier Application of this name"
    if stored.name != plan_name(application, stored.spec):
        return "it was edited by hand: its content does not fit its name"
    if not still_valid(stored.spec, finished_steps(steps), new.steps):
        return "what is wanted or observed has changed since it was made"
    return ""


def is_complete(stored: StoredPlan) -> bool:
    """Tell whether every step is done."""
    states = {status.name: status.state for status in stored.status.steps}
    return all(states.get(step.name) in DONE for step in stored.spec.steps)


def inherits(old: StoredPlan, approved_by: str, steps: Iterable[StepStatus], new: Proposal) -> bool:
    """Tell whether the approval of the Plan before, `steps` far, covers a new proposal.

    approved_by: who approved it, whether or not that is on record yet; empty when nobody did.
    """
    return bool(approved_by) and carries_over(old.spec.steps, finished_steps(steps), new.steps)


def superseded_status(old: PlanStatus, steps: tuple[StepStatus, ...], why: str, now: str) -> PlanStatus:
    """Return the last status of a Plan that another one replaces, `steps` far."""
    condition = Condition(type="Superseded", status="True", reason="Superseded", message=why)
    fields = {"steps": steps, "progress": _counted(steps), "state": "Superseded"}
    return _with(old, (condition,), now).model_copy(update=fields)


@dataclass(frozen=True, slots=True)
class Course:
    """How far a Plan has come, as its status is to tell it. closed: whether all of it waits for a change window."""

    steps: tuple[StepStatus, ...]
    approved_by: str
    waiting_for: str
    stalled: str = ""
    closed: bool = False


def status_of(stored: StoredPlan, course: Course, now: str) -> PlanStatus:
    """Return the status of a Plan that stands. now: RFC 3339."""
    complete = all(step.state in DONE for step in course.steps)
    failed = [step for step in course.steps if step.state == "Failed"]
    conditions = (
        _approved(stored, course),
        Condition(
            type="Complete",
            status="True" if complete else "False",
            reason="Complete" if complete else "Applying",
            message="" if complete else course.waiting_for,
        ),
        Condition(
            type="Failed",
            status="True" if failed else "False",
            reason="StepFailed" if failed else "NoFailure",
            message="; ".join(f"{step.name}: {step.message}" for step in failed[:5]),
        ),
    )
    state = state_of(course, complete=complete, gated=bool(stored.spec.approval_hash))
    fields = {"steps": course.steps, "progress": _counted(course.steps), "state": state}
    return _with(stored.status, conditions, now).model_copy(update=fields)


def state_of(course: Course, *, complete: bool, gated: bool) -> str:
    """Return the one word for where a Plan is."""
    if complete:
        return "Complete"
    if course.stalled or any(step.state == "Failed" for step in course.steps):
        return "Stalled"
    open_steps = any(step.state in {"Running", "OutcomeUnknown"} for step in course.steps)
    if gated and not course.approved_by and not open_steps:
        return "WaitingForApproval"
    return "WaitingForWindow" if course.closed and not open_steps else "Applying"


def _counted(steps: tuple[StepStatus, ...]) -> str:
    done = sum(1 for step in steps if step.state in DONE)
    return f"{done}/{len(steps)}"


def _approved(stored: StoredPlan, course: Course) -> Condition:
    if not stored.spec.approval_hash:
        return Condition(type="Approved", status="True", reason="NothingToApprove", message="no step is gated")
    if course.approved_by:
        return Condition(type="Approved", status="True", reason="Approved", message=course.approved_by)
    return Condition(type="Approved", status="False", reason="ApprovalNeeded", message=approval_command(stored))


def approval_command(stored: StoredPlan) -> str:
    """Return how a person approves a Plan."""
    application = stored.spec.application_ref.name
    return f"approve with: kubectl pilothouse approve {application} -n {stored.namespace} --plan {stored.name}"


def _with(old: PlanStatus, new: tuple[Condition, ...], now: str) -> PlanStatus:
    names = {condition.type for condition in new}
    kept = tuple(condition for condition in old.conditions if condition.type not in names)
    return old.model_copy(update={"conditions": (*stated(PLAN, old.conditions, new, now), *kept)})
