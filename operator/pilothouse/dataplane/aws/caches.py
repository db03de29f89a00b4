"""Caches as ElastiCache describes them, and the parameters that change them.

Sources: the Amazon ElastiCache API Reference, ReplicationGroup, CacheCluster, ModifyReplicationGroup,
IncreaseReplicaCount, ModifyReplicationGroupShardConfiguration.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pilothouse.dataplane.aws import engine_versions, marks, passwords, references
from pilothouse.dataplane.aws.cache_spec import STEERING, CacheSpec, SeenCache
from pilothouse.dataplane.aws.ec2 import given
from pilothouse.dataplane.types import Call, Health, HealthState, Sensitive

Described = Mapping[str, Any]

ROTATING: Final = "rotating:"
"""Stands before the digest in the tag while the token before is still taken too."""

_GROUP: Final = {
    "replication_group_description": "Description",
    "engine": "Engine",
    "cache_node_type": "CacheNodeType",
    "at_rest_encryption_enabled": "AtRestEncryptionEnabled",
    "transit_encryption_enabled": "TransitEncryptionEnabled",
    "kms_key_id": "KmsKeyId",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
    "snapshot_window": "SnapshotWindow",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
}
"""What a replication group shows of each setting."""

_TAKEN: Final = {
    "replication_group_description": "ReplicationGroupDescription",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "cache_node_type": "CacheNodeType",
    "automatic_failover_enabled": "AutomaticFailoverEnabled",
    "multi_az_enabled": "MultiAZEnabled",
    "cache_parameter_group_name": "CacheParameterGroupName",
    "preferred_maintenance_window": "PreferredMaintenanceWindow",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
    "snapshot_window": "SnapshotWindow",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
}
"""What can be changed at once, by the name under which it is taken."""

_PENDING: Final = {"cache_node_type": "CacheNodeType", "engine_version": "EngineVersion"}
"""What may wait for the maintenance window."""

_ON: Final = frozenset({"enabled", "enabling"})


def settings(group: Described, node: Described, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return every setting. node: one of its nodes, which shows what the group does not."""
    found = {field: group.get(name) for field, name in _GROUP.items()}
    node_groups, subnets = group.get("NodeGroups", ()), node.get("CacheSubnetGroupName")
    groups = [each["SecurityGroupId"] for each in node.get("SecurityGroups", ())]
    return {
        **found,
        "engine_version": node.get("EngineVersion"),
        "cluster_mode": "enabled" if group.get("ClusterEnabled") else "disabled",
        "num_node_groups": len(node_groups),
        "replicas_per_node_group": max((len(each.get("NodeGroupMembers", ())) for each in node_groups), default=1) - 1,
        "automatic_failover_enabled": group.get("AutomaticFailover") in _ON,
        "multi_az_enabled": group.get("MultiAZ") == "enabled",
        "port": _endpoint(group).get("Port"),
        "cache_subnet_group": references.CacheSubnetGroup(id=subnets) if subnets else None,
        "security_groups": references.ordered(references.SecurityGroup(id=each) for each in groups),
        "cache_parameter_group_name": node.get("CacheParameterGroup", {}).get("CacheParameterGroupName"),
        "preferred_maintenance_window": node.get("PreferredMaintenanceWindow"),
        "tags": marks.user_tags(tags),
    }


