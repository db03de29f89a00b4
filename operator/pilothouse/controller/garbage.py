"""Orphans: what bears our mark and belongs to no Application any more, as after a finalizer was removed by hand.

They are told of, and deleted only where the fleet's policy says so, one in a Cell at a time, long after nobody has
claimed them. What a type retains by default is never deleted: whether its Application wanted it to stay is not known.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from pilothouse.api.cell import Orphan
from pilothouse.api.durations import parsed
from pilothouse.api.times import rfc3339, seconds
from pilothouse.applying.ports import Leadership
from pilothouse.controller.fleet import Cell, Fleet
from pilothouse.controller.observing import Types
from pilothouse.controller.ports import Key, Object, Stop
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import HealthState, Listed, Mark

Marked = tuple[str, Listed]
"""A type, and a line of it that bears a mark."""
_log = logging.getLogger(__name__)


class Inventory(Protocol):
    """What the listings or watches of a Cell show."""

    def marked(self) -> Iterator[Marked]:
        """Go through everything that bears the mark of our control plane."""


def belongs(mark: Mark, application: Object | None, *, cloud: bool) -> bool:
    """Tell whether something is an Application's, or will be decided on by one of the same name.

    application: the one that the mark names, None when there is none. Of an earlier incarnation it takes over what it
    names itself; a thing in a cloud that it does not name is nobody's.
    """
    if application is None:
        return not mark.uid
    if mark.uid in {"", application["metadata"]["uid"]} or not cloud:
        return True
    spec, status = application.get("spec") or {}, application.get("status") or {}
    return any(each.get("name") == mark.resource for each in (*_of(spec), *_of(status)))


def _of(part: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return part.get("resources") or ()


def orphans(found: Iterable[tuple[str, str, Mark]], before: Iterable[Orphan], now: float) -> tuple[Orphan, ...]:
    """Return the orphans of a Cell, the oldest first, each with the time when it was first seen to be one.

    found: type, identifier and mark of each; before: those of the last time; now: seconds since the epoch.
    """
    since = {(one.type, one.id): one.first_seen for one in before}
    known = (
        Orphan(
            type=kind,
            id=identifier,
            owner=f"{mark.owner.namespace}/{mark.owner.application}",
            resource=mark.resource,
            first_seen=since.get((kind, identifier), rfc3339(now)),
        )
        for kind, identifier, mark in found
    )
    return tuple(sorted(known, key=lambda one: (one.first_seen, one.type, one.id)))


class Collector:
    """Looks for orphans, and deletes those that are due. Works only while this process leads.

    stop: tells why nothing may be destroyed in a Cell now; settles_in: seconds after which something is called an
    orphan, for listings go on to show what was just deleted.
    """

    def __init__(
        self,
        fleet: Fleet,
        types: Types,
        leadership: Leadership,
        application: Callable[[Key], Object | None],
        stop: Callable[[str], Stop | None],
        settles_in: float,
    ) -> None:
        self._fleet, self._types, self._leadership = fleet, types, leadership
        self._application, self._stop, self._settles_in = application, stop, settles_in
        self._seen: dict[str, tuple[Orphan, ...]] = {}
        """What was seen to be an orphan the last time, by Cell."""
        self._tried: dict[tuple[str, str], float] = {}

    async def collect(self) -> None:
        """Look once at every Cell; delete at most one orphan in each."""
        places = set[object]()
        for cell in self._fleet:
            place, inventory = _place(cell)
            if inventory is None or not cell.listed or cell.out_of_reach()[0]:
                continue
            # Cells of one cluster, or of one account and region, see the same things.
            found = () if place in places else self._found(cell, inventory)
            places.add(place)
            self._seen[cell.name] = found
            self._tell(cell, tuple(one for one in found if time.time() - seconds(one.first_seen) >= self._settles_in))
            if (due := self._due(cell)) is not None:
                await self._retire(cell, due)

    def _found(self, cell: Cell, inventory: Inventory) -> tuple[Orphan, ...]:
        marked = ((kind, line.id, line.mark) for kind, line in inventory.marked() if line.mark is not None)
        lost = (each for each in marked if not self._belongs(cell, each[2]))
        before = self._seen.get(cell.name)
        return orphans(lost, cell.status.orphans if before is None else before, time.time())

    @staticmethod
    def _tell(cell: Cell, found: tuple[Orphan, ...]) -> None:
        for one in found:
            if one not in (cell.orphans or ()):
                _log.warning("Cell %s: %s %s of %s belongs to no Application", cell.name, one.type, one.id, one.owner)
        cell.orphans = found

    def _belongs(self, cell: Cell, mark: Mark) -> bool:
        key = Key(mark.owner.namespace, mark.owner.application)
        return belongs(mark, self._application(key), cloud=cell.cloud is not None)

    def _due(self, cell: Cell) -> Orphan | None:
        """Return the orphan to delete now: of those that are due, the one whose turn was longest ago."""
        policy = self._fleet.policy()
        if policy.suspend or policy.orphans.retire_after is None or self._stop(cell.name) is not None:
            return None
        latest = time.time() - parsed(policy.orphans.retire_after)
        due = [one for one in cell.orphans or () if seconds(one.first_seen) <= latest and self._deletes(one)]
        return min(due, key=lambda one: self._tried.get((one.type, one.id), 0.0), default=None)

    def _deletes(self, one: Orphan) -> bool:
        return self._types.of(one.type).deletion_policy == "Delete"

    async def _retire(self, cell: Cell, one: Orphan) -> None:
        """Delete an orphan, if a direct read shows that it still is one."""
        self._tried[one.type, one.id] = time.monotonic()
        kind, send = self._types.of(one.type), self._fleet.provider(cell.name).send
        try:
            have = await run(kind.read(one.id), send)
            if have is None or have.mark is None or self._belongs(cell, have.mark):
                return
            if have.health.state is HealthState.DELETING:
                return
            for call in kind.delete(have):
                self._leadership.check()
                await send(call)
        except DataplaneError as error:
            _log.warning("Cell %s: the orphan %s %s stays for now: %s", cell.name, one.type, one.id, error)
        else:
            _log.warning("Cell %s: deleted the orphan %s %s of %s", cell.name, one.type, one.id, one.owner)


def _place(cell: Cell) -> tuple[object, Inventory | None]:
    if cell.cluster is not None:
        return id(cell.cluster), cell.cluster
    aws = cell.spec.aws if cell.spec is not None else None
    return (aws.account_id, aws.region) if aws is not None else "", cell.cloud
