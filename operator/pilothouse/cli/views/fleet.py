"""The fleet as a heat map: how much of each Cell is reserved, by failure domain, and which take nothing new."""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pilothouse.api.conditions import find
from pilothouse.api.quantities import InvalidQuantityError, amount
from pilothouse.cli.escape import one_line, printable
from pilothouse.cli.objects import CellObject
from pilothouse.cli.views.ages import age
from pilothouse.cli.views.colours import BAD, CHANGED, FAINT, GOOD, STRONG

WARM: Final = 0.65
"""Share above which nothing is moved into a Cell."""
HOT: Final = 0.75
"""Share above which things are moved out of it."""
BAR: Final = 10
"""Letters of a full bar."""
_FIRST: Final = ("cpu", "memory")
_UNSEEN: Final = ("pods", "ephemeral-storage", "hugepages-")
"""Resources that nobody looks for first, and so get no column."""


def shares(cell: CellObject) -> dict[str, float]:
    """Return how much of each resource of a Cell is reserved: 0.5 is half; what it has none of is left out."""
    found = dict[str, float]()
    for resource, capacity in cell.status.capacity.items():
        reserved = cell.status.reserved.get(resource, 0)
        try:
            whole, part = amount(resource, capacity, "capacity"), amount(resource, reserved, "reserved")
        except InvalidQuantityError:
            continue
        if whole:
            found[resource] = part / whole
    return found


def table(cells: Iterable[CellObject], now: float) -> Table:
    """Return one line for each Cell, failure domain by failure domain; now: seconds since the epoch."""
    ordered = sorted(cells, key=lambda cell: (cell.domain, cell.metadata.name))
    reserved = {cell.metadata.name: shares(cell) for cell in ordered}
    resources = columns(reserved.values())
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    for heading in ("DOMAIN", "CELL", "STATE", *(name.rpartition("/")[2].upper() for name in resources), "SEEN"):
        grid.add_column(heading, no_wrap=True)
    before = ""
    for cell in ordered:
        domain = cell.domain if cell.domain != before else ""
        before = cell.domain
        bars = [_bar(reserved[cell.metadata.name].get(resource)) for resource in resources]
        seen = age(cell.status.observed_at, now) or "never"
        grid.add_row(Text(printable(domain)), Text(printable(cell.metadata.name)), _state(cell), *bars, Text(seen))
    return grid


def told(cells: Iterable[CellObject], now: float) -> Group:
    """Return the table, and below it why nothing leaves a Cell that something is to leave."""
    known = tuple(cells)
    held = ((cell.metadata.name, find(cell.status.conditions, "MovesHeld")) for cell in known)
    lines = [
        Text.assemble((printable(name), STRONG), ": ", (printable(one.reason), CHANGED), f": {one_line(one.message)}")
        for name, one in sorted(held, key=lambda pair: pair[0])
        if one is not None and one.status == "True"
    ]
    return Group(table(known, now), *([Text(), *lines] if lines else []))


def columns(reserved: Iterable[Mapping[str, float]]) -> list[str]:
    """Return the resources that any Cell has and that are shown: cpu and memory, then the others by name."""
    names = {name for cell in reserved for name in cell if not name.startswith(_UNSEEN)}
    return [*(name for name in _FIRST if name in names), *sorted(names.difference(_FIRST))]


def _bar(share: float | None) -> Text:
    if share is None:
        return Text("-", FAINT)
    filled = min(BAR, round(share * BAR))
    colour = BAD if share > HOT else CHANGED if share > WARM else GOOD
    return Text.assemble(("█" * filled, colour), ("░" * (BAR - filled), FAINT), f" {share:4.0%}")


def _state(cell: CellObject) -> Text:
    """Return the one word that says most of a Cell."""
    ready = find(cell.status.conditions, "Ready")
    if cell.abandoned:
        return Text("Abandoned", FAINT)
    if ready is None or ready.status != "True":
        return Text(printable(ready.reason) if ready else "Unknown", BAD)
    if cell.status.breaker.is_open:
        return Text("BreakerOpen", BAD)
    return Text("Cordoned", CHANGED) if cell.cordoned else Text("Ready", GOOD)
