"""Example settings of awsInternetGateway."""

from __future__ import annotations

from pilothouse.dataplane.aws.types.internet_gateway import InternetGateway
from pilothouse.dataplane.types import Call
from tests.contract.aws.example import Example, Setting
from tests.contract.aws.networks import vpc_of

DETACHED = Call("ec2", "DetachInternetGateway", {"InternetGatewayId": "$id", "VpcId": "$vpc-a"})

EXAMPLE = Example(
    type=InternetGateway(),
    minimal={},
    settings={
        "vpc": Setting({"id": "$vpc-a"}, {"id": "$vpc-b"}, (DETACHED,), removed=True),
        "tags": Setting({"team": "orders", "Name": "mine"}, {"team": "payments"}),
    },
    fixed={},
    wrong={"tags": {"k" * 129: "longer than AWS takes"}},
    stage={"$vpc-a": vpc_of("10.1.0.0/16"), "$vpc-b": vpc_of("10.2.0.0/16")},
    in_use="nothing can while it is attached to no VPC; test_network_life tries it with public addresses",
)
