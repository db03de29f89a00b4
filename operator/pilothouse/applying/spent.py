"""Spent tokens: a provider remembers what it made for one, also when that is another resource's by now, or is gone."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from pilothouse.api.application import LedgerEntry
from pilothouse.api.times import seconds
from pilothouse.applying.ledger import Book
from pilothouse.dataplane.types import TargetKey
from pilothouse.observed.snapshot import Presence, Sighting, Snapshot


def renew(book: Book, snapshot: Snapshot, tokened: AbstractSet[TargetKey], window: float) -> Book:
    """Go on with the next incarnation, which has a token of its own, where that of this one makes nothing any more.

    So it is where a create was answered with what bears another name by now; and where the provider refused it, for it
    had made something with other settings, and nothing is seen of that. What it refused for existed by then, so nothing
    that comes late is made twice by this: it would be seen.
    tokened: what has a token; window: seconds during which a provider may hide what it has made.
    """
    entries = {
        key: _renewed(entry, key, snapshot.sighting(key), window) if key in tokened else entry
        for key, entry in book.entries.items()
    }
    return replace(book, entries=entries)


def _renewed(entry: LedgerEntry, key: TargetKey, sighting: Sighting, window: float) -> LedgerEntry:
    if _is_anothers(entry, key, sighting) or _is_nowhere(entry, sighting, window):
        fresh = {"id": "", "state": "", "message": "", "applied_keys": (), "under_way": None, "spent_at": ""}
        return entry.model_copy(update={**fresh, "incarnation": entry.incarnation + 1})
    return entry.model_copy(update={"spent_at": ""}) if entry.id and entry.spent_at else entry


def _is_anothers(entry: LedgerEntry, key: TargetKey, sighting: Sighting) -> bool:
    """Tell whether a create was answered with what was renamed since, and maybe released."""
    making = entry.under_way is not None and entry.under_way.action == "Create" and not entry.applied_hash
    mark = sighting.reading.mark if sighting.reading is not None else None
    return bool(entry.id) and making and mark is not None and mark.resource not in {key.resource, entry.renamed_from}


def _is_nowhere(entry: LedgerEntry, sighting: Sighting, window: float) -> bool:
    """Tell whether nothing is seen of what a token was used for, although it would be by now."""
    if entry.id or not entry.spent_at or sighting.presence is not Presence.ABSENT:
        return False
    return sighting.looked_at >= seconds(entry.spent_at) + window
