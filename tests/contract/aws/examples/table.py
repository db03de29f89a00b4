"""Example settings of awsTable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.table import Table
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Setting

KEYS = {"id": "S", "day": "S", "n": "N"}
ID, DAY, TOTAL = ({"attributeName": name, "attributeType": kind} for name, kind in KEYS.items())
EVERYTHING = {"projectionType": "ALL"}
SORTED = {"rangeKey": DAY}


def update(**change: Any) -> tuple[Call, ...]:
    """Somebody changes the table."""
    return (Call("dynamodb", "UpdateTable", {"TableName": "$id", **change}),)


def units(read: int, write: int) -> dict[str, int]:
    """A capacity."""
    return {"readCapacityUnits": read, "writeCapacityUnits": write}


def index(name: str, **more: Any) -> dict[str, Any]:
    """An index."""
    return {"indexName": name, "hashKey": DAY, "projection": EVERYTHING, **more}


def key(aws: AwsServer) -> str:
    """A KMS key."""
    arn: str = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def recovery(*, enabled: bool, **more: Any) -> tuple[Call, ...]:
    """Somebody changes point-in-time recovery."""
    given = {"PointInTimeRecoveryEnabled": enabled, **more}
    change = {"TableName": "$id", "PointInTimeRecoverySpecification": given}
    return (Call("dynamodb", "UpdateContinuousBackups", change),)


EXPIRING = {"Enabled": False, "AttributeName": "gone"}

SETTINGS: Mapping[str, Setting] = {
    "billingMode": Setting(
        "PAY_PER_REQUEST",
        "PROVISIONED",
        update(BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 7}),
        then={"provisionedThroughput": units(5, 5)},
    ),
    "provisionedThroughput": Setting(
        units(5, 5),
        units(10, 6),
        update(ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 7}),
        beside={"billingMode": "PROVISIONED"},
    ),
    "globalSecondaryIndexes": Setting(
        [index("by-total", rangeKey=TOTAL), index("by-day")],
        [
            index("by-total", rangeKey=ID),
            index("some", projection={"projectionType": "INCLUDE", "nonKeyAttributes": ["z", "a"]}),
        ],
        update(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-day"}}]),
    ),
    "timeToLiveAttribute": Setting(
        "gone",
        "over",
        (Call("dynamodb", "UpdateTimeToLive", {"TableName": "$id", "TimeToLiveSpecification": EXPIRING}),),
        removed=True,
    ),
    "streamViewType": Setting(
        "NEW_IMAGE", "KEYS_ONLY", update(StreamSpecification={"StreamEnabled": False}), removed=True
    ),
    "pointInTimeRecoveryEnabled": Setting(first=True, second=False, behind=recovery(enabled=False)),
    "recoveryPeriodInDays": Setting(
        7,
        14,
        recovery(enabled=True, RecoveryPeriodInDays=3),
        beside={"pointInTimeRecoveryEnabled": True},
        default=35,
    ),
    "deletionProtectionEnabled": Setting(first=True, second=False, behind=update(DeletionProtectionEnabled=False)),
    "sseEnabled": Setting(first=True, second=False, behind=update(SSESpecification={"Enabled": False})),
    "kmsMasterKeyARN": Setting(
        "$key-a",
        "$key-b",
        update(SSESpecification={"Enabled": True, "SSEType": "KMS"}),
        beside={"sseEnabled": True},
    ),
    "tableClass": Setting("STANDARD_INFREQUENT_ACCESS", "STANDARD", update(TableClass="STANDARD")),
    "tags": Setting(
        {"team": "orders", "tier": "prod"},
        {"team": "payments"},
        (
            Call("dynamodb", "TagResource", {"ResourceArn": "$arn", "Tags": [{"Key": "team", "Value": "nobody"}]}),
            Call("dynamodb", "UntagResource", {"ResourceArn": "$arn", "TagKeys": ["tier"]}),
        ),
    ),
}

EXAMPLE = Example(
    type=Table(),
    minimal={"hashKey": ID},
    settings=SETTINGS,
    fixed={
        "hashKey": Fixed(ID, DAY),
        "rangeKey": Fixed(DAY, TOTAL),
        "localSecondaryIndexes": Fixed(
            [{"indexName": "by-total", "rangeKey": TOTAL, "projection": EVERYTHING}],
            [{"indexName": "by-total", "rangeKey": TOTAL, "projection": {"projectionType": "KEYS_ONLY"}}],
            beside=SORTED,
        ),
    },
    wrong={
        **SORTED,
        "globalSecondaryIndexes": [index("same")],
        "localSecondaryIndexes": [{"indexName": "same", "rangeKey": TOTAL, "projection": EVERYTHING}],
    },
    stage={"$key-a": key, "$key-b": key},
    in_use="DynamoDB deletes a table whoever uses it, unless it is protected",
)
