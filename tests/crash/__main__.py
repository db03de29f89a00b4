"""`python -m tests.crash`: every history, every death, one table; then random histories, other ones each time.

Exit code 1 if any promise was broken.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.crash.harness import Mode, Verdict, once, sleepers, twice
from tests.crash.histories import Played, play
from tests.crash.scenarios import SCENARIOS
from tests.crash.toys import STYLES, Double

KEPT = {
    "listings current": Mode(),
    "listings 1 write behind": Mode(lag=1),
    "listings 2 writes behind": Mode(lag=2),
}
SLOW = {"2 behind, later than waited for": Mode(lag=2, slow=True)}
"""Here a token-less thing may be made once more; the extra must be retired. Deletions cannot wait for ever for what no
listing shows, so histories that end in one are left out."""
TAKEN_AWAY = {
    "random tokens, 1 write behind": Mode(lag=1, random_tokens=True),
    "without looking again": Mode(blind=True),
    "without a breaker": Mode(unbroken=True),
}
SEEN_IN = {"without a breaker": "lost at once"}
"""The history in which it must be seen that a safeguard was taken away; `create` for the others."""
DEATHS = ("one", "two", "old leader wakes")
SOME = 10
"""Of other styles than the first, one in so many pairs of deaths is played."""
RANDOM, AT_ONCE = 4_000, 100
"""How many random histories are played, and how many by one process before it tells."""
COLUMNS = ("histories", "stuck", "duplicates", "orphans", "losses", "wrong_deletes", "unasked", "extras")


class Row(NamedTuple):
    """One row of the table: histories that are played one after the other."""

    world: str
    name: str
    mode: Mode
    deaths: str


def main() -> int:
    """Play everything on all processors and print the table."""
    console, start = Console(stderr=True), time.monotonic()
    rows = [row for worlds in (KEPT, SLOW, TAKEN_AWAY) for row in _rows(worlds)]
    table = Table("world", "things", "history", "deaths", title="Killed at every effect")
    for column in COLUMNS:
        table.add_column(column.replace("_", " "))
    found: dict[tuple[str, str, str], Verdict] = {}
    with ProcessPoolExecutor() as pool:
        for row, verdict in zip(rows, pool.map(_played, rows), strict=True):
            world, style, name, deaths = row.world, row.mode.style, row.name, row.deaths
            console.print(f"{world}: {style}: {name}: {deaths}: {verdict.faults} faults", highlight=False)
            found.setdefault((world, style, name), Verdict()).add(verdict)
            table.add_row(world, style, name, deaths, *(str(getattr(verdict, column)) for column in COLUMNS))
    Console(width=170).print(table)
    broken = [line for (world, *_), verdict in found.items() if world not in TAKEN_AWAY for line in verdict.examples]
    console.print(f"{time.monotonic() - start:.0f} s", *broken[:5], sep="\n")
    usual = max(verdict.extras for (world, *_), verdict in found.items() if world in KEPT)
    bad = [verdict for (world, *_), verdict in found.items() if world in TAKEN_AWAY]
    unnoticed = any(verdict.faults == 0 and verdict.extras <= usual for verdict in bad)
    if unnoticed:
        console.print("with a safeguard taken away no more is broken than with it: the harness proves nothing")
    return 1 if broken or unnoticed or _random(console) else 0


def _random(console: Console) -> bool:
    """Play random histories on all processors; tell whether one broke a promise."""
    total = Played()
    with ProcessPoolExecutor() as pool:
        for played in pool.map(play, [AT_ONCE] * (RANDOM // AT_ONCE)):
            total += played
            console.print(f"random histories: {total.histories:,} played, {total.steps:,} steps", highlight=False)
            if played.broken:
                console.print(played.broken, markup=False, highlight=False)
    return bool(total.broken)


def _rows(worlds: Mapping[str, Mode]) -> Iterator[Row]:
    """Yield what is played in some worlds: where a safeguard is taken away, one history in which that must be seen."""
    styles = [Double.noun] if worlds is TAKEN_AWAY else STYLES
    for (world, mode), style in product(worlds.items(), styles):
        names = [name for name, scenario in SCENARIOS.items() if worlds is KEPT or scenario.want]
        names = [SEEN_IN.get(world, "create")] if worlds is TAKEN_AWAY else names
        for name, deaths in product(names, DEATHS):
            yield Row(world, name, replace(mode, style=style), deaths)


def _played(row: Row) -> Verdict:
    every = 1 if row.mode.style == Double.noun else SOME
    match row.deaths:
        case "one":
            return asyncio.run(once(row.name, row.mode))
        case "two":
            return asyncio.run(twice(row.name, row.mode, every))
        case _:
            return asyncio.run(sleepers(row.name, row.mode))


if __name__ == "__main__":
    sys.exit(main())
