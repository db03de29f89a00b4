"""EC2 VPCs, subnets, gateways and route tables as the API Reference has them; each test fails on bare moto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import guard, networks, route_tables
from tests.aws.server import AwsServer
from tests.aws.steps import arrive, launch, pace, wait_for

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import RouteTableTypeDef

LONG = "k" * 129


def vpc(cloud: AwsServer, cidr: str = "10.1.0.0/16") -> str:
    """Make a VPC."""
    return cloud.client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]


def subnet(cloud: AwsServer, of: str, cidr: str = "10.1.1.0/24") -> str:
    """Make a subnet of a VPC."""
    return cloud.client("ec2").create_subnet(VpcId=of, CidrBlock=cidr)["Subnet"]["SubnetId"]


def table(cloud: AwsServer, of: str) -> str:
    """Make a route table of a VPC."""
    made = cloud.client("ec2").create_route_table(VpcId=of)["RouteTable"].get("RouteTableId")
    assert made is not None
    return made


def described(cloud: AwsServer, identifier: str) -> RouteTableTypeDef:
    """Describe one route table."""
    return cloud.client("ec2").describe_route_tables(RouteTableIds=[identifier])["RouteTables"][0]


def gateway(cloud: AwsServer, of: str) -> str:
    """Make an internet gateway and attach it."""
    ec2 = cloud.client("ec2")
    made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=of)
    return made


@corrects(guard.unknown_parameters_are_refused)
def test_a_parameter_that_nobody_honours_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """A parameter that is silently ignored would be drift that can never be mended."""
    create = cloud.client("ec2").create_subnet
    message = refused("NotEmulated", create, VpcId=vpc(cloud), CidrBlock="10.1.1.0/24", OutpostArn="arn:aws:outposts")
    assert "OutpostArn" in message
    assert cloud.take_failures() == [message]


@corrects(guard.vpc_ids_are_checked)
def test_what_is_no_id_of_a_vpc_is_malformed(cloud: AwsServer) -> None:
    """NotFound means gone; malformed means a mistake: the two must not look alike."""
    refused("InvalidVpcID.Malformed", cloud.client("ec2").create_route_table, VpcId="subnet-1")


@corrects(guard.tag_keys_have_a_length)
def test_a_key_that_is_too_long_is_refused(cloud: AwsServer) -> None:
    """What AWS refuses must be refused here, or a plan that cannot work looks well."""
    tags: Any = [{"ResourceType": "internet-gateway", "Tags": [{"Key": LONG, "Value": "v"}]}]
    refused("InvalidParameterValue", cloud.client("ec2").create_internet_gateway, TagSpecifications=tags)


@corrects(networks.a_subnet_with_interfaces_stays)
def test_a_subnet_stays_while_something_lives_in_it(cloud: AwsServer) -> None:
    """A deletion in the wrong order must be refused, or nobody would learn of it before production."""
    where = subnet(cloud, vpc(cloud))
    ec2, instance = cloud.client("ec2"), launch(cloud, SubnetId=where)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=where)
    wait_for(cloud, instance, "running")
    pace(cloud, 60.0)
    ec2.terminate_instances(InstanceIds=[instance])
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=where)
    assert arrive(cloud, instance) == ("shutting-down", "terminated")
    interface = ec2.create_network_interface(SubnetId=where)["NetworkInterface"].get("NetworkInterfaceId", "")
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=where)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_subnet(SubnetId=where)


@corrects(networks.a_subnet_leaves_its_route_table)
def test_a_subnet_leaves_its_route_table_when_it_goes(cloud: AwsServer) -> None:
    """Else the table could not be deleted."""
    ec2, network = cloud.client("ec2"), vpc(cloud)
    where, routes = subnet(cloud, network), table(cloud, network)
    ec2.associate_route_table(RouteTableId=routes, SubnetId=where)
    ec2.delete_subnet(SubnetId=where)
    ec2.delete_route_table(RouteTableId=routes)


@corrects(networks.a_vpc_with_anything_in_it_stays)
def test_a_vpc_stays_while_a_gateway_or_a_group_is_in_it(cloud: AwsServer) -> None:
    """moto leaves them behind, in no VPC."""
    ec2, network = cloud.client("ec2"), vpc(cloud)
    attached = gateway(cloud, network)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=network)
    ec2.detach_internet_gateway(InternetGatewayId=attached, VpcId=network)
    group = ec2.create_security_group(GroupName="a", Description="a", VpcId=network)["GroupId"]
    refused("DependencyViolation", ec2.delete_vpc, VpcId=network)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=network)


@corrects(networks.every_subnet_attribute_is_kept)
def test_every_attribute_of_a_subnet_is_kept(cloud: AwsServer) -> None:
    """A setting that is forgotten would be set again in every pass."""
    ec2, where = cloud.client("ec2"), subnet(cloud, vpc(cloud))
    ec2.modify_subnet_attribute(SubnetId=where, EnableDns64={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=where, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2.modify_subnet_attribute(SubnetId=where, EnableResourceNameDnsAAAARecordOnLaunch={"Value": True})
    shown = ec2.describe_subnets(SubnetIds=[where])["Subnets"][0]
    assert shown["EnableDns64"]
    assert shown["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": True,
    }


@corrects(networks.every_subnet_attribute_is_kept)
def test_a_call_changes_one_attribute_of_a_subnet(cloud: AwsServer) -> None:
    """moto changes several at once, which AWS refuses."""
    modify, yes = cloud.client("ec2").modify_subnet_attribute, {"Value": True}
    two: Any = {"MapPublicIpOnLaunch": yes, "AssignIpv6AddressOnCreation": yes}
    refused("InvalidParameterCombination", modify, SubnetId=subnet(cloud, vpc(cloud)), **two)


def test_an_attribute_of_a_subnet_that_is_not_emulated_is_an_error(aws: AwsServer) -> None:
    modify, where = aws.client("ec2").modify_subnet_attribute, subnet(aws, vpc(aws))
    message = refused("NotEmulated", modify, SubnetId=where, CustomerOwnedIpv4Pool="pool")
    assert aws.take_failures() == [message]


@corrects(networks.ipv6_ranges_are_shown)
def test_the_ipv6_ranges_of_a_subnet_are_shown_with_their_state(cloud: AwsServer) -> None:
    """moto leaves them out."""
    ec2, where = cloud.client("ec2"), subnet(cloud, vpc(cloud))
    ec2.associate_subnet_cidr_block(SubnetId=where, Ipv6CidrBlock="2001:db8::/64")
    (shown,) = ec2.describe_subnets(SubnetIds=[where])["Subnets"][0]["Ipv6CidrBlockAssociationSet"]
    assert shown.get("Ipv6CidrBlock") == "2001:db8::/64"
    assert shown.get("Ipv6CidrBlockState") == {"State": "associated"}


@corrects(networks.a_vpc_has_one_internet_gateway)
def test_a_vpc_has_one_internet_gateway(cloud: AwsServer) -> None:
    """Else it would not be noticed that somebody else's is attached already."""
    network = vpc(cloud)
    gateway(cloud, network)
    refused("InvalidParameterValue", gateway, cloud=cloud, of=network)