def situation(group: Described, node: Described, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return what a reading holds beside settings."""
    token, waiting = passwords.found(tags), node.get("PendingModifiedValues", {})
    return {
        "status": group["Status"],
        "arn": group["ARN"],
        "made": "".join(letter for letter in str(group.get("ReplicationGroupCreateTime", "")) if letter.isdigit())[:14],
        "token": token,
        "authenticated": bool(group.get("AuthTokenEnabled")),
        "groups": tuple(sorted(each["NodeGroupId"] for each in group.get("NodeGroups", ()))),
        "pending": {field: waiting[name] for field, name in _PENDING.items() if name in waiting},
        "generate_auth_token": bool(token),
        "apply_immediately": False,
    }


def _endpoint(group: Described) -> Mapping[str, Any]:
    primary: Mapping[str, Any] = next((each.get("PrimaryEndpoint", {}) for each in group.get("NodeGroups", ())), {})
    return group.get("ConfigurationEndpoint") or primary


def outputs(group: Described) -> dict[str, str]:
    """Return what others may want to know of it; where it listens is not known before it does."""
    readers: Mapping[str, Any] = next((each.get("ReaderEndpoint", {}) for each in group.get("NodeGroups", ())), {})
    listens = _endpoint(group)
    reads = group.get("ConfigurationEndpoint") or readers or listens
    found = {"id": group["ReplicationGroupId"], "arn": group["ARN"]}
    if "Address" not in listens:
        return found
    return {**found, "address": listens["Address"], "readerAddress": reads["Address"], "port": str(listens["Port"])}


def health(group: Described, pending: Collection[str], window: str) -> Health:
    """Return what it is doing."""
    match group["Status"]:
        case "deleting":
            return Health(HealthState.DELETING, "is being deleted")
        case "create-failed":
            return Health(HealthState.FAILED, "could not be created")
        case "available" | "snapshotting" if pending:
            waits = f"{', '.join(sorted(pending))}: ElastiCache applies this in the maintenance window {window}"
            return Health(HealthState.PROGRESSING, f"{waits}; set applyImmediately to have it now")
        case "available" | "snapshotting":
            return Health()
        case status:
            return Health(HealthState.PROGRESSING, f"is {status}")


def comparable(seen: SeenCache, want: CacheSpec) -> SeenCache:
    """Return the settings as they count: see `databases.comparable`."""
    found: dict[str, Any] = {field: getattr(want, field) for field in STEERING}
    return seen.model_copy(update=found | {field: _counted(seen, want, field) for field in _PENDING})


def _counted(seen: SeenCache, want: CacheSpec, field: str) -> Any:
    wanted, now = getattr(want, field), getattr(seen, field)
    if field in seen.pending and not (want.apply_immediately and _fits(seen, want, field, seen.pending[field])):
        now = seen.pending[field]
    return wanted if _fits(seen, want, field, now) else now


def _fits(seen: SeenCache, want: CacheSpec, field: str, found: Any) -> bool:
    wanted = getattr(want, field)
    if field != "engine_version" or wanted is None or found is None or want.engine != seen.engine:
        return bool(found == wanted)
    return engine_versions.serves(want.engine, wanted, found, automatic=want.auto_minor_version_upgrade)


def creation(spec: CacheSpec, token: Sensitive) -> dict[str, Any]:
    """Return the settings as CreateReplicationGroup takes them."""
    authenticated = spec.transit_encryption_enabled and spec.generate_auth_token
    return given({
        **{name: getattr(spec, field) for field, name in _TAKEN.items()},
        "AtRestEncryptionEnabled": spec.at_rest_encryption_enabled,
        "TransitEncryptionEnabled": spec.transit_encryption_enabled,
        "KmsKeyId": spec.kms_key_id,
        "ClusterMode": spec.cluster_mode,
        "NumNodeGroups": spec.num_node_groups,
        "ReplicasPerNodeGroup": spec.replicas_per_node_group,
        "Port": spec.port,
        "CacheSubnetGroupName": spec.cache_subnet_group and spec.cache_subnet_group.value,
        "SecurityGroupIds": spec.security_groups and [group.value for group in spec.security_groups],
        "AuthToken": token if authenticated else None,
    })  # fmt: skip


def modification(spec: CacheSpec, fields: frozenset[str]) -> dict[str, Any]:
    """Return the settings that differ as ModifyReplicationGroup takes them."""
    changed = {name: getattr(spec, field) for field, name in _TAKEN.items() if field in fields}
    if "security_groups" in fields and spec.security_groups:
        changed["SecurityGroupIds"] = [group.value for group in spec.security_groups]
    return given(changed)


def resized(identifier: str, seen: SeenCache, spec: CacheSpec, fields: frozenset[str]) -> Call | None:
    """Return the call that changes the number of replicas or of node groups, replicas first; None if that is right."""
    this = {"ReplicationGroupId": identifier, "ApplyImmediately": True}
    if "replicas_per_node_group" in fields:
        wanted = spec.replicas_per_node_group
        verb = "Increase" if wanted > seen.replicas_per_node_group else "Decrease"
        return Call("elasticache", f"{verb}ReplicaCount", {**this, "NewReplicaCount": wanted})
    if "num_node_groups" in fields:
        wanted = spec.num_node_groups
        parameters = {**this, "NodeGroupCount": wanted}
        if wanted < len(seen.groups):
            parameters["NodeGroupsToRemove"] = list(seen.groups[wanted:])
        return Call("elasticache", "ModifyReplicationGroupShardConfiguration", parameters)
    return None
