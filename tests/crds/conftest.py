"""The kinds, known to the run's cluster."""

import pytest

from tests.cluster import RunningCluster
from tests.operating import CRDS, install_kinds

__all__ = ["CRDS", "kinds"]


@pytest.fixture(scope="session")
def kinds(cluster: RunningCluster) -> RunningCluster:
    """The run's cluster, once it serves the committed definitions."""
    install_kinds(cluster)
    return cluster
