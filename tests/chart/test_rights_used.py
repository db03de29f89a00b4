"""The chart gives no right that the operator does without: what it asks for is read in the API server's audit log.

One life of an Application of every kind of workload is enough for that: made, changed, changed behind our back and
deleted, while the operator is stopped and started once. A request that is forbidden fails as well.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from tests.aws.server import AwsServer
from tests.chart import installing
from tests.chart.granting import Grant, grants
from tests.chart.installing import NAMESPACE, RELEASE
from tests.cluster import BuiltCluster, Cluster, ServiceAccount
from tests.cluster.audit import Request, requests
from tests.crds.manifests import fleet_policy, workload
from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage
from tests.e2e.test_exposure import GATEWAY_API
from tests.operating import Operator

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SHOP: Final = "shop"
MADE_SECONDS: Final = 90.0
"""Six workloads after one another on two shared cores."""
PRUNED_SECONDS: Final = 90.0
"""Plans beyond the history are removed once a minute."""
ACCEPTED: Final = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": ""}
RARE: Final = {
    ("get", "applications.pilothouse.dev"): "read anew when somebody else's write came before ours",
    ("get", "plans.pilothouse.dev"): "read when the answer to its creation was lost, and it is there",
}
"""Rights that one life does not need, and what for they are needed."""


def needed(given: list[Grant], request: Request) -> Iterator[Grant]:
    """The narrowest grant for each verb that a request needed."""
    for verb in request.verbs:
        fitting = [each for each in given if (each.verb, each.resource) == (verb, request.resource)]
        places = {each.namespace: each for each in fitting}
        grant = places.get(request.namespace) or places.get("")
        assert grant, f"{verb} {request.resource} in {request.namespace} was allowed by no rule of the chart"
        yield grant


def test_every_right_is_used_and_no_other_is_asked_for(audited: BuiltCluster, aws: AwsServer) -> None:
    cluster, user = audited, f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
    kubeconfig = cluster.kubeconfig_for(ServiceAccount(NAMESPACE, RELEASE))
    operator = Operator(
        cluster, "--sweep-seconds=2", "--identity=pilothouse-0", kubeconfig=kubeconfig, namespace=NAMESPACE
    )
    with closing(cluster.api()) as api, operator:
        live_through(Stage(cluster, aws, operator, api, SHOP))
        assert operator.stop() == 0
    asked = list(requests(cluster.layout.audit_log, user))
    assert [each for each in asked if each.was_forbidden] == []

    given = list(grants(installing.render(cluster)))
    used = {grant for request in asked if request.resource for grant in needed(given, request)}
    unused = {(each.verb, each.resource) for each in given if each not in used}
    too_many = sorted(unused - RARE.keys())
    assert not too_many, f"the chart gives what is not needed: {too_many}"


@pytest.fixture
def audited() -> Iterator[BuiltCluster]:
    """A cluster of its own with the chart, whose API server writes down what it is asked."""
    with Cluster(audited=True) as cluster:
        for namespace in (NAMESPACE, SHOP):
            cluster.kubectl("create", "namespace", namespace)
        cluster.kubectl("apply", "--filename=-", stdin=json.dumps(GATEWAY_API))
        installing.install(cluster, NAMESPACE, replicas=0)
        yield cluster


def live_through(stage: Stage) -> None:
    """Let the operator do everything that it does."""
    home = stage.within(NAMESPACE)
    told = {"name": "hooks", "url": "http://127.0.0.1:9", "events": ["PlanComplete"], "secretRef": {"name": "hooks"}}
    home.apply(
        manifests.aws_keys(NAMESPACE, stage.aws.credentials().access_key_id),
        manifests.secret("hooks", {"secret": "whsec_" + "c2VjcmV0" * 6}, NAMESPACE),
        manifests.kubernetes_cell("eu-1-a", "zone-a"),
        manifests.aws_cell(manifests.CLOUD, stage.aws.url),
        fleet_policy(planHistory=1, notifications=[told]),
    )
    stage.apply(everything("app:1"))
    stage.until("there is a route", lambda: stage.find("httproutes", "api"))
    told = {"status": {"parents": [{"parentRef": {"name": "public"}, "conditions": [ACCEPTED]}]}}
    stage.kubectl("patch", "httproute", "api", "--subresource=status", "--type=merge", f"--patch={json.dumps(told)}")
    stage.ready(seconds=MADE_SECONDS)
    for image in ("app:2", "app:3"):
        stage.apply(everything(image))
        stage.ready(seconds=MADE_SECONDS)
    stage.patch("cronjobs", "checkout-nightly-eu-1-a", {"spec": {"concurrencyPolicy": "Allow"}})
    stage.until("drift is put right", lambda: "Drift" in stage.reasons() and stage.seen().is_ready)

    stage.operator.stop()
    stage.operator.start()
    before = len(stage.plans())
    stage.until("old Plans are removed", lambda: len(stage.plans()) < before, PRUNED_SECONDS)
    stage.delete()
    stage.gone("applications", "checkout")


def everything(image: str) -> Object:
    """An Application of every kind that workloads are made of, and of what its pods read."""
    template = manifests.pods(image=image)
    ports = [{"name": "http", "port": 80}]
    ingress = {"host": "web.example", "ingress": {"ingressClassName": "nginx"}}
    route = {"host": "api.example", "httpRoute": {"parentRefs": [{"name": "public"}]}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner"}}
    return manifests.application(
        workloads=[
            manifests.at_rest(template=template, service={"name": "web", "ports": ports, "expose": ingress}),
            workload("api", template=template, service={"name": "api", "ports": ports, "expose": route}),
            workload("data", kind="StatefulSet", template=template),
            workload("agent", kind="DaemonSet", template=template),
            workload("once", kind="Job", template=template),
            workload("nightly", kind="CronJob", template=template, schedule="0 3 1 1 *", concurrencyPolicy="Forbid"),
        ],
        manifests=[account, manifests.config_map(), manifests.secret("token", {"token": image})],
        resources=[manifests.queue(writeOutputsTo={"secret": "orders"})],
        changePolicy={"approval": "Automatic"},
    )
