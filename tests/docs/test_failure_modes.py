"""docs/failure-modes.md names reasons and metrics that exist."""

import re

from tests.docs.reading import DOCS, ROOT
from tests.docs.test_reasons import given

PAGE = (DOCS / "failure-modes.md").read_text(encoding="utf-8")
REASON = re.compile(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+|Refused|Retained|Contested|Unreachable)`")
METRIC = re.compile(r"`((?:pilothouse|workqueue|controller_runtime)_\w+)`")
OTHER = {"OutcomeUnknown", "ConfigMap"}
"""The state of a step, and a kind."""


def test_every_reason_named_can_be_given() -> None:
    named = set(REASON.findall(PAGE)) - OTHER
    assert len(named) > 10, "the search finds reasons"
    assert named - given() == set()


def test_every_metric_named_is_served() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "operator" / "pilothouse" / "runtime").glob("*.py"))
    named = set(METRIC.findall(PAGE))
    assert named
    assert {name for name in named if f'"{name}"' not in source} == set()


def test_every_row_belongs_to_a_table() -> None:
    """A blank line in between, and a row is loose text."""
    for block in re.split(r"\n\s*\n", PAGE):
        lines = block.strip().splitlines()
        if any(line.startswith("|") for line in lines):
            assert re.fullmatch(r"\|( --- \|)+", lines[1]), lines[0]
            assert len({line.count(" | ") for line in lines}) == 1, lines[0]
