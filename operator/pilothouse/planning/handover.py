"""Replicas that go from one Cell to another: none goes before those that take its place are Ready."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from pilothouse.api.plan import Change
from pilothouse.dataplane.types import HealthState, TargetKey
from pilothouse.observed.snapshot import Snapshot
from pilothouse.planning.diff import Draft, Finding

REPLICAS: Final = "spec.replicas"
Handovers = Mapping[TargetKey, AbstractSet[TargetKey]]
"""By what runs replicas that go: what runs those that take their place."""


def given_up(findings: Mapping[TargetKey, Finding], handovers: Handovers) -> Handovers:
    """Return those of the handovers in which replicas go now: what is repaired, grown or changed waits for nobody."""
    drafts = {key: findings[key].draft for key in handovers if key in findings}
    return {key: others for key, others in handovers.items() if (draft := drafts.get(key)) and _gives_up(draft)}


def taken_over(
    findings: Mapping[TargetKey, Finding], leaving: Handovers, snapshot: Snapshot
) -> dict[TargetKey, Finding]:
    """Return the findings, with those waiting whose replicas go before what takes their place is Ready.

    leaving: as `given_up` returns it. Where that is still to be changed, the order of the steps says so; what waits
    itself is not changed, so whoever waits for it is looked at again.
    """
    held = dict(findings)
    while late := [found for key in sorted(leaving) if (found := _late(held, key, leaving[key], snapshot))]:
        held |= {finding.key: finding for finding in late}
    return held


def _late(
    findings: Mapping[TargetKey, Finding], key: TargetKey, others: AbstractSet[TargetKey], snapshot: Snapshot
) -> Finding | None:
    """Return the finding at `key`, waiting; None where nothing is to be done, or nothing to be waited for."""
    if not _changes(findings[key]):
        return None
    late = [other for other in sorted(others) if not _changes(findings.get(other)) and not _ready(other, snapshot)]
    if not late:
        return None
    waiting = f"{key}: its replicas go once {late[0]}, which takes their place, is Ready"
    return replace(findings[key], draft=None, waiting=waiting)


def _gives_up(draft: Draft) -> bool:
    """Tell whether there will be fewer replicas, if only for a while."""
    if draft.action in ("Update", "Adopt"):
        return any(change.path == REPLICAS and _fewer(change) for change in draft.changes)
    return draft.action != "Create"


def _fewer(change: Change) -> bool:
    """Tell whether a number becomes less; what nobody can read is taken to."""
    known = isinstance(change.old, int) and isinstance(change.new, int)
    return not known or change.new < change.old


def _changes(finding: Finding | None) -> bool:
    return finding is not None and finding.draft is not None


def _ready(key: TargetKey, snapshot: Snapshot) -> bool:
    reading = snapshot.sighting(key).reading
    return reading is not None and reading.health.state is HealthState.READY
