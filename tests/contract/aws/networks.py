"""Parts of networks that examples refer to, made in the emulated AWS."""

from __future__ import annotations

from tests.aws.server import AwsServer
from tests.aws.steps import launch, look, wait_for
from tests.contract.aws.example import Maker
from tests.contract.aws.stage import default_vpc


def named(aws: AwsServer, cidr: str) -> str:
    """The VPC with this range, made when there is none."""
    found = aws.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": [cidr]}])["Vpcs"]
    return found[0]["VpcId"] if found else aws.client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]


def vpc_of(cidr: str) -> Maker:
    """A VPC that several examples of one test share."""
    return lambda aws: named(aws, cidr)


def subnet_of(vpc: str, cidr: str) -> Maker:
    """A subnet of the VPC with the range `vpc`."""
    return lambda aws: aws.client("ec2").create_subnet(VpcId=named(aws, vpc), CidrBlock=cidr)["Subnet"]["SubnetId"]


def gateway_of(vpc: str) -> Maker:
    """An internet gateway, attached."""

    def make(aws: AwsServer) -> str:
        made = aws.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        aws.client("ec2").attach_internet_gateway(InternetGatewayId=made, VpcId=named(aws, vpc))
        return made

    return make


def public_subnet(vpc: str, cidr: str) -> Maker:
    """A subnet of a VPC that has an internet gateway."""

    def make(aws: AwsServer) -> str:
        gateway_of(vpc)(aws)
        return subnet_of(vpc, cidr)(aws)

    return make


def instance_with_two_addresses(aws: AwsServer) -> str:
    """An instance that runs and has two private addresses."""
    made = running_instance(aws)
    interface = look(aws, made)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    aws.client("ec2").assign_private_ip_addresses(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
    return made


def private_address(number: int) -> Maker:
    """One of the private addresses of the only instance."""

    def find(aws: AwsServer) -> str:
        (reservation,) = aws.client("ec2").describe_instances()["Reservations"]
        addresses = reservation["Instances"][0]["NetworkInterfaces"][0]["PrivateIpAddresses"]
        return addresses[number]["PrivateIpAddress"]

    return find


def address(aws: AwsServer) -> str:
    """An Elastic IP address."""
    return aws.client("ec2").allocate_address(Domain="vpc")["AllocationId"]


def running_instance(aws: AwsServer) -> str:
    """An instance that runs, in the default VPC."""
    subnets = aws.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [default_vpc(aws)]}])["Subnets"]
    made = launch(aws, SubnetId=subnets[0]["SubnetId"])
    wait_for(aws, made, "running")
    return made


def nat_gateway(vpc: str, cidr: str) -> Maker:
    """A private NAT gateway, in a subnet of its own."""

    def make(aws: AwsServer) -> str:
        subnet = subnet_of(vpc, cidr)(aws)
        made = aws.client("ec2").create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
        return made["NatGateway"]["NatGatewayId"]

    return make


def use_address(aws: AwsServer, allocation: str) -> None:
    """Somebody makes a NAT gateway with it."""
    subnet = public_subnet("10.7.0.0/16", "10.7.1.0/24")(aws)
    aws.client("ec2").create_nat_gateway(SubnetId=subnet, AllocationId=allocation)
