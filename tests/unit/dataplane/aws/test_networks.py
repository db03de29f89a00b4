"""awsSubnet, awsInternetGateway, awsElasticIP and awsNATGateway without AWS: rules, readings, calls in each state."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.elastic_ip import ElasticIP
from pilothouse.dataplane.aws.types.internet_gateway import InternetGateway
from pilothouse.dataplane.aws.types.nat_gateway import NATGateway
from pilothouse.dataplane.aws.types.route_table import RouteTable
from pilothouse.dataplane.aws.types.security_group import SecurityGroup
from pilothouse.dataplane.aws.types.subnet import Subnet
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, HealthState, Reading, Ref, ResourceType
from tests.unit.dataplane.aws.replies import MARK, changes, drive, want

SUBNET, GATEWAY, ADDRESS, NAT = Subnet(), InternetGateway(), ElasticIP(), NATGateway()
TABLE, GROUP = RouteTable(), SecurityGroup()
TAGS = marks.as_pairs(marks.mark_tags(MARK))
NAMES = {"HostnameType": "ip-name", "EnableResourceNameDnsARecord": False, "EnableResourceNameDnsAAAARecord": False}
IN_VPC: dict[str, Any] = {"vpc": {"id": "vpc-1"}, "cidrBlock": "10.0.1.0/24"}
IPV6 = {"AssociationId": "assoc-6", "Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}
INSIDE: dict[str, Any] = {"subnet": {"id": "subnet-1"}, "connectivityType": "private"}


def read(kind: ResourceType[Any], member: str, thing: dict[str, Any]) -> Reading | None:
    """Read a thing that EC2 describes so."""
    reading, _ = drive(kind.read("id"), lambda _: {member: [{**thing, "Tags": TAGS}]})
    assert reading is None or isinstance(reading, Reading)
    return reading


def there(reading: Reading | None) -> Reading:
    """It is there."""
    assert reading is not None
    return reading


def subnet(**more: Any) -> Reading:
    """A subnet."""
    shown = {
        "SubnetId": "subnet-1",
        "SubnetArn": "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1",
        "State": "available",
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.1.0/24",
        "AvailabilityZone": "eu-west-1a",
        "MapPublicIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        "EnableDns64": False,
        "PrivateDnsNameOptionsOnLaunch": NAMES,
    }
    return there(read(SUBNET, "Subnets", {**shown, **more}))


def gateway(*attachments: dict[str, str]) -> Reading:
    """An internet gateway."""
    shown = {"InternetGatewayId": "igw-1", "Attachments": list(attachments)}
    return there(read(GATEWAY, "InternetGateways", shown))


def address(**more: Any) -> Reading:
    """An Elastic IP address."""
    return there(read(ADDRESS, "Addresses", {"AllocationId": "eipalloc-1", "PublicIp": "198.51.100.1", **more}))


def nat(state: str, **more: Any) -> Reading | None:
    """A NAT gateway."""
    shown = {"NatGatewayId": "nat-1", "SubnetId": "subnet-1", "ConnectivityType": "private", "State": state}
    return read(NAT, "NatGateways", {**shown, **more})


RULES: dict[str, tuple[ResourceType[Any], dict[str, Any], str]] = {
    "addresses of no range": (
        SUBNET,
        {**IN_VPC, "assignIpv6AddressOnCreation": True},
        "assignIpv6AddressOnCreation: set ipv6CIDRBlock, or leave it out",
    ),
    "a range with host bits": (SUBNET, {**IN_VPC, "cidrBlock": "10.0.1.7/24"}, "write 10.0.1.0/24"),
    "an address of no instance": (
        ADDRESS,
        {"privateIPAddress": "10.0.0.5"},
        "privateIPAddress: set instance, or leave it out",
    ),
    "a way out without an address": (NAT, {"subnet": {"id": "subnet-1"}}, "allocation: a public NAT gateway needs one"),
    "an address of no use": (NAT, {**INSIDE, "allocation": {"id": "eipalloc-1"}}, "leave it out with connectivityType"),
    "a reserved tag": (GATEWAY, {"tags": {"aws:a": "b"}}, "tags: remove empty keys"),
}


@pytest.mark.parametrize(("kind", "settings", "message"), RULES.values(), ids=RULES)
def test_settings_that_do_not_go_together_are_refused(
    kind: ResourceType[Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        kind.model.model_validate(settings)


def test_a_create_says_everything_that_ec2_takes() -> None:
    wanted = want(SUBNET, vpc={"ref": "net"}, cidrBlock="10.0.1.0/24", availabilityZone="eu-west-1a")
    given = dict(SUBNET.create(wanted).parameters)
    (tagged,) = given.pop("TagSpecifications")
    assert given == {"VpcId": Ref("net", "id"), "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "eu-west-1a"}
    assert tagged["ResourceType"] == "subnet"
    given = dict(NAT.create(want(NAT, subnet={"ref": "a"}, allocation={"ref": "ip"})).parameters)
    del given["TagSpecifications"]
    expected = {"SubnetId": Ref("a", "id"), "AllocationId": Ref("ip", "id")}
    assert given == {"ClientToken": "token-1", "ConnectivityType": "public", **expected}


def test_what_needs_no_settings_is_created_without_any() -> None:
    calls = [GATEWAY.create(want(GATEWAY)), ADDRESS.create(want(ADDRESS))]
    assert [(call.operation, set(call.parameters)) for call in calls] == [
        ("CreateInternetGateway", {"TagSpecifications"}),
        ("AllocateAddress", {"TagSpecifications", "Domain"}),
    ]


def test_a_subnet_that_is_as_it_is_wanted_differs_in_nothing() -> None:
    have = subnet(Ipv6CidrBlockAssociationSet=[{**IPV6, "Ipv6CidrBlockState": {"State": "disassociated"}}, IPV6])
    assert changes(SUBNET, want(SUBNET, **IN_VPC), have) == {}
    assert have.outputs["ipv6CIDRBlock"] == "2001:db8::/64"
    assert changes(SUBNET, want(SUBNET, **IN_VPC), have, frozenset({"ipv6CIDRBlock"})) == {
        "ipv6CIDRBlock": ("2001:db8::/64", None)
    }


@pytest.mark.parametrize(
    ("state", "health"),
    [
        ("available", HealthState.READY),
        ("pending", HealthState.PROGRESSING),
        ("failed-insufficient-capacity", HealthState.FAILED),
    ],
)
def test_the_state_of_a_subnet_is_its_health(state: str, health: HealthState) -> None:
    assert subnet(State=state).health.state is health


def test_another_ipv6_range_takes_the_place_of_the_first() -> None:
    wanted = want(SUBNET, **IN_VPC, ipv6CIDRBlock="2001:db8:0:1::/64", assignIpv6AddressOnCreation=True)
    have = subnet(Ipv6CidrBlockAssociationSet=[IPV6])
    assert [call.operation for call in SUBNET.update(have, wanted, frozenset())] == [
        "DisassociateSubnetCidrBlock",
        "AssociateSubnetCidrBlock",
        "ModifySubnetAttribute",
    ]


def test_an_ipv6_range_comes_and_goes() -> None:
    wanted = want(SUBNET, **IN_VPC, ipv6CIDRBlock="2001:db8::/64")
    (come,) = SUBNET.update(subnet(), wanted, frozenset())
    assert come.parameters == {"SubnetId": "subnet-1", "Ipv6CidrBlock": "2001:db8::/64"}
    have = subnet(Ipv6CidrBlockAssociationSet=[IPV6])
    (go,) = SUBNET.update(have, want(SUBNET, **IN_VPC), frozenset({"ipv6CIDRBlock"}))
    assert (go.operation, go.parameters) == ("DisassociateSubnetCidrBlock", {"AssociationId": "assoc-6"})
    assert SUBNET.delete(have) == (Call("ec2", "DeleteSubnet", {"SubnetId": "subnet-1"}),)


def test_a_gateway_between_two_vpcs_is_waited_for() -> None:
    moving = gateway({"State": "detaching", "VpcId": "vpc-1"})
    assert (moving.health.state, moving.health.message) == (HealthState.PROGRESSING, "it is detaching")
    assert GATEWAY.update(moving, want(GATEWAY, vpc={"id": "vpc-2"}), frozenset()) == ()


def test_a_gateway_leaves_one_vpc_for_the_other() -> None:
    have = gateway({"State": "available", "VpcId": "vpc-1"})
    assert have.health.state is HealthState.READY
    calls = GATEWAY.update(have, want(GATEWAY, vpc={"id": "vpc-2"}), frozenset())
    assert [(call.operation, call.parameters["VpcId"]) for call in calls] == [
        ("DetachInternetGateway", "vpc-1"),
        ("AttachInternetGateway", "vpc-2"),
    ]
    assert GATEWAY.update(have, want(GATEWAY), frozenset()) == (), "nobody of us attached it"
    assert [call.operation for call in GATEWAY.update(have, want(GATEWAY), frozenset({"vpc"}))] == [
        "DetachInternetGateway"
    ]


def test_a_gateway_is_detached_before_it_is_deleted() -> None:
    assert [call.operation for call in GATEWAY.delete(gateway())] == ["DeleteInternetGateway"]
    have = gateway({"State": "available", "VpcId": "vpc-1"})
    assert [call.operation for call in GATEWAY.delete(have)] == ["DetachInternetGateway", "DeleteInternetGateway"]


def test_what_something_else_has_of_an_address_is_no_setting_of_it() -> None:
    have = address(AssociationId="eipassoc-1", NetworkInterfaceId="eni-1", PrivateIpAddress="10.0.0.9")
    assert changes(ADDRESS, want(ADDRESS), have, frozenset({"instance"})) == {}
    assert ADDRESS.delete(have) == (Call("ec2", "ReleaseAddress", {"AllocationId": "eipalloc-1"}),)


def test_an_address_is_tied_to_an_instance_and_let_go() -> None:
    tied = {"AllocationId": "eipalloc-1", "InstanceId": "i-1", "AllowReassociation": True}
    wanted = want(ADDRESS, instance={"id": "i-1"})
    assert ADDRESS.update(address(), wanted, frozenset()) == (Call("ec2", "AssociateAddress", tied),)
    have = address(AssociationId="eipassoc-1", InstanceId="i-1", PrivateIpAddress="10.0.0.9")
    assert ADDRESS.update(have, wanted, frozenset({"instance"})) == ()
    free = (Call("ec2", "DisassociateAddress", {"AssociationId": "eipassoc-1"}),)
    assert ADDRESS.update(have, want(ADDRESS), frozenset({"instance"})) == free
    assert ADDRESS.delete(have)[:1] == free


NATS: dict[str, tuple[HealthState, str]] = {
    "pending": (HealthState.PROGRESSING, "the NAT gateway is pending"),
    "available": (HealthState.READY, ""),
    "deleting": (HealthState.DELETING, "the NAT gateway is deleting"),
    "failed": (HealthState.FAILED, "the NAT gateway is failed"),
}


@pytest.mark.parametrize(("state", "health", "message"), [(state, *rest) for state, rest in NATS.items()], ids=NATS)
def test_the_state_of_a_nat_gateway_is_its_health(state: str, health: HealthState, message: str) -> None:
    have = there(nat(state))
    assert (have.health.state, have.health.message) == (health, message)
    assert bool(NAT.delete(have)) == (state != "deleting")


def test_a_nat_gateway_that_is_deleted_is_gone_although_ec2_shows_it() -> None:
    assert nat("deleted") is None
    assert drive(NAT.read("nat-1"), lambda _: NotFound("gone"))[0] is None


def test_a_nat_gateway_that_failed_says_why_and_is_replaced() -> None:
    have = there(nat("failed", FailureMessage="no way out"))
    assert have.health.message == "the NAT gateway is failed: no way out"
    assert changes(NAT, want(NAT, **INSIDE), have) == {"state": ("failed", "available")}
    assert [NAT.immutable(path) for path in ("state", "subnet", "tags")] == [True, True, False]


def test_a_nat_gateway_without_its_addresses_yet_does_not_differ() -> None:
    wanted = want(NAT, **INSIDE, privateIPAddress="10.0.1.7")
    assert changes(NAT, wanted, there(nat("pending"))) == {}
    have = there(nat("available", NatGatewayAddresses=[{"PrivateIp": "10.0.1.9", "IsPrimary": True}]))
    assert changes(NAT, wanted, have) == {"privateIPAddress": ("10.0.1.9", "10.0.1.7")}


def test_only_the_tags_of_a_nat_gateway_are_changed() -> None:
    wanted = want(NAT, **INSIDE, tags={"team": "net"})
    tags = {"Resources": ["nat-1"], "Tags": [{"Key": "team", "Value": "net"}]}
    assert NAT.update(there(nat("available")), wanted, frozenset()) == (Call("ec2", "CreateTags", tags),)


def test_only_the_primary_address_of_a_nat_gateway_counts() -> None:
    second = {"AllocationId": "eipalloc-2", "PublicIp": "198.51.100.2", "PrivateIp": "10.0.1.8", "IsPrimary": False}
    first = {"AllocationId": "eipalloc-1", "PublicIp": "198.51.100.1", "PrivateIp": "10.0.1.7", "IsPrimary": True}
    have = there(nat("available", NatGatewayAddresses=[second, first]))
    assert have.outputs == {"id": "nat-1", "publicIP": "198.51.100.1", "privateIP": "10.0.1.7"}


def test_a_subnet_without_an_ipv6_range_gets_its_first() -> None:
    have = subnet()
    calls = SUBNET.update(have, want(SUBNET, **IN_VPC, ipv6CIDRBlock="2001:db8::/64"), frozenset())
    assert [call.operation for call in calls] == ["AssociateSubnetCidrBlock"]


def test_what_aws_makes_with_a_vpc_is_told_from_what_people_made_in_it() -> None:
    """It cannot be taken over: it comes and goes with the VPC."""
    table = {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [], "Associations": [{"Main": True}]}
    tables = [there(read(TABLE, "RouteTables", one)) for one in (table, {**table, "Associations": []})]
    assert [TABLE.made_by_aws(one) for one in tables] == [True, False]
    group = {"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1", "Description": "default VPC security group"}
    groups = [there(read(GROUP, "SecurityGroups", one)) for one in (group, {**group, "GroupName": "web"})]
    assert [GROUP.made_by_aws(one) for one in groups] == [True, False]
