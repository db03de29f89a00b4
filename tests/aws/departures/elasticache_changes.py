"""ElastiCache: changes take their time, or wait for the maintenance window; moto knows few, and makes them at once."""

from __future__ import annotations

from typing import Any

from tests.aws.departures import Proceed, departure
from tests.aws.departures.elasticache_lifecycle import available, full_version, shape
from tests.aws.wire import AwsError, Call
from tests.aws.world import World

QUEUED = {"CacheNodeType": "cache_node_type", "EngineVersion": "engine_version"}
"""What waits for the maintenance window unless ApplyImmediately."""
AT_ONCE = {
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "Engine": "engine",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "ReplicationGroupDescription": "description",
    "SecurityGroupIds": "security_group_ids",
    "SnapshotRetentionLimit": "snapshot_retention_limit",
    "SnapshotWindow": "snapshot_window",
}
SWITCHES = {"AutomaticFailoverEnabled": "automatic_failover", "MultiAZEnabled": "multi_az"}


@departure("elasticache", "ModifyReplicationGroup")
def groups_change_with_time(call: Call, world: World, _proceed: Proceed) -> object:
    """A group is `modifying` meanwhile and takes no other change; what waits for the window is shown by its nodes."""
    group, given = available(call), call.parameters
    _check(group, given)
    for name, attribute in AT_ONCE.items():
        setattr(group, attribute, given.get(name, getattr(group, attribute)))
    for name, attribute in SWITCHES.items():
        if name in given:
            setattr(group, attribute, "enabled" if given[name] else "disabled")
    _authenticate(group, given)
    pending = {**getattr(group, "pending", {})}
    for name in QUEUED.keys() & given.keys():
        value = full_version(given[name]) if name == "EngineVersion" else given[name]
        pending.pop(name, None)
        if value != getattr(group, QUEUED[name]):
            pending[name] = value
    group.pending = pending
    if given.get("ApplyImmediately"):
        _busy(world, group, lambda: _make(group))
    elif pending:
        window = group.__dict__.setdefault("window", object())
        world.later(window, lambda: _make(group), world.settings.window_seconds)
    return {"ReplicationGroup": group}


def _check(group: Any, given: dict[str, Any]) -> None:
    replicas = len(group.member_clusters) > len(group.node_groups)
    if given.get("AutomaticFailoverEnabled") and not replicas:
        raise AwsError("InvalidParameterCombination", "Must have at least one replica to enable automatic failover.")
    if given.get("Engine") == "redis" and group.engine == "valkey":
        raise AwsError("InvalidParameterCombination", "Cannot downgrade from valkey to redis.")
    version = given.get("EngineVersion")
    if version is not None and _numbers(version) < _numbers(group.engine_version)[: len(_numbers(version))]:
        raise AwsError("InvalidParameterCombination", f"Cannot downgrade from {group.engine_version} to {version}.")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _authenticate(group: Any, given: dict[str, Any]) -> None:
    strategy = given.get("AuthTokenUpdateStrategy")
    if strategy is None:
        return
    if not group.transit_encryption_enabled or (strategy == "ROTATE" and not group.auth_token_enabled):
        raise AwsError("InvalidParameterCombination", f"Invalid AuthTokenUpdateStrategy {strategy}.")
    group.auth_token_enabled = True


def _make(group: Any) -> None:
    for name, value in group.pending.items():
        setattr(group, QUEUED[name], value)
    group.pending = {}


def _busy(world: World, group: Any, act: Any) -> None:
    group.status = "modifying"

    def finish() -> None:
        act()
        group.status = "available"

    world.later(group, finish)


@departure("elasticache", "IncreaseReplicaCount", "DecreaseReplicaCount")
def replicas_come_and_go(call: Call, world: World, _proceed: Proceed) -> object:
    """The number of replicas can be raised or lowered, of each node group alike; moto does not have the operations."""
    group, wanted = available(call), call.parameters["NewReplicaCount"]
    now = len(group.member_clusters) // len(group.node_groups) - 1
    if wanted == now or (wanted > now) != (call.operation == "IncreaseReplicaCount"):
        raise AwsError("InvalidParameterValue", f"The number of replicas is {now} now.")
    if wanted == 0 and group.automatic_failover == "enabled" and group.cluster_mode != "enabled":
        raise AwsError("InvalidParameterValue", "Automatic failover needs a replica.")
    _busy(world, group, lambda: shape(group, len(group.node_groups), wanted))
    return {"ReplicationGroup": group}


@departure("elasticache", "ModifyReplicationGroupShardConfiguration")
def node_groups_come_and_go(call: Call, world: World, _proceed: Proceed) -> object:
    """The number of node groups can be changed, those that go are named; moto does not have the operation."""
    group, wanted = available(call), call.parameters["NodeGroupCount"]
    now = len(group.node_groups)
    if group.cluster_mode != "enabled":
        raise AwsError("InvalidParameterValue", "Shard configuration needs cluster mode.")
    if len(call.parameters.get("NodeGroupsToRemove", ())) != max(0, now - wanted):
        raise AwsError("InvalidParameterCombination", "NodeGroupsToRemove must name the node groups that go.")
    replicas = len(group.member_clusters) // now - 1
    _busy(world, group, lambda: shape(group, wanted, replicas))
    return {"ReplicationGroup": group}
