"""Amazon RDS DB instances. Named: a create that is repeated finds the first.

Sources: the Amazon RDS API Reference, CreateDBInstance, ModifyDBInstance, DeleteDBInstance. Aurora's clusters are
`awsDatabaseCluster`.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import databases, marks, rds, references
from pilothouse.dataplane.aws.database_spec import DatabaseSpec, SeenDatabase
from pilothouse.dataplane.aws.rds import Described, RdsType
from pilothouse.dataplane.types import (
    Call,
    Flow,
    HealthState,
    Listed,
    Reading,
    ResourceSpec,
    Want,
    field_changes,
)

_FIELDS = {info.alias or name: name for name, info in DatabaseSpec.model_fields.items()}
_REMOVABLE = frozenset({"maxAllocatedStorage"})


class Database(RdsType[DatabaseSpec]):
    """A database that is meant to run: one that somebody stopped is started, seen as a change of `status`."""

    kind = "awsDatabase"
    model: ClassVar[type[ResourceSpec]] = DatabaseSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "arn", "address", "port", "dbName", "masterUsername")
    noun: ClassVar[str] = "DBInstance"

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page, which shows databases in full; those of a cluster belong to that."""
        for instance in page["DBInstances"]:
            if "DBClusterIdentifier" not in instance:
                found = _reading(instance)
                yield Listed(found.id, found, found.mark)

    def reading(self, thing: Described) -> Flow[Reading]:
        """Read it: RDS shows everything at once."""
        yield from ()
        return _reading(thing)

    def create(self, want: Want[DatabaseSpec]) -> Call:
        """Make it with its mark and password."""
        return Call("rds", "CreateDBInstance", {**self.birth(want), **databases.creation(want.spec)})

    def diff(self, want: DatabaseSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; one that is stopped differs in its `status` as well."""
        seen = have.settings(SeenDatabase)
        changes = field_changes(_ordered(want), databases.comparable(seen, want), applied_keys & _REMOVABLE)
        if seen.status != "stopped":
            return changes
        return (*changes, Change.model_validate({"path": "status", "from": seen.status, "to": "available"}))

    def update(self, have: Reading, want: Want[DatabaseSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Send all that differs at once; start it first if it is stopped."""
        seen = have.settings(SeenDatabase)
        if seen.status == "stopped":
            return (Call("rds", "StartDBInstance", self.named(have.id)),)
        if not rds.changeable(seen.status):
            return ()
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        fields = frozenset(_FIELDS[path] for path in paths)
        return self.modify(have, want, databases.modification(seen, want.spec, fields))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it and its automatic backups."""
        going = have.health.state is HealthState.DELETING
        return () if going else (Call("rds", "DeleteDBInstance", {**self.named(have.id), "SkipFinalSnapshot": True}),)

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        """Delete it after a last snapshot, which RDS takes only of one that runs."""
        status = have.settings(SeenDatabase).status
        if status == "stopped":
            return (Call("rds", "StartDBInstance", self.named(have.id)),)
        ready = rds.changeable(status) or rds.failed(status)
        return (Call("rds", "DeleteDBInstance", self.final_snapshot(have)),) if ready else ()


def _reading(instance: Described) -> Reading:
    situation = databases.situation(instance)
    spec = SeenDatabase.model_construct(**databases.settings(instance), **situation)
    health = databases.health(instance, map(_path, situation["pending"]))
    mark = marks.mark_in(rds.tags_of(instance))
    return Reading(instance["DBInstanceIdentifier"], mark, spec, databases.outputs(instance), health)


def _path(field: str) -> str:
    return DatabaseSpec.model_fields[field].alias or field


def _ordered(want: DatabaseSpec) -> DatabaseSpec:
    groups = want.vpc_security_groups and references.ordered(want.vpc_security_groups)
    logs = tuple(sorted(want.enable_cloudwatch_logs_exports))
    return want.model_copy(update={"vpc_security_groups": groups, "enable_cloudwatch_logs_exports": logs})
