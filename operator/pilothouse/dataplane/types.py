"""What a resource type is: pure descriptions of calls and readings, so that Plans show exactly what will be sent.

A type never talks to anyone. What it wants sent it returns as `Call` values; what needs several requests in a row it
writes as a `Flow`, a generator that yields Calls, is sent their replies (or has a `DataplaneError` thrown in), and
returns what it found.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from pilothouse.api import paths
from pilothouse.api.application import DeletionPolicy, LedgerEntry
from pilothouse.api.meta import NAME_PATTERN, Rules, Wire
from pilothouse.api.plan import Change, Impact
from pilothouse.api.rules import check

T = TypeVar("T")
Flow = Generator["Call", Any, T]

IMPACT_KEY: Final = "x-pilothouse-impact"
IMMUTABLE: Final[dict[str, Any]] = {IMPACT_KEY: "Replace"}
"""A field's `json_schema_extra`: it cannot change after creation, so a change replaces the resource."""
DISRUPTIVE: Final[dict[str, Any]] = {IMPACT_KEY: "Disruptive"}
"""A field's `json_schema_extra`: a change interrupts the users of the resource."""


class Sensitive(str):
    """Text that is never shown: not in Plans, status, events or logs. It is sent like any other text."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the value from logs and tracebacks."""
        return "Sensitive(...)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic models use it as a field's type: text on the wire."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


NO_PASSWORD: Final = Sensitive("")


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A value that only a later reply knows: an output of another resource of the Application."""

    resource: str
    output: str

    def __str__(self) -> str:
        """Show it as Plans do."""
        return f"${{{self.resource}.{self.output}}}"


@dataclass(frozen=True, slots=True)
class Digest:
    """A short hash over outputs, so that whatever carries it changes when one of them does."""

    of: tuple[Ref, ...]

    def __str__(self) -> str:
        """Show it as Plans do."""
        return f"sha256({', '.join(map(str, self.of))})"


@dataclass(frozen=True, slots=True)
class Many:
    """A long list in a call, such as the objects to delete next: Plans show only how long it is, and of what.

    Whoever compares two takes them for the same: what changes by itself must not stop what is done with it.
    """

    items: tuple[Any, ...] = field(default=(), compare=False)
    of: str = field(default="things", compare=False)

    def __str__(self) -> str:
        """Show it as Plans do."""
        return f"({len(self.items)} {self.of})"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider, as a value. Parameters may hold `Ref`, `Digest`, `Many`, `Sensitive` anywhere."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class TargetKey:
    """Names one thing of an Application: cell, type (block or Kubernetes kind), and resource (its name there)."""

    cell: str
    type: str
    resource: str

    def __str__(self) -> str:
        """Spell it as the ledger does."""
        return f"{self.cell}/{self.type}/{self.resource}"


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Whose a thing is: the control plane, and the Application by name, for a fleet restored from Git has new UIDs."""

    control_plane: str
    namespace: str
    application: str


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """What is written on a thing that we own. `uid` and `incarnation` tell apart things of the same owner and name."""

    owner: Owner
    resource: str
    uid: str
    incarnation: int = 0


class Creation(StrEnum):
    """What makes a repeated create harmless."""

    NAMED = "Named"
    """The name is the key: a second create finds the first."""
    TOKENED = "Tokened"
    """The provider remembers an idempotency token."""
    TOKENLESS = "Tokenless"
    """Nothing does: look first, and retire the extra if the listing was stale."""


class Ownership(StrEnum):
    """Where the mark is written. Nothing outside of a type acts on it: readings have the mark apart, wherever it stood.

    What people write in the same place is theirs: it is kept whenever the mark is written, and the mark whenever it is.
    """

    TAG = "Tag"
    """In tags of its own: `create` and `adopt` write them, `update` lets them be; specs may not name their keys."""
    DESCRIPTION = "Description"
    """In the one description there is, after what people wrote. `create`, `update` and `adopt` write both; a reading's
    spec has people's text alone, in which nothing that looks like a mark is one."""


class HealthState(StrEnum):
    """What a thing is doing, by its provider's word."""

    READY = "Ready"
    PROGRESSING = "Progressing"
    FAILED = "Failed"
    DELETING = "Deleting"


@dataclass(frozen=True, slots=True)
class Health:
    """What a thing is doing, and what people should know of it."""

    state: HealthState = HealthState.READY
    message: str = ""


