"""The journal is the judge of every test that kills, cuts or repeats: it must tell what was really executed."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from tests.aws.comparing import refused
from tests.aws.server import AwsServer
from tests.aws.steps import launch


def test_mutating_calls_are_written_down_in_order_with_what_they_made(aws: AwsServer) -> None:
    """Which call made which resource, with which token, is what duplicates are counted from."""
    before = time.time()
    url = aws.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    instance_id = launch(aws, ClientToken="t")
    aws.client("ec2").create_tags(Resources=[instance_id], Tags=[{"Key": "a", "Value": "b"}])
    aws.client("sqs").delete_queue(QueueUrl=url)
    journal = aws.journal()
    assert [(each.name, each.ids, each.token) for each in journal] == [
        ("sqs:CreateQueue", [url], ""),
        ("ec2:RunInstances", [instance_id], "t"),
        ("ec2:CreateTags", [instance_id], ""),
        ("sqs:DeleteQueue", [url], ""),
    ]
    assert journal[0].parameters == {"QueueName": "orders"}
    assert all(each.replied and each.account == "123456789012" and each.region == "eu-west-1" for each in journal)
    assert [each.sequence for each in journal] == sorted({each.sequence for each in journal})
    assert before <= journal[0].time <= journal[-1].time <= time.time()


def test_replays_and_refusals_are_told_apart_from_executions(aws: AwsServer) -> None:
    """A replay made nothing: counting it as a launch would find duplicates that are none."""
    launch(aws, ClientToken="t")
    launch(aws, ClientToken="t")
    refused("IdempotentParameterMismatch", launch, cloud=aws, ClientToken="t", InstanceType="t3.large")
    refused("AWS.SimpleQueueService.NonExistentQueue", aws.client("sqs").delete_queue, QueueUrl=f"{aws.url}/1/none")
    assert [(each.outcome, each.error) for each in aws.journal(outcome=None)] == [
        ("executed", ""),
        ("replayed", ""),
        ("refused", "IdempotentParameterMismatch"),
        ("refused", "AWS.SimpleQueueService.NonExistentQueue"),
    ]
    assert len(aws.journal("ec2:*")) == 1


def test_every_operation_is_counted_reads_included(aws: AwsServer) -> None:
    """How many reads a sweep costs is measured from these."""
    aws.client("sqs").list_queues()
    aws.client("sqs").list_queues()
    aws.client("ec2").describe_instances()
    assert aws.counts() == {"sqs:ListQueues": 2, "ec2:DescribeInstances": 1}
    assert aws.journal(outcome=None) == []


def test_a_reset_forgets_everything_but_never_repeats_a_sequence_number(aws: AwsServer) -> None:
    """Entries of two tests must never look alike."""
    launch(aws, ClientToken="t")
    last = aws.journal()[-1].sequence
    aws.inject("throttle")
    aws.configure(transition_seconds=9.0)
    aws.reset()
    assert (aws.journal(outcome=None), aws.counts(), aws.live_resources()) == ([], {}, [])
    launch(aws, ClientToken="t")
    assert aws.journal()[-1].sequence > last


def test_live_resources_are_those_of_all_accounts_and_regions_without_the_terminated(aws: AwsServer) -> None:
    """An audit that looks in one region only would call an orphan clean."""
    aws.configure(transition_seconds=0.0)
    gone = launch(aws)
    aws.client("ec2").terminate_instances(InstanceIds=[gone])
    aws.client("sqs", "us-east-1", account="999988887777").create_queue(QueueName="orders", tags={"a": "b"})
    kept = launch(aws, ClientToken="t", TagSpecifications=[{"ResourceType": "instance", "Tags": [_tag("c", "d")]}])
    instance, queue = aws.live_resources()
    assert (queue.type, queue.id, queue.account, queue.region) == ("queue", "orders", "999988887777", "us-east-1")
    assert queue.tags == {"a": "b"}
    assert (instance.type, instance.id, instance.state, instance.token) == ("instance", kept, "running", "t")
    assert instance.tags == {"c": "d"}


def test_an_operation_that_moto_does_not_do_fails_loudly(aws: AwsServer) -> None:
    """An answer made up for something unknown would prove nothing."""
    with pytest.raises(ClientError, match="the emulator does not do ec2:DescribeTrunkInterfaceAssociations") as caught:
        aws.client("ec2").describe_trunk_interface_associations()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    (failure,) = aws.take_failures()
    assert "ec2:DescribeTrunkInterfaceAssociations" in failure
    assert aws.take_failures() == []


def test_a_filter_that_moto_does_not_know_fails_loudly(aws: AwsServer) -> None:
    """A filter that is silently ignored would show somebody else's instances."""
    with pytest.raises(ClientError, match="the emulator does not do ec2:DescribeInstances"):
        aws.client("ec2").describe_instances(Filters=[{"Name": "tenancy", "Values": ["default"]}])
    assert len(aws.take_failures()) == 1


def _tag(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}
