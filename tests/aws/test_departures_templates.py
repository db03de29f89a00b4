"""Launch templates as the API Reference has them; each test fails on bare moto."""

from __future__ import annotations

import base64
from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import paging, templates
from tests.aws.server import AwsServer

TAGS: Any = [{"ResourceType": "launch-template", "Tags": [{"Key": "team", "Value": "orders"}]}]


def make(cloud: AwsServer, name: str = "web", **data: Any) -> str:
    """Make a launch template."""
    create = cloud.client("ec2").create_launch_template
    wanted: Any = {"InstanceType": "t3.small", **data}
    made = create(LaunchTemplateName=name, LaunchTemplateData=wanted, TagSpecifications=TAGS)
    return made["LaunchTemplate"]["LaunchTemplateId"]


@corrects(templates.user_data_is_limited)
def test_user_data_is_limited_to_16_kib(cloud: AwsServer) -> None:
    """moto takes any."""
    make(cloud, UserData=base64.b64encode(b"x" * 16_384).decode())
    refused("InvalidParameterValue", make, cloud=cloud, name="big", UserData=base64.b64encode(b"x" * 16_385).decode())


@corrects(templates.a_version_holds_what_it_was_given)
def test_a_version_holds_what_it_was_given(cloud: AwsServer) -> None:
    """moto adds the template's tags."""
    made = make(cloud)
    found = cloud.client("ec2").describe_launch_template_versions(LaunchTemplateId=made, Versions=["$Latest"])
    assert found["LaunchTemplateVersions"][0]["LaunchTemplateData"] == {"InstanceType": "t3.small"}


@corrects(templates.all_templates_are_shown_as_they_are, paging.every_listing_has_pages)
def test_templates_are_listed_in_pages_with_the_tags_that_they_have_now(cloud: AwsServer) -> None:
    """moto shows the first few, without saying that there are more."""
    ec2 = cloud.client("ec2")
    made = {make(cloud, f"web-{number}") for number in range(20)}
    changed = next(iter(made))
    ec2.create_tags(Resources=[changed], Tags=[{"Key": "team", "Value": "payments"}])
    pages = ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 7})
    tags = {each["LaunchTemplateId"]: each["Tags"][0]["Value"] for page in pages for each in page["LaunchTemplates"]}
    assert tags == {**dict.fromkeys(made, "orders"), changed: "payments"}


@corrects(templates.an_absent_id_is_not_found, templates.all_templates_are_shown_as_they_are)
def test_an_id_that_does_not_exist_is_not_found(cloud: AwsServer) -> None:
    """Only this answer proves that a template is gone."""
    ec2 = cloud.client("ec2")
    refused("InvalidLaunchTemplateId.NotFound", ec2.delete_launch_template, LaunchTemplateId="lt-0123456789abcdef0")
    refused("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_templates, LaunchTemplateIds=["lt-0123456789abcde"])
