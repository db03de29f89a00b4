"""awsTargetGroup without AWS: what it reads, and which calls bring it to what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.target_group import TargetGroup
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Health, Owner, Reading, Ref
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

GROUP = TargetGroup()
NAME = GROUP.name(OWNER, "orders")
ARN = f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{NAME}/0123456789abcdef"
MINIMAL = {"protocol": "HTTP", "port": 80, "vpc": {"id": "vpc-1"}}
ON = {"stickiness.enabled": "true", "stickiness.type": "lb_cookie"}
NOWHERE = {"State": "unused", "Reason": "Target.NotRegistered"}


def answering(attributes: dict[str, str], targets: dict[tuple[str, int], dict[str, str]], **more: Any) -> Any:
    """Answers about one target group: its attributes, and its targets with their health."""
    shown = {
        "TargetGroupArn": ARN,
        "TargetGroupName": NAME,
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": "vpc-1",
        "TargetType": "instance",
        "HealthCheckPath": "/",
        "Matcher": {"HttpCode": "200"},
        **more,
    }
    health = [{"Target": {"Id": each, "Port": port}, "TargetHealth": state} for (each, port), state in targets.items()]
    tags = {"team": "orders", **marks.mark_tags(MARK)}

    def answer(call: Call) -> Any:
        match call.operation:
            case "DescribeTags":
                other = {"ResourceArn": "another", "Tags": [{"Key": "team", "Value": "else"}]}
                return {"TagDescriptions": [other, {"ResourceArn": ARN, "Tags": marks.as_pairs(tags)}]}
            case "DescribeTargetGroupAttributes":
                return {"Attributes": marks.as_pairs({"deregistration_delay.timeout_seconds": "300", **attributes})}
            case "DescribeTargetHealth":
                return {"TargetHealthDescriptions": health}
            case _:
                return {"TargetGroups": [shown]}

    return answer


def read(
    attributes: dict[str, str] | None = None,
    targets: dict[tuple[str, int], dict[str, str]] | None = None,
    **more: Any,
) -> Reading:
    """One target group as the API describes it."""
    reading, _ = drive(GROUP.read(ARN), answering(attributes or {}, targets or {}, **more))
    assert isinstance(reading, Reading)
    return reading


def update(have: Reading, applied: frozenset[str] = frozenset(), **settings: Any) -> tuple[Call, ...]:
    """What an update sends."""
    return GROUP.update(have, want(GROUP, **{**MINIMAL, "tags": {"team": "orders"}, **settings}), applied)


def test_a_create_sends_what_it_can_and_is_marked() -> None:
    made = want(GROUP, **MINIMAL, healthCheckPath="/healthz", matcher={"httpCode": "200-299"}, tags={"team": "orders"})
    assert GROUP.create(made) == Call(
        "elbv2",
        "CreateTargetGroup",
        {
            "Name": NAME,
            "Protocol": "HTTP",
            "Port": 80,
            "VpcId": "vpc-1",
            "TargetType": "instance",
            "IpAddressType": "ipv4",
            "HealthCheckPath": "/healthz",
            "Matcher": {"HttpCode": "200-299"},
            "Tags": marks.as_pairs({"team": "orders", **marks.mark_tags(MARK)}),
        },
    )
    assert GROUP.created({"TargetGroups": [{"TargetGroupArn": ARN}]}) == ARN


def test_a_reading_shows_settings_mark_and_outputs() -> None:
    reading = read()
    assert (reading.id, reading.mark, reading.health) == (ARN, MARK, Health())
    assert reading.outputs == {"arn": ARN, "name": NAME, "fullName": f"targetgroup/{NAME}/0123456789abcdef"}
    assert changes(GROUP, want(GROUP, **MINIMAL, healthCheckPath="/", tags={"team": "orders"}), reading) == {}


@pytest.mark.parametrize("gone", ["DescribeTargetGroups", "DescribeTags", "DescribeTargetHealth"])
def test_one_that_is_gone_or_goes_while_it_is_read_is_none(gone: str) -> None:
    def answer(call: Call) -> Any:
        return NotFound("gone") if call.operation == gone else answering({}, {})(call)

    assert drive(GROUP.read(ARN), answer)[0] is None
    assert drive(GROUP.find(want(GROUP, **MINIMAL)), answer)[0] == ()


def test_it_is_looked_for_by_name() -> None:
    (found,), asked = drive(GROUP.find(want(GROUP, **MINIMAL)), answering({}, {}))
    assert found.id == ARN
    assert asked[0] == Call("elbv2", "DescribeTargetGroups", {"Names": [NAME]})


def test_a_listing_shows_all_and_names_tell_which_may_be_ours() -> None:
    lines = list(GROUP.listed({"TargetGroups": [{"TargetGroupArn": ARN}, {"TargetGroupArn": "arn:x:targetgroup/b/1"}]}))
    assert [(line.id, line.reading, line.mark) for line in lines] == [
        (ARN, None, None),
        ("arn:x:targetgroup/b/1", None, None),
    ]
    assert [GROUP.ours(line, "control-plane-1") for line in lines] == [True, False]
    assert not GROUP.ours(lines[0], "control-plane-2")
    assert GROUP.listing("control-plane-1").operation == "DescribeTargetGroups"


def test_a_name_has_no_two_dashes_together() -> None:
    name = GROUP.name(Owner("control-plane-1", "shop", "check--out"), "a--b")
    assert "--" not in name
    assert len(name) <= 32


def test_instances_and_ports_are_compared_in_any_order() -> None:
    have = read(targets={("i-2", 80): {"State": "healthy"}, ("i-1", 8080): {"State": "unhealthy"}})
    wanted = [{"instance": {"id": "i-2"}}, {"instance": {"id": "i-1"}, "port": 8080}]
    assert update(have, targets=wanted) == ()
    assert update(have) == (), "a group may have put them there"


def test_targets_come_and_go_in_one_call_each() -> None:
    states = {
        ("10.0.0.1", 80): {"State": "healthy"},
        ("10.0.0.2", 80): {"State": "draining"},
        ("10.0.0.9", 80): NOWHERE,
    }
    have = read(targets=states, TargetType="ip")
    assert update(have, targetType="ip", targets=[{"ip": "10.0.0.3"}, {"ip": "10.0.0.2"}]) == (
        Call(
            "elbv2",
            "RegisterTargets",
            {"TargetGroupArn": ARN, "Targets": [{"Id": "10.0.0.2", "Port": 80}, {"Id": "10.0.0.3", "Port": 80}]},
        ),
        Call("elbv2", "DeregisterTargets", {"TargetGroupArn": ARN, "Targets": [{"Id": "10.0.0.1", "Port": 80}]}),
    )
    (emptied,) = update(have, targetType="ip", targets=[])
    assert emptied.operation == "DeregisterTargets"


def test_a_target_may_be_a_reference() -> None:
    (call,) = update(read(), targets=[{"instance": {"ref": "web"}}])
    assert call.parameters["Targets"] == [{"Id": Ref("web", "id"), "Port": 80}]


CHANGES: dict[str, tuple[dict[str, Any], str, Any]] = {
    "a health check": (
        {"healthCheckPath": "/ready", "healthyThresholdCount": 3},
        "ModifyTargetGroup",
        {"HealthCheckPath": "/ready", "HealthyThresholdCount": 3},
    ),
    "what counts as healthy": (
        {"matcher": {"httpCode": "204"}},
        "ModifyTargetGroup",
        {"Matcher": {"HttpCode": "204"}},
    ),
    "an attribute": (
        {"deregistrationDelayTimeoutSeconds": 5},
        "ModifyTargetGroupAttributes",
        {"Attributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}]},
    ),
    "stickiness by a cookie of the balancer's": (
        {"stickiness": {"type": "lb_cookie"}},
        "ModifyTargetGroupAttributes",
        {"Attributes": marks.as_pairs({**ON, "stickiness.lb_cookie.duration_seconds": "86400"})},
    ),
    "stickiness by address": (
        {"stickiness": {"type": "source_ip"}},
        "ModifyTargetGroupAttributes",
        {"Attributes": marks.as_pairs({**ON, "stickiness.type": "source_ip"})},
    ),
    "tags": ({"tags": {"team": "orders", "tier": "prod"}}, "AddTags", None),
}


@pytest.mark.parametrize(("settings", "operation", "parameters"), CHANGES.values(), ids=CHANGES)
def test_each_setting_has_its_call(settings: dict[str, Any], operation: str, parameters: Any) -> None:
    (call,) = update(read(), **settings)
    assert call.operation == operation
    assert parameters is None or call.parameters == {"TargetGroupArn": ARN, **parameters}


STICKY: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "its own cookie": ({"stickiness.lb_cookie.duration_seconds": "60"}, {"type": "lb_cookie", "durationSeconds": 60}),
    "the usual duration": ({}, {"type": "lb_cookie"}),
    "the application's cookie": (
        {"stickiness.type": "app_cookie", "stickiness.app_cookie.cookie_name": "session"},
        {"type": "app_cookie", "cookieName": "session", "durationSeconds": 86_400},
    ),
    "by address": ({"stickiness.type": "source_ip"}, {"type": "source_ip"}),
}


@pytest.mark.parametrize(("found", "wanted"), STICKY.values(), ids=STICKY)
def test_stickiness_reads_back_as_it_was_written(found: dict[str, str], wanted: dict[str, Any]) -> None:
    assert update(read({**ON, **found}), stickiness=wanted) == ()


def test_what_is_left_out_again_goes_back_to_what_it_was() -> None:
    have = read({**ON, "slow_start.duration_seconds": "60", "preserve_client_ip.enabled": "true"})
    assert update(have) == ()
    (call,) = update(have, frozenset({"stickiness", "slowStartDurationSeconds", "preserveClientIPEnabled", "matcher"}))
    assert call.parameters["Attributes"] == [
        {"Key": "slow_start.duration_seconds", "Value": "0"},
        {"Key": "stickiness.enabled", "Value": "false"},
    ]


def test_attributes_of_http_are_not_read_where_the_protocol_is_another() -> None:
    have = read({"slow_start.duration_seconds": "0", "proxy_protocol_v2.enabled": "true"}, Protocol="TCP")
    wanted = {"protocol": "TCP", "proxyProtocolV2Enabled": True}
    assert update(have, frozenset({"slowStartDurationSeconds"}), **wanted) == ()


def test_deleting_is_one_call_and_so_is_adopting() -> None:
    assert GROUP.delete(read()) == (Call("elbv2", "DeleteTargetGroup", {"TargetGroupArn": ARN}),)
    (mark,) = GROUP.adopt(read(), want(GROUP, **MINIMAL))
    assert mark.parameters == {"ResourceArns": [ARN], "Tags": marks.as_pairs(marks.mark_tags(MARK))}
    (untag,) = update(read(), tags={})
    assert untag == Call("elbv2", "RemoveTags", {"ResourceArns": [ARN], "TagKeys": ["team"]})


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "HTTP's settings with TCP": ({"protocol": "TCP", "slowStartDurationSeconds": 30}, "protocolVersion, slowStart"),
    "addresses among instances": ({"targets": [{"ip": "10.0.0.1"}]}, "targets: give instances"),
    "neither instance nor address": ({"targets": [{"port": 1}]}, "exactly one of instance and ip"),
    "two ways to match": ({"matcher": {"httpCode": "200", "grpcCode": "0"}}, "exactly one of httpCode"),
    "a cookie without a name": ({"stickiness": {"type": "app_cookie"}}, "cookieName: give it"),
    "an address that lasts": ({"stickiness": {"type": "source_ip", "durationSeconds": 5}}, "durationSeconds: leave"),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_settings_that_cannot_be_are_refused_with_the_mend(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GROUP.model.model_validate({**MINIMAL, **settings})
