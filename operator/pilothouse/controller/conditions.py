"""Conditions of an Application, one function each, all concluded from the same facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pilothouse.api.application import LedgerEntry
from pilothouse.api.conditions import LONGEST, Condition, Truth

_MOST = 5
"""Messages joined in one condition; the rest is counted."""
_CUT: Final = " ... (cut)"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a pass found out about an Application.

    stalled: (reason, message) pairs that only a person can resolve; approval: what waits for approval, and how to
    give it; waiting: what the Controller itself waits for; changing: whether a Plan is being carried out;
    window: the change window that all waits for;
    outdated: what it is not known of whether it still is as it was seen;
    deleting: whether it is on its way out; suspended: by whom, empty when it is not; advice: what could be better.
    """

    generation: int
    stalled: tuple[tuple[str, str], ...] = ()
    approval: str = ""
    approved_by: str = ""
    waiting: tuple[str, ...] = ()
    changing: bool = False
    window: str = ""
    deleting: bool = False
    suspended: str = ""
    unready: tuple[LedgerEntry, ...] = ()
    outdated: tuple[str, ...] = ()
    drifted: tuple[LedgerEntry, ...] = ()
    advice: tuple[str, ...] = ()


def conditions(facts: Facts) -> tuple[Condition, ...]:
    """Return every condition of an Application, in the order in which people read them."""
    return ready(facts), reconciling(facts), stalled(facts), plan_approved(facts), drifted(facts)


def ready(facts: Facts) -> Condition:
    """Ready: True when what was last seen is what is wanted; Unknown on the way there; False when stuck."""
    if facts.stalled:
        return _condition(facts, "Ready", "False", facts.stalled[0][0], joined([m for _, m in facts.stalled]))
    if facts.approval:
        return _condition(facts, "Ready", "False", "ApprovalNeeded", facts.approval)
    if facts.suspended and facts.changing:
        return _condition(facts, "Ready", "False", "Suspended", facts.suspended)
    if _at_work(facts):
        return _condition(facts, "Ready", "Unknown", *_progress(facts))
    if facts.suspended:
        return _condition(facts, "Ready", "True", "Suspended", facts.suspended)
    well = "everything is as it should be"
    message = f"{well}; advice: {joined(facts.advice)}" if facts.advice else well
    return _condition(facts, "Ready", "True", "Converged", message)


def reconciling(facts: Facts) -> Condition:
    """Reconciling: True while the Controller works or waits for the Data Plane."""
    if facts.stalled or facts.approval or (facts.suspended and facts.changing):
        return _condition(facts, "Reconciling", "False", "Stalled", "")
    if _at_work(facts):
        return _condition(facts, "Reconciling", "True", *_progress(facts))
    return _condition(facts, "Reconciling", "False", "Suspended" if facts.suspended else "Converged", "")


def stalled(facts: Facts) -> Condition:
    """Stalled: True when only a person can help."""
    if facts.stalled:
        return _condition(facts, "Stalled", "True", facts.stalled[0][0], joined([m for _, m in facts.stalled]))
    if facts.approval:
        return _condition(facts, "Stalled", "True", "ApprovalNeeded", facts.approval)
    if facts.suspended and facts.changing:
        return _condition(facts, "Stalled", "True", "Suspended", facts.suspended)
    return _condition(facts, "Stalled", "False", "NotStalled", "")


def plan_approved(facts: Facts) -> Condition:
    """PlanApproved: False while gated steps wait for a person."""
    if facts.approval:
        return _condition(facts, "PlanApproved", "False", "ApprovalNeeded", facts.approval)
    reason = "Approved" if facts.approved_by else "NothingToApprove"
    return _condition(facts, "PlanApproved", "True", reason, facts.approved_by)


def drifted(facts: Facts) -> Condition:
    """Drifted: True while something differs that was changed behind our back."""
    if not facts.drifted:
        return _condition(facts, "Drifted", "False", "NoDrift", "")
    contested = [
        f"{e.cell}/{e.type}/{e.name}: {drift.path} is set to {drift.observed or 'nothing'} again and again"
        f" by {drift.by or 'somebody else'}; it is left so"
        for e in facts.drifted
        for drift in e.drift
        if drift.contested
    ]
    if contested:
        mend = "stop the other, or leave the field out here"
        return _condition(facts, "Drifted", "True", "Contested", f"{joined(contested)}. {mend}")
    found = [f"{e.cell}/{e.type}/{e.name}: {drift.path}" for e in facts.drifted for drift in e.drift]
    return _condition(facts, "Drifted", "True", "ChangedOutside", joined(found))


def joined(messages: Sequence[str]) -> str:
    """Return the first few messages and how many more there are."""
    shown = list(dict.fromkeys(messages))
    more = f"; and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
    return "; ".join(shown[:_MOST]) + more


def _at_work(facts: Facts) -> bool:
    return bool(facts.changing or facts.waiting or facts.unready or facts.outdated or facts.deleting)


def _progress(facts: Facts) -> tuple[str, str]:
    if facts.window:
        return "WaitingForWindow", facts.window
    if facts.deleting:
        return "Deleting", joined(facts.waiting) or "deleting what is owned"
    unready = [f"{e.cell}/{e.type}/{e.name}: {e.message or e.state or 'not made yet'}" for e in facts.unready]
    waiting = joined([*facts.outdated, *facts.waiting, *unready])
    if facts.changing:
        return "Applying", waiting or "carrying out the Plan"
    if facts.outdated:
        return "ObservationOutdated", waiting
    return "Progressing", waiting


def _condition(facts: Facts, kind: str, status: Truth, reason: str, message: str) -> Condition:
    told = message if len(message) <= LONGEST else f"{message[: LONGEST - len(_CUT)]}{_CUT}"
    return Condition(type=kind, status=status, reason=reason, message=told, observed_generation=facts.generation)
