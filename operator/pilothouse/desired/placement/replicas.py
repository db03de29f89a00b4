"""Which Cells a workload's replicas run in, and why. Nodes stay kube-scheduler's; nothing here remembers anything.

What is placed stays where it is, unless its Cell is no longer one the workload may use, or its failure domains are
too few and a replica can be had for another. So the same question asked again moves nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from typing import Final, TypeVar

from pilothouse.api.fleetpolicy import PlacementPolicy
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.filters import LEAVE, STAY, Asked, Filter, Peers, refusal
from pilothouse.desired.placement.nodes import Pod, pod_of, room, shortage, with_pods
from pilothouse.desired.placement.packing.shapes import Popularity
from pilothouse.desired.placement.score import Score, Scores, Wishes
from pilothouse.desired.placement.spread import Bounds, Slot, domains, spread

T = TypeVar("T")
ALTERNATIVES: Final = 3
"""How many of the other Cells a choice tells of."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How good a Cell was for the last replica that it got.

    others: the best of those that had room, by score; tied: one of these with the same score, to whose fragmentation
    the replica would have added more.
    """

    score: Score
    others: tuple[tuple[str, Score], ...] = ()
    tied: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where replicas go.

    replicas: by Cell; a Cell with 0 keeps a Deployment without pods; empty when no Cell may be used at all.
    reasons: why there, for the same Cells. shortfall: how many replicas fit nowhere.
    refusals: why a Cell gets nothing new; for lack of room only while there is something to place.
    choices: for the Cells that got something new, how good it was for the last replica, and which others had room.
    open: the Cells that only lack of room, if anything, keeps the workload out of.
    """

    replicas: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    shortfall: int = 0
    refusals: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides beside the workload and the Cells.

    policy: the fleet's; wishes: what the workload would rather be near to; peers: what it must be near to or apart
    from; popularity: of the pods with accelerators that are likely to come, by which ties of scores are broken.
    """

    policy: PlacementPolicy = field(default_factory=PlacementPolicy)
    wishes: Wishes = field(default_factory=Wishes)
    peers: Peers = field(default_factory=Peers)
    popularity: Popularity = field(default_factory=dict)


PLAIN: Final = Terms()


def place(
    workload: Workload,
    cells: Sequence[CellView],
    current: Mapping[str, int],
    *,
    namespace: str = "",
    terms: Terms = PLAIN,
) -> Placement:
    """Return where the replicas of `workload` go. The order of `cells` and `current` means nothing.

    current: replicas by Cell as placed before. The nodes' `free` must already be without them: pods that were placed
    but are not seen on a node yet have to be taken off with `reserve`, else their room is given away again.
    namespace: for messages. Raises InvalidQuantityError where the template asks for what is no quantity.
    """
    pod, asked = _pod(workload), Asked(workload, namespace, terms.peers)
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
        return _at_rest(workload, slots, homes, current, refusals, terms)
    scores = _scores(workload, [homes[name] for name, slot in slots.items() if slot.room], terms)
    bounds = _bounds(workload, current)
    counts = spread(workload.pieces, bounds, slots, scores.rank)
    shortfall = workload.pieces - counts.total()
    if looking:
        refusals |= _full(slots, homes, pod, counts, shortfall) | _too_many(slots, counts, bounds, shortfall)
    choices = _choices(scores, slots, counts)
    reasons, unrefused = _reasons(workload, slots, counts, choices), tuple(name for name in homes if name not in closed)
    return Placement(_sorted(counts), reasons, shortfall, _sorted(refusals), choices, unrefused)


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


def _scores(workload: Workload, cells: Sequence[CellView], terms: Terms) -> Scores:
    return Scores(cells, _pod(workload), workload.pieces, terms.policy.weights, terms.wishes, terms.popularity)


def _bounds(workload: Workload, current: Mapping[str, int]) -> Bounds:
    asked = workload.placement.spread
    return Bounds(_domains_asked(workload, current), asked.max_skew, asked.when_unsatisfiable == "DoNotSchedule")


def _full(
    slots: Mapping[str, Slot], cells: Mapping[str, CellView], pod: Pod, counts: Mapping[str, int], shortfall: int
) -> dict[str, str]:
    """Say what each Cell is short of: those without room, and after a shortfall those whose room is used up too."""
    short = {name: shortage(cells[name], pod) for name, slot in slots.items() if not (slot.settled or slot.room)}
    if shortfall:
        for name, slot in slots.items():
            if slot.room and counts.get(name, 0) - slot.held >= slot.room:
                then = shortage(with_pods(cells[name], pod, slot.room), pod)
                short[name] = f"full after {slot.room} more: {then}"
    return short


def _too_many(slots: Mapping[str, Slot], counts: Mapping[str, int], bounds: Bounds, shortfall: int) -> dict[str, str]:
    """Say of the Cells that have room, after a shortfall, how a replica more would go against the spread."""
    if not shortfall:
        return {}
    used, every = domains(slots, counts), sorted({slot.domain for slot in slots.values()})
    fewest = min(every, key=lambda domain: (used[domain], domain), default="")
    rest = f"that of {fewest} is {used[fewest]}; maxSkew is {bounds.max_skew} and whenUnsatisfiable DoNotSchedule"
    return {
        name: f"would go against spread: its failure domain {slot.domain} has {used[slot.domain]}, {rest}"
        for name, slot in slots.items()
        if slot.room > counts.get(name, 0) - slot.held
    }


def _choices(scores: Scores, slots: Mapping[str, Slot], counts: Mapping[str, int]) -> dict[str, Choice]:
    """Return how good each Cell was for its last replica, and the best of the others as they are in the end."""
    used = domains(slots, counts)
    new = +Counter({name: count - slots[name].held for name, count in sorted(counts.items())})
    left = [name for name, slot in slots.items() if slot.room > new[name]]
    then = {name: (new[name], used[slots[name].domain]) for name in left}
    ranked = nsmallest(ALTERNATIVES + 1, left, key=lambda name: scores.rank(name, *then[name]))
    choices = {}
    for name, more in new.items():
        others = [other for other in ranked if other != name][:ALTERNATIVES]
        scored = tuple((other, scores.of(other, *then[other])) for other in others)
        score = scores.of(name, more - 1, used[slots[name].domain] - 1)
        tied = (other for other, its in scored if its.points == score.points and _worse(scores, other, name, new))
        choices[name] = Choice(score, scored, next(tied, ""))
    return choices


def _worse(scores: Scores, other: str, name: str, new: Mapping[str, int]) -> bool:
    """Tell whether a replica more would fragment another Cell more than the last one did where it is."""
    return scores.fragmentation(other, new[other]) > scores.fragmentation(name, new[name] - 1)


def _at_rest(
    workload: Workload,
    slots: Mapping[str, Slot],
    cells: Mapping[str, CellView],
    current: Mapping[str, int],
    refusals: Mapping[str, str],
    terms: Terms,
) -> Placement:
    """Keep the Deployments there are, at 0 replicas; where there is none, one in the best Cell."""
    if stays := [name for name in slots if name in current]:
        why = dict.fromkeys(stays, "no replicas; stays where it is")
        return Placement(dict.fromkeys(stays, 0), why, 0, _sorted(refusals))
    takers = [cells[name] for name, slot in slots.items() if not slot.settled]
    scores = _scores(workload, takers, terms)
    best = sorted((cell.name for cell in takers), key=lambda name: scores.rank(name, 0, 0))
    choices = {
        name: Choice(
            scores.of(name, 0, 0), tuple((other, scores.of(other, 0, 0)) for other in best[1 : 1 + ALTERNATIVES])
        )
        for name in best[:1]
    }
    why = {name: f"no replicas; {_chosen(choice, len(takers), 'open to it')}" for name, choice in choices.items()}
    return Placement(dict.fromkeys(choices, 0), why, 0, _sorted(refusals), choices)


def _reasons(
    workload: Workload, slots: Mapping[str, Slot], counts: Mapping[str, int], choices: Mapping[str, Choice]
) -> dict[str, str]:
    used, wanted = len(domains(slots, counts)), workload.placement.spread.min_domains
    over = f"spread over {used} failure domains" if used > 1 else "in 1 failure domain"
    if used < min(wanted, workload.pieces):
        over += f", fewer than the minDomains {wanted} asked for"
    return {
        name: f"{over}; {_why(count, slots[name], slots, choices.get(name))}" for name, count in sorted(counts.items())
    }


def _why(count: int, slot: Slot, slots: Mapping[str, Slot], choice: Choice | None) -> str:
    if choice is None:
        return "stays where it is" if count == slot.held else f"scaled down from {slot.held}"
    return _chosen(choice, sum(1 for peer in slots.values() if peer.room), "with room")


def _chosen(choice: Choice, takers: int, which: str) -> str:
    better = f", and fragments accelerators less than {choice.tied}, which has the same score" if choice.tied else ""
    return f"{choice.score}, {f'best of {takers} Cells' if takers > 1 else 'the only Cell'} {which}{better}"


def _sorted(by_cell: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(by_cell.items()))
