"""SQS: what moto does otherwise than the Amazon SQS API Reference says."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from moto.sqs.models import Queue

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, Reply
from tests.aws.world import World, sqs

RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
BOOLEANS = ("true", "false")
CHOICES = {
    "FifoQueue": ("true",),
    "ContentBasedDeduplication": BOOLEANS,
    "SqsManagedSseEnabled": BOOLEANS,
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
DOCUMENTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit")
KNOWN = {*RANGES, *CHOICES, *DOCUMENTS, "KmsMasterKeyId"}


@departure("sqs", "CreateQueue")
def deleted_name_is_blocked(call: Call, world: World, proceed: Proceed) -> Reply:
    """A name cannot be used again for 60 s after its queue was deleted (QueueDeletedRecently)."""
    until = world.deleted_queues.get((call.account, call.region, call.parameters["QueueName"]), 0.0)
    if world.now() < until:
        raise AwsError(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        )
    return proceed()


@departure("sqs", "DeleteQueue")
def deletion_is_remembered(call: Call, world: World, proceed: Proceed) -> Reply:
    """DeleteQueue starts the 60 s in which the name is blocked."""
    reply = proceed()
    if reply.ok:
        until = world.now() + world.settings.queue_deleted_seconds
        world.deleted_queues[call.account, call.region, queue_name(call)] = until
    return reply


@departure("sqs", "CreateQueue", "SetQueueAttributes")
def attributes_are_checked(call: Call, _world: World, proceed: Proceed) -> Reply:
    """Unknown names, values out of range and FIFO attributes on a standard queue are refused; nothing is changed."""
    given: dict[str, str] = call.parameters.get("Attributes", {})
    creating = call.operation == "CreateQueue"
    fifo = given.get("FifoQueue") == "true" if creating else _queue(call).fifo_queue
    if creating and not fifo and call.parameters["QueueName"].endswith(".fifo"):
        raise AwsError(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )
    for name, value in given.items():
        known = name in KNOWN and (fifo or name not in FIFO_ONLY) and (creating or name != "FifoQueue")
        if not known:
            raise AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")
        if not _acceptable(name, value):
            raise AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    return proceed()


def _acceptable(name: str, value: str) -> bool:
    if name in RANGES:
        lowest, highest = RANGES[name]
        return value.isdigit() and lowest <= int(value) <= highest
    if name in CHOICES:
        return value in CHOICES[name]
    if name in DOCUMENTS and value:
        return _document(value) is not None
    return True


def _document(value: str) -> dict[str, Any] | None:
    try:
        document = json.loads(value)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


@departure("sqs", "CreateQueue", "SetQueueAttributes")
def dead_letter_queue_must_exist(call: Call, _world: World, proceed: Proceed) -> Reply:
    """A RedrivePolicy to a queue that does not exist is an InvalidParameterValue.

    moto says NonExistentQueue and keeps the policy all the same.
    """
    value = call.parameters.get("Attributes", {}).get("RedrivePolicy")
    target = (_document(value) or {}).get("deadLetterTargetArn") if value else None
    if target and target not in {queue.queue_arn for queue in sqs(call).queues.values()}:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {value} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
        )
    return proceed()


@departure("sqs", "CreateQueue", "SetQueueAttributes")
def high_throughput_needs_message_groups(call: Call, _world: World, proceed: Proceed) -> Reply:
    """FifoThroughputLimit perMessageGroupId is allowed only with DeduplicationScope messageGroup."""
    given = call.parameters.get("Attributes", {})
    kept = {} if call.operation == "CreateQueue" else _queue(call).attributes
    wanted = {**kept, **given}
    if wanted.get("FifoThroughputLimit") == "perMessageGroupId" and wanted.get("DeduplicationScope") != "messageGroup":
        raise AwsError("InvalidAttributeValue", "Invalid value for the parameter FifoThroughputLimit.")
    return proceed()


@departure("sqs", "CreateQueue", "SetQueueAttributes")
def one_kind_of_encryption(call: Call, _world: World, proceed: Proceed) -> Reply:
    """A KMS key and SSE-SQS exclude each other: setting one ends the other, clearing the key restores SSE-SQS."""
    given = call.parameters.get("Attributes", {})
    key, managed = given.get("KmsMasterKeyId"), given.get("SqsManagedSseEnabled")
    if key and managed == "true":
        raise AwsError("InvalidAttributeValue", "You can use one type of server-side encryption (SSE) at one time.")
    existed = call.operation == "SetQueueAttributes" or call.parameters["QueueName"] in sqs(call).queues
    reply = proceed()
    if reply.ok and not (existed and call.operation == "CreateQueue"):
        queue: Any = _queue(call)
        if key:
            queue.sqs_managed_sse_enabled = "false"
        elif key == "" and managed is None:
            queue.sqs_managed_sse_enabled = "true"
        elif managed == "true":
            queue.kms_master_key_id = None
    return reply


@departure("sqs", "CreateQueue")
def existing_queue_is_left_alone(call: Call, _world: World, proceed: Proceed) -> object:
    """Creating a queue that exists returns it, or fails with QueueNameExists when an attribute differs.

    moto overwrites the queue's tags and does not compare every attribute.
    """
    queue = sqs(call).queues.get(call.parameters["QueueName"])
    if queue is None:
        return proceed()
    have = shown_attributes(queue)
    for name, value in call.parameters.get("Attributes", {}).items():
        if _canonical(value) != _canonical(have.get(name, "")):
            raise AwsError(
                "QueueAlreadyExists",
                f"A queue already exists with the same name and a different value for attribute {name}",
            )
    return {"QueueUrl": f"{call.url}/{call.account}/{queue.name}"}


def _canonical(value: str) -> object:
    document = _document(value)
    if document is None:
        return value
    return {key: part if isinstance(part, dict | list) else str(part) for key, part in document.items()}


@departure("sqs", "SetQueueAttributes")
def policy_survives_other_changes(call: Call, _world: World, proceed: Proceed) -> Reply:
    """SetQueueAttributes changes only the attributes it names; moto also removes the Policy."""
    if "Policy" in call.parameters.get("Attributes", {}):
        return proceed()
    queue = _queue(call)
    policy = queue.policy
    reply = proceed()
    queue.policy = policy
    return reply


@departure("sqs", "GetQueueAttributes")
def every_attribute_is_shown(call: Call, _world: World, _proceed: Proceed) -> object:
    """RedriveAllowPolicy can be read back, and timestamps are whole seconds."""
    shown = shown_attributes(_queue(call))
    names = call.parameters.get("AttributeNames", [])
    unknown = [name for name in names if name not in {"All", *shown, *KNOWN}]
    if unknown:
        raise AwsError("InvalidAttributeName", f"Unknown Attribute {unknown[0]}.")
    wanted = {name: value for name, value in shown.items() if "All" in names or name in names}
    return {"Attributes": wanted} if wanted else {}


def shown_attributes(queue: Queue) -> dict[str, str]:
    """All attributes of a queue as GetQueueAttributes writes them."""
    shown = {name: str(value) for name, value in queue.attributes.items() if value is not None}
    for name in ("CreatedTimestamp", "LastModifiedTimestamp"):
        shown[name] = shown[name].partition(".")[0]
    redrive_allow = getattr(queue, "redrive_allow_policy", None)
    return {**shown, "RedriveAllowPolicy": redrive_allow} if redrive_allow else shown


@departure("sqs", "ListQueues")
def pages_stay_true(call: Call, _world: World, _proceed: Proceed) -> object:
    """A page token stays good while queues come and go; the prefix is no pattern; MaxResults is 1 to 1000."""
    prefix = call.parameters.get("QueueNamePrefix", "")
    limit = call.parameters.get("MaxResults", 1000)
    if not 1 <= limit <= 1000:
        raise AwsError("InvalidParameterValue", f"Value {limit} for parameter MaxResults is invalid.")
    after = _after(call.parameters.get("NextToken"))
    names = sorted(name for name in sqs(call).queues if name.startswith(prefix) and name > after)
    page = names[:limit]
    result: dict[str, Any] = {"QueueUrls": [f"{call.url}/{call.account}/{name}" for name in page]} if page else {}
    if len(names) > limit and "MaxResults" in call.parameters:
        result["NextToken"] = base64.urlsafe_b64encode(f"after {page[-1]}".encode()).decode()
    return result


def _after(token: str | None) -> str:
    try:
        written = base64.urlsafe_b64decode(token).decode() if token else "after "
    except ValueError:
        written = ""
    if not written.startswith("after "):
        raise AwsError("InvalidParameterValue", f"Value {token} for parameter NextToken is invalid.")
    return written.removeprefix("after ")


def queue_name(call: Call) -> str:
    """The queue a call is about, from its URL or its name."""
    named: str = call.parameters.get("QueueName") or call.parameters["QueueUrl"]
    return re.split("/", named)[-1]


def _queue(call: Call) -> Queue:
    queue: Queue | None = sqs(call).queues.get(queue_name(call))
    if queue is None:
        raise AwsError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
    return queue
