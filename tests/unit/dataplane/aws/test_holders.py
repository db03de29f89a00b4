"""Who keeps a network from being deleted, as EC2 describes it."""

from __future__ import annotations

from typing import Any

import pytest

from pilothouse.dataplane.aws.types.queue import Queue
from pilothouse.dataplane.aws.types.security_group import SecurityGroup
from pilothouse.dataplane.aws.types.subnet import Subnet
from pilothouse.dataplane.aws.types.vpc import VPC
from pilothouse.dataplane.types import Call, Reading, ResourceType
from tests.unit.dataplane.aws.replies import drive

INTERFACES: list[dict[str, Any]] = [
    {"NetworkInterfaceId": "eni-1", "Attachment": {"InstanceId": "i-1"}},
    {"NetworkInterfaceId": "eni-2", "Attachment": {"InstanceId": "i-1"}},
    {"NetworkInterfaceId": "eni-3", "Attachment": {}, "Description": "AWS Lambda VPC ENI-cart"},
    {"NetworkInterfaceId": "eni-4"},
]
IN_IT = ("instance i-1", "network interface eni-3 (AWS Lambda VPC ENI-cart)", "network interface eni-4")
GROUPS = [{"GroupId": "this", "GroupName": "this"}, {"GroupId": "sg-2", "GroupName": "theirs"}]
FOUND: dict[str, Any] = {
    "DescribeNetworkInterfaces": {"NetworkInterfaces": INTERFACES},
    "DescribeSecurityGroups": {"SecurityGroups": [*GROUPS, {"GroupId": "sg-0", "GroupName": "default"}]},
    "DescribeSubnets": {"Subnets": [{"SubnetId": "subnet-1"}]},
}
IN_RULES = ("a rule of security group sg-2", "a rule of security group sg-0")
CASES: dict[str, tuple[ResourceType[Any], set[str], tuple[str, ...]]] = {
    "security group": (
        SecurityGroup(),
        {"group-id", "ip-permission.group-id", "egress.ip-permission.group-id"},
        (*IN_IT, *IN_RULES),
    ),
    "subnet": (Subnet(), {"subnet-id"}, IN_IT),
    "VPC": (VPC(), {"vpc-id"}, (*IN_IT, "subnet subnet-1", "security group this", "security group sg-2")),
    "what says so itself": (Queue(), set(), ()),
}


@pytest.mark.parametrize(("kind", "asked", "told"), CASES.values(), ids=CASES)
def test_it_is_told_who_is_in_the_way(kind: ResourceType[Any], asked: set[str], told: tuple[str, ...]) -> None:
    found, calls = drive(kind.holders(Reading("this", None)), lambda call: FOUND[call.operation])
    assert found == told
    assert {_filter(call) for call in calls} == asked


def _filter(call: Call) -> str:
    (only,) = call.parameters["Filters"]
    assert only["Values"] == ["this"]
    return str(only["Name"])
