"""The fleet's budget of destructive steps in an hour: counted in the status of Applications, which a restart reads.

A step is counted here before it is written ahead, and in the status with which it is written ahead: what is sent was
counted before, and by whoever starts next as well.
"""

from collections.abc import Callable, Iterable
from itertools import takewhile

from pilothouse.api.application import Destroyed
from pilothouse.api.times import rfc3339, seconds
from pilothouse.applying.ports import Clock
from pilothouse.controller.ports import Key
from pilothouse.planning.budget import granted, minute, recent


class Destruction:
    """What every Application destroyed in the last hour, and who waits to. most: how many steps an hour now allows."""

    def __init__(self, most: Callable[[], int], clock: Clock) -> None:
        self._most, self._clock = most, clock
        self._tallies: dict[Key, dict[int, int]] = {}
        self._own = set[Key]()
        self._line: dict[Key, None] = {}

    def told(self, key: Key, stored: Iterable[Destroyed]) -> None:
        """Take what is stored of an Application, unless this process counts it itself."""
        if key not in self._own:
            self._tallies[key] = {int(seconds(each.at)): each.steps for each in stored}

    def take(self, key: Key, wanted: int) -> int:
        """Return how many destructive steps `key` may begin of those it wants, and count them.

        Who gets nothing stands in line, and is served before those who come later; who gets less goes to its end.
        """
        ahead = len(list(takewhile(lambda other: other != key, self._line)))
        number = granted(self._most(), self.spent(), ahead, wanted)
        self._count(key, number)
        if number or not wanted:
            self._line.pop(key, None)
        if number < wanted:
            self._line.setdefault(key)
        return number

    def give_back(self, key: Key, number: int) -> None:
        """Count no more what was not begun after all."""
        self._count(key, -number)

    def leave(self, key: Key) -> None:
        """Take `key` out of the line: it wants nothing more. What it destroyed goes on to count."""
        self._line.pop(key, None)

    def spent(self) -> int:
        """Return how many steps were begun in the last hour."""
        now = self._clock.now()
        self._tallies = {key: left for key, each in self._tallies.items() if (left := recent(each, now))}
        return sum(sum(each.values()) for each in self._tallies.values())

    def record(self, key: Key) -> tuple[Destroyed, ...]:
        """Return what the status of an Application is to remember."""
        tallies = recent(self._tallies.get(key, {}), self._clock.now())
        return tuple(Destroyed(at=rfc3339(each), steps=steps) for each, steps in sorted(tallies.items()))

    def _count(self, key: Key, number: int) -> None:
        if number:
            self._own.add(key)
            tallies, now = self._tallies.setdefault(key, {}), minute(self._clock.now())
            latest = now if number > 0 else max(tallies)
            tallies[latest] = tallies.get(latest, 0) + number
