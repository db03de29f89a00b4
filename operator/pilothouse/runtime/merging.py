"""From two versions of a status to the JSON merge patch (RFC 7386) between them, as small as it can be."""

from collections.abc import Mapping
from typing import Any

from pilothouse.api.meta import Record


def wire(status: Record) -> dict[str, Any]:
    """Return a status as it is stored: by wire names, without what is at its default."""
    return status.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that makes `new` of `old`; what is gone becomes null, what is the same is left out."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := merge_patch(before, value):
                patch[name] = inner
        elif name not in old or before != value:
            patch[name] = value
    return patch
