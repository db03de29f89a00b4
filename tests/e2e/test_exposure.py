"""A Service is exposed by an Ingress, or by an HTTPRoute where the Gateway API is installed."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

ROUTES = "httproutes.gateway.networking.k8s.io"
GATEWAY_API: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": ROUTES, "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
    "spec": {
        "group": "gateway.networking.k8s.io",
        "scope": "Namespaced",
        "names": {"kind": "HTTPRoute", "listKind": "HTTPRouteList", "plural": "httproutes", "singular": "httproute"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            part: {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                            for part in ("spec", "status")
                        },
                    }
                },
            }
        ],
    },
}
"""The kind as the Gateway API has it, without its schema: what is in it is the Gateway's to judge."""
INSTALLED_SECONDS = 60.0
"""The kind was not there when its watch began: that is tried again ever more rarely."""


def exposed(**expose: object) -> Object:
    """An Application whose Service is exposed."""
    service = {"name": "web", "ports": [{"name": "http", "port": 80}], "expose": {"host": "shop.example", **expose}}
    return manifests.application(workloads=[manifests.at_rest(service=service)])


@pytest.fixture
def without_gateway_api(stage: Stage) -> Iterator[Stage]:
    """A cluster without the Gateway API, which a test may install."""
    yield stage
    stage.clear()
    stage.kubectl("delete", "crd", ROUTES, "--ignore-not-found", "--wait=false")


def test_an_ingress_leads_to_the_service_and_changes_with_it(stage: Stage) -> None:
    stage.apply(exposed(path="/shop", ingress={"ingressClassName": "nginx"}))
    stage.ready()
    spec = stage.one("ingresses", "web")["spec"]
    (path,) = spec["rules"][0]["http"]["paths"]
    assert (spec["ingressClassName"], spec["rules"][0]["host"], path["path"]) == ("nginx", "shop.example", "/shop")

    stage.apply(exposed(path="/", ingress={"tls": [{"secretName": "cert"}]}))
    stage.ready()
    stage.patch("ingress", "web", {"spec": {"tls": None}})
    back = [{"hosts": ["shop.example"], "secretName": "cert"}]
    stage.until("the certificate is there again", lambda: stage.one("ingresses", "web")["spec"].get("tls") == back)

    without = manifests.at_rest(service={"name": "web", "ports": [{"name": "http", "port": 80}]})
    stage.spec("checkout", workloads=[without])
    stage.gone("ingresses", "web")
    stage.ready()


def test_without_the_gateway_api_it_is_told_and_with_it_it_goes_on(without_gateway_api: Stage) -> None:
    stage = without_gateway_api
    stage.apply(exposed(httpRoute={"parentRefs": [{"name": "public"}]}))
    stage.stalled("ObservationFailed", "HTTPRoute", "Install the Gateway API in that cluster")

    stage.apply(GATEWAY_API)
    stage.until("there is a route", lambda: _installed(stage) and stage.find("httproutes", "web"), INSTALLED_SECONDS)
    assert not stage.seen().is_ready, "no Gateway has taken it up"
    condition = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": ""}
    told = {"status": {"parents": [{"parentRef": {"name": "public"}, "conditions": [condition]}]}}
    stage.kubectl("patch", "httproute", "web", "--subresource=status", "--type=merge", f"--patch={json.dumps(told)}")
    stage.ready(seconds=INSTALLED_SECONDS)


def _installed(stage: Stage) -> bool:
    found = stage.kubectl("get", "crd", ROUTES, "-o=jsonpath={.status.conditions[*].type}", check=False).stdout
    return "Established" in found
