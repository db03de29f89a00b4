"""What was placed and no node shows yet: room that is promised, although it looks free."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pilothouse.api.application import LedgerEntry, Placed
from pilothouse.api.names import workload_name
from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import HealthState, TargetKey
from pilothouse.desired.housing import Waiting
from pilothouse.desired.placement.nodes import Pod, pod_of
from pilothouse.desired.state import DesiredState


@dataclass(frozen=True, slots=True)
class Promise:
    """Pods of a workload in one Cell. missing: not even asked for there yet; starting: asked for, and not Ready."""

    workload: str
    cell: str
    pod: Pod
    missing: int
    starting: int


def claims(desired: DesiredState, stored: Sequence[Placed]) -> tuple[Sequence[Placed], tuple[Waiting, ...]]:
    """Return the placements that room is kept for, and what the others leave room for as soon as there is any.

    stored: the placements that the status tells. With a problem nothing is made and no placement is stored, however
    long that lasts: so only what was placed before it counts, and what waits does where room is all that it lacks.
    """
    if not desired.problems:
        return desired.placements, desired.waiting
    lacks_room = all(problem.reason == "DoesNotFit" for problem in desired.problems)
    return stored, desired.waiting if lacks_room else ()


def promised(
    application: str,
    workloads: Sequence[Workload],
    placements: Iterable[Placed],
    live: Iterable[Placed],
    ledger: Mapping[TargetKey, LedgerEntry],
) -> tuple[Promise, ...]:
    """Return what `placements` promise beyond what is seen to run.

    live: what the objects in the Cells ask for; ledger: tells which of them are Ready.
    DaemonSets promise nothing: kube-scheduler finds room for them on every node, or does not.
    """
    known = {workload.name: workload for workload in workloads if workload.kind != "DaemonSet"}
    seen = {(one.workload, one.cell): one.replicas for one in live}
    found = []
    for one in placements:
        workload, there = known.get(one.workload), seen.get((one.workload, one.cell))
        if workload is None:
            continue
        name = workload_name(application, workload.name, one.cell, workload.kind)
        entry = ledger.get(TargetKey(one.cell, workload.kind, name))
        if _has_ended(workload, entry):
            continue
        missing, starting = _unseen(one.replicas, there, entry)
        if missing or starting:
            with suppress(InvalidQuantityError):  # what nobody can read is made nowhere, and its problem is told
                found.append(Promise(one.workload, one.cell, pod_of(workload.template), missing, starting))
    return tuple(found)


def _has_ended(workload: Workload, entry: LedgerEntry | None) -> bool:
    """Tell whether a Job was made, came to its end, and was removed: it is not made again."""
    ends = workload.ttl_seconds_after_finished is not None
    return ends and entry is not None and bool(entry.applied_hash) and not entry.id


def _unseen(placed: int, there: int | None, entry: LedgerEntry | None) -> tuple[int, int]:
    """Return how many pods are not asked for yet, and how many are and may be on no node.

    What exists and is not seen is in a Cell that is not listed now, as after a start of ours: its pods are on nodes.
    """
    made = entry is not None and bool(entry.id)
    asked_for = placed if there is None and made else there or 0
    ready = entry is not None and entry.state == HealthState.READY.value
    return max(0, placed - asked_for), 0 if ready else min(placed, asked_for)
