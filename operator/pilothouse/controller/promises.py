"""Room that is promised to Applications and that no node shows as taken yet, and how much was placed lately.

One leader sees every placement, so two Applications are not promised the same room. Nothing is stored: after a start,
the first pass of each Application tells it again.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pilothouse.controller.ports import Key
from pilothouse.desired.cells import CellView
from pilothouse.desired.housing import Waiting
from pilothouse.desired.placement.nodes import Pod, with_pods
from pilothouse.desired.promises import Promise

RECENT_SECONDS: Final = 600.0
"""How long a replica counts as placed lately: GFS limits recent creations, for heavy writes follow them (SOSP '03)."""
STARTING_SECONDS: Final = 120.0
"""How long pods that are asked for and not Ready may be on no node yet; from then on what nodes show is believed."""


@dataclass(frozen=True, slots=True)
class _Noted:
    """A promise, and since when as many pods of it are starting. alike: the same for pods that are."""

    promise: Promise
    since: float
    alike: str

    def pods(self, now: float) -> int:
        """Return how many pods of it no node shows."""
        return self.promise.missing + (self.promise.starting if now - self.since < STARTING_SECONDS else 0)


class Promises:
    """What is promised to each Application. Times are in seconds of any one clock."""

    def __init__(self) -> None:
        self._noted: dict[Key, dict[tuple[str, str], _Noted]] = {}
        self._placed: dict[str, deque[tuple[float, int]]] = {}
        self._waiting: dict[Key, tuple[Waiting, ...]] = {}

    def note(self, key: Key, promises: Iterable[Promise], now: float, waiting: tuple[Waiting, ...] = ()) -> None:
        """Take what is promised to an Application now, and what of it fits nowhere, in place of what was."""
        self._waiting.pop(key, None)
        if waiting:
            self._waiting[key] = waiting
        before = self._noted.pop(key, {})
        noted: dict[tuple[str, str], _Noted] = {}
        for promise in promises:
            place = promise.workload, promise.cell
            old = before.get(place)
            same = old is not None and old.promise.starting == promise.starting
            since = old.since if old is not None and same else now
            noted[place] = _Noted(promise, since, repr(promise.pod))
            more = promise.missing - (old.promise.missing if old is not None else 0)
            if more > 0:
                self._placed.setdefault(promise.cell, deque()).append((now, more))
        if noted:
            self._noted[key] = noted

    def waiting(self, key: Key) -> list[Waiting]:
        """Return what of all other Applications fits nowhere, the highest priority first."""
        others = [one for owner, waiting in sorted(self._waiting.items()) if owner != key for one in waiting]
        return sorted(others, key=lambda one: -one.priority)

    def kept(self, cells: Sequence[CellView], key: Key, now: float) -> list[CellView]:
        """Return `cells` as the Application at `key` meets them: without what is promised to the others.

        Pods that are alike are counted together: thousands of Applications that start at once ask for few kinds.
        """
        pods, counts = dict[tuple[str, str], Pod](), Counter[tuple[str, str]]()
        for owner, noted in sorted(self._noted.items()):
            for one in noted.values() if owner != key else ():
                sort = one.promise.cell, one.alike
                pods.setdefault(sort, one.promise.pod)
                counts[sort] += one.pods(now)
        kept = {cell.name: cell for cell in cells}
        for (cell, alike), pod in pods.items():
            if cell in kept:
                kept[cell] = with_pods(kept[cell], pod, counts[cell, alike])
        return [replace(cell, recent=self._recent(cell.name, now)) for cell in kept.values()]

    def _recent(self, cell: str, now: float) -> int:
        placed = self._placed.get(cell)
        while placed and now - placed[0][0] >= RECENT_SECONDS:
            placed.popleft()
        return sum(count for _, count in placed or ())
