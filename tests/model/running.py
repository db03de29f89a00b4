"""Run TLC on one configuration."""

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.model import tlc, tools
from tests.model.configurations import BASE, MODULE, Configuration, written
from tests.model.tlc import Outcome

WORKERS: Final = 2
LIMIT_SECONDS: Final = 600.0
"""After which a run has failed: bounds are chosen so that each takes less than half a minute of two cores."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, how long it took in seconds, and what is wrong with it; empty when nothing is."""

    configuration: Configuration
    outcome: Outcome
    seconds: float
    wrong: str


def run(configuration: Configuration, progress: Callable[[str], None] = lambda line: None) -> Run:
    """Check one configuration. progress: told of each line that TLC prints. Raises ToolError."""
    java, archive = tools.java(), tools.tlc()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pilothouse-model-") as folder:
        output = _checked(java, archive, Path(folder), configuration, progress)
    outcome = tlc.read(output)
    return Run(configuration, outcome, time.monotonic() - began, tlc.verdict(configuration, outcome))


def _checked(
    java: str, archive: Path, folder: Path, configuration: Configuration, progress: Callable[[str], None]
) -> str:
    """Return all that TLC prints. What must fail is searched by one worker, so that it finds a shortest history."""
    (folder / MODULE.name).write_bytes(MODULE.read_bytes())
    settings = folder / BASE.name
    settings.write_text(written(configuration, BASE.read_text("utf-8")), "utf-8")
    workers = 1 if configuration.fails else WORKERS
    words = ["-XX:+UseParallelGC", "-Xmx1g", "-cp", str(archive), "tlc2.TLC", "-workers", str(workers), "-nowarning"]
    words += ["-lncheck", "final", "-metadir", str(folder / "states"), "-config", settings.name, MODULE.name]
    lines, ends = list[str](), time.monotonic() + LIMIT_SECONDS
    with subprocess.Popen(
        [java, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            progress(line.rstrip())
            if time.monotonic() > ends:
                process.kill()
                lines.append(f"Error: not done after {LIMIT_SECONDS:.0f} s\n")
    return "".join(lines)