@corrects(networks.a_gateway_of_public_addresses_stays)
def test_a_gateway_stays_attached_while_something_has_a_public_address(cloud: AwsServer) -> None:
    """Who detaches it too early is refused."""
    ec2, network = cloud.client("ec2"), vpc(cloud)
    attached, where = gateway(cloud, network), subnet(cloud, network)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    interface = ec2.create_network_interface(SubnetId=where)["NetworkInterface"].get("NetworkInterfaceId", "")
    tied = ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)["AssociationId"]
    detach = ec2.detach_internet_gateway
    refused("DependencyViolation", detach, InternetGatewayId=attached, VpcId=network)
    ec2.disassociate_address(AssociationId=tied)
    detach(InternetGatewayId=attached, VpcId=network)


@corrects(route_tables.a_subnet_has_one_route_table)
def test_a_subnet_has_one_route_table(cloud: AwsServer) -> None:
    """moto answers with the association that the subnet has with the other table."""
    ec2, network = cloud.client("ec2"), vpc(cloud)
    where, first, second = subnet(cloud, network), table(cloud, network), table(cloud, network)
    ec2.associate_route_table(RouteTableId=first, SubnetId=where)
    refused("Resource.AlreadyAssociated", ec2.associate_route_table, RouteTableId=second, SubnetId=where)


@corrects(route_tables.a_route_leads_somewhere)
def test_a_route_to_an_instance_shows_its_network_interface(cloud: AwsServer) -> None:
    """AWS shows both: a comparison that knows one of them only would differ for ever."""
    network = vpc(cloud)
    routes, instance = table(cloud, network), launch(cloud, SubnetId=subnet(cloud, network))
    cloud.client("ec2").create_route(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", InstanceId=instance)
    (shown,) = [each for each in described(cloud, routes)["Routes"] if each.get("InstanceId")]
    assert shown.get("NetworkInterfaceId", "").startswith("eni-")


@corrects(route_tables.a_route_leads_somewhere)
def test_a_route_to_a_nat_gateway_that_is_not_there_is_refused(cloud: AwsServer) -> None:
    """moto keeps a route that leads nowhere."""
    create, routes = cloud.client("ec2").create_route, table(cloud, vpc(cloud))
    code = "InvalidNatGatewayID.NotFound"
    refused(code, create, RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", NatGatewayId="nat-0")
