"""ElastiCache: parameters that moto would ignore, and things that they name."""

from __future__ import annotations

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World, ec2, elasticache

_BOTH = {
    "AuthToken", "AutoMinorVersionUpgrade", "AutomaticFailoverEnabled", "CacheNodeType", "CacheParameterGroupName",
    "Engine", "EngineVersion", "MultiAZEnabled", "PreferredMaintenanceWindow", "ReplicationGroupDescription",
    "ReplicationGroupId", "SecurityGroupIds", "SnapshotRetentionLimit", "SnapshotWindow",
}  # fmt: skip
_GROUP = {"CacheSubnetGroupName", "CacheSubnetGroupDescription", "SubnetIds"}
_RESIZED = {"ApplyImmediately", "ReplicationGroupId"}
HONOURED = {
    "CreateCacheParameterGroup": {"CacheParameterGroupFamily", "CacheParameterGroupName", "Description"},
    "CreateCacheSubnetGroup": _GROUP | {"Tags"},
    "CreateReplicationGroup": _BOTH | {
        "AtRestEncryptionEnabled", "CacheSubnetGroupName", "ClusterMode", "KmsKeyId", "NumNodeGroups", "Port",
        "ReplicasPerNodeGroup", "Tags", "TransitEncryptionEnabled",
    },
    "DecreaseReplicaCount": _RESIZED | {"NewReplicaCount"},
    "DeleteCacheSubnetGroup": {"CacheSubnetGroupName"},
    "DeleteReplicationGroup": {"FinalSnapshotIdentifier", "ReplicationGroupId"},
    "IncreaseReplicaCount": _RESIZED | {"NewReplicaCount"},
    "ModifyCacheSubnetGroup": _GROUP,
    "ModifyReplicationGroup": _BOTH | {"ApplyImmediately", "AuthTokenUpdateStrategy"},
    "ModifyReplicationGroupShardConfiguration": _RESIZED | {"NodeGroupCount", "NodeGroupsToRemove"},
}  # fmt: skip


@departure("elasticache", *HONOURED)
def no_parameter_of_elasticache_is_ignored(call: Call, _world: World, proceed: Proceed) -> object:
    """A parameter that is ignored would be drift that can never be mended."""
    unknown = sorted(set(call.parameters) - HONOURED[call.operation])
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    return proceed()


@departure("elasticache", "CreateCacheParameterGroup")
def parameter_groups_can_be_made(call: Call, _world: World, _proceed: Proceed) -> object:
    """A parameter group is there once it was made; moto has none."""
    made = {name: call.parameters[name] for name in HONOURED["CreateCacheParameterGroup"]}
    _parameter_groups(call)[made["CacheParameterGroupName"]] = made
    return {"CacheParameterGroup": made}


@departure("elasticache", "CreateReplicationGroup", "ModifyReplicationGroup")
def what_elasticache_refers_to_must_exist(call: Call, _world: World, proceed: Proceed) -> object:
    """Parameter groups, subnet groups and security groups must exist; moto takes any name."""
    given = call.parameters
    group, subnets = given.get("CacheParameterGroupName", "default."), given.get("CacheSubnetGroupName")
    if not group.startswith("default.") and group not in _parameter_groups(call):
        raise AwsError("CacheParameterGroupNotFound", f"CacheParameterGroup {group} not found.", 404)
    if subnets is not None and subnets not in elasticache(call).cache_subnet_groups:
        raise AwsError("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {subnets} does not exist.")
    for each in given.get("SecurityGroupIds", ()):
        if ec2(call).get_security_group_from_id(each) is None:
            raise AwsError("InvalidParameterValue", f"Some security groups are invalid: {each}")
    return proceed()


def _parameter_groups(call: Call) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = elasticache(call).__dict__.setdefault("cache_parameter_groups", {})
    return groups
