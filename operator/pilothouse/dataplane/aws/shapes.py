"""AWS's nested documents and our models of them: what a model calls `kms_key_id` is KmsKeyId there."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast, get_args

from pilothouse.api.meta import Wire
from pilothouse.dataplane.types import Reference

W = TypeVar("W", bound=Wire)


def member(field: str) -> str:
    """Spell a field as AWS does."""
    return "".join(word[0].upper() + word[1:] for word in field.split("_"))


def written(model: Wire) -> dict[str, Any]:
    """Return a model as AWS takes it, without what is left to AWS; references become what they stand for."""
    values = ((field, getattr(model, field)) for field in type(model).model_fields)
    return {member(field): value_of(value) for field, value in values if value is not None}


def value_of(value: Any) -> Any:
    """Return a value as AWS takes it."""
    match value:
        case Reference():
            return value.value
        case Wire():
            return written(value)
        case tuple():
            return [value_of(each) for each in value]
        case _:
            return value


def read(model: type[W], document: Mapping[str, Any]) -> W:
    """Return a document of AWS's as our model, what it lacks as None.

    Whatever AWS says is read: it may know values that the model does not take.
    """
    found = {name: _read(info.annotation, document.get(member(name))) for name, info in model.model_fields.items()}
    return cast(W, model.model_construct(**found))


def _read(annotation: Any, value: Any) -> Any:
    match value:
        case list():
            return tuple(_read(annotation, each) for each in value)
        case Mapping() if inner := _model_in(annotation):
            return read(inner, value)
        case str() if (inner := _model_in(annotation)) and issubclass(inner, Reference):
            return inner(id=value)
        case _:
            return value


def _model_in(annotation: Any) -> type[Wire] | None:
    """Return the model that an annotation is of, perhaps as one of several or None."""
    if isinstance(annotation, type) and issubclass(annotation, Wire):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)
