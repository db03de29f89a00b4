"""Whether the fleet's change windows let an Application be changed now, and when they will. Pure: the time is given.

A window that cannot be read, for its schedule or time zone is wrong, may have said stop: it is closed until it can be.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pilothouse.api.durations import parsed
from pilothouse.api.plan import Reason
from pilothouse.api.times import rfc3339
from pilothouse.api.windows import ChangeWindow

_MOST_MOMENTS: Final = 200
"""Openings and closings looked at for when changes are allowed; what is further ahead is found out then."""

_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing may be changed: which window, and when it may (seconds since the epoch); None: a person must act."""

    window: str
    until: float | None
    problem: str = ""

    def __str__(self) -> str:
        """Say it to people, after `waits for`."""
        if self.until is None:
            return f"change window {self.window} of FleetPolicy default to be corrected: {self.problem}"
        return f"change window {self.window}, opens at {rfc3339(self.until)}"


def selected(
    windows: Sequence[ChangeWindow], application: str, namespace_labels: Mapping[str, str]
) -> tuple[ChangeWindow, ...]:
    """Return the windows that an Application is subject to."""
    return tuple(
        window
        for window in windows
        if window.namespace_selector.matches(namespace_labels)
        if not window.applications or any(fnmatchcase(application, pattern) for pattern in window.applications)
    )


def closed(windows: Sequence[ChangeWindow], reason: Reason, now: float) -> Closed | None:
    """Return why a change for `reason` may not be made now; None when it may. now: seconds since the epoch."""
    subject = [window for window in windows if window.kind == "Deny" and reason not in window.except_]
    allows = [window for window in windows if window.kind == "Allow"]
    if not any(reason in window.except_ for window in allows):
        subject += allows
    for window in subject:
        try:
            _spans(window, now)
        except (CronSimError, ValueError, LookupError, OSError) as error:
            return Closed(window.name, None, f"{window.schedule!r} in {window.time_zone!r}: {error}")
    return _until_open(subject, now)


def _until_open(windows: Sequence[ChangeWindow], now: float) -> Closed | None:
    closing = _obstacle(windows, now)
    if closing is None:
        return None
    moment = now
    for _ in range(_MOST_MOMENTS):
        moment = min(_changes(windows, moment), default=moment)
        if moment == _NEVER:
            return Closed(closing.name, None, f"{closing.schedule!r} never comes again")
        if (still := _obstacle(windows, moment)) is None:
            break
        closing = still
    return Closed(closing.name, moment)


def _obstacle(windows: Sequence[ChangeWindow], now: float) -> ChangeWindow | None:
    """Return the window that stands in the way at `now`; None when nothing does."""
    denying = next((window for window in windows if window.kind == "Deny" and _is_open(window, now)), None)
    if denying is not None:
        return denying
    allows = [window for window in windows if window.kind == "Allow"]
    if not allows or any(_is_open(window, now) for window in allows):
        return None
    return min(allows, key=lambda window: _spans(window, now)[1])


def _changes(windows: Sequence[ChangeWindow], now: float) -> Iterator[float]:
    """Yield for each window when it next opens or closes."""
    for window in windows:
        begun, begins = _spans(window, now)
        ends = begun + parsed(window.duration)
        yield from (moment for moment in (ends, begins) if moment > now)


def _is_open(window: ChangeWindow, now: float) -> bool:
    return _spans(window, now)[0] + parsed(window.duration) > now


def _spans(window: ChangeWindow, now: float) -> tuple[float, float]:
    """Return when a window opened last, and when it opens next; the infinite past or future where it does not."""
    here = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(window.time_zone))
    begins = next(CronSim(window.schedule, here), None)
    # Backwards as forwards, what is found is strictly beyond where it begins.
    begun = next(CronSim(window.schedule, here + timedelta(seconds=1), reverse=True), None)
    return begun.timestamp() if begun else -_NEVER, begins.timestamp() if begins else _NEVER
