"""Clusters of Aurora as RDS describes them, their instances, and the parameters that change both.

Sources: the Amazon RDS API Reference, DBCluster, DBInstance, CreateDBInstance, ModifyDBCluster.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pilothouse.dataplane.aws import databases, engine_versions, marks, passwords, rds, references
from pilothouse.dataplane.aws.cluster_spec import ClusterSpec, Member, Scaling, SeenCluster
from pilothouse.dataplane.aws.ec2 import given
from pilothouse.dataplane.aws.rds import Described
from pilothouse.dataplane.aws.rds_spec import STEERING
from pilothouse.dataplane.types import Call, Health, HealthState

_SHOWN: Final = {
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
    "database_name": "DatabaseName",
    "master_username": "MasterUsername",
    "port": "Port",
    "db_cluster_parameter_group_name": "DBClusterParameterGroup",
    "enable_iam_database_authentication": "IAMDatabaseAuthenticationEnabled",
    "backup_retention_period": "BackupRetentionPeriod",
    "preferred_backup_window": "PreferredBackupWindow",
    "preferred_maintenance_window": "PreferredMaintenanceWindow",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "deletion_protection": "DeletionProtection",
    "storage_type": "StorageType",
}
"""What RDS shows of each setting of a cluster."""

_TAKEN: Final = {
    "db_cluster_parameter_group_name": "DBClusterParameterGroupName",
    "enable_iam_database_authentication": "EnableIAMDatabaseAuthentication",
}
"""What RDS takes a setting as, where that is not what it shows."""

_MEMBERS: Final = {
    "db_instance_class": ("DBInstanceClass", "DBInstanceClass"),
    "auto_minor_version_upgrade": ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
    "publicly_accessible": ("PubliclyAccessible", "PubliclyAccessible"),
    "performance_insights_enabled": ("PerformanceInsightsEnabled", "EnablePerformanceInsights"),
}
"""What is a setting of each instance: what RDS shows, and what it takes."""

_STANDARD: Final = "aurora"


def settings(cluster: Described, members: tuple[Member, ...]) -> dict[str, Any]:
    """Return every setting; those of instances as the first one has them."""
    scaling, subnets = cluster.get("ServerlessV2ScalingConfiguration"), cluster.get("DBSubnetGroup")
    groups = [each["VpcSecurityGroupId"] for each in cluster.get("VpcSecurityGroups", ())]
    found = {field: cluster.get(name) for field, name in _SHOWN.items()}
    defaults = {field: ClusterSpec.model_fields[field].default for field in _MEMBERS}
    return {
        **found,
        **(dict(members[0].settings) if members else defaults),
        "storage_type": found["storage_type"] if found["storage_type"] == "aurora-iopt1" else _STANDARD,
        "instances": len(living(members)),
        "serverless_v2_scaling_configuration": _scaling(scaling) if scaling else None,
        "db_subnet_group": references.DatabaseSubnetGroup(id=subnets) if subnets else None,
        "vpc_security_groups": references.ordered(references.SecurityGroup(id=each) for each in groups),
        "enable_cloudwatch_logs_exports": tuple(sorted(cluster.get("EnabledCloudwatchLogsExports", ()))),
        "tags": marks.user_tags(rds.tags_of(cluster)),
    }


def _scaling(found: Described) -> Scaling:
    return Scaling.model_construct(min_capacity=found["MinCapacity"], max_capacity=found["MaxCapacity"])


def situation(cluster: Described, members: tuple[Member, ...]) -> dict[str, Any]:
    """Return what a reading holds beside settings."""
    digest = passwords.found(rds.tags_of(cluster))
    version = cluster.get("PendingModifiedValues", {}).get("EngineVersion")
    return {
        "status": cluster["Status"],
        "arn": cluster["DBClusterArn"],
        "resource_id": cluster["DbClusterResourceId"],
        "digest": digest,
        "generate_password": bool(digest),
        "apply_immediately": False,
        "allow_major_version_upgrade": False,
        "pending": {"engine_version": version} if version else {},
        "members": members,
    }


def member(instance: Described, writers: Iterable[str]) -> Member:
    """Read one instance of a cluster."""
    waiting, name = instance.get("PendingModifiedValues", {}), instance["DBInstanceIdentifier"]
    found = {field: waiting.get(shown, instance.get(shown)) for field, (shown, _) in _MEMBERS.items()}
    pending = "DBInstanceClass" in waiting
    return Member(name, instance["DBInstanceStatus"], name in writers, tuple(found.items()), pending)


def living(members: Iterable[Member]) -> list[Member]:
    """Return the instances that are not being deleted."""
    return [each for each in members if each.status != "deleting"]


def outputs(cluster: Described) -> dict[str, str]:
    """Return what others may want to know of it."""
    return {
        "id": cluster["DBClusterIdentifier"],
        "arn": cluster["DBClusterArn"],
        "databaseName": cluster.get("DatabaseName") or "",
        "masterUsername": cluster["MasterUsername"],
        **({"address": cluster["Endpoint"], "port": str(cluster["Port"])} if cluster.get("Endpoint") else {}),
        **({"readerAddress": cluster["ReaderEndpoint"]} if cluster.get("ReaderEndpoint") else {}),
    }


def health(cluster: Described, members: Iterable[Member]) -> Health:
    """Return what it is doing: itself first, then its instances."""
    waiting = cluster.get("PendingModifiedValues", {})
    names = {"EngineVersion": "engineVersion", "MasterUserPassword": rds.PASSWORD}
    pending = [path for name, path in names.items() if name in waiting]
    window = cluster["PreferredMaintenanceWindow"]
    whole = rds.health(cluster["Status"], pending, window)
    if whole.state is not HealthState.READY:
        return whole
    for each in members:
        state = rds.health(each.status, ["dbInstanceClass"] if each.waiting else [], window)
        if state.state is not HealthState.READY:
            worst = HealthState.FAILED if state.state is HealthState.FAILED else HealthState.PROGRESSING
            return Health(worst, f"its instance {each.id} {state.message}")
    return whole


def comparable(seen: SeenCluster, want: ClusterSpec) -> SeenCluster:
    """Return the settings as they count: see `databases.comparable`. An instance that differs counts for all."""
    found: dict[str, Any] = {field: getattr(want, field) for field in STEERING}
    for field in _MEMBERS:
        wanted = getattr(want, field)
        values = [dict(each.settings)[field] for each in living(seen.members)]
        found[field] = next((value for value in values if value != wanted), wanted)
    found["db_instance_class"] = _class_of(seen, want, found["db_instance_class"])
    return seen.model_copy(update={**found, "engine_version": _version(seen, want)})


def _class_of(seen: SeenCluster, want: ClusterSpec, found: object) -> object:
    """Return `found`, or what tells that instances wait with the wanted class although it is wanted at once."""
    stuck = any(each.waiting and each.status == "available" for each in seen.members)
    return "waiting" if stuck and want.apply_immediately and found == want.db_instance_class else found


def _version(seen: SeenCluster, want: ClusterSpec) -> str | None:
    def fits(found: str | None) -> bool:
        wanted, automatic = want.engine_version, want.auto_minor_version_upgrade
        known = wanted is not None and found is not None
        return known and engine_versions.serves(want.engine, str(wanted), str(found), automatic=automatic)

    now, pending = seen.engine_version, seen.pending.get("engine_version")
    if pending is not None and not (want.apply_immediately and fits(pending)):
        now = pending
    return want.engine_version if fits(now) else now


def creation(spec: ClusterSpec) -> dict[str, Any]:
    """Return the settings as CreateDBCluster takes them."""
    taken = {_TAKEN.get(field, name): getattr(spec, field) for field, name in _SHOWN.items()}
    return given({
        **taken,
        "StorageType": spec.storage_type if spec.storage_type != _STANDARD else None,
        "DBSubnetGroupName": spec.db_subnet_group and spec.db_subnet_group.value,
        "VpcSecurityGroupIds": spec.vpc_security_groups and [group.value for group in spec.vpc_security_groups],
        "ServerlessV2ScalingConfiguration": _parameters(spec.serverless_v2_scaling_configuration),
        "EnableCloudwatchLogsExports": list(spec.enable_cloudwatch_logs_exports) or None,
    })  # fmt: skip


def modification(seen: SeenCluster, spec: ClusterSpec, fields: frozenset[str]) -> dict[str, Any]:
    """Return the settings that differ as ModifyDBCluster takes them."""
    changed = {_TAKEN.get(field, name): getattr(spec, field) for field, name in _SHOWN.items() if field in fields}
    if "vpc_security_groups" in fields and spec.vpc_security_groups:
        changed["VpcSecurityGroupIds"] = [group.value for group in spec.vpc_security_groups]
    if "serverless_v2_scaling_configuration" in fields:
        changed["ServerlessV2ScalingConfiguration"] = _parameters(spec.serverless_v2_scaling_configuration)
    if "enable_cloudwatch_logs_exports" in fields:
        have, want = seen.enable_cloudwatch_logs_exports, spec.enable_cloudwatch_logs_exports
        changed["CloudwatchLogsExportConfiguration"] = databases.exports(have, want)
    if "engine_version" in fields and spec.allow_major_version_upgrade:
        changed["AllowMajorVersionUpgrade"] = True
    return given(changed)


def _parameters(scaling: Scaling | None) -> dict[str, Any] | None:
    if scaling is None:
        return None
    return {"MinCapacity": scaling.min_capacity, "MaxCapacity": scaling.max_capacity}


def resized(identifier: str, seen: SeenCluster, spec: ClusterSpec) -> Iterator[Call]:
    """Yield the calls that bring the number of instances to what is wanted: readers go before the writer does."""
    alive, taken = living(seen.members), {each.id for each in seen.members}
    free = (name for number in range(1, 100) if (name := f"{identifier}-{number}") not in taken)
    for _ in range(len(alive), spec.instances):
        own = {parameter: getattr(spec, field) for field, (_, parameter) in _MEMBERS.items()}
        placed = {"DBInstanceIdentifier": next(free), "DBClusterIdentifier": identifier, "Engine": spec.engine}
        yield Call("rds", "CreateDBInstance", {**placed, **own})
    last_first = sorted(alive, key=lambda each: (each.writer, [-ord(letter) for letter in each.id]))
    for each in last_first[: max(0, len(alive) - spec.instances)]:
        yield remove(each)


def remove(each: Member) -> Call:
    """Return the call that deletes one instance; what the cluster holds stays."""
    return Call("rds", "DeleteDBInstance", {"DBInstanceIdentifier": each.id, "SkipFinalSnapshot": True})


def remade(seen: SeenCluster, spec: ClusterSpec) -> Iterator[Call]:
    """Yield the calls that give instances the settings that differ, to each that takes changes now."""
    for each in seen.members:
        have = dict(each.settings)
        changed = {
            name: getattr(spec, field) for field, (_, name) in _MEMBERS.items() if have[field] != getattr(spec, field)
        }
        if each.waiting and spec.apply_immediately:
            changed["DBInstanceClass"] = spec.db_instance_class
        if changed and rds.changeable(each.status):
            asked = {"DBInstanceIdentifier": each.id, "ApplyImmediately": spec.apply_immediately, **changed}
            yield Call("rds", "ModifyDBInstance", asked)
