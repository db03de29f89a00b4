"""Exposure: how a Service is reached from outside of its cluster, by an Ingress or by an HTTPRoute of a Gateway."""

from typing import ClassVar, Literal

from pydantic import Field

from pilothouse.api.meta import NAME_PATTERN, Rules, Wire

_HOST_PATTERN = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
"""A DNS name, whose first label may be a wildcard."""


class IngressTLS(Wire):
    """One certificate of an Ingress, as in networking/v1 IngressTLS."""

    secret_name: str = Field(max_length=253, description="Secret with tls.crt and tls.key, in the same namespace.")
    hosts: tuple[str, ...] = Field((), max_length=50, description="Hosts in the certificate; expose.host when empty.")


class ByIngress(Wire):
    """An Ingress, as in networking/v1."""

    ingress_class_name: str | None = Field(
        None, max_length=253, description="Class of its controller; the cluster's default when absent."
    )
    tls: tuple[IngressTLS, ...] = Field((), max_length=50, description="Certificates; none: plain HTTP.")


class ParentReference(Wire):
    """Whose route it is, as in gateway.networking.k8s.io/v1 ParentReference."""

    group: str | None = Field(None, max_length=253, description="API group; that of Gateways when absent.")
    kind: str | None = Field(None, max_length=63, description="Kind; Gateway when absent.")
    namespace: str | None = Field(
        None, pattern=NAME_PATTERN, max_length=63, description="Its namespace; the Application's when absent."
    )
    name: str = Field(min_length=1, max_length=253, description="Its name.")
    section_name: str | None = Field(None, max_length=253, description="One of its listeners; all when absent.")
    port: int | None = Field(None, ge=1, le=65_535, description="Port of its listeners; any when absent.")


class ByHTTPRoute(Wire):
    """An HTTPRoute, as in gateway.networking.k8s.io/v1. The Gateway API must be installed in the cluster."""

    parent_refs: tuple[ParentReference, ...] = Field(min_length=1, max_length=32, description="Its Gateways.")


class Expose(Wire):
    """What leads from outside to a Service, in every cluster that the Service is in; it is named like the Service."""

    rules: ClassVar[Rules] = (
        ("has(self.ingress) != has(self.httpRoute)", "give exactly one of ingress and httpRoute"),
        (
            "!has(self.httpRoute) || !has(self.pathType) || self.pathType != 'ImplementationSpecific'",
            "pathType: give Prefix or Exact: an HTTPRoute knows no other",
        ),
    )

    host: str | None = Field(
        None, max_length=253, pattern=_HOST_PATTERN, description="Host such as shop.example; any when absent."
    )
    path: str = Field("/", max_length=1024, pattern="^/", description="Path below which requests are for the Service.")
    path_type: Literal["Prefix", "Exact", "ImplementationSpecific"] = Field(
        "Prefix", description="How path is matched, as in networking/v1."
    )
    port: int | str | None = Field(
        None, description="Port of the Service, by number or name; needed when it has more than one."
    )
    annotations: dict[str, str] = Field(
        default_factory=dict, description="Annotations of the Ingress or HTTPRoute, which many controllers read."
    )
    ingress: ByIngress | None = Field(None, description="An Ingress. Exactly one of ingress and httpRoute.")
    http_route: ByHTTPRoute | None = Field(None, description="An HTTPRoute. Exactly one of ingress and httpRoute.")
