"""Amazon SNS topics. Named: a create that is repeated finds the first.

Source for attributes, ranges and defaults: the Amazon SNS API Reference, CreateTopic, SetTopicAttributes.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import marks, names, places, subscriptions, tagging, topics
from pilothouse.dataplane.aws.topic_spec import SeenTopic, TopicSpec
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Health,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
    field_changes,
)

_SUFFIX: Final = ".fifo"
_MAX_NAME: Final = 256 - len(_SUFFIX)


class Topic(ResourceType[TopicSpec]):
    """A topic with its subscriptions. Its name ends with `.fifo` if and only if it is a FIFO topic."""

    kind, provider = "awsTopic", "aws"
    model: ClassVar[type[ResourceSpec]] = TopicSpec
    outputs: ClassVar[tuple[str, ...]] = ("arn", "name")
    creation = Creation.NAMED

    def name(self, owner: Owner, resource: str) -> str:
        """Return the name of a standard topic; that of a FIFO topic has `.fifo` behind it."""
        return names.cloud_name(owner, resource, _MAX_NAME)

    def listing(self, control_plane: str) -> Call:
        """List by mark, which SNS itself cannot."""
        return tagging.listing("sns:topic", control_plane)

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page."""
        return (Listed(arn, mark=mark) for arn, mark in tagging.listed(page))

    def find(self, want: Want[TopicSpec]) -> Flow[tuple[Reading, ...]]:
        """Look under both names it can have: `fifo` may have changed since the create was sent."""
        standard = yield from self.read(places.arn("sns", want.name))
        fifo = yield from self.read(places.arn("sns", want.name + _SUFFIX))
        return tuple(reading for reading in (standard, fifo) if reading is not None)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read attributes, tags and subscriptions of the topic with the ARN `identifier`."""
        try:
            given = (yield Call("sns", "GetTopicAttributes", {"TopicArn": identifier}))["Attributes"]
            arn = given["TopicArn"]
            tags = marks.from_pairs((yield Call("sns", "ListTagsForResource", {"ResourceArn": arn}))["Tags"])
            found = yield from subscriptions.find(arn, given["Owner"])
        except NotFound:
            return None
        spec = SeenTopic.model_construct(
            **topics.read(given), subscriptions=found.confirmed, known=found.known, tags=marks.user_tags(tags)
        )
        outputs = {"arn": arn, "name": arn.rpartition(":")[2]}
        return Reading(arn, marks.mark_in(tags), spec, outputs, _health(spec))

    def create(self, want: Want[TopicSpec]) -> Call:
        """Create it with its mark; subscriptions are added by updates. A standard topic must not say it is not FIFO."""
        spec = want.spec
        given = {name: topics.write(spec, field) for field, name in topics.NAMES.items()}
        return Call(
            "sns",
            "CreateTopic",
            {
                "Name": want.name + (_SUFFIX if spec.fifo else ""),
                "Attributes": {
                    name: text for name, text in given.items() if text and (spec.fifo or name != "FifoTopic")
                },
                "Tags": marks.as_pairs(spec.tags | marks.mark_tags(want.mark)),
            },
        )

    def created(self, reply: Any) -> str:
        """Return the ARN."""
        return str(reply["TopicArn"])

    def diff(self, want: TopicSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; what is left out again is compared with SNS's default."""
        wanted = _with_resets(want, applied_keys)
        return field_changes(wanted, _comparable(have.settings(SeenTopic), wanted), applied_keys & _REMOVABLE)

    def update(self, have: Reading, want: Want[TopicSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Set every attribute that differs, then subscriptions, then tags."""
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        seen, spec = have.settings(SeenTopic), _with_resets(want.spec, applied_keys)
        calls = [topics.change(have.id, spec, field) for field in topics.NAMES if _path(field) in paths]
        if "subscriptions" in paths:
            have_now = subscriptions.Found(seen.subscriptions or (), seen.known)
            calls += subscriptions.changes(have.id, have_now, subscriptions.by_key(spec.subscriptions or ()))
        return (*calls, *tagging.changes("sns", have.id, seen.tags, spec.tags))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it; its subscriptions go with it."""
        return (Call("sns", "DeleteTopic", {"TopicArn": have.id}),)

    def adopt(self, have: Reading, want: Want[TopicSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return tagging.changes("sns", have.id, {}, marks.mark_tags(want.mark))


_DEDUPLICATION: Final = "content_based_deduplication"


def _path(field: str) -> str:
    return TopicSpec.model_fields[field].alias or field


_REMOVABLE: Final = frozenset(map(_path, ("delivery_policy", "policy", "kms_master_key_id")))
"""What a topic need not have: leaving one out again removes it."""


def _with_resets(want: TopicSpec, applied_keys: frozenset[str]) -> TopicSpec:
    """Put SNS's defaults where `want` leaves out again what was set before, and spell the rest as SNS does."""
    update: dict[str, Any] = {}
    if want.content_based_deduplication is None and want.fifo and _path(_DEDUPLICATION) in applied_keys:
        update[_DEDUPLICATION] = False
    if want.subscriptions is not None or "subscriptions" in applied_keys:
        update["subscriptions"] = tuple(subscriptions.by_key(want.subscriptions or ()).values())
    if want.delivery_policy is not None:
        update["delivery_policy"] = topics.delivery(want.delivery_policy)
    return want.model_copy(update=update)


def _comparable(seen: SeenTopic, want: TopicSpec) -> SeenTopic:
    """Take subscriptions that somebody has yet to confirm for what they will be; those that nobody wants end so."""
    wanted = subscriptions.by_key(want.subscriptions or ())
    found = subscriptions.by_key(seen.subscriptions or ())
    found |= {key: wanted[key] for key in seen.pending if key in wanted}
    return seen.model_copy(update={"subscriptions": tuple(subscriptions.by_key(found.values()).values())})


def _health(seen: SeenTopic) -> Health:
    waiting = ", ".join(endpoint for _, endpoint in seen.pending)
    return Health(message=f"not confirmed yet: {waiting}" if waiting else "")
