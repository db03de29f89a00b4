"""The heat map shows at a glance which Cell is full, which takes nothing new, and what is not known."""

from typing import Any

import pytest

from pilothouse.cli import objects
from pilothouse.cli.objects import CellObject
from pilothouse.cli.output import drawing
from pilothouse.cli.views import fleet as view
from tests.unit.cli import samples
from tests.unit.cli.drawing import drawn

READY = [{"type": "Ready", "status": "True", "reason": "Reachable"}]
SEEN = "2026-10-31T12:34:22Z"


def cell(name: str, cpu: str = "0", *, spec: dict[str, Any] | None = None, **status: Any) -> CellObject:
    known = {
        "conditions": READY,
        "capacity": {"cpu": "8", "memory": "16Gi", "pods": "110"},
        "reserved": {"cpu": cpu, "memory": "4Gi", "pods": "3"},
        "observedAt": SEEN,
    }
    return objects.cell({"metadata": {"name": name}, "spec": spec or {}, "status": known | status})


def test_cells_are_grouped_by_failure_domain_and_the_fullest_are_seen_at_a_glance() -> None:
    cells = [
        cell("eu-b", "7200m", spec={"failureDomain": "eu"}),
        cell("us-a", "2", spec={"failureDomain": "us", "cordoned": True}, capacity={"cpu": "8", "nvidia.com/gpu": "4"}),
        cell("eu-a", "5500m", spec={"failureDomain": "eu"}),
        cell("cloud", capacity={}, reserved={}),
    ]
    assert drawn(view.table(cells, samples.NOW)).splitlines() == [
        "DOMAIN   CELL    STATE      CPU               MEMORY            GPU               SEEN",
        "cloud    cloud   Ready      -                 -                 -                 34s",
        "eu       eu-a    Ready      ███████░░░  69%   ██░░░░░░░░  25%   -                 34s",
        "         eu-b    Ready      █████████░  90%   ██░░░░░░░░  25%   -                 34s",
        "us       us-a    Cordoned   ██░░░░░░░░  25%   -                 ░░░░░░░░░░   0%   34s",
    ]


@pytest.mark.parametrize(
    ("cpu", "colour"), [("5200m", "32"), ("5300m", "33"), ("6", "33"), ("6100m", "31"), ("12", "31")]
)
def test_colours_change_where_moves_begin_and_end(cpu: str, colour: str) -> None:
    assert f"\x1b[{colour}m█" in drawn(view.table([cell("a", cpu)], samples.NOW), colours=True)


UNREACHABLE = [{"type": "Ready", "status": "False", "reason": "Unreachable\x1b[2J"}]
STATES = {
    "Ready": cell("a"),
    "Unknown": cell("a", conditions=[]),
    "Unreachable\\x1b[2J": cell("a", conditions=UNREACHABLE),
    "BreakerOpen": cell("a", breaker={"openedAt": SEEN}, spec={"cordoned": True}),
    "Cordoned": cell("a", spec={"cordoned": True}),
    "Abandoned": cell("a", spec={"abandoned": True}, conditions=UNREACHABLE),
}


@pytest.mark.parametrize(("word", "given"), STATES.items(), ids=map(repr, STATES))
def test_the_one_word_that_says_most(word: str, given: CellObject) -> None:
    assert word in drawn(view.table([given], samples.NOW))


def test_what_cannot_be_read_is_left_out_and_hides_nothing_else() -> None:
    odd = cell("a", "2", capacity={"cpu": "8", "memory": "much", "nvidia.com/gpu": "0"})
    assert view.shares(odd) == {"cpu": 0.25}
    assert view.shares(cell("a", capacity={"cpu": "8"}, reserved={})) == {"cpu": 0.0}


def test_who_was_never_looked_at_is_shown_so() -> None:
    assert drawn(view.table([cell("a", observedAt="")], samples.NOW)).endswith("never")


def test_the_drawing_is_the_same_each_time_and_shows_the_cells() -> None:
    content = [cell("a<b", "7")]
    first = drawing(view.table(content, samples.NOW), "fleet")
    assert first == drawing(view.table(content, samples.NOW), "fleet")
    assert first.startswith("<svg")
    assert "a&lt;b" in first


def held(status: str, message: str) -> list[dict[str, Any]]:
    return [*READY, {"type": "MovesHeld", "status": status, "reason": "Destination", "message": message}]


def test_why_nothing_leaves_a_cell_is_told_below_the_table() -> None:
    cells = [
        cell("c", conditions=held("True", "it is hot\x1b[2J")),
        cell("b", conditions=held("False", "")),
        cell("a", conditions=held("True", "it is to be emptied, and nothing leaves it")),
    ]
    told = drawn(view.told(iter(cells), samples.NOW))
    assert told.startswith(drawn(view.table(cells, samples.NOW)))
    assert told.splitlines()[-3:] == [
        "",
        "a: Destination: it is to be emptied, and nothing leaves it",
        "c: Destination: it is hot\\x1b[2J",
    ]


def test_where_everything_leaves_that_is_to_only_the_table_is_shown() -> None:
    assert drawn(view.told([cell("a")], samples.NOW)) == drawn(view.table([cell("a")], samples.NOW))
