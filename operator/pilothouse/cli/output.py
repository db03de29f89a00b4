"""Standard output: text for people, with colours where they can be seen, and objects for programs."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console, RenderableType
from rich.measure import Measurement

from pilothouse.api.meta import GROUP
from pilothouse.cli.escape import one_line, printable
from pilothouse.cli.flags import Format

UNLIMITED = 100_000
"""Columns where no terminal sets a limit: lines are then never broken, so that grep finds whole ones."""

MINIMAL = 40
"""Columns of a drawing, at least: its title has to fit."""


def show(content: RenderableType, *, unbroken: bool = False) -> None:
    """Print for people: plain unless a terminal reads, without colours if NO_COLOR is set.

    unbroken: leave the breaking of long lines to the terminal, so that what is copied from it is whole.
    """
    terminal = sys.stdout.isatty()
    console = Console(
        file=sys.stdout,
        force_terminal=terminal,
        color_system="auto" if terminal and not os.environ.get("NO_COLOR") else None,
        width=None if terminal and not unbroken else UNLIMITED,
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.print(content)


def drawing(content: RenderableType, title: str) -> str:
    """Return what people would see on a terminal as an SVG document."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(
            file=nowhere, record=True, force_terminal=True, color_system="truecolor", width=_measured(content)
        )
        console.print(content)
        return console.export_svg(title=title, unique_id="pilothouse")


def _measured(content: RenderableType) -> int:
    console = Console(width=UNLIMITED)
    return max(MINIMAL, Measurement.get(console, console.options, content).maximum)


def dump(content: Any, form: Format) -> None:
    """Print an object, or a List of some, for programs. Every form escapes what could harm a terminal."""
    if form is Format.NAME:
        for item in content.get("items", [content]) if content else ():
            print(printable(f"{item['kind'].lower()}.{GROUP}/{item['metadata']['name']}"))  # noqa: T201 - likewise
        return
    if form is Format.JSON:
        text = json.dumps(content, indent=4)
    else:
        text = yaml.safe_dump(content, sort_keys=False, default_flow_style=False).removesuffix("...\n").rstrip("\n")
    print(text)  # noqa: T201 - it is what the command is for


def note(text: str) -> None:
    """Print one line beside the output, on standard error."""
    print(one_line(text), file=sys.stderr)  # noqa: T201 - it is a message to a person


def ask(question: str) -> bool:
    """Ask on the terminal; only `yes` and `y` agree."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - it is a question to a person
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
