"""Auto Scaling: what moto forgets, does at once, or does not do at all."""

from __future__ import annotations

import itertools
from typing import Any

from moto.core.utils import utcnow

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, autoscaling, ec2

KEPT = {
    "CapacityRebalance": "capacity_rebalance",
    "DefaultCooldown": "default_cooldown",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "PlacementGroup": "placement_group",
    "TerminationPolicies": "termination_policies",
}
GONE = "Delete in progress"
UNDER_WAY = ("Pending", "InProgress", "Cancelling")
ON_ONE_GROUP = (
    "AttachLoadBalancerTargetGroups", "CancelInstanceRefresh", "DeleteAutoScalingGroup",
    "DescribeInstanceRefreshes", "DetachLoadBalancerTargetGroups", "StartInstanceRefresh", "UpdateAutoScalingGroup",
)  # fmt: skip
_NUMBERS = itertools.count(1)


@departure("autoscaling", *ON_ONE_GROUP)
def an_absent_group_is_a_validation_error(call: Call, _world: World, proceed: Proceed) -> object:
    """Auto Scaling has no code of its own for it; one that is being deleted takes no change."""
    name = call.parameters["AutoScalingGroupName"]
    group: Any = autoscaling(call).autoscaling_groups.get(name)
    if group is None:
        raise AwsError("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    if call.mutates and getattr(group, "status", None):
        raise AwsError("ScalingActivityInProgress", f"AutoScalingGroup '{name}' is being deleted")
    return proceed()


@departure("autoscaling", "CreateAutoScalingGroup")
def a_group_is_made_once_and_of_what_exists(call: Call, _world: World, proceed: Proceed) -> object:
    """A name that is taken is AlreadyExists, a template that does not exist a ValidationError.

    moto makes the group anew, and its instances a second time.
    """
    given = call.parameters
    if given["AutoScalingGroupName"] in autoscaling(call).autoscaling_groups:
        raise AwsError("AlreadyExists", "AutoScalingGroup by this name already exists")
    if given.get("LaunchTemplate", {}).get("LaunchTemplateId") not in ec2(call).launch_templates:
        raise AwsError("ValidationError", "You must use a valid fully-formed launch template.")
    return proceed()


@departure("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup")
def every_setting_of_a_group_is_kept(call: Call, _world: World, proceed: Proceed) -> object:
    """moto takes these only in a create, and 0 for none."""
    reply = proceed()
    if reply.ok:
        group = _group(call)
        for key, member in KEPT.items():
            if key in call.parameters:
                setattr(group, member, call.parameters[key])
    return reply


@departure("autoscaling", "DeleteAutoScalingGroup")
def groups_take_their_time_to_go(call: Call, world: World, proceed: Proceed) -> object:
    """A group with instances goes only by force, and is shown as such until they are gone."""
    group, backend = _group(call), autoscaling(call)
    if group.instance_states and not call.parameters.get("ForceDelete"):
        raise AwsError("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances in the group.")
    del proceed
    backend.set_desired_capacity(group.name, 0)
    group.status = GONE
    world.later(group, lambda: backend.autoscaling_groups.pop(group.name, None))
    return {}


@departure("autoscaling", "StartInstanceRefresh")
def instances_are_replaced(call: Call, world: World, _proceed: Proceed) -> object:
    """One replacement at a time, after which the group has the desired configuration; moto has no such thing."""
    group, given = _group(call), call.parameters
    refreshes: list[dict[str, Any]] = group.__dict__.setdefault("refreshes", [])
    if any(each["Status"] in UNDER_WAY for each in refreshes):
        raise AwsError("InstanceRefreshInProgress", "An Instance Refresh is already in progress.")
    refresh = {
        "InstanceRefreshId": f"refresh-{next(_NUMBERS)}",
        "AutoScalingGroupName": group.name,
        "Status": "Pending",
        "StartTime": utcnow(),
        "Preferences": given.get("Preferences", {}),
        "DesiredConfiguration": given.get("DesiredConfiguration", {}),
    }
    refreshes.insert(0, refresh)
    world.later(refresh, lambda: _progress(world, group, refresh))
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def _progress(world: World, group: Any, refresh: dict[str, Any]) -> None:
    refresh["Status"] = "InProgress"
    world.later(refresh, lambda: _succeed(group, refresh))


def _succeed(group: Any, refresh: dict[str, Any]) -> None:
    refresh["Status"] = "Successful"
    group._set_launch_configuration(None, refresh["DesiredConfiguration"].get("LaunchTemplate", {}), None)


@departure("autoscaling", "CancelInstanceRefresh")
def a_replacement_can_be_cancelled(call: Call, world: World, _proceed: Proceed) -> object:
    """What is under way ends without its configuration; moto has no such thing."""
    for refresh in getattr(_group(call), "refreshes", ()):
        if refresh["Status"] in UNDER_WAY:
            refresh.update(Status="Cancelled", StatusReason="Cancelled due to user request.")
            world.later(refresh, lambda: None)
            return {"InstanceRefreshId": refresh["InstanceRefreshId"]}
    raise AwsError("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found.")


@departure("autoscaling", "DescribeInstanceRefreshes")
def replacements_are_shown(call: Call, _world: World, _proceed: Proceed) -> object:
    """The newest comes first; moto has no such thing."""
    found = getattr(_group(call), "refreshes", [])
    return {"InstanceRefreshes": found[: call.parameters.get("MaxRecords", 50)]}


def _group(call: Call) -> Any:
    return autoscaling(call).autoscaling_groups[call.parameters["AutoScalingGroupName"]]
