"""Strays: things that bear an Application's mark, but are on no record."""

from collections.abc import Callable, Iterable
from typing import Any

from pilothouse.api.application import DeletionPolicy, LedgerEntry
from pilothouse.applying.ledger import Book, parse_key
from pilothouse.dataplane.types import Listed, ResourceType, TargetKey


def claim(
    book: Book,
    strays: Iterable[tuple[TargetKey, Listed]],
    wanted: Iterable[TargetKey],
    uid: str,
    of: Callable[[str], ResourceType[Any]],
) -> Book:
    """Take things that bear this very Application's mark, but are on no record, into the ledger, to be retired.

    They are what a call made that nobody waited for any more: a former leader's, say, that was paused for long. Or an
    endpoint denied them once, and they are older than that: so what a type retains by default is retained.
    strays: each by every key that it may have, for several Cells of one account see the same things; of: finds a type.
    """
    known = {*wanted, *(key for key, entry in book.entries.items() if entry.id)}
    recorded = {entry.id or entry.lost_id for key, entry in book.entries.items() if key in known}
    sent = {(key.type, key.resource) for key in (parse_key(intent.target) for intent in book.in_flight)}
    found: dict[str, tuple[TargetKey, LedgerEntry]] = {}
    for key, line in strays:
        if key in known or (key.type, key.resource) in sent:
            recorded.add(line.id)
        elif line.mark is not None and line.mark.uid == uid:
            before = book.entries.get(key) or _unrecorded(key, of(key.type).deletion_policy)
            incarnation = max(before.incarnation, line.mark.incarnation)
            entry = before.model_copy(update={"id": line.id, "state": "Unknown", "incarnation": incarnation})
            found.setdefault(line.id, (key, entry))
    claimed = {key: entry for key, entry in found.values() if entry.id not in recorded}
    return Book({**book.entries, **claimed}, book.in_flight)


def _unrecorded(key: TargetKey, policy: DeletionPolicy) -> LedgerEntry:
    return LedgerEntry(name=key.resource, type=key.type, cell=key.cell, deletion_policy=policy)
