"""A Cell that may make namespaces makes the one that is missing, and no other call does."""

import secrets
from typing import Any

import pytest

from pilothouse.controller.connecting import WithNamespaces
from pilothouse.dataplane.kubernetes.answers import NamespaceMissing
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.dataplane.types import Call


def call(operation: str, namespace: str) -> Call:
    metadata = {"name": "settings", "namespace": namespace}
    manifest: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}}
    return Call("kubernetes", operation, {"manifest": manifest, "force": False})


async def test_an_apply_makes_the_namespace_that_is_missing(api: KubernetesProvider) -> None:
    namespace = f"made-{secrets.token_hex(3)}"
    made = await WithNamespaces(api).send(call("apply", namespace))
    assert made["metadata"]["namespace"] == namespace
    again = await WithNamespaces(api).send(call("apply", namespace))
    assert again["metadata"]["uid"] == made["metadata"]["uid"]
    identifier = ObjectID("v1", "Namespace", "", namespace)
    found = (await api.get(identifier))["metadata"]["labels"]
    assert found["app.kubernetes.io/managed-by"] == "pilothouse", "people see who made it"
    assert not [label for label in found if label.startswith("pilothouse.dev/")], "nobody takes it for one to remove"
    await api.delete(identifier)


async def test_a_look_ahead_makes_nothing(api: KubernetesProvider) -> None:
    with pytest.raises(NamespaceMissing):
        await WithNamespaces(api).send(call("dryRun", "nobody-made-this"))
