"""What databases and clusters of RDS share: names, marks, a password that cannot be read back, a last snapshot.

Sources: the Amazon RDS API Reference, DBInstance, DBCluster, AddTagsToResource, and the Amazon RDS User
Guide, "Viewing DB instance status".
"""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.plan import Change, Impact
from pilothouse.dataplane.aws import arn_tags, documents, marks, names, passwords
from pilothouse.dataplane.aws.rds_spec import RdsSpec, SeenRds
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    NO_PASSWORD,
    Call,
    Creation,
    Flow,
    Health,
    HealthState,
    Listed,
    Mark,
    Owner,
    Reading,
    ResourceType,
    Sensitive,
    Timeouts,
    Want,
)

Described = Mapping[str, Any]
"""A database or a cluster in a reply of RDS."""

PASSWORD: Final = "masterUserPassword"  # noqa: S105 - what a Plan calls the change of it

_MOVING: Final = ("EarliestRestorableTime", "LatestRestorableTime")
"""What goes on changing while nothing does."""
_USABLE: Final = frozenset({
    "available", "backing-up", "backtracking", "configuring-enhanced-monitoring", "configuring-iam-database-auth",
    "configuring-log-exports", "storage-config-upgrade", "storage-initialization", "storage-optimization",
})  # fmt: skip
_FAILED: Final = frozenset({
    "cloning-failed", "failed", "incompatible-network", "incompatible-option-group", "incompatible-parameters",
    "incompatible-restore", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable",
    "insufficient-capacity", "migration-failed", "restore-error", "storage-full",
})  # fmt: skip
_CHANGEABLE: Final = frozenset({"available", "storage-full", "storage-optimization"})
"""States in which RDS takes a change; in any other it says InvalidDBInstanceState."""
_HINTS: Final = {"storage-full": ": raise allocatedStorage, or set maxAllocatedStorage to let it grow"}


S = TypeVar("S", bound=RdsSpec)


