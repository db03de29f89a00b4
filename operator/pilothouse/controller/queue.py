"""A keyed work queue with the semantics of Kubernetes' workqueue and controller-runtime, for asyncio.

A key waits once however often it is added, is processed by one pass at a time, and is taken up again when it was added
meanwhile. Of one priority, those whom keys belong to take turns, so that nobody waits behind a neighbour's thousand,
and the keys of each come in the order of their arrival; background work yields to what people changed, and still gets
every fourth turn.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Generic, Literal, Protocol, TypeVar

from pilothouse.applying.ports import NotLeader, Overtaken
from pilothouse.controller.ports import Requeue
from pilothouse.controller.turns import Line
from pilothouse.dataplane.errors import DataplaneError

K = TypeVar("K", bound=Hashable)
Result = Literal["success", "requeue", "requeue_after", "error"]

WORKERS: Final = 16
"""Passes under way at once."""
PATIENCE: Final = 3.0
"""Seconds after which a pass only waits for somebody slow: it gives its place to the next key, and goes on."""
_MOST_WAITING: Final = 4
"""Passes under way, counting those that gave their place away, are at most so many times the workers."""
_BACKGROUND_TURN: Final = 4
"""Every so many turns background work goes first, so that it cannot starve."""

_log = logging.getLogger(__name__)


class Priority(IntEnum):
    """Who is waiting: a person, or nobody in particular."""

    USER = 0
    BACKGROUND = 1


class Meter(Protocol):
    """Where the queue's measurements go. Seconds throughout."""

    def added(self) -> None:
        """Count a key that was put in line."""

    def started(self, waited: float) -> None:
        """Count a pass that begins, its key having waited in line."""

    def finished(self, took: float, result: Result) -> None:
        """Count a pass that ended."""

    def retried(self) -> None:
        """Count a key that was put back because of a failure."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds until a key that failed is tried again: doubled with each failure in a row, up to a cap."""

    base: float = 0.5
    cap: float = 300.0

    def delay(self, failures: int) -> float:
        """Return the delay after so many failures in a row, at least one."""
        return min(self.cap, self.base * 2.0 ** min(failures - 1, 32))


OVERTAKEN: Final = Backoff(0.05, 2.0)
"""Somebody else wrote first: nothing is wrong, and the newer version is on its way."""


