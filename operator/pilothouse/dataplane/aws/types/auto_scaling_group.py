"""Amazon EC2 Auto Scaling groups. Named, so a create that is repeated finds the first.

Source: the Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup, UpdateAutoScalingGroup, StartInstanceRefresh.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import groups, marks, names, references, refreshing
from pilothouse.dataplane.aws.ec2 import given, tagged
from pilothouse.dataplane.aws.refreshing import InstanceRefresh, Refresh, TemplateVersion
from pilothouse.dataplane.aws.shapes import member
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    HealthState,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
    field_changes,
)

_MAX_NAME: Final = 255
_PAGE: Final = 100
_BOUNDS: Final = "has(self.minSize) && has(self.maxSize)"
_WITHIN: Final = "self.minSize <= self.desiredCapacity && self.desiredCapacity <= self.maxSize"

_OPTIONS: Final = frozenset({"instanceRefresh"})
"""Fields that say how changes are made, and that Auto Scaling does not keep."""


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


class AutoScalingGroup(ResourceType[AutoScalingGroupSpec]):
    """A group. Its identifier is its name; its instances go with it."""

    kind = "awsAutoScalingGroup"
    provider = "aws"
    model: ClassVar[type[ResourceSpec]] = AutoScalingGroupSpec
    outputs: ClassVar[tuple[str, ...]] = ("name", "arn")
    creation = Creation.NAMED

    def name(self, owner: Owner, resource: str) -> str:
        """Return the name."""
        return names.cloud_name(owner, resource, _MAX_NAME)

    def listing(self, control_plane: str) -> Call:
        """List by mark."""
        filters = [tagged(marks.CONTROL_PLANE, control_plane)]
        return Call("autoscaling", "DescribeAutoScalingGroups", {"Filters": filters, "MaxRecords": _PAGE})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page."""
        for group in page.get("AutoScalingGroups", ()):
            yield Listed(group["AutoScalingGroupName"], mark=marks.mark_in(groups.tags_of(group)))

    def find(self, want: Want[AutoScalingGroupSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by name."""
        reading = yield from self.read(want.name)
        return () if reading is None else (reading,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read it by its name; of one that does not exist Auto Scaling shows an empty list."""
        page = yield Call("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames": [identifier]})
        group = next(iter(page.get("AutoScalingGroups", ())), None)
        if group is None:
            return None
        last = yield from refreshing.last_refresh(identifier)
        outputs = {"name": identifier, "arn": group["AutoScalingGroupARN"]}
        health = groups.with_refresh(groups.health(group), last, refreshing.template(group))
        spec = SeenGroup.model_construct(**groups.settings(group), instance_refresh=None, last_refresh=last)
        return Reading(identifier, marks.mark_in(groups.tags_of(group)), spec, outputs, health)

    def create(self, want: Want[AutoScalingGroupSpec]) -> Call:
        """Make it. Instances never get the mark: it would make them ours one by one."""
        spec, own = want.spec, marks.mark_tags(want.mark)
        parameters = {
            "AutoScalingGroupName": want.name,
            **{member(field): getattr(spec, field) for field in groups.PLAIN},
            "LaunchTemplate": spec.launch_template.parameters(),
            "VPCZoneIdentifier": _zones(spec),
            "TargetGroupARNs": [each.value for each in spec.target_groups or ()] or None,
            "Tags": [
                *groups.tagged(want.name, spec.tags, propagate=spec.propagate_at_launch),
                *groups.tagged(want.name, own, propagate=False),
            ],
        }
        return Call("autoscaling", "CreateAutoScalingGroup", given(parameters))

    def created(self, reply: Any) -> str:
        """Raise NotImplementedError: see `identified`."""
        raise NotImplementedError(f"the reply to a create of {self.kind} is empty: {reply}")

    def identified(self, want: Want[AutoScalingGroupSpec], reply: Any) -> str:
        """Return the name: the reply is empty."""
        del reply
        return want.name

    def diff(self, want: AutoScalingGroupSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field but for options."""
        seen = _seen(have)
        changes = field_changes(_settled(want, seen, applied_keys), seen, applied_keys & _REMOVABLE)
        return tuple(change for change in changes if change.path not in _OPTIONS)

    def update(self, have: Reading, want: Want[AutoScalingGroupSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change settings at once; what instances are launched from by replacing them, where that is asked for.

        A replacement under way is waited for. One that failed is not begun again: only another version is.
        """
        if have.health.state is HealthState.DELETING:
            return ()
        seen, this = _seen(have), {"AutoScalingGroupName": have.id}
        spec = _settled(want.spec, seen, applied_keys)
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        changed = {
            member(field): groups.CLEARED.get(field) if getattr(spec, field) is None else getattr(spec, field)
            for field in groups.PLAIN
            if _path(field) in paths
        }
        if "subnets" in paths:
            changed["VPCZoneIdentifier"] = _zones(spec)
        template = "launchTemplate" in paths
        if template and spec.instance_refresh is None:
            changed["LaunchTemplate"] = spec.launch_template.parameters()
        calls = [Call("autoscaling", "UpdateAutoScalingGroup", {**this, **changed})] if changed else []
        if "targetGroups" in paths:
            calls += groups.attached(have.id, _arns(seen), _arns(spec))
        flags = seen.propagate_at_launch, spec.propagate_at_launch
        calls += groups.tagging(have.id, seen.tags, spec.tags, flags)
        last, version = seen.last_refresh, str(spec.launch_template.version.value)
        if template and spec.instance_refresh and not (last.under_way or last.ended_without(version)):
            calls.append(refreshing.start_refresh(have.id, spec.launch_template, spec.instance_refresh))
        return tuple(calls)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it and its instances."""
        if have.health.state is HealthState.DELETING:
            return ()
        return (Call("autoscaling", "DeleteAutoScalingGroup", {"AutoScalingGroupName": have.id, "ForceDelete": True}),)

    def adopt(self, have: Reading, want: Want[AutoScalingGroupSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return groups.tag(have.id, marks.mark_tags(want.mark), propagate=False)


def _path(field: str) -> str:
    return AutoScalingGroupSpec.model_fields[field].alias or field


_REMOVABLE: Final = frozenset(map(_path, groups.CLEARED))


def _seen(have: Reading) -> SeenGroup:
    assert isinstance(have.spec, SeenGroup)  # noqa: S101 - what `read` puts into its readings
    return have.spec


def _settled(want: AutoScalingGroupSpec, seen: SeenGroup, applied_keys: frozenset[str]) -> AutoScalingGroupSpec:
    """Return what is wanted as it is read: in order, and with defaults where what was set is left out again."""
    settled: dict[str, Any] = {"subnets": tuple(sorted(want.subnets, key=lambda each: str(each.value)))}
    if want.target_groups is not None:
        ordered = tuple(sorted(want.target_groups, key=lambda each: str(each.value)))
        settled["target_groups"] = ordered or (() if seen.target_groups else None)
    if want.termination_policies is None and "terminationPolicies" in applied_keys:
        settled["termination_policies"] = groups.USUAL_POLICIES
    if not (want.tags or seen.tags):
        settled["propagate_at_launch"] = seen.propagate_at_launch
    return want.model_copy(update=settled)


def _zones(spec: AutoScalingGroupSpec) -> str:
    return ",".join(str(each.value) for each in spec.subnets)


def _arns(spec: AutoScalingGroupSpec) -> set[str]:
    return {str(each.value) for each in spec.target_groups or ()}
