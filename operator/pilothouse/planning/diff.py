"""What to do about one thing: a chain of small decisions, the first that applies wins."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pilothouse.api.application import DeletionPolicy, LedgerEntry
from pilothouse.api.drift import DriftPolicy
from pilothouse.api.plan import Action, Change, Impact
from pilothouse.dataplane.types import (
    Call,
    Creation,
    HealthState,
    Mark,
    Owner,
    Reading,
    ResourceType,
    TargetKey,
    Want,
    set_keys,
    shown,
)
from pilothouse.desired.state import Target
from pilothouse.observed.snapshot import Presence, Preview, Sighting
from pilothouse.planning import drift as drifting
from pilothouse.planning.contest import is_contested
from pilothouse.planning.hashes import Hasher
from pilothouse.planning.outputs import Outputs, filled, missing
from pilothouse.planning.standing import Standing
from pilothouse.planning.tokens import token

ENDED: Final = "Ended"
"""State of a ledger entry whose thing came to its end and was removed, as it was meant to be."""

_SEVERITY: Final[Mapping[str, int]] = {"None": 0, "Disruptive": 1, "Destructive": 2}


@dataclass(frozen=True, slots=True)
class Draft:
    """One change of one target, before its place in the Plan is known.

    want: what should be there afterwards, references filled as far as they are known; None when nothing should.
    have: what is there now; None when nothing is. takeover: an Adopt of what another incarnation of the owner made.
    deletion_policy: what becomes of it when it is no longer wanted, or is replaced.
    asked: whether only a request of a person makes it a change.
    applied_fields: what a create applies to fields that a drift policy names, as the ledger remembers it.
    resolved: keyed hash of all that is wanted, of which `want` may leave fields alone; left: whether it does so with
    something that the provider told of.
    """

    key: TargetKey
    type: ResourceType[Any]
    action: Action
    want: Want[Any] | None = None
    have: Reading | None = None
    changes: tuple[Change, ...] = ()
    impact: Impact = "None"
    desired: str = ""
    drift: bool = False
    takeover: bool = False
    extra: bool = False
    asked: bool = False
    deletion_policy: DeletionPolicy = "Delete"
    after: frozenset[TargetKey] = frozenset()
    applied_keys: frozenset[str] = frozenset()
    applied_fields: Mapping[str, str] = field(default_factory=dict)
    resolved: str = ""
    left: bool = False

    @property
    def token(self) -> str:
        """What finds the outcome of a create again: its token, or the cloud name where names are the keys."""
        if self.want is None or self.action != "Create":
            return ""
        return self.want.token if self.type.creation is Creation.TOKENED else self.want.name

    def calls(self) -> tuple[Call, ...]:
        """Return the calls that can be sent now, references that are not known yet left in."""
        match self.action:
            case "Create" if self.want is not None:
                return (self.type.create(self.want),)
            case "Update" if self.want is not None and self.have is not None:
                return self.type.update(self.have, self.want, self.applied_keys)
            case "Adopt" | "Release" if self.want is not None and self.have is not None:
                return self.type.adopt(self.have, self.want)
            case "Delete" | "Replace" if self.have is not None:
                kept = self.deletion_policy == "Snapshot"
                return self.type.delete_but_snapshot(self.have) if kept else self.type.delete(self.have)
            case _:
                return ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome for one target: a step to take, or why none can be, or nothing at all.

    blocked: (reason, message) that only a person can resolve; waiting: what must be seen or happen first;
    drift: what differs from what was last applied, whether it is corrected or only reported; contested: paths of drift
    that are not corrected, because somebody else would only set them again; left: whether something that the provider
    told of stays different; applied_fields: of fields that a drift policy names, for the ledger; objected: whether all
    that blocks it is that a request of a person is not met.
    """

    key: TargetKey
    draft: Draft | None = None
    blocked: tuple[str, str] | None = None
    waiting: str = ""
    drift: tuple[Change, ...] = ()
    contested: frozenset[str] = frozenset()
    resolved_hash: str = ""
    left: bool = False
    applied_fields: Mapping[str, str] = field(default_factory=dict)
    objected: bool = False

    @property
    def stuck(self) -> bool:
        """Whether it cannot become what is wanted now."""
        return self.draft is None and not self.objected and bool(self.waiting or self.blocked)


@dataclass(frozen=True, slots=True)
class Context:
    """What every decision may use.

    asked: the identities of things that a person wants replaced; now: when the world was as it is seen, seconds since
    the epoch.
    """

    owner: Owner
    uid: str
    hasher: Hasher
    outputs: Outputs
    drift_policy: DriftPolicy = "Correct"
    asked: frozenset[str] = frozenset()
    now: float = 0.0
    standing: Standing = field(default_factory=Standing)


