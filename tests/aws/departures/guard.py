"""What EC2 operations of networks take here: a parameter that nobody honours is an error of the emulator."""

from __future__ import annotations

import re
from typing import Any

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World

ROUTE = {"RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"}
TARGETS = {
    "GatewayId", "NatGatewayId", "InstanceId", "NetworkInterfaceId", "VpcPeeringConnectionId", "TransitGatewayId",
    "EgressOnlyInternetGatewayId",
}  # fmt: skip
HONOURED = {
    "AllocateAddress": {"Domain", "PublicIpv4Pool", "NetworkBorderGroup", "TagSpecifications"},
    "AssociateAddress": {"AllocationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress", "AllowReassociation"},
    "AssociateRouteTable": {"RouteTableId", "SubnetId", "GatewayId"},
    "AssociateSubnetCidrBlock": {"SubnetId", "Ipv6CidrBlock"},
    "AttachInternetGateway": {"InternetGatewayId", "VpcId"},
    "CreateInternetGateway": {"TagSpecifications"},
    "CreateNatGateway": {
        "AllocationId", "ClientToken", "ConnectivityType", "PrivateIpAddress", "SubnetId", "TagSpecifications",
    },
    "CreateRoute": ROUTE | TARGETS,
    "CreateRouteTable": {"VpcId", "ClientToken", "TagSpecifications"},
    "CreateSecurityGroup": {"GroupName", "Description", "VpcId", "TagSpecifications"},
    "CreateSubnet": {
        "AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "Ipv6CidrBlock", "TagSpecifications", "VpcId",
    },
    "DeleteRoute": ROUTE,
    "ReplaceRoute": ROUTE | TARGETS,
}  # fmt: skip
TAKE_A_VPC = ("AttachInternetGateway", "CreateRouteTable", "CreateSecurityGroup", "CreateSubnet")
LONGEST_KEY = 128


@departure("ec2", *HONOURED)
def unknown_parameters_are_refused(call: Call, _world: World, proceed: Proceed) -> object:
    """moto ignores parameters that it does not know."""
    unknown = sorted(set(call.parameters) - HONOURED[call.operation])
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    return proceed()


@departure("ec2", *TAKE_A_VPC)
def vpc_ids_are_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """What is no VPC's id is InvalidVpcID.Malformed; moto says of some that there is no such VPC, others it takes."""
    given = call.parameters.get("VpcId", "vpc-0")
    if not re.match(r"^vpc-[0-9a-f]+$", given):
        raise AwsError("InvalidVpcID.Malformed", f'Invalid id: "{given}" (expecting "vpc-...")')
    return proceed()


@departure("ec2", "CreateInternetGateway", "CreateTags", "CreateVpc")
def tag_keys_have_a_length(call: Call, _world: World, proceed: Proceed) -> object:
    """A tag's key has at most 128 characters; moto takes longer ones with a create."""
    tags: list[dict[str, Any]] = [*call.parameters.get("Tags", ())]
    tags += [tag for each in call.parameters.get("TagSpecifications", ()) for tag in each.get("Tags", ())]
    if any(len(tag["Key"]) > LONGEST_KEY for tag in tags):
        raise AwsError("InvalidParameterValue", "Tag key exceeds the maximum length of 128 characters")
    return proceed()
