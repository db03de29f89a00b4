"""A type to plan with, and builders with plain defaults for everything that planning is given."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis import settings
from pydantic import Field

from pilothouse.api import paths
from pilothouse.api.application import DeletionPolicy, LedgerEntry, Settled
from pilothouse.dataplane.types import (
    DISRUPTIVE,
    IMMUTABLE,
    Call,
    Creation,
    Flow,
    Health,
    HealthState,
    Listed,
    Mark,
    Owner,
    Reading,
    Reference,
    ResourceSpec,
    ResourceType,
    Sensitive,
    TargetKey,
    Want,
    set_keys,
)
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Presence, Preview, Sighting, Snapshot
from pilothouse.planning.diff import Context
from pilothouse.planning.hashes import Hasher
from pilothouse.planning.plan import Policy, Proposal, Subject, make_plan
from pilothouse.planning.standing import Standing

OWNER = Owner("cp-1", "shop", "checkout")
UID = "app-1"
HASHER = Hasher(b"the key of this installation")
SUBJECT = Subject(OWNER, UID, HASHER)
SETTLED = Settled(generation=3, edition="1.0.0 hmac:1")
OTHERS = Standing(now=Settled(generation=3, edition="2.0.0 hmac:2"), before=SETTLED)
"""Another edition of the operator has settled all for the spec of today."""
NOW = 1_700_000_000.0

quick = settings(max_examples=40)
"""For properties: on a busy machine a slow example is no bug."""


class Friend(Reference):
    """Another thing, by its address."""

    to: ClassVar[str] = "thing"
    output: ClassVar[str] = "address"


class Buddy(Reference):
    """Another thing, which may want this one in turn: neither is created with the other."""

    late: ClassVar[bool] = True


class ThingSpec(ResourceSpec):
    """One setting of each sort: that can change, that interrupts, that cannot change, that may be left out, ..."""

    size: int = 1
    speed: int = Field(1, json_schema_extra=DISRUPTIVE)
    shape: str = Field("round", json_schema_extra=IMMUTABLE)
    colour: str | None = None
    password: Sensitive | None = None
    peer: Reference | None = None
    friend: Friend | None = None
    buddy: Buddy | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class Thing(ResourceType[ThingSpec]):
    """A thing in a cloud that does everything at once."""

    provider: ClassVar[str] = "double"
    model: ClassVar[type[ResourceSpec]] = ThingSpec
    outputs: ClassVar[tuple[str, ...]] = ("address",)
    creation = Creation.NAMED

    def __init__(self, kind: str) -> None:
        self.kind = kind  # type: ignore[misc]

    def name(self, owner: Owner, resource: str) -> str:
        return f"{owner.application}-{resource}"

    def listing(self, control_plane: str) -> Call:
        return Call("double", "List", {"controlPlane": control_plane})

    def listed(self, page: Any) -> Iterable[Listed]:
        return [Listed(found.id, found, found.mark) for found in page]

    def find(self, want: Want[ThingSpec]) -> Flow[tuple[Reading, ...]]:
        found: tuple[Reading, ...] = yield Call("double", "Find", {"name": want.name})
        return found

    def read(self, identifier: str) -> Flow[Reading | None]:
        found: Reading | None = yield Call("double", "Read", {"id": identifier})
        return found

    def create(self, want: Want[ThingSpec]) -> Call:
        return Call("double", "Create", {"name": want.name, "token": want.token, "settings": want.spec})

    def created(self, reply: Any) -> str:
        return str(reply)

    def update(self, have: Reading, want: Want[ThingSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        changed = {change.path: getattr(want.spec, change.path) for change in self.diff(want.spec, have, applied_keys)}
        return (Call("double", "Update", {"id": have.id, "settings": changed}),)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        return (Call("double", "Delete", {"id": have.id}),)

    def adopt(self, have: Reading, want: Want[ThingSpec]) -> tuple[Call, ...]:
        return (Call("double", "Mark", {"id": have.id, "resource": want.mark.resource}),)


class Gadget(Thing):
    """A thing that its provider knows by token."""

    creation = Creation.TOKENED


class Previewed(Thing):
    """A thing whose provider alone can tell what applying would change."""

    previews: ClassVar[bool] = True

    def without(self, spec: ThingSpec, at: Collection[paths.Path]) -> ThingSpec:
        return spec.model_copy(update={path[0]: None for path in at})

    def unchanged(self, have: Reading, entry: LedgerEntry, desired_hash: str) -> bool:
        return entry.applied_hash == desired_hash and entry.stored_hash == have.fingerprint != ""


class Safe(Thing):
    """A thing that can be kept as a snapshot, and gets a password of ours."""

    snapshots: ClassVar[bool] = True
    secret_outputs: ClassVar[tuple[str, ...]] = ("password",)

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        return (Call("double", "Photograph", {"id": have.id}), *self.delete(have))

    def secrets(self, want: Want[ThingSpec]) -> Mapping[str, Sensitive]:
        return {"password": want.password}


THING, GADGET, PREVIEWED, SAFE = Thing("thing"), Gadget("gadget"), Previewed("previewed"), Safe("safe")
CONTEXT = Context(OWNER, UID, HASHER, {})
TYPES: Mapping[str, ResourceType[Any]] = {kind.kind: kind for kind in (THING, GADGET, PREVIEWED, SAFE)}


def key(name: str, cell: str = "sky", kind: str = "thing") -> TargetKey:
    """The key of a thing called `name`."""
    return TargetKey(cell, kind, name)


def target(
    name: str,
    *after: str,
    cell: str = "sky",
    kind: ResourceType[Any] = THING,
    deletion_policy: DeletionPolicy = "Delete",
    **settings: Any,
) -> Target:
    """A wanted thing that comes after the things called `after`."""
    spec, before = ThingSpec.model_validate(settings), frozenset(key(one) for one in after)
    return Target(key(name, cell, kind.kind), kind, kind.name(OWNER, name), spec, deletion_policy, before)


def desired(*targets: Target) -> DesiredState:
    """A Desired State of these."""
    return DesiredState({one.key: one for one in targets})


def mark(name: str, incarnation: int = 0, uid: str = UID, owner: Owner = OWNER) -> Mark:
    """What a thing called `name` bears."""
    return Mark(owner, name, uid, incarnation)


def reading(name: str, identifier: str = "", *, state: HealthState = HealthState.READY, **settings: Any) -> Reading:
    """A thing of ours called `name`, as its provider shows it."""
    identifier = identifier or f"{name}-1"
    spec = ThingSpec.model_validate(settings)
    return Reading(identifier, mark(name), spec, {"address": f"addr-{identifier}"}, Health(state))


def entry(name: str, *after: str, cell: str = "sky", kind: str = "thing", **fields: Any) -> LedgerEntry:
    """What the ledger remembers of a thing of ours that is Ready."""
    users = tuple(str(key(one)) for one in after)
    known = {"id": f"{name}-1", "state": "Ready", "after": users, **fields}
    return LedgerEntry(name=name, type=kind, cell=cell, **known)


def ledger(*entries: LedgerEntry) -> dict[TargetKey, LedgerEntry]:
    """A ledger of these."""
    return {TargetKey(one.cell, one.type, one.name): one for one in entries}


def applied(one: Target) -> LedgerEntry:
    """What the ledger remembers of `one` after it was made just as it is wanted."""
    after = tuple(sorted(map(str, one.after)))
    return LedgerEntry(
        name=one.key.resource,
        type=one.key.type,
        cell=one.key.cell,
        id=f"{one.key.resource}-1",
        state="Ready",
        after=after,
        deletion_policy=one.deletion_policy,
        applied_hash=HASHER.hash(one.spec),
        applied_keys=tuple(sorted(set_keys(one.spec))),
    )


def seen(*readings: Reading) -> dict[TargetKey, Sighting]:
    """Things of ours in the sky, by what their marks say."""
    return {key(found.mark.resource): present(found) for found in readings if found.mark is not None}


def present(found: Reading, *extras: Reading) -> Sighting:
    """A thing that was just looked at."""
    return Sighting(Presence.PRESENT, found, ours=True, extras=extras, looked_at=NOW)


ABSENT = Sighting(Presence.ABSENT, looked_at=NOW)
GONE = Sighting(Presence.GONE, looked_at=NOW)
UNKNOWN = Sighting(Presence.UNKNOWN, message="the Cell does not answer", failed=True)


def plan(
    wanted: DesiredState,
    known: Mapping[TargetKey, LedgerEntry] | None = None,
    sightings: Mapping[TargetKey, Sighting] | None = None,
    *,
    policy: Policy | None = None,
    subject: Subject = SUBJECT,
    previews: Mapping[TargetKey, Preview] | None = None,
) -> Proposal:
    """What `make_plan` proposes; what no sighting is given of was looked for and is not there."""
    nowhere = dict.fromkeys({*wanted.targets, *(known or {})}, ABSENT)
    snapshot = Snapshot(NOW, nowhere | dict(sightings or {}), previews or {})
    return make_plan(subject, wanted, known or {}, snapshot, policy or Policy(), TYPES.__getitem__)


def deleting() -> Subject:
    """The Application on its way out."""
    return replace(SUBJECT, deleting=True)


def steps(proposal: Proposal) -> list[str]:
    """The steps by name, in order."""
    return [step.name for step in proposal.steps]
