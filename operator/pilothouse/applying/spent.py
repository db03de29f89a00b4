"""Spent tokens: a provider remembers what it made for one, also when that is another resource's by now, or is gone."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from pilothouse.api.application import LedgerEntry
from pilothouse.api.times import seconds
from pilothouse.applying.ledger import Book, parse_key
from pilothouse.dataplane.types import Mark, Owner, TargetKey
from pilothouse.observed.snapshot import Presence, Sighting, Snapshot
from pilothouse.planning.diff import mark_of


@dataclass(frozen=True, slots=True)
class Tokens:
    """Whose tokens they are: of this incarnation of the Application.

    keys: what has one; window: seconds during which a provider may hide what it has made.
    """

    owner: Owner
    uid: str
    keys: AbstractSet[TargetKey]
    window: float


def renew(book: Book, snapshot: Snapshot, tokens: Tokens) -> tuple[Book, Snapshot]:
    """Go on with the next incarnation, which has a token of its own, where that of this one makes nothing any more.

    So it is where a create was answered with what is another's by now, of which the Snapshot then tells nothing; and
    where the provider refused it, for it had made something with other settings, and nothing with our mark is seen of
    that. It existed when the provider refused, so it would be seen by now. Nothing is left to come of the intents.
    """
    entries, sightings = dict(book.entries), dict(snapshot.sightings)
    for key in tokens.keys & entries.keys():
        entry, sighting = entries[key], snapshot.sighting(key)
        if _made_anothers(entry, sighting, mark_of(tokens.owner, tokens.uid, key, entry)):
            entries[key] = _next(entry)
            message = f"its token had made {entry.id}, which is another's by now; making the next"
            sightings[key] = Sighting(Presence.UNKNOWN, message=message)
        elif _is_nowhere(entry, sighting, tokens.window):
            entries[key] = _next(entry)
        elif entry.id and entry.spent_at:
            entries[key] = entry.model_copy(update={"spent_at": ""})
    renewed = {key for key, entry in entries.items() if entry.incarnation != book.entries[key].incarnation}
    kept = tuple(intent for intent in book.in_flight if parse_key(intent.target) not in renewed)
    return Book(entries, kept), replace(snapshot, sightings=sightings)


def _next(entry: LedgerEntry) -> LedgerEntry:
    fresh = {"id": "", "state": "", "message": "", "applied_keys": (), "under_way": None, "spent_at": ""}
    return entry.model_copy(update={**fresh, "incarnation": entry.incarnation + 1})


def is_anothers(mark: Mark | None, wanted: Mark) -> bool:
    """Tell whether what a create was answered with was let go since, under another name, or taken over by somebody.

    What bears a mark of ours is ours under any name; what was let go under this one is to be taken over again.
    """
    if mark is None:
        return False
    return mark.owner != wanted.owner or (mark.uid != wanted.uid and mark.resource != wanted.resource)


def _made_anothers(entry: LedgerEntry, sighting: Sighting, wanted: Mark) -> bool:
    making = entry.under_way is not None and entry.under_way.action == "Create" and not entry.applied_hash
    return bool(entry.id) and making and sighting.reading is not None and is_anothers(sighting.reading.mark, wanted)


def _is_nowhere(entry: LedgerEntry, sighting: Sighting, window: float) -> bool:
    """Tell whether nothing is seen of what a token was used for, although it would be by now."""
    if entry.id or not entry.spent_at or sighting.presence is not Presence.ABSENT:
        return False
    return sighting.looked_at >= seconds(entry.spent_at) + window
