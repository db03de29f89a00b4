"""Gather the Observed State of one Application: evidence from memory, looks where only a look can tell, previews."""

import asyncio
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from pilothouse.api.application import LedgerEntry
from pilothouse.api.paths import Path
from pilothouse.applying.ledger import Book
from pilothouse.applying.ports import Cells, Clock
from pilothouse.dataplane import errors
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import (
    Creation,
    HealthState,
    Listed,
    Mark,
    Owner,
    Reading,
    ResourceType,
    TargetKey,
    Want,
)
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import (
    Evidence,
    Look,
    Outdated,
    Presence,
    Preview,
    Sighting,
    Snapshot,
    Tidings,
    needs_look,
    outdated,
    sight,
)
from pilothouse.planning import drift
from pilothouse.planning.diff import Context, adopts, mark_of, want_of
from pilothouse.planning.hashes import Hasher, sealed
from pilothouse.planning.outputs import missing
from pilothouse.planning.plan import known_outputs
from pilothouse.planning.standing import Standing
from pilothouse.planning.tokens import token


@dataclass(frozen=True, slots=True)
class Listing:
    """What the newest listing of a Cell shows of one thing, and when it was taken (seconds since the epoch)."""

    lines: tuple[Listed, ...] = ()
    at: float = 0.0


class Inventories(Protocol):
    """What the sweeps and watches of Cells have seen."""

    def listing(self, key: TargetKey, owner: Owner, identifier: str) -> Listing:
        """Return what bears the mark of `owner` and `key`, or has `identifier`."""

    def strays(self, owner: Owner) -> Iterable[tuple[TargetKey, Listed]]:
        """Return everything cloud listings show with the mark of `owner`, by the key that the mark tells."""

    def unlisted(self, key: TargetKey, name: str) -> float:
        """Return when the newest listing of the type was taken, if it shows nothing under `name`; else 0."""

    def tidings(self, key: TargetKey, owner: Owner, identifier: str) -> Tidings | None:
        """Return until when they tell what becomes of a thing; None where nothing can be said of that."""

    def unreachable(self, cell: str) -> str:
        """Return why a Cell cannot be asked; empty when it can."""

    def abandoned(self, cell: str) -> bool:
        """Tell whether a person declared what was in the Cell gone."""


class Types(Protocol):
    """The catalog, as far as observing needs it."""

    def of(self, kind: str) -> ResourceType[Any]:
        """Return the type of a type block or Kubernetes kind."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The Application observed: whose, which incarnation, what it wants and what it remembers.

    doubted: when a person last let a Cell go on in which something of it vanished, seconds since the epoch.
    """

    owner: Owner
    uid: str
    desired: DesiredState
    book: Book
    doubted: Mapping[str, float] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)


OBSERVED_SECONDS: Final = 300.0
"""How long what was read of a thing that is not ours is taken for what it is: no listing tells of its changes."""


class Memory:
    """Looks and previews of one Application's things. Lost at a crash, and made again."""

    def __init__(self, clock: Clock) -> None:
        """Start knowing nothing."""
        self._clock = clock
        self.looks: dict[TargetKey, Look] = {}
        self.written: set[TargetKey] = set()
        self.previews: dict[TargetKey, tuple[tuple[str, str, frozenset[Path]], Preview]] = {}
        self.failures: dict[TargetKey, str] = {}
        self.gone: set[str] = set()

    def wrote(self, key: TargetKey) -> None:
        """Take note that `key` was, or may have been, changed."""
        self.written.add(key)
        self.looks.pop(key, None)
        self.previews.pop(key, None)

    def saw(self, key: TargetKey, found: tuple[Reading, ...], of: str = "") -> None:
        """Take note of a direct read made just now; it is newer than any write before it."""
        self.looks[key] = Look(found, self._clock.now(), of)
        self.written.discard(key)
        self.failures.pop(key, None)
        self.gone -= {reading.id for reading in found}

    def missed(self, key: TargetKey, identifier: str) -> None:
        """Take note that an extra of `key` is proven not to exist, whatever listings go on to show."""
        self.gone.add(identifier)
        self.looks.pop(key, None)


