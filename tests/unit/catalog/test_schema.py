"""What a model looks like to Kubernetes, construct by construct."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Optional

import pytest
from pydantic import Field, create_model

from pilothouse.api.merging import DEFAULTED, keyed_by, set_of
from pilothouse.api.meta import Rules, Wire
from pilothouse.catalog.schema import NotStructuralError, Schema, inlined, structural
from pilothouse.dataplane.types import DISRUPTIVE, IMMUTABLE, Sensitive

PRESERVED = "x-kubernetes-preserve-unknown-fields"


Colour = StrEnum("Colour", {"RED": "Red", "BLUE": "Blue"})


class Port(Wire):
    """A port."""

    rules: ClassVar[Rules] = (("self.number > 0", "number: use a positive one"),)

    number: int = Field(80, description="Number of the port.")


PORT: Schema = {
    "type": "object",
    "description": "A port.",
    "properties": {"number": {"type": "integer", "description": "Number of the port. Default: 80.", "default": 80}},
    "x-kubernetes-validations": [{"rule": "self.number > 0", "message": "number: use a positive one"}],
}
PORT_IN_A_LIST = PORT | {
    "properties": {"number": {"type": "integer", "description": "Number of the port. Default: 80."}},
}


@dataclass(frozen=True)
class Case:
    field: tuple[Any, Any]
    want: Schema
    reason: str


CASES = {
    "text with bounds": Case(
        (str, Field(min_length=1, max_length=9, pattern="^a")),
        {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a"},
        "OpenAPI has the same words for them",
    ),
    "an exclusive bound": Case(
        (float, Field(gt=0, lt=2.5)),
        {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 2.5, "exclusiveMaximum": True},
        "OpenAPI 3.0 spells it as a bound and a flag, JSON schema as a number",
    ),
    "an optional number": Case(
        (Optional[int], Field(None, ge=1)),  # noqa: UP045 - the older spelling must work as well
        {"type": "integer", "minimum": 1},
        "leaving a field out is how Kubernetes says null",
    ),
    "an optional model": Case(
        (Port | None, Field(None, description="Where it listens.")),
        PORT | {"description": "Where it listens."},
        "the field's description says more than the model's; the model's rules stay",
    ),
    "number or text": Case(
        (int | str, Field(description="By number or name.")),
        {"x-kubernetes-int-or-string": True, "description": "By number or name."},
        "the only choice of types that a structural schema knows",
    ),
    "optional number or text with bounds": Case(
        (Annotated[int, Field(ge=1)] | Annotated[str, Field(max_length=15)] | None, Field(None)),
        {"x-kubernetes-int-or-string": True, "minimum": 1, "maxLength": 15},
        "each bound speaks of one of the types and is kept for it",
    ),
    "a literal": Case(
        (Literal["a"], Field("a")),
        {"type": "string", "enum": ["a"], "default": "a", "description": "Default: a."},
        "const is unknown to OpenAPI 3.0",
    ),
    "literals": Case((Literal["a", "b"], Field()), {"type": "string", "enum": ["a", "b"]}, "as an enumeration"),
    "an enumeration": Case((Colour, Field()), {"type": "string", "enum": ["Red", "Blue"]}, "without its title"),
    "a list": Case(
        (tuple[int, ...], Field((), max_length=4)),
        {"type": "array", "items": {"type": "integer"}, "maxItems": 4},
        "an empty default says no more than leaving it out",
    ),
    "a list of models": Case(
        (tuple[Port, ...], Field(json_schema_extra=keyed_by("number"))),
        {
            "type": "array",
            "items": PORT_IN_A_LIST,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["number"],
        },
        "a default written into a list shows as a change in Argo CD for ever: only the description states it",
    ),
    "a pair of equals": Case(
        (tuple[int, int], Field()),
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
        "prefixItems is unknown to OpenAPI 3.0",
    ),
    "a set": Case(
        (frozenset[str], Field()),
        {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "uniqueItems is forbidden in a custom resource, sets are not",
    ),
    "a set of names": Case(
        (tuple[str, ...], Field((), json_schema_extra=set_of(9, "^[a-z]+$"))),
        {
            "type": "array",
            "items": {"type": "string", "maxLength": 9, "pattern": "^[a-z]+$"},
            "x-kubernetes-list-type": "set",
        },
        "CEL's cost budget needs to know how long names can be",
    ),
    "labels": Case(
        (dict[str, str], Field(default_factory=dict)),
        {"type": "object", "additionalProperties": {"type": "string"}},
        "a map of texts",
    ),
    "any object": Case((dict[str, Any], Field()), {"type": "object", PRESERVED: True}, "else its fields are pruned"),
    "anything": Case((Any, Field(None)), {PRESERVED: True}, "else it is refused for want of a type"),
    "a model with defaults": Case(
        (Port, Field(default_factory=Port, json_schema_extra=DEFAULTED)),
        PORT | {"default": {}},
        "people and admission policies see the defaults that hold",
    ),
    "a default of false": Case(
        (bool, Field(default=False)),
        {"type": "boolean", "default": False, "description": "Default: false."},
        "spelled as YAML does",
    ),
    "an empty text": Case((str, Field("")), {"type": "string"}, "a default that says nothing would only be noise"),
    "a secret": Case((Sensitive, Field()), {"type": "string"}, "it is text on the wire"),
    "an immutable field": Case(
        (str, Field(description="Zone.", json_schema_extra=IMMUTABLE)),
        {"type": "string", "description": "Zone. Immutable: a change replaces the resource."},
        "what a change costs is read before it is made",
    ),
    "a disruptive field": Case(
        (int, Field(1, description="Size,\n    in GiB.", json_schema_extra=DISRUPTIVE)),
        {"type": "integer", "default": 1, "description": "Size, in GiB. Default: 1. A change interrupts its users."},
        "description, default and cost read as sentences on one line",
    ),
    "an old field": Case((str, Field(deprecated=True, examples=["x"])), {"type": "string"}, "unknown to Kubernetes"),
}


def field_of(field: tuple[Any, Any], *, defaults: bool = True) -> Schema:
    """The structural schema of a model's only field."""
    model = create_model("Sample", __base__=Wire, field=field)
    schema = structural(model, defaults=defaults)["properties"]["field"]
    assert isinstance(schema, dict)
    return schema


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_field_becomes_structural(case: Case) -> None:
    assert field_of(case.field) == case.want, case.reason


