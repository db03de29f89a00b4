"""Where programs, toolchains and the state of background clusters live: outside the tree, so clean trees start warm."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """Pilothouse's folder in the user's cache, made when missing: `$XDG_CACHE_HOME` or `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "pilothouse"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold the lock file `lock` alone among all processes, waiting for it; it falls however the process ends."""
    with lock.open("a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock file `lock` right now."""
    try:
        with lock.open("r+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def holder(lock: Path) -> int | None:
    """The process id of who holds `lock` by `exclusive`; None when nobody does."""
    return int(lock.read_text() or 0) or None if is_held(lock) else None
