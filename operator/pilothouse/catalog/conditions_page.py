"""The page of every condition, reason and Event, written from the record of them in `api`."""

from collections.abc import Iterator
from typing import Final

from pilothouse.api.reasons import Vocabulary
from pilothouse.api.vocabularies import VOCABULARIES
from pilothouse.catalog.markdown import HEADER, coded, table

_INTRODUCTION: Final = """\
# Conditions and Events

Every reason that a condition or an Event can give: where it stands, what it means, and what to do about it. The message
beside it names object, field and mend. What helps in general stands in [Troubleshooting](../troubleshooting.md).
A FleetPolicy has no conditions: one that cannot be read stops every change, and the operator's log says why.
"""


def text() -> str:
    """Return the page."""
    return "\n".join([HEADER, _INTRODUCTION, *(part for one in VOCABULARIES.values() for part in _kind(one))])


def _kind(one: Vocabulary) -> Iterator[str]:
    aspects = [(f"`{aspect.type}`", aspect.true, aspect.false, aspect.unknown) for aspect in one.aspects]
    reasons = [(f"`{reason.name}`", coded(reason.stands), reason.means, reason.mend) for reason in one.reasons]
    yield f"## {one.kind}\n"
    yield table(("Condition", "True", "False", "Unknown"), aspects)
    yield table(("Reason", "Stands in", "Means", "Mend"), reasons)
    if one.events or one.announced:
        yield table(("Event", "Severity", "Means"), _events(one))


def _events(one: Vocabulary) -> Iterator[tuple[str, str, str]]:
    yield from ((f"`{event.name}`", event.severity, event.means) for event in one.events)
    for place, severity in one.announced:
        yield f"each reason of `{place}`", severity, f"`{place}` with that reason, or with another message."
