"""Who a topic sends its messages to. A subscription is known by protocol and endpoint: SNS keeps one of each.

Source: the Amazon SNS API Reference, Subscribe, SetSubscriptionAttributes, ListSubscriptionsByTopic.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import references
from pilothouse.dataplane.aws.documents import JsonObject, canonical, compact
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Flow

Key = tuple[str, str]
"""Protocol and endpoint."""

PENDING: Final = "PendingConfirmation"
"""What SNS shows in place of an ARN until whoever is at the endpoint has confirmed."""

_RAW: Final = ["sqs", "http", "https", "firehose"]
_ENDPOINT: Final = (
    r"^(https?://[^/?#@\s]+([/?#]\S*)?"  # without user and password, which SNS would not show again
    r"|arn:\S+|\+[1-9][0-9]{1,14}|[^@:/\s]+@[^@:/\s]+)$"
)


class DeadLetters(Wire):
    """Where messages go that could not be delivered."""

    dead_letter_target: references.QueueARN = Field(description="The dead-letter queue; as id, its ARN.")


class Subscription(Wire):
    """One endpoint that gets the topic's messages."""

    rules: ClassVar[Rules] = (
        ("has(self.endpoint) != has(self.queue)", "give exactly one of endpoint and queue"),
        ("!has(self.queue) || self.protocol == 'sqs'", "queue: give it with protocol sqs, else endpoint"),
        (
            "has(self.subscriptionRole) == (self.protocol == 'firehose')",
            "subscriptionRole: give it with protocol firehose, and only then",
        ),
        (
            f"!has(self.rawMessageDelivery) || !self.rawMessageDelivery || self.protocol in {_RAW}",
            f"rawMessageDelivery: only with protocol {', '.join(_RAW)}",
        ),
        (
            "has(self.filterPolicy) || !has(self.filterPolicyScope) || self.filterPolicyScope != 'MessageBody'",
            "filterPolicyScope: give filterPolicy too, or leave it out",
        ),
    )

    protocol: Literal["sqs", "lambda", "http", "https", "email", "email-json", "sms", "application", "firehose"] = (
        Field(description="How messages are sent.")
    )
    endpoint: str | None = Field(
        None,
        pattern=_ENDPOINT,
        max_length=2048,
        description="Where to: an ARN, a URL without user and password, an address, or a number such as +491701234567.",
    )
    queue: references.QueueARN | None = Field(
        None, description="The queue where to, in place of endpoint; as id, its ARN. Its policy has to allow the topic."
    )
    subscription_role: references.RoleARN | None = Field(
        None, description="The role that may write to the delivery stream; as id, its ARN. Only with firehose."
    )
    raw_message_delivery: bool = Field(False, description="Send the message alone, without SNS's JSON around it.")
    filter_policy: JsonObject | None = Field(None, description="Which messages to send, as JSON text; all if left out.")
    filter_policy_scope: Literal["MessageAttributes", "MessageBody"] = Field(
        "MessageAttributes", description="What filterPolicy looks at."
    )
    redrive_policy: DeadLetters | None = Field(None, description="Where messages go that could not be delivered.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(
            self.rules,
            (self.endpoint is None) != (self.queue is None),
            self.queue is None or self.protocol == "sqs",
            (self.subscription_role is not None) == (self.protocol == "firehose"),
            not self.raw_message_delivery or self.protocol in _RAW,
            self.filter_policy is not None or self.filter_policy_scope != "MessageBody",
        )
        return self

    @property
    def key(self) -> Key:
        """What SNS knows it by; the spelling of a reference while the queue's ARN is not known."""
        return self.protocol, str(self.queue.value if self.queue is not None else self.endpoint)


def by_key(subscriptions: Iterable[Subscription]) -> dict[Key, Subscription]:
    """Return subscriptions in one order, each spelled with an endpoint: all that SNS knows of."""
    found = {each.key: each for each in subscriptions}
    return {key: found[key].model_copy(update={"endpoint": key[1], "queue": None}) for key in sorted(found)}


@dataclass(frozen=True, slots=True)
class Found:
    """The subscriptions that a topic has.

    confirmed: with their settings, in the order of their keys; known: protocol, endpoint and ARN of each, the ARN empty
    until whoever is at the endpoint has confirmed.
    """

    confirmed: tuple[Subscription, ...]
    known: tuple[tuple[str, str, str], ...]


def find(topic: str, owner: str) -> Flow[Found]:
    """Ask for all subscriptions of a topic of the account `owner`. Raises NotFound when the topic has gone."""
    confirmed, known = [], []
    for line in (yield from _listed(topic)):
        arn = "" if line["SubscriptionArn"] == PENDING else line["SubscriptionArn"]
        known.append((line["Protocol"], line["Endpoint"], arn))
        if arn:
            confirmed += yield from _read(line, owner)
    return Found(tuple(by_key(confirmed).values()), tuple(sorted(known)))


