"""The schema of core/v1 PodTemplateSpec, cut from an API server's OpenAPI v3 document to what our pods may say.

With it a typo inside a workload's template is refused like any other. Left out is what would be no help there:
descriptions, metadata other than labels and annotations, ephemeral containers (which no template may have), and
defaults, which the API server of the Cell fills in when it gets the Deployment.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from pilothouse.catalog.schema import INT_OR_STRING, LIST_TYPE, Schema, inlined

CORE: Final = "io.k8s.api.core.v1."
MACHINERY: Final = "io.k8s.apimachinery.pkg."
ROOT: Final = f"{CORE}PodTemplateSpec"

_MAP_KEYS: Final = "x-kubernetes-list-map-keys"
_STRING_MAP: Final = {"type": "object", "additionalProperties": {"type": "string"}}
# As Kubernetes' own generator writes it for custom resources (sigs.k8s.io/controller-tools, pkg/crd/known_types.go).
_QUANTITY: Final = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
_METADATA: Final = f"{MACHINERY}apis.meta.v1.ObjectMeta"
_OURS: Final[dict[str, Schema]] = {
    f"{MACHINERY}api.resource.Quantity": {INT_OR_STRING: True, "pattern": _QUANTITY},
    f"{MACHINERY}util.intstr.IntOrString": {INT_OR_STRING: True},
    _METADATA: {
        "type": "object",
        "properties": {"labels": _STRING_MAP, "annotations": _STRING_MAP},
    },
}
_KEPT: Final = frozenset({"enum", "format", "required", "type", LIST_TYPE, _MAP_KEYS, "x-kubernetes-map-type"})


def template() -> Schema:
    """Return the structural schema of a workload's template."""
    document = json.loads(files("pilothouse.catalog").joinpath("podtemplate.json").read_text(encoding="utf-8"))
    return inlined(document, "template")


def claim() -> Schema:
    """Return the structural schema of a claim of a StatefulSet: its name and its core/v1 PersistentVolumeClaimSpec."""
    document = json.loads(files("pilothouse.catalog").joinpath("podtemplate.json").read_text(encoding="utf-8"))
    spec = inlined({**document, "$ref": _pointer(f"{CORE}PersistentVolumeClaimSpec")}, "volumeClaimTemplates.spec")
    name = {"type": "string", "minLength": 1, "maxLength": 63}
    metadata = {"type": "object", "required": ["name"], "properties": {"name": name, **_OURS[_METADATA]["properties"]}}
    return {"type": "object", "required": ["metadata", "spec"], "properties": {"metadata": metadata, "spec": spec}}


def extract(openapi: Mapping[str, Any]) -> Schema:
    """Return the schema of PodTemplateSpec as one JSON schema document with `$defs`.

    openapi: what an API server answers to GET /openapi/v3/api/v1.
    """
    served = openapi["components"]["schemas"]
    definitions = {name: _trimmed(schema) for name, schema in served.items()} | _OURS
    del definitions[f"{CORE}PodSpec"]["properties"]["ephemeralContainers"]
    definitions[ROOT]["required"] = ["spec"]
    for definition in definitions.values():
        for field in definition.get("properties", {}).values():
            _settle_list_type(field, definitions)
    return {"$ref": _pointer(ROOT), "$defs": {name: definitions[name] for name in sorted(_reached(definitions))}}


def _trimmed(schema: Mapping[str, Any]) -> Schema:
    """Return what a custom resource may say of `schema`, with references into `$defs`."""
    result = {key: value for key, value in schema.items() if key in _KEPT}
    for part in (schema, *schema.get("allOf", ())):
        if "$ref" in part:
            result["$ref"] = _pointer(part["$ref"].rpartition("/")[2])
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = _trimmed(schema[key])
    if "properties" in schema:
        result["properties"] = {name: _trimmed(field) for name, field in schema["properties"].items()}
    return result


def _settle_list_type(field: Schema, definitions: Mapping[str, Schema]) -> None:
    """Leave items their own only where their keys are required.

    A key that may be left out would need a default inside the list, which Argo CD would show as a change for ever.
    Such lists are replaced whole, which is also what Kubernetes does where nothing is said.
    """
    item = definitions.get(_target(field.get("items", {})), {})
    if not {*field.get(_MAP_KEYS, ())} <= {*item.get("required", ())} or field.get(LIST_TYPE) == "atomic":
        field.pop(_MAP_KEYS, None)
        field.pop(LIST_TYPE)


def _reached(definitions: Mapping[str, Schema]) -> set[str]:
    """Return the names of the definitions that the template is made of."""
    reached: set[str] = set()
    pending = [ROOT]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += _references(definitions[name])
    return reached


def _references(schema: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        yield _target(schema)
    for part in schema.values():
        if isinstance(part, dict):
            yield from _references(part)


def _target(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _pointer(name: str) -> str:
    return f"#/$defs/{name}"
