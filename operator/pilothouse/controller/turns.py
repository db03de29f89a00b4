"""How many may be at work at once, and who is next: those who wait take turns, whoever of them brings how much."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Line(Generic[T]):
    """Those who wait, each in the line of whom they belong to; of the lines one after the other is served."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[T, None]] = {}

    def __len__(self) -> int:
        """Return how many wait."""
        return sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        """Tell whether anybody waits."""
        return bool(self._lines)

    def add(self, whose: str, one: T) -> None:
        """Put one at the end of a line, unless it stands there already."""
        self._lines.setdefault(whose, {})[one] = None

    def discard(self, whose: str, one: T) -> None:
        """Let one wait no longer, if it does."""
        line = self._lines.get(whose, {})
        line.pop(one, None)
        if not line:
            self._lines.pop(whose, None)

    def take(self) -> T:
        """Return who is next; that line is served again after all others. Raises StopIteration when nobody waits."""
        whose = next(iter(self._lines))
        line = self._lines.pop(whose)
        one = next(iter(line))
        del line[one]
        if line:
            self._lines[whose] = line
        return one


class Turns:
    """Lets `most` work at once. Those who wait are served by turns, so that nobody's thousand keep another's one."""

    def __init__(self, most: int) -> None:
        self._most, self._busy = most, 0
        self._line: Line[asyncio.Future[None]] = Line()

    def limit(self, most: int) -> None:
        """Change how many may work at once; who works goes on."""
        self._most = most
        self._serve()

    @asynccontextmanager
    async def turn(self, whose: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the block ends. whose: what it is counted against, such as a namespace."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.add(whose, mine)
        self._serve()
        try:
            await mine
            yield
        finally:
            if mine.done() and not mine.cancelled():
                self._busy -= 1
                self._serve()

    def _serve(self) -> None:
        while self._line and self._busy < self._most:
            turn = self._line.take()
            if not turn.done():
                turn.set_result(None)
                self._busy += 1
