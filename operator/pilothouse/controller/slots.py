"""The fleet's budget of Plans under way: who has a slot keeps it until done, the others wait in line and are woken.

Namespaces take turns, so that none waits behind the many of another.
"""

from collections.abc import Callable, Iterable

from pilothouse.controller.ports import Key
from pilothouse.controller.turns import Line


class Slots:
    """Slots for Plans under way. most: how many there are now; wake: called with a key that was given one."""

    def __init__(self, most: Callable[[], int], wake: Callable[[Key], None]) -> None:
        self._most, self._wake = most, wake
        self._held: set[Key] = set()
        self._line: Line[Key] = Line()

    def take(self, key: Key) -> bool:
        """Tell whether `key` has a slot, taking a free one; else it stands in line from now on."""
        if key in self._held:
            return True
        if len(self._held) >= self._most():
            self._line.add(key.namespace, key)
            return False
        self._line.discard(key.namespace, key)
        self._held.add(key)
        return True

    def hold(self, keys: Iterable[Key]) -> None:
        """Give a slot to each key, whatever the budget: what a former process began is still under way."""
        self._held.update(keys)

    def give_back(self, key: Key) -> None:
        """Free the slot of `key`, or its place in line, and hand what is free to those whose turn it is."""
        self._held.discard(key)
        self._line.discard(key.namespace, key)
        while self._line and len(self._held) < self._most():
            first = self._line.take()
            self._held.add(first)
            self._wake(first)
