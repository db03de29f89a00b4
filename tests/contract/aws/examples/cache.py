"""Example settings of awsCache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.cache import Cache
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Maker, Setting
from tests.contract.aws.examples.database import KEYS
from tests.contract.aws.stage import default_subnet

REPLICA = {"replicasPerNodeGroup": 1}
FAILOVER = {**REPLICA, "automaticFailoverEnabled": True}
CLUSTERED = {"clusterMode": "enabled", "automaticFailoverEnabled": True}
THIS = {"ReplicationGroupId": "$id", "ApplyImmediately": True}


def modified(**settings: Any) -> tuple[Call, ...]:
    """Somebody changes the cache at once."""
    return (Call("elasticache", "ModifyReplicationGroup", {**THIS, **settings}),)


def subnet_group(name: str, zone: str) -> Maker:
    """A subnet group of ElastiCache."""

    def make(aws: AwsServer) -> str:
        aws.client("elasticache").create_cache_subnet_group(
            CacheSubnetGroupName=name, CacheSubnetGroupDescription=name, SubnetIds=[default_subnet(zone)(aws)]
        )
        return name

    return make


def parameter_group(name: str) -> Maker:
    """A parameter group of ElastiCache."""

    def make(aws: AwsServer) -> str:
        aws.client("elasticache").create_cache_parameter_group(
            CacheParameterGroupName=name, CacheParameterGroupFamily="redis7", Description=name
        )
        return name

    return make


def change(aws: AwsServer, have: Reading) -> None:
    """Somebody changes it, which takes its time."""
    aws.configure(transition_seconds=60.0)
    aws.client("elasticache").modify_replication_group(ReplicationGroupId=have.id, ApplyImmediately=True)


SETTINGS: Mapping[str, Setting] = {
    "tags": Setting({"team": "orders", "tier": "prod"}, {"team": "payments"}),
    "replicationGroupDescription": Setting("Orders", "Payments", modified(ReplicationGroupDescription="Nobody's")),
    "engine": Setting("redis", "valkey", one_way="Redis becomes Valkey, not the other way"),
    "engineVersion": Setting("7.0", "7.1", one_way="ElastiCache raises a version and never lowers it"),
    "autoMinorVersionUpgrade": Setting(first=True, second=False, behind=modified(AutoMinorVersionUpgrade=False)),
    "cacheNodeType": Setting("cache.t4g.small", "cache.m7g.large", modified(CacheNodeType="cache.r7g.large")),
    "numNodeGroups": Setting(
        2,
        1,
        (Call("elasticache", "ModifyReplicationGroupShardConfiguration", {**THIS, "NodeGroupCount": 3}),),
        beside=CLUSTERED,
    ),
    "replicasPerNodeGroup": Setting(
        1, 2, (Call("elasticache", "DecreaseReplicaCount", {**THIS, "NewReplicaCount": 0}),)
    ),
    "automaticFailoverEnabled": Setting(
        first=True, second=False, behind=modified(AutomaticFailoverEnabled=False), beside=REPLICA
    ),
    "multiAZEnabled": Setting(first=True, second=False, behind=modified(MultiAZEnabled=False), beside=FAILOVER),
    "securityGroups": Setting(
        [{"id": "$group-b"}, {"id": "$group-a"}], [{"id": "$group-a"}], modified(SecurityGroupIds=["$group-b"])
    ),
    "cacheParameterGroupName": Setting("$fast", "$slow", modified(CacheParameterGroupName="$slow")),
    "preferredMaintenanceWindow": Setting(
        "sun:04:00-sun:05:00", "mon:04:00-mon:05:00", modified(PreferredMaintenanceWindow="tue:04:00-tue:05:00")
    ),
    "snapshotRetentionLimit": Setting(7, 14, modified(SnapshotRetentionLimit=0)),
    "snapshotWindow": Setting("03:00-04:00", "05:00-06:00", modified(SnapshotWindow="07:00-08:00")),
}

EXAMPLE = Example(
    type=Cache(),
    minimal={"cacheNodeType": "cache.t4g.micro", "applyImmediately": True},
    settings=SETTINGS,
    fixed={
        "clusterMode": Fixed("enabled", "disabled", beside=FAILOVER),
        "port": Fixed(6_380, 6_381),
        "cacheSubnetGroup": Fixed({"id": "$here"}, {"id": "$there"}),
        "atRestEncryptionEnabled": Fixed(first=True, second=False),
        "kmsKeyID": Fixed(KEYS[0], KEYS[1]),
        "transitEncryptionEnabled": Fixed(first=True, second=False),
    },
    options=frozenset({"applyImmediately", "generateAuthToken"}),
    wrong={"cacheParameterGroupName": "absent"},
    stage={
        "$here": subnet_group("here", "eu-west-1a"),
        "$there": subnet_group("there", "eu-west-1b"),
        "$fast": parameter_group("fast"),
        "$slow": parameter_group("slow"),
    },
    in_use=change,
)
