"""Elastic Load Balancing: names are taken once, tags are many, and targets take their time to go."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, Reply, parsed
from tests.aws.world import World, elbv2

MOST_TAGS = 50
TARGET_GROUP_ATTRIBUTES = frozenset({
    "deregistration_delay.connection_termination.enabled", "deregistration_delay.timeout_seconds",
    "load_balancing.algorithm.type", "load_balancing.cross_zone.enabled", "preserve_client_ip.enabled",
    "proxy_protocol_v2.enabled", "slow_start.duration_seconds", "stickiness.app_cookie.cookie_name",
    "stickiness.app_cookie.duration_seconds", "stickiness.enabled", "stickiness.lb_cookie.duration_seconds",
    "stickiness.type",
})  # fmt: skip


@departure("elbv2", "CreateLoadBalancer", "CreateTargetGroup")
def a_name_is_taken_once(call: Call, _world: World, proceed: Proceed) -> object:
    """Creating it again with the same settings returns the first; with others it is a duplicate.

    moto makes a second load balancer, and refuses even the same target group.
    """
    kind = call.operation.removeprefix("Create")
    backend = elbv2(call)
    things = backend.load_balancers if kind == "LoadBalancer" else backend.target_groups
    first = next((each for each in things.values() if each.name == call.parameters["Name"]), None)
    asked = _settings(call)
    if first is not None:
        if first.asked != asked:
            raise AwsError(f"Duplicate{kind}Name", f"A {kind} with the name '{first.name}' exists with other settings.")
        again: Reply = first.reply
        return again
    reply = proceed()
    if reply.ok:
        made: Any = next(reversed(things.values()))
        made.asked, made.reply = asked, reply
    return reply


def _settings(call: Call) -> str:
    kept = {name: value for name, value in call.parameters.items() if name != "Tags"}
    return json.dumps(kept, sort_keys=True, default=str)


@departure("elbv2", "AddTags")
def a_thing_has_up_to_fifty_tags(call: Call, _world: World, proceed: Proceed) -> object:
    """moto stops at ten."""
    service, given = elbv2(call).tagging_service, call.parameters
    for arn in given["ResourceArns"]:
        have = service.get_tag_dict_for_resource(arn)
        if arn not in elbv2(call).target_groups and arn not in elbv2(call).load_balancers:
            return proceed()
        if len({*have, *(each["Key"] for each in given["Tags"])}) > MOST_TAGS:
            raise AwsError("TooManyTags", "The maximum number of tags has been exceeded.")
    for arn in given["ResourceArns"]:
        service.tag_resource(arn, given["Tags"])
    return {}


@departure("elbv2", "ModifyTargetGroupAttributes")
def unknown_attributes_are_refused(call: Call, _world: World, proceed: Proceed) -> object:
    """moto keeps attributes that do not exist."""
    unknown = [each["Key"] for each in call.parameters["Attributes"] if each["Key"] not in TARGET_GROUP_ATTRIBUTES]
    if unknown:
        raise AwsError("ValidationError", f"Target group attribute key '{unknown[0]}' is not recognized")
    return proceed()


@departure("elbv2", "DeregisterTargets")
def targets_take_their_time_to_go(call: Call, world: World, proceed: Proceed) -> object:
    """A target that was taken out is draining for a while."""
    reply = proceed()
    if reply.ok:
        group: Any = elbv2(call).target_groups[call.parameters["TargetGroupArn"]]
        leaving = [{"Id": each["Id"], "Port": each.get("Port", group.port)} for each in call.parameters["Targets"]]
        group.leaving = [*getattr(group, "leaving", ()), *leaving]
        world.later(leaving, lambda: setattr(group, "leaving", [each for each in group.leaving if each not in leaving]))
    return reply


@departure("elbv2", "DescribeTargetHealth")
def what_leaves_is_shown(call: Call, _world: World, proceed: Proceed) -> object:
    """A draining target is described until it is gone."""
    reply = proceed()
    group = elbv2(call).target_groups.get(call.parameters["TargetGroupArn"])
    leaving = getattr(group, "leaving", ())
    if not reply.ok or not leaving:
        return reply
    result = parsed(call, reply)
    result.pop("ResponseMetadata", None)
    there = {each["Target"]["Id"] for each in result["TargetHealthDescriptions"]}
    result["TargetHealthDescriptions"] += [
        {"Target": each, "TargetHealth": {"State": "draining", "Reason": "Target.DeregistrationInProgress"}}
        for each in leaving
        if each["Id"] not in there
    ]
    return result
