"""Which replicas go from one Cell to another: what one Cell has more is what another has less."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from pilothouse.api.application import Moved, Placed, Trigger
from pilothouse.api.names import workload_name
from pilothouse.api.placement import Rebalance
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import TargetKey

_STRICTNESS: Final[Mapping[Rebalance, int]] = {"Automatic": 0, "Propose": 1, "Never": 2}


def strictest(*modes: Rebalance) -> Rebalance:
    """Return the strictest of what several say of moving something; Never where nobody says anything."""
    return max(modes, key=lambda mode: _STRICTNESS[mode], default="Never")


def fixed(workload: Workload) -> str:
    """Say why replicas of `workload` never move by themselves; empty when they may."""
    if workload.kind != "Deployment":
        return f"it is a {workload.kind}: its pods have data, or run to an end"
    volumes = (workload.template.get("spec") or {}).get("volumes") or ()
    data = [volume.get("name", "") for volume in volumes if "persistentVolumeClaim" in volume or "hostPath" in volume]
    return f"its volume {data[0]} has data that stays behind" if data else ""


@dataclass(frozen=True, slots=True)
class Move:
    """Replicas of a workload that a placement takes from one Cell and gives to another.

    trigger: of rebalancing, which asked for it; empty where it follows from the spec. evacuates: the source was lost.
    """

    workload: str
    source: str
    destination: str
    replicas: int = 1
    reason: str = ""
    trigger: Trigger = ""
    evacuates: bool = False


def moved(
    workload: Workload, before: Mapping[str, int], after: Mapping[str, int], reasons: Mapping[str, str]
) -> Iterator[Move]:
    """Yield what goes where between two placements of a Deployment. What is only taken away, or added, goes nowhere.

    before, after: replicas by Cell; reasons: why in a Cell. What other kinds run is not made elsewhere first: the pods
    of a StatefulSet have names and data, and a Job runs once.
    """
    if workload.kind != "Deployment":
        return
    coming = {cell: count - before.get(cell, 0) for cell, count in sorted(after.items()) if count > before.get(cell, 0)}
    for source in sorted(before):
        leaving = before[source] - after.get(source, 0)
        for destination in list(coming):
            count = min(leaving, coming[destination])
            if count > 0:
                yield Move(workload.name, source, destination, count, reasons.get(destination, ""))
                leaving -= count
                coming[destination] -= count


def handovers(
    application: str,
    workloads: Sequence[Workload],
    moves: Sequence[Moved | Move],
    placed: Iterable[Placed],
    silent: Collection[str] = (),
) -> dict[TargetKey, frozenset[TargetKey]]:
    """Return what is to be Ready before the replicas that it takes over go, by what these are run by.

    placed: where replicas should be. For where none should be any more, because what went there went on or is not asked
    for any longer, stands what takes over from it in turn, if anything: it takes nothing over. What moves although it
    need not leaves no sooner than all the others of its workload are Ready: with fewer, the one more is of use.
    silent: Cells that do not answer, of which nobody waits to hear that.
    """
    wanted = {_runner(application, one.workload, one.cell): one.workload for one in placed if one.replicas}
    deployed = {workload.name for workload in workloads if workload.kind == "Deployment"}
    found: dict[TargetKey, set[TargetKey]] = {}
    spared: dict[TargetKey, set[TargetKey]] = {}
    for move in moves:
        if move.workload in deployed:
            source, destination = ends(application, move)
            found.setdefault(source, set()).add(destination)
            if move.trigger not in ("", "Draining") and not move.evacuates:
                others = {key for key, workload in wanted.items() if workload == move.workload}
                spared[source] = {key for key in others - {source} if key.cell not in silent}
    last = {key: _lasting(key, found, wanted) for key in found}
    return {key: others | spared.get(key, frozenset()) for key, others in last.items() if others}


def _lasting(
    source: TargetKey, found: Mapping[TargetKey, AbstractSet[TargetKey]], wanted: Collection[TargetKey]
) -> frozenset[TargetKey]:
    """Follow what goes from `source` to what is wanted."""
    seen, ahead, last = {source}, [source], set[TargetKey]()
    while ahead:
        others = found.get(ahead.pop(), frozenset()) - seen
        seen |= others
        last |= {key for key in others if key in wanted}
        ahead += [key for key in others if key not in wanted]
    return frozenset(last)


def ends(application: str, move: Moved | Move) -> tuple[TargetKey, TargetKey]:
    """Return what runs the replicas that go, and what runs those that take their place."""
    return _runner(application, move.workload, move.source), _runner(application, move.workload, move.destination)


def _runner(application: str, workload: str, cell: str) -> TargetKey:
    return TargetKey(cell, "Deployment", workload_name(application, workload, cell))
