"""SQS as the API Reference has it; each test fails on bare moto."""

from __future__ import annotations

import json
import time

from tests.aws.comparing import corrects, refused
from tests.aws.departures import queues
from tests.aws.server import AwsServer


def queue(cloud: AwsServer, name: str = "orders", **attributes: str) -> str:
    """Create a queue; returns its URL."""
    return cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]


def attributes(cloud: AwsServer, url: str) -> dict[str, str]:
    """All attributes of a queue."""
    shown = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {str(name): value for name, value in shown.items()}


@corrects(queues.deleted_name_is_blocked, queues.deletion_is_remembered)
def test_a_deleted_queues_name_stays_blocked_for_a_while(cloud: AwsServer) -> None:
    """A controller that replaces a queue must wait, on AWS for a minute."""
    sqs = cloud.client("sqs")
    sqs.delete_queue(QueueUrl=queue(cloud))
    refused("AWS.SimpleQueueService.QueueDeletedRecently", sqs.create_queue, QueueName="orders")


def test_a_deleted_queues_name_becomes_free_again(aws: AwsServer) -> None:
    """The window must end, and end sooner when a test says so."""
    aws.configure(queue_deleted_seconds=0.05)
    aws.client("sqs").delete_queue(QueueUrl=queue(aws))
    time.sleep(0.06)
    assert queue(aws).endswith("/orders")


@corrects(queues.attributes_are_checked)
def test_values_out_of_range_are_refused_and_change_nothing(cloud: AwsServer) -> None:
    """AWS refuses what moto stores."""
    url = queue(cloud)
    before = attributes(cloud, url)
    for name, (lowest, highest) in queues.RANGES.items():
        for value in (str(lowest - 1), str(highest + 1), "many"):
            set_attributes = cloud.client("sqs").set_queue_attributes
            refused("InvalidAttributeValue", set_attributes, QueueUrl=url, Attributes={name: value})
    assert attributes(cloud, url) == before


@corrects(queues.attributes_are_checked)
def test_unknown_attributes_are_refused(cloud: AwsServer) -> None:
    """A typing error in an attribute's name must not pass."""
    create = cloud.client("sqs").create_queue
    refused("InvalidAttributeName", create, QueueName="a", Attributes={"DelaySecond": "1"})


@corrects(queues.attributes_are_checked)
def test_fifo_attributes_belong_to_fifo_queues_only(cloud: AwsServer) -> None:
    """Terraform learned the hard way that FifoQueue=false is refused too."""
    sqs = cloud.client("sqs")
    refused("InvalidAttributeName", sqs.create_queue, QueueName="a", Attributes={"FifoQueue": "false"})
    refused("InvalidAttributeName", sqs.create_queue, QueueName="a", Attributes={"ContentBasedDeduplication": "true"})


@corrects(queues.attributes_are_checked)
def test_a_queue_cannot_become_fifo(cloud: AwsServer) -> None:
    """The kind of a queue is fixed when it is made: a change is a replacement."""
    set_attributes = cloud.client("sqs").set_queue_attributes
    refused("InvalidAttributeName", set_attributes, QueueUrl=queue(cloud), Attributes={"FifoQueue": "true"})


@corrects(queues.attributes_are_checked)
def test_a_fifo_name_needs_a_fifo_queue(cloud: AwsServer) -> None:
    """The suffix .fifo is kept for FIFO queues."""
    refused("InvalidParameterValue", cloud.client("sqs").create_queue, QueueName="orders.fifo")


