"""EC2 addresses and NAT gateways as the API Reference has them; each test fails on bare moto."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.aws.comparing import corrects, refused
from tests.aws.departures import addresses, translation
from tests.aws.server import AwsServer
from tests.aws.steps import launch, look, pace, wait_for
from tests.aws.test_departures_networks import gateway, subnet, vpc


def allocate(cloud: AwsServer) -> str:
    """Allocate an address."""
    return cloud.client("ec2").allocate_address(Domain="vpc")["AllocationId"]


def address(cloud: AwsServer, allocation: str) -> Any:
    """Describe one address."""
    return cloud.client("ec2").describe_addresses(AllocationIds=[allocation])["Addresses"][0]


def running(cloud: AwsServer, **more: Any) -> str:
    """Launch an instance and wait until it runs."""
    made = launch(cloud, **more)
    wait_for(cloud, made, "running")
    return made


def nat(cloud: AwsServer, where: str, **more: Any) -> str:
    """Make a NAT gateway."""
    made = cloud.client("ec2").create_nat_gateway(SubnetId=where, **more)["NatGateway"].get("NatGatewayId")
    assert made is not None
    return made


def nat_state(cloud: AwsServer, identifier: str) -> Any:
    """Describe one NAT gateway."""
    return cloud.client("ec2").describe_nat_gateways(NatGatewayIds=[identifier])["NatGateways"][0]


def arrive(cloud: AwsServer) -> None:
    """Let every transition end."""
    if not cloud.bare:
        cloud.finish_transitions()


@corrects(addresses.an_address_is_of_a_pool_and_a_group)
def test_an_address_of_an_unknown_group_or_pool_is_refused(cloud: AwsServer) -> None:
    """moto takes any, and forgets it."""
    create = cloud.client("ec2").allocate_address
    refused("InvalidParameterValue", create, Domain="vpc", NetworkBorderGroup="nowhere")
    refused("InvalidPublicIpv4PoolID.NotFound", create, Domain="vpc", PublicIpv4Pool="ipv4pool-ec2-1")


@corrects(addresses.addresses_are_shown_whole)
def test_an_address_shows_its_pool_and_its_group(cloud: AwsServer) -> None:
    """What is not shown cannot be compared."""
    shown = address(cloud, allocate(cloud))
    assert (shown["PublicIpv4Pool"], shown["NetworkBorderGroup"]) == ("amazon", "eu-west-1")


@corrects(addresses.addresses_are_shown_whole, addresses.an_address_has_one_instance_and_an_instance_one_address)
def test_an_address_is_for_the_private_one_that_was_chosen(cloud: AwsServer) -> None:
    """moto always shows the primary one."""
    ec2, instance, allocation = cloud.client("ec2"), running(cloud), allocate(cloud)
    interface = look(cloud, instance)["NetworkInterfaces"][0].get("NetworkInterfaceId", "")
    ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
    second = look(cloud, instance)["NetworkInterfaces"][0]["PrivateIpAddresses"][1].get("PrivateIpAddress", "")
    ec2.associate_address(AllocationId=allocation, InstanceId=instance, PrivateIpAddress=second)
    assert address(cloud, allocation)["PrivateIpAddress"] == second
    associate = ec2.associate_address
    wrong: Any = {"AllocationId": allocation, "InstanceId": instance, "PrivateIpAddress": "192.0.2.1"}
    refused("InvalidParameterValue", associate, **wrong)


@corrects(addresses.an_address_has_one_instance_and_an_instance_one_address)
def test_a_second_address_of_an_instance_frees_the_first(cloud: AwsServer) -> None:
    """AWS frees it without a word: whose it was has to see that."""
    ec2, instance, first, second = cloud.client("ec2"), running(cloud), allocate(cloud), allocate(cloud)
    for allocation in (first, second):
        ec2.associate_address(AllocationId=allocation, InstanceId=instance)
    assert "AssociationId" not in address(cloud, first)
    assert look(cloud, instance)["PublicIpAddress"] == address(cloud, second)["PublicIp"]


@corrects(addresses.an_address_has_one_instance_and_an_instance_one_address)
def test_an_instance_that_is_pending_gets_no_address(cloud: AwsServer) -> None:
    """What comes too early must be refused."""
    pace(cloud, 60.0)
    associate, instance = cloud.client("ec2").associate_address, launch(cloud)
    refused("InvalidInstanceID", associate, AllocationId=allocate(cloud), InstanceId=instance)


@corrects(addresses.the_terminated_have_no_address)
def test_an_instance_that_is_terminated_frees_its_address(cloud: AwsServer) -> None:
    """Else the address of a replaced instance could never be given to the next one."""
    ec2, instance, allocation = cloud.client("ec2"), running(cloud), allocate(cloud)
    ec2.associate_address(AllocationId=allocation, InstanceId=instance)
    ec2.terminate_instances(InstanceIds=[instance])
    wait_for(cloud, instance, "terminated")
    assert "AssociationId" not in address(cloud, allocation)


@corrects(addresses.an_address_in_use_stays)
def test_an_address_in_use_is_not_released(cloud: AwsServer) -> None:
    """moto takes it away from whatever has it."""
    ec2, allocation = cloud.client("ec2"), allocate(cloud)
    tied = ec2.associate_address(AllocationId=allocation, InstanceId=running(cloud))["AssociationId"]
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=allocation)
    ec2.disassociate_address(AssociationId=tied)
    ec2.release_address(AllocationId=allocation)


@corrects(addresses.what_a_gateway_has_is_the_gateways)
def test_the_address_of_a_nat_gateway_is_not_taken_from_it(cloud: AwsServer) -> None:
    """Who wants the address back deletes the gateway."""
    network, allocation = vpc(cloud), allocate(cloud)
    gateway(cloud, network)
    nat(cloud, subnet(cloud, network), AllocationId=allocation)
    tied = address(cloud, allocation)["AssociationId"]
    refused("AuthFailure", cloud.client("ec2").disassociate_address, AssociationId=tied)


@corrects(translation.nat_gateways_come_in_their_time, translation.nat_gateways_go_in_their_time)
def test_a_nat_gateway_passes_through_every_state_of_its_life(cloud: AwsServer) -> None:
    """Its address and subnet are in use until it is deleted, which takes a minute."""
    pace(cloud, 60.0)
    ec2, network, allocation = cloud.client("ec2"), vpc(cloud), allocate(cloud)
    gateway(cloud, network)
    where = subnet(cloud, network)
    made = nat(cloud, where, AllocationId=allocation)
    seen = [nat_state(cloud, made)["State"]]
    arrive(cloud)
    seen.append(nat_state(cloud, made)["State"])
    for _ in range(2):
        ec2.delete_nat_gateway(NatGatewayId=made)
    seen.append(nat_state(cloud, made)["State"])
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=allocation)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=where)
    arrive(cloud)
    seen.append(nat_state(cloud, made)["State"])
    assert seen == ["pending", "available", "deleting", "deleted"]
    ec2.release_address(AllocationId=allocation)
    ec2.delete_subnet(SubnetId=where)


@corrects(translation.nat_gateways_come_in_their_time)
def test_a_nat_gateway_without_a_way_out_fails_and_says_why(cloud: AwsServer) -> None:
    """AWS takes the call, and tells of the failure only in the description."""
    made = nat(cloud, subnet(cloud, vpc(cloud)), AllocationId=allocate(cloud))
    arrive(cloud)
    assert nat_state(cloud, made)["State"] == "failed"
    assert "has no Internet gateway attached" in nat_state(cloud, made)["FailureMessage"]


@corrects(translation.nat_gateways_come_in_their_time)
def test_a_nat_gateway_with_an_address_in_use_fails(cloud: AwsServer) -> None:
    """moto gives it to both."""
    network, allocation = vpc(cloud), allocate(cloud)
    gateway(cloud, network)
    where = subnet(cloud, network)
    nat(cloud, where, AllocationId=allocation)
    second = nat(cloud, where, AllocationId=allocation)
    arrive(cloud)
    assert nat_state(cloud, second)["FailureCode"] == "Resource.AlreadyAssociated"


@corrects(translation.a_nat_gateway_is_checked)
def test_a_nat_gateway_with_bad_input_is_refused(cloud: AwsServer) -> None:
    """What AWS refuses must be refused here, or a plan that cannot work looks well."""
    create, where = cloud.client("ec2").create_nat_gateway, subnet(cloud, vpc(cloud))
    cases: dict[str, dict[str, Any]] = {
        "MissingParameter": {},
        "InvalidParameterCombination": {"ConnectivityType": "private", "AllocationId": "eipalloc-0"},
        "InvalidParameterValue": {"ConnectivityType": "private", "PrivateIpAddress": "192.0.2.1"},
        "InvalidAllocationID.NotFound": {"AllocationId": "eipalloc-0"},
    }
    for code, more in cases.items():
        refused(code, create, SubnetId=where, **more)


@corrects(translation.nat_gateways_are_found_by_id_and_tag)
def test_an_unknown_nat_gateway_is_not_found(cloud: AwsServer) -> None:
    """Only this answer proves that it is gone."""
    refused("NatGatewayNotFound", cloud.client("ec2").describe_nat_gateways, NatGatewayIds=["nat-0"])


@corrects(translation.nat_gateways_are_found_by_id_and_tag)
def test_tags_find_nat_gateways(cloud: AwsServer) -> None:
    """moto shows everything, whatever is asked for."""
    nat(cloud, subnet(cloud, vpc(cloud)), ConnectivityType="private")
    filters: Any = [{"Name": "tag:a", "Values": ["b"]}]
    describe: Any = cloud.client("ec2").describe_nat_gateways
    assert describe(Filter=filters)["NatGateways"] == []


@corrects(translation.nat_gateways_are_found_by_id_and_tag)
def test_an_unknown_filter_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """moto shows everything."""
    filters: Any = [{"Name": "connectivity-type", "Values": ["private"]}]
    message = refused("NotEmulated", cloud.client("ec2").describe_nat_gateways, Filter=filters)
    assert cloud.take_failures() == [message]


@pytest.mark.parametrize("seconds", [0.02])
def test_a_deleted_nat_gateway_vanishes(aws: AwsServer, seconds: float) -> None:
    """After about an hour AWS no longer knows it."""
    aws.configure(transition_seconds=seconds, terminated_visible_seconds=seconds)
    made = nat(aws, subnet(aws, vpc(aws)), ConnectivityType="private")
    aws.client("ec2").delete_nat_gateway(NatGatewayId=made)
    time.sleep(3 * seconds)
    aws.live_resources()
    time.sleep(2 * seconds)
    refused("NatGatewayNotFound", aws.client("ec2").describe_nat_gateways, NatGatewayIds=[made])
