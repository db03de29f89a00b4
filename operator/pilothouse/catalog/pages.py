"""The reference pages of docs/, written from the definitions and the registered types.

A kind's page says what the API server says (`kubectl explain`), because it is written from the same definition. A
type's page shows real calls: the type is asked for them, with the Application `shop/checkout` of the control plane
`prod` as example and a word in angle brackets wherever a person, or a provider, has to say something.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

from pilothouse.api import durations
from pilothouse.api.application import ApplicationSpec
from pilothouse.api.meta import API_VERSION, NAME_PATTERN
from pilothouse.catalog import conditions_page, crds
from pilothouse.catalog.markdown import HEADER, coded, table
from pilothouse.catalog.registry import TYPES, AnyType, Types
from pilothouse.catalog.schema import INT_OR_STRING, LIST_TYPE, PRESERVE, RULES, Schema, structural
from pilothouse.dataplane.kubernetes.types.immutability import IMMUTABLE_PATHS
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject, Manifest
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Mark,
    Owner,
    Reference,
    ResourceSpec,
    Sensitive,
    TargetKey,
    Want,
    shown,
)

_ELSEWHERE: Final = ("spec.workloads[].template", "spec.workloads[].volumeClaimTemplates")
"""Fields whose schema is Kubernetes' own."""
_TYPES_PAGE: Final = "types.md"
_BLOCKS_ELSEWHERE: Final = f"The fields of a type block stand in [{_TYPES_PAGE}]({_TYPES_PAGE}).\n"
_SCOPES: Final = {"Namespaced": "namespaced", "Cluster": "cluster-scoped"}
_NAME: Final = "orders"
_MARK: Final = Mark(Owner("prod", "shop", "checkout"), _NAME, "<uid of the Application>")
_CREATION: Final = {
    Creation.NAMED: "Named: the name is the key, so a create that is repeated finds the first.",
    Creation.TOKENED: "Tokened: the provider remembers the token, so a create that is repeated makes no other.",
    Creation.TOKENLESS: "Tokenless: nothing makes a repeated create harmless; an extra is looked for and retired.",
}
# As `schema` words a field: what it is, its default, and what a change costs.
_SAID: Final = re.compile(r"(?P<text>.*?)(?: ?Default: (?P<default>.*?)\.)?(?: Immutable: .*| A change interrupts .*)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a definition. rules: what the API server holds it to, limits before the rules in words."""

    path: str
    type: str
    default: str
    description: str
    rules: tuple[str, ...]


def files(types: Types = TYPES) -> Mapping[str, str]:
    """Return the text of every generated page by its path in docs/. The same models give the same bytes."""
    pages = {f"reference/{kind.plural}.md": _kind_page(kind, types) for kind in crds.KINDS}
    return pages | {f"reference/{_TYPES_PAGE}": _types_page(types), "reference/conditions.md": conditions_page.text()}


def fields(schema: Schema, path: str, closed: Iterable[str] = (), *, required: bool = False) -> Iterator[Field]:
    """Yield the field at `path` and every field in it, in the order of the model. closed: paths to leave unopened."""
    item = schema.get("items", {})
    said = _SAID.fullmatch(schema.get("description", ""))
    text, default = said.groups("") if said else ("", "")
    yield Field(path, _type(schema), default, text, tuple(_rules(schema, item, required=required)))
    if path in closed:
        return
    inner, below = (item, f"{path}[]") if item else (schema, path)
    for name, field in inner.get("properties", {}).items():
        yield from fields(field, f"{below}.{name}", closed, required=name in inner.get("required", ()))


def _kind_page(kind: crds.Kind, types: Types) -> str:
    definition = crds.definition(kind, types)["spec"]
    (version,) = definition["versions"]
    root = version["schema"]["openAPIV3Schema"]
    blocks = [f"spec.resources[].{name}" for name in types]
    spec, status = root["properties"]["spec"], root["properties"]["status"]
    blocks_elsewhere = _BLOCKS_ELSEWHERE if kind.spec is ApplicationSpec else ""
    return "\n".join(filter(None, [
        HEADER,
        f"# {kind.name}\n",
        f"{kind.description} `{API_VERSION}`, {_SCOPES[kind.scope]}, short name `{kind.short}`.\n",
        *(f"Rule: {message}.\n" for _, message in kind.rules),
        "## spec\n",
        _field_table(fields(spec, "spec", [*_ELSEWHERE, *blocks], required=True)),
        blocks_elsewhere,
        "## status\n",
        "Written by the operator alone.\n",
        _field_table(fields(status, "status")),
        f"## kubectl get {kind.short}\n",
        table(("Column", "Shows"), [(f"`{c.name}`" + " (wide)" * c.wide, c.description) for c in kind.columns]),
    ]))  # fmt: skip


def _types_page(types: Types) -> str:
    return "\n".join([
        HEADER,
        "# Resource types\n",
        "One block of these in each entry of an Application's `spec.resources`, and any kind of Kubernetes object in",
        "`spec.manifests`. The examples belong to the Application `shop/checkout` of the control plane `prod`.\n",
        *(f"- [{name}](#{name.lower()})" for name in types),
        "- [Kubernetes objects](#kubernetes-objects)\n",
        *(_type_section(one) for one in types.values()),
        _kubernetes_section(),
    ])  # fmt: skip


def _type_section(one: AnyType) -> str:
    schema = structural(one.model, defaults=False)
    secret, root = sorted(_secrets(one.model)), f"spec.resources[].{one.kind}"
    rows = []
    for field in list(fields(schema, root))[1:]:
        path = field.path.removeprefix(f"{root}.")
        hidden = "never shown" if path in secret else ""
        rows.append((f"`{path}`", *_described(field), _cost(one, path.partition(".")[0].removesuffix("[]")), hidden))
    heads = ("Field", "Type", "Default", "Description", "Rules", "A change", "Sensitive")
    want = Want(TargetKey("<cell>", one.kind, _NAME), example(one), one.name(_MARK.owner, _NAME), _MARK, "<token>")
    return "\n".join([
        f"## {one.kind}\n",
        f"{_first_line(one)}\n",
        *_facts(one),
        *(f"- Rule: {rule['message']}." for rule in schema.get(RULES, ())),
        "",
        table(heads, rows),
        *_calls("The sweep sends", one.listing(_MARK.owner.control_plane)),
        *_calls("With nothing but the required fields given, a create sends", one.create(want)),
    ])  # fmt: skip


def _kubernetes_section() -> str:
    one = KubernetesObject("ConfigMap", "v1")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _NAME}, "data": {"colour": "blue"}}
    key, name = TargetKey("<cell>", one.kind, _NAME), f"v1/ConfigMap/shop/{_NAME}"
    kinds = (KubernetesObject(kind) for kind in sorted(IMMUTABLE_PATHS))
    rows = [(kind.kind, coded(IMMUTABLE_PATHS[kind.kind]), kind.deletion_policy, kind.delete_impact) for kind in kinds]
    return "\n".join([
        "## Kubernetes objects\n",
        f"{_first_line(one)}\n",
        *_facts(one),
        "",
        "Data of Secrets, literals of environment variables and whatever a model marks as sensitive are never shown.",
        "Of kinds that are not in this table no field is known that only a replacement changes: where the API server",
        "refuses a change, its words are reported. A ConfigMap's or Secret's data is fixed only while it says",
        "`immutable: true`.\n",
        table(("Kind", "Fields whose change replaces it", "When no longer wanted", "Its deletion is"), rows),
        *_calls("The watch begins with", one.listing(_MARK.owner.control_plane)),
        *_calls("A create sends", one.create(Want(key, Manifest(body=body), name, _MARK, "<token>"))),
    ])  # fmt: skip


