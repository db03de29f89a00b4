"""Idempotency tokens: the same for the same incarnation of the same resource, whoever computes them, whenever."""

import hashlib

from pilothouse.dataplane.types import Mark


def token(kind: str, mark: Mark) -> str:
    """Return the token of a create: 36 characters of letters, digits and dashes, as every provider accepts.

    It never depends on the settings: a create whose reply was lost is found again although the spec has changed since.
    A thing of another type has another, for a provider need not tell its operations apart: what EC2 was given is not to
    be used for other requests (source: the Amazon EC2 API Reference, "Ensuring idempotency").
    """
    owner, incarnation = mark.owner, str(mark.incarnation)
    whose = (owner.control_plane, owner.namespace, owner.application)
    identity = (*whose, kind, mark.resource, mark.uid, incarnation)
    return "ph-" + hashlib.sha256("\0".join(identity).encode()).hexdigest()[:33]
