"""The ledger: what is remembered, and how each observation and outcome changes it. Pure."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from pilothouse.api.application import EXHAUSTED, Drift, Intent, LedgerEntry, Resource, Settled, UnderWay
from pilothouse.api.times import rfc3339, rfc3339_milli, seconds
from pilothouse.dataplane.types import HealthState, Reading, TargetKey, set_keys
from pilothouse.desired.state import Target
from pilothouse.observed.snapshot import Presence, Sighting, Snapshot, known_as
from pilothouse.planning.breaker import DESTRUCTIVE
from pilothouse.planning.diff import ENDED, Finding

Entries = dict[TargetKey, LedgerEntry]

LONGEST_CALL_SECONDS: Final = 30.0
"""How long after it was sent a call may still have its effect, whatever became of its sender."""
_A_MOMENT = 0.001
"""Seconds. What is remembered is whole milliseconds."""
_LONGEST_VALUE = 256
"""Characters of a drifted value that status shows."""


@dataclass(frozen=True, slots=True)
class Book:
    """The ledger and the intents of one Application, as they are on the API server or are about to be."""

    entries: Mapping[TargetKey, LedgerEntry] = field(default_factory=dict)
    in_flight: tuple[Intent, ...] = ()

    def intent(self, key: TargetKey) -> Intent | None:
        """Return the first unsettled intent that concerns `key`, if there is one."""
        return next(iter(self.intents(key)), None)

    def intents(self, key: TargetKey) -> tuple[Intent, ...]:
        """Return the unsettled intents that concern `key`: several where a create was repeated."""
        return tuple(intent for intent in self.in_flight if intent.target == str(key))


def parse_key(text: str) -> TargetKey:
    """Return the key spelled cell/type/resource."""
    return TargetKey(*text.split("/", 2))


@dataclass(frozen=True, slots=True)
class Rules:
    """What settling an intent may rely on.

    uid: of this incarnation of the Application; wanted: what is to exist; named: things whose identifier may be a name,
    which their next ones have as well; longest_call: seconds during which a call that was sent may still have its
    effect; window: seconds during which it may, or its effect be hidden.
    """

    uid: str
    wanted: frozenset[TargetKey]
    named: frozenset[TargetKey]
    longest_call: float
    window: float


def observing(book: Book, targets: Mapping[TargetKey, Target]) -> Book:
    """Take in what is to be read only, and drop what is not any more: for those, that is all there is to remember."""
    wanted = {key: target.observed for key, target in targets.items() if target.observed}
    kept = {key: entry for key, entry in book.entries.items() if not entry.observed_only or wanted.get(key) == entry.id}
    new = {
        key: LedgerEntry(name=key.resource, type=key.type, cell=key.cell, id=identifier, state="Unknown")
        for key, identifier in wanted.items()
        if key not in kept
    }
    marked = {key: entry.model_copy(update={"observed_only": True}) for key, entry in new.items()}
    return Book({**kept, **marked}, book.in_flight)


def renamed(book: Book, resources: Sequence[Resource]) -> Book:
    """Carry over what is known under the name that a resource had until now.

    What is in flight goes along where it is a change of the very thing; anything else is settled first.
    """
    names = {(kind, one.name) for one in resources for kind in one.blocks}
    for one in resources:
        for kind in one.blocks:
            old = _before(book, kind, one, names)
            if old is not None and _movable(book, old):
                book = _moved(book, old, replace(old, resource=one.name))
    return book


def _before(book: Book, kind: str, one: Resource, names: AbstractSet[tuple[str, str]]) -> TargetKey | None:
    """Return under which other name that is on record which goes on as `one`; None where nothing does.

    It had that name until now; or was to have it, and that is taken back before its mark bears it. names: all wanted.
    """
    if any((key.type, key.resource) == (kind, one.name) for key in book.entries):
        return None
    left = {key: entry for key, entry in book.entries.items() if key.type == kind and (kind, key.resource) not in names}
    had = [key for key in left if key.resource == one.renamed_from]
    taken_back = [key for key, entry in left.items() if entry.renamed_from == one.name]
    return next((found[0] for found in (had, taken_back) if len(found) == 1), None)


def _movable(book: Book, key: TargetKey) -> bool:
    return all(book.entries[key].id and intent.action in _IN_PLACE for intent in book.intents(key))


_IN_PLACE: Final = frozenset({"Update", "Adopt"})


def _moved(book: Book, old: TargetKey, new: TargetKey) -> Book:
    """Return the book with one entry under another name, and that name wherever it is depended on."""
    moved = {new if key == old else key: entry for key, entry in book.entries.items()}
    entry = moved[new]
    before = old.resource if entry.renamed_from in {"", new.resource} else entry.renamed_from
    # Password and token are others under another name: it is not known to be as it is wanted, nor to be refused.
    unknown = {"settled": Settled(), "spent_at": ""}
    moved[new] = entry.model_copy(update={"name": new.resource, "renamed_from": before, **unknown})
    spelled = {str(old): str(new)}
    after = {key: tuple(spelled.get(one, one) for one in entry.after) for key, entry in moved.items()}
    entries = {key: entry.model_copy(update={"after": after[key]}) for key, entry in moved.items()}
    sent = (one.model_copy(update={"target": spelled.get(one.target, one.target)}) for one in book.in_flight)
    return Book(entries, tuple(sent))


def settle(book: Book, snapshot: Snapshot, rules: Rules) -> Book:
    """Resolve intents by what a look has found since: the outcome of a call whose reply is not on record.

    What was not found is waited for, also while it is made again: forgetting it would leave behind what its provider
    does not show yet, should it not be wanted any more. Where a token was refused, that ends with `spent.renew`. A call
    to something named is waited for although it is known what has become of the thing: coming late, it would hit the
    next one of that name, or make one more. So is one that destroys what still stands: it may be there to stay by then.
    """
    entries = dict(book.entries)
    kept = [intent for intent in book.in_flight if not _settled(intent, entries, snapshot, rules)]
    return Book(entries, tuple(kept))


def _settled(intent: Intent, entries: Entries, snapshot: Snapshot, rules: Rules) -> bool:
    key = parse_key(intent.target)
    sighting, entry = snapshot.sighting(key), entries.get(key)
    if sighting.presence is Presence.UNKNOWN:
        return False
    if entry is None:
        return True
    age = snapshot.at - seconds(intent.sent_at)
    if entry.id or intent.action not in _TAKING:
        hits_others = key in rules.named and intent.action in _HITTING_OTHERS
        harms = hits_others or (intent.action in DESTRUCTIVE and _stands(sighting))
        return not harms or age >= rules.longest_call
    found = sighting.reading
    ours = sighting.ours or (key not in rules.wanted and _of_uid(found, key, rules.uid))
    if found is not None and ours and known_as(entries, key, snapshot) is None:
        entries[key] = entry.model_copy(update={"id": found.id, "state": "Progressing", "changed_at": intent.sent_at})
        return True
    refused = bool(entry.spent_at) and found is None
    return age >= rules.window and not refused


_TAKING: Final = frozenset({"Create", "Adopt"})
"""Actions after which something is ours that was not."""
_HITTING_OTHERS: Final = frozenset({"Create", "Delete", "Replace"})
"""Actions that do harm to whatever bears the name when they come late."""


def _stands(sighting: Sighting) -> bool:
    """Tell whether a thing is there, and nothing has begun to destroy it."""
    return sighting.reading is not None and sighting.reading.health.state is not HealthState.DELETING


def _of_uid(found: Reading | None, key: TargetKey, uid: str) -> bool:
    """Tell whether a thing is of this incarnation of the Application, whichever incarnation of the thing it is."""
    return found is not None and found.mark is not None and (found.mark.resource, found.mark.uid) == (key.resource, uid)


def record(
    book: Book,
    snapshot: Snapshot,
    ending: AbstractSet[TargetKey] = frozenset(),
    named: AbstractSet[TargetKey] = frozenset(),
) -> Book:
    """Write down the facts that allow what they allow: what is gone is gone, and its next one is another.

    ending: what comes to an end by itself and is removed then: once applied and gone, it has ended.
    named: what a create finds if it exists, whoever made it.
    """
    sent = {parse_key(intent.target) for intent in book.in_flight}
    entries = {
        key: _with_fact(entry, snapshot, snapshot.sighting(key), ends=key in ending)
        if entry.id
        else entry
        if key in sent
        else _found_again(entry, snapshot.sighting(key), known_as(book.entries, key, snapshot))
        for key, entry in book.entries.items()
    }
    met = {key for key in named & entries.keys() if _not_made(entries[key], snapshot.sighting(key))}
    return Book({**entries, **{key: _unmade(entries[key]) for key in met}}, book.in_flight)


def _not_made(entry: LedgerEntry, sighting: Sighting) -> bool:
    """Tell whether a create was answered with something that somebody else, or another incarnation, had made."""
    found = sighting.reading
    known = not entry.id or entry.applied_hash or entry.observed_only
    return not known and sighting.foreign and found is not None and found.health.state is HealthState.READY


def _unmade(entry: LedgerEntry) -> LedgerEntry:
    return entry.model_copy(update={"id": "", "state": "", "applied_keys": (), "under_way": None})


def _found_again(entry: LedgerEntry, sighting: Sighting, other: TargetKey | None) -> LedgerEntry:
    """Return the entry of what was taken for gone and is seen again, before the next one was made: it never went."""
    if not entry.lost_at or not sighting.former or sighting.reading is None or other is not None:
        return entry
    back = {"id": sighting.reading.id, "incarnation": entry.incarnation - 1, "state": "Unknown", "message": ""}
    return entry.model_copy(update={**back, "lost_at": "", "lost_id": ""})


def _lost_at(entry: LedgerEntry, sighting: Sighting, now: float) -> str:
    """Return since when it is missing; what it was before where we removed it, or a person declared its Cell gone.

    That is the time of the listing that shows nothing of it; else a moment after the look, so that another listing
    has to confirm it.
    """
    ours = entry.under_way is not None and entry.under_way.action in DESTRUCTIVE
    if ours or not sighting.looked_at:
        return entry.lost_at
    return rfc3339_milli(sighting.unlisted_at or now + _A_MOMENT)


def _with_fact(entry: LedgerEntry, snapshot: Snapshot, sighting: Sighting, *, ends: bool) -> LedgerEntry:
    if sighting.presence is not Presence.GONE:
        return entry
    if entry.observed_only:
        return entry.model_copy(update={"state": "Gone", "message": f"{entry.id} does not exist", "outputs": {}})
    fresh: dict[str, object] = {"applied_keys": (), "applied_fields": {}, "drift": (), "outputs": {}, "under_way": None}
    gone = {"id": "", "incarnation": entry.incarnation + 1, "stored_hash": "", **fresh}
    if ends and entry.applied_hash:
        failed = entry.state == HealthState.FAILED.value
        ended = {} if failed else {"state": ENDED, "message": f"{entry.id} came to its end and was removed"}
        return entry.model_copy(update=gone | ended)
    since = entry.lost_at if ends else _lost_at(entry, sighting, snapshot.at)
    lost = {
        "state": "Gone",
        "applied_hash": "",
        "message": f"{entry.id} is gone",
        "lost_at": since,
        "lost_id": entry.id if since != entry.lost_at else "",
        "settled": Settled(),
    }
    return entry.model_copy(update=gone | lost)


def forget(book: Book, wanted: Iterable[TargetKey], snapshot: Snapshot, doubted: Container[str] = ()) -> Book:
    """Drop what is not wanted and gone, or was released, or is on record in another Cell that sees it as well.

    What is still in flight stays until it is settled. doubted: Cells in which so much is missing that it may be there
    all the same: what vanished there stays on record until a person has looked.
    """
    keep = set(wanted) | {parse_key(intent.target) for intent in book.in_flight}
    keep |= {key for key, entry in book.entries.items() if key.cell in doubted and entry.lost_at and not entry.id}
    recorded = {key for key in keep if key in book.entries and book.entries[key].id}
    keep |= set(_full(book, {(key.type, key.resource) for key in keep}))
    entries = {
        key: entry
        for key, entry in book.entries.items()
        if key in keep or (entry.id and not _released(snapshot.sighting(key)) and not snapshot.twin(key, recorded))
    }
    return Book(entries, book.in_flight)


def _full(book: Book, wanted: AbstractSet[tuple[str, str]]) -> Iterator[TargetKey]:
    """Yield where there was no room for what is wanted and exists nowhere yet: another Cell is better until it does."""
    missing = wanted - {(key.type, key.resource) for key, entry in book.entries.items() if entry.id}
    for key, entry in book.entries.items():
        if entry.state == EXHAUSTED and (key.type, key.resource) in missing:
            yield key


def _released(sighting: Sighting) -> bool:
    """Tell whether a thing bears the mark of no incarnation of its owner: it is left in place for good."""
    return sighting.reading is not None and sighting.reading.mark is not None and not sighting.reading.mark.uid


def describe(
    book: Book,
    findings: Mapping[TargetKey, Finding],
    snapshot: Snapshot,
    targets: Mapping[TargetKey, Target],
    now: str,
    settled: Settled,
) -> Book:
    """Bring state, drift and applied hashes of every entry up to what was found in this pass.

    now: RFC 3339, the first-seen time of drift that is new; settled: for which spec, and by which operator, a thing is
    found to be as it is wanted.
    """
    entries = dict(book.entries)
    for key, entry in book.entries.items():
        finding = findings.get(key)
        found = _described(entry, finding, snapshot.sighting(key), targets.get(key), now)
        converged = key in targets and finding is not None and _converged(finding)
        entries[key] = found.model_copy(update={"settled": settled}) if converged else found
    return Book(entries, book.in_flight)


def _described(
    entry: LedgerEntry, finding: Finding | None, sighting: Sighting, target: Target | None, now: str
) -> LedgerEntry:
    if finding is None:
        return entry
    update: dict[str, object] = {}
    if target is not None:
        after = tuple(sorted({*entry.after, *map(str, target.after)}))
        update |= {"deletion_policy": target.deletion_policy, "after": after}
        update["delete_timeout"] = target.timeouts.delete or ""
    if not entry.id:
        # What has ended was judged by its hash, which another edition of the operator may spell otherwise.
        update |= {"applied_hash": finding.resolved_hash} if _converged(finding) else {}
        return entry.model_copy(update=update)
    if target is None or _judged(finding):
        update |= {"drift": _drift(entry.drift, finding, now), "applied_fields": dict(finding.applied_fields)}
    if sighting.presence is Presence.UNKNOWN and entry.state != "Created":
        update |= {"state": "Unknown", "message": sighting.message}
    elif sighting.reading is not None:
        update |= _as_seen(entry, target, sighting.reading)
        if sighting.reading.health.state is HealthState.READY and _at_rest(entry.under_way, finding):
            update["under_way"] = None
        if target is not None and _converged(finding):
            update |= _as_applied(target, finding, sighting.reading)
    return entry.model_copy(update=update)


def _as_seen(entry: LedgerEntry, target: Target | None, reading: Reading) -> dict[str, object]:
    """Return what a reading tells: its name before is nothing once the mark bears the new one."""
    health, mark = reading.health, reading.mark
    update: dict[str, object] = {"outputs": dict(reading.outputs)}
    if mark is not None and mark.resource == entry.name:
        update["renamed_from"] = ""
    if not (target is not None and target.ends and health.state is HealthState.DELETING):
        # What is removed at its end keeps the state that it ended with.
        update |= {"state": health.state.value, "message": health.message}
    return update


def _judged(finding: Finding) -> bool:
    """Tell whether the thing was compared with what is wanted; while it is not, its drift is what it was."""
    return bool(finding.resolved_hash) and (finding.objected or not finding.blocked)


def _at_rest(way: UnderWay | None, finding: Finding) -> bool:
    """Tell whether nothing is left to do of a change, given that its thing is Ready. What comes next is another one."""
    draft = finding.draft
    goes_on = way is not None and draft is not None and (way.action, way.desired) == (draft.action, draft.desired)
    return _judged(finding) and not goes_on


def _converged(finding: Finding) -> bool:
    return _judged(finding) and not finding.draft


def _as_applied(target: Target, finding: Finding, reading: Reading) -> dict[str, object]:
    """Return what is remembered of a thing that is as it is wanted; until then what it was before counts as well.

    What others changed and is left that way is asked about again, should the policy change.
    """
    keys = set_keys(target.spec) if target.type.provider != "kubernetes" else ()
    applied: dict[str, object] = {
        "applied_hash": finding.resolved_hash,
        "applied_keys": tuple(sorted(keys)),
        "after": tuple(sorted(map(str, target.after))),
    }
    return applied if finding.left else applied | {"stored_hash": reading.fingerprint}


def _drift(before: Sequence[Drift], finding: Finding, now: str) -> tuple[Drift, ...]:
    seen = {drift.path: drift.first_seen for drift in before}
    return tuple(
        Drift(
            path=change.path,
            desired=_text(change.new),
            observed=_text(change.old),
            first_seen=seen.get(change.path, now),
            by=change.by,
            contested=change.path in finding.contested,
        )
        for change in finding.drift
    )


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def timeout_of(action: str) -> Literal["create", "update", "delete"]:
    """Return which timeout an action is under."""
    return "create" if action == "Create" else "delete" if action in {"Delete", "Replace"} else "update"


def begun(entry: LedgerEntry, way: UnderWay) -> LedgerEntry:
    """Return the entry with a change about to be sent; sent again, it is under way since the first time."""
    known = entry.under_way
    same = known is not None and (known.action, known.desired) == (way.action, way.desired)
    return entry if same else entry.model_copy(update={"under_way": way})


def rests(entry: LedgerEntry) -> LedgerEntry:
    """Return the entry with no change under way."""
    return entry.model_copy(update={"under_way": None})


def created(entry: LedgerEntry, identifier: str, now: float) -> LedgerEntry:
    """Return the entry after a create was answered; what was applied is known once it is read back."""
    update = {"id": identifier, "state": "Created", "changed_at": rfc3339(now), "message": "", "applied_keys": ()}
    return entry.model_copy(update=update)


def replied(entry: LedgerEntry, reading: Reading, *, asked_again: bool = False) -> LedgerEntry:
    """Return the entry after a reply that described the thing as it is now.

    asked_again: it is not as it is wanted in all, so what applying would change is still to be asked.
    """
    update = {
        "stored_hash": "" if asked_again else reading.fingerprint,
        "state": reading.health.state.value,
        "message": reading.health.message,
    }
    return entry.model_copy(update=update)


def is_ready(entry: LedgerEntry | None) -> bool:
    """Tell whether a thing exists and is Ready by its provider's word, or has come to its end as it should."""
    if entry is None:
        return False
    return entry.state == ENDED or (bool(entry.id) and entry.state == HealthState.READY.value)
