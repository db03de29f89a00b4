"""The namespace in which people meet the admission policies."""

from collections.abc import Iterator

import pytest

from tests.chart.fixtures import InstalledChart
from tests.chart.people import ADMINISTRATORS, OWN_ROLES, Shop
from tests.cluster import RunningCluster
from tests.cluster.fixtures import namespace_name


@pytest.fixture(scope="package")
def shop(cluster: RunningCluster, installed_chart: InstalledChart) -> Iterator[Shop]:
    """A namespace whose people have the chart's roles."""
    namespace = namespace_name("shop")
    cluster.kubectl("create", "namespace", namespace)
    opened = Shop(cluster, installed_chart, namespace)
    opened.open()
    yield opened
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    cluster.kubectl("delete", "clusterrole", *OWN_ROLES)
    cluster.kubectl("delete", "clusterrolebinding", f"{ADMINISTRATORS}-cluster-admin")
