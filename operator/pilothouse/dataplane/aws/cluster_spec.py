"""The settings of a cluster of Amazon Aurora with its instances.

Sources for settings, limits and impact: the Amazon RDS API Reference, CreateDBCluster, ModifyDBCluster, and the Amazon
Aurora User Guide, "Settings for Amazon Aurora".
"""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import references
from pilothouse.dataplane.aws.rds_spec import KEY_ARN, WINDOW, RdsSpec, SeenRds
from pilothouse.dataplane.types import DISRUPTIVE, IMMUTABLE

SERVERLESS: Final = "db.serverless"
_SERVERLESS_RULE: Final = (
    f"!has(self.engine) || (has(self.dbInstanceClass) && self.dbInstanceClass != '{SERVERLESS}')"
    " || has(self.serverlessV2ScalingConfiguration)"
)


class Scaling(Wire):
    """Between how many capacity units each serverless instance may be."""

    rules: ClassVar[Rules] = (("self.minCapacity <= self.maxCapacity", "maxCapacity: give minCapacity or more"),)

    min_capacity: float = Field(ge=0, le=256, multiple_of=0.5, description="Fewest capacity units, in halves.")
    max_capacity: float = Field(ge=1, le=256, multiple_of=0.5, description="Most capacity units, in halves.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, self.min_capacity <= self.max_capacity)
        return self


class ClusterSpec(RdsSpec):
    """Settings of a cluster. A change of engineVersion waits for the maintenance window, unless applyImmediately."""

    rules: ClassVar[Rules] = (
        *RdsSpec.rules,
        (_SERVERLESS_RULE, "serverlessV2ScalingConfiguration: give it, or a dbInstanceClass other than db.serverless"),
        (
            "!has(self.kmsKeyID) || !has(self.storageEncrypted) || self.storageEncrypted",
            "kmsKeyID: leave it out, or set storageEncrypted to true",
        ),
    )

    engine: Literal["aurora-mysql", "aurora-postgresql"] = Field(
        description="Kind of database.", json_schema_extra=IMMUTABLE
    )
    engine_version: str | None = Field(
        None,
        pattern=r"^\d+(\.\d+)*[a-z0-9._-]*$",
        max_length=64,
        description="Such as 16 or 16.4. A newer minor version is left alone while autoMinorVersionUpgrade is on.",
        json_schema_extra=DISRUPTIVE,
    )
    auto_minor_version_upgrade: bool = Field(True, description="Let RDS raise the minor version by itself.")
    instances: int = Field(1, ge=0, le=15, description="How many: one writes, the others read and take over.")
    db_instance_class: str = Field(
        SERVERLESS,
        pattern=r"^db\.[a-z0-9-]+(\.[a-z0-9-]+)?$",
        max_length=64,
        description="Size of the instances.",
        json_schema_extra=DISRUPTIVE,
    )
    serverless_v2_scaling_configuration: Scaling | None = Field(
        None, description="Between what sizes serverless instances may be."
    )
    storage_type: Literal["aurora", "aurora-iopt1"] = Field("aurora", description="How input and output are paid for.")
    storage_encrypted: bool = Field(True, description="Encrypt data and backups.", json_schema_extra=IMMUTABLE)
    kms_key_id: str | None = Field(
        None,
        pattern=KEY_ARN,
        max_length=256,
        description="KMS key that encrypts, by its ARN; RDS's own when absent.",
        json_schema_extra=IMMUTABLE,
    )
    database_name: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        max_length=63,
        description="Database to begin with.",
        json_schema_extra=IMMUTABLE,
    )
    master_username: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        max_length=16,
        description="Name of the first user.",
        json_schema_extra=IMMUTABLE,
    )
    port: int | None = Field(None, ge=1_150, le=65_535, description="Where it listens.", json_schema_extra=DISRUPTIVE)
    db_subnet_group: references.DatabaseSubnetGroup | None = Field(
        None, description="Where it may be.", json_schema_extra=IMMUTABLE
    )
    vpc_security_groups: tuple[references.SecurityGroup, ...] | None = Field(
        None, min_length=1, max_length=16, description="Security groups; the VPC's default one when absent."
    )
    publicly_accessible: bool = Field(False, description="Give the instances public addresses.")
    db_cluster_parameter_group_name: str | None = Field(
        None, pattern=r"^[a-z][a-z0-9.-]*$", max_length=255, description="Settings of the engine, by the group's name."
    )
    enable_iam_database_authentication: bool = Field(False, description="Let IAM identities log in.")
    enable_cloudwatch_logs_exports: tuple[
        Literal["audit", "error", "general", "iam-db-auth-error", "instance", "postgresql", "slowquery"], ...
    ] = Field((), max_length=7, description="Logs that are copied to CloudWatch.")
    backup_retention_period: int = Field(1, ge=1, le=35, description="Days that automatic backups are kept.")
    preferred_backup_window: str | None = Field(
        None, pattern=r"^\d\d:\d\d-\d\d:\d\d$", max_length=11, description="When backups are made, UTC: 03:00-03:30."
    )
    preferred_maintenance_window: str | None = Field(
        None, pattern=WINDOW, max_length=19, description="When RDS may interrupt it, UTC: sun:04:00-sun:04:30."
    )
    copy_tags_to_snapshot: bool = Field(False, description="Give snapshots the tags of the cluster.")
    deletion_protection: bool = Field(
        False, description="Refuse deletion by anyone, Pilothouse included: switch it off before removing it."
    )
    performance_insights_enabled: bool = Field(False, description="Measure what the instances wait for.")

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return (
            *super().holds(),
            self.db_instance_class != SERVERLESS or self.serverless_v2_scaling_configuration is not None,
            self.kms_key_id is None or self.storage_encrypted,
        )


@dataclass(frozen=True, slots=True)
class Member:
    """One instance of a cluster. settings: by the model's names, what waits for a maintenance window as if made."""

    id: str
    status: str
    writer: bool
    settings: tuple[tuple[str, object], ...]
    waiting: bool = False


class SeenCluster(ClusterSpec, SeenRds):
    """Settings as they are, and what decides which calls can be sent. members: in the order of their names."""

    members: tuple[Member, ...]
