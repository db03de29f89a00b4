"""ElastiCache: replication groups take their time, and have nodes that can be described; moto's have neither."""

from __future__ import annotations

from typing import Any

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, parsed
from tests.aws.world import World, ec2, elasticache

FLAGS = {
    "AtRestEncryptionEnabled": "at_rest_encryption_enabled",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "TransitEncryptionEnabled": "transit_encryption_enabled",
}
DEFAULT_VERSIONS = {"redis": "7.1.0", "valkey": "8.0.1"}
WINDOW = "sun:05:00-sun:06:00"


def group_of(call: Call) -> Any:
    """The replication group that a call names."""
    name, groups = call.parameters["ReplicationGroupId"], elasticache(call).replication_groups
    if name not in groups:
        raise AwsError("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.", 404)
    return groups[name]


def available(call: Call) -> Any:
    """The replication group that a call names, which must be available."""
    group = group_of(call)
    if group.status != "available":
        message = f"Replication group {group.replication_group_id} is not in available state."
        raise AwsError("InvalidReplicationGroupState", message)
    return group


@departure("elasticache", "CreateReplicationGroup")
def groups_come_with_time(call: Call, world: World, proceed: Proceed) -> object:
    """A group is `creating` before it is available; a token needs encrypted transit, failover a replica.

    moto takes texts for flags, gives no reader's endpoint, and forgets what it was asked for of nodes.
    """
    given = call.parameters
    _check(given)
    reply = proceed()
    if not reply.ok:
        return reply
    group = group_of(call)
    for name, attribute in FLAGS.items():
        setattr(group, attribute, given.get(name, name == "AutoMinorVersionUpgrade"))
    group.engine_version = full_version(given.get("EngineVersion", DEFAULT_VERSIONS[group.engine]))
    default = ec2(call).get_default_security_group(ec2(call).default_vpc.id).id
    group.security_group_ids = given.get("SecurityGroupIds") or [default]
    group.preferred_maintenance_window = given.get("PreferredMaintenanceWindow", WINDOW)
    group.port = given.get("Port", 6379)
    group.snapshot_window = given.get("SnapshotWindow", "05:00-06:00")
    shape(group, given.get("NumNodeGroups", 1), given.get("ReplicasPerNodeGroup", 0))
    group.status = "creating"
    world.later(group, lambda: setattr(group, "status", "available"))
    return {"ReplicationGroup": group}


def full_version(version: str) -> str:
    """A version as ElastiCache shows it, with its patch level."""
    return version if version.count(".") > 1 else f"{version}.0"


def _check(given: dict[str, Any]) -> None:
    if given.get("AuthToken") and not given.get("TransitEncryptionEnabled"):
        message = "AuthToken is only supported when encryption-in-transit is enabled."
        raise AwsError("InvalidParameterCombination", message)
    clustered, replicas = given.get("ClusterMode") == "enabled", given.get("ReplicasPerNodeGroup", 0)
    if clustered and not given.get("AutomaticFailoverEnabled"):
        message = "Redis with cluster mode enabled cannot be created with auto failover turned off."
        raise AwsError("InvalidParameterValue", message)
    if given.get("AutomaticFailoverEnabled") and not clustered and not replicas:
        message = "Automatic failover is not supported for a group without replicas."
        raise AwsError("InvalidParameterCombination", message)


def shape(group: Any, groups: int, replicas: int) -> None:
    """Give it so many node groups, each with a primary and so many replicas."""
    name, clustered = group.replication_group_id, group.cluster_mode == "enabled"
    domain = f"{name}.abcdef.euw1.cache.amazonaws.com"
    group.node_groups, group.member_clusters = [], []
    for number in range(1, groups + 1):
        prefix = f"{name}-{number:04}" if clustered else name
        members = [f"{prefix}-{node:03}" for node in range(1, replicas + 2)]
        group.member_clusters += members
        nodes = [{"CacheClusterId": each, "CacheNodeId": "0001"} for each in members]
        made: dict[str, Any] = {"NodeGroupId": f"{number:04}", "Status": "available", "NodeGroupMembers": nodes}
        if not clustered:
            made["PrimaryEndpoint"] = {"Address": f"master.{domain}", "Port": group.port}
            made["ReaderEndpoint"] = {"Address": f"replica.{domain}", "Port": group.port}
        group.node_groups.append(made)
    if clustered:
        group.configuration_endpoint = {"Address": f"clustercfg.{domain}", "Port": group.port}


@departure("elasticache", "DescribeReplicationGroups")
def a_new_group_listens_nowhere(call: Call, _world: World, proceed: Proceed) -> object:
    """A group that is being created has no endpoints yet; moto shows them at once."""
    reply = proceed()
    if not reply.ok:
        return reply
    return _without_endpoints(call, reply)


def _without_endpoints(call: Call, reply: Any) -> dict[str, Any]:
    result = parsed(call, reply)
    for group in result["ReplicationGroups"]:
        if group["Status"] == "creating":
            group.pop("ConfigurationEndpoint", None)
            group["NodeGroups"] = []
    result.pop("ResponseMetadata", None)
    return result


@departure("elasticache", "DescribeCacheClusters")
def nodes_of_groups_can_be_described(call: Call, _world: World, proceed: Proceed) -> object:
    """A group's nodes show its version, subnets, security groups, window and what waits for that; moto has no nodes."""
    name = call.parameters.get("CacheClusterId", "")
    groups = elasticache(call).replication_groups.values()
    group = next((each for each in groups if name in each.member_clusters), None)
    if group is None:
        return proceed()
    node = {
        "CacheClusterId": name,
        "ReplicationGroupId": group.replication_group_id,
        "CacheClusterStatus": group.status,
        "CacheNodeType": group.cache_node_type,
        "Engine": group.engine,
        "EngineVersion": group.engine_version,
        "PreferredMaintenanceWindow": group.preferred_maintenance_window,
        "PendingModifiedValues": getattr(group, "pending", {}),
        "CacheParameterGroup": {"CacheParameterGroupName": group.cache_parameter_group_name or "default.redis7"},
        "CacheSubnetGroupName": group.cache_subnet_group_name or "default",
        "SecurityGroups": [{"SecurityGroupId": each, "Status": "active"} for each in group.security_group_ids],
    }
    return {"CacheClusters": [node]}


@departure("elasticache", "DeleteReplicationGroup")
def groups_go_with_time(call: Call, world: World, _proceed: Proceed) -> object:
    """A group is `deleting` for a while; one that is not available is not deleted. moto's never go.

    The name of a last snapshot must be free.
    """
    group, backend = available(call), elasticache(call)
    name, last = group.replication_group_id, call.parameters.get("FinalSnapshotIdentifier")
    if last and last in backend.snapshots:
        raise AwsError("SnapshotAlreadyExistsFault", f"Snapshot {last} already exists.")
    if last:
        backend.create_snapshot(last, name, None, None, None)
    group.status = "deleting"
    world.later(group, lambda: _forget(backend, group))
    return {"ReplicationGroup": group}


def _forget(backend: Any, group: Any) -> None:
    del backend.replication_groups[group.replication_group_id]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
