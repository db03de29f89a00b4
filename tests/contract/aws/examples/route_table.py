"""Example settings of awsRouteTable."""

from __future__ import annotations

from pilothouse.dataplane.aws.types.route_table import RouteTable
from pilothouse.dataplane.types import Call
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.networks import gateway_of, nat_gateway, subnet_of, vpc_of

ROUTE_TABLE = {"RouteTableId": "$id"}
OUT = {"destinationCIDRBlock": "0.0.0.0/0", "gateway": {"id": "$gateway"}}
OUT6 = {"destinationIpv6CIDRBlock": "::/0", "gateway": {"id": "$gateway"}}
NAT = {"destinationCIDRBlock": "0.0.0.0/0", "natGateway": {"id": "$nat"}}
INNER = {"destinationCIDRBlock": "10.9.0.0/16", "natGateway": {"id": "$nat"}}

EXAMPLE = Example(
    type=RouteTable(),
    minimal={"vpc": {"id": "$vpc-a"}},
    settings={
        "routes": Setting(
            [OUT6, OUT, INNER],
            [NAT],
            (
                Call("ec2", "DeleteRoute", {**ROUTE_TABLE, "DestinationIpv6CidrBlock": "::/0"}),
                Call(
                    "ec2", "ReplaceRoute", {**ROUTE_TABLE, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "$nat"}
                ),
                Call(
                    "ec2", "CreateRoute", {**ROUTE_TABLE, "DestinationCidrBlock": "10.8.0.0/16", "NatGatewayId": "$nat"}
                ),
            ),
        ),
        "subnets": Setting(
            [{"id": "$inner-b"}, {"id": "$inner-a"}],
            [{"id": "$inner-c"}],
            (Call("ec2", "AssociateRouteTable", {**ROUTE_TABLE, "SubnetId": "$inner-c"}),),
        ),
        "tags": Setting({"team": "orders", "Name": "mine"}, {"team": "payments"}),
    },
    fixed={"vpc": Fixed({"id": "$vpc-a"}, {"id": "$vpc-b"})},
    wrong={"vpc": {"id": "subnet-1"}},
    stage={
        "$vpc-a": vpc_of("10.1.0.0/16"),
        "$vpc-b": vpc_of("10.2.0.0/16"),
        "$gateway": gateway_of("10.1.0.0/16"),
        "$nat": nat_gateway("10.1.0.0/16", "10.1.9.0/24"),
        "$inner-a": subnet_of("10.1.0.0/16", "10.1.1.0/24"),
        "$inner-b": subnet_of("10.1.0.0/16", "10.1.2.0/24"),
        "$inner-c": subnet_of("10.1.0.0/16", "10.1.3.0/24"),
    },
    in_use="it leaves its subnets to the VPC's main table",
)
