"""An event loop that waits for nothing: an hour of it takes as long as what is done in that hour."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

T = TypeVar("T")

_START = 1_000.0
_EPOCH = 1_700_000_000.0


class VirtualLoop(asyncio.SelectorEventLoop):
    """Whenever nothing can run, it is at once the time of what is due next."""

    def __init__(self) -> None:
        super().__init__()
        self._now = _START
        self._scheduled: list[asyncio.TimerHandle]
        self._ready: Any

    def time(self) -> float:
        """Return seconds since some moment."""
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._now = max(self._now, self._scheduled[0].when())
        super()._run_once()  # type: ignore[misc]  # where asyncio waits, whatever its loop


def run(work: Coroutine[Any, Any, T], *modules: ModuleType) -> T:
    """Run `work` in virtual time, which `modules` take for the time of their clocks."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, _clocks(runner.get_loop(), modules):
        return runner.run(work)


@contextmanager
def _clocks(loop: asyncio.AbstractEventLoop, modules: tuple[ModuleType, ...]) -> Iterator[None]:
    clock = SimpleNamespace(monotonic=loop.time, time=lambda: _EPOCH + loop.time())
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(patch.object(module, "time", clock))
        yield
