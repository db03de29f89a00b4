"""Fixtures for the tests of the emulated AWS itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.comparing import Clouds
from tests.aws.server import AwsServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep them out of `make unit`: they start servers, and compare two of them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def bare_server() -> Iterator[AwsServer]:
    """moto without the layer."""
    with AwsServer(bare=True) as server:
        yield server


@pytest.fixture
def clouds(aws: AwsServer, bare_server: AwsServer) -> Clouds:
    """The layer and bare moto, both empty, with short delays."""
    bare_server.reset()
    aws.configure(transition_seconds=0.03)
    return Clouds(aws, bare_server)
