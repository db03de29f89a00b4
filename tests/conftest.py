"""The parts that tests share: a real cluster and an AWS that behaves as documented. Each starts with its first user."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cluster import RunningCluster
from tests.operating import install_kinds

pytest_plugins = ["tests.cluster.fixtures", "tests.aws.fixtures", "tests.chart.fixtures"]

# What is true does not depend on how fast the machine is, nor on what else it does.
settings.register_profile("pilothouse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pilothouse")

HERE = Path(__file__).parent
SERVED = (HERE / "aws", HERE / "contract")
"""Folders whose tests all start servers, which `make unit` does not."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what starts servers out of `make unit`."""
    for item in items:
        if any(folder in item.path.parents for folder in SERVED):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def kinds(cluster: RunningCluster) -> RunningCluster:
    """The run's cluster, once it serves the committed kinds."""
    install_kinds(cluster)
    return cluster
