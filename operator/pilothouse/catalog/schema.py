"""Rewrite the JSON schema of a model as the structural schema that Kubernetes asks of a custom resource definition.

Structural means: every value has one type, nothing is referenced, and unknown fields are told by their absence. The
rules are in the Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions". What has no
structural form is refused with its place, when the files are generated rather than when they are applied.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from pilothouse.dataplane.types import IMPACT_KEY

Schema = dict[str, Any]

RULES: Final = "x-kubernetes-validations"
PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING: Final = "x-kubernetes-int-or-string"
LIST_TYPE: Final = "x-kubernetes-list-type"

_KEPT: Final = frozenset({
    "description", "enum", "format", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength",
    "minProperties", "minimum", "multipleOf", "pattern", "required", "type",
})  # fmt: skip
_DROPPED: Final = frozenset({"$defs", "deprecated", "examples", "title"})
_REWRITTEN: Final = frozenset({
    "additionalProperties", "const", "default", "exclusiveMaximum", "exclusiveMinimum", "items", "prefixItems",
    "properties", "uniqueItems",
})  # fmt: skip
_IMPACTS: Final = {
    "Replace": "Immutable: a change replaces the resource.",
    "Disruptive": "A change interrupts its users.",
}


class NotStructuralError(Exception):
    """A model has no structural schema. The message names the field, what was found, and what to write instead."""


class _ModelSchema(GenerateJsonSchema):
    """Pydantic's schema, and the CEL `rules` of every model beside its fields."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        rules = getattr(schema["cls"], "rules", ())
        stated = [{"rule": rule, "message": message} for rule, message in rules]
        return super().model_schema(schema) | ({RULES: stated} if stated else {})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the document a schema stands.

    path: for messages, such as ApplicationSpec.workloads[].name.
    defaults: whether the API server shall write defaults here.
    within: the definitions being inlined.
    """

    path: str
    defaults: bool
    within: tuple[str, ...] = ()

    def below(self, name: str) -> "_Place":
        return replace(self, path=f"{self.path}.{name}")


def structural(model: type[BaseModel], *, defaults: bool = True) -> Schema:
    """Return the structural schema of `model`. Raises NotStructuralError.

    defaults: whether the API server shall fill in defaults. It never does within lists: clients that compare what
    they applied with what is stored, as Argo CD does, see a changed list there. The description states every default.
    """
    return inlined(model.model_json_schema(schema_generator=_ModelSchema), model.__name__, defaults=defaults)


def inlined(document: Mapping[str, Any], name: str, *, defaults: bool = True) -> Schema:
    """Return the structural form of a JSON schema whose definitions stand in `$defs`. Raises NotStructuralError."""
    return _Converter(document.get("$defs", {})).convert(document, _Place(name, defaults))


@dataclass(frozen=True, slots=True)
class _Converter:
    definitions: Mapping[str, Schema]

    def convert(self, schema: Mapping[str, Any], place: _Place) -> Schema:
        """Return the structural form of `schema`, which stands at `place`."""
        schema, place = self._resolved(schema, place)
        _refuse_unknown(schema, place)
        result: Schema = {key: value for key, value in schema.items() if key in _KEPT or _is_for_kubernetes(key)}
        if not float(schema.get("multipleOf", 1)).is_integer():
            # The API server takes a factor for an integer where the value is one: of 0.5, 0 would be left.
            del result["multipleOf"]
        result |= _bounds(schema) | self._object(schema, place) | self._array(schema, place)
        if "const" in schema:
            result["enum"] = [schema["const"]]
        if "type" not in result and not result.get(INT_OR_STRING):
            result[PRESERVE] = True
        if "default" in schema and _says_something(schema["default"]) and place.defaults:
            result["default"] = schema["default"]
        if text := " ".join(_sentences(schema)):
            result["description"] = text
        return result

    def _resolved(self, schema: Mapping[str, Any], place: _Place) -> tuple[Mapping[str, Any], _Place]:
        """Replace references and alternatives by what they come to; what stands beside them wins."""
        while "$ref" in schema or "anyOf" in schema:
            schema, beside = dict(schema), dict(schema)
            if "$ref" in schema:
                name = beside.pop("$ref").rpartition("/")[2]
                if name in place.within:
                    raise NotStructuralError(f"{place.path}: {name} contains itself: give it a bounded depth")
                place = replace(place, within=(*place.within, name))
                schema = {**self.definitions[name], **beside}
            else:
                schema = _alternative(beside.pop("anyOf"), place) | beside
        return schema, place

    def _object(self, schema: Mapping[str, Any], place: _Place) -> Schema:
        result: Schema = {}
        if "properties" in schema:
            fields: Mapping[str, Schema] = schema["properties"]
            result["properties"] = {name: self.convert(field, place.below(name)) for name, field in fields.items()}
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            result["additionalProperties"] = self.convert(values, place.below("*"))
        elif values:
            result[PRESERVE] = True
        return result

    def _array(self, schema: Mapping[str, Any], place: _Place) -> Schema:
        result: Schema = {LIST_TYPE: "set"} if schema.get("uniqueItems") else {}
        if "prefixItems" in schema:
            first, *others = schema["prefixItems"]
            if any(other != first for other in others):
                raise NotStructuralError(f"{place.path}: a tuple of several types: make it a model with named fields")
            result |= {"items": first}
        elif "items" in schema:
            result |= {"items": schema["items"]}
        if "items" in result:
            below = replace(place, path=f"{place.path}[]", defaults=False)
            result["items"] = self.convert(result["items"], below)
        return result


def _alternative(choices: Iterable[Mapping[str, Any]], place: _Place) -> Schema:
    """Return what a choice of schemas comes to: null means that the field may be left out, which it may anyway."""
    kinds = [dict(choice) for choice in choices if choice.get("type") != "null"]
    if len(kinds) == 1:
        return kinds[0]
    types = {str(kind.get("type")) for kind in kinds}
    if types == {"integer", "string"} and len(kinds) == len(types):
        bounds = {key: value for kind in kinds for key, value in kind.items() if key in _KEPT - {"type"}}
        return bounds | {INT_OR_STRING: True}
    raise NotStructuralError(
        f"{place.path}: a choice of {sorted(types)}: use one type, or int | str, or a field for each"
    )


def _refuse_unknown(schema: Mapping[str, Any], place: _Place) -> None:
    known = _KEPT | _DROPPED | _REWRITTEN
    for key in schema:
        if key not in known and not key.startswith("x-"):
            raise NotStructuralError(f"{place.path}: keyword {key!r} has no structural form: say it as one of `rules`")


def _is_for_kubernetes(key: str) -> bool:
    return key.startswith("x-kubernetes-")


def _bounds(schema: Mapping[str, Any]) -> Schema:
    """Spell exclusive bounds as OpenAPI 3.0 does: a bound and a flag."""
    result: Schema = {}
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if exclusive in schema:
            result |= {bound: schema[exclusive], exclusive: True}
    return result


def _sentences(schema: Mapping[str, Any]) -> Iterable[str]:
    """Yield what `kubectl explain` shows: the description, the default, and what a change costs."""
    if "description" in schema:
        yield " ".join(schema["description"].split())
    default = schema.get("default")
    if _says_something(default) and default != {}:
        yield f"Default: {default if isinstance(default, str) else json.dumps(default)}."
    if impact := schema.get(IMPACT_KEY):
        yield _IMPACTS[impact]


def _says_something(default: object) -> bool:
    """Tell whether a default differs from leaving the field out. An empty object does: its own defaults go into it."""
    return default is not None and default not in ("", [])
