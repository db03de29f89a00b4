"""Informers: what a cluster has of a kind, kept current by a listing and a watch after it.

A watch may break, skip, or fall silent without a word, and what was deleted meanwhile is never told. So a listing is
repeated on a fixed cadence, whatever the watch says, and whatever it no longer shows is reported as deleted; a listing
that ends early removes nothing. Only a projection of each object stays in memory.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.kubernetes.answers import Busy, Expired
from pilothouse.dataplane.kubernetes.client import Event, Page
from pilothouse.dataplane.kubernetes.types.identity import Selection

P = TypeVar("P")
Key = tuple[str, str]
"""Namespace and name."""

_LOG: Final = logging.getLogger(__name__)
_MOST_DOUBLINGS: Final = 16
_BREATH: Final = 25
"""Objects that are read before others have their turn."""


class Source(Protocol):
    """Where objects come from: a `KubernetesProvider`."""

    def list_pages(self, selection: Selection) -> AsyncGenerator[Page, None]:
        """Yield a listing page by page, as of one moment."""

    def watch(
        self,
        selection: Selection,
        resource_version: str,
        stream_seconds: float,
        silence_seconds: float,
        opened: Callable[[], None],
    ) -> AsyncGenerator[Event, None]:
        """Yield changes after a resource version, until the stream ends; calls `opened` when the server agreed to."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. Bookmarks come about every minute, so a longer silence means that the stream is dead."""

    relist: float = 900.0
    stream: float = 300.0
    silence: float = 75.0
    first_backoff: float = 1.0
    last_backoff: float = 30.0


class Informer(Generic[P]):
    """The objects of one selection, as `project` sees them; it leaves out those for which `project` returns None.

    on_change(old, new): called for every projection that appears (old is None), changes, or goes (new is None), and for
    no other; it must not block. What it or `project` raises is logged and costs that one object its update.
    """

    def __init__(
        self,
        source: Source,
        selection: Selection,
        project: Callable[[dict[str, Any]], P | None],
        on_change: Callable[[P | None, P | None], None],
        timing: Timing,
    ) -> None:
        self.selection = selection
        self.synced = asyncio.Event()
        """Set once a first listing was complete."""
        self.last_contact = float("-inf")
        """When the server last said anything about the selection, in the event loop's time."""
        self.listed_at = float("-inf")
        """When the last complete listing ended, in the event loop's time."""
        self.error: DataplaneError | None = None
        """Why there is no contact at this moment; None while there is."""
        self._source = source
        self._project = project
        self._on_change = on_change
        self._timing = timing
        self._items: dict[Key, P] = {}
        self._opened_at, self._fell_silent = float("-inf"), False
        """When the newest stream began; whether the one before was given up for its silence: then only words count."""
        self._version = ""
        self._spreads = 0
        self._clock = asyncio.get_running_loop().time

    @property
    def items(self) -> Mapping[Key, P]:
        """The projections by namespace and name. It changes while others run: copy it before you await."""
        return self._items

    @property
    def told_at(self) -> float:
        """When the server last said anything, or agreed to tell of changes, in the event loop's time."""
        return self.last_contact if self._fell_silent else max(self.last_contact, self._opened_at)

    async def run(self) -> None:
        """List and watch until cancelled."""
        failures = 0
        while True:
            try:
                await self._list()
            except DataplaneError as error:
                failures += 1
                await self._pause(failures, error)
            else:
                failures = 0
                await self._follow()

    async def _list(self) -> None:
        """Read everything, and drop what is no longer there."""
        seen: set[Key] = set()
        async with aclosing(self._source.list_pages(self.selection)) as pages:
            async for page in pages:
                self._heard()
                for number, item in enumerate(page.items):
                    seen.add(self._take(item))
                    if number % _BREATH == 0:
                        await asyncio.sleep(0)
                self._version = page.resource_version
        for key in self._items.keys() - seen:
            self._replace(key, None)
        self.listed_at = self._clock()
        self.synced.set()

    async def _follow(self) -> None:
        """Watch until it is time to list again."""
        due = self._clock() + self._spread(self._timing.relist)
        failures = 0
        while (left := due - self._clock()) > 0:
            contact, error = self.last_contact, None
            try:
                await self._watch(min(left, self._timing.stream))
            except Expired:
                return
            except DataplaneError as caught:
                error = caught
                self._fell_silent = self._clock() - max(self._opened_at, self.last_contact) >= self._timing.silence
            # A stream that told nothing, not even a bookmark, was perhaps ended by something between the server and us.
            failures = 0 if self.last_contact > contact else failures + 1
            if error or failures:
                await self._pause(max(failures, 1), error)

    async def _watch(self, seconds: float) -> None:
        """Follow one stream to its end."""
        stream = self._source.watch(self.selection, self._version, seconds, self._timing.silence, self._opened)
        async with aclosing(stream) as events:
            async for event in events:
                self._heard()
                self._version = event.object["metadata"]["resourceVersion"]
                if event.type == "DELETED":
                    self._replace(_key(event.object), None)
                elif event.type != "BOOKMARK":
                    self._take(event.object)

    async def _pause(self, failures: int, error: DataplaneError | None) -> None:
        """Wait longer after each failure, or as long as the server asks."""
        if error is not None:
            _LOG.log(logging.WARNING if failures == 1 else logging.DEBUG, "%s", error)
            self.error = error
        asked = error.retry_after if isinstance(error, Busy) else 0.0
        backoff = min(self._timing.last_backoff, self._timing.first_backoff * 2 ** min(failures - 1, _MOST_DOUBLINGS))
        await asyncio.sleep(max(asked, self._spread(backoff)))

    def _spread(self, seconds: float) -> float:
        """Return `seconds` give or take a quarter, so that the informers of a fleet do not move in step."""
        self._spreads += 1
        share = zlib.crc32(f"{self.selection} {id(self)} {self._spreads}".encode()) / (1 << 32)
        return seconds * (0.75 + share / 2)

    def _opened(self) -> None:
        """Take note that the server answers, though it has told nothing yet: the first bookmark is a minute away."""
        self._opened_at = self._clock()
        if not self._fell_silent:
            self.error = None

    def _heard(self) -> None:
        self.last_contact = self._clock()
        self.error, self._fell_silent = None, False

    def _take(self, item: dict[str, Any]) -> Key:
        key = _key(item)
        try:
            projected = self._project(item)
        except Exception:  # noqa: BLE001 - one odd object must not stop the news of all others
            _LOG.exception("cannot read %s %s/%s", self.selection.kind, *key)
        else:
            self._replace(key, projected)
        return key

    def _replace(self, key: Key, new: P | None) -> None:
        old = self._items.get(key)
        if old == new:
            return
        if new is None:
            del self._items[key]
        else:
            self._items[key] = new
        try:
            self._on_change(old, new)
        except Exception:  # noqa: BLE001 - one odd object must not stop the news of all others
            _LOG.exception("cannot pass on a change of %s %s/%s", self.selection.kind, *key)


