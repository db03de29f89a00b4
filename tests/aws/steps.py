"""Steps that tests of EC2 share: launch an instance, look at it, wait for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.aws.server import AwsServer

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import InstanceTypeDef

IMAGE = "ami-12345678"


def launch(cloud: AwsServer, **more: Any) -> str:
    """Launch one t3.small; returns its id."""
    wanted = {"ImageId": IMAGE, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1, **more}
    return cloud.client("ec2").run_instances(**wanted)["Instances"][0]["InstanceId"]


def launch_stopped(cloud: AwsServer, **more: Any) -> str:
    """Launch one and stop it; returns its id once it is stopped."""
    instance_id = launch(cloud, **more)
    wait_for(cloud, instance_id, "running")
    cloud.client("ec2").stop_instances(InstanceIds=[instance_id])
    wait_for(cloud, instance_id, "stopped")
    return instance_id


def pace(cloud: AwsServer, seconds: float) -> None:
    """How long instances take from state to state, where they take any time; bare moto knows none."""
    if not cloud.bare:
        cloud.configure(transition_seconds=seconds)


def arrive(cloud: AwsServer, instance_id: str) -> tuple[str, str]:
    """The state an instance is in, and the one it is in when its transition has ended."""
    before = state(cloud, instance_id)
    if not cloud.bare:
        cloud.finish_transitions()
    return before, state(cloud, instance_id)


def look(cloud: AwsServer, instance_id: str) -> InstanceTypeDef:
    """Describe one instance."""
    return cloud.client("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def state(cloud: AwsServer, instance_id: str) -> str:
    """The name of an instance's state, or `gone`."""
    try:
        return look(cloud, instance_id)["State"]["Name"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInstanceID.NotFound":
            raise
        return "gone"


def wait_for(cloud: AwsServer, instance_id: str, wanted: str, seconds: float = 10.0) -> None:
    """Wait until an instance is in a state, or `gone`."""
    end = time.monotonic() + seconds
    while (now := state(cloud, instance_id)) != wanted:
        assert time.monotonic() < end, f"{instance_id} is {now} after {seconds} s; expected {wanted}"
        time.sleep(0.01)


def found(cloud: AwsServer, name: str, value: str) -> list[str]:
    """The ids of the instances that a filter of DescribeInstances finds."""
    reservations = cloud.client("ec2").describe_instances(Filters=[{"Name": name, "Values": [value]}])["Reservations"]
    return [each["InstanceId"] for reservation in reservations for each in reservation["Instances"]]
