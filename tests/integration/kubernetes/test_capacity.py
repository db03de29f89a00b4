"""What we count as free is what the real scheduler finds free: as many pods as we say fit, and not one more."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pilothouse.dataplane.kubernetes.capacity import NODES, PODS, Capacity, Node, node_facts, pod_use
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.dataplane.kubernetes.watching import Informers, Timing
from tests.cluster import RunningCluster
from tests.integration.kubernetes.waiting import SECONDS, until

pytestmark = pytest.mark.cluster

GI = 1024**3
LABEL = "pilothouse.dev/test-node"


def container(name: str, cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "none:1", "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}}, **more}


SHAPES: dict[str, tuple[dict[str, Any], int]] = {
    "plain": ({"containers": [container("a", "300m"), container("b", "200m")]}, 500),
    "init container": ({"containers": [container("a", "100m")], "initContainers": [container("i", "700m")]}, 700),
    "sidecar": (
        {
            "containers": [container("a", "250m")],
            "initContainers": [container("s", "250m", restartPolicy="Always"), container("i", "600m")],
        },
        850,
    ),
    "requests of the pod": (
        {"containers": [container("a", "100m")], "resources": {"requests": {"cpu": "1", "memory": "256Mi"}}},
        1000,
    ),
}


class Machine:
    """A node of 4 cores for one test, and the pods on it."""

    def __init__(self, provider: KubernetesProvider, namespace: str) -> None:
        self.provider, self.namespace, self.name = provider, namespace, f"node-{namespace[-12:]}"
        self.selector = {LABEL: self.name}
        self._pods = 0

    async def start(self) -> None:
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": self.selector},
            "spec": {"taints": [{"key": LABEL, "effect": "NoSchedule"}]},
        }
        offers = {"cpu": "4", "memory": "8Gi", "pods": "20"}
        ready = {"type": "Ready", "status": "True", "reason": "Test", "message": ""}
        made = await self.provider.create(node)
        status = {"status": {"allocatable": offers, "capacity": offers, "conditions": [ready]}}
        await self.provider.patch(ObjectID.of(made), status, subresource="status")

    async def stop(self) -> None:
        await self.provider.delete(ObjectID("v1", "Node", "", self.name))

    async def run(self, spec: dict[str, Any], count: int = 1) -> list[str]:
        """Create pods that may run here only; returns their names."""
        names = [f"pod-{self._pods + number}" for number in range(count)]
        self._pods += count
        for name in names:
            body = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {**spec, "nodeSelector": self.selector, "tolerations": [{"operator": "Exists"}]},
            }
            await self.provider.create(body)
        return names

    async def pod(self, name: str) -> dict[str, Any]:
        return await self.provider.get(ObjectID("v1", "Pod", self.namespace, name))

    async def scheduled(self, names: list[str]) -> int:
        """Wait until the scheduler has decided on every pod; return how many it placed."""
        async with asyncio.timeout(SECONDS):
            while True:
                pods = [await self.pod(name) for name in names]
                placed = sum(1 for pod in pods if pod["spec"].get("nodeName"))
                refused = sum(1 for pod in pods if "Unschedulable" in str(pod["status"].get("conditions")))
                if placed + refused == len(names):
                    return placed
                await asyncio.sleep(0.1)


@pytest.fixture
async def machine(provider: KubernetesProvider, namespace: str) -> AsyncIterator[Machine]:
    found = Machine(provider, namespace)
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def capacity(provider: KubernetesProvider) -> AsyncIterator[Capacity]:
    async with Informers(provider, Timing()) as informers:
        followed = Capacity()
        informers.want(NODES, node_facts, followed.node_changed)
        informers.want(PODS, pod_use, followed.pod_changed)
        await informers.wait_synced()
        yield followed


async def seen(capacity: Capacity, machine: Machine, **free: int) -> Node:
    """Wait until exactly this is free on the machine."""
    async with asyncio.timeout(SECONDS):
        while True:
            for node in capacity.nodes(machine.selector):
                if {name: node.free.get(name) for name in free} == free:
                    return node
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("spec", "cpu"), SHAPES.values(), ids=SHAPES)
async def test_as_many_pods_fit_as_are_counted_and_no_more(
    machine: Machine, capacity: Capacity, spec: dict[str, Any], cpu: int
) -> None:
    await seen(capacity, machine, cpu=4000, pods=20)
    assert await machine.scheduled(await machine.run(spec)) == 1
    node = await seen(capacity, machine, cpu=4000 - cpu, pods=19)
    fits = node.free["cpu"] // cpu
    assert await machine.scheduled(await machine.run(spec, fits + 1)) == fits
    await seen(capacity, machine, cpu=4000 - (fits + 1) * cpu, pods=19 - fits)


async def test_a_pod_that_ends_or_goes_frees_its_place(
    cluster: RunningCluster, machine: Machine, capacity: Capacity
) -> None:
    spec, cpu = SHAPES["plain"]
    first, second = await machine.run(spec, 2)
    await seen(capacity, machine, cpu=4000 - 2 * cpu)
    ended = {"status": {"phase": "Succeeded"}}
    await machine.provider.patch(ObjectID("v1", "Pod", machine.namespace, first), ended, subresource="status")
    await seen(capacity, machine, cpu=4000 - cpu, pods=19)
    cluster.kubectl("delete", "pod", second, "--force", "--grace-period=0", f"--namespace={machine.namespace}")
    await seen(capacity, machine, cpu=4000, pods=20)


async def test_a_node_is_seen_as_it_is(cluster: RunningCluster, machine: Machine, capacity: Capacity) -> None:
    node = await seen(capacity, machine, cpu=4000, memory=8 * GI)
    assert (LABEL, "", "NoSchedule") in node.taints
    cluster.kubectl("cordon", machine.name)
    await until(lambda: not any(node.schedulable for node in capacity.nodes(machine.selector)))
    allocatable, _ = capacity.totals(machine.selector)
    assert allocatable["cpu"] == 4000
