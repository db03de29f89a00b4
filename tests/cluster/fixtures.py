"""pytest plugin: `cluster`, one for the whole run and started by the first test that asks, and `namespace`, one a test.

Switch it on with `pytest_plugins = ["tests.cluster.fixtures"]` in the topmost conftest.py.
"""

import re
import secrets
from collections.abc import Iterator

import pytest

from tests.cluster.built import BuiltCluster
from tests.cluster.components import Component
from tests.cluster.kinds import cluster_of, wanted
from tests.cluster.running import RunningCluster

CONTROLLERS_SECONDS = 90
"""How long the controllers of Kubernetes may take to make what every namespace has."""


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[RunningCluster]:
    """The run's cluster, of the kind that CLUSTER names."""
    starting = cluster_of(wanted())
    capture = request.config.pluginmanager.getplugin("capturemanager")
    # The one-time build takes minutes: its progress must be seen.
    with capture.global_and_fixture_disabled():
        running = starting.__enter__()
    try:
        yield running
    finally:
        starting.__exit__(None, None, None)


@pytest.fixture
def built_cluster(cluster: RunningCluster) -> Iterator[BuiltCluster]:
    """The run's cluster, for tests that look at or disturb its processes; skips where the processes are not ours.

    When its API server was started anew, so are its clients afterwards: they would ask again after up to a minute only,
    for the pause of client-go's reflectors doubles up to 30 s, and as much again is added at random.
    """
    if not isinstance(cluster, BuiltCluster):
        pytest.skip("this cluster's processes are not ours: use CLUSTER=built")
    before = cluster.processes.states()[Component.API_SERVER].pid
    yield cluster
    if cluster.processes.states()[Component.API_SERVER].pid != before:
        for client in (Component.CONTROLLER_MANAGER, Component.SCHEDULER, Component.KWOK):
            cluster.restart(client)


@pytest.fixture
def namespace(cluster: RunningCluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a fresh namespace, ready for pods; it and all in it is deleted after the test, without waiting."""
    name = namespace_name(request.node.name)
    cluster.kubectl("create", "namespace", name)
    patience = f"--timeout={CONTROLLERS_SECONDS}s"
    cluster.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", patience)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def namespace_name(test: str) -> str:
    """A new name that shows the test it belongs to, within Kubernetes' 63 characters."""
    readable = re.sub(r"[^a-z0-9]+", "-", test.removeprefix("test_").lower()).strip("-")[:40].strip("-")
    return f"{readable or 'test'}-{secrets.token_hex(3)}"
