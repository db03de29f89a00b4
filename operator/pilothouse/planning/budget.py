"""How much may be destroyed in an hour: what counts, for how long, and what is left. Pure."""

from collections.abc import Mapping
from typing import Final

HOUR: Final = 3_600
MINUTE: Final = 60

Tallies = Mapping[int, int]
"""How many destructive steps were begun in each minute (its first second, seconds since the epoch)."""


def minute(now: float) -> int:
    """Return the minute that a moment is in, by its first second."""
    return int(now) // MINUTE * MINUTE


def recent(tallies: Tallies, now: float) -> dict[int, int]:
    """Return what still counts. A minute counts until an hour after its end, so that no hour ever has too many."""
    return {each: steps for each, steps in tallies.items() if steps and each + MINUTE + HOUR > now}


def granted(most: int, spent: int, ahead: int, wanted: int) -> int:
    """Return how many of the steps that one wants may be begun.

    most: in an hour; spent: in the last one; ahead: how many waited longer, for each of whom one is left.
    """
    return max(0, min(wanted, most - spent - ahead))
