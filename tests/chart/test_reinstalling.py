"""The chart is removed and installed again while Applications exist: nothing is lost, and nothing made twice."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from tests.aws.server import AwsServer
from tests.chart import installing
from tests.chart.installing import NAMESPACE, RELEASE
from tests.cluster import BuiltCluster, Cluster, ServiceAccount
from tests.e2e import manifests
from tests.e2e.stage import Stage
from tests.operating import Operator

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SHOP = "shop"


@pytest.fixture
def fresh() -> Iterator[BuiltCluster]:
    """A cluster of its own."""
    with Cluster() as cluster:
        for name in (NAMESPACE, SHOP):
            cluster.kubectl("create", "namespace", name)
        yield cluster


@contextmanager
def installed(cluster: BuiltCluster, aws: AwsServer) -> Iterator[Stage]:
    """The chart, and the operator with the rights that it gives; both are gone afterwards."""
    installing.install(cluster, NAMESPACE, replicas=0)
    kubeconfig = cluster.kubeconfig_for(ServiceAccount(NAMESPACE, RELEASE))
    with ExitStack() as stack:
        api = stack.enter_context(closing(cluster.api()))
        operator = stack.enter_context(
            Operator(cluster, "--sweep-seconds=2", kubeconfig=kubeconfig, namespace=NAMESPACE)
        )
        yield Stage(cluster, aws, operator, api, SHOP)
        assert operator.stop() == 0
        installing.uninstall(cluster, NAMESPACE)


def test_applications_outlive_the_chart_and_those_deleted_meanwhile_end_with_the_next(
    fresh: BuiltCluster, aws: AwsServer
) -> None:
    names = ("kept", "deleted")
    with installed(fresh, aws) as stage:
        keys = manifests.aws_keys(NAMESPACE, aws.credentials().access_key_id)
        zones = [manifests.kubernetes_cell(name, zone) for name, zone in manifests.ZONES.items()]
        stage.apply(keys, *zones, manifests.aws_cell(manifests.CLOUD, aws.url))
        stage.apply(*(whole(name) for name in names))
        before = {name: stage.ready(name) for name in names}
        uids = _uids(stage)
    things, asked = {each.id for each in aws.live_resources()}, len(aws.journal(outcome=None))

    with closing(fresh.api()) as api:
        alone = Stage(fresh, aws, stage.operator, api, SHOP)
        alone.delete("deleted")
        assert alone.seen("deleted").raw["metadata"]["finalizers"] == ["pilothouse.dev/cleanup"], "nobody cleans up"
        assert {each.id for each in aws.live_resources()} == things
        alone.one("deployments", "kept-web-eu-1-a")
        secret = fresh.kubectl("get", "secret", "pilothouse-hash-key", f"--namespace={NAMESPACE}", check=False)
        assert secret.returncode == 0, "it is nobody's but the operator's"

    with installed(fresh, aws) as again:
        again.gone("applications", "deleted")
        after = again.ready("kept")
        assert after.status.plan_revision == before["kept"].status.plan_revision
        calls = [entry.operation for entry in aws.journal(outcome=None)[asked:]]
        assert sorted(calls) == ["DeleteQueue"], "nothing was made, changed or asked twice"
        assert {each.id for each in aws.live_resources()} == {after.queue.id.rpartition("/")[2]}
        left = _uids(again)
        assert left == {name: uid for name, uid in uids.items() if not name.startswith("deleted")}
        again.delete("kept")
        again.gone("applications", "kept")
    assert aws.live_resources() == []


def whole(name: str) -> dict[str, object]:
    """A workload in two Cells and a queue, under names of their own."""
    service = {"name": f"{name}-web", "ports": [{"port": 80}]}
    queue = manifests.orders(writeOutputsTo={"configMap": f"{name}-orders"})
    return manifests.application(name, workloads=[manifests.web(service=service)], resources=[queue])


def _uids(stage: Stage) -> dict[str, str]:
    found = json.loads(stage.kubectl("get", "deployments,services", "--output=json").stdout)["items"]
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in found}
