"""Names of the objects that stand for a workload, so that every part, and every person, finds them."""

import hashlib
from typing import Final

_LONGEST: Final = 63
"""A label's value: Deployments are found by labels that carry their names."""


def deployment_name(application: str, workload: str, cell: str) -> str:
    """Return `<application>-<workload>-<cell>`, its end replaced by a hash where that is too long for a label."""
    name = f"{application}-{workload}-{cell}"
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(f"{application}/{workload}/{cell}".encode(errors="replace")).hexdigest()[:8]
    return f"{name[: _LONGEST - 9].rstrip('-')}-{digest}"
