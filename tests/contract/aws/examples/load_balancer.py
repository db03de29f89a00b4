"""Example settings of awsLoadBalancer."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.load_balancer import LoadBalancer
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Maker, Setting
from tests.contract.aws.stage import default_subnet, default_vpc

TWO_ZONES = [{"id": "$subnet-b"}, {"id": "$subnet-a"}]
THREE_ZONES = [*TWO_ZONES, {"id": "$subnet-c"}]
NOT_FOUND = {"fixedResponseConfig": {"statusCode": "404"}}
PLAIN = {"port": 80, "protocol": "HTTP", "defaultAction": {"redirectConfig": {"statusCode": "HTTP_301", "port": "443"}}}
SECURE = {"port": 443, "protocol": "HTTPS", "certificateARN": "$certificate"}
NETWORK = {"type": "network"}


def target_group(aws: AwsServer) -> str:
    """A target group of the default VPC."""
    made = aws.client("elbv2").create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=default_vpc(aws))
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def certificate(aws: AwsServer) -> str:
    """A certificate."""
    return str(aws.client("acm").request_certificate(DomainName="shop.example")["CertificateArn"])


def bucket(name: str) -> Maker:
    """A bucket."""

    def make(aws: AwsServer) -> str:
        aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        return name

    return make


def attribute(key: str, value: str) -> tuple[Call, ...]:
    """Somebody sets an attribute."""
    given = {"LoadBalancerArn": "$id", "Attributes": [{"Key": key, "Value": value}]}
    return (Call("elbv2", "ModifyLoadBalancerAttributes", given),)


def change(operation: str, **values: Any) -> tuple[Call, ...]:
    """Somebody sets something else."""
    return (Call("elbv2", operation, {"LoadBalancerArn": "$id", **values}),)


EXAMPLE = Example(
    type=LoadBalancer(),
    minimal={"subnets": TWO_ZONES},
    settings={
        "subnets": Setting(THREE_ZONES, TWO_ZONES, change("SetSubnets", Subnets=["$subnet-a", "$subnet-c"])),
        "securityGroups": Setting(
            [{"id": "$group-b"}, {"id": "$group-a"}],
            [{"id": "$group-a"}],
            change("SetSecurityGroups", SecurityGroups=["$group-b"]),
        ),
        "ipAddressType": Setting("ipv4", "dualstack", change("SetIpAddressType", IpAddressType="dualstack")),
        "listeners": Setting(
            [{**SECURE, "defaultAction": {"targetGroup": {"id": "$web"}}}, PLAIN],
            [{**PLAIN, "defaultAction": NOT_FOUND}, {"port": 8080, "protocol": "HTTP", "defaultAction": NOT_FOUND}],
            change(
                "CreateListener",
                Port=81,
                Protocol="HTTP",
                DefaultActions=[{"Type": "forward", "TargetGroupArn": "$web"}],
            ),
        ),
        "deletionProtectionEnabled": Setting(
            first=True, second=False, behind=attribute("deletion_protection.enabled", "false")
        ),
        "accessLogs": Setting(
            {"bucket": {"id": "$logs-a"}, "prefix": "shop"},
            {"bucket": {"id": "$logs-b"}},
            attribute("access_logs.s3.enabled", "false"),
            removed=True,
        ),
        "idleTimeoutSeconds": Setting(30, 90, attribute("idle_timeout.timeout_seconds", "100"), default=60),
        "http2Enabled": Setting(
            first=False, second=True, behind=attribute("routing.http2.enabled", "true"), default=True
        ),
        "dropInvalidHeaderFieldsEnabled": Setting(
            first=True,
            second=False,
            behind=attribute("routing.http.drop_invalid_header_fields.enabled", "false"),
            default=False,
        ),
        "loadBalancingCrossZoneEnabled": Setting(
            first=True,
            second=False,
            behind=attribute("load_balancing.cross_zone.enabled", "false"),
            beside=NETWORK,
            default=False,
        ),
        "tags": Setting(
            {"team": "orders"},
            {"team": "payments", "tier": "prod"},
            (Call("elbv2", "RemoveTags", {"ResourceArns": ["$id"], "TagKeys": ["team"]}),),
        ),
    },
    fixed={"type": Fixed("application", "network"), "scheme": Fixed("internet-facing", "internal")},
    wrong={"subnets": [{"id": "$subnet-a"}]},
    stage={
        "$subnet-c": default_subnet("eu-west-1c"),
        "$web": target_group,
        "$certificate": certificate,
        "$logs-a": bucket("logs-a"),
        "$logs-b": bucket("logs-b"),
    },
    in_use="a load balancer goes with its listeners, whoever is connected",
)
