"""The part of docs/model.md that `make model` writes: what was found, nothing of it depending on the machine."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.model.running import Run

PAGE: Final = Path(__file__).parents[2] / "docs" / "model.md"
TITLES: Final[Mapping[str, str]] = {"mutant": "Without", "open": "Open"}
_BEGIN, _END = "<!-- written by make model -->\n", "<!-- end -->\n"
_PART: Final = re.compile(f"{_BEGIN}(.*?){_END}", re.DOTALL)


def row(run: Run) -> str:
    """Return the line that tells of one run. What must fail is not searched to its end, so its states say nothing."""
    one, found = run.configuration, run.outcome
    if one.fails:
        return f"| {one.name} | {found.violated} | {found.length - 1} |"
    return f"| {one.name} | {found.states:,} | {found.distinct:,} | {'checked' if one.live else ''} |"


def rows(runs: Sequence[Run]) -> list[str]:
    """Return the lines of all tables."""
    lines = ["| The true model | States | Distinct | Comes to rest |", "| --- | --- | --- | --- |"]
    lines += [row(one) for one in runs if one.configuration.kind == "true"]
    for kind, title in TITLES.items():
        lines += ["", f"| {title} | What does not hold | Steps to it |", "| --- | --- | --- |"]
        lines += [row(one) for one in runs if one.configuration.kind == kind]
    return lines


def committed() -> list[str]:
    """Return the lines of tables that the page has now."""
    found = _PART.search(PAGE.read_text("utf-8"))
    assert found, f"{PAGE} has no part between {_BEGIN.strip()} and {_END.strip()}"
    return [line for line in found[1].splitlines() if line]


def write(runs: Sequence[Run]) -> None:
    """Put the tables into the page."""
    text, tables = PAGE.read_text("utf-8"), "\n".join(rows(runs))
    PAGE.write_text(_PART.sub(lambda _: f"{_BEGIN}\n{tables}\n\n{_END}", text), "utf-8")
