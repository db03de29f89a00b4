"""Example settings of awsSubnet."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.subnet import Subnet
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.aws.steps import launch
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.networks import vpc_of

IPV6 = "2001:db8:0:1::/64"


def attribute(name: str, value: Any) -> tuple[Call, ...]:
    """Somebody sets an attribute of the subnet."""
    return (Call("ec2", "ModifySubnetAttribute", {"SubnetId": "$id", name: value}),)


def off(name: str) -> Setting:
    """An attribute that is on or off."""
    return Setting(first=True, second=False, behind=attribute(name, {"Value": False}))


def live_in(aws: AwsServer, have: Reading) -> None:
    """Somebody launches an instance in it."""
    launch(aws, SubnetId=have.id)


EXAMPLE = Example(
    type=Subnet(),
    minimal={"vpc": {"id": "$vpc-a"}, "cidrBlock": "10.1.1.0/24"},
    settings={
        "mapPublicIPOnLaunch": off("MapPublicIpOnLaunch"),
        "assignIpv6AddressOnCreation": Setting(
            first=True,
            second=False,
            behind=attribute("AssignIpv6AddressOnCreation", {"Value": False}),
            beside={"ipv6CIDRBlock": IPV6},
        ),
        "enableDns64": off("EnableDns64"),
        "privateDNSHostnameTypeOnLaunch": Setting(
            "resource-name", "ip-name", attribute("PrivateDnsHostnameTypeOnLaunch", "ip-name")
        ),
        "enableResourceNameDNSARecordOnLaunch": off("EnableResourceNameDnsARecordOnLaunch"),
        "enableResourceNameDNSAAAARecordOnLaunch": off("EnableResourceNameDnsAAAARecordOnLaunch"),
        "ipv6CIDRBlock": Setting(IPV6, "2001:db8:0:2::/64", removed=True),
        "tags": Setting({"team": "orders", "Name": "mine"}, {"team": "payments"}),
    },
    fixed={
        "vpc": Fixed({"id": "$vpc-a"}, {"id": "$vpc-b"}),
        "cidrBlock": Fixed("10.1.1.0/24", "10.1.2.0/24"),
        "availabilityZone": Fixed("eu-west-1a", "eu-west-1b"),
    },
    wrong={"cidrBlock": "10.99.1.0/24"},
    stage={"$vpc-a": vpc_of("10.1.0.0/16"), "$vpc-b": vpc_of("10.2.0.0/16")},
    several=lambda number: {"cidrBlock": f"10.1.{number}.0/24"},
    in_use=live_in,
)
