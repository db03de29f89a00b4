"""Example settings of awsNATGateway."""

from __future__ import annotations

from pilothouse.dataplane.aws.types.nat_gateway import NATGateway
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.networks import address, public_subnet, subnet_of

PRIVATE = {"connectivityType": "private"}
PUBLIC = {"connectivityType": "public", "subnet": {"id": "$public"}}

EXAMPLE = Example(
    type=NATGateway(),
    minimal={"subnet": {"id": "$private-a"}, **PRIVATE},
    settings={"tags": Setting({"team": "orders", "Name": "mine"}, {"team": "payments"})},
    fixed={
        "subnet": Fixed({"id": "$private-a"}, {"id": "$private-b"}),
        "connectivityType": Fixed("private", "public", then={"allocation": {"id": "$address-a"}}),
        "allocation": Fixed({"id": "$address-a"}, {"id": "$address-b"}, beside=PUBLIC),
        "privateIPAddress": Fixed("10.1.1.77", "10.1.1.78"),
    },
    wrong={"privateIPAddress": "192.0.2.1"},
    stage={
        "$private-a": subnet_of("10.1.0.0/16", "10.1.1.0/24"),
        "$private-b": subnet_of("10.1.0.0/16", "10.1.2.0/24"),
        "$public": public_subnet("10.2.0.0/16", "10.2.1.0/24"),
        "$address-a": address,
        "$address-b": address,
    },
    in_use="EC2 deletes a NAT gateway whatever routes lead to it",
)
