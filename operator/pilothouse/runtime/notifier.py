"""Tell receivers outside what happens to Applications: in the background, at least once, and never at a pass' expense.

What is to be told is read from status, so a process that ends takes nothing along: the next one tells again what began
shortly before. Receivers know a notice by its id. Each receiver has a line of its own, bounded, and is waited for a few
seconds at a time: one that hangs keeps neither passes nor other receivers waiting.
"""

import asyncio
import base64
import heapq
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import aiohttp

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.notifications import Notification
from pilothouse.controller.notices import Notice, notices
from pilothouse.controller.ports import Object, Timer
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.runtime.metrics import Metrics
from pilothouse.runtime.webhooks import key_of, message, signed

PAUSES: Final = (5.0, 30.0, 120.0, 600.0)
"""Seconds before each further attempt."""
TOLD_AGAIN_SECONDS: Final = 900.0
"""What began no longer ago is told by a new process: the one before may not have come to it, or to its last attempt."""
TIMEOUT_SECONDS: Final = 10.0
MOST_WAITING: Final = 1_000
"""Notices in line for one receiver."""
MOST_REMEMBERED: Final = 50_000
"""Ids and Applications remembered, 32 digits each."""
GONE: Final = 410
"""A receiver's word that it wants no more, by Standard Webhooks."""
TAKEN: Final = 2
"""Hundreds of the status of an answer that says yes."""
DEFAULT_KEY: Final = "secret"

_log = logging.getLogger(__name__)

Secrets = Callable[[str], Awaitable[Mapping[str, str]]]
"""Returns the data of a Secret in the operator's namespace, in base64; raises DataplaneError."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a Notifier asks: the fleet's policy, the labels of a namespace, Secrets, the time; and what it counts in."""

    policy: Callable[[], FleetPolicySpec]
    labels: Callable[[str], Mapping[str, str]]
    secret: Secrets
    clock: Timer
    metrics: Metrics
    control_plane: str


@dataclass(slots=True)
class _Line:
    """What waits for one receiver: (when, number, notice, attempts made)."""

    waiting: list[tuple[float, int, Notice, int]] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Notifier:
    """`controller.ports.Notices`. `run` delivers what `consider` finds."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lines: dict[str, _Line] = {}
        self._numbers = count()
        self._begun = asyncio.Event()

    def consider(self, application: Object, status: ApplicationStatus) -> None:
        """Take note of what a status gives to tell; never fails and never waits."""
        receivers = self._around.policy().notifications
        if not receivers:
            return
        now, first = self._around.clock.now(), self._learns(application["metadata"]["uid"])
        for notice in notices(application, status):
            if self._learns(notice.id) and not (first and notice.since < now - TOLD_AGAIN_SECONDS):
                self._put(notice, receivers, now)

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        async with session, asyncio.TaskGroup() as group:
            working: set[str] = set()
            while True:
                for name in self._lines.keys() - working:
                    working.add(name)
                    group.create_task(self._serve(name, self._lines[name], session))
                self._begun.clear()
                await self._begun.wait()

    def _learns(self, identifier: str) -> bool:
        """Remember `identifier`; tell whether it was not known."""
        new = identifier not in self._known
        self._known[identifier] = None
        self._known.move_to_end(identifier)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return new

    def _put(self, notice: Notice, receivers: tuple[Notification, ...], now: float) -> None:
        labels = self._around.labels(notice.namespace)
        for receiver in receivers:
            wanted = not receiver.events or notice.kind in receiver.events
            if wanted and receiver.namespace_selector.matches(labels):
                self._queue(receiver.name, notice, now, attempts=0)

    def _queue(self, receiver: str, notice: Notice, when: float, attempts: int) -> None:
        line = self._lines.setdefault(receiver, _Line())
        if len(line.waiting) >= MOST_WAITING:
            self._dropped(receiver, "full")
            return
        heapq.heappush(line.waiting, (when, next(self._numbers), notice, attempts))
        line.wake.set()
        self._begun.set()

    async def _serve(self, name: str, line: _Line, session: aiohttp.ClientSession) -> None:
        """Deliver what waits for one receiver, one after the other; what fails waits while others go."""
        while True:
            line.wake.clear()
            now = self._around.clock.now()
            if not line.waiting or line.waiting[0][0] > now:
                pause = line.waiting[0][0] - now if line.waiting else None
                await _either(line.wake, pause)
                continue
            _, _, notice, attempts = heapq.heappop(line.waiting)
            receiver = next((one for one in self._around.policy().notifications if one.name == name), None)
            if receiver is None:
                self._dropped(name, "removed")
                continue
            status, problem = await self._attempt(receiver, notice, session)
            if status == GONE:
                self._dropped(name, "refused")
            elif status // 100 == TAKEN:
                self._around.metrics.notified.labels(name, "delivered").inc()
            else:
                self._failed(name, notice, attempts + 1, problem)

    async def _attempt(self, receiver: Notification, notice: Notice, session: aiohttp.ClientSession) -> tuple[int, str]:
        """Send once. Returns the status of the answer, 0 for none, and what to say if that is not good.

        Nothing that the receiver said is repeated, nor its address, which may hold a password.
        """
        try:
            key = await self._key(receiver)
        except (ValueError, DataplaneError) as error:
            return 0, str(error)
        headers, body = message(notice, self._around.control_plane)
        headers = signed(headers, body, notice.id, key, self._around.clock.now())
        try:
            async with session.post(receiver.url, data=body, headers=headers, allow_redirects=False) as reply:
                return reply.status, f"it answered {reply.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return 0, type(error).__name__

    async def _key(self, receiver: Notification) -> bytes:
        ref = receiver.secret_ref
        data, key = await self._around.secret(ref.name), ref.key or DEFAULT_KEY
        if key not in data:
            raise ValueError(f"Secret {ref.name} has no key {key}; write the signing secret there")
        try:
            return key_of(base64.b64decode(data[key]).decode())
        except ValueError as error:
            raise ValueError(f"Secret {ref.name}, key {key}: {error}") from None

    def _failed(self, receiver: str, notice: Notice, attempts: int, problem: str) -> None:
        self._around.metrics.notified.labels(receiver, "failed").inc()
        subject = f"{notice.kind} of {notice.namespace}/{notice.name}"
        if attempts > len(PAUSES):
            _log.warning("%s was not taken by receiver %s and is dropped: %s", subject, receiver, problem)
            self._dropped(receiver, "exhausted")
            return
        pause = PAUSES[attempts - 1]
        _log.info("%s was not taken by receiver %s; again in %.0f s: %s", subject, receiver, pause, problem)
        self._queue(receiver, notice, self._around.clock.now() + pause, attempts)

    def _dropped(self, receiver: str, why: str) -> None:
        self._around.metrics.notices_dropped.labels(receiver, why).inc()


async def _either(wake: asyncio.Event, pause: float | None) -> None:
    """Wait until woken, or so many seconds."""
    try:
        await asyncio.wait_for(wake.wait(), pause)
    except TimeoutError:
        return
