"""The fleet's budget of Plans under way: who has a slot keeps it until done, the others wait in line and are woken."""

from collections.abc import Callable

from pilothouse.controller.ports import Key


class Slots:
    """Slots for Plans under way. most: how many there are now; wake: called with a key that was given one."""

    def __init__(self, most: Callable[[], int], wake: Callable[[Key], None]) -> None:
        self._most, self._wake = most, wake
        self._held: set[Key] = set()
        self._line: dict[Key, None] = {}

    def take(self, key: Key) -> bool:
        """Tell whether `key` has a slot, taking a free one; else it stands in line from now on."""
        if key in self._held:
            return True
        if len(self._held) >= self._most():
            self._line.setdefault(key)
            return False
        self._line.pop(key, None)
        self._held.add(key)
        return True

    def give_back(self, key: Key) -> None:
        """Free the slot of `key`, or its place in line, and hand what is free to those who wait longest."""
        self._held.discard(key)
        self._line.pop(key, None)
        while self._line and len(self._held) < self._most():
            first = next(iter(self._line))
            del self._line[first]
            self._held.add(first)
            self._wake(first)
