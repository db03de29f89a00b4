"""How fast calls may go: a token bucket with two lines in front of it, and one that slows down when it is told to."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

SLOWEST: Final = 0.5
"""Calls a second that a service which throttles still gets: one that is asked nothing can never be seen to recover."""
_RECOVERY: Final = 0.05
"""The part of its full rate that a service which throttled gets back with each second without throttling."""


class Pace:
    """A token bucket of `rate` requests a second and twice that in a burst, with two lines in front of it."""

    def __init__(self, rate: float) -> None:
        self._clock = time.monotonic
        self._rate, self._tokens, self._at = rate, 2 * rate, self._clock()
        self._lines: tuple[deque[asyncio.Future[None]], deque[asyncio.Future[None]]] = (deque(), deque())
        self._timer: asyncio.TimerHandle | None = None

    def limit(self, rate: float) -> None:
        """Change the rate."""
        self._refill()
        self._rate, self._tokens = rate, min(self._tokens, 2 * rate)

    async def take(self, *, background: bool = False) -> None:
        """Wait for a turn. The background's line moves only while nobody waits in the other one."""
        self._refill()
        ahead = self._lines[0] if not background else (*self._lines[0], *self._lines[1])
        if self._tokens >= 1 and not ahead:
            self._tokens -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[background].append(turn)
        self._arm()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._tokens += 1
            raise

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(2 * self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now

    def _arm(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, (1 - self._tokens) / self._rate), self._release)

    def _release(self) -> None:
        self._timer = None
        self._refill()
        for line in self._lines:
            while line and self._tokens >= 1:
                turn = line.popleft()
                if not turn.done():
                    turn.set_result(None)
                    self._tokens -= 1
        if self._lines[0] or self._lines[1]:
            self._arm()


class Service:
    """The pace of one service: that of its Cell until the service throttles, then half, and slowly back.

    Additive increase and multiplicative decrease, as TCP does: what AWS allows is told by nothing but its refusals.
    """

    def __init__(self, full: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full, self._rate, self._at = full, full, self._clock()
        self._pace = Pace(full)

    @property
    def rate(self) -> float:
        """Calls a second that it may get now."""
        return min(self._full, self._rate + (self._clock() - self._at) * _RECOVERY * self._full)

    def limit(self, full: float) -> None:
        """Change the pace of its Cell."""
        self._full = full
        self._pace.limit(self.rate)

    def throttled(self) -> None:
        """Slow down: the service said that it gets too many calls. Several refusals of one burst count once."""
        now = self._clock()
        if self._rate < self._full and now - self._at < 1:
            return
        self._rate, self._at = max(SLOWEST, min(self.rate, self._full) / 2), now
        self._pace.limit(self._rate)

    async def take(self, *, background: bool = False) -> None:
        """Wait for a turn, where it does not get its full rate."""
        rate = self.rate
        if rate < self._full:
            self._pace.limit(rate)
            await self._pace.take(background=background)
