"""The settings of a cache of Amazon ElastiCache.

Sources for settings, limits and impact: the Amazon ElastiCache API Reference, CreateReplicationGroup,
ModifyReplicationGroup, and the Amazon ElastiCache User Guide, "Authenticating with the AUTH command".
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import marks, references
from pilothouse.dataplane.aws.rds_spec import KEY_ARN, WINDOW
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import DISRUPTIVE, IMMUTABLE

STEERING: Final = ("apply_immediately", "generate_auth_token")
_CLUSTERED: Final = "(has(self.clusterMode) && self.clusterMode == 'enabled')"
_FAILOVER: Final = "(has(self.automaticFailoverEnabled) && self.automaticFailoverEnabled)"
_REPLICAS: Final = "(has(self.replicasPerNodeGroup) && self.replicasPerNodeGroup > 0)"


class CacheSpec(TaggedSpec):
    """Settings of a cache. What would interrupt it waits for its maintenance window, unless applyImmediately."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            f"{_CLUSTERED} || !has(self.numNodeGroups) || self.numNodeGroups == 1",
            "numNodeGroups: set clusterMode to enabled, or leave it at 1",
        ),
        (f"!{_CLUSTERED} || {_FAILOVER}", "automaticFailoverEnabled: set it, clusterMode enabled needs it"),
        (
            f"{_CLUSTERED} || !{_FAILOVER} || {_REPLICAS}",
            "replicasPerNodeGroup: give 1 or more, automaticFailoverEnabled needs a replica",
        ),
        (
            f"!has(self.multiAZEnabled) || !self.multiAZEnabled || ({_FAILOVER} && {_REPLICAS})",
            "multiAZEnabled: set automaticFailoverEnabled, with a replica, or leave it out",
        ),
        (
            "!has(self.kmsKeyID) || !has(self.atRestEncryptionEnabled) || self.atRestEncryptionEnabled",
            "kmsKeyID: leave it out, or set atRestEncryptionEnabled to true",
        ),
    )

    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the cache.")
    apply_immediately: bool = Field(False, description="Do not wait for the maintenance window with changes.")
    generate_auth_token: bool = Field(
        True,
        description="Ask clients for a password that Pilothouse makes, the output `password`, where the transit is "
        "encrypted. False leaves a cache that is adopted the token it has, if any; the output is then empty.",
    )
    replication_group_description: str = Field(
        "Made by Pilothouse", min_length=1, max_length=255, description="What the console shows."
    )
    engine: Literal["redis", "valkey"] = Field(
        "redis", description="Kind of cache. Redis can become Valkey, not the other way.", json_schema_extra=DISRUPTIVE
    )
    engine_version: str | None = Field(
        None,
        pattern=r"^\d+(\.\d+)*$",
        max_length=16,
        description="Such as 7.1. A newer minor version is left alone while autoMinorVersionUpgrade is on.",
        json_schema_extra=DISRUPTIVE,
    )
    auto_minor_version_upgrade: bool = Field(True, description="Let ElastiCache raise the minor version by itself.")
    cache_node_type: str = Field(
        pattern=r"^cache\.[a-z0-9-]+\.[a-z0-9-]+$",
        max_length=64,
        description="Size of the machines, such as cache.t4g.small.",
        json_schema_extra=DISRUPTIVE,
    )
    cluster_mode: Literal["enabled", "disabled"] = Field(
        "disabled", description="Whether keys are spread over several node groups.", json_schema_extra=IMMUTABLE
    )
    num_node_groups: int = Field(
        1, ge=1, le=90, description="Node groups, each with a part of the keys. Only with clusterMode enabled."
    )
    replicas_per_node_group: int = Field(0, ge=0, le=5, description="Replicas beside each primary.")
    automatic_failover_enabled: bool = Field(False, description="Let a replica take over when its primary fails.")
    multi_az_enabled: bool = Field(False, description="Keep replicas in other zones.")
    port: int | None = Field(
        None, ge=1_024, le=65_535, description="Where it listens; 6379 when absent.", json_schema_extra=IMMUTABLE
    )
    cache_subnet_group: references.CacheSubnetGroup | None = Field(
        None, description="Where it may be.", json_schema_extra=IMMUTABLE
    )
    security_groups: tuple[references.SecurityGroup, ...] | None = Field(
        None, min_length=1, max_length=16, description="Security groups; the VPC's default one when absent."
    )
    cache_parameter_group_name: str | None = Field(
        None, pattern=r"^[a-z][a-z0-9.-]*$", max_length=255, description="Settings of the engine, by the group's name."
    )
    at_rest_encryption_enabled: bool = Field(
        True, description="Encrypt disks and backups.", json_schema_extra=IMMUTABLE
    )
    kms_key_id: str | None = Field(
        None,
        pattern=KEY_ARN,
        max_length=256,
        description="KMS key that encrypts at rest, by its ARN; ElastiCache's own when absent.",
        json_schema_extra=IMMUTABLE,
    )
    transit_encryption_enabled: bool = Field(
        True, description="Speak TLS with clients and between nodes.", json_schema_extra=IMMUTABLE
    )
    preferred_maintenance_window: str | None = Field(
        None, pattern=WINDOW, max_length=19, description="When it may be interrupted, UTC: sun:04:00-sun:05:00."
    )
    snapshot_retention_limit: int = Field(0, ge=0, le=35, description="Days that snapshots are kept; 0 for none.")
    snapshot_window: str | None = Field(
        None, pattern=r"^\d\d:\d\d-\d\d:\d\d$", max_length=11, description="When snapshots are taken, UTC."
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        clustered, replicas = self.cluster_mode == "enabled", self.replicas_per_node_group > 0
        return (
            *super().holds(),
            clustered or self.num_node_groups == 1,
            not clustered or self.automatic_failover_enabled,
            clustered or not self.automatic_failover_enabled or replicas,
            not self.multi_az_enabled or (self.automatic_failover_enabled and replicas),
            self.kms_key_id is None or self.at_rest_encryption_enabled,
        )


class SeenCache(CacheSpec):
    """Settings as they are, and what decides which calls can be sent.

    made: when, as digits; token: what the tag says of the AUTH token that was set last; authenticated: whether clients
    are asked for one; groups: names of the node groups; pending: settings that wait for the maintenance window.
    """

    status: str
    arn: str
    made: str
    token: str
    authenticated: bool
    groups: tuple[str, ...]
    pending: Mapping[str, Any]
