"""Amazon DynamoDB tables. Named: a create of a name that is taken is refused, and so finds the first.

Source for fields, ranges and defaults: the Amazon DynamoDB API Reference, CreateTable, UpdateTimeToLive,
UpdateContinuousBackups.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import last_backup, marks, names, table_changes, tables, tagging
from pilothouse.dataplane.aws.table_spec import SeenTable, TableSpec
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Timeouts,
    Want,
    field_changes,
)

_MAX_NAME: Final = 200  # of 255, so that a backup's name can begin with it


class Table(ResourceType[TableSpec]):
    """A table. It holds data, so it stays when it leaves the Application, unless deletionPolicy says otherwise."""

    kind, provider = "awsTable", "aws"
    model: ClassVar[type[ResourceSpec]] = TableSpec
    outputs: ClassVar[tuple[str, ...]] = ("arn", "name", "streamARN")
    creation = Creation.NAMED
    deletion_policy: ClassVar[DeletionPolicy] = "Retain"
    snapshots: ClassVar[bool] = True
    timeouts: ClassVar[Timeouts] = Timeouts(create=1_800, update=3_600)

    def name(self, owner: Owner, resource: str) -> str:
        """Return the table's name."""
        return names.cloud_name(owner, resource, _MAX_NAME)

    def listing(self, control_plane: str) -> Call:
        """List by mark: DynamoDB itself lists the names of everything."""
        return tagging.listing("dynamodb:table", control_plane)

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page."""
        return (Listed(arn.rpartition("/")[2], mark=mark) for arn, mark in tagging.listed(page))

    def find(self, want: Want[TableSpec]) -> Flow[tuple[Reading, ...]]:
        """Look under its name."""
        found = yield from self.read(want.name)
        return () if found is None else (found,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read the table of that name with everything about it; while it goes, only that it does."""
        try:
            table, seen, found = yield from tables.read(identifier)
        except NotFound:
            return None
        spec = SeenTable.model_construct(**seen, tags=marks.user_tags(found))
        stream = table["LatestStreamArn"] if spec.stream_view_type else ""
        outputs = {"arn": spec.arn, "name": identifier, "streamARN": stream}
        return Reading(identifier, marks.mark_in(found), spec, outputs, tables.health(table))

    def create(self, want: Want[TableSpec]) -> Call:
        """Create it with its mark; time to live and recovery are set by updates."""
        tags = marks.as_pairs(want.spec.tags | marks.mark_tags(want.mark))
        return Call("dynamodb", "CreateTable", {"TableName": want.name, **tables.creation(want.spec), "Tags": tags})

    def created(self, reply: Any) -> str:
        """Return the name."""
        return str(reply["TableDescription"]["TableName"])

    def diff(self, want: TableSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; a deletion that was called off after it began is one difference more."""
        seen = have.settings(SeenTable)
        changes = field_changes(_with_resets(want, applied_keys), seen, applied_keys & _REMOVABLE)
        if not seen.last_backup or any(self.immutable(change.path) for change in changes):
            return changes
        return (*changes, Change.model_validate({"path": "lastBackup", "from": seen.last_backup, "to": None}))

    def update(self, have: Reading, want: Want[TableSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change what can be changed now: of what UpdateTable changes, one after the other, and nothing in motion."""
        seen, spec = have.settings(SeenTable), _with_resets(want.spec, applied_keys)
        paths = frozenset(change.path for change in self.diff(want.spec, have, applied_keys))
        if seen.status != tables.ACTIVE:
            return ()
        calls = [*tagging.changes("dynamodb", seen.arn, seen.tags, spec.tags)]
        if "lastBackup" in paths:
            calls.append(last_backup.called_off(seen.arn))
        calls += table_changes.beside(have.id, seen, spec, paths)
        following = next(table_changes.updates(seen, spec, paths), None) if seen.indexes_at_rest else None
        if following:
            calls.append(Call("dynamodb", "UpdateTable", {"TableName": have.id, **following}))
        return tuple(calls)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it, when it is not in motion."""
        moving = have.settings(SeenTable).status in tables.IN_MOTION
        return () if moving else (Call("dynamodb", "DeleteTable", {"TableName": have.id}),)

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        """Back it up, wait until that is there, then delete it. One that is protected is not even backed up."""
        seen = have.settings(SeenTable)
        if seen.status in tables.IN_MOTION or seen.deletion_protection_enabled:
            return self.delete(have)
        incarnation = have.mark.incarnation if have.mark else 0
        backup = last_backup.next_step(have.id, seen.arn, incarnation, seen.last_backup, seen.backups)
        return self.delete(have) if backup is None else backup

    def adopt(self, have: Reading, want: Want[TableSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return tagging.changes("dynamodb", have.settings(SeenTable).arn, {}, marks.mark_tags(want.mark))


_REMOVABLE: Final = frozenset({"timeToLiveAttribute", "streamViewType"})
"""What a table need not have: leaving one out again removes it."""


def _with_resets(want: TableSpec, applied_keys: frozenset[str]) -> TableSpec:
    """Put DynamoDB's default where `want` leaves out again what was set before."""
    days = want.recovery_period_in_days
    if want.point_in_time_recovery_enabled and days is None and "recoveryPeriodInDays" in applied_keys:
        return want.model_copy(update={"recovery_period_in_days": tables.LONGEST_RECOVERY})
    return want