class ResourceSpec(Wire):
    """The settings of a type, under its cloud's own names. A field that is None is left to the provider."""


class Observed(ResourceSpec):
    """The settings of what is only read: none, for they are its owner's business."""

    id: str


class Reference(Wire):
    """Another resource: by `ref` one of this Application or of one that exports it, by `id` any that exists."""

    rules: ClassVar[Rules] = (
        ("has(self.ref) != has(self.id)", "give exactly one of ref and id"),
        ("has(self.ref) || !has(self.application)", "application: give it with ref, or leave it out"),
        ("has(self.application) || !has(self.namespace)", "namespace: give application too, or leave it out"),
    )
    to: ClassVar[str] = ""
    """The type that `ref` must be of; empty where any will do."""
    output: ClassVar[str] = "id"
    """The output that `ref` stands for, and what `id` is given as."""
    late: ClassVar[bool] = False
    """Whether the thing is created without it, and gets it by an update: things may then refer to each other."""

    ref: str | None = Field(
        None,
        pattern=NAME_PATTERN,
        max_length=40,
        description="Name of a resource of this Application. Exactly one of ref and id.",
    )
    application: str | None = Field(
        None,
        pattern=NAME_PATTERN,
        max_length=40,
        description="The Application that has the resource `ref`, where that is another one: its spec.exports decides.",
    )
    namespace: str | None = Field(
        None, pattern=NAME_PATTERN, max_length=63, description="Namespace of that Application, if it is another one."
    )
    id: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="The provider's identifier of one that exists. Exactly one of ref and id.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "Reference":
        given = self.ref is not None, self.id is not None, self.application is not None, self.namespace is not None
        ref, identifier, application, namespace = given
        check(self.rules, ref != identifier, ref or not application, application or not namespace)
        return self

    @property
    def value(self) -> "str | Ref":
        """What a call's parameter takes."""
        return self.id if self.id is not None else Ref(self.resource, self.output)

    def fits(self, *kinds: str) -> bool:
        """Tell whether things of these types can be referred to."""
        return not self.to or set(kinds) == {self.to}

    @property
    def resource(self) -> str:
        """What its outputs are kept under: the resource's name, or namespace/application/resource of another's."""
        return f"{self.namespace or ''}/{self.application}/{self.ref}" if self.application else self.ref or ""


S = TypeVar("S", bound=ResourceSpec)
M = TypeVar("M", bound=ResourceSpec)


