"""DB instances as RDS describes them, told in the words of the model, and the parameters that change them.

Sources: the Amazon RDS API Reference, DBInstance, PendingModifiedValues, ModifyDBInstance.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pilothouse.dataplane.aws import engine_versions, marks, passwords, rds, references
from pilothouse.dataplane.aws.database_spec import DatabaseSpec, SeenDatabase
from pilothouse.dataplane.aws.ec2 import given
from pilothouse.dataplane.aws.rds import Described
from pilothouse.dataplane.aws.rds_spec import STEERING
from pilothouse.dataplane.types import Health

_SHOWN: Final = {
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "db_instance_class": "DBInstanceClass",
    "allocated_storage": "AllocatedStorage",
    "max_allocated_storage": "MaxAllocatedStorage",
    "storage_type": "StorageType",
    "iops": "Iops",
    "storage_throughput": "StorageThroughput",
    "db_name": "DBName",
    "master_username": "MasterUsername",
    "multi_az": "MultiAZ",
    "availability_zone": "AvailabilityZone",
    "publicly_accessible": "PubliclyAccessible",
    "backup_retention_period": "BackupRetentionPeriod",
    "preferred_backup_window": "PreferredBackupWindow",
    "preferred_maintenance_window": "PreferredMaintenanceWindow",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "deletion_protection": "DeletionProtection",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
    "performance_insights_enabled": "PerformanceInsightsEnabled",
    "performance_insights_retention_period": "PerformanceInsightsRetentionPeriod",
    "enable_iam_database_authentication": "IAMDatabaseAuthenticationEnabled",
    "port": "Port",
}
"""What RDS shows of each setting, and says of one that is pending."""

_TAKEN: Final = {
    "performance_insights_enabled": "EnablePerformanceInsights",
    "enable_iam_database_authentication": "EnableIAMDatabaseAuthentication",
    "db_parameter_group_name": "DBParameterGroupName",
}
"""What RDS takes a setting as, where that is not what it shows."""

_STORAGE: Final = ("allocated_storage", "storage_type", "iops", "storage_throughput")
"""RDS wants all of these when one of them changes."""

_ZERO: Final = ("iops", "storage_throughput", "performance_insights_retention_period")
"""RDS shows 0 or nothing where there is none."""


def settings(instance: Described) -> dict[str, Any]:
    """Return every setting."""
    found = {field: instance.get(name) for field, name in _SHOWN.items()}
    found |= {field: found[field] or None for field in _ZERO}
    if found["max_allocated_storage"] == found["allocated_storage"]:
        found["max_allocated_storage"] = None
    if found["multi_az"]:
        found["availability_zone"] = None
    groups, subnets = instance.get("DBParameterGroups", ()), instance.get("DBSubnetGroup") or {}
    subnet_group = subnets.get("DBSubnetGroupName")
    security_groups = [each["VpcSecurityGroupId"] for each in instance.get("VpcSecurityGroups", ())]
    return {
        **found,
        "port": instance.get("Endpoint", {}).get("Port"),
        "db_subnet_group": references.DatabaseSubnetGroup(id=subnet_group) if subnet_group else None,
        "vpc_security_groups": references.ordered(references.SecurityGroup(id=each) for each in security_groups),
        "db_parameter_group_name": groups[0]["DBParameterGroupName"] if groups else None,
        "enable_cloudwatch_logs_exports": tuple(sorted(instance.get("EnabledCloudwatchLogsExports", ()))),
        "tags": marks.user_tags(rds.tags_of(instance)),
    }


def situation(instance: Described) -> dict[str, Any]:
    """Return what a reading holds beside settings."""
    digest = passwords.found(rds.tags_of(instance))
    waiting = instance.get("PendingModifiedValues", {})
    pending = {field: waiting[name] for field, name in _SHOWN.items() if name in waiting}
    if "DBSubnetGroupName" in waiting:
        pending["db_subnet_group"] = references.DatabaseSubnetGroup(id=waiting["DBSubnetGroupName"])
    return {
        "status": instance["DBInstanceStatus"],
        "arn": instance["DBInstanceArn"],
        "resource_id": instance["DbiResourceId"],
        "digest": digest,
        "generate_password": bool(digest),
        "apply_immediately": False,
        "allow_major_version_upgrade": False,
        "pending": pending,
    }


def outputs(instance: Described) -> dict[str, str]:
    """Return what others may want to know of it; where it listens is not known before it does."""
    endpoint = instance.get("Endpoint", {})
    listens = {"address": endpoint["Address"], "port": str(endpoint["Port"])} if "Address" in endpoint else {}
    return {
        "id": instance["DBInstanceIdentifier"],
        "arn": instance["DBInstanceArn"],
        "dbName": instance.get("DBName") or "",
        "masterUsername": instance["MasterUsername"],
        **listens,
    }


def health(instance: Described, pending: Iterable[str]) -> Health:
    """Return what it is doing."""
    password = [rds.PASSWORD] if "MasterUserPassword" in instance.get("PendingModifiedValues", {}) else []
    return rds.health(instance["DBInstanceStatus"], [*pending, *password], instance["PreferredMaintenanceWindow"])


def comparable(seen: SeenDatabase, want: DatabaseSpec) -> SeenDatabase:
    """Return the settings as they count: what is wanted and waits for the maintenance window is no difference.

    Nor is a newer minor version, or more storage, where RDS may raise it by itself.
    """
    found = {field: _counted(seen, want, field) for field in (*seen.pending, "engine_version", "allocated_storage")}
    return seen.model_copy(update=found | {field: getattr(want, field) for field in STEERING})


def _counted(seen: SeenDatabase, want: DatabaseSpec, field: str) -> Any:
    wanted, now = getattr(want, field), getattr(seen, field)
    if field in seen.pending and not (want.apply_immediately and _fits(want, field, seen.pending[field])):
        now = seen.pending[field]
    return wanted if _fits(want, field, now) else now


def _fits(want: DatabaseSpec, field: str, found: Any) -> bool:
    wanted = getattr(want, field)
    if found is None or wanted is None:
        return bool(found == wanted)
    if field == "engine_version":
        return engine_versions.serves(want.engine, wanted, found, automatic=want.auto_minor_version_upgrade)
    if field == "allocated_storage" and want.max_allocated_storage is not None:
        return bool(found >= wanted)
    return bool(found == wanted)


def creation(spec: DatabaseSpec) -> dict[str, Any]:
    """Return the settings as CreateDBInstance takes them."""
    taken = {_TAKEN.get(field, name): getattr(spec, field) for field, name in _SHOWN.items()}
    return given({
        **taken,
        **_groups(spec),
        "DBParameterGroupName": spec.db_parameter_group_name,
        "EnableCloudwatchLogsExports": list(spec.enable_cloudwatch_logs_exports) or None,
    })  # fmt: skip


def modification(seen: SeenDatabase, spec: DatabaseSpec, fields: frozenset[str]) -> dict[str, Any]:
    """Return the settings that differ as ModifyDBInstance takes them."""
    groups = _groups(spec)
    names = {**_SHOWN, **_TAKEN, "port": "DBPortNumber"}
    storage = frozenset(_STORAGE if fields.intersection(_STORAGE) else ())
    changed = {names[field]: getattr(spec, field) for field in names if field in fields | storage}
    if "allocated_storage" in storage and "allocated_storage" not in fields:
        changed["AllocatedStorage"] = seen.allocated_storage
    if "max_allocated_storage" in fields and spec.max_allocated_storage is None:
        changed["MaxAllocatedStorage"] = seen.allocated_storage
    if "db_subnet_group" in fields:
        changed["DBSubnetGroupName"] = groups["DBSubnetGroupName"]
    if "vpc_security_groups" in fields:
        changed["VpcSecurityGroupIds"] = groups["VpcSecurityGroupIds"]
    if "enable_cloudwatch_logs_exports" in fields:
        changed["CloudwatchLogsExportConfiguration"] = exports(
            seen.enable_cloudwatch_logs_exports, spec.enable_cloudwatch_logs_exports
        )
    if "engine_version" in fields and spec.allow_major_version_upgrade:
        changed["AllowMajorVersionUpgrade"] = True
    return given(changed)


def exports(have: Iterable[str], want: Iterable[str]) -> dict[str, Any]:
    """Return which logs to export from now on, and which no longer."""
    return {"EnableLogTypes": sorted({*want} - {*have}), "DisableLogTypes": sorted({*have} - {*want})}


def _groups(spec: DatabaseSpec) -> Mapping[str, Any]:
    return {
        "DBSubnetGroupName": spec.db_subnet_group and spec.db_subnet_group.value,
        "VpcSecurityGroupIds": spec.vpc_security_groups and [group.value for group in spec.vpc_security_groups],
    }
