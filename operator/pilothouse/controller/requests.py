"""What people ask of an Application by its annotations. The operator writes none: tools for Git must see no drift.

A request is honoured once: what was honoured is remembered in status, and compared, never the moment it was made.
"""

from typing import Final

from pilothouse.api.meta import RETRY_ANNOTATION
from pilothouse.controller.ports import Object

_LONGEST: Final = 64
"""Characters of a request to try again that count: it is repeated in status, which must stay small."""


def retry(application: Object) -> str:
    """Return what asks for another try, of which only matters whether it is another than before; empty for nothing."""
    return _annotation(application, RETRY_ANNOTATION)[:_LONGEST]


def _annotation(application: Object, name: str) -> str:
    return str((application["metadata"].get("annotations") or {}).get(name, ""))
