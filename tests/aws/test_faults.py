"""Each fault must look to boto3 as the real thing does, strike what it was told to and nothing else."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.aws.comparing import refused
from tests.aws.server import AwsServer
from tests.aws.steps import found, launch, look, state


def names(cloud: AwsServer) -> list[str]:
    """The names of the queues that a listing shows."""
    return [each.rpartition("/")[2] for each in cloud.client("sqs").list_queues().get("QueueUrls", [])]


def make(cloud: AwsServer, name: str) -> str:
    """Create a queue; returns its URL."""
    return cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]


def test_throttling_speaks_the_services_language_and_executes_nothing(aws: AwsServer) -> None:
    """The SDK and our own back-off tell throttling by these codes."""
    aws.inject("throttle", count=3)
    refused("RequestLimitExceeded", launch, cloud=aws)
    refused("RequestThrottled", make, cloud=aws, name="a")
    refused("Throttling", aws.client("sts").get_caller_identity)
    assert aws.live_resources() == []
    assert aws.journal() == []
    launch(aws)


def test_denial_speaks_the_services_language(aws: AwsServer) -> None:
    """A denied call is not to be repeated, and the message names the action that is missing in the policy."""
    aws.inject("deny")
    assert "ec2:RunInstances" in refused("UnauthorizedOperation", launch, cloud=aws)
    assert "sqs:CreateQueue" in refused("AccessDenied", make, cloud=aws, name="a")
    refused("AccessDenied", aws.client("iam").list_users)


def test_an_error_can_come_before_or_after_the_execution(aws: AwsServer) -> None:
    """HTTP 500 says nothing of what happened: both must be survived."""
    aws.inject("error", "sqs:CreateQueue", count=1)
    refused("InternalFailure", make, cloud=aws, name="a")
    assert aws.live_resources() == []
    aws.inject("error", "sqs:CreateQueue", count=1, executed=True)
    refused("InternalFailure", make, cloud=aws, name="a")
    assert [each.id for each in aws.live_resources()] == ["a"]
    assert [each.replied for each in aws.journal()] == [False]


def test_a_dropped_reply_leaves_the_resource_behind(aws: AwsServer) -> None:
    """The hardest case of all: it was done, and nobody was told."""
    aws.inject("drop", "ec2:RunInstances", count=1)
    with pytest.raises(ConnectionClosedError):
        launch(aws, ClientToken="t")
    (entry,) = aws.journal()
    assert (entry.name, entry.replied) == ("ec2:RunInstances", False)
    assert found(aws, "client-token", "t") == entry.ids
    assert launch(aws, ClientToken="t") == entry.ids[0]


def test_a_dropped_request_leaves_nothing_behind(aws: AwsServer) -> None:
    """To the client it looks the same as a dropped reply."""
    aws.inject("drop", "ec2:RunInstances", count=1, executed=False)
    with pytest.raises(ConnectionClosedError):
        launch(aws)
    assert (aws.live_resources(), aws.journal()) == ([], [])


def test_a_dropped_reply_may_also_be_a_refusal(aws: AwsServer) -> None:
    """A network does not read what it loses."""
    aws.inject("drop", "ec2:RunInstances", count=1)
    with pytest.raises(ConnectionClosedError):
        launch(aws, ImageId="ami-000")
    assert [(each.outcome, each.replied) for each in aws.journal(outcome=None)] == [("refused", False)]


def test_a_call_that_slept_through_a_reset_is_not_executed(aws: AwsServer) -> None:
    """A late call of one test must not make anything in the next."""
    aws.inject("latency", "sqs:CreateQueue", seconds=2.0)
    ends: list[str] = []

    def call() -> None:
        try:
            make(aws, "late")
        except ConnectionClosedError as error:
            ends.append(type(error).__name__)

    late = threading.Thread(target=call)
    late.start()
    while not aws.counts()["sqs:CreateQueue"]:
        time.sleep(0.02)
    aws.reset()
    late.join()
    assert ends == ["ConnectionClosedError"]
    assert aws.live_resources() == []


def test_latency_delays_the_call_it_strikes_and_no_other(aws: AwsServer) -> None:
    """One slow call must not hold up the emulator, or tests of isolation measure the emulator."""
    names(aws)
    aws.inject("latency", "sqs:CreateQueue", seconds=0.8, count=1)
    struck = threading.Thread(target=make, args=(aws, "a"))
    begin = time.monotonic()
    struck.start()
    names(aws)
    assert time.monotonic() - begin < 0.7
    struck.join()
    assert time.monotonic() - begin >= 0.8


def test_stale_listings_lag_a_number_of_writes_behind_while_direct_reads_do_not(aws: AwsServer) -> None:
    """A listing that lacks a queue is no proof that there is none."""
    make(aws, "a")
    aws.inject("stale", "sqs:ListQueues", behind=2)
    for name in ("b", "c", "d"):
        make(aws, name)
    assert names(aws) == ["a", "b"]
    assert aws.client("sqs").get_queue_url(QueueName="d")["QueueUrl"].endswith("/d")
    aws.clear_faults()
    assert names(aws) == ["a", "b", "c", "d"]


def test_a_stale_listing_catches_up_after_a_time_when_told_so(aws: AwsServer) -> None:
    """Eventual consistency ends: a controller that waits long enough must see everything."""
    aws.inject("stale", "sqs:ListQueues", behind=5, seconds=1.0)
    make(aws, "a")
    assert names(aws) == []
    time.sleep(1.0)
    assert names(aws) == ["a"]


def test_a_stale_listing_of_instances_shows_old_states_and_tags_and_leaves_the_present_alone(aws: AwsServer) -> None:
    """Listings lag in what they say of an instance too, not only in which they show."""
    aws.configure(transition_seconds=0.0)
    ec2 = aws.client("ec2")
    instance_id = launch(aws)
    look(aws, instance_id)
    aws.inject("stale", "ec2:DescribeInstances", behind=2)
    ec2.create_tags(Resources=[instance_id], Tags=[{"Key": "a", "Value": "b"}])
    ec2.stop_instances(InstanceIds=[instance_id])
    (listed,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    assert (listed["State"]["Name"], listed.get("Tags", [])) == ("running", [])
    assert found(aws, "tag:a", "b") == []
    shown = look(aws, instance_id)
    assert (shown["State"]["Name"], shown["Tags"]) == ("stopped", [{"Key": "a", "Value": "b"}])


def test_empty_listings_look_like_an_empty_account(aws: AwsServer) -> None:
    """An empty page must never be taken for a decision to delete everything."""
    aws.configure(transition_seconds=60.0)
    make(aws, "a")
    instance_id = launch(aws)
    aws.inject("empty")
    assert names(aws) == []
    assert aws.client("ec2").describe_instances()["Reservations"] == []
    assert state(aws, instance_id) == "pending"
    aws.clear_faults()
    assert names(aws) == ["a"]


def test_a_listing_after_a_fault_shows_the_truth_again(aws: AwsServer) -> None:
    """The emulator keeps listings of an unchanged world; it must not keep one that a fault spoilt."""
    instance_id = launch(aws)
    aws.inject("empty", "ec2:DescribeInstances", count=1)
    listed = [aws.client("ec2").describe_instances()["Reservations"] for _ in range(3)]
    assert [[each["Instances"][0]["InstanceId"] for each in several] for several in listed] == [
        [],
        [instance_id],
        [instance_id],
    ]


def test_short_listings_lack_the_same_part_every_time(aws: AwsServer) -> None:
    """A part that is missing all the time is what a breaker must stop at."""
    for number in range(20):
        make(aws, f"q{number}")
    aws.inject("short", "sqs:ListQueues", probability=0.5, seed=3)
    first = names(aws)
    assert 3 < len(first) < 17
    assert names(aws) == first


def test_an_endpoint_that_lies_shows_and_finds_nothing_of_what_there_is(aws: AwsServer) -> None:
    """As one that was pointed at an empty account: everything looks gone, and nothing is."""
    url, instance_id = make(aws, "a"), launch(aws)
    aws.inject("lie")
    assert names(aws) == []
    assert state(aws, instance_id) == "gone"
    assert found(aws, "tag:a", "b") == []
    read = aws.client("sqs").get_queue_attributes
    refused("AWS.SimpleQueueService.NonExistentQueue", read, QueueUrl=url, AttributeNames=["All"])
    refused("AWS.SimpleQueueService.NonExistentQueue", aws.client("sqs").get_queue_url, QueueName="a")
    assert (
        aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["x"])["AutoScalingGroups"] == []
    )
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012", "who one is, it says"
    assert aws.client("ec2").describe_availability_zones()["AvailabilityZones"]
    make(aws, "b")
    aws.clear_faults()
    assert names(aws) == ["a", "b"], "what is made meanwhile is made"


def test_a_new_resource_is_not_found_at_first(aws: AwsServer) -> None:
    """After a create, AWS may say NotFound for a while; it is not gone."""
    aws.configure(transition_seconds=60.0)
    old = launch(aws)
    aws.inject("not_found", "ec2:Describe*", behind=2)
    aws.inject("not_found", "sqs:Get*", behind=1)
    new, url = launch(aws), make(aws, "a")
    assert [state(aws, new) for _ in range(3)] == ["gone", "gone", "pending"]
    assert state(aws, old) == "pending"
    read = aws.client("sqs").get_queue_attributes
    refused("AWS.SimpleQueueService.NonExistentQueue", read, QueueUrl=url, AttributeNames=["All"])
    assert read(QueueUrl=url, AttributeNames=["All"])["Attributes"]["DelaySeconds"] == "0"


def test_a_new_resource_of_a_service_that_knows_no_not_found_is_an_empty_list(aws: AwsServer) -> None:
    """Auto Scaling answers for what does not exist with an empty list: so it does for what is too new to be seen."""
    aws.inject("not_found", "autoscaling:*", behind=1)
    data: Any = {"ImageId": "ami-12345678", "InstanceType": "t3.small"}
    aws.client("ec2").create_launch_template(LaunchTemplateName="template", LaunchTemplateData=data)
    template = aws.client("ec2").describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
    autoscaling = aws.client("autoscaling")
    wanted = {"LaunchTemplate": {"LaunchTemplateId": template}, "AvailabilityZones": ["eu-west-1a"]}
    autoscaling.create_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, MaxSize=1, **wanted)
    find = autoscaling.describe_auto_scaling_groups
    found = [find(AutoScalingGroupNames=["web"])["AutoScalingGroups"] for _ in range(2)]
    assert [len(each) for each in found] == [0, 1]


def test_a_fault_strikes_only_its_account_and_region_after_the_calls_it_lets_pass(aws: AwsServer) -> None:
    """One Cell in trouble must be possible while the others are well."""
    aws.inject("deny", "sqs:*", account="111111111111", region="eu-west-1", after=1)
    struck = aws.client("sqs", account="111111111111")
    struck.list_queues()
    refused("AccessDenied", struck.list_queues)
    aws.client("sqs", "us-east-1", account="111111111111").list_queues()
    aws.client("sqs").list_queues()


def test_a_probability_strikes_the_same_calls_for_the_same_seed(aws: AwsServer) -> None:
    """A run that failed must be repeatable."""

    def struck() -> list[bool]:
        aws.clear_faults()
        aws.inject("throttle", "sqs:ListQueues", probability=0.5, seed=7)
        return [_throttled(aws) for _ in range(20)]

    first = struck()
    assert 3 < sum(first) < 17
    assert struck() == first


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "thunder"}, "expected one of throttle"),
        ({"kind": "stale", "operation": "sqs:CreateQueue"}, "matches no listing"),
        ({"kind": "latency"}, "seconds is missing"),
    ],
)
def test_a_fault_that_could_never_strike_is_refused(aws: AwsServer, wrong: dict[str, Any], says: str) -> None:
    """A test whose fault never strikes passes for nothing."""
    with pytest.raises(ValueError, match=says):
        aws.inject(**wrong)


def _throttled(cloud: AwsServer) -> bool:
    try:
        cloud.client("sqs").list_queues()
    except ClientError as error:
        return error.response["Error"]["Code"] == "RequestThrottled"
    return False
