"""Settings of a table.

Source for ranges and defaults: the Amazon DynamoDB API Reference, CreateTable, UpdateTimeToLive,
UpdateContinuousBackups.
"""

from collections.abc import Iterator
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import indexes, marks
from pilothouse.dataplane.aws.indexes import GlobalIndex, GlobalIndexes, Key, LocalIndexes, Throughput
from pilothouse.dataplane.aws.last_backup import Backups
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import DISRUPTIVE, IMMUTABLE

_PROVISIONED: Final = "(has(self.billingMode) && self.billingMode == 'PROVISIONED')"
_PAID: Final = "has(index.provisionedThroughput)"
_RECOVERED: Final = "(has(self.pointInTimeRecoveryEnabled) && self.pointInTimeRecoveryEnabled)"


class TableSpec(TaggedSpec):
    """Settings of a table."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            f"{_PROVISIONED} == has(self.provisionedThroughput)",
            "provisionedThroughput: give it with billingMode PROVISIONED, and only then",
        ),
        (
            f"!has(self.globalSecondaryIndexes) || self.globalSecondaryIndexes.all(index, {_PROVISIONED} == {_PAID})",
            "globalSecondaryIndexes: give each provisionedThroughput with billingMode PROVISIONED, and only then",
        ),
        (
            "!has(self.localSecondaryIndexes) || self.localSecondaryIndexes.size() == 0 || has(self.rangeKey)",
            "localSecondaryIndexes: give the table a rangeKey too",
        ),
        (
            f"!has(self.recoveryPeriodInDays) || {_RECOVERED}",
            "recoveryPeriodInDays: set pointInTimeRecoveryEnabled, or leave it out",
        ),
        (
            "!has(self.kmsMasterKeyARN) || (has(self.sseEnabled) && self.sseEnabled)",
            "kmsMasterKeyARN: set sseEnabled, or leave it out",
        ),
    )

    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the table.")
    hash_key: Key = Field(description="Partition key.", json_schema_extra=IMMUTABLE)
    range_key: Key | None = Field(None, description="Sort key.", json_schema_extra=IMMUTABLE)
    billing_mode: Literal["PAY_PER_REQUEST", "PROVISIONED"] = Field(
        "PAY_PER_REQUEST", description="Whether each request is paid for, or capacity."
    )
    provisioned_throughput: Throughput | None = Field(
        None, description="Capacity. With billingMode PROVISIONED, and only then."
    )
    global_secondary_indexes: GlobalIndexes = Field(
        (),
        max_length=20,
        description="Indexes with keys of their own. They are built and removed one after the other.",
        json_schema_extra=indexes.BY_NAME,
    )
    local_secondary_indexes: LocalIndexes = Field(
        (),
        max_length=5,
        description="Indexes that sort the items of a partition differently.",
        json_schema_extra={**IMMUTABLE, **indexes.BY_NAME},
    )
    time_to_live_attribute: str | None = Field(
        None, min_length=1, max_length=255, description="Attribute that says when an item expires: seconds since 1970."
    )
    stream_view_type: Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"] | None = Field(
        None,
        description="Have a stream of changes that shows this. A change ends the stream and begins another.",
        json_schema_extra=DISRUPTIVE,
    )
    point_in_time_recovery_enabled: bool = Field(False, description="Keep what is needed to go back to any second.")
    recovery_period_in_days: int | None = Field(
        None, ge=1, le=35, description="Days to go back; 35 if left out. Only with pointInTimeRecoveryEnabled."
    )
    deletion_protection_enabled: bool = Field(False, description="Refuse to be deleted until this is false again.")
    sse_enabled: bool = Field(False, description="Encrypt with a KMS key of the account, not one that DynamoDB owns.")
    kms_master_key_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[a-zA-Z0-9-]+$",
        max_length=256,
        description="That key, by its ARN; AWS's own of the account if it was never given. Only with sseEnabled.",
    )
    table_class: Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"] = Field(
        "STANDARD", description="Whether storage or access is cheap."
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        provisioned = self.billing_mode == "PROVISIONED"
        paid = [each.provisioned_throughput is not None for each in self.global_secondary_indexes]
        return (
            *super().holds(),
            provisioned == (self.provisioned_throughput is not None),
            all(each == provisioned for each in paid),
            not self.local_secondary_indexes or self.range_key is not None,
            self.recovery_period_in_days is None or self.point_in_time_recovery_enabled,
            self.kms_master_key_arn is None or self.sse_enabled,
        )

    @model_validator(mode="after")
    def _one_type_each(self) -> Self:
        clash = _clash(self)
        if clash:
            raise ValueError(f"attribute {clash} has different types as a key here and there: give it one")
        return self


class SeenTable(TableSpec):
    """Settings as they are, and what decides which calls can be sent."""

    arn: str
    status: str
    indexes_at_rest: bool
    ttl_at_rest: bool
    last_backup: str
    backups: Backups


def keys(of: TableSpec, *more: GlobalIndex) -> Iterator[Key]:
    """Yield the keys of a table, its indexes and `more` of them."""
    pairs = [(each.hash_key, each.range_key) for each in (*of.global_secondary_indexes, *more)]
    local = [each.range_key for each in of.local_secondary_indexes]
    for key in (of.hash_key, of.range_key, *local, *(key for pair in pairs for key in pair)):
        if key is not None:
            yield key


def _clash(of: TableSpec) -> str:
    """Return the first attribute that is a key with different types; empty when there is none."""
    types: dict[str, str] = {}
    for key in keys(of):
        if types.setdefault(key.attribute_name, key.attribute_type) != key.attribute_type:
            return key.attribute_name
    return ""
