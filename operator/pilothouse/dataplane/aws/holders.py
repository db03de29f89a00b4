"""Who keeps a part of a network from being deleted: EC2 refuses without a word of it (DependencyViolation).

Source: the Amazon EC2 API Reference, DescribeNetworkInterfaces, DescribeSecurityGroups, DescribeSubnets.
"""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.dataplane.types import Call, Flow

_IN_RULES: Final = ("ip-permission.group-id", "egress.ip-permission.group-id")


def of_security_group(identifier: str) -> Flow[tuple[str, ...]]:
    """Find what uses a security group: network interfaces, and rules of other groups."""
    found = yield from _interfaces("group-id", identifier)
    for name in _IN_RULES:
        page = yield Call("ec2", "DescribeSecurityGroups", _where(name, identifier))
        others = (each["GroupId"] for each in page["SecurityGroups"] if each["GroupId"] != identifier)
        found |= dict.fromkeys(f"a rule of security group {other}" for other in others)
    return tuple(found)


def of_subnet(identifier: str) -> Flow[tuple[str, ...]]:
    """Find what is in a subnet."""
    return tuple((yield from _interfaces("subnet-id", identifier)))


def of_vpc(identifier: str) -> Flow[tuple[str, ...]]:
    """Find what is in a VPC and does not go with it."""
    found = yield from _interfaces("vpc-id", identifier)
    page = yield Call("ec2", "DescribeSubnets", _where("vpc-id", identifier))
    found |= dict.fromkeys(f"subnet {each['SubnetId']}" for each in page["Subnets"])
    page = yield Call("ec2", "DescribeSecurityGroups", _where("vpc-id", identifier))
    groups = (each["GroupId"] for each in page["SecurityGroups"] if each["GroupName"] != "default")
    return tuple(found | dict.fromkeys(f"security group {group}" for group in groups))


def _interfaces(name: str, identifier: str) -> Flow[dict[str, None]]:
    """Find network interfaces, by what people know of them: the instance, or what their owner says of them."""
    page = yield Call("ec2", "DescribeNetworkInterfaces", _where(name, identifier))
    return dict.fromkeys(map(_told, page["NetworkInterfaces"]))


def _told(interface: Mapping[str, Any]) -> str:
    if instance := interface.get("Attachment", {}).get("InstanceId"):
        return f"instance {instance}"
    words = interface.get("Description")
    return f"network interface {interface['NetworkInterfaceId']}" + (f" ({words})" if words else "")


def _where(name: str, identifier: str) -> Mapping[str, Any]:
    return {"Filters": [{"Name": name, "Values": [identifier]}]}
