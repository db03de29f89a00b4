"""awsLoadBalancer without AWS: what it reads, and which calls bring it to what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.load_balancer import LoadBalancer
from pilothouse.dataplane.types import Call, Health, HealthState, Reading, Ref
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

BALANCER = LoadBalancer()
NAME = BALANCER.name(OWNER, "orders")
ARN = f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/{NAME}/0123"
THIS = {"LoadBalancerArn": ARN}
MINIMAL = {"subnets": [{"id": "subnet-b"}, {"id": "subnet-a"}]}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
NOTHING = {"fixedResponseConfig": {"statusCode": "404"}}
NOTHING_ACTION = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}
PLAIN = {"port": 80, "protocol": "HTTP", "defaultAction": NOTHING}
SECURE = {
    "port": 443,
    "protocol": "HTTPS",
    "certificateARN": CERTIFICATE,
    "defaultAction": {"targetGroup": {"id": "arn:web"}},
}
SEEN_PLAIN = {"ListenerArn": "arn:80", "Port": 80, "Protocol": "HTTP", "DefaultActions": [NOTHING_ACTION]}
SEEN_SECURE = {
    "ListenerArn": "arn:443",
    "Port": 443,
    "Protocol": "HTTPS",
    "SslPolicy": "ELBSecurityPolicy-2016-08",
    "Certificates": [{"CertificateArn": CERTIFICATE}],
    "DefaultActions": [{"Type": "forward", "TargetGroupArn": "arn:web"}],
}


def read(attributes: dict[str, str] | None = None, heard: tuple[dict[str, Any], ...] = (), **more: Any) -> Reading:
    """One load balancer as the API describes it: its attributes and listeners."""
    shown = {
        "LoadBalancerArn": ARN,
        "LoadBalancerName": NAME,
        "DNSName": "orders.elb.amazonaws.com",
        "CanonicalHostedZoneId": "Z1",
        "Type": "application",
        "Scheme": "internet-facing",
        "IpAddressType": "ipv4",
        "AvailabilityZones": [{"SubnetId": "subnet-b"}, {"SubnetId": "subnet-a"}],
        "SecurityGroups": ["sg-2", "sg-1"],
        "State": {"Code": "active"},
        **more,
    }
    usual = {
        "deletion_protection.enabled": "false",
        "idle_timeout.timeout_seconds": "60",
        "routing.http2.enabled": "true",
    }
    tags = marks.as_pairs({"team": "orders", **marks.mark_tags(MARK)})

    def answer(call: Call) -> Any:
        match call.operation:
            case "DescribeTags":
                return {"TagDescriptions": [{"ResourceArn": ARN, "Tags": tags}]}
            case "DescribeLoadBalancerAttributes":
                return {"Attributes": marks.as_pairs({**usual, **(attributes or {})})}
            case "DescribeListeners":
                return {"Listeners": list(heard)}
            case _:
                return {"LoadBalancers": [shown]}

    reading, _ = drive(BALANCER.read(ARN), answer)
    assert isinstance(reading, Reading)
    return reading


def update(have: Reading, applied: frozenset[str] = frozenset(), **settings: Any) -> tuple[Call, ...]:
    """What an update sends."""
    return BALANCER.update(have, want(BALANCER, **{**MINIMAL, "tags": {"team": "orders"}, **settings}), applied)


def test_a_create_sends_what_it_can_and_is_marked() -> None:
    made = want(BALANCER, subnets=[{"ref": "public-a"}, {"id": "subnet-b"}], securityGroups=[{"id": "sg-1"}])
    assert BALANCER.create(made) == Call(
        "elbv2",
        "CreateLoadBalancer",
        {
            "Name": NAME,
            "Type": "application",
            "Scheme": "internet-facing",
            "Subnets": [Ref("public-a", "id"), "subnet-b"],
            "SecurityGroups": ["sg-1"],
            "IpAddressType": "ipv4",
            "Tags": marks.as_pairs(marks.mark_tags(MARK)),
        },
    )


def test_a_reading_shows_settings_mark_and_outputs_and_differs_from_them_in_nothing() -> None:
    logs = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs", "access_logs.s3.prefix": ""}
    reading = read(logs, (SEEN_SECURE, SEEN_PLAIN))
    assert (reading.id, reading.mark, reading.health) == (ARN, MARK, Health())
    assert reading.outputs == {
        "arn": ARN,
        "name": NAME,
        "dnsName": "orders.elb.amazonaws.com",
        "canonicalHostedZoneID": "Z1",
        "fullName": f"app/{NAME}/0123",
    }
    wanted = {
        "securityGroups": [{"id": "sg-1"}, {"id": "sg-2"}],
        "listeners": [SECURE, PLAIN],
        "accessLogs": {"bucket": {"id": "logs"}},
        "tags": {"team": "orders"},
    }
    assert changes(BALANCER, want(BALANCER, **MINIMAL, **wanted), reading) == {}


HEALTH: dict[str, tuple[dict[str, str], Health]] = {
    "coming": (
        {"Code": "provisioning"},
        Health(HealthState.PROGRESSING, "the load balancer is provisioning"),
    ),
    "short of capacity": (
        {"Code": "active_impaired", "Reason": "no addresses"},
        Health(HealthState.READY, "the load balancer is active_impaired: no addresses"),
    ),
    "failed": ({"Code": "failed"}, Health(HealthState.FAILED, "the load balancer is failed")),
}


@pytest.mark.parametrize(("state", "health"), HEALTH.values(), ids=HEALTH)
def test_health_is_the_state(state: dict[str, str], health: Health) -> None:
    assert read(State=state).health == health


def test_a_network_load_balancer_has_no_attributes_of_http_and_may_have_no_groups() -> None:
    have = read({"load_balancing.cross_zone.enabled": "true"}, Type="network", SecurityGroups=[])
    assert update(have, type="network", loadBalancingCrossZoneEnabled=True) == ()
    assert update(have, frozenset({"securityGroups"}), type="network", loadBalancingCrossZoneEnabled=True) == ()


CHANGES: dict[str, tuple[dict[str, Any], Call]] = {
    "subnets": (
        {"subnets": [{"id": "subnet-c"}, {"id": "subnet-a"}]},
        Call("elbv2", "SetSubnets", {**THIS, "Subnets": ["subnet-a", "subnet-c"]}),
    ),
    "security groups": (
        {"securityGroups": [{"id": "sg-1"}]},
        Call("elbv2", "SetSecurityGroups", {**THIS, "SecurityGroups": ["sg-1"]}),
    ),
    "addresses": (
        {"ipAddressType": "dualstack"},
        Call("elbv2", "SetIpAddressType", {**THIS, "IpAddressType": "dualstack"}),
    ),
    "attributes": (
        {"deletionProtectionEnabled": True, "idleTimeoutSeconds": 30},
        Call(
            "elbv2",
            "ModifyLoadBalancerAttributes",
            {
                **THIS,
                "Attributes": [
                    {"Key": "deletion_protection.enabled", "Value": "true"},
                    {"Key": "idle_timeout.timeout_seconds", "Value": "30"},
                ],
            },
        ),
    ),
    "logs to a bucket that is still to come": (
        {"accessLogs": {"bucket": {"ref": "logs"}, "prefix": "shop"}},
        Call(
            "elbv2",
            "ModifyLoadBalancerAttributes",
            {
                **THIS,
                "Attributes": [
                    {"Key": "access_logs.s3.enabled", "Value": "true"},
                    {"Key": "access_logs.s3.bucket", "Value": Ref("logs", "id")},
                    {"Key": "access_logs.s3.prefix", "Value": "shop"},
                ],
            },
        ),
    ),
    "a listener": (
        {"listeners": [PLAIN]},
        Call(
            "elbv2",
            "CreateListener",
            {**THIS, "Port": 80, "Protocol": "HTTP", "DefaultActions": [NOTHING_ACTION]},
        ),
    ),
}


@pytest.mark.parametrize(("settings", "call"), CHANGES.values(), ids=CHANGES)
def test_each_setting_has_its_call(settings: dict[str, Any], call: Call) -> None:
    assert update(read(), **settings) == (call,)


def test_listeners_come_change_and_go_by_their_ports() -> None:
    moved = {**PLAIN, "defaultAction": {"redirectConfig": {"statusCode": "HTTP_301", "protocol": "HTTPS"}}}
    have = read(heard=(SEEN_SECURE, SEEN_PLAIN))
    new = {**SECURE, "port": 8443, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}
    gone, changed, made = update(have, listeners=[new, moved])
    assert gone == Call("elbv2", "DeleteListener", {"ListenerArn": "arn:443"})
    assert (changed.operation, changed.parameters["ListenerArn"]) == ("ModifyListener", "arn:80")
    assert changed.parameters["DefaultActions"] == [
        {
            "Type": "redirect",
            "RedirectConfig": {
                "StatusCode": "HTTP_301",
                "Protocol": "HTTPS",
                "Port": "#{port}",
                "Host": "#{host}",
                "Path": "/#{path}",
                "Query": "#{query}",
            },
        }
    ]
    assert made.parameters == {
        **THIS,
        "Port": 8443,
        "Protocol": "HTTPS",
        "Certificates": [{"CertificateArn": CERTIFICATE}],
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": "arn:web"}],
    }


def test_a_redirection_reads_back_as_it_was_written() -> None:
    redirect = {
        "StatusCode": "HTTP_302",
        "Protocol": "#{protocol}",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
    }
    seen = {**SEEN_PLAIN, "DefaultActions": [{"Type": "redirect", "RedirectConfig": redirect}]}
    moved = {**PLAIN, "defaultAction": {"redirectConfig": {"statusCode": "HTTP_302", "port": "443"}}}
    assert update(read(heard=(seen,)), listeners=[moved]) == ()


def test_listeners_of_others_are_left_alone_unless_all_are_given() -> None:
    have = read(heard=(SEEN_PLAIN,))
    assert update(have) == ()
    assert update(have, frozenset({"listeners"})) == ()
    assert [call.operation for call in update(have, listeners=[])] == ["DeleteListener"]
    assert update(read(), listeners=[]) == ()


def test_what_is_left_out_again_goes_back_to_what_it_was() -> None:
    logs = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs"}
    have = read({**logs, "idle_timeout.timeout_seconds": "30", "routing.http2.enabled": "false"})
    assert update(have) == ()
    (call,) = update(have, frozenset({"accessLogs", "idleTimeoutSeconds", "http2Enabled"}))
    assert {each["Key"]: each["Value"] for each in call.parameters["Attributes"]} == {
        "idle_timeout.timeout_seconds": "60",
        "routing.http2.enabled": "true",
        "access_logs.s3.enabled": "false",
    }


def test_deleting_is_one_call() -> None:
    assert BALANCER.delete(read()) == (Call("elbv2", "DeleteLoadBalancer", THIS),)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "connections by type application": ({"listeners": [{**PLAIN, "protocol": "TCP"}]}, "listeners: give HTTP"),
    "requests by type network": ({"type": "network", "listeners": [PLAIN]}, "listeners: give HTTP"),
    "HTTP's settings with type network": (
        {"type": "network", "http2Enabled": True},
        "leave them out with type network",
    ),
    "crossing zones with type application": ({"loadBalancingCrossZoneEnabled": True}, "choose the type network"),
    "no certificate": ({"listeners": [{**PLAIN, "protocol": "HTTPS"}]}, "certificateARN: give it"),
    "a policy for what is not secure": ({"listeners": [{**PLAIN, "sslPolicy": "x"}]}, "sslPolicy: leave it out"),
    "two actions": (
        {"listeners": [{**PLAIN, "defaultAction": {**NOTHING, "targetGroup": {"id": "x"}}}]},
        "exactly one of targetGroup",
    ),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_settings_that_cannot_be_are_refused_with_the_mend(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BALANCER.model.model_validate({**MINIMAL, **settings})
