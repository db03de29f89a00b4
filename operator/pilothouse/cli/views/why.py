"""Where a workload's replicas are and why, what moves, and why the other Cells got none."""

import re
from dataclasses import dataclass
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pilothouse.api.application import Placed
from pilothouse.api.names import workload_name
from pilothouse.api.workload import Workload
from pilothouse.cli.escape import lines, one_line, printable
from pilothouse.cli.objects import ApplicationObject
from pilothouse.cli.views.colours import BAD, CHANGED, STRONG, of_state
from pilothouse.cli.views.counting import counted
from pilothouse.cli.views.moves import sentences

NEXT_WORKLOAD: Final = re.compile(r"(?:^|(?<=[.;]\s))(?=workload \S+: )", re.MULTILINE)
REFUSAL: Final = re.compile(r"^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?): (.+)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shortage:
    """What a condition says about a workload that does not fit: a sentence, and the reason of each Cell."""

    summary: str = ""
    refusals: tuple[tuple[str, str], ...] = ()


def shortage(message: str, workload: str) -> Shortage:
    """Read what a message says of one workload: `workload web: 1 of 3 replicas fit nowhere. a: full; b: ...`."""
    own = [part for part in NEXT_WORKLOAD.split(message) if part.startswith(f"workload {workload}: ")]
    if not own:
        return Shortage()
    summary, _, rest = own[0].strip(" \n;.").partition(". ")
    refusals: list[tuple[str, str]] = []
    for part in filter(None, re.split(r";\s+|\n", rest)):
        match = REFUSAL.match(part.strip())
        if match:
            refusals.append((match[1], match[2]))
        elif refusals:
            cell, why = refusals[-1]
            refusals[-1] = (cell, f"{why}; {part.strip()}")
    return Shortage(summary.removeprefix(f"workload {workload}: "), tuple(refusals))


def placement(application: ApplicationObject, workload: Workload) -> Group:
    """Return a workload's Cells with the reasons, what moves, then what else keeps the Application from being Ready."""
    troubles = _troubles(application)
    short = next(filter(None, (shortage(message, workload.name) for _, message in troubles)), Shortage())
    title = Text.assemble(
        ("Workload ", ""),
        (printable(workload.name), STRONG),
        f" of {application.label}: ",
        _count(application, workload),
    )
    parts: list[Text | Table] = [title]
    rows = _rows(application, workload, short)
    parts += [Text(), _table(rows)] if rows else []
    cells = [each.cell for each in application.status.placements if each.workload == workload.name]
    ready = {cell: _state(application, workload, cell) == "Ready" for cell in cells}
    moves = [Text(one_line(each)) for each in sentences(application.status.moves, workload, ready)]
    parts += [Text(), *moves] if moves else []
    parts += [Text(), Text(one_line(short.summary), BAD)] if short.summary else []
    for reason, message in troubles:
        rest = lines(NEXT_WORKLOAD.split(message)[0])
        parts += [Text(), Text.assemble((printable(reason), BAD), *(f"\n  {line}" for line in rest))] if rest else []
    return Group(*parts)


def _count(application: ApplicationObject, workload: Workload) -> Text:
    placements = [each for each in application.status.placements if each.workload == workload.name]
    words, enough = counted(workload, placements, wanted="replicas wanted")
    text = Text(words, "" if enough else CHANGED)
    return text.append(" (the newest spec has not been looked at yet)", CHANGED) if application.unseen else text


def _troubles(application: ApplicationObject) -> list[tuple[str, str]]:
    """Return reason and message of Ready and Stalled where they tell of trouble, each message once."""
    found: dict[str, str] = {}
    for kind, good in (("Stalled", "False"), ("Ready", "True")):
        condition = application.condition(kind)
        if condition is not None and condition.status != good and condition.message:
            found.setdefault(condition.message, condition.reason)
    return [(reason, message) for message, reason in found.items()]


def _rows(application: ApplicationObject, workload: Workload, short: Shortage) -> list[tuple[str, int, str, str]]:
    """Return (Cell, replicas, state, why) of the Cells that run some, then of those that can take none."""
    refused = dict(short.refusals)
    rows = []
    for each in application.status.placements:
        if each.workload == workload.name:
            no_more = refused.pop(each.cell, "")
            why = "; ".join(filter(None, (each.reason, _others(each), f"no more: {no_more}" if no_more else "")))
            rows.append((each.cell, each.replicas, _state(application, workload, each.cell), why))
    return rows + [(cell, 0, "", why) for cell, why in refused.items()]


def _others(placed: Placed) -> str:
    """Return the Cells that came next, with their scores."""
    scored = ", ".join(f"{other.cell} {other.score}" for other in placed.alternatives)
    return f"next best: {scored}" if scored else ""


def _state(application: ApplicationObject, workload: Workload, cell: str) -> str:
    kind, entries = workload.kind, application.status.resources
    name = workload_name(application.metadata.name, workload.name, cell, kind)
    return next((e.state for e in entries if (e.type, e.name, e.cell) == (kind, name, cell)), "")


def _table(rows: list[tuple[str, int, str, str]]) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    for heading in ("CELL", "REPLICAS", "STATE"):
        grid.add_column(heading, no_wrap=True)
    grid.add_column("WHY", overflow="fold")
    for cell, replicas, state, why in rows:
        colour = "" if replicas else BAD
        cells = (
            (printable(cell), colour),
            (str(replicas), colour),
            (printable(state), of_state(state)),
            (one_line(why), ""),
        )
        grid.add_row(*(Text(text, style) for text, style in cells))
    return grid
