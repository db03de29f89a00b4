"""Elastic Load Balancing as the API Reference has it; each test fails on bare moto."""

from __future__ import annotations

from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import balancing, paging
from tests.aws.server import AwsServer
from tests.aws.steps import pace


def vpc(cloud: AwsServer) -> str:
    """The default VPC."""
    return cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def group(cloud: AwsServer, name: str = "web", **more: Any) -> str:
    """Make a target group for addresses; returns its ARN."""
    wanted = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": vpc(cloud), "TargetType": "ip", **more}
    made = cloud.client("elbv2").create_target_group(**wanted)["TargetGroups"][0]
    return str(made["TargetGroupArn"])


def finish(cloud: AwsServer) -> None:
    """Let what is under way end, where anything takes time."""
    if not cloud.bare:
        cloud.finish_transitions()


@corrects(balancing.a_name_is_taken_once)
def test_a_repeated_create_finds_the_first(cloud: AwsServer) -> None:
    """The name is the key: this is what makes a create safe whose reply was lost."""
    first = group(cloud)
    assert group(cloud) == first
    refused("DuplicateTargetGroupName", group, cloud=cloud, Port=81)


@corrects(balancing.a_thing_has_up_to_fifty_tags)
def test_a_thing_has_up_to_fifty_tags(cloud: AwsServer) -> None:
    """Five of them are the mark."""
    elbv2, arn = cloud.client("elbv2"), group(cloud)
    tags = [{"Key": f"key-{number}", "Value": "x"} for number in range(51)]
    elbv2.add_tags(ResourceArns=[arn], Tags=tags[:20])
    elbv2.add_tags(ResourceArns=[arn], Tags=tags[20:50])
    refused("TooManyTags", elbv2.add_tags, ResourceArns=[arn], Tags=tags)
    refused("TargetGroupNotFound", elbv2.add_tags, ResourceArns=[f"{arn}0"], Tags=tags[:1])


@corrects(balancing.unknown_attributes_are_refused)
def test_an_attribute_that_does_not_exist_is_refused(cloud: AwsServer) -> None:
    """A typo in our table must not pass for a setting."""
    modify, arn = cloud.client("elbv2").modify_target_group_attributes, group(cloud)
    refused("ValidationError", modify, TargetGroupArn=arn, Attributes=[{"Key": "deregistration.delay", "Value": "1"}])


@corrects(balancing.targets_take_their_time_to_go, balancing.what_leaves_is_shown)
def test_a_target_drains_before_it_is_gone(cloud: AwsServer) -> None:
    """One that drains is still described, although it is no longer registered."""
    pace(cloud, 60.0)
    elbv2, this = cloud.client("elbv2"), {"TargetGroupArn": group(cloud)}
    elbv2.register_targets(**this, Targets=[{"Id": "10.0.0.1"}])
    elbv2.deregister_targets(**this, Targets=[{"Id": "10.0.0.1"}])
    shown = elbv2.describe_target_health(**this)["TargetHealthDescriptions"][0]
    assert (shown["Target"]["Port"], shown["TargetHealth"]["State"]) == (80, "draining")
    finish(cloud)
    assert elbv2.describe_target_health(**this)["TargetHealthDescriptions"] == []


@corrects(paging.every_listing_has_pages)
def test_target_groups_are_listed_in_pages(cloud: AwsServer) -> None:
    """moto shows all at once."""
    made = {group(cloud, f"web-{number}") for number in range(5)}
    pages = list(
        cloud.client("elbv2").get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2})
    )
    assert len(pages) == 3
    assert {each["TargetGroupArn"] for page in pages for each in page["TargetGroups"]} == made
