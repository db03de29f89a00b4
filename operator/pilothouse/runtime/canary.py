"""A canary: what this process writes must come back through its watches. A watch can die without a word.

Every write of ours to an object that is watched is a stamp: Applications' and Cells' status through Kopf's watches, the
Lease through an informer. A watch tells of changes in the order of their resource versions, so one that has told of a
later version has told of the stamp; one that stays behind a stamp for long does not tell what others change either.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

PATIENCE_SECONDS: Final = 60.0


class Canary:
    """By kind: the newest version that its watch has told of, and the oldest stamp that it still owes."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._heard: dict[str, int] = {}
        self._owed: dict[str, tuple[int, float]] = {}

    def sent(self, kind: str, version: int) -> None:
        """Take note of a write that was answered with this resource version; the watch may have been faster."""
        if version > self._heard.get(kind, 0):
            self._owed.setdefault(kind, (version, time.monotonic()))

    def heard(self, kind: str, version: int) -> None:
        """Take note of a version that a watch told of."""
        self._heard[kind] = max(version, self._heard.get(kind, 0))
        owed = self._owed.get(kind)
        if owed is not None and version >= owed[0]:
            del self._owed[kind]

    def problem(self) -> str:
        """Return which watch is dead; empty when none is."""
        now = time.monotonic()
        for kind, (version, since) in self._owed.items():
            if now - since > self._patience:
                return f"version {version} of a {kind}, written {now - since:.0f} s ago, has not come through the watch"
        return ""


def missing_tasks(names: Iterable[str]) -> list[str]:
    """Return those of `names` that no running task's name begins with."""
    running = [task.get_name() for task in asyncio.all_tasks() if not task.done()]
    return [name for name in names if not any(each.startswith(name) for each in running)]
