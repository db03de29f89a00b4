"""`make_plan`: what exists and what should, to a proposal of steps. Empty exactly when there is nothing to do."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

from pilothouse.api.application import ApprovalPolicy, LedgerEntry
from pilothouse.api.drift import DriftPolicy
from pilothouse.api.plan import ApplicationRef, Basis, PlannedCall, PlanSpec, Reason, Step, Target
from pilothouse.api.workload_kinds import RUNNERS
from pilothouse.dataplane.types import Call, Owner, Reading, ResourceType, TargetKey, shown
from pilothouse.desired.state import DesiredState
from pilothouse.desired.state import Target as DesiredTarget
from pilothouse.observed.snapshot import Ledger, Snapshot, known_as
from pilothouse.planning import diff
from pilothouse.planning.approval import approval_hash, is_gated
from pilothouse.planning.diff import Context, Draft, Finding
from pilothouse.planning.handover import REPLICAS, given_up, taken_over
from pilothouse.planning.hashes import Hasher, short_digest
from pilothouse.planning.order import REMOVALS, dependencies, named, ordered
from pilothouse.planning.replacing import with_request
from pilothouse.planning.standing import Standing

MOST_STEPS: Final = 200
"""Steps in one Plan; what is left over is the next one."""
MOST_BYTES: Final = 512 * 1024
"""Bytes of JSON in one Plan, a third of what the API server takes."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be done without asking, the stricter of fleet and Application."""

    approval: ApprovalPolicy = "Destructive"
    drift: DriftPolicy = "Correct"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose Plan it is, and the keyed hash of this installation. asked: identities of things to be replaced."""

    owner: Owner
    uid: str
    hasher: Hasher
    deleting: bool = False
    asked: frozenset[str] = frozenset()
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What should be done now, and what was found on the way.

    steps: in an order that satisfies dependencies; drafts: what stands behind each, by its name;
    findings: one for each target, wanted or remembered; reasons: why each step is to be taken.
    """

    reason: Reason
    desired_hash: str
    steps: tuple[Step, ...] = ()
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    findings: Mapping[TargetKey, Finding] = field(default_factory=dict)
    reasons: Mapping[str, Reason] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to do."""
        return not self.steps

    def spec(self, application: str, uid: str, revision: int) -> PlanSpec:
        """Return the proposal as the spec of a Plan."""
        return PlanSpec(
            application_ref=ApplicationRef(name=application, uid=uid),
            revision=revision,
            reason=self.reason,
            desired_hash=self.desired_hash,
            approval_hash=approval_hash(self.steps),
            steps=self.steps,
        )


def plan_name(application: str, spec: PlanSpec) -> str:
    """Return `<application>-<revision>-<digest>`: a Plan edited by hand no longer fits its name."""
    return f"{application}-{spec.revision}-{plan_digest(spec)}"


def plan_digest(spec: PlanSpec) -> str:
    """Return a short digest over everything in the Plan; a field that a later version adds is nothing while unset."""
    return short_digest(spec.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def make_plan(
    subject: Subject,
    desired: DesiredState,
    ledger: Ledger,
    snapshot: Snapshot,
    policy: Policy,
    types: Callable[[str], ResourceType[Any]],
) -> Proposal:
    """Return the steps from what `snapshot` shows to what `desired` asks for.

    types: finds the type of something that only the ledger knows still.
    """
    bare = Context(
        subject.owner,
        subject.uid,
        subject.hasher,
        {},
        drift_policy=policy.drift,
        asked=subject.asked,
        now=snapshot.at,
        standing=subject.standing,
    )
    context = replace(bare, outputs=known_outputs(bare, desired, ledger, snapshot))
    users = _users(ledger)
    examined = _examined(context, desired, ledger, snapshot, types)
    leaving = given_up(examined, desired.handovers)
    findings = _held_back(taken_over(examined, leaving, snapshot), users)
    drafts = named([*_changes(findings), *_extras(desired, ledger, snapshot, types)])
    order = islice(ordered(dependencies(drafts, users, leaving)).items(), MOST_STEPS)
    why = {name: _reason_of(subject, draft, ledger, desired) for name, draft in drafts.items()}
    gates = {
        name: not subject.deleting and is_gated(draft, policy.approval, why[name], proposed=desired.proposed)
        for name, draft in drafts.items()
    }
    steps = _within_bytes(
        _step(name, drafts[name], before, subject.hasher, gated=gates[name]) for name, before in order
    )
    reasons = {step.name: why[step.name] for step in steps}
    reason = _strongest(subject, reasons.values())
    return Proposal(reason, _desired_hash(subject.hasher, desired), steps, drafts, findings, reasons)


def known_outputs(
    context: Context, desired: DesiredState, ledger: Ledger, snapshot: Snapshot
) -> dict[str, Mapping[str, str]]:
    """Return the outputs of the wanted cloud resources that exist, by resource; `id` is always one.

    They are what readings show, or showed when there was one last, the secrets of ours that they have, and imports.
    """
    outputs: dict[str, Mapping[str, str]] = dict(desired.imports)
    for key, target in desired.targets.items():
        if target.type.provider != "kubernetes":
            entry = ledger.get(key)
            reading = _used(context.owner, target, ledger, snapshot)
            known = {"id": reading.id, **reading.outputs} if reading is not None else _remembered(entry)
            outputs[key.resource] = {**known, **(_secrets(context, target, entry, reading) if known else {})}
    return {name: known for name, known in outputs.items() if known}


def _used(owner: Owner, target: DesiredTarget, ledger: Ledger, snapshot: Snapshot) -> Reading | None:
    """Return what others may use as `target`: what is on record, marked or named as it, and not what is in its way."""
    key, entry, found = target.key, ledger.get(target.key), snapshot.sighting(target.key).reading
    if found is None or (entry is not None and entry.id == found.id):
        return found
    named = found.id in {target.adopt, target.observed}
    return found if (named or diff.is_of(owner, key, found)) and known_as(ledger, key, snapshot) is None else None


def _secrets(
    context: Context, target: DesiredTarget, entry: LedgerEntry | None, have: Reading | None
) -> Mapping[str, str]:
    """Return the secrets that we made for a thing which has them: as it shows, or as this very edition left it.

    With another key they are others: whoever used them before they are set would be locked out.
    """
    if target.observed:
        return {}
    want = diff.want_of(context, target, entry)
    shows = have is not None and not target.type.beyond(want, have)
    return target.type.secrets(want) if shows or context.standing.knows(entry) else {}


def _remembered(entry: LedgerEntry | None) -> dict[str, str]:
    """Return the outputs that were seen last, so that whoever uses them need not wait for a Cell out of reach."""
    return {"id": entry.id, **entry.outputs} if entry is not None and entry.outputs else {}


def _examined(
    context: Context,
    desired: DesiredState,
    ledger: Ledger,
    snapshot: Snapshot,
    types: Callable[[str], ResourceType[Any]],
) -> dict[TargetKey, Finding]:
    findings = {}
    before = _on_their_way(desired, ledger)
    after = {old: new for new, old in before.items() if _carried_over(old, ledger)}
    for key in sorted({*desired.targets, *ledger}):
        target, sighting = desired.targets.get(key), snapshot.sighting(key)
        if key in before:
            why = f"waits until it shows what becomes of {before[key]}, its name before"
            findings[key] = Finding(key, waiting=f"{key}: {why}")
        elif key in after:
            findings[key] = Finding(key, waiting=f"{key}: goes on as {after[key]}")
        elif target is not None and (other := known_as(ledger, key, snapshot)) is not None:
            findings[key] = diff.taken(target, sighting, other, ledger[other], wanted=other in desired.targets)
        elif target is not None:
            found = diff.examine(context, target, ledger.get(key), sighting, snapshot.previews.get(key))
            findings[key] = with_request(context, found, target, ledger.get(key), sighting)
        elif snapshot.twin(key, desired.targets):
            findings[key] = Finding(key)  # it moved to another Cell that sees it too: nothing is to be removed
        else:
            findings[key] = diff.retire(context, types(key.type), ledger[key], key, sighting)
    return findings


def _on_their_way(desired: DesiredState, ledger: Ledger) -> dict[TargetKey, TargetKey]:
    """Return by key that which a thing had before its resource was renamed, while that is what is on record.

    It is not known then what becomes of it, or the next pass carries it over: see `applying.ledger.renamed`.
    """
    former = {
        target.key: replace(target.key, resource=target.renamed_from)
        for target in desired.targets.values()
        if target.renamed_from and target.key not in ledger
    }
    return {key: before for key, before in former.items() if before in ledger and before not in desired.targets}


def _carried_over(before: TargetKey, ledger: Ledger) -> bool:
    """Tell whether there is something of that name, and in one Cell only: else it is not what is renamed."""
    same = [entry for key, entry in ledger.items() if (key.type, key.resource) == (before.type, before.resource)]
    return len(same) == 1 and bool(same[0].id)


def _held_back(
    findings: Mapping[TargetKey, Finding], users: Mapping[TargetKey, frozenset[TargetKey]]
) -> dict[TargetKey, Finding]:
    """Let nothing be removed before what uses it, where that cannot be changed or removed now."""
    held = dict(findings)
    stuck = [key for key, finding in findings.items() if finding.stuck]
    while stuck:
        user = stuck.pop()
        for key, finding in held.items():
            removal = finding.draft is not None and finding.draft.action in REMOVALS
            if removal and user in users.get(key, ()):
                held[key] = replace(finding, draft=None, waiting=f"{key}: waits for {user}, which uses it")
                stuck.append(key)
    return held


def _changes(findings: Mapping[TargetKey, Finding]) -> list[Draft]:
    return [finding.draft for finding in findings.values() if finding.draft is not None]


def _extras(
    desired: DesiredState, ledger: Ledger, snapshot: Snapshot, types: Callable[[str], ResourceType[Any]]
) -> list[Draft]:
    """Return what retires extras. What is on record is none: its mark may be that of a name it had before."""
    recorded = {entry.id for entry in ledger.values()}
    keys = sorted({*desired.targets, *ledger})
    extras = ((key, extra) for key in keys for extra in snapshot.sighting(key).extras if extra.id not in recorded)
    drafts = [diff.retire_extra(types(key.type), key, extra) for key, extra in extras]
    return [draft for draft in drafts if draft is not None]


def _users(ledger: Ledger) -> dict[TargetKey, frozenset[TargetKey]]:
    users: dict[TargetKey, set[TargetKey]] = defaultdict(set)
    by_text = {str(key): key for key in ledger}
    for key, entry in ledger.items():
        for used in entry.after:
            if used in by_text:
                users[by_text[used]].add(key)
    return {key: frozenset(found) for key, found in users.items()}


def _step(name: str, draft: Draft, before: tuple[str, ...], hasher: Hasher, *, gated: bool) -> Step:
    key, have = draft.key, draft.have
    return Step(
        name=name,
        action=draft.action,
        target=Target(cell=key.cell, type=key.type, resource=key.resource),
        depends_on=before,
        impact=draft.impact,
        gated=gated,
        basis=Basis(id=have.id if have else "", observed=_fingerprint(draft, hasher), desired=draft.desired),
        changes=draft.changes,
        token=draft.token,
        calls=tuple(_rendered(call) for call in draft.calls()),
    )


def _within_bytes(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the first steps that fit into one Plan; at least one."""
    kept: list[Step] = []
    size = 0
    for step in steps:
        size += len(step.model_dump_json())
        if kept and size > MOST_BYTES:
            break
        kept.append(step)
    return tuple(kept)