@corrects(queues.dead_letter_queue_must_exist)
def test_a_missing_dead_letter_queue_is_an_invalid_parameter(cloud: AwsServer) -> None:
    """The queue that is changed does exist; moto says NonExistentQueue, and keeps the policy."""
    url = queue(cloud)
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:none", "maxReceiveCount": 3})
    set_attributes = cloud.client("sqs").set_queue_attributes
    refused("InvalidParameterValue", set_attributes, QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert "RedrivePolicy" not in attributes(cloud, url)


@corrects(queues.high_throughput_needs_message_groups)
def test_high_throughput_needs_message_groups(cloud: AwsServer) -> None:
    """Two attributes that only go together must be changed together."""
    url = queue(cloud, "orders.fifo", FifoQueue="true")
    set_attributes = cloud.client("sqs").set_queue_attributes
    alone = {"FifoThroughputLimit": "perMessageGroupId"}
    refused("InvalidAttributeValue", set_attributes, QueueUrl=url, Attributes=alone)
    set_attributes(QueueUrl=url, Attributes={**alone, "DeduplicationScope": "messageGroup"})  # type: ignore[dict-item]
    assert attributes(cloud, url)["FifoThroughputLimit"] == "perMessageGroupId"


@corrects(queues.one_kind_of_encryption)
def test_a_kms_key_ends_managed_encryption_and_its_removal_restores_it(cloud: AwsServer) -> None:
    """One setting changes the other: a controller that owns both must not fight with AWS."""
    url = queue(cloud, KmsMasterKeyId="alias/aws/sqs")
    assert attributes(cloud, url)["SqsManagedSseEnabled"] == "false"
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": ""})
    assert attributes(cloud, url)["SqsManagedSseEnabled"] == "true"
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert "KmsMasterKeyId" not in attributes(cloud, url)


@corrects(queues.one_kind_of_encryption)
def test_both_kinds_of_encryption_at_once_are_refused(cloud: AwsServer) -> None:
    """AWS takes one kind at a time."""
    both = {"KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "true"}
    refused("InvalidAttributeValue", cloud.client("sqs").create_queue, QueueName="a", Attributes=both)


@corrects(queues.existing_queue_is_left_alone)
def test_creating_a_queue_again_leaves_its_tags_alone(cloud: AwsServer) -> None:
    """A queue that somebody else owns must not change hands because we ask for its name."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="orders", tags={"owner": "them"})["QueueUrl"]
    assert sqs.create_queue(QueueName="orders", tags={"owner": "us"})["QueueUrl"] == url
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"owner": "them"}


@corrects(queues.existing_queue_is_left_alone)
def test_every_attribute_counts_when_a_queue_is_created_again(cloud: AwsServer) -> None:
    """moto does not compare RedriveAllowPolicy."""
    create = cloud.client("sqs").create_queue
    queue(cloud, RedriveAllowPolicy='{"redrivePermission": "denyAll"}')
    other = {"RedriveAllowPolicy": '{"redrivePermission": "allowAll"}'}
    message = refused("QueueAlreadyExists", create, QueueName="orders", Attributes=other)
    assert "RedriveAllowPolicy" in message


def test_creating_a_queue_again_with_the_same_or_no_attributes_returns_it(aws: AwsServer) -> None:
    """That is what makes a create by name safe to repeat."""
    url = queue(aws, DelaySeconds="3", Policy='{"Version": "2012-10-17", "Statement": []}')
    assert queue(aws) == queue(aws, DelaySeconds="3") == url
    refused("QueueAlreadyExists", aws.client("sqs").create_queue, QueueName="orders", Attributes={"DelaySeconds": "4"})


@corrects(queues.policy_survives_other_changes)
def test_the_policy_survives_other_changes(cloud: AwsServer) -> None:
    """moto removes the policy whenever anything else is set."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}]}
    url = queue(cloud, Policy=json.dumps(policy))
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "9"})
    assert json.loads(attributes(cloud, url)["Policy"]) == policy


@corrects(queues.every_attribute_is_shown)
def test_the_redrive_allow_policy_can_be_read_back(cloud: AwsServer) -> None:
    """What cannot be read cannot be watched for drift."""
    url = queue(cloud)
    policy = '{"redrivePermission": "denyAll"}'
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": policy})
    assert attributes(cloud, url)["RedriveAllowPolicy"] == policy
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": ""})
    assert "RedriveAllowPolicy" not in attributes(cloud, url)


@corrects(queues.every_attribute_is_shown)
def test_timestamps_are_whole_seconds(cloud: AwsServer) -> None:
    """AWS writes seconds since 1970, moto a fraction too."""
    assert attributes(cloud, queue(cloud))["CreatedTimestamp"].isdigit()


@corrects(queues.pages_stay_true)
def test_a_page_token_survives_the_deletion_of_the_next_queue(cloud: AwsServer) -> None:
    """A sweep that pages while queues are deleted must see all the others exactly once."""
    sqs = cloud.client("sqs")
    urls = [queue(cloud, f"q{number}") for number in range(6)]
    first = sqs.list_queues(QueueNamePrefix="q", MaxResults=2)
    sqs.delete_queue(QueueUrl=urls[2])
    seen = [*first["QueueUrls"]]
    token = first["NextToken"]
    while token:
        page = sqs.list_queues(QueueNamePrefix="q", MaxResults=2, NextToken=token)
        seen += page.get("QueueUrls", [])
        token = page.get("NextToken", "")
    assert seen == [url for url in urls if url != urls[2]]


@corrects(queues.pages_stay_true)
def test_a_prefix_is_no_pattern(cloud: AwsServer) -> None:
    """A dot in a prefix is a dot."""
    queue(cloud, "orders")
    assert "QueueUrls" not in cloud.client("sqs").list_queues(QueueNamePrefix="o.ders")


def test_every_attribute_of_a_queue_can_be_set_changed_and_read(aws: AwsServer) -> None:
    """These are the fields a queue type manages: each must come back as it was set."""
    url, target = queue(aws, "orders.fifo", FifoQueue="true"), queue(aws, "dead.fifo", FifoQueue="true")
    arn = attributes(aws, target)["QueueArn"]
    wanted = {
        "DelaySeconds": "5",
        "MaximumMessageSize": "2048",
        "MessageRetentionPeriod": "3600",
        "ReceiveMessageWaitTimeSeconds": "7",
        "VisibilityTimeout": "45",
        "KmsMasterKeyId": "alias/mine",
        "KmsDataKeyReusePeriodSeconds": "600",
        "ContentBasedDeduplication": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
        "RedriveAllowPolicy": '{"redrivePermission": "denyAll"}',
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}),
    }
    for name, value in wanted.items():
        more = {"DeduplicationScope": "messageGroup"} if name == "FifoThroughputLimit" else {}
        aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={name: value, **more})  # type: ignore[dict-item]
    shown = attributes(aws, url)
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["FifoQueue"] == "true"


def test_tags_of_a_queue_can_be_added_and_removed(aws: AwsServer) -> None:
    """The mark of ownership lives in the tags."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="orders", tags={"a": "1"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"b": "2", "c": ""})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a", "never"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2", "c": ""}