def test_a_model_says_what_it_is_and_which_fields_it_needs() -> None:
    class Book(Wire):
        """A book."""

        title: str

    want = {"type": "object", "description": "A book.", "properties": {"title": {"type": "string"}}}
    assert structural(Book) == want | {"required": ["title"]}, "a field called title is no title of a schema"


def test_defaults_are_only_described_where_the_api_server_shall_not_write_them() -> None:
    assert field_of((int, Field(30, description="Seconds.")), defaults=False) == {
        "type": "integer",
        "description": "Seconds. Default: 30.",
    }


def test_a_list_in_a_map_in_a_list_has_no_defaults_either() -> None:
    schema = field_of((tuple[dict[str, Port], ...], Field()))
    assert schema["items"]["additionalProperties"] == PORT_IN_A_LIST


class Tree(Wire):
    """A tree."""

    branches: tuple["Tree", ...] = ()


@dataclass(frozen=True)
class Refused:
    field: tuple[Any, Any]
    message: str
    reason: str


REFUSED = {
    "a choice of models": Refused(
        (Port | Colour, Field()),
        r"Sample\.field: a choice of \['object', 'string'\]: use one type, or int | str",
        "Kubernetes cannot tell which alternative is meant",
    ),
    "a choice of two kinds of text": Refused(
        (Literal["a"] | Colour | int, Field()), r"Sample\.field: a choice", "only plain int | str has a form"
    ),
    "a tuple of several types": Refused(
        (tuple[int, str], Field()), r"Sample\.field: a tuple of several types", "arrays have items of one type"
    ),
    "a model in itself": Refused((Tree, Field()), r"Sample\.field\.branches\[\]: Tree contains itself", "no end"),
    "patterns of keys": Refused(
        (dict[Colour, str], Field()), r"Sample\.field: keyword 'propertyNames' has no structural form", "not silently"
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_has_no_structural_form_is_refused_with_its_place(case: Refused) -> None:
    with pytest.raises(NotStructuralError, match=case.message):
        field_of(case.field)


def test_the_same_model_may_stand_in_two_places() -> None:
    document = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/Port"}, "b": {"$ref": "#/$defs/Port"}},
        "$defs": {"Port": {"type": "integer"}},
    }
    assert inlined(document, "Sample")["properties"] == {"a": {"type": "integer"}, "b": {"type": "integer"}}


def test_a_factor_that_is_no_integer_is_left_to_the_operator() -> None:
    """The API server would take 0.5 for 0 where a whole number is given, and refuse the number."""

    class Steps(Wire):
        halves: float = Field(multiple_of=0.5)
        tens: int = Field(multiple_of=10)

    fields = structural(Steps)["properties"]
    assert "multipleOf" not in fields["halves"]
    assert fields["tens"]["multipleOf"] == 10
