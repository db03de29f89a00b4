"""Amazon SQS queues. Named: a create that is repeated finds the first.

Source for attributes, ranges and defaults: the Amazon SQS API Reference, CreateQueue.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import attributes, marks, names
from pilothouse.dataplane.aws.documents import JsonObject
from pilothouse.dataplane.aws.redrive import RedriveAllowPolicy, RedrivePolicy
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    IMMUTABLE,
    Call,
    Creation,
    Flow,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
    field_changes,
    set_keys,
)

_FIFO_ONLY: Final = ("contentBasedDeduplication", "deduplicationScope", "fifoThroughputLimit")
_FIFO: Final = "(has(self.fifo) && self.fifo)"
_BY_GROUP: Final = "(has(self.deduplicationScope) && self.deduplicationScope == 'messageGroup')"
_SUFFIX: Final = ".fifo"
_MAX_NAME: Final = 80 - len(_SUFFIX)


class QueueSpec(ResourceSpec):
    """Settings of a queue."""

    rules: ClassVar[Rules] = (
        (
            f"{_FIFO} || !({' || '.join(f'has(self.{path})' for path in _FIFO_ONLY)})",
            f"{', '.join(_FIFO_ONLY)}: set fifo, or leave them out",
        ),
        (
            f"!has(self.fifoThroughputLimit) || self.fifoThroughputLimit != 'perMessageGroupId' || {_BY_GROUP}",
            "fifoThroughputLimit: perMessageGroupId needs deduplicationScope messageGroup",
        ),
        (
            "!has(self.kmsMasterKeyID) || !has(self.sqsManagedSSEEnabled) || !self.sqsManagedSSEEnabled",
            "sqsManagedSSEEnabled: leave it out beside kmsMasterKeyID, a queue has one encryption",
        ),
        (
            "has(self.kmsMasterKeyID) || !has(self.kmsDataKeyReusePeriodSeconds)",
            "kmsDataKeyReusePeriodSeconds: set kmsMasterKeyID, or leave it out",
        ),
        (
            f"!has(self.redrivePolicy) || self.redrivePolicy.deadLetterTargetARN.endsWith('{_SUFFIX}') == {_FIFO}",
            "redrivePolicy.deadLetterTargetARN: name a FIFO queue for a FIFO queue, a standard one for a standard one",
        ),
        marks.USER_TAGS_RULE,
    )

    visibility_timeout_seconds: int = Field(
        30, ge=0, le=43_200, description="Seconds that a received message stays hidden from other receivers."
    )
    delay_seconds: int = Field(0, ge=0, le=900, description="Seconds before a new message can be received.")
    maximum_message_size_bytes: int = Field(
        1_048_576, ge=1_024, le=1_048_576, description="Largest message taken, in bytes."
    )
    message_retention_period_seconds: int = Field(
        345_600, ge=60, le=1_209_600, description="Seconds that a message is kept."
    )
    receive_message_wait_time_seconds: int = Field(
        0, ge=0, le=20, description="Seconds that a receive waits for a message to arrive."
    )
    fifo: bool = Field(False, description="Keep messages in order and deliver each once.", json_schema_extra=IMMUTABLE)
    content_based_deduplication: bool | None = Field(
        None, description="Tell messages apart by the hash of their body. Only with fifo."
    )
    deduplication_scope: Literal["messageGroup", "queue"] | None = Field(
        None, description="Where a message counts as a duplicate: in its message group or the queue. Only with fifo."
    )
    fifo_throughput_limit: Literal["perQueue", "perMessageGroupId"] | None = Field(
        None, description="What the throughput quota is counted by. Only with fifo."
    )
    kms_master_key_id: str | None = Field(
        None, min_length=1, max_length=2_048, description="KMS key that encrypts messages: its id, ARN or alias."
    )
    kms_data_key_reuse_period_seconds: int | None = Field(
        None, ge=60, le=86_400, description="Seconds that a data key is reused. Only with kmsMasterKeyID."
    )
    sqs_managed_sse_enabled: bool | None = Field(None, description="Encrypt messages with keys that SQS owns.")
    policy: JsonObject | None = Field(
        None, description="Access policy as JSON text. Write principals as ARNs, the way SQS stores them."
    )
    redrive_policy: RedrivePolicy | None = Field(None, description="Where messages go that could not be handled.")
    redrive_allow_policy: RedriveAllowPolicy | None = Field(
        None, description="Which queues may name this one as their dead-letter queue."
    )
    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the queue.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        dead_letters_fifo = self.redrive_policy and self.redrive_policy.dead_letter_target_arn.endswith(_SUFFIX)
        check(
            self.rules,
            self.fifo or not set_keys(self).intersection(_FIFO_ONLY),
            self.fifo_throughput_limit != "perMessageGroupId" or self.deduplication_scope == "messageGroup",
            self.kms_master_key_id is None or not self.sqs_managed_sse_enabled,
            self.kms_master_key_id is not None or self.kms_data_key_reuse_period_seconds is None,
            dead_letters_fifo is None or dead_letters_fifo == self.fifo,
            marks.keeps_user_tags_rule(self.tags),
        )
        return self


class Queue(ResourceType[QueueSpec]):
    """A queue. Its identifier is its URL."""

    kind = "awsQueue"
    provider = "aws"
    model: ClassVar[type[ResourceSpec]] = QueueSpec
    outputs: ClassVar[tuple[str, ...]] = ("url", "arn", "name")
    creation = Creation.NAMED

    def name(self, owner: Owner, resource: str) -> str:
        """Return the name of a standard queue; that of a FIFO queue has `.fifo` behind it."""
        return names.cloud_name(owner, resource, _MAX_NAME)

    def listing(self, control_plane: str) -> Call:
        """List by prefix: names alone are shown, so whose they are is only told by reading them."""
        return Call("sqs", "ListQueues", {"QueueNamePrefix": names.name_prefix(control_plane), "MaxResults": 1000})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read the URLs of one page."""
        return (Listed(url) for url in page.get("QueueUrls", ()))

    def find(self, want: Want[QueueSpec]) -> Flow[tuple[Reading, ...]]:
        """Look under both names it can have: `fifo` may have changed since the create was sent."""
        found = []
        for name in (want.name, want.name + _SUFFIX):
            try:
                reply = yield Call("sqs", "GetQueueUrl", {"QueueName": name})
            except NotFound:
                continue
            found.append((yield from self.read(reply["QueueUrl"])))
        return tuple(reading for reading in found if reading is not None)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read attributes and tags of the queue at the URL `identifier`."""
        url = {"QueueUrl": identifier}
        try:
            given = (yield Call("sqs", "GetQueueAttributes", {**url, "AttributeNames": ["All"]}))["Attributes"]
            tags = (yield Call("sqs", "ListQueueTags", url)).get("Tags", {})
        except NotFound:
            return None
        outputs = {"url": identifier, "arn": given["QueueArn"], "name": given["QueueArn"].rpartition(":")[2]}
        # Whatever SQS says is read: it may know values that the model does not take.
        spec = QueueSpec.model_construct(**attributes.read(given), tags=marks.user_tags(tags))
        return Reading(identifier, marks.mark_in(tags), spec, outputs)

    def create(self, want: Want[QueueSpec]) -> Call:
        """Create it with its mark. A standard queue must not say that it is not FIFO."""
        spec = want.spec
        fields = [
            name for name in attributes.NAMES if getattr(spec, name) is not None and (spec.fifo or name != "fifo")
        ]
        return Call(
            "sqs",
            "CreateQueue",
            {
                "QueueName": want.name + (_SUFFIX if spec.fifo else ""),
                "Attributes": attributes.write(spec, fields),
                "tags": spec.tags | marks.mark_tags(want.mark),
            },
        )

    def created(self, reply: Any) -> str:
        """Return the URL."""
        return str(reply["QueueUrl"])

    def diff(self, want: QueueSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; what is left out again is compared with SQS's default."""
        return field_changes(_with_resets(want, applied_keys), have.settings(QueueSpec), applied_keys & _REMOVABLE)

    def update(self, have: Reading, want: Want[QueueSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Set all attributes that differ at once, then the tags."""
        url, spec = {"QueueUrl": have.id}, _with_resets(want.spec, applied_keys)
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        changed = attributes.write(spec, [field for field in attributes.NAMES if _path(field) in paths])
        set_, removed = marks.changed_tags(have.settings(QueueSpec).tags, spec.tags)
        calls = (
            (changed, Call("sqs", "SetQueueAttributes", {**url, "Attributes": changed})),
            (set_, Call("sqs", "TagQueue", {**url, "Tags": set_})),
            (removed, Call("sqs", "UntagQueue", {**url, "TagKeys": removed})),
        )
        return tuple(call for needed, call in calls if needed)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it. Its name cannot be used again for 60 seconds."""
        return (Call("sqs", "DeleteQueue", {"QueueUrl": have.id}),)

    def adopt(self, have: Reading, want: Want[QueueSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return (Call("sqs", "TagQueue", {"QueueUrl": have.id, "Tags": marks.mark_tags(want.mark)}),)


def _path(field: str) -> str:
    return QueueSpec.model_fields[field].alias or field


_REMOVABLE: Final = frozenset(map(_path, ("kms_master_key_id", "policy", "redrive_policy", "redrive_allow_policy")))
"""Attributes that a queue need not have: leaving one out again removes it."""


def _with_resets(want: QueueSpec, applied_keys: frozenset[str]) -> QueueSpec:
    """Put SQS's defaults where `want` leaves out again what was set before."""
    fifo = {"content_based_deduplication": False, "deduplication_scope": "queue", "fifo_throughput_limit": "perQueue"}
    encryption = (
        {"kms_data_key_reuse_period_seconds": 300} if want.kms_master_key_id else {"sqs_managed_sse_enabled": True}
    )
    defaults = encryption | (fifo if want.fifo else {})
    left_out = [field for field in defaults if getattr(want, field) is None and _path(field) in applied_keys]
    return want.model_copy(update={field: defaults[field] for field in left_out})
