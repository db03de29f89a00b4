"""Amazon Aurora clusters, each with its instances as one thing. Named: a create that is repeated finds the first.

The cluster is what is created, marked and listed; instances are made, changed and removed by updates, and belong to
whoever has the cluster. Source: the Amazon RDS API Reference, CreateDBCluster, DeleteDBCluster.
"""

from typing import ClassVar

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import clusters, marks, rds, references
from pilothouse.dataplane.aws.cluster_spec import ClusterSpec, SeenCluster
from pilothouse.dataplane.aws.rds import Described, RdsType
from pilothouse.dataplane.types import Call, Flow, HealthState, Reading, ResourceSpec, Timeouts, Want, field_changes

_FIELDS = {info.alias or name: name for name, info in ClusterSpec.model_fields.items()}


class DatabaseCluster(RdsType[ClusterSpec]):
    """A cluster that is meant to run: one that somebody stopped is started, seen as a change of `status`."""

    kind = "awsDatabaseCluster"
    model: ClassVar[type[ResourceSpec]] = ClusterSpec
    outputs: ClassVar[tuple[str, ...]] = (
        "id",
        "arn",
        "address",
        "readerAddress",
        "port",
        "databaseName",
        "masterUsername",
    )
    noun: ClassVar[str] = "DBCluster"
    timeouts: ClassVar[Timeouts] = Timeouts(create=7_200, update=7_200, delete=7_200)
    longest: ClassVar[int] = 60
    """Three less than RDS allows, for the number in the names of its instances."""

    def reading(self, thing: Described) -> Flow[Reading]:
        """Read it, having asked for its instances."""
        identifier = thing["DBClusterIdentifier"]
        filters = [{"Name": "db-cluster-id", "Values": [identifier]}]
        page = yield Call("rds", "DescribeDBInstances", {"Filters": filters})
        writers = [each["DBInstanceIdentifier"] for each in thing["DBClusterMembers"] if each["IsClusterWriter"]]
        found = [clusters.member(each, writers) for each in page["DBInstances"]]
        members = tuple(sorted(found, key=lambda each: each.id))
        spec = SeenCluster.model_construct(**clusters.settings(thing, members), **clusters.situation(thing, members))
        mark = marks.mark_in(rds.tags_of(thing))
        return Reading(identifier, mark, spec, clusters.outputs(thing), clusters.health(thing, members))

    def create(self, want: Want[ClusterSpec]) -> Call:
        """Make it with its mark and password; updates make its instances."""
        return Call("rds", "CreateDBCluster", {**self.birth(want), **clusters.creation(want.spec)})

    def diff(self, want: ClusterSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; one that is stopped differs in its `status` as well."""
        del applied_keys
        seen = have.settings(SeenCluster)
        changes = field_changes(_ordered(want), clusters.comparable(seen, want), frozenset())
        if seen.status != "stopped":
            return changes
        return (*changes, Change.model_validate({"path": "status", "from": seen.status, "to": "available"}))

    def update(self, have: Reading, want: Want[ClusterSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change the cluster and the instances that are there, then their number; start it first if it is stopped."""
        seen = have.settings(SeenCluster)
        if seen.status == "stopped":
            return (Call("rds", "StartDBCluster", self.named(have.id)),)
        if not rds.changeable(seen.status):
            return ()
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        fields = frozenset(_FIELDS[path] for path in paths)
        resized = clusters.resized(have.id, seen, want.spec)
        cluster = self.modify(have, want, clusters.modification(seen, want.spec, fields))
        return (*clusters.remade(seen, want.spec), *resized, *cluster)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete its instances, then itself, which RDS takes as soon as none of them is to stay."""
        return self._delete(have, Call("rds", "DeleteDBCluster", {**self.named(have.id), "SkipFinalSnapshot": True}))

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        """Delete it after a last snapshot, which RDS takes only of one that runs."""
        status = have.settings(SeenCluster).status
        if status == "stopped":
            return (Call("rds", "StartDBCluster", self.named(have.id)),)
        ready = rds.changeable(status) or rds.failed(status)
        return self._delete(have, Call("rds", "DeleteDBCluster", self.final_snapshot(have))) if ready else ()

    @staticmethod
    def _delete(have: Reading, last: Call) -> tuple[Call, ...]:
        """Return the calls; of one that is protected the last alone, which RDS refuses before an instance is gone."""
        seen = have.settings(SeenCluster)
        if have.health.state is HealthState.DELETING:
            return ()
        instances = () if seen.deletion_protection else map(clusters.remove, clusters.living(seen.members))
        return (*instances, last)


def _ordered(want: ClusterSpec) -> ClusterSpec:
    groups = want.vpc_security_groups and references.ordered(want.vpc_security_groups)
    logs = tuple(sorted(want.enable_cloudwatch_logs_exports))
    return want.model_copy(update={"vpc_security_groups": groups, "enable_cloudwatch_logs_exports": logs})
