"""Cloud names: readable for people, unique by a hash of the identity, listable by a prefix of the control plane."""

import hashlib
import re
from typing import Final

from pilothouse.dataplane.types import Owner

_IDENTITY_DIGITS: Final = 8
_CONTROL_PLANE_DIGITS: Final = 6


def name_prefix(control_plane: str) -> str:
    """Return what the names of everything that a control plane makes begin with: `ph`, 6 hex digits, a dash."""
    return f"ph{_hash(control_plane)[:_CONTROL_PLANE_DIGITS]}-"


def cloud_name(owner: Owner, resource: str, max_length: int) -> str:
    """Return `ph<control plane>-<application>-<resource>-<identity>`, of letters, digits and dashes.

    The readable middle is cut to fit `max_length`; the 8 hex digits of the identity at the end never are.
    """
    prefix = name_prefix(owner.control_plane)
    whole = (owner.control_plane, owner.namespace, owner.application, resource)
    identity = _hash("\0".join(whole))[:_IDENTITY_DIGITS]
    room = max_length - len(prefix) - len(identity) - 1
    readable = re.sub(r"[^a-z0-9-]", "-", f"{owner.application}-{resource}")[:room].strip("-")
    return f"{prefix}{readable}-{identity}"


def single_dashed(owner: Owner, resource: str, max_length: int) -> str:
    """Return the same without two dashes in a row, which RDS and ElastiCache refuse."""
    return re.sub("-+", "-", cloud_name(owner, resource, max_length))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