def _listed(topic: str) -> Flow[list[Mapping[str, str]]]:
    lines: list[Mapping[str, str]] = []
    more: dict[str, str] | None = {}
    while more is not None:
        page = yield Call("sns", "ListSubscriptionsByTopic", {"TopicArn": topic, **more})
        lines += page["Subscriptions"]
        more = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
    return lines


def _read(line: Mapping[str, str], account: str) -> Flow[list[Subscription]]:
    """Read one that was listed, with its settings where `account` may see them; nothing when it has gone meanwhile."""
    attributes: Mapping[str, str] = {}
    if line["Owner"] == account:
        try:
            reply = yield Call("sns", "GetSubscriptionAttributes", {"SubscriptionArn": line["SubscriptionArn"]})
        except NotFound:
            return []
        attributes = reply["Attributes"]
    found = Subscription.model_construct(
        protocol=line["Protocol"],  # type: ignore[arg-type]
        endpoint=line["Endpoint"],
        subscription_role=_role(attributes.get("SubscriptionRoleArn")),
        raw_message_delivery=attributes.get("RawMessageDelivery") == "true",
        filter_policy=_filter(attributes.get("FilterPolicy")),
        filter_policy_scope=attributes.get("FilterPolicyScope", "MessageAttributes"),  # type: ignore[arg-type]
        redrive_policy=_dead_letters(attributes.get("RedrivePolicy")),
    )
    return [found]


def changes(topic: str, have: Found, want: Mapping[Key, Subscription]) -> Iterator[Call]:
    """Yield the calls that turn the confirmed subscriptions of a topic into `want`.

    One that waits to be confirmed is left alone: SNS would ask whoever is there again, and drops it by itself.
    """
    arns = {(protocol, endpoint): arn for protocol, endpoint, arn in have.known}
    confirmed = by_key(have.confirmed)
    for key, each in want.items():
        if key in confirmed:
            yield from _change(arns[key], confirmed[key], each)
        elif key not in arns:
            yield _subscribe(topic, each)
    for key in sorted(confirmed.keys() - want.keys()):
        yield Call("sns", "Unsubscribe", {"SubscriptionArn": arns[key]})


def _subscribe(topic: str, want: Subscription) -> Call:
    """Return the call that adds one, with everything that it needs said at once."""
    settings = {name: value for name, value in _settings(want).items() if value != _DEFAULTS[name]}
    return Call(
        "sns",
        "Subscribe",
        {"TopicArn": topic, "Protocol": want.protocol, "Endpoint": want.endpoint, "Attributes": settings},
    )


def _change(arn: str, have: Subscription, want: Subscription) -> Iterator[Call]:
    """Yield the calls that turn one into another, one setting each."""
    before, after = _settings(have), _settings(want)
    # A policy over the body may be nested: it needs the scope before it comes, and until it has gone.
    order = reversed(_NAMES) if after["FilterPolicyScope"] == "MessageAttributes" else _NAMES
    for name in order:
        if before[name] != after[name]:
            # SNS takes a redrive policy away when no value is given, and refuses an empty one.
            value = {} if after[name] is None else {"AttributeValue": after[name]}
            yield Call("sns", "SetSubscriptionAttributes", {"SubscriptionArn": arn, "AttributeName": name, **value})


_DEFAULTS: Final[Mapping[str, str | None]] = {
    "FilterPolicyScope": "MessageAttributes",
    "FilterPolicy": "{}",
    "RawMessageDelivery": "false",
    "RedrivePolicy": None,
    "SubscriptionRoleArn": None,
}
_NAMES: Final = tuple(_DEFAULTS)


def _settings(of: Subscription) -> dict[str, Any]:
    redrive, role = of.redrive_policy, of.subscription_role
    return {
        "FilterPolicyScope": of.filter_policy_scope,
        "FilterPolicy": of.filter_policy or "{}",
        "RawMessageDelivery": json.dumps(of.raw_message_delivery),
        "RedrivePolicy": compact({"deadLetterTargetArn": redrive.dead_letter_target.value}) if redrive else None,
        "SubscriptionRoleArn": role.value if role else None,
    }


def _filter(text: str | None) -> str | None:
    policy = canonical(text or "{}")
    return None if policy == "{}" else policy


def _role(arn: str | None) -> references.RoleARN | None:
    return references.RoleARN(id=arn) if arn else None


def _dead_letters(text: str | None) -> DeadLetters | None:
    arn = json.loads(text or "{}").get("deadLetterTargetArn")
    return DeadLetters(dead_letter_target=references.QueueARN(id=arn)) if arn else None
