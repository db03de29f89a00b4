"""Keyed hashes over values, so that a hash in a Plan or status tells nothing about a secret that went into it."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from pydantic import BaseModel

from pilothouse.dataplane.types import Digest, Mark, Reading, Ref, Sensitive

_FORMAT: Final = 1
"""Part of every hash: raise it when the form below changes, so that an upgrade is recognised as one."""


@dataclass(frozen=True, slots=True)
class Hasher:
    """Hashes keyed by a secret of this installation."""

    key: bytes

    def hash(self, value: Any) -> str:
        """Return `hmac:<16 hex>` of any value of JSON, models, dataclasses, references and mappings.

        The order of keys is nothing, and so is a model's field that is None: one that a later version adds is that.
        """
        text = json.dumps([_FORMAT, value], sort_keys=True, separators=(",", ":"), default=_plain)
        return "hmac:" + hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:16]

    def password(self, mark: Mark) -> Sensitive:
        """Return a password of 32 letters and digits for the thing with this mark, whoever asks, whenever.

        It depends on the incarnation and not on the Application's UID: what is taken over keeps its password.
        """
        owner = mark.owner
        identity = (owner.control_plane, owner.namespace, owner.application, mark.resource, str(mark.incarnation))
        digest = hmac.new(self.key, "\0".join(("password", *identity)).encode(), hashlib.sha256).digest()
        return Sensitive(base64.b32encode(digest).decode()[:32].capitalize())


def edition(version: str, hasher: Hasher) -> str:
    """Return what tells operators apart that may hash, or see, the same spec otherwise: by version, form or key."""
    return f"{version} {hasher.hash('edition')}"


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
            given = ((name, getattr(value, name)) for name in type(value).model_fields)
            return {name: field for name, field in given if field is not None}
        case frozenset() | set():
            return sorted(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in fields(value)}
        case _:
            raise TypeError(f"cannot hash a {type(value).__name__}")
