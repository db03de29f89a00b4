"""What a receiver of notifications gets: a CloudEvent 1.0 in structured JSON, signed as Standard Webhooks says.

Sources: CloudEvents 1.0.2, HTTP protocol binding; Standard Webhooks 1.0, symmetric signatures (v1).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.v1.event import CloudEvent

from pilothouse.api.meta import GROUP
from pilothouse.controller.notices import Notice

PREFIX: Final = "whsec_"
SHORTEST_KEY: Final = 24
"""Bytes, as Standard Webhooks asks for."""
_TYPES: Final = {
    "PlanWaiting": "plan.waiting",
    "PlanStalled": "plan.stalled",
    "PlanComplete": "plan.complete",
    "DriftSeen": "drift.seen",
}


def message(notice: Notice, control_plane: str) -> tuple[Mapping[str, str], bytes]:
    """Return headers and body that tell of `notice`, still unsigned. The same notice is the same bytes."""
    reversed_group = ".".join(reversed(GROUP.split(".")))
    attributes = {
        "id": notice.id,
        "source": f"//{GROUP}/{control_plane}",
        "type": f"{reversed_group}.{_TYPES[notice.kind]}",
        "subject": f"{notice.namespace}/{notice.name}",
        "time": datetime.fromtimestamp(notice.since, UTC),
        "datacontenttype": "application/json",
    }
    encoded = to_structured_event(CloudEvent(attributes, dict(notice.data)))
    return encoded.headers, encoded.body


def key_of(secret: str) -> bytes:
    """Return the key in a signing secret; raises ValueError that says what is wrong with it, but not what it is."""
    text = secret.strip()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(PREFIX) or len(key) < SHORTEST_KEY:
        raise ValueError(f"expected {PREFIX} and at least {SHORTEST_KEY} random bytes in base64")
    return key


def signed(headers: Mapping[str, str], body: bytes, identifier: str, key: bytes, now: float) -> dict[str, str]:
    """Return the headers with a signature over the body. now: seconds since the epoch, when it is sent."""
    stamp = str(int(now))
    content = f"{identifier}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        **headers,
        "webhook-id": identifier,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }
