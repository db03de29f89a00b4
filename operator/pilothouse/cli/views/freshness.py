"""Whether what the operator wrote can still be what is: that it has stopped, only the reader can tell."""

from collections.abc import Iterable

from pilothouse.api.cell import OUTDATED_SECONDS
from pilothouse.api.times import seconds
from pilothouse.cli.objects import ApplicationObject, CellObject
from pilothouse.cli.views.ages import age


def stale(cells: Iterable[CellObject], now: float) -> list[CellObject]:
    """Return the Cells that were looked at once, and not for long now. now: seconds since the epoch."""
    return [
        cell for cell in cells if cell.status.observed_at and now - seconds(cell.status.observed_at) > OUTDATED_SECONDS
    ]


def outdated(cells: Iterable[CellObject], now: float) -> list[str]:
    """Return a sentence for each of those Cells that are `stale`."""
    return [
        f"{cell.label} was last looked at {age(cell.status.observed_at, now)} ago: what is told of it may be over; "
        "see its status, and whether the operator runs"
        for cell in stale(cells, now)
    ]


def used(application: ApplicationObject, cells: Iterable[CellObject]) -> list[CellObject]:
    """Return the Cells that an Application has something in."""
    names = {entry.cell for entry in application.status.resources}
    return [cell for cell in cells if cell.metadata.name in names]
