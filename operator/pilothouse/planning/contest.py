"""Fields that somebody else sets again as often as we put them right. They are reported, not fought.

Two managers that each insist would go on for ever, and every round restarts pods or costs calls. So once a field was
put right some times in short order and differs again, it is left as it is, until it no longer differs or the spec of
its resource changes: then a person has spoken, and it is applied anew.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from pilothouse.api.application import Correction, LedgerEntry
from pilothouse.api.times import rfc3339, seconds

SOON: Final = 120.0
"""Seconds after a correction within which another difference of the same field is no coincidence."""
ENOUGH: Final = 2
"""Corrections in short order after which a field is contested: a person may repeat a mistake once."""
_MOST: Final = 20
"""Corrections that are remembered of one thing; a rival has few fields, and the ledger little room."""


def is_contested(entry: LedgerEntry, path: str, now: float) -> bool:
    """Tell whether the field at `path`, which differs, is not to be put right. now: seconds since the epoch."""
    if any(drift.path == path and drift.contested for drift in entry.drift):
        return True
    return any(one.path == path and one.times >= ENOUGH and _is_recent(one, now) for one in entry.corrections)


def corrected(before: Sequence[Correction], paths: Iterable[str], now: float) -> tuple[Correction, ...]:
    """Return the corrections to remember after `paths` were put right `now`, seconds since the epoch."""
    recent = {one.path: one for one in before if _is_recent(one, now)}
    for path in paths:
        known = recent.pop(path, None)
        times = known.times + 1 if known is not None else 1
        recent[path] = Correction(path=path, times=times, at=rfc3339(now))
    return tuple(recent.values())[-_MOST:]


def _is_recent(one: Correction, now: float) -> bool:
    return now - seconds(one.at) < SOON
