"""Workloads as Kubernetes objects: a Deployment for each Cell, and one Service for each cluster."""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.api.application import Service, Workload
from pilothouse.api.meta import GROUP
from pilothouse.api.names import deployment_name
from pilothouse.dataplane.types import Digest, Ref

APPLICATION_LABEL: Final = f"{GROUP}/application"
WORKLOAD_LABEL: Final = f"{GROUP}/workload"
CELL_LABEL: Final = f"{GROUP}/cell"
OUTPUTS_ANNOTATION: Final = f"{GROUP}/outputs"
"""On pods: a digest of the outputs they use, so that a changed output restarts them."""


def deployment(
    application: str,
    workload: Workload,
    cell: str,
    replicas: int,
    node_selector: Mapping[str, str],
    outputs: tuple[Ref, ...],
) -> dict[str, Any]:
    """Return the Deployment that runs `replicas` of `workload` in `cell`.

    node_selector: what pins pods to the Cell; outputs: what the pods read through ConfigMaps and Secrets.
    """
    selector = {APPLICATION_LABEL: application, WORKLOAD_LABEL: workload.name, CELL_LABEL: cell}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": deployment_name(application, workload.name, cell),
            "labels": {"app.kubernetes.io/name": workload.name, **selector},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": selector},
            "template": _template(workload, selector, node_selector, outputs),
        },
    }


def _template(
    workload: Workload, selector: Mapping[str, str], node_selector: Mapping[str, str], outputs: tuple[Ref, ...]
) -> dict[str, Any]:
    given = workload.template
    metadata, spec = dict(given.get("metadata") or {}), dict(given.get("spec") or {})
    labels = {"app.kubernetes.io/name": workload.name, **(metadata.get("labels") or {}), **selector}
    annotations = dict(metadata.get("annotations") or {})
    if outputs:
        annotations[OUTPUTS_ANNOTATION] = Digest(outputs)
    metadata |= {"labels": labels} | ({"annotations": annotations} if annotations else {})
    if pinned := {**(spec.get("nodeSelector") or {}), **node_selector}:
        spec["nodeSelector"] = pinned
    return {"metadata": metadata, "spec": spec}


def service(application: str, workload: str, spec: Service) -> dict[str, Any]:
    """Return the Service over all pods of `workload`, whichever Cell of the cluster they run in."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": spec.name, "labels": {"app.kubernetes.io/name": workload, WORKLOAD_LABEL: workload}},
        "spec": {
            "selector": {APPLICATION_LABEL: application, WORKLOAD_LABEL: workload},
            "ports": [_port(port.model_dump(by_alias=True, exclude_none=True)) for port in spec.ports],
        },
    }


def _port(port: dict[str, Any]) -> dict[str, Any]:
    named = {key: value for key, value in port.items() if key != "name" or value}
    return {"targetPort": port["port"], **named}
