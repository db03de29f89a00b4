"""Which pods with accelerators the fleet is asked for: those that are likely to come again.

Nothing is stored: after a start, the first pass of each Application tells it again.
"""

from collections import Counter

from pilothouse.controller.ports import Key
from pilothouse.desired.placement.packing.shapes import Popularity, Shape


class Demand:
    """The pods with accelerators that each Application asks for, by shape."""

    def __init__(self) -> None:
        self._asked: dict[Key, Counter[Shape]] = {}
        self._total = Counter[Shape]()

    @property
    def popularity(self) -> Popularity:
        """How many pods of each shape all of them ask for."""
        return dict(self._total)

    def note(self, key: Key, asked: Counter[Shape]) -> None:
        """Take what an Application asks for now, in place of what it asked for. It is quick: every pass tells it."""
        before = self._asked.pop(key, Counter())
        if asked:
            self._asked[key] = asked
        self._total.update(asked)
        self._total.subtract(before)
        for shape in before:
            if not self._total[shape]:
                del self._total[shape]
