"""From evidence to conclusions about one thing, so that an outage never looks like a decision.

Two kinds of evidence exist. A *listing* is cheap and may be stale, empty or short: it can show that something is
there, never that it is gone. A *look* is a direct read of one identifier, or of the mark and name where no identifier
is known yet: only a look can say that something does not exist. One thing is taken from listings: that nothing stands
under a name where nothing was ever made, for the create of a named thing is a look itself. It makes nothing if it is
wrong, and what it answers with counts as made once it is seen to bear our mark.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pilothouse.api.application import LedgerEntry
from pilothouse.api.cell import OUTDATED_SECONDS
from pilothouse.api.paths import Path
from pilothouse.api.plan import Change
from pilothouse.api.times import seconds
from pilothouse.dataplane.types import HealthState, Listed, Mark, Reading, TargetKey

Ledger = Mapping[TargetKey, LedgerEntry]


class Presence(StrEnum):
    """What may be concluded about a thing."""

    PRESENT = "Present"
    ABSENT = "Absent"
    """Looked for by mark and name, and not there; it was never known to be."""
    GONE = "Gone"
    """It was there; its provider says of its identifier that there is no such thing any more."""
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Look:
    """What a direct read found, and when (seconds since the epoch); several where an unfinished create left extras.

    of: the identifier that was read; empty where the mark and name were looked for.
    """

    found: tuple[Reading, ...]
    at: float
    of: str = ""

    def concerns(self, identifier: str) -> bool:
        """Tell whether it says anything of `identifier`: that it was not found by its mark does not make it gone."""
        return self.of == identifier or any(reading.id == identifier for reading in self.found)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one thing.

    listed: lines of the newest listing with its identifier or mark; listed_at: when that was taken, 0 if never.
    look: the last direct read since our last change of it, of whatever identifier; written: whether we changed it and
    have not looked since. unreachable: why its Cell cannot be asked, or the last attempt failed; empty when it can.
    unlisted_at: of something named that was never made, when the listing was taken that shows nothing of that name.
    doubted_at: when a person last let its Cell go on that missed much: what looks missed until then may be there.
    lags: whether a listing may show how the thing was before, as those of clouds do, unlike a watch.
    """

    listed: tuple[Listed, ...] = ()
    listed_at: float = 0.0
    look: Look | None = None
    written: bool = False
    unreachable: str = ""
    unlisted_at: float = 0.0
    doubted_at: float = 0.0
    lags: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """The conclusion about one thing.

    ours: whether `reading` bears the very mark that it should, so that nobody else made it; foreign: whether something
    on record bears no mark of this incarnation of its owner; extras: others that bear the very mark; looked_at: when it
    was last read directly, seconds since the epoch; failed: it is Unknown because asking failed, which `message` tells.
    unlisted_at: of what is not there, when the newest listing was taken, if that shows nothing of it either, else 0;
    former: whether `reading` bears the mark of the one before, which was taken for gone.
    """

    presence: Presence
    reading: Reading | None = None
    ours: bool = False
    foreign: bool = False
    extras: tuple[Reading, ...] = ()
    message: str = ""
    looked_at: float = 0.0
    failed: bool = False
    unlisted_at: float = 0.0
    former: bool = False


@dataclass(frozen=True, slots=True)
class Tidings:
    """Until when listings or a watch tell what becomes of a thing. Seconds since the epoch throughout.

    at: when they last did, 0 for never; trouble: why they do not now, as far as that is known; refused: whether the
    provider decided that they shall not, so that only a person helps. read_at: when the thing was last read in full,
    where they show too little of it; unread: how long it may be until it is read again.
    """

    at: float
    trouble: str = ""
    refused: bool = False
    read_at: float = 0.0
    unread: float = math.inf

    def since(self, looked_at: float) -> float:
        """Return when it was last known what becomes of the thing, which was looked at directly at `looked_at`."""
        return min(max(self.at, looked_at), max(self.read_at, looked_at) + self.unread)


@dataclass(frozen=True, slots=True)
class Outdated:
    """A thing that may not be as it was seen to be. since: seconds since the epoch; refused: see `Tidings`."""

    since: float
    trouble: str
    refused: bool


