"""JSON documents that AWS keeps as text: two are the same when they say the same."""

import json
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

MAX_LENGTH: Final = 131_072


def canonical(text: str) -> str:
    """Return a JSON document in the one spelling that can be compared. Raises ValueError."""
    try:
        return compact(json.loads(text))
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON ({error}); expected a JSON object as text") from error


def compact(document: Any) -> str:
    """Write a document as JSON: sorted keys, no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


JsonObject = Annotated[str, Field(pattern=r"^\s*\{[\s\S]*\}\s*$", max_length=MAX_LENGTH), AfterValidator(canonical)]
"""A JSON object as text, kept in its canonical spelling."""
