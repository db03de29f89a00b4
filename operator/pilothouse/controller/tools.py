"""What a pass works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pilothouse.applying.executor import Executor
from pilothouse.controller.destroying import Destruction
from pilothouse.controller.observing import Observer
from pilothouse.controller.ports import Breakers, Fleet, Key, Notices, Recorder, Store, Timer
from pilothouse.controller.rooms import Rooms
from pilothouse.dataplane.types import ResourceType
from pilothouse.desired.state import Types
from pilothouse.planning.hashes import Hasher


class Catalog(Types, Protocol):
    """Every type there is."""

    def of(self, kind: str) -> ResourceType[Any]:
        """Return the type of a type block or Kubernetes kind."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a Reconciler works with. edition: what tells this operator from others, see `planning.hashes.edition`."""

    store: Store
    fleet: Fleet
    observer: Observer
    executor: Executor
    breakers: Breakers
    destruction: Destruction
    recorder: Recorder
    notices: Notices
    catalog: Catalog
    hasher: Hasher
    clock: Timer
    control_plane: str
    edition: str
    wake: Callable[[Key], None]
    rooms: Rooms = field(default_factory=Rooms)
