"""Auto Scaling as its API Reference has it; each test fails on bare moto."""

from __future__ import annotations

from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import honoured, scaling
from tests.aws.server import AwsServer
from tests.aws.steps import pace


def template(cloud: AwsServer) -> str:
    """Make a launch template with two versions."""
    ec2, data = cloud.client("ec2"), {"ImageId": "ami-12345678", "InstanceType": "t3.small"}
    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)  # type: ignore[arg-type]
    identifier = made["LaunchTemplate"]["LaunchTemplateId"]
    ec2.create_launch_template_version(LaunchTemplateId=identifier, LaunchTemplateData=data)  # type: ignore[arg-type]
    return identifier


def group(cloud: AwsServer, identifier: str, **more: Any) -> None:
    """Make a group that launches from a template."""
    wanted = {
        "AutoScalingGroupName": "web",
        "MinSize": 1,
        "MaxSize": 2,
        "LaunchTemplate": {"LaunchTemplateId": identifier, "Version": "1"},
        "VPCZoneIdentifier": cloud.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"],
        **more,
    }
    cloud.client("autoscaling").create_auto_scaling_group(**wanted)


def look(cloud: AwsServer) -> Any:
    """Describe the group; None when there is none."""
    found = cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["web"])
    return next(iter(found["AutoScalingGroups"]), None)


def refresh(cloud: AwsServer) -> Any:
    """Begin to replace the instances; returns how to look at it."""
    autoscaling, found = cloud.client("autoscaling"), look(cloud)
    to = {"LaunchTemplateId": found["LaunchTemplate"]["LaunchTemplateId"], "Version": "2"}
    autoscaling.start_instance_refresh(AutoScalingGroupName="web", DesiredConfiguration={"LaunchTemplate": to})
    return lambda: autoscaling.describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"][0]


def finish(cloud: AwsServer) -> None:
    """Let what is under way end, where anything takes time."""
    if not cloud.bare:
        cloud.finish_transitions()


@corrects(scaling.a_group_is_made_once_and_of_what_exists)
def test_a_group_is_made_once(cloud: AwsServer) -> None:
    """moto makes it again, and its instances a second time."""
    made = template(cloud)
    group(cloud, made)
    refused("AlreadyExists", group, cloud=cloud, identifier=made)
    refused("ValidationError", group, cloud=cloud, identifier="lt-0123456789abcdef0", AutoScalingGroupName="other")


@corrects(scaling.every_setting_of_a_group_is_kept)
def test_every_setting_of_a_group_is_kept(cloud: AwsServer) -> None:
    """moto has no grace of 0 seconds, and changes few settings later."""
    group(cloud, template(cloud), HealthCheckGracePeriod=0)
    assert look(cloud)["HealthCheckGracePeriod"] == 0
    update = cloud.client("autoscaling").update_auto_scaling_group
    update(AutoScalingGroupName="web", DefaultCooldown=0, MaxInstanceLifetime=86_400, TerminationPolicies=["Default"])
    assert (look(cloud)["DefaultCooldown"], look(cloud)["MaxInstanceLifetime"]) == (0, 86_400)


@corrects(scaling.groups_take_their_time_to_go)
def test_a_group_with_instances_goes_only_by_force_and_takes_its_time(cloud: AwsServer) -> None:
    """moto needs no force, and is done at once."""
    pace(cloud, 60.0)
    group(cloud, template(cloud))
    autoscaling = cloud.client("autoscaling")
    refused("ResourceInUse", autoscaling.delete_auto_scaling_group, AutoScalingGroupName="web")
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert look(cloud)["Status"] == "Delete in progress"
    update = autoscaling.update_auto_scaling_group
    refused("ScalingActivityInProgress", update, AutoScalingGroupName="web", MaxSize=3)
    finish(cloud)
    assert look(cloud) is None


@corrects(scaling.an_absent_group_is_a_validation_error)
def test_an_absent_group_is_told_in_words(cloud: AwsServer) -> None:
    """The code alone does not tell it from any mistake."""
    attach = cloud.client("autoscaling").attach_load_balancer_target_groups
    message = refused("ValidationError", attach, AutoScalingGroupName="web", TargetGroupARNs=["arn"])
    assert message.startswith("AutoScalingGroup name not found")


@corrects(scaling.instances_are_replaced, scaling.replacements_are_shown)
def test_instances_are_replaced_one_refresh_at_a_time(cloud: AwsServer) -> None:
    """The group has the new version only when its instances have."""
    pace(cloud, 60.0)
    group(cloud, template(cloud))
    shown = refresh(cloud)
    assert shown()["Status"] == "Pending"
    refused("InstanceRefreshInProgress", refresh, cloud=cloud)
    finish(cloud)
    assert (shown()["Status"], look(cloud)["LaunchTemplate"]["Version"]) == ("InProgress", "1")
    finish(cloud)
    assert (shown()["Status"], look(cloud)["LaunchTemplate"]["Version"]) == ("Successful", "2")


@corrects(scaling.a_replacement_can_be_cancelled)
def test_a_refresh_can_be_cancelled(cloud: AwsServer) -> None:
    """What it was to bring does not come."""
    pace(cloud, 60.0)
    group(cloud, template(cloud))
    shown, cancel = refresh(cloud), cloud.client("autoscaling").cancel_instance_refresh
    cancel(AutoScalingGroupName="web")
    finish(cloud)
    assert (shown()["Status"], look(cloud)["LaunchTemplate"]["Version"]) == ("Cancelled", "1")
    refused("ActiveInstanceRefreshNotFound", cancel, AutoScalingGroupName="web")


@corrects(honoured.nothing_else_is_ignored)
def test_a_parameter_of_a_group_that_nobody_honours_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """A parameter that is silently ignored would be drift that can never be mended."""
    message = refused("NotEmulated", group, cloud=cloud, identifier=template(cloud), DesiredCapacityType="units")
    assert "DesiredCapacityType" in message
    assert cloud.take_failures() == [message]
