"""What there is to tell of an Application to the outside, read from its status. Pure, so the next process finds it too.

No notice holds a value of any setting: conditions and Plans are free of secrets, and of drift only the paths are told.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.conditions import find
from pilothouse.api.notifications import Happening
from pilothouse.api.times import seconds
from pilothouse.controller.ports import Object

_ASKED_FOR: Final = frozenset({"ApprovalNeeded", "Suspended"})
"""Reasons for being stuck that somebody wants, or is told of otherwise."""
_MOST_PATHS: Final = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. id: the same for the same happening, whoever tells it, whenever. since: when it began."""

    id: str
    kind: Happening
    since: float
    namespace: str
    name: str
    data: Mapping[str, Any]


def notices(application: Object, status: ApplicationStatus) -> Iterator[Notice]:
    """Yield what the status of an Application gives to tell."""
    plan, waiting, stalled = status.plan, find(status.conditions, "PlanApproved"), find(status.conditions, "Stalled")
    if waiting is not None and waiting.status == "False" and plan.name:
        data = {"plan": plan.name, "steps": plan.steps, "message": waiting.message}
        yield _notice(application, "PlanWaiting", waiting.last_transition_time, plan.name, data=data)
    if stalled is not None and stalled.status == "True" and stalled.reason not in _ASKED_FOR:
        data = {"plan": plan.name, "reason": stalled.reason, "message": stalled.message}
        began = stalled.last_transition_time
        of = plan.name or f"generation {stalled.observed_generation}"
        yield _notice(application, "PlanStalled", began, of, stalled.reason, began, data=data)
    drifts = [(entry, drift) for entry in status.resources for drift in entry.drift]
    if drifts:
        newest = max(drift.first_seen for _, drift in drifts)
        found = [
            {"cell": entry.cell, "type": entry.type, "resource": entry.name, "path": one.path, "since": one.first_seen}
            for entry, one in drifts[:_MOST_PATHS]
        ]
        yield _notice(application, "DriftSeen", newest, newest, data={"fields": found, "count": len(drifts)})
    if status.last_plan.name:
        last = status.last_plan
        yield _notice(application, "PlanComplete", last.finished_at, last.name, data={"plan": last.name})


def _notice(application: Object, kind: Happening, since: str, *of: str, data: Mapping[str, Any]) -> Notice:
    metadata = application["metadata"]
    digest = hashlib.sha256("\0".join((metadata["uid"], kind, *of)).encode()).hexdigest()
    told = {"application": {"namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}}
    return Notice(digest[:32], kind, seconds(since), metadata["namespace"], metadata["name"], {**told, **data})