def _fingerprint(draft: Draft, hasher: Hasher) -> str:
    """Return a hash of the fields that the diff read, keyed, for they may be secret."""
    if draft.have is None:
        return "absent"
    return hasher.hash(draft.have.fingerprint or draft.have.spec)


def _rendered(call: Call) -> PlannedCall:
    parameters = call.parameters
    if call.service == "kubernetes":
        parameters = {name: value for name, value in parameters.items() if name != "manifest"}
        manifest = call.parameters.get("manifest")
        if isinstance(manifest, Mapping):
            metadata = manifest.get("metadata", {})
            parameters |= {
                "apiVersion": manifest.get("apiVersion"),
                "kind": manifest.get("kind"),
                "name": metadata.get("name"),
            }
    return PlannedCall(service=call.service, operation=call.operation, parameters=shown(parameters))


_STRENGTH: Final[tuple[Reason, ...]] = ("Deletion", "SpecChanged", "Requested", "Upgrade", "Repair", "Rebalance")
"""A person's change before a person's request, what another edition of the operator sees, a repair, a move, drift."""


def _strongest(subject: Subject, reasons: Collection[Reason]) -> Reason:
    """Return the strongest reason among the steps."""
    found = "Deletion" if subject.deleting else ""
    return next((reason for reason in _STRENGTH if reason in {*reasons, found}), "Drift")


