"""What is retained: what a spec says so of, whatever else stands there, and what such a thing stands on."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pilothouse.api.application import DeletionPolicy, Resource
from pilothouse.applying.ledger import Book, parse_key
from pilothouse.dataplane.types import ResourceType, TargetKey

_CARE: Final[Mapping[DeletionPolicy, int]] = {"Delete": 0, "Snapshot": 1, "Retain": 2}


def sparing(book: Book, resources: Iterable[Resource], of: Callable[[str], ResourceType[Any]]) -> Book:
    """Spare what a spec wants spared although nothing else in it counts: it is wrong, or the Application is going.

    Only the more careful policy is taken over. What is retained because of what stands on it stays so.
    resources: those of the spec; of: finds a type.
    """
    entries = dict(book.entries)
    named = ((name, one) for one in resources for name in (one.renamed_from, one.name) if name)
    said = {(kind, name): one for name, one in named for kind in one.blocks}
    for key, entry in entries.items():
        resource = said.get((key.type, key.resource))
        if resource is not None and not entry.observed_only:
            policy = _policy(resource, of(key.type))
            if _CARE[policy] > _CARE[entry.deletion_policy]:
                entries[key] = entry.model_copy(update={"deletion_policy": policy})
    return Book(entries, book.in_flight)


def _policy(resource: Resource, kind: ResourceType[Any]) -> DeletionPolicy:
    """Return what becomes of a resource; a snapshot that its type cannot make is none."""
    if resource.id is not None:
        return "Retain"
    policy = resource.deletion_policy or kind.deletion_policy
    return "Delete" if policy == "Snapshot" and not kind.snapshots else policy


def keeping(book: Book, wanted: AbstractSet[TargetKey], of: Callable[[str], ResourceType[Any]]) -> Book:
    """Retain whatever cloud resources a retained thing depends on, directly or not, once none of them is wanted.

    It is on record before anything is let go: afterwards nobody knows who stood on what. of: finds a type.
    """
    entries = dict(book.entries)
    unwanted = {key for key, entry in entries.items() if key not in wanted and not entry.observed_only}
    standing = [key for key in unwanted if entries[key].id and entries[key].deletion_policy == "Retain"]
    while standing:
        for under in map(parse_key, entries[standing.pop()].after):
            if under not in unwanted or of(under.type).provider == "kubernetes":
                continue
            if entries[under].deletion_policy != "Retain":
                entries[under] = entries[under].model_copy(update={"deletion_policy": "Retain"})
                standing.append(under)
    return Book(entries, book.in_flight)
