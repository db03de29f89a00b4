"""RDS: changes are checked, take their time, or wait for the maintenance window; moto makes them at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from tests.aws.departures import Proceed, departure
from tests.aws.departures.rds_lifecycle import cluster_of, instance_of, state_of
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, rds

TAKES_CHANGES = ("available", "storage-full", "storage-optimization")
QUEUED = {
    "AllocatedStorage": "AllocatedStorage",
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "DBInstanceClass": "DBInstanceClass",
    "DBSubnetGroupName": "DBSubnetGroupName",
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "EngineVersion": "EngineVersion",
    "Iops": "Iops",
    "MultiAZ": "MultiAZ",
    "StorageThroughput": "StorageThroughput",
    "StorageType": "StorageType",
}
"""What waits for the maintenance window unless ApplyImmediately, and what it is called meanwhile."""
CONTROL = {"AllowMajorVersionUpgrade", "ApplyImmediately", "DBClusterIdentifier", "DBInstanceIdentifier"}
NAMES = {
    "DBClusterParameterGroupName": "parameter_group",
    "DBPortNumber": "port",
    "EnablePerformanceInsights": "performance_insights_enabled",
}


@departure("rds", "ModifyDBInstance", "ModifyDBCluster")
def changes_take_their_time(call: Call, world: World, _proceed: Proceed) -> object:
    """A change is refused while another is under way; one that interrupts waits in PendingModifiedValues.

    With ApplyImmediately it is made while the status is `modifying`, and so is whatever waited already.
    """
    instance = call.operation == "ModifyDBInstance"
    thing, noun = (instance_of(call), "DBInstance") if instance else (cluster_of(call), "DBCluster")
    if state_of(thing) not in TAKES_CHANGES:
        code = "InvalidDBInstanceState" if instance else "InvalidDBClusterStateFault"
        raise AwsError(code, f"Database {call.parameters[f'{noun}Identifier']} is not in available state.")
    _check(call, thing)
    given = {name: value for name, value in call.parameters.items() if name not in CONTROL}
    waits = {name for name in given if name in QUEUED and (instance or name == "EngineVersion")}
    pending = {**getattr(thing, "pending_modified_values", {})}
    for name in sorted(waits):
        pending.pop(QUEUED[name], None)
        if given[name] != _now(thing, name):
            pending[QUEUED[name]] = given[name]
    for name in set(given) - waits:
        set_value(thing, name, given[name])
    _begin(call, world, thing, pending)
    return {noun: thing}


def _begin(call: Call, world: World, thing: Any, pending: dict[str, Any]) -> None:
    at_once = call.parameters.get("ApplyImmediately", False) and pending
    password = "MasterUserPassword" in call.parameters
    thing.pending_modified_values = pending | ({"MasterUserPassword": "****"} if password else {})
    if at_once or password:
        set_state(thing, "modifying" if at_once else "resetting-master-credentials")
        world.later(thing, lambda: _finish(thing, pending if at_once else {}))
    if pending and not at_once:
        window = thing.__dict__.setdefault("window", object())
        world.later(window, lambda: _finish(thing, dict(thing.pending_modified_values)), world.settings.window_seconds)


def _finish(thing: Any, made: Mapping[str, Any]) -> None:
    names = {shown: name for name, shown in QUEUED.items()}
    for shown, value in made.items():
        if shown in names:
            set_value(thing, names[shown], value)
    left = {
        shown: value for shown, value in thing.pending_modified_values.items() if shown not in made and shown in names
    }
    thing.pending_modified_values = left
    set_state(thing, "available")


def _now(thing: Any, name: str) -> Any:
    if name == "DBSubnetGroupName":
        return getattr(thing, "_db_subnet_group_name", None)
    return getattr(thing, xform_name(name), None)


def set_state(thing: Any, state: str) -> None:
    """Put a database or a cluster into a state."""
    setattr(thing, "_status" if hasattr(thing, "_status") else "status", state)


def set_value(thing: Any, name: str, value: Any) -> None:
    """Change a setting by the name that RDS takes it under."""
    if name == "CloudwatchLogsExportConfiguration":
        logs = {*thing.enabled_cloudwatch_logs_exports, *value.get("EnableLogTypes", ())}
        thing.enabled_cloudwatch_logs_exports = sorted(logs - {*value.get("DisableLogTypes", ())})
    elif name == "ServerlessV2ScalingConfiguration":
        thing.serverless_v2_scaling_configuration = {**(thing.serverless_v2_scaling_configuration or {}), **value}
    elif name == "EnableIAMDatabaseAuthentication" and hasattr(thing, "iam_auth"):
        thing.iam_auth = value
    else:
        setattr(thing, NAMES.get(name, xform_name(name)), value)
    if name == "EnablePerformanceInsights":
        kept = getattr(thing, "performance_insights_retention_period", None) or 7
        thing.performance_insights_retention_period = kept if value else None


def _check(call: Call, thing: Any) -> None:
    given = call.parameters
    _check_version(thing, given.get("EngineVersion"), allowed=given.get("AllowMajorVersionUpgrade", False))
    if given.get("AllocatedStorage", thing.allocated_storage) < thing.allocated_storage:
        raise AwsError("InvalidParameterCombination", "Invalid storage size: it cannot be decreased.")
    group = given.get("DBParameterGroupName")
    if group is not None and not group.startswith("default.") and group not in rds(call).db_parameter_groups:
        raise AwsError("DBParameterGroupNotFound", f"DBParameterGroup not found: {group}", 404)
    _check_subnet_group(call, thing)


def _check_subnet_group(call: Call, thing: Any) -> None:
    name, groups = call.parameters.get("DBSubnetGroupName"), rds(call).subnet_groups
    now = _now(thing, "DBSubnetGroupName")
    if name and now and name != now and groups[name].vpc_id == groups[now].vpc_id:
        message = "You cannot move DB instance to subnet group: the specified DB subnet group is in the same VPC."
        raise AwsError("InvalidVPCNetworkStateFault", message)


def _check_version(thing: Any, wanted: str | None, *, allowed: bool) -> None:
    if wanted is None:
        return
    now, then = _numbers(thing.engine_version), _numbers(wanted)
    if then[:1] != now[:1] and not allowed:
        message = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        raise AwsError("InvalidParameterCombination", message)
    if then < now[: len(then)]:
        message = f"Cannot upgrade {thing.engine} from {thing.engine_version} to {wanted}"
        raise AwsError("InvalidParameterCombination", message)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
