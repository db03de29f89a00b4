"""awsQueue without AWS: the calls it makes, byte for byte, and the rules of its settings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.queue import Queue, QueueSpec
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Listed, Reading
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

QUEUE = Queue()
NAME = QUEUE.name(OWNER, "orders")
URL = f"https://sqs.example/123456789012/{NAME}"
ARN = f"arn:aws:sqs:eu-west-1:123456789012:{NAME}"
DEAD = "arn:aws:sqs:eu-west-1:123456789012:dead"
BASIC = {
    "VisibilityTimeout": "30",
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
}


def read(tags: dict[str, str] | None = None, **attributes: str) -> Reading:
    """Read a queue that SQS describes so."""
    shown = {"QueueArn": ARN, **BASIC, **attributes}
    replies = {"GetQueueAttributes": {"Attributes": shown}, "ListQueueTags": {"Tags": tags} if tags else {}}
    reading, _ = drive(QUEUE.read(URL), lambda call: replies[call.operation])
    assert isinstance(reading, Reading)
    return reading


def test_a_create_says_everything_at_once() -> None:
    call = QUEUE.create(want(QUEUE, tags={"team": "orders"}, redrivePolicy={"deadLetterTargetARN": DEAD}))
    assert call == Call(
        "sqs",
        "CreateQueue",
        {
            "QueueName": NAME,
            "Attributes": {
                **BASIC,
                "RedrivePolicy": json.dumps(
                    {"deadLetterTargetArn": DEAD, "maxReceiveCount": 10}, separators=(",", ":")
                ),
            },
            "tags": {"team": "orders", **marks.mark_tags(MARK)},
        },
    )
    assert QUEUE.created({"QueueUrl": URL}) == URL


def test_a_fifo_queue_has_its_suffix_and_says_so() -> None:
    call = QUEUE.create(want(QUEUE, fifo=True, contentBasedDeduplication=False, deduplicationScope="queue"))
    assert call.parameters["QueueName"] == f"{NAME}.fifo"
    assert call.parameters["Attributes"] == {
        **BASIC,
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
    }


def test_the_longest_name_of_a_fifo_queue_fits() -> None:
    call = QUEUE.create(want(QUEUE, fifo=True))
    assert len(QUEUE.name(OWNER, "x" * 300) + ".fifo") == 80
    assert len(call.parameters["QueueName"]) <= 80


def test_a_reading_shows_settings_mark_and_outputs() -> None:
    reading = read(
        {"team": "orders", **marks.mark_tags(MARK)}, KmsMasterKeyId="alias/one", SqsManagedSseEnabled="false"
    )
    assert reading.mark == MARK
    assert reading.outputs == {"url": URL, "arn": ARN, "name": NAME}
    assert reading.spec == QueueSpec(
        tags={"team": "orders"}, kms_master_key_id="alias/one", sqs_managed_sse_enabled=False
    )


@pytest.mark.parametrize("absent", ["GetQueueAttributes", "ListQueueTags"])
def test_a_queue_that_is_not_there_reads_as_none(absent: str) -> None:
    """It can also go away between the two reads."""

    def answer(call: Call) -> Any:
        return NotFound("gone") if call.operation == absent else {"Attributes": {"QueueArn": ARN}}

    assert drive(QUEUE.read(URL), answer)[0] is None


def test_it_is_looked_for_under_both_names() -> None:
    """The create may have been sent when `fifo` was another; what it made must not be forgotten."""

    def answer(call: Call) -> Any:
        if call.operation == "GetQueueUrl":
            return {"QueueUrl": URL} if call.parameters["QueueName"].endswith(".fifo") else NotFound("no")
        return {"Attributes": {"QueueArn": ARN, **BASIC}}

    found, asked = drive(QUEUE.find(want(QUEUE)), answer)
    assert [reading.id for reading in found] == [URL]
    assert [call.parameters["QueueName"] for call in asked if call.operation == "GetQueueUrl"] == [NAME, f"{NAME}.fifo"]


def test_one_that_goes_away_while_it_is_looked_for_is_not_found() -> None:
    found, _ = drive(
        QUEUE.find(want(QUEUE)),
        lambda call: {"QueueUrl": URL} if call.operation == "GetQueueUrl" else NotFound("gone"),
    )
    assert found == ()


def test_a_listing_is_by_prefix_and_shows_names_only() -> None:
    call = QUEUE.listing(OWNER.control_plane)
    assert NAME.startswith(call.parameters["QueueNamePrefix"])
    assert call.parameters["MaxResults"] == 1000, "without it SQS gives one page and no token for the next"
    assert list(QUEUE.listed({"QueueUrls": [URL]})) == [Listed(URL)]
    assert list(QUEUE.listed({})) == []


def test_all_attributes_that_differ_are_set_in_one_call_and_tags_one_by_one() -> None:
    have = read({"team": "orders", "old": "x", **marks.mark_tags(MARK)})
    wanted = want(QUEUE, delaySeconds=5, visibilityTimeoutSeconds=45, tags={"team": "payments"})
    assert QUEUE.update(have, wanted, frozenset()) == (
        Call(
            "sqs",
            "SetQueueAttributes",
            {"QueueUrl": URL, "Attributes": {"VisibilityTimeout": "45", "DelaySeconds": "5"}},
        ),
        Call("sqs", "TagQueue", {"QueueUrl": URL, "Tags": {"team": "payments"}}),
        Call("sqs", "UntagQueue", {"QueueUrl": URL, "TagKeys": ["old"]}),
    )


def test_what_is_as_wanted_needs_no_call() -> None:
    have = read(marks.mark_tags(MARK))
    assert QUEUE.update(have, want(QUEUE), frozenset()) == ()
    assert changes(QUEUE, want(QUEUE), have) == {}


LEFT_OUT: dict[str, tuple[dict[str, Any], dict[str, str], str, tuple[Any, Any]]] = {
    "a policy is removed": ({}, {"Policy": '{"a":1}'}, "policy", ('{"a":1}', None)),
    "SSE-SQS is on unless a key is given": (
        {},
        {"SqsManagedSseEnabled": "false"},
        "sqsManagedSSEEnabled",
        (False, True),
    ),
    "a FIFO queue tells duplicates apart in the whole queue": (
        {"fifo": True},
        {"FifoQueue": "true", "DeduplicationScope": "messageGroup"},
        "deduplicationScope",
        ("messageGroup", "queue"),
    ),
    "a data key is reused for five minutes": (
        {"kmsMasterKeyID": "alias/one"},
        {"KmsMasterKeyId": "alias/one", "KmsDataKeyReusePeriodSeconds": "900"},
        "kmsDataKeyReusePeriodSeconds",
        (900, 300),
    ),
}


@pytest.mark.parametrize(("settings", "attributes", "path", "change"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_is_left_out_again_goes_back_to_sqs_default(
    settings: dict[str, Any], attributes: dict[str, str], path: str, change: tuple[Any, Any]
) -> None:
    have, wanted = read(None, **attributes), want(QUEUE, **settings)
    assert changes(QUEUE, wanted, have) == {}, "what others set stays theirs"
    assert changes(QUEUE, wanted, have, frozenset({path})) == {path: change}


def test_a_removed_attribute_is_sent_as_empty_text() -> None:
    have = read(Policy='{"a":1}')
    (call,) = QUEUE.update(have, want(QUEUE), frozenset({"policy"}))
    assert call.parameters["Attributes"] == {"Policy": ""}


def test_deleting_and_adopting_are_one_call_each() -> None:
    have = read()
    assert QUEUE.delete(have) == (Call("sqs", "DeleteQueue", {"QueueUrl": URL}),)
    assert QUEUE.adopt(have, want(QUEUE)) == (
        Call("sqs", "TagQueue", {"QueueUrl": URL, "Tags": marks.mark_tags(MARK)}),
    )


def test_only_fifo_replaces_a_queue() -> None:
    paths = [info.alias or "" for info in QueueSpec.model_fields.values()]
    assert [path for path in paths if QUEUE.immutable(path)] == ["fifo"]
    assert {QUEUE.impact(path) for path in paths} == {"None"}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "deduplication without fifo": ({"contentBasedDeduplication": True}, "contentBasedDeduplication.*set fifo"),
    "a scope without fifo": ({"deduplicationScope": "queue"}, "deduplicationScope.*set fifo"),
    "a limit without fifo": ({"fifoThroughputLimit": "perQueue"}, "fifoThroughputLimit.*set fifo"),
    "a limit a group without its scope": (
        {"fifo": True, "fifoThroughputLimit": "perMessageGroupId"},
        "perMessageGroupId needs deduplicationScope messageGroup",
    ),
    "two encryptions": ({"kmsMasterKeyID": "k", "sqsManagedSSEEnabled": True}, "sqsManagedSSEEnabled: leave it out"),
    "a reuse period without a key": ({"kmsDataKeyReusePeriodSeconds": 60}, "set kmsMasterKeyID"),
    "dead letters to a standard queue": (
        {"fifo": True, "redrivePolicy": {"deadLetterTargetARN": DEAD}},
        "name a FIFO queue for a FIFO queue",
    ),
    "dead letters to a FIFO queue": ({"redrivePolicy": {"deadLetterTargetARN": f"{DEAD}.fifo"}}, "a standard one"),
    "a tag of ours": ({"tags": {"pilothouse.dev/owner": "me"}}, "tags: remove .*pilothouse.dev/"),
    "a tag of AWS": ({"tags": {"aws:x": ""}}, "tags: remove .*aws:"),
    "a tag without a key": ({"tags": {"": "x"}}, "tags: remove empty keys"),
    "a timeout over twelve hours": ({"visibilityTimeoutSeconds": 43_201}, "visibilityTimeoutSeconds"),
    "a policy that is no JSON": ({"policy": "{nonsense}"}, r"policy\n.*not valid JSON \(.*column 2"),
    "a typo": ({"delaySecond": 1}, "delaySecond"),
}


@pytest.mark.parametrize(("settings", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_settings_are_refused_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        QueueSpec.model_validate(settings)


ACCEPTED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "high throughput": {
        "fifo": True,
        "deduplicationScope": "messageGroup",
        "fifoThroughputLimit": "perMessageGroupId",
        "contentBasedDeduplication": True,
        "redrivePolicy": {"deadLetterTargetARN": f"{DEAD}.fifo"},
    },
    "a key of one's own": {"kmsMasterKeyID": "k", "kmsDataKeyReusePeriodSeconds": 60, "sqsManagedSSEEnabled": False},
    "tags": {"tags": {"team": "orders", "pilothouse": "mine"}},
}


@pytest.mark.parametrize("settings", ACCEPTED.values(), ids=ACCEPTED)
def test_right_settings_are_accepted(settings: dict[str, Any]) -> None:
    QueueSpec.model_validate(settings)
