"""What the status of a Cell says, concluded from what is known of it now."""

from collections.abc import Iterator, Mapping
from typing import Final

from pilothouse.api.cell import Breaker, CellStatus
from pilothouse.api.cell_reasons import CELL
from pilothouse.api.conditions import Condition
from pilothouse.api.quantities import shown
from pilothouse.api.reasons import stated
from pilothouse.api.times import rfc3339
from pilothouse.controller.breakers import opened
from pilothouse.controller.fleet import Cell
from pilothouse.controller.ports import Key

_MOST_ORPHANS: Final = 50
_MOST_USERS: Final = 10
"""Applications that the status of a Cell names."""


def status_of(
    cell: Cell,
    before: CellStatus,
    users: Mapping[Key, int],
    record: Breaker,
    now: float,
    short: str | None = None,
    held: Condition | None = None,
) -> CellStatus:
    """Return what the status of a Cell is to say.

    before: what it says; users: how many things each Application has there; now: seconds since the epoch; short: what
    the others have too little room for if its failure domain is lost, empty for nothing; None where nobody asks.
    held: what is said of what is to leave it and stays, as `Rebalancer.told`.
    """
    reason, message = cell.trouble()
    condition = Condition(
        type="Ready",
        status="Unknown" if reason == "ObservationOutdated" else "False" if reason else "True",
        reason=reason or "Reachable",
        message=message or "it answers, and what is in it is known",
        observed_generation=cell.generation,
    )
    others = [_breaker(cell, record), *_covered(cell, short), *_held(cell, held)]
    capacity, reserved = cell.cluster.totals(cell.node_selector) if cell.cluster else ({}, {})
    return CellStatus(
        conditions=stated(CELL, before.conditions, [condition, *others], rfc3339(now)),
        capacity={name: shown(name, value) for name, value in sorted(capacity.items())},
        reserved={name: shown(name, value) for name, value in sorted(reserved.items())},
        observed_at=rfc3339(cell.observed_at) if cell.observed_at else before.observed_at,
        breaker=record,
        resources=sum(users.values()),
        used_by=tuple(map(str, sorted(users)[:_MOST_USERS])),
        orphans=before.orphans if cell.orphans is None else cell.orphans[:_MOST_ORPHANS],
        observed_generation=cell.generation,
    )


def untold(cell: Cell, before: CellStatus, now: float) -> CellStatus:
    """Return what the status of a Cell is to say when a fault of ours hides the rest: as before, but for Ready."""
    ready = Condition(
        type="Ready",
        status="False",
        reason="Unreachable",
        message=f"Cell {cell.name}: what is known of it cannot be told, and is tried again: see the operator's log",
        observed_generation=cell.generation,
    )
    others = [condition for condition in before.conditions if condition.type != ready.type]
    return before.model_copy(update={"conditions": stated(CELL, before.conditions, [ready, *others], rfc3339(now))})


def _covered(cell: Cell, short: str | None) -> Iterator[Condition]:
    if short is None:
        return
    message = f"if its failure domain is lost, {short} of what runs there fit nowhere else" if short else ""
    yield Condition(
        type="DomainLossCovered",
        status="False" if short else "True",
        reason="TooLittleElsewhere" if short else "RoomElsewhere",
        message=message,
        observed_generation=cell.generation,
    )


def _held(cell: Cell, held: Condition | None) -> Iterator[Condition]:
    if held is not None:
        yield held.model_copy(update={"observed_generation": cell.generation})


def _breaker(cell: Cell, record: Breaker) -> Condition:
    return Condition(
        type="BreakerOpen",
        status="True" if record.is_open else "False",
        reason="TooMuchMissing" if record.is_open else "NothingAmiss",
        message=opened(cell.name, record) if record.is_open else "",
        observed_generation=cell.generation,
    )
