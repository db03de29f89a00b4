"""Example settings of awsCacheSubnetGroup."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.cache_subnet_group import CacheSubnetGroup
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Setting

A, B = {"id": "$subnet-a"}, {"id": "$subnet-b"}


def modified(**settings: Any) -> tuple[Call, ...]:
    """Somebody changes the group."""
    asked = {"CacheSubnetGroupName": "$id", "SubnetIds": ["$subnet-a", "$subnet-b"], **settings}
    return (Call("elasticache", "ModifyCacheSubnetGroup", asked),)


def live_in(aws: AwsServer, have: Reading) -> None:
    """Somebody makes a cache in it."""
    aws.client("elasticache").create_replication_group(
        ReplicationGroupId="theirs",
        ReplicationGroupDescription="theirs",
        CacheNodeType="cache.t4g.micro",
        Engine="redis",
        CacheSubnetGroupName=have.id,
    )


EXAMPLE = Example(
    type=CacheSubnetGroup(),
    minimal={"subnets": [A, B]},
    settings={
        "description": Setting("Orders", "Payments", modified(CacheSubnetGroupDescription="Nobody's")),
        "subnets": Setting([B, A], [A], modified(SubnetIds=["$subnet-b"])),
        "tags": Setting({"team": "orders", "tier": "prod"}, {"team": "payments"}),
    },
    fixed={},
    wrong={"subnets": [{"id": "subnet-00000000000000000"}]},
    in_use=live_in,
)
