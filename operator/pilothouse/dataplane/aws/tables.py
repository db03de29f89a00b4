"""DynamoDB tables as DynamoDB describes them, told in the words of the model, and what makes one.

Source: the Amazon DynamoDB API Reference, CreateTable, DescribeTable, DescribeTimeToLive, DescribeContinuousBackups.
"""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.dataplane.aws import indexes, last_backup, marks
from pilothouse.dataplane.aws.indexes import GlobalIndex
from pilothouse.dataplane.aws.table_spec import TableSpec, keys
from pilothouse.dataplane.errors import NotFound, NotYet
from pilothouse.dataplane.types import Call, Flow, Health, HealthState

Described = Mapping[str, Any]

ACTIVE: Final = "ACTIVE"
LONGEST_RECOVERY: Final = 35
IN_MOTION: Final = frozenset({"CREATING", "UPDATING", "DELETING"})
_TRANSIENT: Final = frozenset({"CREATING", "DELETING"})
"""States in which only the table itself can be described."""


def read(name: str) -> Flow[tuple[Described, dict[str, Any], Mapping[str, str]]]:
    """Ask for everything about a table: as it is described, its settings, its tags. Raises NotFound.

    The settings are those of the model but tags, and of `SeenTable`.
    """
    table = (yield Call("dynamodb", "DescribeTable", {"TableName": name}))["Table"]
    found = marks.from_pairs((yield from _tags(table)))
    ttl, recovery = yield from _details(table)
    noted = found.get(last_backup.TAG, "")
    backups = (yield from last_backup.backups(name)) if noted else ()
    status = ttl.get("TimeToLiveStatus")
    seen = {
        **_settings(table),
        **_recovery(recovery),
        "time_to_live_attribute": ttl.get("AttributeName") if status in {"ENABLED", "ENABLING"} else None,
        "ttl_at_rest": status in {"ENABLED", "DISABLED"},
        "arn": table["TableArn"],
        "status": table["TableStatus"],
        "indexes_at_rest": not _moving(table),
        "last_backup": noted,
        "backups": backups,
    }
    return table, seen, found


def _tags(table: Described) -> Flow[list[dict[str, str]]]:
    """Ask for all tags, page by page. Raises NotFound when the table has gone, NotYet while it has hardly come."""
    found: list[dict[str, str]] = []
    more: dict[str, str] | None = {}
    while more is not None:
        try:
            page = yield Call("dynamodb", "ListTagsOfResource", {"ResourceArn": table["TableArn"], **more})
        except NotFound as error:
            if table["TableStatus"] == "CREATING":
                raise NotYet(f"{table['TableName']} is being made, its tags cannot be read yet: {error}") from error
            raise
        found += page["Tags"]
        more = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
    return found


def _details(table: Described) -> Flow[tuple[Described, Described]]:
    """Ask for what DescribeTable does not show: time to live and point-in-time recovery."""
    if table["TableStatus"] in _TRANSIENT:
        return {}, {}
    name = {"TableName": table["TableName"]}
    ttl = yield Call("dynamodb", "DescribeTimeToLive", name)
    backups = yield Call("dynamodb", "DescribeContinuousBackups", name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return ttl["TimeToLiveDescription"], recovery


def _recovery(described: Described) -> dict[str, Any]:
    enabled = described.get("PointInTimeRecoveryStatus") == "ENABLED"
    days = described.get("RecoveryPeriodInDays", LONGEST_RECOVERY) if enabled else None
    return {"point_in_time_recovery_enabled": enabled, "recovery_period_in_days": days}


def _settings(table: Described) -> dict[str, Any]:
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    stream, encryption = table.get("StreamSpecification", {}), table.get("SSEDescription", {})
    encrypted = encryption.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
    living = [each for each in table.get("GlobalSecondaryIndexes", ()) if each["IndexStatus"] != "DELETING"]
    local = [indexes.read_local(each, types) for each in table.get("LocalSecondaryIndexes", ())]
    return {
        **indexes.read_keys(table["KeySchema"], types),
        "billing_mode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "provisioned_throughput": indexes.read_throughput(table),
        "global_secondary_indexes": indexes.by_name([indexes.read_global(each, types) for each in living]),
        "local_secondary_indexes": indexes.by_name(local),
        "stream_view_type": stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
        "deletion_protection_enabled": table.get("DeletionProtectionEnabled", False),
        "sse_enabled": encrypted,
        "kms_master_key_arn": encryption.get("KMSMasterKeyArn") if encrypted else None,
        "table_class": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
    }


def _moving(table: Described) -> list[str]:
    return sorted(
        each["IndexName"] for each in table.get("GlobalSecondaryIndexes", ()) if each["IndexStatus"] != ACTIVE
    )


def health(table: Described) -> Health:
    """Return what a table is doing, or its indexes."""
    status, moving = table["TableStatus"], ", ".join(_moving(table))
    if status == ACTIVE:
        return Health(HealthState.PROGRESSING, f"its indexes change: {moving}") if moving else Health()
    state = HealthState.DELETING if status == "DELETING" else HealthState.PROGRESSING
    return Health(state if status in IN_MOTION else HealthState.FAILED, f"the table is {status}")


def definitions(of: TableSpec, *more: GlobalIndex) -> list[dict[str, str]]:
    """Return the attributes that the keys of a table, its indexes and `more` of them use."""
    found = {key.attribute_name: key.attribute_type for key in keys(of, *more)}
    return [{"AttributeName": name, "AttributeType": found[name]} for name in sorted(found)]


def creation(of: TableSpec) -> dict[str, Any]:
    """Return all that CreateTable takes but name and tags."""
    paid = of.provisioned_throughput
    optional = {
        "ProvisionedThroughput": paid and paid.parameters(),
        "GlobalSecondaryIndexes": [index.parameters() for index in of.global_secondary_indexes],
        "LocalSecondaryIndexes": [index.parameters(of.hash_key) for index in of.local_secondary_indexes],
        "StreamSpecification": of.stream_view_type and stream(of.stream_view_type),
        "SSESpecification": of.sse_enabled and encryption(of),
    }
    return {
        "AttributeDefinitions": definitions(of),
        "KeySchema": indexes.key_schema(of.hash_key, of.range_key),
        "BillingMode": of.billing_mode,
        "DeletionProtectionEnabled": of.deletion_protection_enabled,
        "TableClass": of.table_class,
        **{name: value for name, value in optional.items() if value},
    }


def stream(view: str | None) -> dict[str, Any]:
    """Return a stream as DynamoDB takes it."""
    return {"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False}


def encryption(of: TableSpec) -> dict[str, Any]:
    """Return encryption as DynamoDB takes it."""
    if not of.sse_enabled:
        return {"Enabled": False}
    key = {"KMSMasterKeyId": of.kms_master_key_arn} if of.kms_master_key_arn else {}
    return {"Enabled": True, "SSEType": "KMS", **key}
