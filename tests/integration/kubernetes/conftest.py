"""Providers for the run's cluster."""

from collections.abc import AsyncIterator

import pytest

from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from tests.cluster import RunningCluster


@pytest.fixture
async def provider(cluster: RunningCluster) -> AsyncIterator[KubernetesProvider]:
    """A provider with all rights."""
    async with await KubernetesProvider.connect("eu-1-a", cluster.kubeconfig) as connected:
        yield connected
