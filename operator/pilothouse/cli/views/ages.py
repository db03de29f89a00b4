"""How long ago something was, as kubectl shows it."""

from typing import Final

from pilothouse.api.times import seconds
from pilothouse.cli.escape import printable

AGES: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))
TWICE: Final = 2


def age(then: str, now: float) -> str:
    """Return how long ago RFC 3339 `then` was, as kubectl shows ages; empty for no time.

    now: seconds since the epoch.
    """
    if not then:
        return ""
    try:
        passed = max(0, int(now - seconds(then)))
    except ValueError:
        return printable(then)
    for length, unit in AGES:
        if passed >= TWICE * length:
            return f"{passed // length}{unit}"
    return f"{passed}s"
