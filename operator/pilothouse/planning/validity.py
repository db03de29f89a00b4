"""Whether a stored Plan still stands, and how far it has come. Both are concluded, never remembered."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from pilothouse.api.plan import PlanSpec, Step, StepState, StepStatus

DONE: frozenset[StepState] = frozenset({"Succeeded", "NotNeeded"})


def covering(stored: Iterable[Step], fresh: Step) -> Step | None:
    """Return the stored step that `fresh` carries out, wholly or its remaining part; None when there is none."""
    return next((step for step in stored if _covers(step, fresh)), None)


def _covers(stored: Step, fresh: Step) -> bool:
    if stored.target != fresh.target or stored.basis.desired != fresh.basis.desired:
        return False
    if fresh.gated and not stored.gated:
        return False
    if stored.action in {"Create", "Replace"} and _makes(stored, fresh):
        return True
    adopted = stored.action == "Adopt" and fresh.action == "Update"
    same_thing = (adopted or stored.action == fresh.action) and stored.basis.id == fresh.basis.id
    planned = [(change.path, change.new) for change in stored.changes]
    return same_thing and all((change.path, change.new) in planned for change in fresh.changes)


def _makes(stored: Step, fresh: Step) -> bool:
    """Tell whether `fresh` is part of making what `stored` asks for: the create, or what a create could not say."""
    return fresh.action == "Create" or (fresh.action == "Update" and fresh.basis.id != stored.basis.id)


def still_valid(stored: PlanSpec, finished: Iterable[str], fresh: Iterable[Step]) -> bool:
    """Tell whether a stored Plan stands: the steps of a fresh one are a subset of its unfinished steps."""
    done = set(finished)
    unfinished = [step for step in stored.steps if step.name not in done]
    return all(covering(unfinished, step) is not None for step in fresh)


def finished_steps(statuses: Iterable[StepStatus]) -> frozenset[str]:
    """Return the names of the steps that are done."""
    return frozenset(status.name for status in statuses if status.state in DONE)


def progress(
    stored: PlanSpec,
    before: Mapping[str, StepStatus],
    fresh: Iterable[Step],
    results: Mapping[str, StepStatus],
    unsettled: AbstractSet[str],
    now: str,
) -> tuple[StepStatus, ...]:
    """Return how far each step of a stored Plan is.

    before: the statuses until now; fresh: the steps of a fresh Plan; results: what this pass learned, by step;
    unsettled: targets (cell/type/resource) that are sent, unseen or not Ready yet; now: RFC 3339.
    """
    remaining = tuple(fresh)
    return tuple(
        _advanced(step, before.get(step.name), remaining, results.get(step.name), unsettled, now)
        for step in stored.steps
    )


def _advanced(
    step: Step,
    before: StepStatus | None,
    fresh: tuple[Step, ...],
    result: StepStatus | None,
    unsettled: AbstractSet[str],
    now: str,
) -> StepStatus:
    old = before or StepStatus(name=step.name, state="Pending")
    if old.state in DONE:
        return old
    if result is not None:
        return _folded(old, result)
    if any(_covers(step, remaining) for remaining in fresh):
        return old
    target = f"{step.target.cell}/{step.target.type}/{step.target.resource}"
    if target in unsettled and not old.attempts:
        return old
    if target in unsettled:
        return old.model_copy(update={"state": "Running", "message": "applied; waiting for it to be Ready"})
    state: StepState = "Succeeded" if old.attempts else "NotNeeded"
    return old.model_copy(update={"state": state, "finished_at": now, "message": ""})


def _folded(old: StepStatus, result: StepStatus) -> StepStatus:
    return result.model_copy(
        update={
            "attempts": old.attempts + result.attempts,
            "started_at": old.started_at or result.started_at,
            "external_id": result.external_id or old.external_id,
        }
    )
