"""JSON documents that AWS keeps as text: two are the same when they say the same."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

MAX_LENGTH: Final = 131_072
_DIGITS: Final = 16


def canonical(text: str) -> str:
    """Return a JSON document in the one spelling that can be compared. Raises ValueError."""
    try:
        return compact(json.loads(text))
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON ({error}); expected a JSON object as text") from error


def compact(document: Any) -> str:
    """Write a document as JSON: sorted keys, no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def digest(described: Mapping[str, Any], *but: str) -> str:
    """Return what tells whether a thing is described as it was before, but for some of its keys."""
    kept = {key: value for key, value in described.items() if key not in but}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()[:_DIGITS]


JsonObject = Annotated[str, Field(pattern=r"^\s*\{[\s\S]*\}\s*$", max_length=MAX_LENGTH), AfterValidator(canonical)]
"""A JSON object as text, kept in its canonical spelling."""