class WorkQueue(Generic[K]):
    """Runs `process(key)` for every key added.

    whose: whom a key belongs to, by default to nobody but itself. workers: passes at once. One that takes longer than
    `patience` does not count any more, up to a limit, so that a Cell that hangs does not hold up the Applications that
    have nothing there.
    A pass that returns Requeue(failed=True) or raises is backed off, whatever it raised is logged, and no other key
    notices; `Overtaken` is tried again soon; `NotLeader` ends `run`.
    """

    def __init__(
        self,
        process: Callable[[K], Awaitable[Requeue]],
        meter: Meter,
        *,
        whose: Callable[[K], str] = str,
        workers: int = WORKERS,
        backoff: Backoff | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._process, self._meter, self._whose, self._workers = process, meter, whose, workers
        self._backoff, self._patience = backoff or Backoff(), patience
        self._slow: set[K] = set()
        self._lines: tuple[Line[K], Line[K]] = (Line(), Line())
        self._waiting: dict[K, tuple[Priority, float]] = {}
        self._timers: dict[K, tuple[asyncio.TimerHandle, Priority]] = {}
        self._passes: dict[K, tuple[asyncio.Task[None], float]] = {}
        self._again: dict[K, Priority] = {}
        self._failures: dict[K, int] = {}
        self._overtaken: dict[K, int] = {}
        self._turn = 0
        self._running, self._closed = False, False
        self._lost: asyncio.Future[None] | None = None

    @property
    def depth(self) -> int:
        """How many keys wait in line."""
        return len(self._waiting)

    @property
    def active(self) -> int:
        """How many passes are under way."""
        return len(self._passes)

    @property
    def workers(self) -> int:
        """How many passes may be under way at once."""
        return self._workers

    def unfinished(self) -> float:
        """Return the seconds that all passes under way have taken so far, together."""
        now = time.monotonic()
        return sum(now - started for _, started in self._passes.values())

    def longest(self) -> float:
        """Return the seconds that the longest pass under way has taken so far."""
        now = time.monotonic()
        return max((now - started for _, started in self._passes.values()), default=0.0)

    def add(self, key: K, priority: Priority = Priority.USER) -> None:
        """Put `key` in line, or note that it has to be processed again if it is being processed now."""
        if self._closed:
            return
        if key in self._passes:
            self._again[key] = min(priority, self._again.get(key, priority))
            return
        known = self._waiting.get(key)
        if known is None:
            self._meter.added()
            self._waiting[key] = priority, time.monotonic()
        else:
            earlier, since = known
            if earlier <= priority:
                return
            self._lines[earlier].discard(self._whose(key), key)
            self._waiting[key] = priority, since
        self._lines[priority].add(self._whose(key), key)
        self._dispatch()

    def add_after(self, key: K, seconds: float, priority: Priority = Priority.BACKGROUND) -> None:
        """Put `key` in line in so many seconds, unless it is to come sooner anyway."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key, priority)
            return
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None:
            timer, earlier = known
            if timer.when() <= loop.time() + seconds and earlier <= priority:
                return
            seconds, priority = min(seconds, timer.when() - loop.time()), min(priority, earlier)
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._due, key), priority

    def add_in_turn(self, keys: Iterable[K], per_second: float) -> None:
        """Put background work in line, so many keys a second: what concerns everybody must not become one burst."""
        for number, key in enumerate(keys):
            self.add_after(key, number / per_second)

    def forget(self, key: K) -> None:
        """Drop what is remembered of a key that is gone for good; a pass under way ends undisturbed."""
        self._failures.pop(key, None)
        self._overtaken.pop(key, None)
        self._cancel_timer(key)

    async def run(self) -> None:
        """Process keys until cancelled. Raises NotLeader as soon as a pass does."""
        self._running, self._lost = True, asyncio.get_running_loop().create_future()
        self._dispatch()
        try:
            await self._lost
        finally:
            self._running = False

    async def stop(self, grace: float) -> None:
        """Take up nothing more; give the passes under way `grace` seconds to end, then cancel them."""
        self._closed = True
        for key in list(self._timers):
            self._cancel_timer(key)
        tasks = [task for task, _ in self._passes.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)

    def _due(self, key: K) -> None:
        _, priority = self._timers.pop(key)
        self.add(key, priority)

    def _cancel_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer[0].cancel()

    def _dispatch(self) -> None:
        while self._running and not self._closed and self.depth and self._place():
            key, priority, since = self._next()
            self._cancel_timer(key)
            now = time.monotonic()
            self._meter.started(now - since)
            task = asyncio.get_running_loop().create_task(self._pass(key, priority))
            self._passes[key] = task, now

    def _place(self) -> bool:
        """Tell whether another pass may begin."""
        passes = len(self._passes)
        return passes - len(self._slow) < self._workers and passes < self._workers * _MOST_WAITING

    def _give_way(self, key: K) -> None:
        self._slow.add(key)
        self._dispatch()

    def _next(self) -> tuple[K, Priority, float]:
        self._turn += 1
        first = Priority.BACKGROUND if self._turn % _BACKGROUND_TURN == 0 else Priority.USER
        priority = first if self._lines[first] else Priority(1 - first)
        key = self._lines[priority].take()
        return key, *self._waiting.pop(key)

    async def _pass(self, key: K, priority: Priority) -> None:
        result: Result = "error"
        slow = asyncio.get_running_loop().call_later(self._patience, self._give_way, key)
        try:
            result = await self._once(key, priority)
        finally:
            slow.cancel()
            self._slow.discard(key)
            _, started = self._passes.pop(key)
            self._meter.finished(time.monotonic() - started, result)
            if (again := self._again.pop(key, None)) is not None:
                self.add(key, again)
            self._dispatch()

    async def _once(self, key: K, priority: Priority) -> Result:
        try:
            requeue = await self._process(key)
        except NotLeader as error:
            if self._lost is not None and not self._lost.done():
                self._lost.set_exception(error)
            return "error"
        except Overtaken:
            self._retry(key, self._overtaken, OVERTAKEN, priority)
            return "requeue"
        except DataplaneError as error:
            _log.warning("%s: %s; it is tried again later", key, error)
            self._retry(key, self._failures, self._backoff, priority)
            return "error"
        except Exception:  # noqa: BLE001 - one Application's pass must not end the others'
            _log.exception("%s: a pass ended by an error that it should have handled; it is tried again later", key)
            self._retry(key, self._failures, self._backoff, priority)
            return "error"
        return self._requeued(key, requeue, priority)

    def _requeued(self, key: K, requeue: Requeue, priority: Priority) -> Result:
        self._overtaken.pop(key, None)
        if requeue.afresh:
            self._failures.pop(key, None)
        if requeue.failed:
            self._retry(key, self._failures, self._backoff, priority)
            return "requeue"
        self._failures.pop(key, None)
        if requeue.after is None:
            return "success"
        if requeue.after <= 0:
            self.add(key, priority)
            return "requeue"
        self.add_after(key, requeue.after)
        return "requeue_after"

    def _retry(self, key: K, failures: dict[K, int], backoff: Backoff, priority: Priority) -> None:
        failures[key] = failures.get(key, 0) + 1
        self._meter.retried()
        self.add_after(key, backoff.delay(failures[key]), priority)
