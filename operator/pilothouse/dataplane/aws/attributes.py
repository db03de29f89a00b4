"""A queue's attributes: SQS keeps every setting as text."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from pilothouse.dataplane.aws import redrive
from pilothouse.dataplane.aws.documents import canonical
from pilothouse.dataplane.aws.redrive import RedriveAllowPolicy, RedrivePolicy
from pilothouse.dataplane.types import ResourceSpec

NAMES: Final[Mapping[str, str]] = {
    "visibility_timeout_seconds": "VisibilityTimeout",
    "delay_seconds": "DelaySeconds",
    "maximum_message_size_bytes": "MaximumMessageSize",
    "message_retention_period_seconds": "MessageRetentionPeriod",
    "receive_message_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
    "fifo": "FifoQueue",
    "content_based_deduplication": "ContentBasedDeduplication",
    "deduplication_scope": "DeduplicationScope",
    "fifo_throughput_limit": "FifoThroughputLimit",
    "kms_master_key_id": "KmsMasterKeyId",
    "kms_data_key_reuse_period_seconds": "KmsDataKeyReusePeriodSeconds",
    "sqs_managed_sse_enabled": "SqsManagedSseEnabled",
    "policy": "Policy",
    "redrive_policy": "RedrivePolicy",
    "redrive_allow_policy": "RedriveAllowPolicy",
}
"""SQS's name for each field."""

_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "deduplication_scope": str,
    "fifo_throughput_limit": str,
    "kms_master_key_id": str,
    "policy": canonical,
    "redrive_policy": partial(redrive.read, RedrivePolicy),
    "redrive_allow_policy": partial(redrive.read, RedriveAllowPolicy),
}


def write(spec: ResourceSpec, fields: Iterable[str]) -> dict[str, str]:
    """Return `fields` of `spec` as attributes. A field that is None becomes empty text, which takes it away."""
    return {NAMES[field]: _text(getattr(spec, field)) for field in fields}


def read(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return every field: what its attribute says, None where there is none, False where it is not FIFO."""
    found = {field: attributes.get(name, "") for field, name in NAMES.items()}
    values = {field: _READERS.get(field, json.loads)(text) if text else None for field, text in found.items()}
    return values | {"fifo": bool(values["fifo"])}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case RedrivePolicy() | RedriveAllowPolicy():
            return redrive.write(value)
        case _:
            return json.dumps(value)
