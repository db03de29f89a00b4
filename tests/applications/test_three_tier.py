"""Three tiers on machines alone, from their Plan to their end."""

from typing import Any, Final

import pytest

from tests.applications import told
from tests.applications.life import approved, at_rest, deleted, made_once, planned, trusted
from tests.e2e.seen import Object, Seen
from tests.e2e.stage import Stage

NAME: Final = "three-tier"
PARTS: Final = {
    "awsVPC": 1,
    "awsSubnet": 6,
    "awsInternetGateway": 1,
    "awsRouteTable": 1,
    "awsSecurityGroup": 3,
    "awsTargetGroup": 1,
    "awsLoadBalancer": 1,
    "awsLaunchTemplate": 1,
    "awsAutoScalingGroup": 1,
    "awsDatabaseSubnetGroup": 1,
    "awsDatabase": 1,
}


@pytest.mark.timeout(600)
def test_three_tiers_are_planned_applied_drifted_changed_and_deleted(stage: Stage) -> None:
    tiers = told.application(NAME)
    assert told.steps(planned(stage, tiers)) == {"Create": PARTS}
    seen = approved(stage, NAME)
    made_once(stage, NAME)
    machines_serve_behind_the_balancer(stage, seen)
    at_rest(stage, NAME)

    database = told.ids(seen)["data"]
    trusted(stage, tiers)
    what_others_changed_is_put_right(stage)
    another_image_is_rolled_out(stage, tiers)
    deleted(stage, NAME)
    (left,) = stage.aws.live_resources()
    assert left.type == "database-snapshot", "deletionPolicy is Snapshot: what it held is kept, and nothing else"
    assert left.id.startswith(f"{database}-final-")


def machines_serve_behind_the_balancer(stage: Stage, seen: Seen) -> None:
    """Two machines in the subnets of the application, registered with the balancer; the database out of reach."""
    ids, group = told.ids(seen), _group(stage)
    assert set(group["VPCZoneIdentifier"].split(",")) == {ids["app-a"], ids["app-b"]}
    assert len(group["Instances"]) == group["DesiredCapacity"] == 2
    health = stage.aws.client("elbv2").describe_target_health(TargetGroupArn=ids["app-targets"])
    registered = {each["Target"]["Id"] for each in health["TargetHealthDescriptions"]}
    assert registered == {each["InstanceId"] for each in group["Instances"]}
    database = _database(stage)
    assert not database["PubliclyAccessible"]
    assert {each["VpcSecurityGroupId"] for each in database["VpcSecurityGroups"]} == {ids["data-access"]}


def what_others_changed_is_put_right(stage: Stage) -> None:
    """Somebody lets the group shrink to nothing, and everybody talk to the database."""
    ids = told.ids(stage.ready(NAME))
    stage.aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=ids["app"], MinSize=0)
    everybody: Any = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    stage.aws.client("ec2").authorize_security_group_ingress(GroupId=ids["data-access"], IpPermissions=[everybody])

    stage.until("it cannot shrink to nothing", lambda: _group(stage)["MinSize"] == 2)
    stage.until("the database is out of reach", lambda: not _sources(stage, ids["data-access"]))
    assert told.ids(stage.ready(NAME)) == ids, "nothing was made anew"
    assert stage.reasons(NAME)[-1] == "Drift"


def another_image_is_rolled_out(stage: Stage, tiers: Object) -> None:
    """A new image makes a new version of the launch template, which the group takes up; the database grows."""
    before = told.ids(stage.ready(NAME))
    resources = told.resources(tiers)
    resources["app-machine"]["awsLaunchTemplate"]["imageID"] = "ami-0c9d8e7f6a5b40312"
    resources["app"]["awsAutoScalingGroup"]["maxSize"] = 8
    resources["data"]["awsDatabase"]["allocatedStorage"] = 100
    stage.apply(tiers)
    seen = stage.ready(NAME)
    assert told.ids(seen) == before, "nothing was made anew but machines"
    group = _group(stage)
    assert (group["MaxSize"], group["LaunchTemplate"]["Version"]) == (8, "2")
    assert _database(stage)["AllocatedStorage"] == 100


def _group(stage: Stage) -> Any:
    (group,) = stage.aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return group


def _database(stage: Stage) -> Any:
    (database,) = stage.aws.client("rds").describe_db_instances()["DBInstances"]
    return database


def _sources(stage: Stage, group: str) -> list[str]:
    (found,) = stage.aws.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [source["CidrIp"] for rule in found["IpPermissions"] for source in rule["IpRanges"]]
