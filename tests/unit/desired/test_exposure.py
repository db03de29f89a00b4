"""A Service is exposed in the words of networking/v1 or of the Gateway API."""

from typing import Any

import pytest

from pilothouse.api.service import Service
from pilothouse.desired.exposure import exposure

PORTS = [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]


def exposed(ports: list[dict[str, Any]], **expose: Any) -> dict[str, Any]:
    found = exposure("web", Service.model_validate({"name": "shop", "ports": ports, "expose": expose}))
    assert found is not None
    return found


def backend(port: int) -> dict[str, Any]:
    return {"service": {"name": "shop", "port": {"number": port}}}


def test_an_ingress_is_named_like_the_service() -> None:
    found = exposed(PORTS, host="shop.example", port="admin", annotations={"a": "b"}, ingress={})
    assert (found["apiVersion"], found["kind"]) == ("networking.k8s.io/v1", "Ingress")
    assert found["metadata"] == {
        "name": "shop",
        "labels": {"app.kubernetes.io/name": "web"},
        "annotations": {"a": "b"},
    }
    path = {"path": "/", "pathType": "Prefix", "backend": backend(81)}
    assert found["spec"] == {"rules": [{"host": "shop.example", "http": {"paths": [path]}}]}


TLS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the host is that of the certificate": ({"host": "shop.example"}, ["shop.example"]),
    "no host at all": ({}, []),
}


@pytest.mark.parametrize(("expose", "hosts"), TLS.values(), ids=TLS)
def test_a_certificate_is_for_the_host_unless_it_says_other_hosts(expose: dict[str, Any], hosts: list[str]) -> None:
    two = {"ingressClassName": "nginx", "tls": [{"secretName": "x"}, {"secretName": "y", "hosts": ["y.example"]}]}
    spec = exposed(PORTS[:1], **expose, ingress=two)["spec"]
    assert spec["ingressClassName"] == "nginx"
    assert spec["tls"] == [{"secretName": "x", "hosts": hosts}, {"secretName": "y", "hosts": ["y.example"]}]


def test_a_route_says_the_same_in_the_words_of_the_gateway_api() -> None:
    parent = {"name": "public", "namespace": "gateways", "sectionName": "https"}
    found = exposed(
        PORTS, host="shop.example", path="/api", pathType="Exact", port=80, httpRoute={"parentRefs": [parent]}
    )
    assert (found["apiVersion"], found["kind"]) == ("gateway.networking.k8s.io/v1", "HTTPRoute")
    assert found["spec"] == {
        "parentRefs": [parent],
        "hostnames": ["shop.example"],
        "rules": [
            {
                "matches": [{"path": {"type": "Exact", "value": "/api"}}],
                "backendRefs": [{"name": "shop", "port": 80}],
            }
        ],
    }


def test_a_route_without_a_host_is_for_every_host_of_its_gateway() -> None:
    spec = exposed(PORTS[:1], httpRoute={"parentRefs": [{"name": "public"}]})["spec"]
    assert "hostnames" not in spec
    assert spec["rules"][0]["backendRefs"] == [{"name": "shop", "port": 80}]


def test_what_is_not_exposed_has_nothing_in_front_of_it() -> None:
    """An empty `expose` is refused by the API server; one from before that rule exposes nothing."""
    assert exposure("web", Service.model_validate({"name": "shop", "ports": PORTS})) is None
    assert exposure("web", Service.model_validate({"name": "shop", "ports": PORTS, "expose": {}})) is None
