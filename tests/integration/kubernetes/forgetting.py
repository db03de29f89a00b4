"""Make a real API server forget its history at once, which it does by itself every five minutes."""

import aiohttp

from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import Selection
from tests.cluster import BuiltCluster, Component


async def forget(cluster: BuiltCluster, provider: KubernetesProvider) -> None:
    """Compact etcd up to now, and restart the API server, whose cache remembers more than etcd."""
    marker = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "forgotten", "namespace": "default"}}
    await provider.apply({**marker, "data": {"a": "1"}})
    (page,) = [page async for page in provider.list_pages(Selection("v1", "Node"), limit=10_000)]
    url = f"http://127.0.0.1:{cluster.layout.ports.etcd}/v3/kv/compaction"
    body = {"revision": page.resource_version, "physical": True}
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        assert response.status == 200, await response.text()
    cluster.restart(Component.API_SERVER)