def example(one: AnyType) -> ResourceSpec:
    """Return a spec of `one` with its defaults, and a word in angle brackets for each field that has none."""
    return one.model.model_construct(**_words(one.model))


def _words(model: type[BaseModel]) -> dict[str, Any]:
    required = {name: info for name, info in model.model_fields.items() if info.is_required()}
    return {name: _placeholder(info.annotation, f"<{info.alias or name}>") for name, info in required.items()}


def _placeholder(annotation: Any, word: str) -> Any:
    if get_origin(annotation) is tuple:
        return (_placeholder(get_args(annotation)[0], word),)
    if not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
        return word
    return (
        annotation(id=word) if issubclass(annotation, Reference) else annotation.model_construct(**_words(annotation))
    )


def _first_line(one: AnyType) -> str:
    """Return how the type's own module introduces it."""
    return " ".join((sys.modules[type(one).__module__].__doc__ or "").split("\n\n")[0].split())


def _facts(one: AnyType) -> Iterator[str]:
    yield f"- Provider: {one.provider}"
    yield f"- Creation: {_CREATION[one.creation]}"
    yield f"- Ownership: {one.ownership.value}"
    yield f"- Deletion policy: {one.deletion_policy}, unless `deletionPolicy` says otherwise"
    yield f"- Deleting is: {one.delete_impact}"
    times = (f"{name} {durations.shown(getattr(one.timeouts, name))}" for name in ("create", "update", "delete"))
    yield f"- Stalled when it takes longer, unless `timeouts` says otherwise: {', '.join(times)}"
    yield f"- Outputs: {coded(one.outputs)}"
    if one.secret_outputs:
        yield f"- Outputs written to Secrets only, and shown nowhere: {coded(one.secret_outputs)}"


