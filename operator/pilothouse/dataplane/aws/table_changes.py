"""The calls that change a DynamoDB table that exists: of many changes, UpdateTable takes one after the other.

Source: the Amazon DynamoDB API Reference, UpdateTable ("you can only perform one of the following operations at once"),
UpdateTimeToLive; the Developer Guide, "Managing Global Secondary Indexes".
"""

from collections.abc import Iterator
from typing import Any

from pilothouse.dataplane.aws import tables
from pilothouse.dataplane.aws.table_spec import SeenTable, TableSpec
from pilothouse.dataplane.types import Call


def updates(have: TableSpec, want: TableSpec, paths: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Yield what UpdateTable has to be asked for, in order: it takes one after the other. paths: what differs."""
    if "deletionProtectionEnabled" in paths:
        yield {"DeletionProtectionEnabled": want.deletion_protection_enabled}
    yield from _capacity(have, want, paths)
    yield from _indexes(have, want)
    if "streamViewType" in paths:
        # A stream's view cannot change: the stream ends, and another begins.
        yield {"StreamSpecification": tables.stream(None if have.stream_view_type else want.stream_view_type)}
    if paths & {"sseEnabled", "kmsMasterKeyARN"}:
        yield {"SSESpecification": tables.encryption(want)}
    if "tableClass" in paths:
        yield {"TableClass": want.table_class}


def _capacity(have: TableSpec, want: TableSpec, paths: frozenset[str]) -> Iterator[dict[str, Any]]:
    paid, wanted = want.provisioned_throughput, {each.index_name: each for each in want.global_secondary_indexes}
    switched = {"BillingMode": want.billing_mode} if "billingMode" in paths else {}
    if paid is None:
        if switched:
            yield switched
        return
    changed = []
    for index in have.global_secondary_indexes:
        # An index that is about to go, or to be built anew, needs capacity all the same.
        to = wanted.get(index.index_name, index).provisioned_throughput or paid
        if to != index.provisioned_throughput and (switched or index.index_name in wanted):
            changed.append({"Update": {"IndexName": index.index_name, "ProvisionedThroughput": to.parameters()}})
    table = {"ProvisionedThroughput": paid.parameters()} if paid != have.provisioned_throughput else {}
    if switched or table or changed:
        yield {**switched, **table, **({"GlobalSecondaryIndexUpdates": changed} if changed else {})}


def _indexes(have: TableSpec, want: TableSpec) -> Iterator[dict[str, Any]]:
    found = {each.index_name: each for each in have.global_secondary_indexes}
    wanted = {each.index_name: each for each in want.global_secondary_indexes}
    for name, index in found.items():
        if name not in wanted or index.rebuilt(wanted[name]):
            yield {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
    for name, index in wanted.items():
        if name not in found:
            change = {"GlobalSecondaryIndexUpdates": [{"Create": index.parameters()}]}
            yield {"AttributeDefinitions": tables.definitions(have, index), **change}


def beside(name: str, have: SeenTable, want: TableSpec, paths: frozenset[str]) -> Iterator[Call]:
    """Yield the calls that change what UpdateTable does not, as far as they can be sent now. paths: what differs."""
    if "timeToLiveAttribute" in paths and have.ttl_at_rest:
        # The attribute cannot change: time to live goes off, then on again.
        on, attribute = have.time_to_live_attribute is None, have.time_to_live_attribute or want.time_to_live_attribute
        specification = {"Enabled": on, "AttributeName": attribute}
        yield Call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification})
    if paths & {"pointInTimeRecoveryEnabled", "recoveryPeriodInDays"}:
        days = {"RecoveryPeriodInDays": want.recovery_period_in_days} if want.recovery_period_in_days else {}
        recovery = {"PointInTimeRecoveryEnabled": want.point_in_time_recovery_enabled, **days}
        given = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        yield Call("dynamodb", "UpdateContinuousBackups", given)
