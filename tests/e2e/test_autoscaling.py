"""Replicas are left to an autoscaler as soon as it has decided on them, whoever made it."""

from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

ONE_CELL = {"cellSelector": {"matchLabels": {"zone": "zone-a"}}}
NAME = "checkout-web-eu-1-a"


def autoscaler(least: int) -> Object:
    """It needs no measurements to come up to its minimum."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    spec = {"minReplicas": least, "maxReplicas": 9, "scaleTargetRef": target}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }


def replicas(stage: Stage) -> int:
    """How many replicas the Deployment asks for."""
    return int(stage.one("deployments", NAME)["spec"]["replicas"])


def test_an_autoscaler_decides_and_we_do_not(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[manifests.web(placement=ONE_CELL, replicas=1)]))
    stage.ready()
    stage.apply(autoscaler(4))
    stage.until("it scales up", lambda: replicas(stage) == 4)
    told = "kube-controller-manager decides on its replicas"
    stage.until("it is told who decides", lambda: stage.seen().entry("Deployment", NAME).message == told)
    assert stage.ready().status.workloads_ready == "1/1"

    template = manifests.pods(image="app:2")
    stage.spec("checkout", workloads=[manifests.web(placement=ONE_CELL, replicas=2, template=template)])
    stage.ready()
    found = stage.one("deployments", NAME)
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "app:2"
    assert replicas(stage) == 4, "neither another image nor another number changes what it has decided"
    assert set(stage.reasons()) == {"SpecChanged"}, "it was not fought"

    stage.kubectl("delete", "hpa", "web")
    stage.kubectl("scale", f"deployment/{NAME}", "--replicas=5")
    stage.until("a person gives replicas back by scaling once", lambda: replicas(stage) == 2)
    stage.ready()
