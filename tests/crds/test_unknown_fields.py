"""A typo is told, not dropped: kubectl asks for strict validation, and the definitions leave no open place."""

import json

import pytest

from tests.cluster import RunningCluster
from tests.crds.manifests import AWS, Manifest, cell, of_container, of_ports, of_queue, of_resource, of_workload

pytestmark = pytest.mark.cluster

SPEC = {"containers": [{"name": "main", "image": "web:1"}]}
TYPOS: dict[str, tuple[Manifest, str]] = {
    "at the top": (of_workload() | {"sepc": {}}, "sepc"),
    "in the spec": (cell(aws=AWS, failuredomain="a"), "failuredomain"),
    "in a workload": (of_workload(replica=2), "replica"),
    "in a template": (of_workload(template={"spec": SPEC, "replicas": 2}), "replicas"),
    "in a template's metadata": (of_workload(template={"metadata": {"name": "web"}, "spec": SPEC}), "name"),
    "in a container": (of_container(imagePulPolicy="Always"), "imagePulPolicy"),
    "deep in a container": (of_container(resources={"request": {"cpu": 1}}), "request"),
    "ephemeral containers": (of_workload(template={"spec": SPEC | {"ephemeralContainers": []}}), "ephemeralContainers"),
    "in a port": (of_ports({"port": 80, "targetport": 8080}), "targetport"),
    "in a resource": (of_resource(deletepolicy="Retain"), "deletepolicy"),
    "a type that does not exist": (of_resource(awsLambda={}), "awsLambda"),
    "in a type block": (of_queue(visibilityTimeout=30), "visibilityTimeout"),
}
APPLY = {"in the client": ("apply",), "in the server": ("apply", "--server-side")}


@pytest.mark.parametrize("where", APPLY.values(), ids=APPLY)
@pytest.mark.parametrize(("manifest", "field"), TYPOS.values(), ids=TYPOS)
def test_kubectl_apply_refuses_an_unknown_field(
    kinds: RunningCluster, where: tuple[str, ...], manifest: Manifest, field: str
) -> None:
    done = kinds.kubectl(*where, "--dry-run=server", "-f", "-", stdin=json.dumps(manifest), check=False)
    assert done.returncode != 0, f"{field} was accepted"
    assert f'{field}"' in done.stderr or f"{field}: field not declared in schema" in done.stderr, "it must be named"


def test_what_asks_for_no_validation_still_needs_a_known_type(kinds: RunningCluster) -> None:
    """The API server drops what it does not know where nobody asks for strictness: a mistyped block must not vanish."""
    typo = json.dumps(of_resource("awsQueue", awsQueu={}))
    done = kinds.kubectl("create", "--dry-run=server", "--validate=ignore", "-f", "-", stdin=typo, check=False)
    assert "give exactly one type block" in done.stderr
