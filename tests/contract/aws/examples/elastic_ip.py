"""Example settings of awsElasticIP."""

from __future__ import annotations

from pilothouse.dataplane.aws.types.elastic_ip import ElasticIP
from pilothouse.dataplane.types import Call
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.networks import instance_with_two_addresses, private_address, running_instance, use_address

ELSEWHERE = Call("ec2", "AssociateAddress", {"AllocationId": "$id", "InstanceId": "$instance-b"})

EXAMPLE = Example(
    type=ElasticIP(),
    minimal={},
    settings={
        "instance": Setting({"id": "$instance-a"}, {"id": "$instance-b"}, (ELSEWHERE,), removed=True),
        "privateIPAddress": Setting(
            "$first-address", "$second-address", beside={"instance": {"id": "$instance-with-two"}}
        ),
        "tags": Setting({"team": "orders", "Name": "mine"}, {"team": "payments"}),
    },
    fixed={
        "publicIpv4Pool": Fixed("amazon", "ipv4pool-ec2-012345"),
        "networkBorderGroup": Fixed("eu-west-1", "eu-west-1-lhr-1"),
    },
    wrong={"networkBorderGroup": "nowhere"},
    stage={
        "$instance-a": running_instance,
        "$instance-b": running_instance,
        "$instance-with-two": instance_with_two_addresses,
        "$first-address": private_address(0),
        "$second-address": private_address(1),
    },
    in_use=lambda aws, have: use_address(aws, have.id),
)
