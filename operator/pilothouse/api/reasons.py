"""What conditions and Events can say: the one record of every type, status and reason, of which docs/ has a page.

`stated` is the one way from conclusions to conditions that are written, so a combination that stands nowhere here does
not pass a test: it warns, and to tests a warning is an error.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from pilothouse.api.conditions import Condition, merged

Severity = Literal["Normal", "Warning"]

UNDECLARED: Final = "undeclared reason"
"""How the warning begins that tells of what is written and stands nowhere in the record."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """A type of condition, and what each status of it means; empty where it never has that status."""

    type: str
    true: str
    false: str
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. stands: the conditions that it stands in, each as `Ready=False`; mend: what a person is to do."""

    name: str
    stands: tuple[str, ...]
    means: str
    mend: str = "Nothing to do."


@dataclass(frozen=True, slots=True)
class EventReason:
    """One reason of Events. An Event tells of a moment: what there is to mend, a condition or the message says."""

    name: str
    severity: Severity
    means: str


@dataclass(frozen=True)
class Vocabulary:
    """All that is said of the objects of one kind. announced: conditions whose reasons are told by an Event as well."""

    kind: str
    aspects: tuple[Aspect, ...]
    reasons: tuple[Reason, ...]
    events: tuple[EventReason, ...] = ()
    announced: tuple[tuple[str, Severity], ...] = ()

    @cached_property
    def combinations(self) -> frozenset[tuple[str, str, str]]:
        """Every (type, status, reason) that a condition may consist of."""
        places = ((place.partition("="), reason.name) for reason in self.reasons for place in reason.stands)
        return frozenset((kind, status, name) for (kind, _, status), name in places)

    @cached_property
    def announcements(self) -> frozenset[tuple[str, str]]:
        """Every (severity, reason) that an Event may consist of."""
        told = {
            (severity, one.name) for place, severity in self.announced for one in self.reasons if place in one.stands
        }
        return frozenset(told | {(event.severity, event.name) for event in self.events})


def stated(
    vocabulary: Vocabulary, old: Iterable[Condition], new: Sequence[Condition], now: str
) -> tuple[Condition, ...]:
    """Return the conditions `new` as they are written, by `conditions.merged`; warn of one that is not declared."""
    for condition in new:
        found = condition.type, condition.status, condition.reason
        if found not in vocabulary.combinations:
            _warn(f"{vocabulary.kind}: {condition.type}={condition.status}: {condition.reason}")
    return merged(old, new, now)


def announced(vocabulary: Vocabulary, severity: Severity, reason: str) -> None:
    """Warn of an Event that is not declared."""
    if (severity, reason) not in vocabulary.announcements:
        _warn(f"{vocabulary.kind}: Event {severity}: {reason}")


def _warn(what: str) -> None:
    warnings.warn(f"{UNDECLARED}: {what}", stacklevel=3)
