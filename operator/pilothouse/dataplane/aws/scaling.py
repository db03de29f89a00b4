"""An Auto Scaling group as its API describes it: what it is doing, its tags, and the calls that change it.

Source: the Amazon EC2 Auto Scaling API Reference, AutoScalingGroup, UpdateAutoScalingGroup, CreateOrUpdateTags.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pilothouse.dataplane.aws import marks, references, refreshing
from pilothouse.dataplane.aws.refreshing import Refresh, TemplateVersion
from pilothouse.dataplane.aws.shapes import member
from pilothouse.dataplane.types import Call, Health, HealthState

PLAIN: Final = (
    "min_size", "max_size", "desired_capacity", "health_check_type", "health_check_grace_period", "default_cooldown",
    "default_instance_warmup", "max_instance_lifetime", "capacity_rebalance", "new_instances_protected_from_scale_in",
    "placement_group", "termination_policies",
)  # fmt: skip
"""Fields that are parameters of the same name."""

CLEARED: Final = {"default_instance_warmup": -1, "max_instance_lifetime": 0, "placement_group": ""}
"""What takes a setting away that a group need not have."""

USUAL_POLICIES: Final = ("Default",)

_IN_SERVICE: Final = "InService"


def settings(group: Mapping[str, Any]) -> dict[str, Any]:
    """Read every setting."""
    found = {field: group.get(member(field)) for field in PLAIN}
    taken_away = {field: None for field, nothing in CLEARED.items() if found[field] == nothing}
    subnets = sorted(filter(None, group.get("VPCZoneIdentifier", "").split(",")))
    targets = sorted(group.get("TargetGroupARNs", ()))
    return {
        **found,
        **taken_away,
        "termination_policies": tuple(found["termination_policies"] or USUAL_POLICIES),
        "launch_template": refreshing.template(group),
        "subnets": tuple(references.Subnet(id=each) for each in subnets),
        "target_groups": tuple(references.TargetGroup(id=each) for each in targets) or None,
        "propagate_at_launch": propagates(group),
        "tags": marks.user_tags(tags_of(group)),
    }


def attached(name: str, have: AbstractSet[str], want: AbstractSet[str]) -> tuple[Call, ...]:
    """Return the calls that exchange target groups, told by their ARNs."""
    calls = (("AttachLoadBalancerTargetGroups", want - have), ("DetachLoadBalancerTargetGroups", have - want))
    return tuple(
        Call("autoscaling", operation, {"AutoScalingGroupName": name, "TargetGroupARNs": sorted(some)})
        for operation, some in calls
        if some
    )


def health(group: Mapping[str, Any]) -> Health:
    """Return what a group is doing: it is ready with its smallest number of instances in service."""
    if group.get("Status"):
        return Health(HealthState.DELETING, f"the group is in state {group['Status']}")
    serving = sum(each["LifecycleState"] == _IN_SERVICE for each in group.get("Instances", ()))
    if serving < group["MinSize"]:
        return Health(HealthState.PROGRESSING, f"{serving} of at least {group['MinSize']} instances are in service")
    return Health()


def with_refresh(found: Health, last: Refresh, now: TemplateVersion | None) -> Health:
    """Return the health of a group whose instances may be being replaced, or could not be."""
    if found.state is HealthState.DELETING:
        return found
    if last.under_way:
        return Health(HealthState.PROGRESSING, f"the instance refresh to version {last.version} is {last.status}")
    if last.version and now is not None and last.ended_without(last.version) and now.version.id != last.version:
        why = f": {last.reason}" if last.reason else ""
        mend = "change the launch template, or start one by hand"
        return Health(
            HealthState.FAILED, f"the instance refresh to version {last.version} is {last.status}{why}; {mend}"
        )
    return found


def tags_of(group: Mapping[str, Any]) -> dict[str, str]:
    """Return all tags of a group."""
    return marks.from_pairs(group.get("Tags", ()))


def propagates(group: Mapping[str, Any]) -> bool | None:
    """Tell whether people's tags are given to instances; None where some are and some are not."""
    own = marks.user_tags(tags_of(group))
    flags = {each["PropagateAtLaunch"] for each in group.get("Tags", ()) if each["Key"] in own}
    return None if len(flags) > 1 else flags == {True}


def tagging(
    name: str, have: Mapping[str, str], want: Mapping[str, str], flags: tuple[bool | None, bool]
) -> tuple[Call, ...]:
    """Return the calls that turn people's tags from `have` into `want`; flags: whether instances get and should get."""
    changed, removed = marks.changed_tags(have, want)
    were, are = flags
    written = tag(name, changed if were == are else want, propagate=are)
    return (*written, *untag(name, removed))


def tag(name: str, tags: Mapping[str, str], *, propagate: bool) -> tuple[Call, ...]:
    """Return the call that writes tags on a group. propagate: whether instances get them."""
    return (
        (Call("autoscaling", "CreateOrUpdateTags", {"Tags": tagged(name, tags, propagate=propagate)}),) if tags else ()
    )


def untag(name: str, keys: list[str]) -> tuple[Call, ...]:
    """Return the call that takes tags off a group."""
    this = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
    return (Call("autoscaling", "DeleteTags", {"Tags": [{**this, "Key": key} for key in keys]}),) if keys else ()


def tagged(name: str, tags: Mapping[str, str], *, propagate: bool) -> list[dict[str, Any]]:
    """Spell tags as Auto Scaling does."""
    this = {"ResourceId": name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": propagate}
    return [{**this, **pair} for pair in marks.as_pairs(tags)]
