"""Which replicas of a workload go from one Cell to another, or went there lately, and what for, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pilothouse.api.application import Moved, Trigger
from pilothouse.api.workload import Workload

MOST_OVER: Final = 3
"""Moves that are over and still told of."""
_BECAUSE: Final[Mapping[Trigger, str]] = {
    "": "the spec or the Cells changed",
    "Blocked": "a person waits for replicas that are missing",
    "Missing": "replicas are missing",
    "Hot": "{source} is hot",
    "Draining": "{source} is to be emptied",
    "NewCell": "{destination} has less than its share",
    "Price": "{destination} costs less",
}
_LOST: Final = "{source} is lost"
_SELF_EXPLAINING: Final = frozenset({_LOST, _BECAUSE["Draining"]})


def sentences(moves: Sequence[Moved], workload: Workload, ready: Mapping[str, bool]) -> Iterator[str]:
    """Yield a sentence for each move of `workload` that is under way, then for the last that are over.

    ready: by Cell, whether what runs it there is Ready.
    """
    own = [move for move in moves if move.workload == workload.name]
    for move in own:
        if not move.ended_at:
            verb = "is" if move.replicas == 1 else "are"
            route = f"moving from {move.source} to {move.destination} since {move.began_at}"
            left = _left(move) if move.evacuates and ready.get(move.destination) else ""
            yield f"{move.replicas} of {workload.pieces} replicas {verb} {route}, because {_because(move)}{left}"
    for move in [move for move in own if move.ended_at][-MOST_OVER:]:
        noun = "replica" if move.replicas == 1 else "replicas"
        route = f"moved from {move.source} to {move.destination} until {move.ended_at}"
        yield f"{move.replicas} {noun} {route}, because {_because(move)}"


def _because(move: Moved) -> str:
    """Return what a move is for, with what the status tells of that."""
    words = _LOST if move.evacuates else _BECAUSE[move.trigger]
    told = move.reason.partition("; ")[0] if move.trigger else move.reason
    detail = f" ({told})" if told and words not in _SELF_EXPLAINING else ""
    return words.format(source=move.source, destination=move.destination) + detail


def _left(move: Moved) -> str:
    return f"; it is Ready there, and what is left in {move.source} goes once that is back"