class Informers:
    """The informers of one cluster, each running from the moment it is wanted. Use it as an async context manager."""

    def __init__(self, source: Source, timing: Timing | None = None) -> None:
        self._source = source
        self._timing = timing or Timing()
        self._running: dict[Selection, tuple[Informer[Any], asyncio.Task[None]]] = {}
        self._clock = asyncio.get_running_loop().time

    async def __aenter__(self) -> Self:
        """Enter; `close` follows at the end of the block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def want(
        self,
        selection: Selection,
        project: Callable[[dict[str, Any]], P | None],
        on_change: Callable[[P | None, P | None], None],
    ) -> Informer[P]:
        """Return the informer of `selection`, started now if there is none; the first caller's functions hold."""
        if selection not in self._running:
            informer: Informer[P] = Informer(self._source, selection, project, on_change, self._timing)
            self._running[selection] = informer, asyncio.create_task(informer.run(), name=f"informer {selection}")
        return self._running[selection][0]

    async def drop(self, selection: Selection) -> None:
        """Stop the informer of `selection`, if there is one; nothing is reported as deleted."""
        running = self._running.pop(selection, None)
        if running is not None:
            await _stopped(running[1])

    async def close(self) -> None:
        """Stop every informer."""
        for selection in tuple(self._running):
            await self.drop(selection)

    async def wait_synced(self) -> None:
        """Wait until every informer wanted so far had a complete listing."""
        for informer, _ in tuple(self._running.values()):
            await informer.synced.wait()

    @property
    def synced(self) -> bool:
        """True when every informer had a complete listing."""
        return all(informer.synced.is_set() for informer, _ in self._running.values())

    @property
    def alive(self) -> bool:
        """True while every informer runs: one that has ended by a fault of ours is not started again."""
        return not any(task.done() for _, task in self._running.values())

    @property
    def silence(self) -> float:
        """Seconds since the server last spoke to the informer that it has neglected longest; infinite before it did."""
        return max((self._clock() - informer.last_contact for informer, _ in self._running.values()), default=0.0)

    @property
    def errors(self) -> Mapping[Selection, DataplaneError]:
        """Why there is no contact, for each selection without."""
        found = ((selection, informer.error) for selection, (informer, _) in self._running.items())
        return {selection: error for selection, error in found if error is not None}


def _key(item: Mapping[str, Any]) -> Key:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
