"""EC2 NAT gateways: they take their time to come and go, and may fail meanwhile."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.utils import is_tag_filter, tag_filter_matches

from tests.aws.departures import Proceed, departure
from tests.aws.departures.addresses import free
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World, ec2

FILTERS = {"nat-gateway-id", "vpc-id", "subnet-id", "state"}


@departure("ec2", "CreateNatGateway")
def a_nat_gateway_is_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """A public one needs an address, a private one must not have any, and its private address is of the subnet.

    moto takes all of them, and gives it whatever private address it likes.
    """
    given = call.parameters
    public = given.get("ConnectivityType", "public") == "public"
    if public and "AllocationId" not in given:
        raise AwsError("MissingParameter", "The request must include the AllocationId parameter.")
    if not public and "AllocationId" in given:
        raise AwsError("InvalidParameterCombination", "AllocationId is not valid for a private NAT gateway.")
    block = ipaddress.ip_network(ec2(call).get_subnet(given["SubnetId"]).cidr_block)
    if public:
        ec2(call).address_by_allocation([given["AllocationId"]])
    if "PrivateIpAddress" in given and ipaddress.ip_address(given["PrivateIpAddress"]) not in block:
        raise AwsError("InvalidParameterValue", f"{given['PrivateIpAddress']} is not in the subnet's range {block}.")
    return proceed()


@departure("ec2", "CreateNatGateway")
def nat_gateways_come_in_their_time(call: Call, world: World, _proceed: Proceed) -> object:
    """pending, then available; failed where the VPC has no internet gateway, or something else has the address."""
    given, failure = call.parameters, _failure(call)
    allocation = None if failure else given.get("AllocationId")
    kind = given.get("ConnectivityType", "public")
    gateway = ec2(call).create_nat_gateway(given["SubnetId"], allocation, _tags(given), kind)
    _place(gateway, given)
    gateway.state = "pending"

    def arrive() -> None:
        gateway.state = "failed" if failure else "available"
        gateway.failure_code, gateway.failure_message = failure or (None, None)

    world.later(gateway, arrive)
    return {"NatGateway": gateway, "ClientToken": given.get("ClientToken", "")}


def _failure(call: Call) -> tuple[str, str] | None:
    given, backend = call.parameters, ec2(call)
    if given.get("ConnectivityType", "public") != "public":
        return None
    (chosen,) = backend.address_by_allocation([given["AllocationId"]])
    vpc = backend.get_subnet(given["SubnetId"]).vpc_id
    if chosen.association_id is not None:
        return "Resource.AlreadyAssociated", f"Elastic IP address [{given['AllocationId']}] is already associated"
    if not any(each.vpc and each.vpc.id == vpc for each in backend.internet_gateways.values()):
        return "Gateway.NotAttached", f"Network {vpc} has no Internet gateway attached"
    return None


def _tags(given: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for each in given.get("TagSpecifications", ()) for tag in each["Tags"]}


def _place(gateway: Any, given: dict[str, Any]) -> None:
    """Give it the private address that was asked for, and call its one address the primary."""
    for each in gateway.address_set:
        each["privateIp"] = given.get("PrivateIpAddress", each["privateIp"])
        each["isPrimary"] = True
        if "AllocationId" in given:
            each.setdefault("allocationId", given["AllocationId"])


@departure("ec2", "DeleteNatGateway")
def nat_gateways_go_in_their_time(call: Call, world: World, _proceed: Proceed) -> object:
    """deleting, then deleted, then unseen; until then address and subnet are in use. moto answers 500 to a repeat."""
    backend, identifier = ec2(call), call.parameters["NatGatewayId"]
    gateway = backend.nat_gateways.get(identifier)
    if gateway is None:
        raise _not_found(identifier)
    if gateway.state not in {"deleting", "deleted"}:
        gateway.state = "deleting"

        def leave() -> None:
            gateway.state = "deleted"
            for each in backend.addresses:
                if each.eni is gateway._eni:
                    free(each)
            backend.enis.pop(gateway._eni.id, None)
            stays = world.settings.terminated_visible_seconds
            world.later(gateway, lambda: _forget(backend, identifier), stays, vanishes=True)

        world.later(gateway, leave)
    return {"NatGatewayId": identifier}


def _forget(backend: Any, identifier: str) -> None:
    del backend.nat_gateways[identifier]
    backend.tags.pop(identifier, None)


def _not_found(identifier: str) -> AwsError:
    return AwsError("NatGatewayNotFound", f"The Nat Gateway {identifier} was not found")


@departure("ec2", "DescribeNatGateways")
def nat_gateways_are_found_by_id_and_tag(call: Call, _world: World, _proceed: Proceed) -> object:
    """An unknown id is NatGatewayNotFound, and tags filter; moto lists nothing, and everything."""
    backend, ids = ec2(call), call.parameters.get("NatGatewayIds", [])
    for identifier in ids:
        if identifier not in backend.nat_gateways:
            raise _not_found(identifier)
    filters = {each["Name"]: each["Values"] for each in call.parameters.get("Filter", ())}
    unknown = [name for name in filters if not is_tag_filter(name) and name not in FILTERS]
    if unknown:
        raise NotEmulatedError(f"the filter {unknown[0]}")
    found = backend.describe_nat_gateways(filters, ids)
    tags = {name: values for name, values in filters.items() if is_tag_filter(name)}
    return {"NatGateways": [g for g in found if all(tag_filter_matches(g, name, tags[name]) for name in tags)]}
