"""Settings of an Auto Scaling group.

Source for limits: the Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup.
"""

from typing import ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import marks, references
from pilothouse.dataplane.aws.refreshing import InstanceRefresh, Refresh, TemplateVersion
from pilothouse.dataplane.aws.tagged import TaggedSpec

_BOUNDS: Final = "has(self.minSize) && has(self.maxSize)"
_WITHIN: Final = "self.minSize <= self.desiredCapacity && self.desiredCapacity <= self.maxSize"


class AutoScalingGroupSpec(TaggedSpec):
    """Settings of a group. Without desiredCapacity its size is left to whoever scales it."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            f"!({_BOUNDS}) || self.minSize <= self.maxSize",
            "maxSize: give at least minSize",
        ),
        (
            f"!has(self.desiredCapacity) || !({_BOUNDS}) || ({_WITHIN})",
            "desiredCapacity: give at least minSize and at most maxSize, or leave it out",
        ),
    )

    min_size: int = Field(ge=0, le=10_000, description="Instances at least.")
    max_size: int = Field(ge=0, le=10_000, description="Instances at most.")
    desired_capacity: int | None = Field(
        None, ge=0, le=10_000, description="Instances now; left to scaling policies and people when absent."
    )
    launch_template: TemplateVersion = Field(description="What instances are launched from.")
    subnets: tuple[references.Subnet, ...] = Field(min_length=1, max_length=20, description="Where they are launched.")
    target_groups: tuple[references.TargetGroup, ...] | None = Field(
        None, max_length=50, description="Target groups that instances are registered with; left to others when absent."
    )
    health_check_type: Literal["EC2", "ELB"] = Field(
        "EC2",
        description="Whether only a dead instance is replaced, or also one that its target groups find unhealthy.",
    )
    health_check_grace_period: int = Field(
        300, ge=0, le=86_400, description="Seconds before the health of a new instance counts."
    )
    default_cooldown: int = Field(300, ge=0, le=86_400, description="Seconds between two simple scalings.")
    default_instance_warmup: int | None = Field(
        None, ge=0, le=86_400, description="Seconds until the measures of a new instance count."
    )
    max_instance_lifetime: int | None = Field(
        None, ge=86_400, le=31_536_000, description="Seconds after which an instance is replaced."
    )
    capacity_rebalance: bool = Field(False, description="Replace spot instances before they are taken back.")
    new_instances_protected_from_scale_in: bool = Field(False, description="Never scale new instances in.")
    placement_group: str | None = Field(None, min_length=1, max_length=255, description="Placement group.")
    termination_policies: tuple[str, ...] | None = Field(
        None, min_length=1, max_length=10, description="Which instances go first, Default when absent."
    )
    instance_refresh: InstanceRefresh | None = Field(
        None, description="Replace instances when what they are launched from changes."
    )
    propagate_at_launch: bool = Field(False, description="Give the tags to new instances too; never the mark.")
    tags: marks.UserTags = Field(default_factory=dict, description="Tags.")

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        desired = self.desired_capacity
        return (
            *super().holds(),
            self.min_size <= self.max_size,
            desired is None or self.min_size <= desired <= self.max_size,
        )


class SeenGroup(AutoScalingGroupSpec):
    """Settings as they are, and how its instances were last replaced."""

    last_refresh: Refresh
