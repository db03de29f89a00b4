"""What the status tells of replicas that go to another Cell: those under way, and the last that went."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from pilothouse.api.application import Moved, Placed
from pilothouse.api.times import seconds
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired.moves import Move, ends
from pilothouse.desired.state import DesiredState

_KEPT: Final = 10
"""Moves that are over and still told of."""
_REMEMBERED: Final = 50
"""Moves that rebalancing began and that are over: nothing returns to a Cell that it left, as far as is told of."""
_REMEMBERED_SECONDS: Final = 86_400.0


def under_way(moves: Iterable[Moved]) -> tuple[Moved, ...]:
    """Return the moves that are not over."""
    return tuple(move for move in moves if not move.ended_at)


def placements(before: Sequence[Placed], desired: DesiredState, held: AbstractSet[str]) -> tuple[Placed, ...]:
    """Return where workloads are to be told to be: `held` ones where they were, the others where they are wanted."""
    kept = [one for one in before if one.workload in held]
    wanted = [one for one in desired.placements if one.workload not in held]
    order = {name: number for number, name in enumerate(desired.runners)}
    return tuple(sorted([*kept, *wanted], key=lambda one: order[one.workload])) if held else desired.placements


def recorded(
    application: str, before: Sequence[Moved], begun: Sequence[Move], rests: Callable[[TargetKey], bool], now: str
) -> tuple[Moved, ...]:
    """Return what is to be told after a pass, the oldest first.

    begun: by this pass; rests: tells whether nothing is left to do, or to be waited for, of a thing; now: RFC 3339.
    What a person's spec moves and what rebalancing moves are told apart although they go the same way: what need not
    move is handed over with more care, and is remembered for longer.
    """
    told = list[Moved]()
    more = {_route(move): move for move in begun}
    for move in before:
        again = None if move.ended_at else more.pop(_route(move), None)
        ends_now = not move.ended_at and all(map(rests, ends(application, move)))
        if again is not None:
            told.append(_grown(move, again, now))
        else:
            told.append(move.model_copy(update={"ended_at": now}) if ends_now else move)
    told += [_begun(move, now) for move in more.values()]
    over = [move for move in told if move.ended_at]
    young = [move for move in over if move.trigger and seconds(now) - seconds(move.ended_at) < _REMEMBERED_SECONDS]
    kept = {id(move) for move in (*over[-_KEPT:], *young[-_REMEMBERED:])}
    forgotten = {id(move) for move in over} - kept
    return tuple(move for move in told if id(move) not in forgotten)


def _route(move: Moved | Move) -> tuple[str, str, str, bool]:
    """Return what goes where, and whether rebalancing began it."""
    return (move.workload, move.source, move.destination, bool(move.trigger))


def _begun(move: Move, now: str) -> Moved:
    return Moved(
        workload=move.workload,
        source=move.source,
        destination=move.destination,
        replicas=move.replicas,
        reason=move.reason,
        trigger=move.trigger,
        evacuates=move.evacuates,
        began_at=now,
    )


def _grown(move: Moved, more: Move, now: str) -> Moved:
    """Return a move that is under way with as many more replicas that go the same way."""
    grown = _begun(more, now)
    return grown.model_copy(update={"replicas": move.replicas + more.replicas})
