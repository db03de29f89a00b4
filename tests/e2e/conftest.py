"""The stage of these tests: the kinds, the Cells, one operator for all of them, and a namespace for each."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.aws.server import AwsServer
from tests.chart.fixtures import InstalledChart
from tests.cluster import RunningCluster
from tests.e2e import manifests, secrecy
from tests.e2e.stage import Stage
from tests.operating import Operator

HERE = Path(__file__).parent
ARGUMENTS = ("--sweep-seconds=2", "--rebalance-seconds=86400", "--identity=pilothouse-0")
"""The identity is the same after each start, as that of a container that a kubelet starts again: the Lease of a killed
one is taken over at once."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs the cluster."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="package")
def account(installed_chart: InstalledChart) -> InstalledChart:
    """Whom the operator acts as, and the namespace that is its own: those that the chart gives it."""
    return installed_chart


@pytest.fixture(scope="package")
def operator(cluster: RunningCluster, account: InstalledChart, aws_server: AwsServer) -> Iterator[Operator]:
    """The operator, ready, with its Cells. It is gone when the tests of other folders begin."""
    cells = [manifests.kubernetes_cell(name, zone) for name, zone in manifests.ZONES.items()]
    cells.append(manifests.aws_cell(manifests.CLOUD, aws_server.url))
    keys = manifests.aws_keys(account.namespace, aws_server.credentials().access_key_id)
    made = Operator(cluster, *ARGUMENTS, kubeconfig=account.kubeconfig, namespace=account.namespace)
    with closing(cluster.api()) as api:
        stage = Stage(cluster, aws_server, made, api, account.namespace)
        stage.apply(keys, *cells)
        with made:
            yield made
            stage.drop_cells(*(each["metadata"]["name"] for each in cells))


@pytest.fixture
def stage(cluster: RunningCluster, aws: AwsServer, operator: Operator, namespace: str) -> Iterator[Stage]:
    """A namespace of its own and an empty cloud; what the test leaves is removed by the operator, and waited for.

    Whatever the test was about: it fails if a secret was told on the way.
    """
    if operator.code is not None:
        operator.start()
    with closing(cluster.api()) as api:
        staged = Stage(cluster, aws, operator, api, namespace)
        yield staged
        leaks = secrecy.leaks(staged)
        if operator.code is not None:
            operator.start()
        staged.clear()
        staged.until("/healthz says that all is well", operator.healthy)
        leaks += secrecy.leaks(staged)
        assert not leaks, "\n".join(leaks)


@pytest.fixture
def policed(stage: Stage) -> Iterator[Stage]:
    """A stage on which the fleet's policy may be changed."""
    yield stage
    stage.kubectl("delete", "phfleet", "default", "--ignore-not-found")


@pytest.fixture
def neighbour(stage: Stage) -> Iterator[Stage]:
    """Another namespace: what is in it has nothing to do with what is in the first one."""
    name = f"{stage.namespace}-2"
    stage.cluster.kubectl("create", "namespace", name)
    other = stage.within(name)
    yield other
    other.clear()
    stage.cluster.kubectl("delete", "namespace", name, "--wait=false")