def mark_of(owner: Owner, uid: str, key: TargetKey, entry: LedgerEntry | None) -> Mark:
    """Return the mark that the thing at `key` bears, or would."""
    return Mark(owner, key.resource, uid, entry.incarnation if entry else 0)


def want_of(context: Context, target: Target, entry: LedgerEntry | None) -> Want[Any]:
    """Return what should be there, references filled as far as they are known."""
    mark = mark_of(context.owner, context.uid, target.key, entry)
    spec = filled(target.spec, context.outputs)
    return Want(target.key, spec, target.name, mark, token(target.key.type, mark), context.hasher.password(mark))


def examine(
    context: Context, target: Target, entry: LedgerEntry | None, sighting: Sighting, preview: Preview | None
) -> Finding:
    """Decide on a thing that is wanted."""
    if target.observed:
        return watch(context, target, entry, sighting)
    key, want = target.key, want_of(context, target, entry)
    symbolic = context.hasher.hash(target.spec)
    draft = Draft(key, target.type, "Create", want, sighting.reading, desired=symbolic)
    draft = replace(draft, deletion_policy=target.deletion_policy, after=target.after)
    if sighting.presence is Presence.UNKNOWN:
        return unseen(key, sighting)
    if sighting.presence is Presence.GONE and entry is not None and entry.id:
        return Finding(key, waiting=f"{key}: {entry.id} is gone; recording that before it is made again")
    if sighting.reading is None:
        if adopts(target, entry):
            mend = "correct it, or leave adopt out to have one made"
            return Finding(key, blocked=("NotFound", f"{key}: adopt.id {target.adopt} does not exist; {mend}."))
        fields = drifting.field_hashes(target, want, context.hasher)
        made = Finding(key, draft=_create(replace(draft, applied_fields=fields), want))
        return _ended(context, target, want, entry) or made
    if sighting.reading.health.state is HealthState.DELETING:
        return Finding(key, waiting=f"{key}: {sighting.reading.health.message or 'is being deleted'}")
    if entry is None or not entry.id:
        return _found(draft, drifting.but_ignored(target, want, sighting.reading), sighting.reading, target.adopt)
    if _renamed(context.owner, {target.renamed_from, entry.renamed_from}, sighting.reading):
        return Finding(key, draft=replace(draft, action="Adopt"))
    return _compare(context, draft, target, sighting.reading, entry, preview)


def watch(context: Context, target: Target, entry: LedgerEntry | None, sighting: Sighting) -> Finding:
    """Decide on a thing that is only read: nothing, but to let it go where it was ours until now."""
    key, have = target.key, sighting.reading
    if entry is not None and entry.id != target.observed:
        mend = f"remove it from the Application first, or observe {target.observed} under another name"
        return Finding(key, blocked=("NameConflict", f"{key}: {entry.id} of that name is managed here; {mend}."))
    if sighting.presence is Presence.UNKNOWN:
        return unseen(key, sighting)
    if have is None:
        return Finding(key, blocked=("NotFound", f"{key}: {target.observed} does not exist; correct its id."))
    if is_of(context.owner, key, have) and have.mark is not None and have.mark.uid:
        return Finding(key, draft=_release(context, target.type, key, have, target.after))
    return Finding(key)


def adopts(target: Target, entry: LedgerEntry | None) -> bool:
    """Tell whether something that exists is to be taken over: once, before there was anything of ours."""
    return bool(target.adopt) and (entry is None or (not entry.id and entry.incarnation == 0))


def _renamed(owner: Owner, before: AbstractSet[str], have: Reading) -> bool:
    """Tell whether a thing of ours still bears the name that its resource had before."""
    mark = have.mark
    return mark is not None and mark.owner == owner and mark.resource in before


def unseen(key: TargetKey, sighting: Sighting) -> Finding:
    """Change nothing about a thing whose state is not known."""
    if sighting.failed:
        return Finding(key, blocked=("ObservationFailed", f"{key}: {sighting.message}"))
    return Finding(key, waiting=f"{key}: {sighting.message}")


def _create(draft: Draft, want: Want[Any]) -> Draft:
    changes = tuple(
        Change.model_validate({"path": path, "to": value})
        for path, value in shown(want.spec).items()
        if value not in (None, {}, [])
    )
    return replace(draft, have=None, changes=changes if draft.type.provider != "kubernetes" else ())


def _ended(context: Context, target: Target, want: Want[Any], entry: LedgerEntry | None) -> Finding | None:
    """Leave alone what was applied as it is wanted now and has come to its end; None where that is not so."""
    if not target.ends or entry is None or not entry.applied_hash:
        return None
    if unknown := missing(want.spec):
        return Finding(target.key, waiting=f"{target.key}: {unknown[0]} is not known yet")
    resolved = context.hasher.hash(want.spec)
    same = context.standing.unasked(entry) or resolved == entry.applied_hash
    return Finding(target.key, resolved_hash=resolved) if same else None


