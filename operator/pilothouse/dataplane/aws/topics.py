"""A topic's attributes: SNS keeps every setting as text, and changes one at a time.

Source: the Amazon SNS API Reference, CreateTopic, GetTopicAttributes; the Amazon SNS Developer Guide, "Message delivery
retries" and "Overview of managing access in Amazon SNS".
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pilothouse.dataplane.aws.documents import canonical, compact
from pilothouse.dataplane.types import Call, ResourceSpec

NAMES: Final[Mapping[str, str]] = {
    "fifo": "FifoTopic",
    "content_based_deduplication": "ContentBasedDeduplication",
    "display_name": "DisplayName",
    "delivery_policy": "DeliveryPolicy",
    "policy": "Policy",
    "kms_master_key_id": "KmsMasterKeyId",
}
"""SNS's name for each field."""

_DEFAULT_ACTIONS: Final = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


def write(spec: ResourceSpec, field: str) -> str:
    """Return a field as an attribute. One that is None becomes empty text, which takes it away."""
    value = getattr(spec, field)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def change(arn: str, spec: ResourceSpec, field: str) -> Call:
    """Return the call that sets a field. Without an access policy it is the one that SNS makes."""
    value = write(spec, field)
    if field == "policy" and not value:
        value = default_policy(arn)
    given = {"TopicArn": arn, "AttributeName": NAMES[field], "AttributeValue": value}
    return Call("sns", "SetTopicAttributes", given)


def read(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return every field: what its attribute says; None where there is none, and for the policy that SNS makes."""
    found = {field: attributes.get(name, "") for field, name in NAMES.items()}
    values = {field: _READERS.get(field, str)(text) if text else None for field, text in found.items()}
    if values["policy"] == default_policy(attributes["TopicArn"]):
        values["policy"] = None
    return values | {"fifo": bool(values["fifo"]), "display_name": found["display_name"]}


def delivery(text: str) -> str:
    """Return a delivery policy as SNS spells it: nothing that is null, and overrides of subscriptions not disabled."""
    document = _without_nulls(json.loads(text))
    return compact(
        {
            protocol: {"disableSubscriptionOverrides": False} | part if isinstance(part, dict) else part
            for protocol, part in document.items()
        }
    )


def default_policy(arn: str) -> str:
    """Return the access policy that a topic has when nobody gave it one: its owner may do everything."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _DEFAULT_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
    }
    return compact({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "fifo": json.loads,
    "content_based_deduplication": json.loads,
    "delivery_policy": delivery,
    "policy": canonical,
}
