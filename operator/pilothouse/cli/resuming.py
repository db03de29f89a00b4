"""What `resume` does: show why a Cell was stopped, ask, and write that a person agrees to end this very stop."""

from typing import Final

from pilothouse.api.cell import Breaker
from pilothouse.api.meta import RESUME_ANNOTATION
from pilothouse.cli import lookup
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.commands import DONE, consent
from pilothouse.cli.escape import printable
from pilothouse.cli.flags import Flags
from pilothouse.cli.objects import CellObject
from pilothouse.cli.output import note, show

FOLLOW: Final = "what is missing is made again"


def resume(flags: Flags, name: str, *, yes: bool) -> int:
    """Agree that a Cell goes on, after showing what it was stopped for and asking; raises Refused without consent."""
    with Cluster(flags) as cluster:
        cell = lookup.cell(cluster, name)
        breaker = cell.status.breaker
        if not breaker.is_open:
            note(f"{cell.label}: nothing to resume: its breaker is not open.")
            return DONE
        if cell.metadata.annotations.get(RESUME_ANNOTATION) == breaker.opened_at:
            note(f"{cell.label}: it is resumed already; the operator takes that up in a moment.")
            return DONE
        show(evidence(cell), unbroken=True)
        undone = "not resumed"
        consent(cell.label, f"Let {cell.label} go on, so that {FOLLOW}?", undone=undone, yes=yes)
        # The opening is named, so that this can mean no later one, whatever is written to the Cell meanwhile.
        cluster.annotate(lookup.CELLS, cell.metadata, {RESUME_ANNOTATION: breaker.opened_at}, as_read=False)
        note(f"{cell.label} is resumed: {FOLLOW}.")
        return DONE


def evidence(cell: CellObject) -> str:
    """Return what a Cell was stopped for, in lines."""
    breaker: Breaker = cell.status.breaker
    found = breaker.evidence
    number = found.missing + found.to_be_destroyed
    more = [f"  ... and {number - len(found.examples)} more"] if number > len(found.examples) else []
    lines = [
        f"{cell.label}: creates and destructive steps are stopped since {printable(breaker.opened_at)}",
        f"  known things: {found.known}, gone: {found.missing}, to be destroyed unasked: {found.to_be_destroyed}",
        *(f"  {printable(example)}" for example in found.examples),
    ]
    return "\n".join([*lines, *more])
