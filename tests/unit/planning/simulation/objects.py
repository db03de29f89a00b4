"""Small fleets as their objects tell them."""

from __future__ import annotations

from typing import Any

from pilothouse.api.application import ApplicationSpec, ApplicationStatus
from pilothouse.api.cell import CellSpec, CellStatus
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.catalog.kinds import Catalog
from pilothouse.planning.simulation.snapshot import ApplicationObject, CellObject, Snapshot

READY = {"type": "Ready", "status": "True", "reason": "Reachable"}
NODE = {"cpu": "4", "memory": "16Gi", "pods": "110"}


def nodes(count: int = 1, **more: Any) -> dict[str, Any]:
    """A class of nodes of four cores."""
    return {"count": count, "allocatable": NODE, **more}


def cell(name: str, *classes: dict[str, Any], ready: Any = READY, **spec: Any) -> CellObject:
    """A Cell that answers, of one node unless given, open to everybody."""
    whole = {"allow": [{}], **({} if "aws" in spec else {"kubernetes": {}}), **spec}
    status = {"conditions": [ready] if ready else [], "nodeClasses": classes or (nodes(),)}
    labels = {"cell": name}
    return CellObject(name, labels, CellSpec.model_validate(whole), CellStatus.model_validate(status))


def web(replicas: int, cpu: str = "1", name: str = "web", *, pods: Any = None, **more: Any) -> dict[str, Any]:
    """A workload of pods that ask for cpu. pods: more of their spec."""
    container = {"name": "main", "image": "app", "resources": {"requests": {"cpu": cpu}}}
    return {
        "name": name,
        "replicas": replicas,
        "template": {"spec": {"containers": [container], **(pods or {})}},
        **more,
    }


def application(
    name: str,
    *workloads: dict[str, Any],
    at: dict[str, dict[str, int]] | None = None,
    leaving: bool = False,
    **more: Any,
) -> ApplicationObject:
    """An Application of namespace shop. at: where replicas are, by workload and Cell; more: of its spec and status."""
    resources = more.pop("ledger", ())
    placed = [
        {"workload": workload, "cell": place, "replicas": count}
        for workload, places in (at or {}).items()
        for place, count in places.items()
    ]
    spec = ApplicationSpec.model_validate({"workloads": workloads, **more})
    status = ApplicationStatus.model_validate({"placements": placed, "resources": resources})
    return ApplicationObject("shop", name, spec, status, leaving)


def snapshot(cells: list[CellObject], *applications: ApplicationObject, **policy: Any) -> Snapshot:
    """A fleet whose Cells may be filled by moves. policy: of placement."""
    rules = {"destinationPercent": 100, **policy.pop("rebalancing", {})}
    fleet = FleetPolicySpec.model_validate({"placement": {**policy, "rebalancing": rules}})
    return Snapshot(cells, applications, Catalog(), fleet, {"shop": {"team": "shop"}})