class Observer:
    """Reads Cells for one Application at a time."""

    def __init__(self, cells: Cells, inventories: Inventories, types: Types, hasher: Hasher, clock: Clock) -> None:
        """Take the providers, what sweeps have seen, the catalog, the hasher and the clock."""
        self._cells, self._inventories, self._types = cells, inventories, types
        self._hasher, self._clock = hasher, clock

    def strays(self, owner: Owner) -> Iterable[tuple[TargetKey, Listed]]:
        """Return everything in the clouds that bears the mark of `owner`, as far as listings show it."""
        return self._inventories.strays(owner)

    async def snapshot(self, subject: Subject, memory: Memory) -> Snapshot:
        """Return the Observed State of `subject`, reading directly where memory cannot tell."""
        keys = sorted({*subject.desired.targets, *subject.book.entries})
        await asyncio.gather(*(self._look(subject, memory, key) for key in keys))
        sightings = {key: self._sighting(subject, memory, key) for key in keys}
        seen = Snapshot(self._clock.now(), sightings)
        bare = Context(subject.owner, subject.uid, self._hasher, {}, standing=subject.standing)
        outputs = known_outputs(bare, subject.desired, subject.book.entries, seen)
        context = replace(bare, outputs=outputs)
        wanted = sorted(subject.desired.targets.items())
        previews = await asyncio.gather(
            *(self._preview(context, target, subject, memory, sightings[key]) for key, target in wanted)
        )
        found = {key: preview for (key, _), preview in zip(wanted, previews, strict=True) if preview is not None}
        return Snapshot(seen.at, sightings, found, self._outdated(subject, sightings))

    def _outdated(self, subject: Subject, sightings: Mapping[TargetKey, Sighting]) -> Mapping[TargetKey, Outdated]:
        """Return what is wanted and there, and may have changed since without anybody telling."""
        found = dict[TargetKey, Outdated]()
        for key, target in sorted(subject.desired.targets.items()):
            reading, entry = sightings[key].reading, subject.book.entries.get(key)
            # What is somebody else's is in no listing: it is read again and again.
            if reading is None or target.observed or entry is None or not entry.id:
                continue
            tidings = self._inventories.tidings(key, subject.owner, entry.id)
            late = tidings and outdated(tidings, sightings[key].looked_at, self._clock.now())
            found |= {key: late} if late else {}
        return found

    def _evidence(self, subject: Subject, memory: Memory, key: TargetKey) -> Evidence:
        entry = subject.book.entries.get(key)
        # Listings show what is ours; what is only read is somebody else's.
        listing = Listing()
        if entry is None or not entry.observed_only:
            listing = self._inventories.listing(key, subject.owner, _identifier(subject.book, key))
        look = memory.looks.get(key)
        return Evidence(
            tuple(line for line in listing.lines if line.id not in memory.gone),
            listing.at,
            look if look is not None and look.concerns(entry.id if entry else "") else None,
            key in memory.written,
            self._inventories.unreachable(key.cell) or memory.failures.get(key, ""),
            self._unlisted(subject, key, entry),
            subject.doubted.get(key.cell, 0.0),
            lags=self._types.of(key.type).provider != "kubernetes",
        )

    def _unlisted(self, subject: Subject, key: TargetKey, entry: LedgerEntry | None) -> float:
        target = subject.desired.targets.get(key)
        if entry is not None or target is None or target.adopt or not target.type.create_looks:
            return 0.0
        return self._inventories.unlisted(key, target.name)

    def _sighting(self, subject: Subject, memory: Memory, key: TargetKey) -> Sighting:
        if self._inventories.abandoned(key.cell):
            return Sighting(Presence.GONE)
        entry, kind = subject.book.entries.get(key), self._types.of(key.type)
        evidence = self._evidence(subject, memory, key)
        found = sight(entry, evidence, _mark(subject, key, entry), self._clock.now(), kind.settles_in)
        return found if found.reading is None else replace(found, reading=sealed(found.reading, self._hasher))

    async def _look(self, subject: Subject, memory: Memory, key: TargetKey) -> None:
        entry = subject.book.entries.get(key)
        memory.failures.pop(key, None)
        evidence = self._evidence(subject, memory, key)
        in_flight = subject.book.intent(key) is not None
        nothing = entry is not None and not entry.id and not entry.lost_at
        idle = nothing and key not in subject.desired.targets and not in_flight
        needed = needs_look(entry, evidence, in_flight=in_flight) or self._may_have_moved(key, entry, evidence)
        if idle or self._inventories.abandoned(key.cell) or not needed:
            return
        try:
            memory.saw(key, await self._read(subject, key, entry), entry.id if entry else "")
        except errors.DataplaneError as error:
            memory.looks.pop(key, None)
            memory.failures[key] = str(error)

    def _may_have_moved(self, key: TargetKey, entry: LedgerEntry | None, evidence: Evidence) -> bool:
        """Tell whether only another read can tell that what a look found is not as it was.

        No watch tells that a thing in a cloud has arrived or can be seen, and none that what stood in the way of ours
        is gone.
        """
        look = evidence.look
        if look is None or evidence.unreachable:
            return False
        if entry is None or not entry.id:
            return bool(look.found)
        if self._types.of(key.type).provider == "kubernetes":
            return False
        if entry.observed_only and self._clock.now() - look.at >= OBSERVED_SECONDS:
            return True
        if not look.found:
            return entry.state == "Created" or entry.observed_only
        return any(reading.health.state is not HealthState.READY for reading in look.found)

    async def _read(self, subject: Subject, key: TargetKey, entry: LedgerEntry | None) -> tuple[Reading, ...]:
        kind, send = self._types.of(key.type), self._cells.provider(key.cell).send
        if entry is not None and entry.id:
            reading = await run(kind.read(entry.id), send)
            return () if reading is None else (reading,)
        target = subject.desired.targets.get(key)
        if target is not None and adopts(target, entry):
            reading = await run(kind.read(target.adopt), send)
            return () if reading is None else (reading,)
        found = {one.id: one for one in await run(kind.find(self._sought(subject, key, entry)), send)}
        lost, names = _identifier(subject.book, key), _names(subject, key)
        # A search by mark may be minutes behind: what it shows may be gone, let go, or somebody else's by now.
        # One by name does not find what is said to be lost where its resource was renamed: it keeps its name.
        sure = found if kind.creation is Creation.NAMED else {}
        unsure = {*found, lost} - {*sure, ""}
        read = [await run(kind.read(identifier), send) for identifier in sorted(unsure)]
        # What was lost and bears no mark any more is still what somebody has to decide on.
        return *sure.values(), *(one for one in read if one and _may_be(one, subject.owner, names, lost))

    def _sought(self, subject: Subject, key: TargetKey, entry: LedgerEntry | None) -> Want[Any]:
        """Return what identifies the outcome of a create, whether or not it is still wanted."""
        target, mark = subject.desired.targets.get(key), _mark(subject, key, entry)
        if target is not None:
            return Want(key, target.spec, target.name, mark, token(key.type, mark))
        intent, kind = subject.book.intent(key), self._types.of(key.type)
        kubernetes = kind.provider == "kubernetes" and intent is not None
        name = intent.token if kubernetes and intent is not None else kind.name(subject.owner, key.resource)
        return Want(key, kind.model.model_construct(), name, mark, token(key.type, mark))

    async def _preview(
        self, context: Context, target: Target, subject: Subject, memory: Memory, sighting: Sighting
    ) -> Preview | None:
        entry = subject.book.entries.get(target.key)
        if not target.type.previews or entry is None or not entry.id or sighting.reading is None:
            return None
        want = want_of(context, target, entry)
        resolved = self._hasher.hash(want.spec)
        if missing(want.spec) or target.type.unchanged(sighting.reading, entry, resolved):
            return None
        left = _left_alone(target, want, entry, self._hasher, unasked=subject.standing.unasked(entry))
        basis = (resolved, sighting.reading.fingerprint, left)
        known = memory.previews.get(target.key)
        if known is not None and known[0] == basis:
            return known[1]
        preview = await self._ask(target, want, left)
        # A refusal is asked for again each time: what refuses may change its mind with nothing of ours changed.
        if preview is not None and not preview.refusal:
            memory.previews[target.key] = (basis, preview)
        return preview

    async def _ask(self, target: Target, want: Want[Any], left: frozenset[Path]) -> Preview | None:
        kind, send = target.type, self._cells.provider(target.key.cell).send
        try:
            foreign = await run(kind.foreign(want, left), send) if left else left
            asked = replace(want, spec=kind.without(want.spec, foreign)) if foreign else want
            return Preview(await run(kind.preview(asked), send), foreign=foreign)
        except errors.Refused as error:
            return Preview(refusal=str(error))
        except errors.DataplaneError:
            return None


