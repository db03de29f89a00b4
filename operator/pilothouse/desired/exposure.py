"""What leads from outside to a workload's Service: an Ingress, or an HTTPRoute of the Gateway API."""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.api.exposure import ByHTTPRoute, ByIngress, Expose
from pilothouse.api.service import Service

_PATH_TYPES: Final[Mapping[str, str]] = {"Prefix": "PathPrefix", "Exact": "Exact"}


def exposure(workload: str, service: Service) -> dict[str, Any] | None:
    """Return the object that exposes `service` of `workload`; None where nothing does."""
    expose = service.expose
    if expose is None:
        return None
    labels = {"app.kubernetes.io/name": workload}
    annotations = {"annotations": dict(expose.annotations)} if expose.annotations else {}
    metadata = {"name": service.name, "labels": labels, **annotations}
    if expose.ingress is not None:
        spec = _ingress(expose, expose.ingress, service)
        return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}
    if expose.http_route is not None:
        spec = _route(expose, expose.http_route, service)
        return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
    return None


def _ingress(expose: Expose, by: ByIngress, service: Service) -> dict[str, Any]:
    backend = {"service": {"name": service.name, "port": {"number": _port(expose, service)}}}
    path = {"path": expose.path, "pathType": expose.path_type, "backend": backend}
    host = {"host": expose.host} if expose.host else {}
    own = [expose.host] if expose.host else []
    certificates = [{"secretName": one.secret_name, "hosts": list(one.hosts) or own} for one in by.tls]
    return {
        **({"ingressClassName": by.ingress_class_name} if by.ingress_class_name else {}),
        **({"tls": certificates} if certificates else {}),
        "rules": [{**host, "http": {"paths": [path]}}],
    }


def _route(expose: Expose, by: ByHTTPRoute, service: Service) -> dict[str, Any]:
    match = {"path": {"type": _PATH_TYPES[expose.path_type], "value": expose.path}}
    backend = {"name": service.name, "port": _port(expose, service)}
    return {
        "parentRefs": [one.model_dump(by_alias=True, exclude_none=True) for one in by.parent_refs],
        **({"hostnames": [expose.host]} if expose.host else {}),
        "rules": [{"matches": [match], "backendRefs": [backend]}],
    }


def _port(expose: Expose, service: Service) -> int:
    """Return the number of the port exposed; the first where the one asked for is none of the Service's."""
    named = (one.port for one in service.ports if expose.port in (one.name, one.port))
    return next(named, service.ports[0].port)
