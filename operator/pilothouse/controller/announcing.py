"""Events: what people are told when something happens to an Application or a Cell, by comparing before and after."""

from collections.abc import Sequence

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.cell import CellStatus
from pilothouse.api.conditions import Condition, find
from pilothouse.api.plan import PlanStatus, StepStatus
from pilothouse.controller.ports import Object, Recorder, StoredPlan
from pilothouse.planning.rebalance.fleet import PASSING


def plan_made(plan: StoredPlan) -> str:
    """Return what a new Plan is about, in one line."""
    counts: dict[str, int] = {}
    for step in plan.spec.steps:
        counts[step.action] = counts.get(step.action, 0) + 1
    actions = ", ".join(f"{count} to {action.lower()}" for action, count in sorted(counts.items()))
    return f"Plan {plan.name} ({plan.spec.reason}): {actions}"


def plan_progress(recorder: Recorder, application: Object, plan: StoredPlan, after: PlanStatus) -> None:
    """Tell of steps that failed just now."""
    for step in _newly(plan.status.steps, after.steps, "Failed"):
        recorder.event(application, "Warning", "StepFailed", f"{plan.name}: {step.name}: {step.message}")


def transitions(recorder: Recorder, application: Object, before: ApplicationStatus, after: ApplicationStatus) -> None:
    """Tell of an approval that is needed, of drift, of being stuck, and of having converged."""
    for kind in ("Drifted", "Stalled", "Ready"):
        now = find(after.conditions, kind)
        if now is None or now.status != "True" or _same(find(before.conditions, kind), now):
            continue
        reason = "Drift" if kind == "Drifted" else now.reason
        recorder.event(application, "Normal" if kind == "Ready" else "Warning", reason, now.message)


def held(recorder: Recorder, cell: Object, before: CellStatus, after: CellStatus) -> None:
    """Tell of what is to leave a Cell and stays, when the reason is another one than before and does not pass."""
    old, now = (find(status.conditions, "MovesHeld") for status in (before, after))
    if now is None or now.status != "True" or now.reason in PASSING:
        return
    if old is None or (old.status, old.reason) != (now.status, now.reason):
        recorder.event(cell, "Normal", "MovesHeld", f"{now.reason}: {now.message}")


def _same(before: Condition | None, now: Condition) -> bool:
    same = ("status", "reason", "message")
    return before is not None and all(getattr(before, field) == getattr(now, field) for field in same)


def _newly(before: Sequence[StepStatus], after: Sequence[StepStatus], state: str) -> list[StepStatus]:
    already = {step.name for step in before if step.state == state}
    return [step for step in after if step.state == state and step.name not in already]
