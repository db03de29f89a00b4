"""The kinds, known to the run's cluster."""

import time
from pathlib import Path

import pytest

from pilothouse.catalog import crds
from tests.cluster import RunningCluster

CRDS = Path(__file__).resolve().parents[2] / "crds"
DISCOVERY_SECONDS = 30


@pytest.fixture(scope="session")
def kinds(cluster: RunningCluster) -> RunningCluster:
    """The run's cluster, once it serves the committed definitions."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
    deadline = time.monotonic() + DISCOVERY_SECONDS
    while not is_discovered(cluster):
        assert time.monotonic() < deadline, f"the API server does not list the kinds after {DISCOVERY_SECONDS} s"
        time.sleep(0.2)
    return cluster


def is_discovered(cluster: RunningCluster) -> bool:
    """Whether kubectl knows every kind by its short name and can explain it: both come a moment after Established."""
    # api-resources asks the server and refreshes what kubectl keeps on disk; `explain` alone would believe its cache.
    known = cluster.kubectl("api-resources", "--api-group=pilothouse.dev", "--no-headers", check=False).stdout
    explained = cluster.kubectl("get", "--raw", "/openapi/v3/apis/pilothouse.dev/v1alpha1", check=False).stdout
    return all(kind.short in known and f'"kind":"{kind.name}"' in explained for kind in crds.KINDS)
