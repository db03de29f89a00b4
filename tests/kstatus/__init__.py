"""kstatus itself, built from its Go module: what `kubectl wait`, Flux and many others make of an object."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilothouse.dataplane.types import HealthState
from tests.cluster import toolchain
from tests.cluster.cache import cache_dir, exclusive
from tests.cluster.programs import Program, build_one, cache_key, say

MODULE = Path(__file__).parent
PROGRAM = Program("kstatus", ".", MODULE)
STATES = {
    "Current": HealthState.READY,
    "InProgress": HealthState.PROGRESSING,
    "Failed": HealthState.FAILED,
    "Terminating": HealthState.DELETING,
}
"""What kstatus says, and what we call it."""


class Kstatus:
    """The program as a function. It runs until `close`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [ensure()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={}, bufsize=1
        )

    def __call__(self, live: Mapping[str, Any]) -> str:
        """Return Current, InProgress, Failed or Terminating. Raises AssertionError for what it cannot compute."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(live) + "\n")
        self._process.stdin.flush()
        found = self._process.stdout.readline().strip()
        assert found in STATES, f"{found}: {live}"
        return found

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def ensure() -> Path:
    """The program, built first when the cache has none of these sources: half a minute. Raises BuildError."""
    tools = toolchain.find(MODULE, say)
    key = hashlib.sha256(cache_key(tools.version, (MODULE,)).encode() + (MODULE / "main.go").read_bytes()).hexdigest()
    folder = cache_dir() / f"kstatus-{key[:12]}"
    with exclusive(cache_dir() / "kstatus.lock"):
        if not folder.exists():
            half = folder.with_suffix(".part")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            build_one(tools.go, PROGRAM, half)
            half.rename(folder)
    return folder / PROGRAM.name
