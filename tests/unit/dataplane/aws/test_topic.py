"""awsTopic without AWS: the calls it makes, and the rules of its settings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks, topics
from pilothouse.dataplane.aws.topic_spec import TopicSpec
from pilothouse.dataplane.aws.types.topic import Topic
from pilothouse.dataplane.errors import DataplaneError, NotFound
from pilothouse.dataplane.types import Call, Listed, Reading
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

TOPIC = Topic()
NAME = TOPIC.name(OWNER, "orders")
ARN = f"arn:aws:sns:eu-west-1:123456789012:{NAME}"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
OTHER = "arn:aws:sqs:eu-west-1:123456789012:other"
BASIC = {"TopicArn": ARN, "Owner": "123456789012", "DisplayName": "", "Policy": topics.default_policy(ARN)}
TO_QUEUE = {"protocol": "sqs", "queue": {"id": QUEUE}}


def line(endpoint: str = QUEUE, protocol: str = "sqs", owner: str = "123456789012", arn: str = "") -> dict[str, str]:
    """One line of the list of subscriptions."""
    named = arn or f"{ARN}:{endpoint.rpartition(':')[2]}"
    return {"SubscriptionArn": named, "Owner": owner, "Protocol": protocol, "Endpoint": endpoint}


def read(*lines: dict[str, str], tags: dict[str, str] | None = None, **attributes: str) -> Reading:
    """Read a topic that SNS describes so; the subscription `other` has settings."""

    def answer(call: Call) -> Any:
        match call.operation:
            case "GetTopicAttributes":
                return {"Attributes": {**BASIC, **attributes}}
            case "ListTagsForResource":
                return {"Tags": marks.as_pairs(tags or {})}
            case "ListSubscriptionsByTopic":
                # Two pages, the second without a token.
                page = lines[1:] if "NextToken" in call.parameters else lines[:1]
                return {"Subscriptions": page, **({} if "NextToken" in call.parameters else {"NextToken": "more"})}
            case _:
                settings = {"RawMessageDelivery": "true", "RedrivePolicy": json.dumps({"deadLetterTargetArn": QUEUE})}
                return {"Attributes": settings if call.parameters["SubscriptionArn"].endswith("other") else {}}

    reading, _ = drive(TOPIC.read(ARN), answer)
    assert isinstance(reading, Reading)
    return reading


def sent(have: Reading, applied: frozenset[str] = frozenset(), **settings: Any) -> list[tuple[str, Any]]:
    """What an update would send: operations and what they say beyond the topic."""
    calls = TOPIC.update(have, want(TOPIC, **settings), applied)
    return [(call.operation, {k: v for k, v in call.parameters.items() if v != ARN}) for call in calls]


def test_a_create_says_all_but_subscriptions_at_once() -> None:
    call = TOPIC.create(want(TOPIC, displayName="Orders", tags={"team": "a"}, subscriptions=[TO_QUEUE]))
    tags = marks.as_pairs({"team": "a", **marks.mark_tags(MARK)})
    assert call == Call("sns", "CreateTopic", {"Name": NAME, "Attributes": {"DisplayName": "Orders"}, "Tags": tags})
    assert TOPIC.created({"TopicArn": ARN}) == ARN


def test_a_fifo_topic_has_its_suffix_and_says_so() -> None:
    call = TOPIC.create(want(TOPIC, fifo=True, contentBasedDeduplication=False))
    assert call.parameters["Name"] == f"{NAME}.fifo"
    assert call.parameters["Attributes"] == {"FifoTopic": "true", "ContentBasedDeduplication": "false"}
    assert len(TOPIC.name(OWNER, "x" * 300) + ".fifo") == 256


def test_a_reading_shows_settings_mark_and_outputs() -> None:
    reading = read(line(), tags={"team": "a", **marks.mark_tags(MARK)}, KmsMasterKeyId="alias/one")
    assert reading.mark == MARK
    assert reading.outputs == {"arn": ARN, "name": NAME}
    assert changes(TOPIC, want(TOPIC, tags={"team": "a"}, kmsMasterKeyID="alias/one"), reading) == {}
    assert changes(TOPIC, want(TOPIC, subscriptions=[TO_QUEUE], tags={"team": "a"}), reading) == {}


@pytest.mark.parametrize("missing", ["GetTopicAttributes", "ListTagsForResource", "ListSubscriptionsByTopic"])
def test_a_topic_that_goes_while_it_is_read_is_gone(missing: str) -> None:
    replies = {"GetTopicAttributes": {"Attributes": BASIC}, "ListTagsForResource": {"Tags": []}}
    found, _ = drive(TOPIC.read(ARN), lambda call: NotFound() if call.operation == missing else replies[call.operation])
    assert found is None


def test_a_subscription_that_goes_while_it_is_read_is_gone() -> None:
    replies = {
        "GetTopicAttributes": {"Attributes": BASIC},
        "ListTagsForResource": {"Tags": []},
        "ListSubscriptionsByTopic": {"Subscriptions": [line()]},
        "GetSubscriptionAttributes": NotFound(),
    }
    found, _ = drive(TOPIC.read(ARN), lambda call: replies[call.operation])
    assert found.spec.subscriptions == ()


def test_it_is_looked_for_under_both_names_in_the_cells_own_account_and_region() -> None:
    found, asked = drive(TOPIC.find(want(TOPIC)), lambda _: NotFound())
    assert found == ()
    place = "arn:${partition}:sns:${region}:${account}:"
    assert [call.parameters["TopicArn"] for call in asked] == [f"{place}{NAME}", f"{place}{NAME}.fifo"]


def test_both_kinds_beside_each_other_are_found() -> None:
    replies = {"Attributes": BASIC, "Tags": [], "Subscriptions": []}
    found, _ = drive(TOPIC.find(want(TOPIC)), lambda _: replies)
    assert [each.id for each in found] == [ARN, ARN]


def test_a_listing_shows_marks() -> None:
    tags = marks.as_pairs(marks.mark_tags(MARK))
    page = {"ResourceTagMappingList": [{"ResourceARN": ARN, "Tags": tags}]}
    assert list(TOPIC.listed(page)) == [Listed(ARN, mark=MARK)]
    filters = TOPIC.listing("control-plane-1").parameters
    assert filters["TagFilters"] == [{"Key": marks.CONTROL_PLANE, "Values": ["control-plane-1"]}]


def test_each_attribute_is_set_by_its_own_call() -> None:
    have = read(KmsMasterKeyId="alias/one", DeliveryPolicy='{"http":{"a":null}}', Policy="{}")
    applied = frozenset({"kmsMasterKeyID", "deliveryPolicy", "policy"})
    named = [(each["AttributeName"], each["AttributeValue"]) for _, each in sent(have, applied, displayName="Orders")]
    assert named == [
        ("DisplayName", "Orders"),
        ("DeliveryPolicy", ""),
        ("Policy", topics.default_policy(ARN)),
        ("KmsMasterKeyId", ""),
    ]


def test_a_delivery_policy_is_compared_as_sns_spells_it() -> None:
    have = read(DeliveryPolicy='{"http":{"disableSubscriptionOverrides":false,"defaultThrottlePolicy":null},"x":1}')
    assert changes(TOPIC, want(TOPIC, deliveryPolicy='{"x": 1, "http": {}}'), have) == {}


def test_deduplication_left_out_again_is_off() -> None:
    have = read(FifoTopic="true", ContentBasedDeduplication="true")
    applied = frozenset({"contentBasedDeduplication"})
    assert changes(TOPIC, want(TOPIC, fifo=True), have) == {}
    assert changes(TOPIC, want(TOPIC, fifo=True), have, applied) == {"contentBasedDeduplication": (True, False)}


def test_subscriptions_come_change_and_go() -> None:
    have = read(line(), line(OTHER))
    lambda_ = {"protocol": "lambda", "endpoint": "arn:aws:lambda:eu-west-1:1:function:one"}
    raw = {**TO_QUEUE, "rawMessageDelivery": True, "filterPolicy": '{"a": 1}', "filterPolicyScope": "MessageBody"}
    assert [each for each, _ in sent(have, subscriptions=[lambda_])] == ["Subscribe", "Unsubscribe", "Unsubscribe"]
    changed = sent(have, subscriptions=[raw, {"protocol": "sqs", "endpoint": OTHER}])
    assert [(each.get("AttributeName"), each.get("AttributeValue")) for _, each in changed] == [
        ("FilterPolicyScope", "MessageBody"),
        ("FilterPolicy", '{"a":1}'),
        ("RawMessageDelivery", "true"),
        ("RedrivePolicy", None),
        ("RawMessageDelivery", "false"),
    ]


def test_a_subscription_says_what_it_needs_at_once() -> None:
    role = {
        "protocol": "firehose",
        "endpoint": "arn:aws:firehose:a",
        "subscriptionRole": {"id": "arn:aws:iam::1:role/a"},
    }
    ((operation, given),) = sent(read(), subscriptions=[role])
    assert (operation, given["Attributes"]) == ("Subscribe", {"SubscriptionRoleArn": "arn:aws:iam::1:role/a"})


def test_subscriptions_are_left_alone_until_they_were_given_once() -> None:
    have = read(line())
    assert sent(have) == []
    assert [each for each, _ in sent(have, frozenset({"subscriptions"}))] == ["Unsubscribe"]


def test_what_is_not_confirmed_is_neither_drift_nor_asked_again() -> None:
    have = read(line("ops@example.com", "email", arn="PendingConfirmation"), line())
    mail = {"protocol": "email", "endpoint": "ops@example.com"}
    assert have.health.message == "not confirmed yet: ops@example.com"
    assert sent(have, subscriptions=[mail, TO_QUEUE]) == []
    assert sent(have, subscriptions=[TO_QUEUE]) == []
    assert [each for each, _ in sent(have, subscriptions=[mail])] == ["Unsubscribe"]


def test_a_subscription_of_another_account_is_not_read_where_nobody_may() -> None:
    have = read(line(owner="999999999999"))
    assert changes(TOPIC, want(TOPIC, subscriptions=[TO_QUEUE]), have) == {}


def test_deleting_and_adopting() -> None:
    have = read(tags={"team": "a"})
    assert TOPIC.delete(have) == (Call("sns", "DeleteTopic", {"TopicArn": ARN}),)
    (call,) = TOPIC.adopt(have, want(TOPIC))
    assert call.parameters == {"ResourceArn": ARN, "Tags": marks.as_pairs(marks.mark_tags(MARK))}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "deduplication of a standard topic": ({"contentBasedDeduplication": True}, "set fifo"),
    "a subscription without an endpoint": ({"subscriptions": [{"protocol": "sqs"}]}, "exactly one of endpoint"),
    "a queue by another protocol": ({"subscriptions": [{**TO_QUEUE, "protocol": "lambda"}]}, "with protocol sqs"),
    "a role for a queue": ({"subscriptions": [{**TO_QUEUE, "subscriptionRole": {"ref": "r"}}]}, "protocol firehose"),
    "a raw mail": (
        {"subscriptions": [{"protocol": "email", "endpoint": "a@b.c", "rawMessageDelivery": True}]},
        "rawMessageDelivery: only",
    ),
    "a scope of nothing": ({"subscriptions": [{**TO_QUEUE, "filterPolicyScope": "MessageBody"}]}, "give filterPolicy"),
    "a password in a URL": (
        {"subscriptions": [{"protocol": "https", "endpoint": "https://me:secret@example.com/"}]},
        "should match pattern",
    ),
    "one queue twice": ({"subscriptions": [TO_QUEUE, {"protocol": "sqs", "endpoint": QUEUE}]}, "given twice"),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=list(WRONG))
def test_settings_that_cannot_be_are_refused_with_the_mend(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TopicSpec.model_validate(settings)


@pytest.mark.parametrize("endpoint", ["https://example.com/@me?x", "+491701234567", "a@example.com", QUEUE])
def test_endpoints_of_all_kinds_are_taken(endpoint: str) -> None:
    TopicSpec.model_validate({"subscriptions": [{"protocol": "sqs", "endpoint": endpoint}]})


def test_a_queue_of_the_application_is_known_by_name_until_it_exists() -> None:
    ref = {"protocol": "sqs", "queue": {"ref": "orders"}, "redrivePolicy": {"deadLetterTarget": {"ref": "dead"}}}
    (each,) = TopicSpec.model_validate({"subscriptions": [ref]}).subscriptions or ()
    assert each.key == ("sqs", "${orders.arn}")


def test_errors_other_than_that_it_is_gone_are_told() -> None:
    with pytest.raises(DataplaneError, match="try later"):
        drive(TOPIC.read(ARN), lambda _: DataplaneError("try later"))
