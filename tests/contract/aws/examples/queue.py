"""Example settings of awsQueue."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pilothouse.dataplane.aws.types.queue import Queue
from pilothouse.dataplane.types import Call
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.stage import queue_arn

FIFO = {"fifo": True}
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [ANYBODY]}, indent=2)
NARROWER = json.dumps({"Version": "2012-10-17", "Statement": [{**ANYBODY, "Action": "sqs:ReceiveMessage"}]})
ALLOW_SOME = {"redrivePermission": "byQueue", "sourceQueueARNs": ["$dead-letters-a", "$dead-letters-b"]}


def attributes(**values: str) -> tuple[Call, ...]:
    """Somebody sets attributes of the queue."""
    return (Call("sqs", "SetQueueAttributes", {"QueueUrl": "$id", "Attributes": values}),)


SETTINGS: Mapping[str, Setting] = {
    "visibilityTimeoutSeconds": Setting(45, 60, attributes(VisibilityTimeout="77")),
    "delaySeconds": Setting(5, 6, attributes(DelaySeconds="7")),
    "maximumMessageSizeBytes": Setting(2_048, 262_144, attributes(MaximumMessageSize="1024")),
    "messageRetentionPeriodSeconds": Setting(600, 1_200, attributes(MessageRetentionPeriod="60")),
    "receiveMessageWaitTimeSeconds": Setting(3, 4, attributes(ReceiveMessageWaitTimeSeconds="20")),
    "contentBasedDeduplication": Setting(
        first=True, second=False, behind=attributes(ContentBasedDeduplication="false"), beside=FIFO, default=False
    ),
    "deduplicationScope": Setting(
        "messageGroup", "queue", attributes(DeduplicationScope="queue"), beside=FIFO, default="queue"
    ),
    "fifoThroughputLimit": Setting(
        "perMessageGroupId",
        "perQueue",
        attributes(FifoThroughputLimit="perQueue"),
        beside={**FIFO, "deduplicationScope": "messageGroup"},
        default="perQueue",
    ),
    "kmsMasterKeyID": Setting("alias/one", "alias/two", attributes(KmsMasterKeyId="alias/three"), removed=True),
    "kmsDataKeyReusePeriodSeconds": Setting(
        600, 900, attributes(KmsDataKeyReusePeriodSeconds="60"), beside={"kmsMasterKeyID": "alias/one"}, default=300
    ),
    "sqsManagedSSEEnabled": Setting(
        first=False, second=True, behind=attributes(SqsManagedSseEnabled="true"), default=True
    ),
    "policy": Setting(POLICY, NARROWER, attributes(Policy=""), removed=True),
    "redrivePolicy": Setting(
        {"deadLetterTargetARN": "$dead-letters-a", "maxReceiveCount": 3},
        {"deadLetterTargetARN": "$dead-letters-b", "maxReceiveCount": 4},
        attributes(RedrivePolicy=""),
        removed=True,
    ),
    "redriveAllowPolicy": Setting(
        ALLOW_SOME, {"redrivePermission": "denyAll"}, attributes(RedriveAllowPolicy='{"redrivePermission":"allowAll"}')
    ),
    "tags": Setting(
        {"team": "orders", "tier": "prod"},
        {"team": "payments"},
        (
            Call("sqs", "TagQueue", {"QueueUrl": "$id", "Tags": {"team": "nobody", "by": "hand"}}),
            Call("sqs", "UntagQueue", {"QueueUrl": "$id", "TagKeys": ["tier"]}),
        ),
    ),
}

EXAMPLE = Example(
    type=Queue(),
    minimal={},
    settings=SETTINGS,
    fixed={"fifo": Fixed(first=False, second=True)},
    wrong={"redrivePolicy": {"deadLetterTargetARN": "arn:aws:sqs:eu-west-1:123456789012:absent"}},
    stage={"$dead-letters-a": queue_arn("dead-letters-a"), "$dead-letters-b": queue_arn("dead-letters-b")},
    in_use="SQS deletes a queue whoever sends to it",
)
