"""Settings of a topic.

Source for ranges and defaults: the Amazon SNS API Reference, CreateTopic.
"""

from typing import ClassVar, Final, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.documents import JsonObject
from pilothouse.dataplane.aws.subscriptions import Key, Subscription
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import IMMUTABLE

_FIFO_RULE: Final = (
    "(has(self.fifo) && self.fifo) || !has(self.contentBasedDeduplication)",
    "contentBasedDeduplication: set fifo, or leave it out",
)


class TopicSpec(TaggedSpec):
    """Settings of a topic."""

    rules: ClassVar[Rules] = (*TaggedSpec.rules, _FIFO_RULE)

    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the topic.")
    fifo: bool = Field(False, description="Keep messages in order and deliver each once.", json_schema_extra=IMMUTABLE)
    content_based_deduplication: bool | None = Field(
        None, description="Tell messages apart by the hash of their body. Only with fifo."
    )
    display_name: str = Field("", max_length=100, description="Name shown as the sender of mails and text messages.")
    delivery_policy: JsonObject | None = Field(
        None, description="How failed deliveries to HTTP endpoints are repeated, as JSON text."
    )
    policy: JsonObject | None = Field(
        None, description="Access policy as JSON text. Write principals as ARNs, the way SNS stores them."
    )
    kms_master_key_id: str | None = Field(
        None, min_length=1, max_length=2_048, description="KMS key that encrypts messages: its id, ARN or alias."
    )
    subscriptions: tuple[Subscription, ...] | None = Field(
        None,
        max_length=20,
        description="All that get the topic's messages: others are unsubscribed. Left out, whoever subscribes stays.",
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return *super().holds(), self.fifo or self.content_based_deduplication is None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [each.key for each in self.subscriptions or ()]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            protocol, endpoint = twice[0]
            raise ValueError(f"subscriptions: {protocol} {endpoint} is given twice: a topic has it once")
        return self


class SeenTopic(TopicSpec):
    """Settings as they are, and by which ARNs subscriptions are changed: see `subscriptions.Found`."""

    known: tuple[tuple[str, str, str], ...]

    @property
    def pending(self) -> list[Key]:
        """Subscriptions that nobody has confirmed."""
        return [(protocol, endpoint) for protocol, endpoint, arn in self.known if not arn]
