"""A Cell's provider behind a gate: a budget of requests, a limit on changes under way, people's work before our own.

Changes wait for a place among those under way first, where namespaces take turns, and for the pace of the Cell then: so
no more of one namespace stand in the line of all than there are places.

It also notices when a Cell stops answering: then calls fail at once, instead of every pass waiting for its time-out,
until somebody reaches the Cell again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, Final, Protocol

from pilothouse.controller.pace import Pace, Service
from pilothouse.controller.turns import Turns
from pilothouse.dataplane.errors import DataplaneError, NotNow, NotYet, OutcomeUnknown, Postponed, Throttled
from pilothouse.dataplane.types import Call, Provider

FAILURES_TO_GIVE_UP: Final = 3
"""Calls in a row without any answer, after which a Cell counts as unreachable."""
LONGEST_AT_GATE: Final = 7.0
"""Seconds that a change waits for its turn: what was meant to be sent long ago is looked at again before it is."""
_READS: Final = ("get", "list", "dryRun", "Describe", "Get", "List", "Head")


class Meter(Protocol):
    """Where measurements of calls go."""

    def called(self, cell: str, service: str, operation: str, code: str, seconds: float) -> None:
        """Count a call; code: OK, or the kind of error."""


class Gate:
    """What all calls to one Cell go through: how fast they may go, how many at once, and whether anybody answers.

    halted: tells why nothing may be changed; empty when it may.
    """

    def __init__(self, cell: str, meter: Meter, rate: float, changes: int, halted: Callable[[], str]) -> None:
        self.cell = cell
        self.trouble = ""
        """Why the Cell does not answer; empty while it does."""
        self._meter, self._pace, self._rate, self._halted = meter, Pace(rate), rate, halted
        self._services: dict[str, Service] = {}
        self._changing = Turns(changes)
        self._silent = 0

    def limit(self, rate: float, changes: int) -> None:
        """Change the budgets; calls under way keep what they have."""
        self._pace.limit(rate)
        self._rate = rate
        for service in self._services.values():
            service.limit(rate)
        self._changing.limit(changes)

    async def pass_on(self, call: Call, send: Callable[[Call], Any], *, background: bool, whose: str = "") -> Any:
        """Send `call` when its turn comes. whose: the namespace that a change is for; they take turns.

        Raises what `send` raises, NotNow while the Cell does not answer, and Postponed when a change gets no turn in
        time, or if nothing may be changed at the moment at which it would leave.
        """
        if self.trouble and not background:
            raise NotNow(self.trouble)
        if call.operation.startswith(_READS):
            await self._take(call, background=background)
            return await self._measured(call, send)
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(LONGEST_AT_GATE):
                    await turn.enter_async_context(self._changing.turn(whose))
                    await self._take(call, background=background)
            except TimeoutError:
                raise Postponed(f"{call.service} {call.operation}: too many wait for Cell {self.cell}") from None
            if why := self._halted():
                raise Postponed(why)
            return await self._measured(call, send)

    async def _take(self, call: Call, *, background: bool) -> None:
        """Wait until the pace of its service and that of the Cell let a call through."""
        if (service := self._services.get(call.service)) is not None:
            await service.take(background=background)
        await self._pace.take(background=background)

    def answered(self) -> None:
        """Take note that the Cell answered, whatever it said."""
        self._silent, self.trouble = 0, ""

    def failed(self, error: DataplaneError) -> None:
        """Take note of an error: a refusal is an answer, a missing answer is counted, what never left is neither."""
        if isinstance(error, Postponed):
            return
        if isinstance(error, NotYet) or not isinstance(error, NotNow | OutcomeUnknown):
            self.answered()
            return
        self._silent += 1
        if self._silent >= FAILURES_TO_GIVE_UP:
            self.trouble = f"Cell {self.cell} does not answer: {error}"

    async def _measured(self, call: Call, send: Callable[[Call], Any]) -> Any:
        started, code = time.monotonic(), "OK"
        try:
            reply = await send(call)
        except DataplaneError as error:
            code = type(error).__name__
            self.failed(error)
            if isinstance(error, Throttled):
                self._services.setdefault(call.service, Service(self._rate)).throttled()
            raise
        finally:
            self._meter.called(self.cell, call.service, call.operation, code, time.monotonic() - started)
        self.answered()
        return reply


class GatedProvider:
    """A `Provider` behind a gate. replied: told of every reply, so that our own writes are known before any watch."""

    def __init__(
        self,
        gate: Gate,
        inner: Provider,
        *,
        background: bool = False,
        replied: Callable[[Call, Any], None] | None = None,
        whose: str = "",
    ) -> None:
        self._gate, self._inner, self._background, self._replied = gate, inner, background, replied
        self._whose = whose

    def on_behalf_of(self, namespace: str) -> "GatedProvider":
        """Return the same, whose changes take the turns of a namespace."""
        return GatedProvider(
            self._gate, self._inner, background=self._background, replied=self._replied, whose=namespace
        )

    async def send(self, call: Call) -> Any:
        """Send one call and return its reply; raises the errors of `dataplane.errors` and nothing else."""
        reply = await self._gate.pass_on(call, self._inner.send, background=self._background, whose=self._whose)
        if self._replied is not None:
            self._replied(call, reply)
        return reply

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        """Send a listing and yield its pages one by one; raises like `send`. Each page takes its turn."""
        pages = self._inner.pages(call)

        async def following(_call: Call) -> Any:
            return await anext(pages, None)

        while (page := await self._gate.pass_on(call, following, background=self._background)) is not None:
            yield page
