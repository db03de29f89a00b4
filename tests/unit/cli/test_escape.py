"""Who may write an Application chooses text that others read in their terminals: it must stay text."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import RenderableType

from pilothouse.cli import objects
from pilothouse.cli.escape import lines, one_line, printable, value
from pilothouse.cli.objects import ApplicationObject, Found
from pilothouse.cli.views import comparison as comparison_view
from pilothouse.cli.views import history as history_view
from pilothouse.cli.views import plan as plan_view
from pilothouse.cli.views import status as status_view
from pilothouse.cli.views import why as why_view
from tests.unit.cli import samples
from tests.unit.cli.drawing import drawn

HOSTILE = "\x1b]0;mine\x07\x1b[2J\r\n\t\x9b31m[red]b[/red] [link=x]\u202eevil\u2028:smile: \ud800"
CLOSED = {"action", "apiVersion", "kind", "impact", "status", "uid", "workload"}
"""Fields that the API server fills, or takes only certain values for, so that nobody can write what they like there."""


@given(st.text())
def test_nothing_printed_moves_the_cursor_or_breaks_the_line(text: str) -> None:
    assert printable(text).isprintable()
    assert one_line(text).isprintable()
    assert value({text: [text]}).isprintable()


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_what_can_be_seen_is_left_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_a_message_keeps_its_lines_and_loses_empty_ones() -> None:
    assert lines("a\n\n  b\x1b[2J\n") == ["a", "b\\x1b[2J"]


@pytest.mark.parametrize(
    ("content", "shown"),
    [("a", '"a"'), (30, "30"), (True, "true"), ({"a": [1, "ü"]}, '{"a": [1, "ü"]}'), ("(sensitive)", "(sensitive)")],
)
def test_values_are_written_as_in_json(content: Any, shown: str) -> None:
    assert value(content) == shown


def hostile(content: Any, *, state: bool) -> Any:
    """An object with HOSTILE in every field that takes any text; state: keep the states, which Plans restrict."""
    closed = CLOSED | ({"state", "reason"} if state else set())
    match content:
        case dict():
            return {key: item if key in closed else hostile(item, state=state) for key, item in content.items()}
        case list():
            return [hostile(item, state=state) for item in content]
        case str():
            return HOSTILE
        case _:
            return content


def application() -> ApplicationObject:
    raw = {**hostile(samples.APPLICATION, state=False), "spec": samples.APPLICATION["spec"]}
    return objects.application(raw)


def plan_diff() -> RenderableType:
    plan = objects.plan(hostile(samples.PLAN, state=True))
    return plan_view.diff(Found(application(), plan), plan, "approve", calls=True)


def why() -> RenderableType:
    workload = application().workload("web")
    assert workload is not None
    return why_view.placement(application(), workload)


def comparison() -> RenderableType:
    plan = objects.plan(hostile(samples.PLAN, state=True))
    other = objects.plan(
        hostile(samples.changed(samples.PLAN, spec__steps=samples.PLAN["spec"]["steps"][:2]), state=True)
    )
    return comparison_view.comparison(plan, other, comparison_view.pairs(plan, other))


VIEWS: dict[str, Callable[[], RenderableType]] = {
    "plan": plan_diff,
    "no plan": lambda: plan_view.no_plan(application()),
    "status": lambda: status_view.tree(application(), samples.NOW),
    "table": lambda: status_view.table([application()], samples.NOW, namespaces=True),
    "why": why,
    "comparison": comparison,
    "history": lambda: history_view.table([objects.plan(hostile(samples.PLAN, state=True))], samples.NOW),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_no_view_lets_text_from_the_cluster_act_on_the_terminal(view: Callable[[], RenderableType]) -> None:
    text = drawn(view())
    assert "[red]b[/red]" in text or "no plan" in text.lower() or "No changes" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)