@dataclass(frozen=True, slots=True)
class Want(Generic[S]):
    """One thing as it should be. `name` is its cloud name; `token` makes a repeated create harmless.

    password: the same for as long as mark and installation are, for types that need to set one.
    """

    key: TargetKey
    spec: S
    name: str
    mark: Mark
    token: str
    password: Sensitive = NO_PASSWORD


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing as its provider described it.

    spec: its settings in the model's own terms; None where the type compares by `fingerprint` (Kubernetes objects).
    mark: whose it is; None when it bears no mark of any control plane.
    """

    id: str
    mark: Mark | None
    spec: ResourceSpec | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    fingerprint: str = ""

    def settings(self, model: type[M]) -> M:
        """Return `spec`, which the type that read it made a `model`."""
        assert isinstance(self.spec, model)  # noqa: S101 - see above
        return self.spec


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a listing.

    reading: None where the listing shows less than `ResourceType.diff` needs.
    mark: whose it is; None where the listing does not show that.
    digest: of what else the listing shows of a thing that it does not show in full: a new one is a reason to read it.
    """

    id: str
    reading: Reading | None = None
    mark: Mark | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each change may take. Twenty minutes is the default of Terraform's plugin SDK.

    Where its AWS provider waits longer for a type, so does ours.
    """

    create: float = 1_200.0
    update: float = 1_200.0
    delete: float = 1_200.0


class ResourceType(ABC, Generic[S]):
    """One kind of thing that can be made: about a page of pure code and one line in the catalog."""

    kind: ClassVar[str]
    """The type block's name, such as awsQueue."""
    provider: ClassVar[str]
    """The provider's folder: aws, gcp, azure or kubernetes."""
    model: ClassVar[type[ResourceSpec]]
    outputs: ClassVar[tuple[str, ...]] = ()
    secret_outputs: ClassVar[tuple[str, ...]] = ()
    """Outputs that are written to Secrets only, and that no reading shows: see `secrets`."""
    creation: ClassVar[Creation]
    regional: ClassVar[bool] = True
    """Whether it is of a region; else Cells of one account see the same ones, whatever their regions."""
    ownership: ClassVar[Ownership] = Ownership.TAG
    deletion_policy: ClassVar[DeletionPolicy] = "Delete"
    snapshots: ClassVar[bool] = False
    """Whether deletionPolicy Snapshot can be kept."""
    delete_impact: ClassVar[Impact] = "Destructive"
    previews: ClassVar[bool] = False
    """Whether only the provider can tell what applying would change, so that `preview` is asked and `diff` is not."""
    timeouts: ClassVar[Timeouts] = Timeouts()
    """How long each change may take until the thing is at rest; `timeouts` of a resource says otherwise."""
    settles_in: ClassVar[float] = 300.0
    """Seconds after a create during which the provider may still answer that there is no such thing."""

    @property
    def create_looks(self) -> bool:
        """Whether a create of what exists makes and changes nothing: it answers with it, or that it exists."""
        return self.creation is Creation.NAMED and self.provider != "kubernetes"

    @abstractmethod
    def name(self, owner: Owner, resource: str) -> str:
        """Return the cloud name: a readable prefix and a hash of the identity, within the provider's alphabet."""

    @abstractmethod
    def listing(self, control_plane: str) -> Call:
        """Return the call that lists everything with this control plane's mark; the client follows its pages."""

    @abstractmethod
    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page of `listing`."""

    def ours(self, line: Listed, control_plane: str) -> bool:
        """Tell whether a line may be of this control plane; only APIs that can filter by nothing show others' things.

        What it lets through is still told by its mark.
        """
        del line, control_plane
        return True

    @abstractmethod
    def find(self, want: Want[S]) -> Flow[tuple[Reading, ...]]:
        """Look for what a create of `want` would have made: by token, mark or name, whoever's it is.

        It must not use `want.spec`: it is also asked after the spec is gone or has changed.
        """

    @abstractmethod
    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read one thing in full; None when its provider says that there is no such thing."""

    @abstractmethod
    def create(self, want: Want[S]) -> Call:
        """Return the call that makes it, marked."""

    @abstractmethod
    def created(self, reply: Any) -> str:
        """Return the identifier in the reply to `create`."""

    def identified(self, want: Want[S], reply: Any) -> str:
        """Return the identifier of what `create` made; for types whose replies do not tell it."""
        del want
        return self.created(reply)

    def replied(self, reply: Any) -> Reading | None:
        """Return the reading in the reply to a create or update; None where replies show less than a read."""
        del reply
        return None

    @abstractmethod
    def update(self, have: Reading, want: Want[S], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Return the calls that can be sent now to bring `have` to `want`; none while it is in transition."""

    @abstractmethod
    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Return the calls that can be sent now to destroy it; none while that is under way."""

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        """Return the calls that can be sent now to destroy it after a snapshot; for types that declare `snapshots`."""
        raise NotImplementedError(f"{self.kind} has no snapshots: {have.id}")

    def holders(self, have: Reading) -> Flow[tuple[str, ...]]:
        """Ask what keeps it from being deleted, in words for people; nothing where the refusal says so itself."""
        del have
        yield from ()
        return ()

    def secrets(self, want: Want[S]) -> Mapping[str, Sensitive]:
        """Return the values of `secret_outputs`, which `want` alone tells."""
        del want
        return {}

    @abstractmethod
    def adopt(self, have: Reading, want: Want[S]) -> tuple[Call, ...]:
        """Return the calls that write `want.mark` on it and change nothing else, whatever `want.spec` says."""

    def diff(self, want: S, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Return the fields in which `have` differs from `want`; `applied_keys` are those set by us before."""
        assert have.spec is not None  # noqa: S101 - types without a spec in their readings override this
        return field_changes(want, have.spec, applied_keys)

    def beyond(self, want: Want[S], have: Reading) -> tuple[Change, ...]:
        """Return what `update` would change and is no setting, such as a password that cannot be read back."""
        del want, have
        return ()

    def changes(self, want: Want[S], have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Return all that `update` would change."""
        return (*self.diff(want.spec, have, applied_keys), *self.beyond(want, have))

    def preview(self, want: Want[S]) -> Flow[tuple[Change, ...]]:
        """Ask the provider what applying `want` would change; only for types that declare `previews`."""
        raise NotImplementedError(f"{self.kind} tells changes by diff: {want.key}")

    def unchanged(self, have: Reading, entry: LedgerEntry, desired_hash: str) -> bool:
        """Tell, for types with a `preview`, whether it can be spared because nothing moved since the last apply."""
        del have, entry, desired_hash
        return False

    def setting(self, spec: S, path: paths.Path) -> Any:
        """Return what `spec` says at `path`; None when nothing."""
        return paths.at(spec, path)

    def unknown_setting(self, spec: S, path: paths.Path) -> str:
        """Return why no drift policy can name `path`, with the fields that exist; empty when one can."""
        return paths.unknown(type(spec), path)

    def foreign(self, want: Want[S], at: Collection[paths.Path]) -> Flow[frozenset[paths.Path]]:
        """Ask at which of these paths the thing was changed by others; only for types that declare `previews`."""
        raise NotImplementedError(f"{self.kind} tells changes by diff: {want.key}, {at}")

    def without(self, spec: S, at: Collection[paths.Path]) -> S:
        """Return a spec that leaves these paths to others; only for types that declare `previews`."""
        raise NotImplementedError(f"{self.kind} tells changes by diff: {spec}, {at}")

    def impact(self, path: str) -> Impact:
        """Return what a change of `path` in place costs the users of the resource."""
        return "Disruptive" if impact_of(self.model, path) == "Disruptive" else "None"

    def immutable(self, path: str) -> bool:
        """Tell whether a change of `path` replaces the resource."""
        return impact_of(self.model, path) == "Replace"


class Provider(Protocol):
    """The one seam between the Controller and a Cell's provider."""

    async def send(self, call: Call) -> Any:
        """Send one call and return its reply; raises the errors of `dataplane.errors` and nothing else."""

    def pages(self, call: Call) -> AsyncIterator[Any]:
        """Send a listing and yield its pages one by one; raises like `send`."""


def set_keys(spec: ResourceSpec) -> frozenset[str]:
    """Return the wire names of the fields that `spec` sets, those that None leaves to the provider excepted."""
    return frozenset(
        info.alias or name for name, info in type(spec).model_fields.items() if getattr(spec, name) is not None
    )


def field_changes(want: ResourceSpec, have: ResourceSpec, applied_keys: frozenset[str]) -> tuple[Change, ...]:
    """Compare two specs of one model field by field, in the model's order.

    A field that `want` leaves to the provider (None) differs only if it was set by us before (`applied_keys`).
    """
    changes = []
    for name, info in type(want).model_fields.items():
        path, wanted, found = info.alias or name, getattr(want, name), getattr(have, name)
        managed = wanted is not None or path in applied_keys
        if managed and wanted != found:
            changes.append(Change.model_validate({"path": path, "from": shown(found), "to": shown(wanted)}))
    return tuple(changes)


def impact_of(model: type[ResourceSpec], path: str) -> str:
    """Return the impact declared on a field: Replace, Disruptive, or empty."""
    for name, info in model.model_fields.items():
        if (info.alias or name) == path and isinstance(info.json_schema_extra, dict):
            return str(info.json_schema_extra.get(IMPACT_KEY, ""))
    return ""


def shown(value: Any) -> Any:
    """Return `value` as people and Plans may see it: plain JSON, keys sorted, references spelled out, no secrets.

    A whole number is one: an API server stores 4.0 as 4, and what is read back must be what was written.
    """
    match value:
        case Sensitive():
            return "(sensitive)"
        case Ref() | Digest() | Many():
            return str(value)
        case Reference():
            return shown(value.value)
        case Wire():
            given = ((name, info, getattr(value, name)) for name, info in type(value).model_fields.items())
            return {info.alias or name: shown(item) for name, info, item in given if item is not None}
        case float() if value.is_integer():
            return int(value)
        case bytes():
            return "(binary)"
        case Mapping():
            return {str(key): shown(value[key]) for key in sorted(value, key=str)}
        case list() | tuple():
            return [shown(item) for item in value]
        case set() | frozenset():
            return sorted(shown(item) for item in value)
        case _:
            return value
