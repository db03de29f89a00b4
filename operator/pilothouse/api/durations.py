"""Lengths of time as Go and Kubernetes write them: 90s, 20m, 1h30m."""

import re
from typing import Final

DURATION_PATTERN: Final = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"

_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}


def parsed(text: str) -> float:
    """Return the seconds of a duration that fits `DURATION_PATTERN`."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def shown(seconds: float) -> str:
    """Return whole seconds in as few parts as there are: 1h30m."""
    parts, left = [], int(seconds)
    for unit in ("h", "m", "s"):
        count, left = divmod(left, int(_SECONDS[unit]))
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"
