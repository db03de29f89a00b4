"""Applications as this process knows them: what Kopf's watch told, and what our own writes were answered.

The newest resource version wins, whichever way it came. While a write of ours is under way, what the watch tells of the
same object is held back: it is nearly always the echo of that write, and must not cause another pass.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from pydantic import ValidationError

from pilothouse.api.application import Destroyed
from pilothouse.api.meta import REPLACE_ANNOTATION, RETRY_ANNOTATION
from pilothouse.controller.holdings import Holdings
from pilothouse.controller.ports import Key, Object
from pilothouse.desired.exports import imported

Changed = Callable[[Key], None]
_MEANINGFUL: Final = ("generation", "deletionTimestamp", "finalizers")
_REQUESTS: Final = (RETRY_ANNOTATION, REPLACE_ANNOTATION)
"""Annotations by which people ask for something; all others are none of our business."""


class Applications:
    """Every Application, by key. `changed` is called for what the next pass would see differently.

    holdings: what they have in Cells, by their ledgers.
    """

    def __init__(self, changed: Changed) -> None:
        self._changed = changed
        self._objects: dict[Key, Object] = {}
        self.holdings = Holdings()
        self.destroyed_told: Callable[[Key, list[Destroyed]], None] = lambda _key, _stored: None
        """Called with what the status of an Application tells of its destructive steps."""
        self._imports: dict[Key, frozenset[Key]] = {}
        self._importers: defaultdict[Key, set[Key]] = defaultdict(set)
        self._writing: set[Key] = set()
        self._held: dict[Key, tuple[bool, Object]] = {}

    def __iter__(self) -> Iterator[Key]:
        """Iterate over the keys there are now."""
        return iter(tuple(self._objects))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._objects)

    def values(self) -> Iterator[Object]:
        """Iterate over the objects there are now."""
        return iter(tuple(self._objects.values()))

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is one of this key."""
        return key in self._objects

    def stalled(self) -> list[Key]:
        """Return the keys of those that only a change outside of them can help."""
        return [key for key, raw in self._objects.items() if status_of(raw, "Stalled") == "True"]

    def get(self, key: Key) -> Object | None:
        """Return the newest version known."""
        return self._objects.get(key)

    def importers(self, key: Key) -> list[Key]:
        """Return the Applications that refer to resources of this one, sorted."""
        return sorted(self._importers.get(key, ()))

    def told(self, raw: Mapping[str, Any], *, deleted: bool) -> None:
        """Take what the watch tells of an object."""
        key, slim = key_of(raw), _slim(raw)
        if key in self._writing:
            self._held[key] = deleted, slim
        elif deleted:
            self._gone(key, slim)
        else:
            self._seen(key, slim)

    def replied(self, raw: Mapping[str, Any]) -> Object:
        """Take the answer to a write or read of ours; return the newest version known."""
        key, slim = key_of(raw), _slim(raw)
        metadata = slim["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            self._put(key, None)
            return slim
        if _newer(slim, self._objects.get(key)):
            self._put(key, slim)
        return self._objects[key]

    def vanished(self, key: Key) -> None:
        """Take note that there is no such object any more."""
        if self._put(key, None) is not None:
            self._changed(key)

    def relisted(self, keys: set[Key], before: set[Key]) -> None:
        """Drop those of `before`, known when a complete listing began, that it did not show."""
        for key in before - keys:
            self.vanished(key)

    @contextmanager
    def writing(self, key: Key) -> Iterator[None]:
        """Hold back what the watch tells of `key` until the answer to a write is there."""
        self._writing.add(key)
        try:
            yield
        finally:
            self._writing.discard(key)
            if (held := self._held.pop(key, None)) is not None:
                self.told(held[1], deleted=held[0])

    def _put(self, key: Key, new: Object | None) -> Object | None:
        """Put `new`, or nothing, in the place of what is known; return that."""
        old = self._objects.pop(key, None)
        self.holdings.put(key, new)
        if destroyed := ((new or {}).get("status") or {}).get("destroyed"):
            with suppress(ValidationError):  # the pass that reads such a status tells of it
                self.destroyed_told(key, [Destroyed.model_validate(each) for each in destroyed])
        if new is not None:
            self._objects[key] = new
        if _generation(old) != _generation(new):
            self._index(key, new)
        if key in self._importers and _shares(old) != _shares(new):
            for importer in self.importers(key):
                self._changed(importer)
        return old

    def _index(self, key: Key, new: Object | None) -> None:
        """Take note of which others it refers to, and tell those that it refers to no more."""
        named = imported((new or {}).get("spec") or {}, key.namespace)
        after, before = frozenset(Key(*one) for one in named), self._imports.pop(key, frozenset())
        for one in before - after:
            self._importers[one].discard(key)
            if not self._importers[one]:
                del self._importers[one]
            self._changed(one)
        for one in after:
            self._importers[one].add(key)
        if after:
            self._imports[key] = after

    def _seen(self, key: Key, new: Object) -> None:
        old = self._objects.get(key)
        if not _newer(new, old):
            return
        self._put(key, new)
        if old is None or _differs(old, new):
            self._changed(key)

    def _gone(self, key: Key, last: Object) -> None:
        known = self._objects.get(key)
        if known is not None and known["metadata"].get("uid") == last["metadata"].get("uid"):
            self.vanished(key)


def key_of(raw: Mapping[str, Any]) -> Key:
    """Return the key of an Application."""
    return Key(raw["metadata"]["namespace"], raw["metadata"]["name"])


def status_of(raw: Object, condition: str) -> str:
    """Return the status of a condition: True, False or Unknown; empty when it is not there."""
    conditions = (raw.get("status") or {}).get("conditions") or ()
    return next((each["status"] for each in conditions if each["type"] == condition), "")


def _generation(raw: Object | None) -> tuple[object, object]:
    metadata = (raw or {}).get("metadata") or {}
    return metadata.get("uid"), metadata.get("generation")


def _shares(raw: Object | None) -> list[object]:
    """Return what others may see of an Application: its consent, what it has, and the outputs of that."""
    spec, status = (raw or {}).get("spec") or {}, (raw or {}).get("status") or {}
    outputs = [(entry.get("name"), entry.get("id"), entry.get("outputs")) for entry in status.get("resources") or ()]
    return [raw is None, spec.get("exports"), spec.get("resources"), outputs]


def version_of(raw: Mapping[str, Any]) -> int:
    """Return the resource version as the number it is. Source: KEP-5504, comparable resource versions."""
    return int(raw["metadata"].get("resourceVersion") or 0)


def _newer(new: Object, old: Object | None) -> bool:
    return old is None or version_of(new) > version_of(old)


def _differs(old: Object, new: Object) -> bool:
    before, after = old["metadata"], new["metadata"]
    if before.get("uid") != after.get("uid") or old.get("status") != new.get("status"):
        return True
    if any(_annotation(before, name) != _annotation(after, name) for name in _REQUESTS):
        return True
    return any(before.get(name) != after.get(name) for name in _MEANINGFUL)


def _annotation(metadata: Mapping[str, Any], name: str) -> str | None:
    return (metadata.get("annotations") or {}).get(name)


def _slim(raw: Mapping[str, Any]) -> Object:
    """Leave out what nobody here reads and what would double the memory: who set which field."""
    metadata = {name: value for name, value in raw["metadata"].items() if name != "managedFields"}
    return {**raw, "metadata": metadata}
