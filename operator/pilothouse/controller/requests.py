"""What people ask of an Application by its annotations. The operator writes none: tools for Git must see no drift.

A request is honoured once: what was honoured is remembered in status, and compared, never the moment it was made.
"""

from collections.abc import Collection, Iterable
from typing import Final

from pilothouse.api.application import LedgerEntry
from pilothouse.api.meta import MOST_REPLACEMENTS, REPLACE_ANNOTATION, RETRY_ANNOTATION
from pilothouse.controller.ports import Object

_LONGEST: Final = 64
"""Characters of a request to try again that count: it is repeated in status, which must stay small."""
_LONGEST_IDENTITY: Final = 2_048


def retry(application: Object) -> str:
    """Return what asks for another try, of which only matters whether it is another than before; empty for nothing."""
    return _annotation(application, RETRY_ANNOTATION)[:_LONGEST]


def replacements(application: Object) -> tuple[str, ...]:
    """Return the identities of things that are asked to be replaced, each once, as many and as long as status takes."""
    found = dict.fromkeys(_annotation(application, REPLACE_ANNOTATION).split())
    return tuple(one for one in found if len(one) <= _LONGEST_IDENTITY)[:MOST_REPLACEMENTS]


def void(asked: Iterable[str], before: Collection[str], entries: Iterable[LedgerEntry]) -> tuple[str, ...]:
    """Return those that count no more: `before` they did not, or what they name is not there now.

    What once was not there is void for good, for as long as it is asked: else a request would mean a namesake that was
    made later, which Git would have destroyed with each Application that is made again.
    """
    there = {entry.identity for entry in entries}
    return tuple(one for one in asked if one in before or one not in there)


def _annotation(application: Object, name: str) -> str:
    return str((application["metadata"].get("annotations") or {}).get(name, ""))
