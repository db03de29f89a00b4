"""Example settings of awsTargetGroup."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.target_group import TargetGroup
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.aws.steps import launch, wait_for
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.stage import default_subnet

ADDRESSES = {"targetType": "ip"}
NETWORK = {"protocol": "TCP"}


def running(aws: AwsServer) -> str:
    """A running instance of the default VPC."""
    made = launch(aws)
    wait_for(aws, made, "running")
    return made


def modify(**values: Any) -> tuple[Call, ...]:
    """Somebody changes the health check."""
    return (Call("elbv2", "ModifyTargetGroup", {"TargetGroupArn": "$id", **values}),)


def attribute(key: str, value: str) -> tuple[Call, ...]:
    """Somebody sets an attribute."""
    given = {"TargetGroupArn": "$id", "Attributes": [{"Key": key, "Value": value}]}
    return (Call("elbv2", "ModifyTargetGroupAttributes", given),)


def targets(operation: str, *ids: str) -> tuple[Call, ...]:
    """Somebody registers or deregisters targets."""
    return (Call("elbv2", operation, {"TargetGroupArn": "$id", "Targets": [{"Id": each} for each in ids]}),)


def forward_to(aws: AwsServer, have: Reading) -> None:
    """Somebody makes a listener that forwards to it."""
    elbv2 = aws.client("elbv2")
    subnets = [default_subnet(zone)(aws) for zone in ("eu-west-1a", "eu-west-1b")]
    balancer = elbv2.create_load_balancer(Name="shared", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": have.id}]
    elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)


EXAMPLE = Example(
    type=TargetGroup(),
    minimal={"protocol": "HTTP", "port": 80, "vpc": {"id": "$vpc"}},
    settings={
        "healthCheckProtocol": Setting("HTTP", "HTTPS", modify(HealthCheckProtocol="HTTPS")),
        "healthCheckPort": Setting("traffic-port", "8081", modify(HealthCheckPort="9000")),
        "healthCheckPath": Setting("/healthz", "/ready", modify(HealthCheckPath="/")),
        "healthCheckIntervalSeconds": Setting(15, 20, modify(HealthCheckIntervalSeconds=40)),
        "healthCheckTimeoutSeconds": Setting(3, 4, modify(HealthCheckTimeoutSeconds=6)),
        "healthyThresholdCount": Setting(3, 4, modify(HealthyThresholdCount=7)),
        "unhealthyThresholdCount": Setting(3, 4, modify(UnhealthyThresholdCount=7)),
        "matcher": Setting({"httpCode": "200-299"}, {"httpCode": "200,204"}, modify(Matcher={"HttpCode": "200"})),
        "deregistrationDelayTimeoutSeconds": Setting(
            30, 60, attribute("deregistration_delay.timeout_seconds", "90"), default=300
        ),
        "stickiness": Setting(
            {"type": "lb_cookie"},
            {"type": "app_cookie", "cookieName": "session", "durationSeconds": 600},
            attribute("stickiness.enabled", "false"),
            removed=True,
        ),
        "slowStartDurationSeconds": Setting(30, 60, attribute("slow_start.duration_seconds", "90"), default=0),
        "loadBalancingAlgorithmType": Setting(
            "least_outstanding_requests",
            "weighted_random",
            attribute("load_balancing.algorithm.type", "round_robin"),
            default="round_robin",
        ),
        "loadBalancingCrossZoneEnabled": Setting(
            "true",
            "false",
            attribute("load_balancing.cross_zone.enabled", "false"),
            default="use_load_balancer_configuration",
        ),
        "deregistrationDelayConnectionTerminationEnabled": Setting(
            first=True,
            second=False,
            behind=attribute("deregistration_delay.connection_termination.enabled", "false"),
            beside=NETWORK,
            default=False,
        ),
        "preserveClientIPEnabled": Setting(
            first=True, second=False, behind=attribute("preserve_client_ip.enabled", "false"), beside=NETWORK
        ),
        "proxyProtocolV2Enabled": Setting(
            first=True,
            second=False,
            behind=attribute("proxy_protocol_v2.enabled", "false"),
            beside=NETWORK,
            default=False,
        ),
        "targets": Setting(
            [{"instance": {"id": "$web-b"}}, {"instance": {"id": "$web-a"}, "port": 8080}],
            [{"instance": {"id": "$web-a"}, "port": 8080}],
            targets("DeregisterTargets", "$web-b"),
        ),
        "tags": Setting(
            {"team": "orders"},
            {"team": "payments", "tier": "prod"},
            (Call("elbv2", "RemoveTags", {"ResourceArns": ["$id"], "TagKeys": ["team"]}),),
        ),
    },
    fixed={
        "protocol": Fixed("HTTP", "HTTPS"),
        "port": Fixed(80, 81),
        "vpc": Fixed({"id": "$vpc"}, {"id": "$other-vpc"}),
        "targetType": Fixed("instance", "ip"),
        "protocolVersion": Fixed("HTTP1", "HTTP2"),
        "ipAddressType": Fixed("ipv4", "ipv6", beside=ADDRESSES),
    },
    wrong={"protocol": "HTTP", "port": 80, "vpc": {"id": "vpc-0000000000"}},
    stage={"$web-a": running, "$web-b": running},
    in_use=forward_to,
)