def outdated(tidings: Tidings, looked_at: float, now: float) -> Outdated | None:
    """Return since when it is not known what becomes of a thing, and why; None while what was seen counts."""
    since = tidings.since(looked_at)
    if not tidings.refused and now - since <= OUTDATED_SECONDS:
        return None
    return Outdated(since, tidings.trouble, tidings.refused)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a provider says that applying the Desired State would change, or why it refuses to.

    foreign: fields left to others, which it says they have changed; they were not part of the question.
    """

    changes: tuple[Change, ...] = ()
    refusal: str = ""
    foreign: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The Observed State of one Application at one moment (seconds since the epoch).

    outdated: of what is there and wanted, that which nothing tells the changes of.
    """

    at: float
    sightings: Mapping[TargetKey, Sighting] = field(default_factory=dict)
    previews: Mapping[TargetKey, Preview] = field(default_factory=dict)
    outdated: Mapping[TargetKey, Outdated] = field(default_factory=dict)

    def sighting(self, key: TargetKey) -> Sighting:
        """Return the conclusion about `key`; Unknown where nobody looked."""
        return self.sightings.get(key, _NOBODY_LOOKED)

    def twin(self, key: TargetKey, among: Iterable[TargetKey]) -> bool:
        """Tell whether the thing at `key` is seen in another Cell as well: Cells of one account see the same things."""
        seen = _looks(self.sighting(key))
        others = (other for other in among if other.cell != key.cell and other.type == key.type)
        return seen is not None and any(_looks(self.sighting(other)) == seen for other in others)


def _looks(sighting: Sighting) -> tuple[object, ...] | None:
    """Return what tells one thing from all others: the ARN among its outputs differs from account to account."""
    reading = sighting.reading
    return None if reading is None else (reading.id, reading.mark, tuple(sorted(reading.outputs.items())))


_NOBODY_LOOKED = Sighting(Presence.UNKNOWN, message="not observed yet")


def key_of(entry: LedgerEntry) -> TargetKey:
    """Return the key of a ledger entry."""
    return TargetKey(entry.cell, entry.type, entry.name)


def known_as(ledger: Ledger, key: TargetKey, snapshot: Snapshot) -> TargetKey | None:
    """Return under which other name that is on record which was found for `key`, which has nothing yet.

    It bears the name or the mark of one resource, and is another's by its identifier: that of a resource that was
    renamed, mostly. What is on record is nobody else's. The same identifier in another Cell is another thing, unless it
    looks the same: Cells of one account see the same things.
    """
    entry, seen = ledger.get(key), snapshot.sighting(key)
    if seen.reading is None or (entry is not None and entry.id):
        return None
    for other, one in sorted(ledger.items()):
        if (other.type, one.id) != (key.type, seen.reading.id) or one.observed_only or other.resource == key.resource:
            continue
        if other.cell == key.cell or _looks(snapshot.sighting(other)) == _looks(seen):
            return other
    return None


def needs_look(entry: LedgerEntry | None, evidence: Evidence, *, in_flight: bool) -> bool:
    """Tell whether only a direct read can conclude: nothing is known, we wrote since, or a listing misses it."""
    if evidence.unreachable:
        return False
    look = _look_at(entry, evidence)
    if look is not None and not in_flight:
        if not look.found:
            return _doubtful(entry, evidence, look)
        return look.at <= evidence.listed_at and (_missing(entry, evidence) or _moved(entry, evidence, look))
    if entry is None:
        shown = bool(evidence.unlisted_at)
    else:
        # Of a change that is under way a listing may show what was before it, which may be just what is wanted now.
        at_rest = entry.under_way is None or not evidence.lags
        shown = bool(entry.id) and at_rest and _listed_reading(entry, evidence) is not None
    return in_flight or evidence.written or not shown


def sight(entry: LedgerEntry | None, evidence: Evidence, mark: Mark, now: float, settles_in: float) -> Sighting:
    """Conclude what is known of one thing.

    entry: what the ledger remembers; mark: what it bears, or would; now: seconds since the epoch;
    settles_in: seconds after its create during which a provider may still answer that there is no such thing.
    """
    if evidence.unreachable:
        return Sighting(Presence.UNKNOWN, message=evidence.unreachable, failed=True)
    if needs_look(entry, evidence, in_flight=False):
        return Sighting(Presence.UNKNOWN, message="not read since its last change")
    look = _look_at(entry, evidence)
    if entry is not None and entry.id:
        return _recorded(entry, evidence, look, mark, now=now, settles_in=settles_in)
    lost = entry.lost_id if entry is not None else ""
    return _unrecorded(look, mark, lost, 0.0 if evidence.listed else evidence.listed_at)


def _look_at(entry: LedgerEntry | None, evidence: Evidence) -> Look | None:
    """Return the look at the very thing that the ledger remembers, or at its mark and name where it does not."""
    look = evidence.look
    return look if look is not None and look.concerns(entry.id if entry else "") else None


