"""Keyed hashes over values, so that a hash in a Plan or status tells nothing about a secret that went into it."""

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import BaseModel

from pilothouse.dataplane.types import Digest, Reading, Ref

_FORMAT: Final = 1
"""Part of every hash: raise it when the form below changes, so that an upgrade is recognised as one."""


@dataclass(frozen=True, slots=True)
class Hasher:
    """Hashes keyed by a secret of this installation."""

    key: bytes

    def hash(self, value: Any) -> str:
        """Return `hmac:<16 hex>` of any value of JSON, models, references and mappings.

        The order of keys is nothing, and so is a model's field that is None: one that a later version adds is that.
        """
        text = json.dumps([_FORMAT, value], sort_keys=True, separators=(",", ":"), default=_plain)
        return "hmac:" + hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:16]


def sealed(reading: Reading, hasher: Hasher) -> Reading:
    """Return a reading whose fingerprint is keyed: what it was taken over may be secret, and status keeps it."""
    return replace(reading, fingerprint=hasher.hash(reading.fingerprint)) if reading.fingerprint else reading


def short_digest(value: Any, length: int = 8) -> str:
    """Return the first hex digits of an unkeyed hash, for names; never of anything secret."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _plain(value: Any) -> Any:
    match value:
        case Ref() | Digest():
            return {"$ref": str(value)}
        case BaseModel():
            fields = ((name, getattr(value, name)) for name in type(value).model_fields)
            return {name: field for name, field in fields if field is not None}
        case frozenset() | set():
            return sorted(value)
        case _:
            raise TypeError(f"cannot hash a {type(value).__name__}")
