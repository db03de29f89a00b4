"""Example settings of awsVPC."""

from __future__ import annotations

from pilothouse.dataplane.aws.types.vpc import VPC
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Setting


def attribute(name: str, *, value: bool) -> tuple[Call, ...]:
    """Somebody sets an attribute of the VPC."""
    return (Call("ec2", "ModifyVpcAttribute", {"VpcId": "$id", name: {"Value": value}}),)


def live_in(aws: AwsServer, have: Reading) -> None:
    """Somebody makes a subnet in it."""
    aws.client("ec2").create_subnet(VpcId=have.id, CidrBlock="10.1.1.0/24")


EXAMPLE = Example(
    type=VPC(),
    minimal={"cidrBlock": "10.1.0.0/16"},
    settings={
        "enableDNSSupport": Setting(first=True, second=False, behind=attribute("EnableDnsSupport", value=False)),
        "enableDNSHostnames": Setting(first=True, second=False, behind=attribute("EnableDnsHostnames", value=False)),
        "enableNetworkAddressUsageMetrics": Setting(
            first=True, second=False, behind=attribute("EnableNetworkAddressUsageMetrics", value=False)
        ),
        "tags": Setting({"team": "orders", "Name": "mine"}, {"team": "payments"}),
    },
    fixed={
        "cidrBlock": Fixed("10.1.0.0/16", "10.2.0.0/16"),
        "instanceTenancy": Fixed("default", "dedicated"),
        "amazonProvidedIpv6CIDRBlock": Fixed(first=False, second=True),
    },
    wrong={"tags": {"k" * 129: "longer than AWS takes"}},
    in_use=live_in,
)
