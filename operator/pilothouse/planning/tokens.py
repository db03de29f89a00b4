"""Idempotency tokens: the same for the same incarnation of the same resource, whoever computes them, whenever."""

import hashlib

from pilothouse.dataplane.types import Mark


def token(mark: Mark) -> str:
    """Return the token of a create: 36 characters of letters, digits and dashes, as every provider accepts.

    It never depends on the settings: a create whose reply was lost is found again although the spec has changed since.
    """
    owner = mark.owner
    identity = (owner.control_plane, owner.namespace, owner.application, mark.resource, mark.uid, str(mark.incarnation))
    return "ph-" + hashlib.sha256("\0".join(identity).encode()).hexdigest()[:33]
