"""Fixtures for the tests of the emulated AWS itself."""

from collections.abc import Iterator

import pytest

from tests.aws.comparing import Clouds
from tests.aws.server import AwsServer


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
