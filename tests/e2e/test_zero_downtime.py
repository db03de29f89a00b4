"""The defaults for pods behind a Service are what the API server takes, and stay out of the way."""

import pytest

from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

PROBE: Object = {"readinessProbe": {"httpGet": {"port": 8080}}}
NAME = "checkout-web-eu-1-a"


def deployment(stage: Stage) -> Object:
    """The spec of the one Deployment."""
    spec: Object = stage.one("deployments", NAME)["spec"]
    return spec


def test_pods_behind_a_service_are_replaced_gently_unless_they_say_how(stage: Stage) -> None:
    one_cell = {"cellSelector": {"matchLabels": {"zone": "zone-a"}}}
    stage.apply(manifests.application(workloads=[manifests.web(placement=one_cell, template=manifests.pods(**PROBE))]))
    assert stage.ready().condition("Ready").message == "everything is as it should be"
    spec = deployment(stage)
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    pods = spec["template"]["spec"]
    assert pods["terminationGracePeriodSeconds"] == 35
    assert pods["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}

    drains: Object = {"lifecycle": {"preStop": {"exec": {"command": ["drain"]}}}}
    blunt = manifests.web(placement=one_cell, template=manifests.pods(**drains), strategy={"type": "Recreate"})
    stage.spec("checkout", workloads=[blunt])
    assert "workload web: requests reach new pods before they can answer" in stage.ready().condition("Ready").message
    spec = deployment(stage)
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["template"]["spec"]["containers"][0]["lifecycle"] == drains["lifecycle"]


LATER: dict[str, tuple[Object, str, Object]] = {
    "Deployment": ({"strategy": {"type": "Recreate"}}, "deployments", {"type": "Recreate"}),
    "StatefulSet": ({"updateStrategy": {"type": "OnDelete"}}, "statefulsets", {"type": "OnDelete"}),
    "DaemonSet": ({"updateStrategy": {"type": "OnDelete"}}, "daemonsets", {"type": "OnDelete"}),
}


@pytest.mark.parametrize("kind", LATER)
def test_a_strategy_that_comes_later_takes_the_place_of_the_first(stage: Stage, kind: str) -> None:
    """The API server fills in the bounds of a rolling update, and then refuses them beside some strategies."""
    later, plural, expected = LATER[kind]
    one_cell = {"cellSelector": {"matchLabels": {"zone": "zone-a"}}}
    first = {"name": "main", "kind": kind, "template": manifests.pods(), "placement": one_cell}
    stage.apply(manifests.application(workloads=[first]))
    stage.ready()
    stage.spec("checkout", workloads=[{**first, **later}])
    stage.ready()
    (found,) = stage.items(plural)
    strategy = found["spec"].get("strategy") or found["spec"]["updateStrategy"]
    assert strategy.items() >= expected.items()
