"""How Kubernetes merges a list that several appliers write: as `json_schema_extra` of the field."""

from typing import Any, Final


def keyed_by(*keys: str) -> dict[str, Any]:
    """Make each item its own: told apart by `keys`, which must be required fields and unique in the list."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


def set_of(max_length: int, pattern: str = "") -> dict[str, Any]:
    """Make it a set of strings, each of at most `max_length` characters and matching `pattern`."""
    items = {"type": "string", "maxLength": max_length} | ({"pattern": pattern} if pattern else {})
    return {"x-kubernetes-list-type": "set", "items": items}


DEFAULTED: Final[dict[str, Any]] = {"default": {}}
"""The object is written out with its defaults where it is left out, so that people and admission policies see them."""
