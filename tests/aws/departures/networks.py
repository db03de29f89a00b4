"""EC2 VPCs, subnets and internet gateways: what is in use stays, and every setting is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.ec2.models.subnets import Subnet

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError, parsed
from tests.aws.world import World, ec2

FLAGS = {"MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64"}
NAME_OPTIONS = {
    "EnableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecord",
    "EnableResourceNameDnsAAAARecordOnLaunch": "EnableResourceNameDnsAAAARecord",
    "PrivateDnsHostnameTypeOnLaunch": "HostnameType",
}

# moto knows nothing of it: no subnet could be described whole.
Subnet.enable_dns64 = False  # type: ignore[attr-defined]


def in_use(what: str, identifier: str) -> AwsError:
    """Refuse to delete what something else needs."""
    return AwsError("DependencyViolation", f"The {what} '{identifier}' has dependencies and cannot be deleted.")


def interfaces(call: Call) -> Iterator[tuple[str, Any]]:
    """Every network interface that lives, with its subnet's id; an instance keeps its own until it is terminated."""
    backend = ec2(call)
    for interface in backend.enis.values():
        if interface.instance is None:
            yield interface.subnet.id, interface
    for instance in backend.all_instances():
        if instance.state != "terminated":
            for interface in instance.nics.values():
                yield interface.subnet.id, interface


@departure("ec2", "DeleteSubnet")
def a_subnet_with_interfaces_stays(call: Call, _world: World, proceed: Proceed) -> object:
    """DependencyViolation while a network interface is in it; moto deletes it under whatever lives there."""
    identifier = call.parameters["SubnetId"]
    if any(subnet == identifier for subnet, _ in interfaces(call)):
        raise in_use("subnet", identifier)
    return proceed()


@departure("ec2", "DeleteSubnet")
def a_subnet_leaves_its_route_table(call: Call, _world: World, proceed: Proceed) -> object:
    """Its association goes with it; moto keeps that, so that the table could never be deleted."""
    reply, identifier = proceed(), call.parameters["SubnetId"]
    if reply.ok:
        for table in ec2(call).route_tables.values():
            table._associations = {key: target for key, target in table._associations.items() if target != identifier}
    return reply


@departure("ec2", "DeleteVpc")
def a_vpc_with_anything_in_it_stays(call: Call, _world: World, proceed: Proceed) -> object:
    """DependencyViolation while a gateway is attached or a security group is left; moto leaves them behind."""
    backend, identifier = ec2(call), call.parameters["VpcId"]
    attached = any(gateway.vpc and gateway.vpc.id == identifier for gateway in backend.internet_gateways.values())
    groups = any(not group.is_default for group in backend.groups.get(identifier, {}).values())
    if attached or groups:
        raise in_use("vpc", identifier)
    return proceed()


@departure("ec2", "ModifySubnetAttribute")
def every_subnet_attribute_is_kept(call: Call, _world: World, _proceed: Proceed) -> object:
    """A call changes one attribute; moto knows three of them, changes several at once, and forgets the others."""
    given = {name: value for name, value in call.parameters.items() if name != "SubnetId"}
    unknown = sorted(set(given) - FLAGS - set(NAME_OPTIONS))
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    if len(given) != 1:
        raise AwsError("InvalidParameterCombination", "You may only modify one subnet attribute at a time.")
    ((name, value),) = given.items()
    subnet = ec2(call).get_subnet(call.parameters["SubnetId"])
    kept = str(value["Value"]).lower() == "true" if isinstance(value, dict) else value
    if name in FLAGS:
        setattr(subnet, camelcase_to_underscores(name), kept)
    else:
        subnet.private_dns_name_options_on_launch[NAME_OPTIONS[name]] = kept
    return {}


@departure("ec2", "DescribeSubnets")
def ipv6_ranges_are_shown(call: Call, _world: World, proceed: Proceed) -> object:
    """With their state; moto puts that one level too deep, and leaves the range out."""
    reply = proceed()
    if not reply.ok:
        return reply
    result = parsed(call, reply)
    result.pop("ResponseMetadata", None)
    for shown in result.get("Subnets", ()):
        ranges = ec2(call).get_subnet(shown["SubnetId"]).ipv6_cidr_block_associations.values()
        shown["Ipv6CidrBlockAssociationSet"] = [
            {
                "AssociationId": each["associationId"],
                "Ipv6CidrBlock": each["ipv6CidrBlock"],
                "Ipv6CidrBlockState": each["ipv6CidrBlockState"],
            }
            for each in ranges
        ]
    return result


@departure("ec2", "AttachInternetGateway")
def a_vpc_has_one_internet_gateway(call: Call, _world: World, proceed: Proceed) -> object:
    """A second one is refused; moto attaches any number."""
    vpc = call.parameters["VpcId"]
    if any(gateway.vpc and gateway.vpc.id == vpc for gateway in ec2(call).internet_gateways.values()):
        raise AwsError("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached")
    return proceed()


@departure("ec2", "DetachInternetGateway")
def a_gateway_of_public_addresses_stays(call: Call, _world: World, proceed: Proceed) -> object:
    """DependencyViolation while something in the VPC has a public address; moto detaches it."""
    vpc = call.parameters["VpcId"]
    if any(interface.vpc_id == vpc and interface.public_ip for _, interface in interfaces(call)):
        raise AwsError(
            "DependencyViolation",
            f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before "
            f"detaching the gateway.",
        )
    return proceed()