def _calls(heading: str, call: Call) -> Iterator[str]:
    yield f"{heading} `{call.service} {call.operation}`:\n"
    yield f"```json\n{json.dumps(shown(call.parameters), indent=2, ensure_ascii=False)}\n```\n"


def _cost(one: AnyType, path: str) -> str:
    if one.immutable(path):
        return "replaces the resource"
    return "interrupts its users" if one.impact(path) == "Disruptive" else "in place"


def _secrets(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield the paths of the fields of a model that are `Sensitive`."""
    for name, info in model.model_fields.items():
        path = f"{above}{info.alias or name}"
        for part in _parts(info.annotation):
            if part is Sensitive:
                yield path
            elif isinstance(part, type) and issubclass(part, BaseModel):
                yield from _secrets(part, f"{path}.")


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _type(schema: Schema) -> str:
    if schema.get(INT_OR_STRING):
        return "integer or string"
    if "items" in schema:
        return f"list of {_type(schema['items'])}s"
    values = schema.get("additionalProperties")
    if values:
        return f"map of {_type(values)}s"
    return str(schema.get("type", "anything"))


def _rules(schema: Schema, item: Schema, *, required: bool) -> Iterator[str]:
    if required:
        yield "required"
    yield from _limits(schema)
    if keys := schema.get("x-kubernetes-list-map-keys"):
        yield f"each {' and '.join(keys)} once"
    if schema.get(LIST_TYPE) == "set":
        yield "each item once"
    for part in (item, schema.get("additionalProperties", {})):
        yield from (f"each {limit}" for limit in _limits(part))
    yield from (rule["message"] for part in (schema, item) for rule in part.get(RULES, ()))
    if PRESERVE in schema and "properties" in schema:
        yield "further fields are kept as they are"


def _limits(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        yield f"one of {coded(schema['enum'])}"
    for least, most, unit in _BOUNDS:
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            yield f"{low} to {high}{unit}"
        elif low is not None:
            yield f"at least {low}{unit}"
        elif high is not None:
            yield f"at most {high}{unit}"
    if pattern := schema.get("pattern"):
        yield "a DNS label" if pattern == NAME_PATTERN else f"matches `{pattern}`"


_BOUNDS: Final = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " entries"),
)


def _field_table(found: Iterable[Field]) -> str:
    heads = ("Field", "Type", "Default", "Description", "Rules")
    return table(heads, [(f"`{field.path}`", *_described(field)) for field in found])


def _described(field: Field) -> tuple[str, str, str, str]:
    default = f"`{field.default}`" if field.default else ""
    return field.type, default, field.description, "; ".join(field.rules)
