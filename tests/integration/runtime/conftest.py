"""What tests of the process need: the kinds, a connection with all rights, and an operator's namespace of their own."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from tests.cluster import RunningCluster

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs the cluster."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture
async def api(kinds: RunningCluster) -> AsyncIterator[KubernetesProvider]:
    """A connection with all rights."""
    async with await KubernetesProvider.connect("operator", kinds.kubeconfig) as connected:
        yield connected


@pytest.fixture
def home(kinds: RunningCluster) -> Iterator[str]:
    """The name of a namespace for one operator."""
    name = f"home-{secrets.token_hex(3)}"
    kinds.kubectl("create", "namespace", name)
    yield name
    kinds.kubectl("delete", "namespace", name, "--wait=false")
