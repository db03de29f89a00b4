"""What an operator finds or makes in its own namespace."""

import asyncio
import base64

import pytest

from pilothouse.api.cell import CellStatus
from pilothouse.api.meta import API_VERSION
from pilothouse.dataplane.errors import Invalid, NotFound
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.runtime.canary import Canary
from pilothouse.runtime.home import HASH_KEY_BYTES, HASH_KEY_SECRET, HomeCluster


def home_of(api: KubernetesProvider, namespace: str, *, leading: bool = True) -> HomeCluster:
    return HomeCluster(api, namespace, Canary(), lambda: leading)


async def test_the_hash_key_is_made_once_even_by_replicas_that_start_together(
    api: KubernetesProvider, home: str
) -> None:
    keys = await asyncio.gather(*(home_of(api, home).hash_key() for _ in range(8)))
    assert len(set(keys)) == 1
    assert len(keys[0]) == HASH_KEY_BYTES
    assert await home_of(api, home).hash_key() == keys[0]


async def test_a_hash_key_that_was_tampered_with_is_told_with_the_mend(api: KubernetesProvider, home: str) -> None:
    metadata = {"name": HASH_KEY_SECRET, "namespace": home}
    data = {"key": base64.b64encode(b"short").decode()}
    await api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    with pytest.raises(Invalid, match=r"data\.key: found 5 bytes, expected 32.*Restore it"):
        await home_of(api, home).hash_key()


async def test_the_control_plane_is_the_cluster_unless_told_otherwise(api: KubernetesProvider, home: str) -> None:
    expected = (await api.get(ObjectID("v1", "Namespace", "", "kube-system")))["metadata"]["uid"]
    assert await home_of(api, home).control_plane() == expected


async def test_a_secret_is_read_and_one_that_is_missing_is_told(api: KubernetesProvider, home: str) -> None:
    metadata = {"name": "keys", "namespace": home}
    await api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": "b"}})
    assert await home_of(api, home).secret("keys") == {"a": base64.b64encode(b"b").decode()}
    with pytest.raises(NotFound, match="other"):
        await home_of(api, home).secret("other")


async def test_only_the_leader_writes_cell_status_and_only_what_changed(api: KubernetesProvider, home: str) -> None:
    name = f"cell-{home}"
    spec: dict[str, dict[str, str]] = {"kubernetes": {}}
    made = await api.create({"apiVersion": API_VERSION, "kind": "Cell", "metadata": {"name": name}, "spec": spec})
    status = CellStatus(resources=4, capacity={"cpu": "2"})
    await home_of(api, home, leading=False).write_cell_status(name, CellStatus(), status)
    assert "status" not in await api.get(ObjectID(API_VERSION, "Cell", "", name))
    await home_of(api, home).write_cell_status(name, CellStatus(), status)
    written = await api.get(ObjectID(API_VERSION, "Cell", "", name))
    assert written["status"] == {"resources": 4, "capacity": {"cpu": "2"}}
    await home_of(api, home).write_cell_status(name, status, status)
    assert await api.get(ObjectID(API_VERSION, "Cell", "", name)) == written
    assert made["metadata"]["resourceVersion"] != written["metadata"]["resourceVersion"]
    await api.delete(ObjectID(API_VERSION, "Cell", "", name))
