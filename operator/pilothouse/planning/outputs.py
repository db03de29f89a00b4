"""References to outputs: put the values in that are known, and tell whether any is still missing."""

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from pilothouse.dataplane.types import Digest, Ref, Reference

Outputs = Mapping[str, Mapping[str, str]]
"""The outputs known now, by resource of the Application."""


def filled(value: Any, outputs: Outputs) -> Any:
    """Return `value` with every reference replaced whose output is known; unknown ones stay."""
    match value:
        case Ref():
            return outputs.get(value.resource, {}).get(value.output, value)
        case Digest():
            known = [filled(ref, outputs) for ref in value.of]
            return value if any(isinstance(item, Ref) for item in known) else _digest(known)
        case Reference():
            found = filled(value.value, outputs)
            # An empty output says that there is no such thing, so what refers to it goes on waiting.
            return value if isinstance(found, Ref) or not found else type(value)(id=found)
        case BaseModel():
            return _filled_model(value, outputs)
        case dict():
            return {key: filled(item, outputs) for key, item in value.items()}
        case list():
            return [filled(item, outputs) for item in value]
        case tuple():
            return tuple(filled(item, outputs) for item in value)
        case _:
            return value


def _filled_model(value: BaseModel, outputs: Outputs) -> BaseModel:
    fields = {name: getattr(value, name) for name in type(value).model_fields}
    changed = {name: new for name, old in fields.items() if (new := filled(old, outputs)) != old}
    return value.model_copy(update=changed) if changed else value


def _digest(values: list[str]) -> str:
    return hashlib.sha256("\0".join(values).encode()).hexdigest()[:16]


def missing(value: Any, *, late: bool = True) -> tuple[Ref, ...]:
    """Return every reference left in `value`, in order of appearance.

    late: whether those count that a thing is created without.
    """
    match value:
        case Ref():
            return (value,)
        case Digest():
            return value.of
        case Reference():
            return missing(value.value) if late or not value.late else ()
        case BaseModel():
            return missing([getattr(value, name) for name in type(value).model_fields], late=late)
        case dict():
            return missing(list(value.values()), late=late)
        case list() | tuple():
            return tuple(ref for item in value for ref in missing(item, late=late))
        case _:
            return ()
