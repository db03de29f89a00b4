"""A fake API server for each test, and a provider that talks to it."""

from collections.abc import AsyncIterator

import pytest

from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from tests.unit.dataplane.kubernetes.fake import FakeApi, serving


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    """A small API server."""
    async with serving() as fake:
        yield fake


@pytest.fixture
async def provider(api: FakeApi) -> AsyncIterator[KubernetesProvider]:
    """A provider for it."""
    async with await KubernetesProvider.connect("eu-1-a", api.kubeconfig) as connected:
        yield connected
