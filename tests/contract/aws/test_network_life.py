"""Networks: gateways, addresses and route tables that come, are used by others, fail, and go in the wrong order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilothouse.dataplane.aws.client import AwsProvider
from pilothouse.dataplane.errors import NotYet
from pilothouse.dataplane.types import Call, HealthState
from tests.aws.server import AwsServer
from tests.aws.steps import launch, look
from tests.contract.aws import networks
from tests.contract.aws.examples import elastic_ip, internet_gateway, nat_gateway, route_table, subnet
from tests.contract.aws.flight import Flight, applied
from tests.contract.aws.stage import Stage

VPC = "10.1.0.0/16"
PUBLIC = {"connectivityType": "public", "subnet": {"id": "$public"}, "allocation": {"id": "$address-a"}}


@pytest.fixture(autouse=True)
def quick(aws: AwsServer) -> None:
    aws.configure(transition_seconds=0.03)


@pytest.fixture
def flights(provider: AwsProvider, aws: AwsServer) -> dict[str, Flight]:
    """One for each type, by kind."""
    modules = (elastic_ip, internet_gateway, nat_gateway, route_table, subnet)
    examples = [module.EXAMPLE for module in modules]
    return {each.type.kind: Flight(each, provider, Stage(aws, each.stage)) for each in examples}


@pytest.fixture
def address(flights: dict[str, Flight]) -> Flight:
    return flights["awsElasticIP"]


@pytest.fixture
def gateway(flights: dict[str, Flight]) -> Flight:
    return flights["awsInternetGateway"]


@pytest.fixture
def nat(flights: dict[str, Flight]) -> Flight:
    return flights["awsNATGateway"]


@pytest.fixture
def table(flights: dict[str, Flight]) -> Flight:
    return flights["awsRouteTable"]


def operations(aws: AwsServer, *, of: str = "") -> list[str]:
    """What changed anything, in order."""
    return [entry.operation for entry in aws.journal("ec2:*") if of in entry.operation]


async def test_an_address_is_taken_from_its_instance_before_it_is_released(address: Flight, aws: AwsServer) -> None:
    await address.delete(await address.create(address.want({"instance": {"id": "$instance-a"}})))
    assert operations(aws, of="Address")[-2:] == ["DisassociateAddress", "ReleaseAddress"]


async def test_an_address_that_a_nat_gateway_has_is_left_to_it(address: Flight, aws: AwsServer) -> None:
    want = address.want()
    have = await address.create(want)
    networks.use_address(aws, have.id)
    assert address.paths(want, await address.read(have.id), applied(want)) == set()
    with pytest.raises(NotYet, match=r"InvalidIPAddress\.InUse"):
        await address.delete(await address.read(have.id))
    assert operations(aws, of="Disassociate") == []


async def test_an_address_follows_the_next_instance_when_the_first_is_terminated(
    address: Flight, aws: AwsServer
) -> None:
    want = address.want({"instance": {"id": "$instance-a"}})
    have = await address.create(want)
    aws.client("ec2").terminate_instances(InstanceIds=[address.stage["$instance-a"]])
    await address.until(have.id, lambda reading: getattr(reading and reading.spec, "instance", 1) is None)
    await address.settle(have.id, address.want({"instance": {"id": "$instance-b"}}), applied(want))


async def test_a_gateway_stays_attached_while_something_has_a_public_address(gateway: Flight, aws: AwsServer) -> None:
    have = await gateway.create(gateway.want({"vpc": {"id": "$vpc-a"}}))
    allocation, ec2 = networks.address(aws), aws.client("ec2")
    made = ec2.create_network_interface(SubnetId=networks.subnet_of(VPC, "10.1.1.0/24")(aws))["NetworkInterface"]
    tied = ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=made.get("NetworkInterfaceId", ""))
    for act in (lambda: gateway.delete(have), lambda: gateway.provider.send(gateway.example.type.delete(have)[0])):
        with pytest.raises(NotYet, match="DependencyViolation"):
            await act()
    ec2.disassociate_address(AssociationId=tied["AssociationId"])
    await gateway.delete(await gateway.read(have.id))


async def test_a_gateway_whose_deletion_was_cut_short_is_deleted_by_the_next(gateway: Flight) -> None:
    have = await gateway.create(gateway.want({"vpc": {"id": "$vpc-a"}}))
    await gateway.provider.send(gateway.example.type.delete(have)[0])
    rest = gateway.example.type.delete(await gateway.read(have.id))
    assert [call.operation for call in rest] == ["DeleteInternetGateway"]


async def test_a_nat_gateway_comes_in_its_time_and_its_address_is_known(nat: Flight, aws: AwsServer) -> None:
    aws.configure(transition_seconds=0.5)
    kind, want = nat.example.type, nat.want({**PUBLIC, "privateIPAddress": "10.2.1.77"})
    identifier = kind.created(await nat.provider.send(kind.create(want)))
    young = await nat.read(identifier)
    assert (young.health.state, young.health.message) == (HealthState.PROGRESSING, "the NAT gateway is pending")
    assert nat.paths(want, young) == set(), "one that is pending must not look as if it had to be replaced"
    ready = await nat.settle(identifier, want)
    assert ready.outputs["privateIP"] == "10.2.1.77"
    assert ready.outputs["publicIP"]


async def test_a_nat_gateway_that_failed_says_why_and_asks_to_be_replaced(nat: Flight) -> None:
    kind, want = nat.example.type, nat.want({**PUBLIC, "subnet": {"id": "$private-a"}})
    identifier = kind.created(await nat.provider.send(kind.create(want)))
    await nat.until(identifier, lambda reading: bool(reading and reading.health.state is HealthState.FAILED))
    failed = await nat.read(identifier)
    assert "has no Internet gateway attached" in failed.health.message
    assert nat.paths(want, failed) == {"state"}
    assert kind.immutable("state")
    assert kind.delete(failed) == (Call("ec2", "DeleteNatGateway", {"NatGatewayId": identifier}),)
    await nat.delete(failed)
    await nat.create(nat.want(PUBLIC, incarnation=1))


async def test_the_address_of_a_nat_gateway_is_free_when_that_is_gone(
    nat: Flight, address: Flight, aws: AwsServer
) -> None:
    want = address.want()
    have = await address.create(want)
    gone = await nat.create(nat.want({**PUBLIC, "allocation": {"id": have.id}}))
    aws.configure(transition_seconds=0.2)
    for call in nat.example.type.delete(gone):
        await nat.provider.send(call)
    going = await nat.read(gone.id)
    assert going.health.state is HealthState.DELETING
    assert nat.example.type.delete(going) == ()
    with pytest.raises(NotYet):
        await address.delete(have)
    await nat.until(gone.id, lambda reading: reading is None)
    await address.delete(have)


async def test_another_target_replaces_a_route_and_leaves_no_gap(table: Flight, aws: AwsServer) -> None:
    first = table.want({"routes": [route_table.OUT, route_table.INNER]})
    have = await table.create(first)
    second = {"destinationCIDRBlock": "10.8.0.0/16", "natGateway": {"id": "$nat"}}
    await table.settle(have.id, table.want({"routes": [second, route_table.NAT]}), applied(first))
    assert operations(aws, of="Route")[-3:] == ["ReplaceRoute", "CreateRoute", "DeleteRoute"]


async def test_routes_to_an_instance_are_told_by_either_of_its_names(table: Flight, aws: AwsServer) -> None:
    instance = launch(aws, SubnetId=table.stage["$inner-a"])
    interface = look(aws, instance)["NetworkInterfaces"][0].get("NetworkInterfaceId", "")
    to = {"destinationCIDRBlock": "192.0.2.0/24"}
    by_instance = table.want({"routes": [{**to, "instance": {"id": instance}}]})
    have = await table.create(by_instance)
    by_interface = table.want({"routes": [{**to, "networkInterfaceID": interface}]})
    assert table.paths(by_instance, have) == table.paths(by_interface, have) == set()
    assert table.paths(table.want(), have) == {"routes"}


async def test_routes_of_gateway_endpoints_are_left_alone(table: Flight, aws: AwsServer) -> None:
    want = table.want({"routes": [route_table.OUT]})
    have = await table.create(want)
    service: Any = {"ServiceName": "com.amazonaws.eu-west-1.s3", "VpcEndpointType": "Gateway"}
    aws.client("ec2").create_vpc_endpoint(VpcId=table.stage["$vpc-a"], RouteTableIds=[have.id], **service)
    shown = aws.client("ec2").describe_route_tables(RouteTableIds=[have.id])["RouteTables"][0]["Routes"]
    assert any(each.get("GatewayId", "").startswith("vpce-") for each in shown), "there is one to leave alone"
    assert table.paths(want, await table.read(have.id), applied(want)) == set()


async def test_a_subnet_moves_from_table_to_table(table: Flight) -> None:
    """The one that gets it waits until the other has let it go."""
    with_it, without = {"subnets": [{"id": "$inner-a"}]}, table.want()
    giving = table.want(with_it)
    first = await table.create(giving)
    second = await table.create(table.want(resource="payments"))
    taking = table.want(with_it, "payments")
    (call,) = table.example.type.update(second, taking, frozenset())
    with pytest.raises(NotYet, match=r"Resource\.AlreadyAssociated"):
        await table.provider.send(call)
    await table.settle(first.id, without, applied(giving))
    moved = await table.settle(second.id, taking, applied(taking))
    assert table.paths(taking, moved) == set()


async def test_a_table_is_deleted_with_its_subnets_however_often_that_is_cut_short(
    table: Flight, aws: AwsServer
) -> None:
    have = await table.create(table.want({"subnets": [{"id": "$inner-a"}, {"id": "$inner-b"}]}))
    left: list[int] = []
    while (now := await table.look(have.id)) is not None:
        calls = table.example.type.delete(now)
        left.append(len(calls))
        await table.provider.send(calls[0])
    assert left == [3, 2, 1]
    assert operations(aws, of="Route")[-1] == "DeleteRouteTable"


async def test_a_subnet_that_a_nat_gateway_lives_in_goes_after_it(flights: dict[str, Flight], nat: Flight) -> None:
    subnets = flights["awsSubnet"]
    where = await subnets.create(subnets.want())
    living = await nat.create(nat.want({"subnet": {"id": where.id}}))
    with pytest.raises(NotYet, match="DependencyViolation"):
        await subnets.delete(where)
    await nat.delete(living)
    await subnets.delete(where)


async def test_an_ipv6_range_is_exchanged_before_addresses_are_given_out_of_it(
    flights: dict[str, Flight], aws: AwsServer
) -> None:
    subnets, on = flights["awsSubnet"], {"assignIpv6AddressOnCreation": True}
    plain = subnets.want()
    have = await subnets.create(plain)
    await subnets.settle(have.id, subnets.want({"ipv6CIDRBlock": subnet.IPV6, **on}), applied(plain))
    assert operations(aws, of="Subnet")[-2:] == ["AssociateSubnetCidrBlock", "ModifySubnetAttribute"]
    wanted = applied(replace(plain, spec=subnets.want({"ipv6CIDRBlock": subnet.IPV6}).spec))
    await subnets.settle(have.id, plain, wanted)
    assert operations(aws, of="Subnet")[-2:] == ["ModifySubnetAttribute", "DisassociateSubnetCidrBlock"]
