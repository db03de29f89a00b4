"""Find room for the workloads of one Application, one after the other, so that no two are promised the same room."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pilothouse.api.application import Alternative, LedgerEntry, Placed
from pilothouse.api.names import workload_name
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import HealthState, TargetKey
from pilothouse.desired.cells import CellView
from pilothouse.desired.everywhere import place_everywhere
from pilothouse.desired.moves import Move, moved
from pilothouse.desired.placement.going import objection
from pilothouse.desired.placement.nodes import Pod, pod_of, room, with_pods, without_headroom
from pilothouse.desired.placement.replicas import PLAIN, Placement, Terms, reserve
from pilothouse.desired.placement.unblock import Question, unblocking

MOST_EXPLAINED: Final = 60
"""Placements of one Application whose alternatives are told, so that its status stays small."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Pods that fit nowhere yet. priority: who has less leaves them the room; cells: where they would go."""

    priority: int
    pod: Pod
    count: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Housing:
    """Where a workload goes.

    shortage: what does not fit, and why, Cell by Cell; cells: with its room taken off; waiting: what does not fit;
    moves: what goes from one Cell to another because of that; declined: moves asked for that cannot be, and why.
    """

    placed: tuple[Placed, ...]
    shortage: str
    cells: tuple[CellView, ...]
    waiting: Waiting | None = None
    moves: tuple[Move, ...] = ()
    declined: tuple[tuple[Move, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who asks for room: the Application, and what it has already.

    placed: where its workloads were put before; asked: what rebalancing would have moved.
    """

    application: str
    namespace: str
    ledger: Mapping[TargetKey, LedgerEntry]
    placed: Sequence[Placed]
    asked: Sequence[Move] = ()

    def before(self, workload: str) -> dict[str, Placed]:
        """Return where a workload was put before, by Cell."""
        return {placed.cell: placed for placed in self.placed if placed.workload == workload}

    def asked_of(self, workload: Workload, current: Mapping[str, int]) -> Move | None:
        """Return what is asked of a workload; not while it is scaled, or has replicas to place, which comes first.

        Those of a lost Cell do not wait for what may fit nowhere for good.
        """
        asked = (move for move in self.asked if move.workload == workload.name)
        had = sum(current.values())
        return next(
            (move for move in asked if had == workload.pieces or (move.evacuates and had < workload.pieces)), None
        )

    def unbound(self, workload: Workload) -> dict[str, int]:
        """Return replicas by Cell whose pods nodes may not show yet: those of objects that are not Ready."""
        kind = workload.kind
        return {
            cell: placed.replicas
            for cell, placed in self.before(workload.name).items()
            if not self._is_ready(TargetKey(cell, kind, workload_name(self.application, workload.name, cell, kind)))
        }

    def _is_ready(self, key: TargetKey) -> bool:
        entry = self.ledger.get(key)
        return entry is not None and entry.state == HealthState.READY.value


def house(
    workload: Workload,
    cells: Sequence[CellView],
    tenant: Tenant,
    terms: Terms = PLAIN,
    *,
    waiting: Sequence[Waiting] = (),
    withheld: str = "",
) -> Housing:
    """Return where `workload` goes. Raises InvalidQuantityError where its template asks for what is no quantity.

    waiting: what of others fits nowhere yet, and goes first where its priority is higher; withheld: why it gets nothing
    new; empty when it may.
    """
    before = tenant.before(workload.name)
    current = {cell: placed.replicas for cell, placed in before.items()}
    if workload.kind == "DaemonSet":
        everywhere = place_everywhere(workload, cells, current, namespace=tenant.namespace, peers=terms.peers)
        return Housing(_all_placed(workload, everywhere, before), _shortage(workload, everywhere), tuple(cells))
    asked = tenant.asked_of(workload, current)
    moving = asked is not None or sum(current.values()) != workload.pieces
    free = reserve(workload, cells, tenant.unbound(workload)) if moving else tuple(cells)
    question = Question(workload, free, current, tenant.namespace, terms)
    if withheld:
        kept = replace(question, cells=[replace(cell, cordoned=True) for cell in free]).placed()
        return Housing(_all_placed(workload, kept, before), _waits(workload, kept, withheld), tuple(free))
    question, declined = _with_asked(question, asked, waiting)
    question, placement = _answered(question, waiting)
    change = unblocking(question, placement) if placement.shortfall else None
    told = _shortage(workload, placement, f"; it would fit after this: {change.text}" if change else "")
    gone = moved(workload, current, placement.replicas, placement.reasons)
    moves = tuple(_as_asked(move, asked) for move in gone)
    placement = replace(placement, reasons={**placement.reasons, **_reasons_of(moves)})
    growth = {cell: max(0, count - current.get(cell, 0)) for cell, count in placement.replicas.items()}
    placed, left = _all_placed(workload, placement, before), reserve(workload, free, growth)
    return Housing(placed, told, left, _waiting(workload, placement), moves, declined)


def _answered(question: Question, waiting: Sequence[Waiting]) -> tuple[Question, Placement]:
    """Return the answer, and the question that it answers: without the room of those who wait and go first."""
    placement, priority = question.placed(), question.workload.placement.priority
    places = placement.shortfall or placement.replicas != question.current
    if places and any(one.priority > priority for one in waiting):
        # Only now, for it costs a look at every node, and most passes find nothing to place.
        question = replace(question, cells=left_by(waiting, question.cells, priority))
        placement = question.placed()
    return question, placement


def _with_asked(
    question: Question, asked: Move | None, waiting: Sequence[Waiting]
) -> tuple[Question, tuple[tuple[Move, str], ...]]:
    """Return the question as it is once the replica that is asked for has moved; or else why it cannot."""
    if asked is None:
        return question, ()
    left = left_by(waiting, question.cells, question.workload.placement.priority)
    if asked.evacuates:
        left = tuple(without_headroom(cell) for cell in left)
    route = asked.source, asked.destination
    against = objection(question.workload, left, question.current, route, question.namespace, question.terms)
    if against:
        return question, ((asked, against),)
    counts = Counter(question.current)
    counts.update({asked.source: -1, asked.destination: 1})
    # What else is placed in this pass must not have the room that it takes of what a Cell keeps free.
    there = {asked.destination: 1} if asked.evacuates else {}
    shifted = replace(question, current=dict(+counts), cells=reserve(question.workload, question.cells, there))
    if _rests(question) and not _rests(shifted):
        return question, ((asked, f"{asked.destination}: its spread would have it moved on from there"),)
    return shifted, ()


def _rests(question: Question) -> bool:
    return question.placed().replicas == question.current


def _as_asked(move: Move, asked: Move | None) -> Move:
    """Return a move with what rebalancing gave for it, where it is no more than what that asked for."""
    if asked is None or (move.source, move.destination, move.replicas) != (asked.source, asked.destination, 1):
        return move
    return asked


def _reasons_of(moves: Sequence[Move]) -> dict[str, str]:
    """Return why it is in a Cell, for those that give or take what rebalancing moves."""
    asked = [move for move in moves if move.trigger]
    gave = {move.source: f"gave a replica to {move.destination}: {move.reason}" for move in asked}
    return {**gave, **{move.destination: move.reason for move in asked}}


def left_by(waiting: Sequence[Waiting], cells: Sequence[CellView], priority: int) -> tuple[CellView, ...]:
    """Return `cells` without the room that pods of a higher priority are waiting for, and may have."""
    left = list(cells)
    for one in waiting:
        if one.priority > priority:
            left = [_without(cell, one) if cell.name in one.cells else cell for cell in left]
    return tuple(left)


def _without(cell: CellView, one: Waiting) -> CellView:
    return with_pods(cell, one.pod, min(one.count, room(cell, one.pod)) if cell.headroom else one.count)


def _waiting(workload: Workload, placement: Placement) -> Waiting | None:
    if not placement.shortfall:
        return None
    pod = pod_of(workload.template)
    return Waiting(workload.placement.priority, pod, placement.shortfall, placement.open)


def _waits(workload: Workload, kept: Placement, withheld: str) -> str:
    waits = f"workload {workload.name}: {kept.shortfall} of {workload.pieces} replicas wait: {withheld}"
    return waits if kept.shortfall else ""


def _all_placed(workload: Workload, placement: Placement, before: Mapping[str, Placed]) -> tuple[Placed, ...]:
    return tuple(_placed(workload, cell, placement, before) for cell in sorted(placement.replicas))


def _placed(workload: Workload, cell: str, placement: Placement, before: Mapping[str, Placed]) -> Placed:
    """Return one placement; where the count is what it was, so is the reason."""
    count, old = placement.replicas[cell], before.get(cell)
    if old is not None and old.replicas == count and old.reason:
        return old
    reason, choice = placement.reasons.get(cell, ""), placement.choices.get(cell)
    if choice is None:
        return Placed(workload=workload.name, cell=cell, replicas=count, reason=reason)
    others = tuple(Alternative(cell=name, score=score.points, terms=dict(score.terms)) for name, score in choice.others)
    score, terms = choice.score.points, dict(choice.score.terms)
    return Placed(
        workload=workload.name, cell=cell, replicas=count, reason=reason, score=score, terms=terms, alternatives=others
    )


def bounded(placed: Sequence[Placed]) -> tuple[Placed, ...]:
    """Return the placements of an Application, the later of very many without their alternatives."""
    brief = (one.model_copy(update={"alternatives": ()}) for one in placed[MOST_EXPLAINED:])
    return (*placed[:MOST_EXPLAINED], *brief)


def _shortage(workload: Workload, placement: Placement, mend: str = "") -> str:
    blocked = (
        "; ".join(f"{cell}: {why}" for cell, why in sorted(placement.refusals.items()))
        or "There is no Cell yet: create one"
    )
    if placement.shortfall:
        short = f"{placement.shortfall} of {workload.pieces} replicas fit nowhere{mend}"
        return f"workload {workload.name}: {short}. {blocked}"
    if not placement.replicas:
        return f"workload {workload.name}: no Cell can take it. {blocked}"
    return ""