def _reason_of(subject: Subject, draft: Draft, ledger: Ledger, desired: DesiredState) -> Reason:
    """Return why one thing is changed."""
    if subject.deleting:
        return "Deletion"
    if draft.drift or draft.asked:
        return "Requested" if draft.asked else "Drift"
    if draft.extra or _repairs(draft, ledger):
        return "Repair"
    if _moves(draft, desired):
        return "Rebalance"
    return "Upgrade" if subject.standing.unasked(ledger.get(draft.key)) else "SpecChanged"


def _moves(draft: Draft, desired: DesiredState) -> bool:
    """Tell whether a change is one of those that a move between Cells is made of.

    That is more or fewer replicas of what moves, and in the Cells at its ends what else is needed there, or is no more:
    a Service, a ConfigMap. What runs another workload is not touched by it.
    """
    key, whole = draft.key, draft.action in ("Create", "Delete")
    if key in desired.rebalanced:
        return whole or {change.path for change in draft.changes} == {REPLICAS}
    return whole and key.type not in RUNNERS and key.cell in {end.cell for end in desired.rebalanced}


def _repairs(draft: Draft, ledger: Ledger) -> bool:
    """Tell whether a Create makes again what was there before."""
    entry: LedgerEntry | None = ledger.get(draft.key)
    return draft.action == "Create" and entry is not None and entry.incarnation > 0 and not entry.applied_hash


def _desired_hash(hasher: Hasher, desired: DesiredState) -> str:
    return hasher.hash(
        [[str(key), target.deletion_policy, target.spec] for key, target in sorted(desired.targets.items())]
    )