def _found(draft: Draft, want: Want[Any], have: Reading, adopt: str) -> Finding:
    """Decide on a thing that is there although the ledger knows nothing of it."""
    if is_of(want.mark.owner, draft.key, have):
        return Finding(draft.key, draft=replace(draft, action="Adopt", takeover=have.mark != want.mark))
    if have.id != adopt:
        return _not_ours(want.mark.owner, draft.key, have, "Rename the resource, or remove the other.")
    if have.mark is not None and have.mark.uid:
        return _not_ours(want.mark.owner, draft.key, have, "Remove it there first, with deletionPolicy Retain.")
    return _adopted(draft, want, have)


def taken(target: Target, sighting: Sighting, other: TargetKey, entry: LedgerEntry, *, wanted: bool) -> Finding:
    """Neither make nor take over what was found: it is `other` by its identifier, which `entry` remembers.

    wanted: whether that is to stay.
    """
    key, mark = target.key, sighting.reading.mark if sighting.reading is not None else None
    if not wanted:
        return Finding(key, waiting=f"{key}: waits until {entry.id}, which is on record as {other.resource}, is gone")
    if entry.renamed_from == key.resource and mark is not None and mark.resource == key.resource:
        why = f"waits until {entry.id}, which was it before, bears the mark of {other.resource}"
        return Finding(key, waiting=f"{key}: {why}")
    mend = "rename this one, or remove that one"
    if target.adopt == entry.id:
        mend = f"leave that one out, and say renamedFrom: {other.resource} here in place of adopt, to go on with it"
    return Finding(key, blocked=("NameConflict", f"{key}: {entry.id} is on record as {other.resource}; {mend}."))


def _adopted(draft: Draft, want: Want[Any], have: Reading) -> Finding:
    """Take over what a person named. The step shows what will be changed afterwards; nothing may be replaced."""
    if unknown := missing(want.spec):
        return Finding(draft.key, waiting=f"{draft.key}: {unknown[0]} is not known yet")
    changes = draft.type.changes(want, have, frozenset())
    fixed = [change for change in changes if draft.type.immutable(change.path)]
    if fixed:
        found = ", ".join(f"{change.path} is {change.old!r} and not {change.new!r}" for change in fixed)
        message = f"{draft.key}: taking over {have.id} would replace it, for {found}; say what it is, or adopt another."
        return Finding(draft.key, blocked=("AdoptWouldReplace", message))
    return Finding(draft.key, draft=replace(draft, action="Adopt", takeover=True, changes=changes))


def is_of(owner: Owner, key: TargetKey, have: Reading) -> bool:
    """Tell whether a thing bears the mark of `key`, of whatever incarnation."""
    return have.mark is not None and have.mark.owner == owner and have.mark.resource == key.resource


def _not_ours(owner: Owner, key: TargetKey, have: Reading, mend: str) -> Finding:
    """Refuse to touch what bears no mark of ours, whatever the ledger says of it."""
    mark = have.mark
    whose = "bears no mark of ours"
    if mark is not None:
        whose = f"belongs to {mark.owner.namespace}/{mark.owner.application}, as its {mark.resource}"
    if mark is not None and mark.owner.control_plane != owner.control_plane:
        whose += f", by control plane {mark.owner.control_plane}, and this is {owner.control_plane}"
    message = f"{key.type} {key.resource} in Cell {key.cell}: {have.id} exists and {whose}. {mend}"
    return Finding(key, blocked=("NameConflict", message))


def _compare(
    context: Context,
    draft: Draft,
    target: Target,
    have: Reading,
    entry: LedgerEntry,
    preview: Preview | None,
) -> Finding:
    key, kind, want = draft.key, draft.type, want_of(context, target, entry)
    if unknown := missing(want.spec):
        return Finding(key, waiting=f"{key}: {unknown[0]} is not known yet")
    resolved = context.hasher.hash(want.spec)
    if preview is not None and preview.refusal:
        return Finding(key, blocked=("Refused", f"{key}: {preview.refusal}"), resolved_hash=resolved)
    unchanged = kind.unchanged(have, entry, resolved)
    if preview is None and kind.previews and not unchanged:
        return Finding(key, waiting=f"{key}: its Cell could not say what applying would change")
    hashes = drifting.field_hashes(target, want, context.hasher)
    drifted, unasked = entry.applied_hash == resolved, context.standing.unasked(entry)
    held = drifting.held(target, entry, hashes, drifted=drifted, unasked=unasked)
    comparison = drifting.Comparison(
        type=kind,
        want=want.spec,
        rule=target.drift,
        policy=target.drift.policy or context.drift_policy,
        drifted=drifted,
        unasked=unasked,
        held=held,
        beyond=kind.beyond(want, have),
    )
    applied = frozenset(entry.applied_keys)
    verdict = _judged(comparison, preview, have, applied, unchanged=unchanged)
    if (verdict.changes or verdict.drift) and not is_of(context.owner, key, have):
        return _not_ours(context.owner, key, have, "Put the mark back, or remove it to have another one made.")
    fields = drifting.remembered(hashes, held, entry, verdict.changes)
    found = Finding(key, drift=verdict.drift, resolved_hash=resolved, left=verdict.left, applied_fields=fields)
    if not verdict.changes:
        return found
    contested = frozenset(change.path for change in found.drift if is_contested(entry, change.path, context.now))
    if drifted and all(change.path in contested for change in verdict.changes):
        return replace(found, contested=contested, left=True)
    want = replace(want, spec=verdict.spec)
    fixed = [change.path for change in verdict.changes if kind.immutable(change.path)]
    if fixed and target.deletion_policy == "Retain":
        return replace(found, blocked=_retained(key, have, fixed))
    changed = replace(draft, want=want, applied_keys=applied - verdict.kept, drift=drifted)
    changed = replace(changed, resolved=resolved, left=verdict.left)
    return replace(found, draft=_change(changed, verdict.changes))


