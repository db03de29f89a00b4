"""Names of the objects that stand for a workload, so that every part, and every person, finds them."""

import hashlib
from collections.abc import Mapping
from typing import Final

_LONGEST: Final = 63
"""A label's value: objects are found by labels that carry their names."""
_ROOM_FOR_OTHERS: Final[Mapping[str, int]] = {"CronJob": 52, "StatefulSet": 52}
"""Kinds that make labels and names out of their own by adding up to 11 characters: a revision, a time."""


def workload_name(application: str, workload: str, cell: str, kind: str = "Deployment") -> str:
    """Return `<application>-<workload>-<cell>`, its end replaced by a hash where that is too long for its kind."""
    return _short(f"{application}-{workload}-{cell}", f"{application}/{workload}/{cell}", kind)


def headless_name(application: str, workload: str) -> str:
    """Return `<application>-<workload>-pods`: the Service that names a StatefulSet's pods, shortened likewise."""
    return _short(f"{application}-{workload}-pods", f"{application}/{workload}", "")


def _short(name: str, identity: str, kind: str) -> str:
    longest = _ROOM_FOR_OTHERS.get(kind, _LONGEST)
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:8]
    return f"{name[: longest - 9].rstrip('-')}-{digest}"
