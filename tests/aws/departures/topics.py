"""SNS: what moto does otherwise than the Amazon SNS API Reference says. An endpoint's token is the endpoint itself."""

from __future__ import annotations

import json
from typing import Any

from moto.sns.models import Subscription, Topic, sns_backends

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError, Reply, parsed
from tests.aws.world import World

DOCUMENTS = ("DeliveryPolicy", "FilterPolicy", "Policy", "RedrivePolicy")
BOOLEANS = ("ContentBasedDeduplication", "FifoTopic", "RawMessageDelivery")
TOPIC = {"ContentBasedDeduplication", "DeliveryPolicy", "DisplayName", "FifoTopic", "KmsMasterKeyId", "Policy"}
SUBSCRIPTION = {"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "SubscriptionRoleArn"}
SCOPES = ("MessageAttributes", "MessageBody")
ASK_FIRST = ("email", "email-json", "http", "https")
PENDING = "PendingConfirmation"
MOST_RETRIES = 100
LONGEST_DISPLAY_NAME = 100


def invalid(reason: str) -> AwsError:
    """SNS's one answer to whatever is wrong."""
    return AwsError("InvalidParameter", f"Invalid parameter: {reason}")


@departure("sns", "CreateTopic", "SetTopicAttributes", "Subscribe", "SetSubscriptionAttributes")
def attributes_are_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """Unknown names and wrong values are refused, and so is what only FIFO topics have; moto keeps them all."""
    known = TOPIC if "Topic" in call.operation else SUBSCRIPTION
    if "DataProtectionPolicy" in call.parameters:
        raise NotEmulatedError("the parameter DataProtectionPolicy")
    given = _given(call)
    for name, value in given.items():
        if name not in known or (call.operation == "SetTopicAttributes" and name == "FifoTopic"):
            raise invalid(f"AttributeName Reason: Unknown attribute {name}")
        if not _acceptable(name, value):
            raise invalid(f"{name} Reason: {value} is not valid")
    if "ContentBasedDeduplication" in given and not _is_fifo(call):
        raise invalid("Attributes Reason: Content-based deduplication can only be set for FIFO topics")
    return proceed()


def _given(call: Call) -> dict[str, str]:
    if "AttributeName" in call.parameters:
        return {call.parameters["AttributeName"]: call.parameters.get("AttributeValue", "")}
    return dict(call.parameters.get("Attributes", {}))


def _acceptable(name: str, value: str) -> bool:
    if name in BOOLEANS:
        return value in {"true", "false"}
    if name == "DisplayName":
        return len(value) <= LONGEST_DISPLAY_NAME
    if name == "FilterPolicyScope":
        return value in SCOPES
    return name not in DOCUMENTS or not value or _is_document(name, value)


def _is_document(name: str, value: str) -> bool:
    try:
        document = json.loads(value)
    except ValueError:
        return False
    if not isinstance(document, dict):
        return False
    retries = document.get("http", {}).get("defaultHealthyRetryPolicy", {}).get("numRetries", 0)
    return name != "DeliveryPolicy" or 0 <= retries <= MOST_RETRIES


def _is_fifo(call: Call) -> bool:
    if call.operation == "CreateTopic":
        return bool(call.parameters.get("Attributes", {}).get("FifoTopic") == "true")
    return bool(_topic(call).fifo_topic)


@departure("sns", "CreateTopic")
def existing_topic_is_left_alone(call: Call, _world: World, proceed: Proceed) -> object:
    """Creating a topic that exists returns it, or is refused when an attribute or the tags differ; moto compares none.

    Without tags it is returned whatever its tags are.
    """
    name = call.parameters["Name"]
    existing = next((each for each in backend(call).topics.values() if each.name == name), None)
    if existing is None:
        return proceed()
    have = shown_attributes(existing)
    for attribute, value in call.parameters.get("Attributes", {}).items():
        if _canonical(value) != _canonical(have.get(attribute, "")):
            raise invalid("Attributes Reason: Topic already exists with different attributes")
    tags = {each["Key"]: each["Value"] for each in call.parameters.get("Tags", ())}
    if tags and tags != existing._tags:
        raise invalid("Tags Reason: Topic already exists with different tags")
    return {"TopicArn": existing.arn}


def _canonical(value: str) -> object:
    return json.loads(value) if value.startswith("{") else value


@departure("sns", "GetTopicAttributes")
def only_what_is_set_is_shown(call: Call, _world: World, _proceed: Proceed) -> object:
    """A topic without a delivery policy shows none, and subscriptions are counted; moto shows an empty one, and 0."""
    return {"Attributes": shown_attributes(_topic(call))}


def shown_attributes(topic: Topic) -> dict[str, str]:
    """All attributes of a topic as GetTopicAttributes writes them."""
    subscriptions = [each for each in topic.sns_backend.subscriptions.values() if each.topic is topic]
    pending = sum(map(is_pending, subscriptions))
    shown: dict[str, Any] = {
        "DisplayName": topic.display_name,
        "EffectiveDeliveryPolicy": topic.effective_delivery_policy,
        "Owner": topic.account_id,
        "Policy": topic.policy,
        "SubscriptionsConfirmed": str(len(subscriptions) - pending),
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": str(pending),
        "TopicArn": topic.arn,
    }
    optional = {"DeliveryPolicy": topic.delivery_policy, "KmsMasterKeyId": topic.kms_master_key_id}
    shown |= {name: value for name, value in optional.items() if value}
    if topic.fifo_topic:
        shown |= {
            "FifoTopic": "true",
            "ContentBasedDeduplication": json.dumps(bool(topic.content_based_deduplication)),
        }
    return shown


@departure("sns", "Subscribe")
def an_endpoint_is_asked_first(call: Call, _world: World, proceed: Proceed) -> object:
    """A mail address or URL is subscribed when its owner confirms; moto subscribes it at once."""
    known = {*backend(call).subscriptions}
    reply = proceed()
    if not reply.ok:
        return reply
    arn = parsed(call, reply)["SubscriptionArn"]
    subscription: Any = backend(call).subscriptions[arn]
    if arn not in known:
        subscription.attributes["PendingConfirmation"] = call.parameters["Protocol"] in ASK_FIRST
    show = call.parameters.get("ReturnSubscriptionArn") or not is_pending(subscription)
    return {"SubscriptionArn": arn if show else "pending confirmation"}


@departure("sns", "Subscribe")
def an_existing_subscription_is_left_alone(call: Call, _world: World, proceed: Proceed) -> object:
    """Subscribing again with other attributes is refused; moto changes the one that is there."""
    named = call.parameters["TopicArn"], call.parameters.get("Endpoint", ""), call.parameters["Protocol"]
    existing = backend(call)._find_subscription(*named)
    have = _shown(existing) if existing else {}
    for name, value in call.parameters.get("Attributes", {}).items():
        if existing and _canonical(value) != _canonical(have.get(name, "")):
            raise invalid("Attributes Reason: Subscription already exists with different attributes")
    return proceed()


@departure("sns", "ConfirmSubscription")
def an_endpoint_confirms(call: Call, _world: World, _proceed: Proceed) -> object:
    """Whoever has the token confirms one subscription; moto answers with an ARN that nothing has, and changes nothing.

    AWS sends the token to the endpoint: here it is the endpoint itself.
    """
    topic, token = _topic(call), call.parameters["Token"]
    for subscription in backend(call).subscriptions.values():
        if subscription.topic is topic and subscription.endpoint == token:
            subscription.attributes["PendingConfirmation"] = False
            return {"SubscriptionArn": subscription.arn}
    raise invalid("Token")


@departure("sns", "ListSubscriptionsByTopic", "ListSubscriptions")
def an_unconfirmed_subscription_shows_no_arn(call: Call, _world: World, proceed: Proceed) -> object:
    """In place of its ARN stands PendingConfirmation."""
    reply = proceed()
    if not reply.ok:
        return reply
    result = _result(call, reply)
    for line in result["Subscriptions"]:
        if is_pending(backend(call).subscriptions[line["SubscriptionArn"]]):
            line["SubscriptionArn"] = PENDING
    return result


@departure("sns", "Unsubscribe")
def an_unconfirmed_subscription_cannot_be_removed(call: Call, _world: World, proceed: Proceed) -> object:
    """What has no ARN yet cannot be named; moto says nothing."""
    if call.parameters["SubscriptionArn"].count(":") < 5:
        raise invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")
    return proceed()


@departure("sns", "SetSubscriptionAttributes")
def a_redrive_policy_is_taken_away_by_no_value(call: Call, _world: World, proceed: Proceed) -> object:
    """Without a value the redrive policy goes, an empty one is refused; moto keeps what cannot be read back."""
    if call.parameters["AttributeName"] != "RedrivePolicy":
        return proceed()
    value = call.parameters.get("AttributeValue")
    if value == "":
        raise invalid("RedrivePolicy: failed to parse JSON")
    subscription: Any = backend(call).subscriptions.get(call.parameters["SubscriptionArn"])
    if subscription is None or value is not None:
        return proceed()
    subscription.attributes.pop("RedrivePolicy", None)
    return {}


@departure("sns", "GetSubscriptionAttributes")
def every_subscription_shows_what_it_has(call: Call, _world: World, _proceed: Proceed) -> object:
    """An empty filter policy is shown as none is, and so is its scope."""
    subscription = backend(call).subscriptions.get(call.parameters["SubscriptionArn"])
    if subscription is None:
        raise AwsError("NotFound", "Subscription does not exist", 404)
    return {"Attributes": _shown(subscription)}


def _shown(subscription: Subscription) -> dict[str, str]:
    have = {name: value for name, value in subscription.attributes.items() if value not in (None, "", "{}")}
    scope = have.pop("FilterPolicyScope", "MessageAttributes")
    have |= {"FilterPolicyScope": scope} if "FilterPolicy" in have else {}
    return {name: json.dumps(value) if isinstance(value, bool) else str(value) for name, value in have.items()}


def is_pending(subscription: Subscription) -> bool:
    """Whether nobody has confirmed it."""
    return bool(subscription.attributes.get("PendingConfirmation"))


def backend(call: Call) -> Any:
    """moto's SNS backend for the call's account and region."""
    return sns_backends[call.account][call.region]


def _topic(call: Call) -> Topic:
    topic: Topic | None = backend(call).topics.get(call.parameters["TopicArn"])
    if topic is None:
        raise AwsError("NotFound", "Topic does not exist", 404)
    return topic


def _result(call: Call, reply: Reply) -> dict[str, Any]:
    result = parsed(call, reply)
    result.pop("ResponseMetadata", None)
    return result