def _unrecorded(look: Look | None, mark: Mark, lost: str, unlisted_at: float) -> Sighting:
    """Conclude on a thing without an identifier: what a listing shows of it does not count, only what a look found.

    lost: the identifier of the one before, which may bear a name that its resource had then.
    """
    if look is None or not look.found:
        return Sighting(Presence.ABSENT, looked_at=look.at if look else 0.0, unlisted_at=unlisted_at)
    best, *others = sorted(look.found, key=lambda reading: _rank(reading, mark, lost))
    extras = tuple(reading for reading in others if reading.mark == mark)
    before = replace(mark, incarnation=mark.incarnation - 1)
    former = best.mark is not None and before == (
        replace(best.mark, resource=mark.resource) if best.id == lost else best.mark
    )
    return Sighting(Presence.PRESENT, best, best.mark == mark, extras=extras, looked_at=look.at, former=former)


def _rank(reading: Reading, mark: Mark, lost: str) -> tuple[int, str]:
    found = reading.mark
    if found == mark:
        return 0, reading.id
    if found is not None and found.owner == mark.owner and (found.resource == mark.resource or reading.id == lost):
        return 1, reading.id
    return 2, reading.id


def _recorded(
    entry: LedgerEntry, evidence: Evidence, look: Look | None, mark: Mark, *, now: float, settles_in: float
) -> Sighting:
    extras, looked_at = _extras(entry, evidence, mark), look.at if look else 0.0
    found = next((reading for reading in look.found if reading.id == entry.id), None) if look else None
    listed = _listed_reading(entry, evidence)
    if listed is not None and (look is None or (evidence.listed_at > look.at and look.found)):
        found = listed
    age = now - seconds(entry.changed_at)
    if found is not None and _marked_yet(entry, found, age, settles_in):
        ours, foreign = found.mark == mark, found.mark is None or found.mark.uid != mark.uid
        return Sighting(Presence.PRESENT, found, ours, foreign, extras, looked_at=looked_at)
    if found is not None:
        hidden = f"created {age:.0f} s ago, its mark is not visible yet"
        return Sighting(Presence.UNKNOWN, message=hidden, looked_at=looked_at)
    if entry.state == "Created" and age < settles_in:
        return Sighting(Presence.UNKNOWN, message=f"created {age:.0f} s ago, not visible yet", looked_at=looked_at)
    unlisted_at = evidence.listed_at if _missing(entry, evidence) else 0.0
    return Sighting(Presence.GONE, extras=extras, looked_at=looked_at, unlisted_at=unlisted_at)


def _marked_yet(entry: LedgerEntry, found: Reading, age: float, settles_in: float) -> bool:
    """Tell whether it has its mark, or could have it by now, or is still being made."""
    return bool(found.mark or entry.applied_hash) or age >= settles_in or found.health.state is not HealthState.READY


def _listed_reading(entry: LedgerEntry, evidence: Evidence) -> Reading | None:
    return next((line.reading for line in evidence.listed if line.id == entry.id), None)


def _missing(entry: LedgerEntry | None, evidence: Evidence) -> bool:
    return entry is not None and bool(entry.id) and all(line.id != entry.id for line in evidence.listed)


def _moved(entry: LedgerEntry | None, evidence: Evidence, look: Look) -> bool:
    """Tell whether a listing that may be behind shows a thing otherwise than the last look: only another can tell."""
    listed = _listed_reading(entry, evidence) if entry is not None and evidence.lags else None
    return listed is not None and listed not in look.found


def _doubtful(entry: LedgerEntry | None, evidence: Evidence, look: Look) -> bool:
    """Tell whether what vanished may be there all the same: an endpoint may not have told the truth."""
    if entry is None or entry.id or not entry.lost_at:
        return False
    return look.at <= evidence.doubted_at or (look.at <= evidence.listed_at and bool(evidence.listed))


def _extras(entry: LedgerEntry, evidence: Evidence, mark: Mark) -> tuple[Reading, ...]:
    """Others with our very mark: what a token-less create left behind when the listing before it was stale."""
    looked = evidence.look.found if evidence.look else ()
    seen = {reading.id: reading for reading in (*_readings(evidence.listed), *looked)}
    return tuple(seen[i] for i in sorted(seen) if i != entry.id and seen[i].mark == mark)


def _readings(listed: Iterable[Listed]) -> Iterable[Reading]:
    return (line.reading for line in listed if line.reading is not None)
