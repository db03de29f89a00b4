"""What all Applications have of the Cells, kept by the passes and read by whoever places or moves something."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pilothouse.controller.demand import Demand
from pilothouse.controller.ports import Key
from pilothouse.controller.promises import Promises
from pilothouse.controller.residents import Residents
from pilothouse.desired.cells import CellView

NOBODY: Final = Key("", "")
"""Who has nothing, and from whom all room that is promised is kept."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What all Applications have of the Cells: the room that is promised to each, what runs where, what is asked."""

    promises: Promises = field(default_factory=Promises)
    residents: Residents = field(default_factory=Residents)
    demand: Demand = field(default_factory=Demand)

    def reserved(self, cells: Sequence[CellView], now: float) -> Sequence[CellView]:
        """Return `cells` without what is promised in them to anybody."""
        return self.promises.kept(cells, NOBODY, now)

    def forget(self, key: Key, now: float) -> None:
        """Drop what is known of an Application that is gone."""
        self.promises.note(key, (), now)
        self.residents.forget(key)
        self.demand.note(key, Counter())
