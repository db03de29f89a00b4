"""Example settings of awsDatabaseSubnetGroup."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.database_subnet_group import DatabaseSubnetGroup
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Setting
from tests.contract.aws.stage import default_subnet

A, B, C = {"id": "$subnet-a"}, {"id": "$subnet-b"}, {"id": "$subnet-c"}
ARN = "arn:aws:rds:eu-west-1:123456789012:subgrp:$id"


def modified(**settings: Any) -> tuple[Call, ...]:
    """Somebody changes the group."""
    asked = {"DBSubnetGroupName": "$id", "SubnetIds": ["$subnet-a", "$subnet-b"], **settings}
    return (Call("rds", "ModifyDBSubnetGroup", asked),)


def live_in(aws: AwsServer, have: Reading) -> None:
    """Somebody makes a database in it."""
    aws.client("rds").create_db_instance(
        DBInstanceIdentifier="theirs",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="they",
        MasterUserPassword="theirs-alone",
        DBSubnetGroupName=have.id,
    )


EXAMPLE = Example(
    type=DatabaseSubnetGroup(),
    minimal={"subnets": [A, B]},
    settings={
        "description": Setting("Orders", "Payments", modified(DBSubnetGroupDescription="Nobody's")),
        "subnets": Setting([B, A], [A, B, C], modified(SubnetIds=["$subnet-a", "$subnet-c"])),
        "tags": Setting({"team": "orders", "tier": "prod"}, {"team": "payments"}),
    },
    fixed={},
    wrong={"subnets": [A]},
    stage={"$subnet-c": default_subnet("eu-west-1c")},
    in_use=live_in,
)
