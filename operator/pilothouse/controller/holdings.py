"""What Applications have in each Cell, and what they lost there, by their ledgers as they are on the API server."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pilothouse.api.times import seconds
from pilothouse.controller.ports import Key, Object
from pilothouse.planning.breaker import DESTRUCTIVE, Loss, Thing


class Holding(NamedTuple):
    """One thing that exists by its ledger. changed_at: when our last change was answered, seconds since the epoch."""

    key: Key
    type: str
    resource: str
    id: str
    changed_at: float

    @property
    def thing(self) -> Thing:
        """The thing, as breakers call it."""
        return Thing(str(self.key), self.type, self.resource)


class Holdings:
    """The ledgers of all Applications, by Cell."""

    def __init__(self) -> None:
        self._leaving: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._cells: dict[Key, list[str]] = {}
        self._owners: defaultdict[str, dict[Key, Object]] = defaultdict(dict)
        self._losers: defaultdict[str, dict[Key, Object]] = defaultdict(dict)

    def put(self, key: Key, application: Object | None) -> None:
        """Take in an Application as it is stored now; None when it is gone."""
        for cell in self._cells.pop(key, ()):
            self._counts[cell] -= 1
            self._owners[cell].pop(key, None)
        for losers in self._losers.values():
            losers.pop(key, None)
        if application is None:
            return
        self._cells[key] = [entry["cell"] for entry in _entries(application) if entry.get("id")]
        self._counts.update(self._cells[key])
        for cell in self._cells[key]:
            self._owners[cell][key] = application
        for entry in _entries(application):
            if entry.get("lostAt"):
                self._losers[entry["cell"]][key] = application

    def leave(self, namespace: str, *, leaving: bool) -> None:
        """Take note that a namespace is being deleted, or that there is none of that name being deleted."""
        (self._leaving.add if leaving else self._leaving.discard)(namespace)

    def count(self, cell: str) -> int:
        """Return how many things exist in a Cell by the ledgers."""
        return self._counts[cell]

    def users(self, cell: str) -> Mapping[Key, int]:
        """Return how many things each Application that has any has in a Cell, by the ledgers."""
        return {key: self._cells[key].count(cell) for key in self._owners.get(cell, ())}

    def of(self, cell: str) -> Iterator[Holding]:
        """Go through what should exist in a Cell, but for what is just coming or going."""
        for key, application in self._owners.get(cell, {}).items():
            if self._stays(key, application):
                for entry in _entries(application):
                    if entry["cell"] == cell and entry.get("id") and not _is_changing(entry):
                        changed = _seconds(entry.get("changedAt"))
                        yield Holding(key, entry["type"], entry["name"], entry["id"], changed)

    def losses(self, cell: str) -> Iterator[Loss]:
        """Go through what vanished in a Cell without our doing, but for what nobody wants back now."""
        for key, application in self._losers.get(cell, {}).items():
            if self._stays(key, application):
                for entry in _entries(application):
                    if entry["cell"] == cell and entry.get("lostAt"):
                        thing = Thing(str(key), entry["type"], entry["name"])
                        yield Loss(thing, _seconds(entry["lostAt"]), bool(entry.get("id")))

    def _stays(self, key: Key, application: Object) -> bool:
        """Tell whether an Application is not deleted, alone or with its namespace, nor suspended.

        What goes of those is no surprise. Of a namespace the objects can be gone long before the Applications are
        deleted: Kubernetes keeps no order, and may be interrupted.
        """
        suspended = (application.get("spec") or {}).get("suspend")
        going = application["metadata"].get("deletionTimestamp") or key.namespace in self._leaving
        return not suspended and not going


def _entries(application: Object) -> list[Mapping[str, Any]]:
    return (application.get("status") or {}).get("resources") or []


def _seconds(text: str | None) -> float:
    """Return seconds since the epoch; 0 for what is no time: the pass that reads such a status tells of it."""
    try:
        return seconds(text or "")
    except ValueError:
        return 0.0


def _is_changing(entry: Mapping[str, Any]) -> bool:
    """Tell whether we are removing a thing, or nobody has seen it yet; or it is none of ours."""
    action = (entry.get("underWay") or {}).get("action")
    return bool(entry.get("observedOnly")) or action in DESTRUCTIVE or entry.get("state") == "Created"
