"""Workloads as Kubernetes objects: one that runs the pods for each Cell, and Services for each cluster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.api.application import Placed
from pilothouse.api.meta import GROUP
from pilothouse.api.names import headless_name, workload_name
from pilothouse.api.service import Service
from pilothouse.api.workload import Workload
from pilothouse.api.workload_kinds import FIELDS_OF
from pilothouse.dataplane.types import Digest, Ref
from pilothouse.desired.accounts import account_name
from pilothouse.desired.zero_downtime import ending, strategy

APPLICATION_LABEL: Final = f"{GROUP}/application"
WORKLOAD_LABEL: Final = f"{GROUP}/workload"
CELL_LABEL: Final = f"{GROUP}/cell"
OUTPUTS_ANNOTATION: Final = f"{GROUP}/outputs"
"""On pods: a digest of the outputs they use, so that a changed output restarts them."""
HEADLESS: Final = "None"

_OF_CRON_JOB: Final = frozenset(name for name, kinds in FIELDS_OF.items() if kinds == ("CronJob",)) | {"suspend"}


@dataclass(frozen=True, slots=True)
class Home:
    """One Cell that a workload runs in, as the object that runs it there needs to know it.

    node_selector: what pins pods to the Cell; outputs: what the pods read of cloud resources.
    """

    application: str
    cell: str
    replicas: int
    node_selector: Mapping[str, str]
    outputs: tuple[Ref, ...] = ()


def runner(workload: Workload, home: Home) -> dict[str, Any]:
    """Return the object that runs `workload` in a Cell: a Deployment, or what its kind says."""
    selector = {APPLICATION_LABEL: home.application, WORKLOAD_LABEL: workload.name, CELL_LABEL: home.cell}
    return {
        "apiVersion": "batch/v1" if workload.kind in {"Job", "CronJob"} else "apps/v1",
        "kind": workload.kind,
        "metadata": {
            "name": workload_name(home.application, workload.name, home.cell, workload.kind),
            "labels": {"app.kubernetes.io/name": workload.name, **selector},
        },
        "spec": _SPECS[workload.kind](workload, home, selector, _template(workload, selector, home)),
    }


def placed_of(live: Mapping[str, Any]) -> Placed | None:
    """Return the part of a workload that an object runs, by its labels; None where it is no `runner`."""
    found = live["metadata"].get("labels") or {}
    if WORKLOAD_LABEL not in found or CELL_LABEL not in found:
        return None
    replicas = (live.get("spec") or {}).get("replicas", 1)
    return Placed(
        workload=found[WORKLOAD_LABEL], cell=found[CELL_LABEL], replicas=replicas, reason="it was found there"
    )


def _replicated(workload: Workload, home: Home, selector: Mapping[str, str], pods: dict[str, Any]) -> dict[str, Any]:
    return {"replicas": home.replicas, **_one_a_node(workload, home, selector, pods), **strategy(workload)}


def _stateful(workload: Workload, home: Home, selector: Mapping[str, str], pods: dict[str, Any]) -> dict[str, Any]:
    governing = {"serviceName": governing_service(home.application, workload)}
    return _replicated(workload, home, selector, pods) | governing


def _one_a_node(workload: Workload, home: Home, selector: Mapping[str, str], pods: dict[str, Any]) -> dict[str, Any]:
    del home
    return {"selector": {"matchLabels": dict(selector)}, "template": pods, **_own_fields(workload)}


def _once(workload: Workload, home: Home, selector: Mapping[str, str], pods: dict[str, Any]) -> dict[str, Any]:
    del home, selector
    return {"template": pods, **_own_fields(workload)}


def _now_and_then(workload: Workload, home: Home, selector: Mapping[str, str], pods: dict[str, Any]) -> dict[str, Any]:
    del home, selector
    own = _own_fields(workload)
    job = {name: value for name, value in own.items() if name not in _OF_CRON_JOB}
    timed = {name: value for name, value in own.items() if name in _OF_CRON_JOB}
    return timed | {"jobTemplate": {"spec": {"template": pods, **job}}}


_SPECS: Final[Mapping[str, Callable[[Workload, Home, Mapping[str, str], dict[str, Any]], dict[str, Any]]]] = {
    "Deployment": _replicated,
    "StatefulSet": _stateful,
    "DaemonSet": _one_a_node,
    "Job": _once,
    "CronJob": _now_and_then,
}


def _own_fields(workload: Workload) -> dict[str, Any]:
    """Return what was given of the fields that belong to the workload's kind, as Kubernetes spells them."""
    given = workload.model_dump(mode="json", by_alias=True, exclude_none=True)
    own = (name for name, kinds in FIELDS_OF.items() if workload.kind in kinds and name != "replicas")
    return {name: given[name] for name in own if name in given}


def _template(workload: Workload, selector: Mapping[str, str], home: Home) -> dict[str, Any]:
    given = workload.template
    metadata, spec = dict(given.get("metadata") or {}), dict(given.get("spec") or {})
    labels = {"app.kubernetes.io/name": workload.name, **(metadata.get("labels") or {}), **selector}
    annotations = dict(metadata.get("annotations") or {})
    if home.outputs:
        annotations[OUTPUTS_ANNOTATION] = Digest(home.outputs)
    metadata |= {"labels": labels} | ({"annotations": annotations} if annotations else {})
    if pinned := {**(spec.get("nodeSelector") or {}), **home.node_selector}:
        spec["nodeSelector"] = pinned
    if workload.kind in {"Job", "CronJob"}:
        spec = {"restartPolicy": "Never", **spec}
    if workload.service_account is not None:
        spec["serviceAccountName"] = account_name(workload.name, workload.service_account)
    return {"metadata": metadata, "spec": ending(workload, spec)}


def services(application: str, workload: Workload) -> tuple[dict[str, Any], ...]:
    """Return the Services over all pods of `workload`, whichever Cell of the cluster they run in.

    The pods of a StatefulSet get names of their own by a headless one, beside one that balances.
    """
    given = workload.service
    found = [] if given is None else [_service(application, workload.name, given.name, given)]
    governing = governing_service(application, workload)
    if governing and (given is None or given.cluster_ip != HEADLESS):
        found.append(_service(application, workload.name, governing, given, HEADLESS))
    return tuple(found)


def governing_service(application: str, workload: Workload) -> str:
    """Return the name of the headless Service that names the pods of a StatefulSet; empty for any other kind."""
    if workload.kind != "StatefulSet":
        return ""
    given = workload.service
    headless = given is not None and given.cluster_ip == HEADLESS
    return given.name if given is not None and headless else headless_name(application, workload.name)


def _service(application: str, workload: str, name: str, given: Service | None, cluster_ip: str = "") -> dict[str, Any]:
    ports = [_port(port.model_dump(by_alias=True, exclude_none=True)) for port in (given.ports if given else ())]
    address = cluster_ip or (given.cluster_ip if given else "")
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": workload, WORKLOAD_LABEL: workload}},
        "spec": {
            "selector": {APPLICATION_LABEL: application, WORKLOAD_LABEL: workload},
            **({"ports": ports} if ports else {}),
            **({"clusterIP": address} if address else {}),
        },
    }


def _port(port: dict[str, Any]) -> dict[str, Any]:
    named = {key: value for key, value in port.items() if key != "name" or value}
    return {"targetPort": port["port"], **named}
