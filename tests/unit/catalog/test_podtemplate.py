"""What is kept of Kubernetes' own schema, on a document small enough to read."""

from typing import Any

import pytest

from pilothouse.catalog.podtemplate import CORE, MACHINERY, ROOT, extract, template
from pilothouse.catalog.schema import Schema, inlined


def ref(name: str) -> Schema:
    """A reference as an API server's document has it: beside a default and a description."""
    return {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "default": {}, "description": "Long."}


def listed(name: str, **rest: Any) -> Schema:
    return {"type": "array", "items": ref(name), **rest}


KEYED = {"x-kubernetes-list-type": "map", "x-kubernetes-patch-merge-key": "name"}
TEXT = {"type": "string", "description": "Long.", "default": ""}
OPENAPI = {
    "components": {
        "schemas": {
            ROOT: {
                "type": "object",
                "properties": {"metadata": ref(f"{MACHINERY}apis.meta.v1.ObjectMeta"), "spec": ref(f"{CORE}PodSpec")},
                "x-kubernetes-group-version-kind": [],
            },
            f"{CORE}PodSpec": {
                "type": "object",
                "required": ["containers"],
                "properties": {
                    "containers": listed(f"{CORE}Container", **KEYED | {"x-kubernetes-list-map-keys": ["name"]}),
                    "initContainers": listed(f"{CORE}Container"),
                    "ephemeralContainers": listed(f"{CORE}EphemeralContainer"),
                    "overhead": {"additionalProperties": ref(f"{MACHINERY}api.resource.Quantity"), "type": "object"},
                    "restartPolicy": {"type": "string", "enum": ["Always", "Never"], "description": "Long."},
                },
            },
            f"{CORE}Container": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "args": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "atomic"},
                    "name": TEXT,
                    "ports": listed(
                        f"{CORE}ContainerPort", **KEYED | {"x-kubernetes-list-map-keys": ["containerPort", "protocol"]}
                    ),
                    "supplementary": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
                },
            },
            f"{CORE}ContainerPort": {
                "type": "object",
                "required": ["containerPort"],
                "properties": {
                    "containerPort": ref(f"{MACHINERY}util.intstr.IntOrString"),
                    "protocol": TEXT | {"default": "TCP"},
                },
            },
            f"{CORE}EphemeralContainer": {"type": "object", "properties": {"targetContainerName": TEXT}},
            f"{CORE}Node": {"type": "object", "properties": {"metadata": ref(f"{MACHINERY}apis.meta.v1.ObjectMeta")}},
            f"{MACHINERY}apis.meta.v1.ObjectMeta": {"type": "object", "properties": {"name": TEXT}},
            f"{MACHINERY}api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
            f"{MACHINERY}util.intstr.IntOrString": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        }
    }
}
STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}


@pytest.fixture(scope="module")
def pod() -> Schema:
    """The structural schema that the small document comes to."""
    return inlined(extract(OPENAPI), "template")


def test_a_template_has_a_spec_and_of_metadata_only_what_templates_have(pod: Schema) -> None:
    assert pod["required"] == ["spec"]
    assert pod["properties"]["metadata"] == {
        "type": "object",
        "properties": {"labels": STRINGS, "annotations": STRINGS},
    }


def test_no_template_has_ephemeral_containers(pod: Schema) -> None:
    assert sorted(pod["properties"]["spec"]["properties"]) == [
        "containers",
        "initContainers",
        "overhead",
        "restartPolicy",
    ]


def test_items_with_required_keys_stay_their_own(pod: Schema) -> None:
    containers = pod["properties"]["spec"]["properties"]["containers"]
    assert (containers["x-kubernetes-list-type"], containers["x-kubernetes-list-map-keys"]) == ("map", ["name"])


def test_items_whose_key_has_a_default_are_replaced_whole(pod: Schema) -> None:
    container = pod["properties"]["spec"]["properties"]["containers"]["items"]["properties"]
    port = {
        "type": "object",
        "required": ["containerPort"],
        "properties": {"containerPort": {"x-kubernetes-int-or-string": True}, "protocol": {"type": "string"}},
    }
    assert container["ports"] == {"type": "array", "items": port}


def test_atomic_is_what_lists_are_anyway_and_sets_stay_sets(pod: Schema) -> None:
    container = pod["properties"]["spec"]["properties"]["containers"]["items"]["properties"]
    assert container["args"] == {"type": "array", "items": {"type": "string"}}
    assert container["supplementary"]["x-kubernetes-list-type"] == "set"


def test_enumerations_stay_and_quantities_are_checked_as_text(pod: Schema) -> None:
    spec = pod["properties"]["spec"]["properties"]
    assert spec["restartPolicy"] == {"type": "string", "enum": ["Always", "Never"]}
    assert spec["overhead"]["additionalProperties"].keys() == {"x-kubernetes-int-or-string", "pattern"}


def test_only_what_the_template_is_made_of_is_kept() -> None:
    assert f"{CORE}Node" not in extract(OPENAPI)["$defs"]


def test_the_same_document_gives_the_same_schema_and_stays_as_it_was() -> None:
    before = repr(OPENAPI)
    assert extract(OPENAPI) == extract(OPENAPI)
    assert repr(OPENAPI) == before


def test_the_template_in_the_definitions_is_that_of_kubernetes() -> None:
    containers = template()["properties"]["spec"]["properties"]["containers"]["items"]
    assert {"image", "command", "resources", "livenessProbe"} <= containers["properties"].keys()