class RdsType(ResourceType[S]):
    """A database or a cluster: a subclass says what RDS calls it, and reads what RDS describes."""

    provider = "aws"
    creation = Creation.NAMED
    deletion_policy: ClassVar[DeletionPolicy] = "Retain"
    snapshots: ClassVar[bool] = True
    timeouts: ClassVar[Timeouts] = Timeouts(create=3_600, update=4_800, delete=3_600)
    secret_outputs: ClassVar[tuple[str, ...]] = (passwords.OUTPUT,)
    noun: ClassVar[str]
    """What RDS calls one, such as DBInstance."""
    longest: ClassVar[int] = 63

    @abstractmethod
    def reading(self, thing: Described) -> Flow[Reading]:
        """Return the reading of what was described, having asked for what is not shown there."""

    def name(self, owner: Owner, resource: str) -> str:
        """Return the identifier that it gets."""
        return names.single_dashed(owner, resource, self.longest)

    def listing(self, control_plane: str) -> Call:
        """List all there are: RDS filters by no tag, but shows them."""
        del control_plane
        return Call("rds", f"Describe{self.noun}s", {"MaxRecords": 100})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page."""
        for thing in page[f"{self.noun}s"]:
            yield Listed(thing[f"{self.noun}Identifier"], mark=_mark(thing), digest=documents.digest(thing, *_MOVING))

    def ours(self, line: Listed, control_plane: str) -> bool:
        """Tell by the mark."""
        return line.mark is not None and line.mark.owner.control_plane == control_plane

    def find(self, want: Want[S]) -> Flow[tuple[Reading, ...]]:
        """Look by name."""
        found = yield from self.read(want.name)
        return () if found is None else (found,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read it."""
        try:
            page = yield Call("rds", f"Describe{self.noun}s", self.named(identifier))
            return (yield from self.reading(page[f"{self.noun}s"][0]))
        except NotFound:
            return None

    def created(self, reply: Any) -> str:
        """Return its identifier."""
        return str(reply[self.noun][f"{self.noun}Identifier"])

    def birth(self, want: Want[S]) -> dict[str, Any]:
        """Return the parameters of a create that name and mark it, and set its password."""
        tags = want.spec.tags | marks.mark_tags(want.mark) | passwords.tags(want.password)
        return {**self.named(want.name), "MasterUserPassword": want.password, "Tags": marks.as_pairs(tags)}

    def beyond(self, want: Want[S], have: Reading) -> tuple[Change, ...]:
        """Return the password, if another than ours was set last."""
        return (passwords.change(PASSWORD, want.password),) if self._foreign(want, have) else ()

    def modify(self, have: Reading, want: Want[S], parameters: Mapping[str, Any]) -> tuple[Call, ...]:
        """Return the calls that set `parameters`, the password if it is not ours, and tags.

        The digest is written after the password was taken: a process that dies in between sets the same one again.
        """
        now, foreign = have.settings(SeenRds), self._foreign(want, have)
        secret = {"MasterUserPassword": want.password} if foreign else {}
        given = {**self.named(have.id), "ApplyImmediately": want.spec.apply_immediately}
        calls = [Call("rds", f"Modify{self.noun}", {**given, **parameters, **secret})] if parameters or foreign else []
        digest = passwords.tags(want.password) if foreign else {}
        return (*calls, *arn_tags.changes("rds", now.arn, now.tags, want.spec.tags | digest))

    def _foreign(self, want: Want[S], have: Reading) -> bool:
        ours = have.settings(SeenRds).digest == passwords.digest(want.password)
        return want.spec.generate_password and not ours

    def final_snapshot(self, have: Reading) -> dict[str, Any]:
        """Return the parameters that let a deletion take a snapshot, whose name belongs to this very thing."""
        unique = have.settings(SeenRds).resource_id.rpartition("-")[2].lower()
        return {**self.named(have.id), "FinalDBSnapshotIdentifier": f"{have.id}-final-{unique}"}

    def named(self, identifier: str) -> dict[str, Any]:
        """Return the parameter that names one."""
        return {f"{self.noun}Identifier": identifier}

    def secrets(self, want: Want[S]) -> Mapping[str, Sensitive]:
        """Return the master user's password."""
        return {passwords.OUTPUT: want.password if want.spec.generate_password else NO_PASSWORD}

    def impact(self, path: str) -> Impact:
        """Return what a change costs; another password locks out whoever uses the old one."""
        return "Disruptive" if path == PASSWORD else super().impact(path)

    def adopt(self, have: Reading, want: Want[S]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return arn_tags.changes("rds", have.settings(SeenRds).arn, {}, marks.mark_tags(want.mark))


def tags_of(thing: Described) -> dict[str, str]:
    """Return all tags of a thing."""
    return marks.from_pairs(thing.get("TagList", ()))


def _mark(thing: Described) -> Mark | None:
    return marks.mark_in(tags_of(thing))


def changeable(status: str) -> bool:
    """Tell whether RDS takes a change in a state."""
    return status in _CHANGEABLE


def failed(status: str) -> bool:
    """Tell whether a state is one that it does not leave by itself."""
    return status in _FAILED


def health(status: str, pending: Collection[str], window: str) -> Health:
    """Return what a thing is doing. pending: settings that RDS has taken and not applied; window: for maintenance."""
    waiting = sorted(set(pending) - {PASSWORD})
    if status == "deleting":
        return Health(HealthState.DELETING, "is being deleted")
    if status in _FAILED:
        return Health(HealthState.FAILED, f"is {status}{_HINTS.get(status, '')}")
    if status not in _USABLE:
        return Health(HealthState.PROGRESSING, f"is {status}")
    if waiting:
        waits = f"{', '.join(waiting)}: RDS applies this in the maintenance window {window}"
        return Health(HealthState.PROGRESSING, f"{waits}; set applyImmediately to have it now")
    return Health(HealthState.PROGRESSING, "its password is being set") if pending else Health()
