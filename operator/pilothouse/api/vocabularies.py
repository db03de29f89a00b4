"""Every kind whose conditions or Events say something, by its name."""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.api.application_reasons import APPLICATION
from pilothouse.api.cell_reasons import CELL
from pilothouse.api.plan_reasons import PLAN
from pilothouse.api.reasons import Vocabulary

VOCABULARIES: Final[Mapping[str, Vocabulary]] = {one.kind: one for one in (APPLICATION, PLAN, CELL)}


def vocabulary_of(involved: Mapping[str, Any]) -> Vocabulary:
    """Return what may be said of an object. Listings leave the kind out; Events are then about an Application."""
    return VOCABULARIES[involved.get("kind", APPLICATION.kind)]
