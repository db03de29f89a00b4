"""Example settings of awsSecurityGroup."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.security_group import SecurityGroup
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.networks import vpc_of

HTTPS: dict[str, Any] = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
EVERYWHERE = {"ipProtocol": "-1", "cidrIP": "0.0.0.0/0"}
RULES: list[dict[str, Any]] = [
    {**HTTPS, "securityGroup": {"id": "$group-b"}, "description": "from the front"},
    {**HTTPS, "cidrIP": "10.0.0.0/8", "description": "from inside"},
    {**HTTPS, "cidrIP": "192.0.2.0/24"},
    {**HTTPS, "cidrIpv6": "2001:db8::/32"},
    {"ipProtocol": "icmp", "fromPort": -1, "toPort": -1, "securityGroup": {"id": "$group-a"}},
    {"ipProtocol": "50", "prefixListID": "pl-63a5400a", "description": "the tunnel"},
]
OTHERS = [{**RULES[0], "description": "from the back"}, {**RULES[1], "description": ""}, EVERYWHERE]


def permissions(*, cidr: str, port: int, description: str = "") -> dict[str, Any]:
    """One rule as EC2 takes it."""
    ranges = [{"CidrIp": cidr, **({"Description": description} if description else {})}]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}


def meddled(direction: str) -> tuple[Call, ...]:
    """Somebody adds a rule, takes one away and gives one another description."""
    done = (
        ("Authorize", permissions(cidr="198.51.100.0/24", port=22)),
        ("Revoke", permissions(cidr="192.0.2.0/24", port=443)),
        ("Update", permissions(cidr="10.0.0.0/8", port=443, description="by hand")),
    )
    names = {"Update": f"UpdateSecurityGroupRuleDescriptions{direction}"}
    return tuple(
        Call("ec2", names.get(what, f"{what}SecurityGroup{direction}"), {"GroupId": "$id", "IpPermissions": [rule]})
        for what, rule in done
    )


def have_it(aws: AwsServer, have: Reading) -> None:
    """Somebody's network interface has it."""
    ec2 = aws.client("ec2")
    subnet = ec2.create_subnet(VpcId=have.outputs["vpcID"], CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet, Groups=[have.id])


EXAMPLE = Example(
    type=SecurityGroup(),
    minimal={"vpc": {"id": "$vpc-a"}},
    settings={
        "ingress": Setting(RULES, OTHERS, meddled("Ingress")),
        "egress": Setting(RULES, [], meddled("Egress"), default=[EVERYWHERE]),
        "tags": Setting({"team": "orders", "Name": "mine"}, {"team": "payments"}),
    },
    fixed={
        "description": Fixed("Front", "Back"),
        "vpc": Fixed({"id": "$vpc-a"}, {"id": "$vpc-b"}),
    },
    wrong={"vpc": {"id": "subnet-1"}},
    stage={"$vpc-a": vpc_of("10.1.0.0/16"), "$vpc-b": vpc_of("10.2.0.0/16")},
    in_use=have_it,
)
