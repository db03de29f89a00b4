"""Example settings of awsTopic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.topic import Topic
from pilothouse.dataplane.types import Call
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.stage import queue_arn

FIFO = {"fifo": True}
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [ANYBODY]}, indent=2)
NARROWER = json.dumps({"Version": "2012-10-17", "Statement": [{**ANYBODY, "Action": "sns:Subscribe"}]})


def attribute(name: str, value: str) -> tuple[Call, ...]:
    """Somebody sets an attribute of the topic."""
    return (Call("sns", "SetTopicAttributes", {"TopicArn": "$id", "AttributeName": name, "AttributeValue": value}),)


def delivery(retries: int) -> str:
    """A delivery policy with so many retries."""
    return json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": retries}}}, indent=2)


def subscriptions(**more: Any) -> list[dict[str, Any]]:
    """Two queues that get messages, the first of them with more settings."""
    return [
        {"protocol": "sqs", "queue": {"id": "$queue-b"}, **more},
        {"protocol": "sqs", "endpoint": "$queue-a"},
    ]


SETTINGS: Mapping[str, Setting] = {
    "contentBasedDeduplication": Setting(
        first=True,
        second=False,
        behind=attribute("ContentBasedDeduplication", "false"),
        beside=FIFO,
        default=False,
    ),
    "displayName": Setting("Orders", "Payments", attribute("DisplayName", "Nobody")),
    "deliveryPolicy": Setting(delivery(3), delivery(5), attribute("DeliveryPolicy", delivery(9)), removed=True),
    "policy": Setting(POLICY, NARROWER, attribute("Policy", NARROWER), removed=True),
    "kmsMasterKeyID": Setting("alias/one", "alias/two", attribute("KmsMasterKeyId", "alias/three"), removed=True),
    "subscriptions": Setting(
        subscriptions(
            rawMessageDelivery=True,
            filterPolicy='{"order": {"paid": [true]}}',
            filterPolicyScope="MessageBody",
            redrivePolicy={"deadLetterTarget": {"id": "$queue-a"}},
        ),
        subscriptions(filterPolicy='{"paid": ["yes"]}')[:1],
        (
            Call(
                "sns",
                "Subscribe",
                {"TopicArn": "$id", "Protocol": "lambda", "Endpoint": "arn:aws:lambda:eu-west-1:1:function:one"},
            ),
        ),
        removed=True,
    ),
    "tags": Setting(
        {"team": "orders", "tier": "prod"},
        {"team": "payments"},
        (
            Call("sns", "TagResource", {"ResourceArn": "$id", "Tags": [{"Key": "team", "Value": "nobody"}]}),
            Call("sns", "UntagResource", {"ResourceArn": "$id", "TagKeys": ["tier"]}),
        ),
    ),
}

EXAMPLE = Example(
    type=Topic(),
    minimal={},
    settings=SETTINGS,
    fixed={"fifo": Fixed(first=False, second=True)},
    wrong={"deliveryPolicy": delivery(1000)},
    stage={"$queue-a": queue_arn("queue-a"), "$queue-b": queue_arn("queue-b")},
    in_use="SNS deletes a topic whoever gets its messages",
)