def _retained(key: TargetKey, have: Reading, fixed: list[str]) -> tuple[str, str]:
    why = f"{', '.join(fixed)} cannot change without {have.id} being destroyed, and its deletionPolicy is Retain"
    return "Retained", f"{key}: {why}: undo the change, or set it to Delete if what it holds may go."


def _judged(
    comparison: drifting.Comparison, preview: Preview | None, have: Reading, applied: frozenset[str], *, unchanged: bool
) -> drifting.Verdict:
    if preview is not None:
        return drifting.previewed(comparison, preview)
    if unchanged:
        return drifting.Verdict(comparison.want)
    return drifting.compared(comparison, have, applied)


def _change(draft: Draft, changes: tuple[Change, ...]) -> Draft:
    if any(draft.type.immutable(change.path) for change in changes):
        return replace(draft, action="Replace", changes=changes, impact=draft.type.delete_impact)
    impacts = [draft.type.impact(change.path) for change in changes]
    worst = max(impacts, key=lambda impact: _SEVERITY[impact])
    return replace(draft, action="Update", changes=changes, impact=worst)


def retire(
    context: Context, kind: ResourceType[Any], entry: LedgerEntry, key: TargetKey, sighting: Sighting
) -> Finding:
    """Decide on a thing that the ledger knows and nobody wants."""
    after = frozenset(_parsed(text) for text in entry.after)
    if not entry.id:
        return Finding(key)
    if sighting.presence is Presence.UNKNOWN:
        return unseen(key, sighting)
    if sighting.reading is None:
        return Finding(key)
    if entry.deletion_policy == "Retain":
        return Finding(key, draft=_release(context, kind, key, sighting.reading, after, entry.renamed_from))
    if sighting.reading.health.state is HealthState.DELETING:
        return Finding(key, waiting=f"{key}: {sighting.reading.health.message or 'is being deleted'}")
    have = sighting.reading
    if not (is_of(context.owner, key, have) or _renamed(context.owner, {entry.renamed_from}, have)):
        mend = "Put the mark back to have it deleted, or remove it yourself."
        return _not_ours(context.owner, key, have, mend)
    draft = Draft(key, kind, "Delete", have=have, impact=kind.delete_impact, after=after)
    return Finding(key, draft=replace(draft, deletion_policy=entry.deletion_policy))


def _release(
    context: Context,
    kind: ResourceType[Any],
    key: TargetKey,
    have: Reading,
    after: frozenset[TargetKey],
    before: str = "",
) -> Draft:
    """Leave a thing where it is, its mark without an incarnation of the owner: whoever finds it does not retire it.

    It is still the owner's by name, so that an Application that wants it again takes it over. before: another name that
    its mark may bear still.
    """
    draft = Draft(key, kind, "Release", have=have, after=after)
    if have.mark is None or not (is_of(context.owner, key, have) or _renamed(context.owner, {before}, have)):
        return draft
    released = replace(have.mark, resource=key.resource, uid="")
    nobody = Want(key, kind.model.model_construct(), have.id, released, "")
    return replace(draft, want=nobody)


def retire_extra(kind: ResourceType[Any], key: TargetKey, extra: Reading) -> Draft | None:
    """Destroy what an unfinished create left behind: nothing ever used it, for its outputs were never known."""
    if extra.health.state is HealthState.DELETING:
        return None
    return Draft(key, kind, "Delete", have=extra, extra=True)


def settings_applied(want: Want[Any]) -> tuple[str, ...]:
    """Return the optional settings that `want` sets, for the ledger to remember."""
    return tuple(sorted(set_keys(want.spec)))


def _parsed(text: str) -> TargetKey:
    return TargetKey(*text.split("/", 2))
