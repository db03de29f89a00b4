"""What the audience sees: numbered acts, the commands as they are typed, their own output, and what was verified.

A terminal gets colours, a moving line while something is waited for, and a moment to read. Anything else gets plain
lines and no control codes.
"""

import os
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

ROOT: Final = Path(__file__).parents[2]
PLAIN_COLUMNS: Final = 100
COMMAND_SECONDS: Final = 120
ANNOUNCED_SECONDS: Final = 2.5
VERIFIED_SECONDS: Final = 1.5


class CommandFailedError(Exception):
    """A command of the demonstration ended with an error."""


class Part(Enum):
    """What can stand on the stage: parts are set apart by an empty line, but some belong to the one before."""

    TITLE = auto()
    LEAD = auto()
    """A line about the command that follows it."""
    COMMAND = auto()
    PYTHON = auto()
    MARK = auto()
    PROGRESS = auto()


TOGETHER: Final = {
    (Part.LEAD, Part.COMMAND),
    (Part.MARK, Part.MARK),
    (Part.PROGRESS, Part.PROGRESS),
    (Part.PYTHON, Part.PYTHON),
}


class Stage:
    """Prints to standard output. `environment` is what commands run with, in the top folder of the tree."""

    def __init__(self) -> None:
        self.terminal = os.isatty(1)
        """Whether a person watches."""
        self.console = Console(
            width=None if self.terminal else PLAIN_COLUMNS,
            force_terminal=self.terminal,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self.environment: Mapping[str, str] = {}
        self._acts = 0
        self._last: Part | None = None

    def title(self, text: str, below: str) -> None:
        """Print what all this is."""
        self._enter(Part.TITLE)
        self.console.print(Text(text, "bold"))
        self._paragraph(below)

    def act(self, title: str, sentence: str) -> None:
        """Announce the next act: its title, and one sentence of what is about to be seen and why it matters."""
        self._acts += 1
        self._enter(Part.TITLE)
        self.console.rule(Text(f"{self._acts}  {title}", "bold cyan"), align="left", style="cyan")
        self._paragraph(sentence)
        self._pause(ANNOUNCED_SECONDS)

    def lead(self, sentence: str) -> None:
        """Say what the next command is for."""
        self._enter(Part.LEAD)
        self._paragraph(sentence)

    def run(self, command: str, ends: Collection[int] = (0,)) -> None:
        """Type a shell command, whose output is not touched. Raises CommandFailedError if its code is not in `ends`."""
        self._enter(Part.COMMAND)
        self._type("$ ", command)
        shell = ["/bin/sh", "-c", command]
        done = subprocess.run(
            shell, stdin=subprocess.DEVNULL, env=self.environment, cwd=ROOT, timeout=COMMAND_SECONDS, check=False
        )
        if done.returncode not in ends:
            raise CommandFailedError(f"`{command}` ended with {done.returncode}")

    def python(self, line: str, names: Mapping[str, Any]) -> None:
        """Type a line of Python that may use `names`; what it returns is printed, unless that is a reply of AWS."""
        self._enter(Part.PYTHON)
        self._type(">>> ", line)
        answer = eval(line, {}, dict(names))  # noqa: S307 - a line of ours: what is shown is what is run
        if not isinstance(answer, dict):
            self.console.print(Text(repr(answer)))

    def progress(self, line: Text | None = None) -> None:
        """Begin to show something that is under way, or add a line to it."""
        self._enter(Part.PROGRESS)
        if line is not None:
            self.console.print(line)

    def verified(self, sentence: str) -> None:
        """Tell what was checked and found to hold."""
        self._mark("✓ ", "bold green", sentence)
        self._pause(VERIFIED_SECONDS)

    def failed(self, sentence: str) -> None:
        """Tell what did not hold."""
        self._mark("✗ ", "bold red", sentence)

    @contextmanager
    def starting(self, what: str) -> Iterator[None]:
        """Show that `what` is being started, and how long it took."""
        began = time.monotonic()
        with self.waiting(f"starting {what}"):
            yield
        self._mark("✓ ", "green", f"{what}: {time.monotonic() - began:.1f} s")

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show, to a person, that something is waited for."""
        if not self.terminal:
            yield
            return
        with self.console.status(Text(f"{what} ...", "dim"), refresh_per_second=8):
            yield

    def _enter(self, part: Part) -> None:
        """Set a part apart from the one before."""
        if self._last is not None and (self._last, part) not in TOGETHER:
            self.console.print()
        self._last = part

    def _type(self, prompt: str, line: str) -> None:
        self.console.print(Text.assemble((prompt, "green"), (line, "bold")), soft_wrap=True)
        self.console.file.flush()

    def _mark(self, sign: str, style: str, sentence: str) -> None:
        self._enter(Part.MARK)
        self._paragraph(sentence, Text(sign, style))

    def _paragraph(self, text: str, margin: Text | None = None) -> None:
        """Print text broken between words, with `margin` before its first line and as much room before the others."""
        margin = margin or Text()
        width = self.console.width - len(margin)
        for line in Text(text).wrap(self.console, width):
            line.rstrip()
            self.console.print(Text.assemble(margin, line))
            margin = Text(" " * len(margin))

    def _pause(self, seconds: float) -> None:
        if self.terminal:
            time.sleep(seconds)