def _left_alone(
    target: Target, want: Want[Any], entry: LedgerEntry, hasher: Hasher, *, unasked: bool
) -> frozenset[Path]:
    hashes = drift.field_hashes(target, want, hasher)
    same = entry.applied_hash == hasher.hash(want.spec)
    return drift.ignored(target, drift.held(target, entry, hashes, drifted=same, unasked=unasked))


def _mark(subject: Subject, key: TargetKey, entry: LedgerEntry | None) -> Mark:
    return mark_of(subject.owner, subject.uid, key, entry)


def _identifier(book: Book, key: TargetKey) -> str:
    """Return what a thing is known by to its provider, or was until it vanished; empty where nobody knows.

    Another one may have the name by now that it had.
    """
    entry = book.entries.get(key)
    if entry is None or entry.id or not entry.lost_id:
        return entry.id if entry is not None else ""
    taken = any(other.id == entry.lost_id for other in book.entries.values() if other.type == entry.type)
    return "" if taken else entry.lost_id


def _names(subject: Subject, key: TargetKey) -> frozenset[str]:
    """Return the names that what is to be at `key` may bear: its own, and those before that are nobody's by now."""
    entry, target = subject.book.entries.get(key), subject.desired.targets.get(key)
    before = {entry.renamed_from if entry else "", target.renamed_from if target else ""}
    others = {other.resource for other in subject.desired.targets if other.type == key.type}
    return frozenset({key.resource, *(before - others)} - {""})


def _may_be(reading: Reading, owner: Owner, names: Container[str], lost: str) -> bool:
    mark = reading.mark
    return reading.id == lost if mark is None else mark.owner == owner and mark.resource in names
