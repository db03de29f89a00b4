"""Which Cells a workload's replicas run in, and why. Nodes stay kube-scheduler's; nothing here remembers anything.

What is placed stays where it is, unless its Cell is no longer one the workload may use, or its failure domains are
too few and a replica can be had for another. So the same question asked again moves nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.filters import LEAVE, STAY, Asked, Filter, refusal
from pilothouse.desired.nodes import Pod, pod_of, room, shortage, with_pods
from pilothouse.desired.spread import Slot, domains, spread

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where replicas go.

    replicas: by Cell; a Cell with 0 keeps a Deployment without pods; empty when no Cell may be used at all.
    reasons: why there, for the same Cells. shortfall: how many replicas fit nowhere.
    refusals: why a Cell gets nothing new; for lack of room only while there is something to place.
    """

    replicas: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    shortfall: int = 0
    refusals: Mapping[str, str] = field(default_factory=dict)


def place(
    workload: Workload, cells: Sequence[CellView], current: Mapping[str, int], *, namespace: str = ""
) -> Placement:
    """Return where the replicas of `workload` go. The order of `cells` and `current` means nothing.

    current: replicas by Cell as placed before. The nodes' `free` must already be without them: pods that were placed
    but are not seen on a node yet have to be taken off with `reserve`, else their room is given away again.
    namespace: for messages. Raises InvalidQuantityError where the template asks for what is no quantity.
    """
    pod, asked = _pod(workload), Asked(workload, namespace)
    views = {cell.name: cell for cell in sorted(cells, key=lambda cell: cell.name)}
    gone = _refused(views, asked, LEAVE)
    homes = {name: cell for name, cell in views.items() if name not in gone}
    closed = _refused(homes, asked, STAY)
    slots = {name: Slot(cell.failure_domain, current.get(name, 0), 0, name in closed) for name, cell in homes.items()}
    refusals = _vanished(views, current) | gone | closed
    looking = _undecided(workload, slots, current)
    if looking:
        slots = {name: _with_room(slot, homes[name], pod) for name, slot in slots.items()}
    if workload.pieces == 0:
        return _at_rest(slots, current, refusals)
    counts = spread(workload.pieces, _domains_asked(workload, current), slots)
    shortfall = workload.pieces - counts.total()
    if looking:
        refusals |= _full(slots, homes, pod, shortfall)
    return Placement(_sorted(counts), _reasons(workload, slots, counts), shortfall, _sorted(refusals))


def reserve(workload: Workload, cells: Sequence[CellView], added: Mapping[str, int]) -> tuple[CellView, ...]:
    """Return `cells` as they are with `added` more replicas of `workload`, by Cell, on their nodes."""
    pod = _pod(workload)
    return tuple(with_pods(cell, pod, added.get(cell.name, 0)) for cell in cells)


def _pod(workload: Workload) -> Pod:
    return pod_of(workload.template, f"spec.workloads[{workload.name}].template")


def _refused(cells: Mapping[str, CellView], asked: Asked, filters: Sequence[Filter]) -> dict[str, str]:
    reasons = ((name, refusal(filters, cell, asked)) for name, cell in cells.items())
    return {name: reason for name, reason in reasons if reason is not None}


def _vanished(cells: Mapping[str, CellView], current: Mapping[str, int]) -> dict[str, str]:
    return {name: "there is no such Cell any more" for name in current if name not in cells}


def _undecided(workload: Workload, slots: Mapping[str, Slot], current: Mapping[str, int]) -> bool:
    """Tell whether room matters: counting it costs a look at every node, and most passes find nothing to place."""
    if workload.pieces == 0:
        return not slots.keys() & current.keys()
    held = Counter({name: slot.held for name, slot in slots.items()})
    wanted = min(_domains_asked(workload, current), workload.pieces)
    return held.total() != workload.pieces or len(domains(slots, held)) < wanted


def _domains_asked(workload: Workload, current: Mapping[str, int]) -> int:
    """Return how many domains to reach. Data does not move with a replica, so that of a StatefulSet stays as well."""
    settled = workload.kind == "StatefulSet" and any(current.values())
    return 1 if settled else workload.placement.spread.min_domains


def _with_room(slot: Slot, cell: CellView, pod: Pod) -> Slot:
    return slot if slot.settled else replace(slot, room=room(cell, pod))


def _full(slots: Mapping[str, Slot], cells: Mapping[str, CellView], pod: Pod, shortfall: int) -> dict[str, str]:
    """Say what each Cell is short of: those without room, and after a shortfall those whose room is used up too."""
    short = {name: shortage(cells[name], pod) for name, slot in slots.items() if not (slot.settled or slot.room)}
    if shortfall:
        for name, slot in slots.items():
            if slot.room:
                then = shortage(with_pods(cells[name], pod, slot.room), pod)
                short[name] = f"full after {slot.room} more: {then}"
    return short


def _at_rest(slots: Mapping[str, Slot], current: Mapping[str, int], refusals: Mapping[str, str]) -> Placement:
    """Keep the Deployments there are, at 0 replicas; where there is none, one in the Cell with most room."""
    if stays := [name for name in slots if name in current]:
        why = dict.fromkeys(stays, "no replicas; stays where it is")
        return Placement(dict.fromkeys(stays, 0), why, 0, _sorted(refusals))
    takers = [name for name, slot in slots.items() if not slot.settled]
    best = sorted(takers, key=lambda name: (-slots[name].room, name))[:1]
    chosen = "no replicas; " + (f"most room of {len(takers)} Cells" if len(takers) > 1 else "the only Cell open to it")
    return Placement(dict.fromkeys(best, 0), dict.fromkeys(best, chosen), 0, _sorted(refusals))


def _reasons(workload: Workload, slots: Mapping[str, Slot], counts: Mapping[str, int]) -> dict[str, str]:
    used, wanted = len(domains(slots, counts)), workload.placement.spread.min_domains
    over = f"spread over {used} failure domains" if used > 1 else "in 1 failure domain"
    if used < min(wanted, workload.pieces):
        over += f", fewer than the minDomains {wanted} asked for"
    return {name: f"{over}; {_why(name, count, slots)}" for name, count in sorted(counts.items())}


def _why(name: str, count: int, slots: Mapping[str, Slot]) -> str:
    slot = slots[name]
    if count <= slot.held:
        return "stays where it is" if count == slot.held else f"scaled down from {slot.held}"
    takers = sum(1 for peer in slots.values() if peer.domain == slot.domain and peer.room)
    return f"{f'most room of {takers} Cells' if takers > 1 else 'the only Cell with room'} in {slot.domain}"


def _sorted(by_cell: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(by_cell.items()))
