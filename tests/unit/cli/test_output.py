"""People get colours where they can see them, programs get what they can parse, nobody gets a cluster's escapes."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from io import StringIO

import pytest
import yaml
from rich.text import Text

from pilothouse.cli.flags import Format
from pilothouse.cli.output import ask, dump, note, show

HOSTILE = {"name": "a\x1b[2J\x9b\u202e", "list": [1, None]}
SHOW = "from pilothouse.cli.output import show; from rich.text import Text; show(Text('x ' * 60, 'red'))"
SHOW_UNBROKEN = SHOW.replace("'red')", "'red'), unbroken=True")


WHOLE = [Format.JSON, Format.YAML]


@pytest.mark.parametrize("form", WHOLE)
def test_dumps_are_whole_and_harmless(form: Format, capsys: pytest.CaptureFixture[str]) -> None:
    dump(HOSTILE, form)
    text = capsys.readouterr().out
    assert (json.loads(text) if form is Format.JSON else yaml.safe_load(text)) == HOSTILE
    assert all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.mark.parametrize("form", WHOLE)
def test_nothing_is_null(form: Format, capsys: pytest.CaptureFixture[str]) -> None:
    dump(None, form)
    assert capsys.readouterr().out == "null\n"


def test_names_are_as_kubectl_writes_them(capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"kind": "Plan", "metadata": {"name": "checkout-1-a"}}
    dump(plan, Format.NAME)
    dump({"kind": "List", "items": [plan, {"kind": "Application", "metadata": {"name": "a\x1b[2J"}}]}, Format.NAME)
    dump(None, Format.NAME)
    first = "plan.pilothouse.dev/checkout-1-a\n"
    assert capsys.readouterr().out == f"{first}{first}application.pilothouse.dev/a\\x1b[2J\n"


def test_without_a_terminal_lines_are_plain_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show(Text("[bold]" + "word " * 100, style="red"))
    assert capsys.readouterr().out == "[bold]" + "word " * 100 + "\n"


def test_notes_go_beside_the_output_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    note("a\nb\x1b[2J")
    assert capsys.readouterr() == ("", "a b\\x1b[2J\n")


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [
        ("yes\n", True),
        ("y\n", True),
        (" YES \n", True),
        ("no\n", False),
        ("\n", False),
        ("", False),
        ("yesterday\n", False),
    ],
)
def test_only_yes_agrees(typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a case
    monkeypatch.setattr("sys.stdin", StringIO(typed))
    assert ask("Sure?") is agreed


def on_a_terminal(program: str, **environment: str) -> str:
    """What `program` writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    settings = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    settings |= {"TERM": "xterm", "COLUMNS": "80", **environment}
    with os.fdopen(theirs, "wb") as terminal:
        subprocess.run([sys.executable, "-c", program], stdout=terminal, env=settings, check=True, timeout=60)
    text = b""
    with os.fdopen(ours, "rb", buffering=0) as reader, suppress(OSError):  # its end is an error on Linux
        while more := reader.read(4_096):
            text += more
    return text.decode()


def test_a_terminal_gets_colours_and_broken_lines() -> None:
    text = on_a_terminal(SHOW)
    assert text.startswith("\x1b[31mx ")
    assert text.count("\r\n") == 2


def test_no_color_turns_every_escape_off() -> None:
    assert "\x1b" not in on_a_terminal(SHOW, NO_COLOR="1")


def test_what_may_be_copied_is_left_for_the_terminal_to_break() -> None:
    assert on_a_terminal(SHOW_UNBROKEN).count("\r\n") == 1
