"""Namespaces, as far as they matter: their labels decide who may use a Cell, and what is in one that goes goes too."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pilothouse.controller.ports import Key
from pilothouse.controller.queue import Priority, WorkQueue
from pilothouse.dataplane.kubernetes.types.identity import Selection
from pilothouse.dataplane.kubernetes.watching import Informer, Informers
from pilothouse.runtime.applications import Applications


class Namespace(NamedTuple):
    """leaving: whether it is being deleted, with all that is in it, in no order."""

    name: str
    labels: Mapping[str, str]
    leaving: bool = False


_UNKNOWN: Final = Namespace("", {})


def follow(informers: Informers, applications: Applications, queue: WorkQueue[Key]) -> Callable[[str], Namespace]:
    """Follow namespaces; returns what tells of one by its name."""

    def changed(old: Namespace | None, new: Namespace | None) -> None:
        named = new or old or _UNKNOWN
        applications.holdings.leave(named.name, leaving=named.leaving and new is not None)
        if new is None:
            return
        for key in applications:
            if key.namespace == new.name:
                queue.add(key, Priority.BACKGROUND)

    informer: Informer[Namespace] = informers.want(Selection("v1", "Namespace"), _project, changed)
    return lambda name: informer.items.get(("", name), _UNKNOWN)


def _project(raw: Mapping[str, Any]) -> Namespace:
    metadata = raw["metadata"]
    return Namespace(metadata["name"], dict(metadata.get("labels") or {}), bool(metadata.get("deletionTimestamp")))
