"""The settings of a database of Amazon RDS.

Sources for settings, limits and impact: the Amazon RDS API Reference, CreateDBInstance, and the Amazon RDS User Guide,
"Settings for DB instances".
"""

from typing import ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import references
from pilothouse.dataplane.aws.rds_spec import KEY_ARN, WINDOW, RdsSpec, SeenRds
from pilothouse.dataplane.types import DISRUPTIVE, IMMUTABLE

_ROOM: Final = "self.maxAllocatedStorage > self.allocatedStorage"
_MEASURED: Final = "(has(self.performanceInsightsEnabled) && self.performanceInsightsEnabled)"


class DatabaseSpec(RdsSpec):
    """Settings of a database. What would interrupt it waits for its maintenance window, unless applyImmediately."""

    rules: ClassVar[Rules] = (
        *RdsSpec.rules,
        (
            "!has(self.availabilityZone) || !has(self.multiAZ) || !self.multiAZ",
            "availabilityZone: leave it out beside multiAZ, which uses two",
        ),
        (
            "!has(self.kmsKeyID) || !has(self.storageEncrypted) || self.storageEncrypted",
            "kmsKeyID: leave it out, or set storageEncrypted to true",
        ),
        (
            f"!has(self.maxAllocatedStorage) || !has(self.allocatedStorage) || {_ROOM}",
            "maxAllocatedStorage: give more than allocatedStorage, or leave it out",
        ),
        (
            "!has(self.storageType) || !(self.storageType in ['io1', 'io2']) || has(self.iops)",
            "iops: give it, storage of type io1 and io2 needs it",
        ),
        (
            f"!has(self.performanceInsightsRetentionPeriod) || {_MEASURED}",
            "performanceInsightsRetentionPeriod: set performanceInsightsEnabled, or leave it out",
        ),
    )

    engine: Literal["mariadb", "mysql", "postgres"] = Field(
        description="Kind of database.", json_schema_extra=IMMUTABLE
    )
    engine_version: str | None = Field(
        None,
        pattern=r"^\d+(\.\d+)*[a-z0-9.-]*$",
        max_length=64,
        description="Such as 16 or 16.4. A newer minor version is left alone while autoMinorVersionUpgrade is on.",
        json_schema_extra=DISRUPTIVE,
    )
    auto_minor_version_upgrade: bool = Field(True, description="Let RDS raise the minor version by itself.")
    db_instance_class: str = Field(
        pattern=r"^db\.[a-z0-9-]+\.[a-z0-9-]+$",
        max_length=64,
        description="Size of the machine, such as db.t4g.small.",
        json_schema_extra=DISRUPTIVE,
    )
    allocated_storage: int = Field(ge=20, le=65_536, description="GiB. RDS lets it grow, never shrink.")
    max_allocated_storage: int | None = Field(
        None, ge=21, le=65_536, description="GiB up to which RDS raises allocatedStorage by itself."
    )
    storage_type: Literal["gp2", "gp3", "io1", "io2", "standard"] | None = Field(None, description="Kind of disk.")
    iops: int | None = Field(None, ge=1_000, le=256_000, description="Disk operations a second.")
    storage_throughput: int | None = Field(None, ge=125, le=4_000, description="MiB a second. Only with gp3.")
    storage_encrypted: bool = Field(True, description="Encrypt disks and backups.", json_schema_extra=IMMUTABLE)
    kms_key_id: str | None = Field(
        None,
        pattern=KEY_ARN,
        max_length=256,
        description="KMS key that encrypts, by its ARN; RDS's own when absent.",
        json_schema_extra=IMMUTABLE,
    )
    db_name: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
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
        None,
        description="Where it may be. RDS moves it only to a group of another VPC.",
        json_schema_extra=DISRUPTIVE,
    )
    vpc_security_groups: tuple[references.SecurityGroup, ...] | None = Field(
        None, min_length=1, max_length=16, description="Security groups; the VPC's default one when absent."
    )
    publicly_accessible: bool = Field(False, description="Give it a public address.")
    multi_az: bool = Field(False, description="Keep a standby in another zone, which takes over.")
    availability_zone: str | None = Field(
        None, min_length=1, max_length=63, description="Zone, such as eu-west-1a.", json_schema_extra=IMMUTABLE
    )
    db_parameter_group_name: str | None = Field(
        None, pattern=r"^[a-z][a-z0-9.-]*$", max_length=255, description="Settings of the engine, by the group's name."
    )
    enable_iam_database_authentication: bool = Field(False, description="Let IAM identities log in.")
    enable_cloudwatch_logs_exports: tuple[Literal[
        "audit", "error", "general", "iam-db-auth-error", "postgresql", "slowquery", "upgrade"
    ], ...] = Field((), max_length=7, description="Logs that are copied to CloudWatch.")  # fmt: skip
    backup_retention_period: int = Field(
        1,
        ge=0,
        le=35,
        description="Days that automatic backups are kept; 0 for none. To and from 0 interrupts.",
        json_schema_extra=DISRUPTIVE,
    )
    preferred_backup_window: str | None = Field(
        None, pattern=r"^\d\d:\d\d-\d\d:\d\d$", max_length=11, description="When backups are made, UTC: 03:00-03:30."
    )
    preferred_maintenance_window: str | None = Field(
        None, pattern=WINDOW, max_length=19, description="When RDS may interrupt it, UTC: sun:04:00-sun:04:30."
    )
    copy_tags_to_snapshot: bool = Field(False, description="Give snapshots the tags of the database.")
    deletion_protection: bool = Field(
        False, description="Refuse deletion by anyone, Pilothouse included: switch it off before removing it."
    )
    performance_insights_enabled: bool = Field(False, description="Measure what the database waits for.")
    performance_insights_retention_period: int | None = Field(
        None, ge=7, le=731, description="Days that these measurements are kept: 7, a multiple of 31, or 731."
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return (
            *super().holds(),
            self.availability_zone is None or not self.multi_az,
            self.kms_key_id is None or self.storage_encrypted,
            self.max_allocated_storage is None or self.max_allocated_storage > self.allocated_storage,
            self.storage_type not in {"io1", "io2"} or self.iops is not None,
            self.performance_insights_retention_period is None or self.performance_insights_enabled,
        )


class SeenDatabase(DatabaseSpec, SeenRds):
    """Settings as they are, and what decides which calls can be sent."""
