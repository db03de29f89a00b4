"""`python -m tests.model`: run every configuration, print one table, and write what was found into docs/model.md.

Exit code 1 if the true model violates anything, or a model that must fail does not.
"""

import sys

from rich.console import Console
from rich.table import Table

from tests.model import page
from tests.model.configurations import ALL
from tests.model.running import Run, run
from tests.model.tools import ToolError


def main() -> int:
    """Run everything and print the table."""
    console = Console(stderr=True)
    try:
        runs = [_shown(console, number) for number in range(len(ALL))]
    except ToolError as error:
        console.print(f"error: {error}", markup=False, highlight=False)
        return 2
    Console(width=160).print(_table(runs))
    wrong = [run for run in runs if run.wrong]
    for one in wrong:
        console.print(f"{one.configuration.name}: {one.wrong}", markup=False, highlight=False)
    if not wrong:
        page.write(runs)
    return 1 if wrong else 0


def _shown(console: Console, number: int) -> Run:
    """Run one configuration, telling how far it is."""
    configuration = ALL[number]
    head = f"{number + 1}/{len(ALL)} {configuration.name}"
    with console.status(head) as status:
        found = run(
            configuration, lambda line: status.update(f"{head}  {line[:80]}" if line[:8] == "Progress" else head)
        )
    told = found.wrong or (f"fails as it must: {found.outcome.violated}" if found.outcome.violated else "holds")
    console.print(f"{head}: {told}, {found.seconds:.0f} s", markup=False, highlight=False)
    return found


def _table(runs: list[Run]) -> Table:
    table = Table("configuration", "kind", "states", "distinct", "s", "verdict", "violated", "length")
    for one in runs:
        outcome = one.outcome
        counts = (f"{outcome.states:,}", f"{outcome.distinct:,}", f"{one.seconds:.0f}")
        verdict = "WRONG" if one.wrong else "holds" if not outcome.violated else "found"
        length = str(outcome.length) if outcome.violated else ""
        table.add_row(one.configuration.name, one.configuration.kind, *counts, verdict, outcome.violated, length)
    return table


if __name__ == "__main__":
    sys.exit(main())
