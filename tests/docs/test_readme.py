"""What the README and the other pages show works as it stands: people copy it first."""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest

from pilothouse.api.application import ApplicationSpec, Resource
from pilothouse.api.cell import CellSpec
from pilothouse.catalog import crds
from pilothouse.catalog.kinds import Catalog
from pilothouse.dataplane.types import Owner
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.resolve import World, resolve
from pilothouse.desired.resources import typed
from pilothouse.desired.state import Problem
from tests.cluster import RunningCluster
from tests.docs.reading import README, label, manifests, written_pages

SHOP: Mapping[str, str] = {"team": "shop"}
"""The labels of the namespace that the README's Cells are open to."""
MANIFESTS = manifests(README)
EVERYWHERE = {
    f"{label(page)} {number} {manifest['metadata']['name']}": manifest
    for page in written_pages()
    for number, manifest in enumerate(manifests(page))
    if "kind" in manifest
}
NODE = NodeFree("node", free={"cpu": 4000, "memory": 8 << 30, "pods": 110})


def view(cell: Mapping[str, Any]) -> CellView:
    """A Cell of the README as placement sees it, with one free node."""
    spec = CellSpec.model_validate(cell["spec"])
    selector = spec.kubernetes.node_selector if spec.kubernetes else {}
    return CellView(
        name=cell["metadata"]["name"],
        provider="kubernetes" if spec.kubernetes else "aws",
        labels=cell["metadata"].get("labels", {}),
        failure_domain=spec.failure_domain,
        allowed=tuple(entry for entry in spec.allow if entry.namespace_selector.matches(SHOP)),
        nodes=(NodeFree("node", selector, NODE.free),),
        node_selector=selector,
    )


def of(kind: str) -> list[dict[str, Any]]:
    return [manifest for manifest in MANIFESTS if manifest["kind"] == kind]


def test_the_readme_shows_an_application_and_the_cells_it_names() -> None:
    assert [one["metadata"]["name"] for one in of("Application")] == ["checkout"]
    assert [one["metadata"]["name"] for one in of("Cell")] == ["eu-a", "eu-b", "aws-eu"]


@pytest.mark.parametrize("manifest", EVERYWHERE.values(), ids=EVERYWHERE)
def test_each_manifest_fits_its_schema(manifest: dict[str, Any]) -> None:
    kind = next(kind for kind in crds.KINDS if kind.name == manifest["kind"])
    schema = crds.definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    jsonschema.Draft202012Validator(closed(schema)).validate(manifest)
    for resource in manifest["spec"].get("resources", ()):
        problem = typed(Resource.model_validate(resource), Catalog())
        assert not isinstance(problem, Problem), problem


def closed(schema: Any) -> Any:
    """Refuse what a schema does not name, as kubectl does."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    known = isinstance(inner.get("properties"), dict) and inner.get("type") == "object"
    if known and not schema.get("x-kubernetes-preserve-unknown-fields"):
        inner.setdefault("additionalProperties", False)
    return inner


def test_the_application_finds_a_place_for_everything_in_the_cells_shown() -> None:
    (application,) = of("Application")
    world = World(Owner("prod", "shop", "checkout"), [view(cell) for cell in of("Cell")], Catalog())
    desired = resolve(ApplicationSpec.model_validate(application["spec"]), world)
    assert desired.problems == ()
    assert desired.shortages == {}
    assert {key.resource for key in desired.targets} == {"orders", "web", "checkout-web-eu-a", "checkout-web-eu-b"}
    carrier = next(target for key, target in desired.targets.items() if key.type == "ConfigMap")
    body: Any = carrier.spec.model_dump()["body"]
    assert set(body["data"]) == {"ORDERS_URL", "ORDERS_ARN", "ORDERS_NAME"}, "as the comment in the README says"


@pytest.mark.cluster
@pytest.mark.parametrize("manifest", EVERYWHERE.values(), ids=EVERYWHERE)
def test_the_api_server_takes_each_manifest(manifest: dict[str, Any], kinds: RunningCluster, namespace: str) -> None:
    place = {"namespace": namespace} if "namespace" in manifest["metadata"] else {}
    text = json.dumps({**manifest, "metadata": {**manifest["metadata"], **place}})
    kinds.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)
