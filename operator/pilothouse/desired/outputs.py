"""Outputs of cloud resources, written as ConfigMaps and Secrets where workloads read them with plain envFrom."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pilothouse.api.application import Resource
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import Ref

Carrier = tuple[Literal["ConfigMap", "Secret"], str]
"""The kind and name of the object that carries outputs."""


def carrier_of(resource: Resource) -> Carrier | None:
    """Return where the outputs of `resource` are written; None when nowhere."""
    to = resource.write_outputs_to
    if to is None or not (to.config_map or to.secret):
        return None
    return ("ConfigMap", to.config_map) if to.config_map else ("Secret", to.secret or "")


def variables(resource: str, outputs: Iterable[str]) -> dict[str, Ref]:
    """Return the data of a carrier: `ORDERS_URL` for the output `url` of `orders`, fit for environment variables."""
    prefix = resource.upper().replace("-", "_")
    return {f"{prefix}_{output.upper()}": Ref(resource, output) for output in outputs}


def carrier_object(carrier: Carrier, data: Mapping[str, Ref]) -> dict[str, Any]:
    """Return the ConfigMap or Secret that carries `data`."""
    kind, name = carrier
    field = "data" if kind == "ConfigMap" else "stringData"
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: dict(data)}


def carriers_used(workload: Workload) -> frozenset[Carrier]:
    """Return every ConfigMap and Secret that the pods of `workload` read."""
    spec = workload.template.get("spec") or {}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    found = [carrier for container in containers for carrier in _of_container(container)]
    found += [carrier for volume in spec.get("volumes") or [] for carrier in _of_volume(volume)]
    return frozenset(carrier for carrier in found if carrier[1])


def _of_container(container: Mapping[str, Any]) -> Iterator[Carrier]:
    for source in container.get("envFrom") or []:
        yield "ConfigMap", _name(source.get("configMapRef"))
        yield "Secret", _name(source.get("secretRef"))
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        yield "ConfigMap", _name(source.get("configMapKeyRef"))
        yield "Secret", _name(source.get("secretKeyRef"))


def _of_volume(volume: Mapping[str, Any]) -> Iterator[Carrier]:
    yield "ConfigMap", _name(volume.get("configMap"))
    yield "Secret", (volume.get("secret") or {}).get("secretName", "")
    for source in (volume.get("projected") or {}).get("sources") or []:
        yield "ConfigMap", _name(source.get("configMap"))
        yield "Secret", _name(source.get("secret"))


def _name(reference: Mapping[str, Any] | None) -> str:
    return str((reference or {}).get("name", ""))
