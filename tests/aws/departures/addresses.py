"""EC2 Elastic IP addresses: who has one, and that it is not released meanwhile."""

from __future__ import annotations

from typing import Any

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, parsed
from tests.aws.world import World, ec2

AMAZON = "amazon"
SEEN_BY = ("AssociateAddress", "DescribeAddresses", "DetachInternetGateway", "DisassociateAddress", "ReleaseAddress")


def address(call: Call, *, key: str, value: str) -> Any:
    """The address with this allocation or association; None where there is none."""
    return next((each for each in ec2(call).addresses if getattr(each, key) == value), None)


@departure("ec2", "AllocateAddress")
def an_address_is_of_a_pool_and_a_group(call: Call, _world: World, proceed: Proceed) -> object:
    """An unknown pool or network border group is refused; moto takes any and forgets it."""
    given = call.parameters
    group, pool = given.get("NetworkBorderGroup", call.region), given.get("PublicIpv4Pool", AMAZON)
    if group != call.region and not group.startswith(f"{call.region}-"):
        raise AwsError("InvalidParameterValue", f"Invalid value '{group}' for networkBorderGroup.")
    if pool != AMAZON:
        raise AwsError("InvalidPublicIpv4PoolID.NotFound", f"The pool ID '{pool}' does not exist")
    reply = proceed()
    if reply.ok:
        made: Any = ec2(call).addresses[-1]
        made.network_border_group, made.public_ipv4_pool = group, pool
    return reply


@departure("ec2", *SEEN_BY)
def the_terminated_have_no_address(call: Call, _world: World, proceed: Proceed) -> object:
    """An instance loses its address when it is terminated; in moto it keeps it for ever."""
    for each in ec2(call).addresses:
        if each.instance is not None and each.instance.state == "terminated":
            free(each)
    return proceed()


def free(each: Any) -> None:
    """Take an address from whatever has it."""
    if each.eni is not None:
        each.eni.public_ip = None
    each.instance = each.eni = each.association_id = None


@departure("ec2", "AssociateAddress")
def an_address_has_one_instance_and_an_instance_one_address(call: Call, _world: World, proceed: Proceed) -> object:
    """Associating takes it from the one before, and frees what the instance had; moto leaves both in place.

    An instance that neither runs nor is stopped is refused, and so is a private address that it does not have.
    """
    given, backend = call.parameters, ec2(call)
    if "InstanceId" not in given:
        return proceed()
    instance: Any = backend.get_instance(given["InstanceId"])
    if instance.state not in {"running", "stopping", "stopped"}:
        raise AwsError("InvalidInstanceID", f"The {instance.state} instance '{instance.id}' is not in a valid state.")
    interface, wanted = instance.nics[0], given.get("PrivateIpAddress")
    if wanted not in {None, *(each["PrivateIpAddress"] for each in interface.private_ip_addresses)}:
        raise AwsError("InvalidParameterValue", f"{wanted} is not an address of '{instance.id}'")
    chosen = address(call, key="allocation_id", value=given["AllocationId"])
    for each in backend.addresses:
        if each is chosen or each.instance is instance:
            free(each)
    reply = proceed()
    if reply.ok:
        chosen.chosen_private_ip = wanted or interface.private_ip_address
    return reply


@departure("ec2", "DescribeAddresses")
def addresses_are_shown_whole(call: Call, _world: World, proceed: Proceed) -> object:
    """With pool, group, and the private address that was chosen; moto shows the interface's primary one."""
    reply = proceed()
    if not reply.ok:
        return reply
    result = parsed(call, reply)
    result.pop("ResponseMetadata", None)
    for shown in result.get("Addresses", ()):
        each = address(call, key="allocation_id", value=shown["AllocationId"])
        shown["NetworkBorderGroup"] = each.network_border_group
        shown["PublicIpv4Pool"] = each.public_ipv4_pool
        if each.instance is not None:
            shown["PrivateIpAddress"] = each.chosen_private_ip
    return result


@departure("ec2", "DisassociateAddress")
def what_a_gateway_has_is_the_gateways(call: Call, _world: World, proceed: Proceed) -> object:
    """The address of a NAT gateway is not taken from it (AuthFailure); moto does so."""
    backend = ec2(call)
    each = address(call, key="association_id", value=call.parameters.get("AssociationId", ""))
    theirs = {gateway._eni.id for gateway in backend.nat_gateways.values() if gateway.state != "deleted"}
    if each is not None and each.eni is not None and each.eni.id in theirs:
        raise AwsError("AuthFailure", "You do not have permission to access the specified resource.")
    return proceed()


@departure("ec2", "ReleaseAddress")
def an_address_in_use_stays(call: Call, _world: World, proceed: Proceed) -> object:
    """InvalidIPAddress.InUse while anything has it; moto takes it away and releases it."""
    each = address(call, key="allocation_id", value=call.parameters.get("AllocationId", ""))
    if each is not None and each.association_id is not None:
        raise AwsError("InvalidIPAddress.InUse", f"The address with allocation id [{each.allocation_id}] is in use.")
    return proceed()
