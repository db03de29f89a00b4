"""Idempotency tokens as EC2 documents them: what keeps a repeated launch from launching twice."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.comparing import corrects, refused
from tests.aws.server import AwsServer
from tests.aws.steps import IMAGE, launch, look, wait_for


def instances(cloud: AwsServer) -> int:
    """How many instances there are."""
    return sum(len(each["Instances"]) for each in cloud.client("ec2").describe_instances()["Reservations"])


@corrects()
def test_the_same_token_and_parameters_get_the_first_reply_again(cloud: AwsServer) -> None:
    """This is what makes a repeated launch safe."""
    first = launch(cloud, ClientToken="t")
    assert launch(cloud, ClientToken="t") == first
    assert instances(cloud) == 1


@corrects()
def test_the_same_token_with_other_parameters_is_refused(cloud: AwsServer) -> None:
    """The refusal proves that a first call with this token was executed."""
    launch(cloud, ClientToken="t")
    message = refused("IdempotentParameterMismatch", launch, cloud=cloud, ClientToken="t", InstanceType="t3.large")
    assert "'t'" in message
    assert instances(cloud) == 1


@corrects()
def test_the_token_of_a_terminated_instance_is_refused(cloud: AwsServer) -> None:
    """A new incarnation needs a new token."""
    instance_id = launch(cloud, ClientToken="t")
    cloud.client("ec2").terminate_instances(InstanceIds=[instance_id])
    wait_for(cloud, instance_id, "terminated")
    refused("IdempotentInstanceTerminated", launch, cloud=cloud, ClientToken="t")


def test_the_token_of_an_instance_that_vanished_is_still_refused(aws: AwsServer) -> None:
    """EC2 keeps tokens longer than it shows terminated instances."""
    aws.configure(transition_seconds=0.01, terminated_visible_seconds=0.01)
    instance_id = launch(aws, ClientToken="t")
    aws.client("ec2").terminate_instances(InstanceIds=[instance_id])
    wait_for(aws, instance_id, "gone")
    refused("IdempotentInstanceTerminated", launch, cloud=aws, ClientToken="t")


def test_another_token_region_or_account_launches_another_instance(aws: AwsServer) -> None:
    """A token is known in one account and region only."""
    wanted: Any = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "ClientToken": "t"}
    clients = [aws.client("ec2"), aws.client("ec2", "us-east-1"), aws.client("ec2", account="999988887777")]
    ids = {client.run_instances(**wanted)["Instances"][0]["InstanceId"] for client in clients}
    ids.add(launch(aws, ClientToken="u"))
    assert len(ids) == 4


def test_a_refused_launch_leaves_its_token_free(aws: AwsServer) -> None:
    """Nothing was made, so nothing must be remembered."""
    with pytest.raises(ClientError):
        launch(aws, ClientToken="t", ImageId="ami-000")
    assert look(aws, launch(aws, ClientToken="t"))["ClientToken"] == "t"


def test_every_operation_whose_model_marks_a_token_honours_it(aws: AwsServer) -> None:
    """The rule comes from botocore's models, so a new resource type needs no new code here."""
    ec2 = aws.client("ec2")
    wanted: Any = {"AvailabilityZone": "eu-west-1a", "Size": 1, "ClientToken": "v"}
    assert ec2.create_volume(**wanted)["VolumeId"] == ec2.create_volume(**wanted)["VolumeId"]
    refused("IdempotentParameterMismatch", ec2.create_volume, **{**wanted, "Size": 2})


def test_an_instance_launched_without_a_token_shows_none(aws: AwsServer) -> None:
    """boto3 makes a token up for every call; whoever sends none must not see one that moto made up."""
    ec2 = aws.client("ec2")
    sent: list[str] = []

    def without_token(params: dict[str, Any], **_: object) -> None:
        sent.append(params["body"].pop("ClientToken"))

    ec2.meta.events.register("before-call.ec2.RunInstances", without_token)
    try:
        instance_id = launch(aws)
    finally:
        ec2.meta.events.unregister("before-call.ec2.RunInstances", without_token)
    assert len(sent) == 1
    assert look(aws, instance_id).get("ClientToken", "") == ""
