"""The Plans of an Application as a table, and an honest word on those that are no longer there."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from rich.table import Table
from rich.text import Text

from pilothouse.api.conditions import find
from pilothouse.cli.escape import printable
from pilothouse.cli.objects import ApplicationObject, PlanObject
from pilothouse.cli.views.ages import age
from pilothouse.cli.views.colours import of_state
from pilothouse.cli.views.plan import counts

COLUMNS: Final = (
    "REVISION",
    "NAME",
    "REASON",
    "STATE",
    "DONE",
    "CREATE",
    "CHANGE",
    "DESTROY",
    "AGE",
    "APPROVED BY",
)


def table(plans: Iterable[PlanObject], now: float) -> Table:
    """Return one line for each Plan, in the order given; now: seconds since the epoch."""
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    for heading in COLUMNS:
        grid.add_column(heading, no_wrap=True)
    for plan in plans:
        grid.add_row(*_row(plan, now))
    return grid


def _row(plan: PlanObject, now: float) -> list[Text]:
    """Return what the COLUMNS show of one Plan."""
    state, tallied = plan.status.state or "Pending", counts(plan)
    texts = [
        (str(plan.spec.revision), ""),
        (plan.metadata.name, ""),
        (plan.spec.reason, ""),
        (state, of_state(state)),
        (plan.status.progress or f"0/{len(plan.spec.steps)}", ""),
        *((str(tallied[verb]), "") for verb in ("create", "change", "destroy")),
        (age(plan.metadata.creation_timestamp, now), ""),
        (approved_by(plan), ""),
    ]
    return [Text(printable(text), style) for text, style in texts]


def approved_by(plan: PlanObject) -> str:
    """Return what approved a Plan, as far as it is on record: not who, for only the API server's audit log knows that.

    Empty while nobody has.
    """
    if not plan.spec.approval_hash:
        return "not needed"
    condition = find(plan.status.conditions, "Approved")
    if condition is not None and condition.status == "True":
        return condition.message
    return "annotation, not seen yet" if plan.annotated else ""


def gone(application: ApplicationObject, kept: AbstractSet[int]) -> str:
    """Return what to tell of Plans that are gone; empty when all are there. kept: the revisions that are."""
    newest = max({application.status.plan_revision, *kept})
    absent = [number for number in range(1, newest + 1) if number not in kept]
    if not absent:
        return "" if kept else f"{application.label} has had no Plan yet."
    return (
        f"Of {application.label} no Plan is kept of {'revision' if len(absent) == 1 else 'revisions'} {_runs(absent)}: "
        "of the finished ones the newest of each reason are kept, as many as FleetPolicy default spec.planHistory "
        "says, and anybody may delete one."
    )


def _runs(numbers: Sequence[int]) -> str:
    """Return ascending numbers as people write them: `1 to 3, 5`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
