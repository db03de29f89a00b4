"""EC2 security groups as the API Reference has them; each test fails on bare moto."""

from __future__ import annotations

from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import security_groups
from tests.aws.server import AwsServer
from tests.aws.test_departures_networks import subnet, vpc


def make(cloud: AwsServer, name: str, network: str) -> str:
    """Make a security group."""
    return cloud.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=network)["GroupId"]


def https(**source: Any) -> list[Any]:
    """A rule for port 443."""
    return [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **source}]


def cidr(block: str, description: str = "") -> dict[str, Any]:
    """A source by range."""
    return {"IpRanges": [{"CidrIp": block, **({"Description": description} if description else {})}]}


def ingress(cloud: AwsServer, group: str) -> Any:
    """What is let in."""
    return cloud.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]


@corrects(security_groups.all_rules_are_added_or_none)
def test_a_call_with_a_rule_that_is_there_adds_nothing(cloud: AwsServer) -> None:
    """moto adds those that come before it."""
    ec2, group = cloud.client("ec2"), make(cloud, "a", vpc(cloud))
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=https(**cidr("10.0.0.0/8")))
    both = [*https(**cidr("192.0.2.0/24")), *https(**cidr("10.0.0.0/8", "another description"))]
    refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=both)
    assert [found["CidrIp"] for each in ingress(cloud, group) for found in each["IpRanges"]] == ["10.0.0.0/8"]


@corrects(security_groups.all_rules_are_added_or_none)
def test_protocols_by_number_have_no_ports(cloud: AwsServer) -> None:
    """moto answers 500."""
    rule: Any = [{"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    group = make(cloud, "a", vpc(cloud))
    cloud.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    assert [(each["IpProtocol"], each.get("FromPort")) for each in ingress(cloud, group)] == [("50", None)]


def test_a_group_has_sixty_rules(aws: AwsServer) -> None:
    """The default quota: who adds before taking away may meet it."""
    rules = [rule for port in range(61) for rule in https(**cidr(f"10.{port}.0.0/16"))]
    group = make(aws, "a", vpc(aws))
    authorize = aws.client("ec2").authorize_security_group_ingress
    refused("RulesPerSecurityGroupLimitExceeded", authorize, GroupId=group, IpPermissions=rules)


@corrects(security_groups.rules_are_revoked_whatever_their_description)
def test_a_rule_is_revoked_whatever_its_description(cloud: AwsServer) -> None:
    """A description is no part of what a rule is."""
    ec2, network = cloud.client("ec2"), vpc(cloud)
    group, other = make(cloud, "a", network), make(cloud, "b", network)
    described = https(UserIdGroupPairs=[{"GroupId": other, "Description": "from b"}])
    bare = https(UserIdGroupPairs=[{"GroupId": other}])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=described)
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=bare)
    assert ingress(cloud, group) == []
    refused("InvalidPermission.NotFound", ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=bare)


@corrects(security_groups.only_rules_that_exist_are_described)
def test_a_rule_that_is_not_there_cannot_be_described(cloud: AwsServer) -> None:
    """moto says that all is well."""
    describe, group = cloud.client("ec2").update_security_group_rule_descriptions_ingress, make(cloud, "a", vpc(cloud))
    refused("InvalidPermission.NotFound", describe, GroupId=group, IpPermissions=https(**cidr("10.0.0.0/8", "x")))


@corrects(security_groups.prefix_lists_are_described_too)
def test_a_rule_for_a_prefix_list_keeps_its_description(cloud: AwsServer) -> None:
    """moto forgets it."""
    ec2, group = cloud.client("ec2"), make(cloud, "a", vpc(cloud))
    lists = [{"PrefixListId": "pl-63a5400a", "Description": "S3"}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=https(PrefixListIds=lists))
    assert [each["PrefixListIds"] for each in ingress(cloud, group)] == [lists]


@corrects(security_groups.a_group_in_use_stays)
def test_a_group_stays_while_an_interface_has_it_or_another_group_names_it(cloud: AwsServer) -> None:
    """Two that name each other can only go when one of them names the other no more."""
    ec2, network = cloud.client("ec2"), vpc(cloud)
    group, other = make(cloud, "a", network), make(cloud, "b", network)
    rule = https(UserIdGroupPairs=[{"GroupId": group}])
    for each in (group, other):
        ec2.authorize_security_group_ingress(GroupId=each, IpPermissions=rule)
    refused("DependencyViolation", ec2.delete_security_group, GroupId=group)
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=rule)
    made = ec2.create_network_interface(SubnetId=subnet(cloud, network), Groups=[group])["NetworkInterface"]
    refused("DependencyViolation", ec2.delete_security_group, GroupId=group)
    ec2.delete_network_interface(NetworkInterfaceId=made.get("NetworkInterfaceId", ""))
    ec2.delete_security_group(GroupId=group)
