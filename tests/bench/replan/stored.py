"""A made-up fleet as an API server would return its objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pilothouse.desired.placement.fleet.values import Cell, Fleet, Key, Workload
from tests.bench.replan.fleets import GPU

READY: Final = {"type": "Ready", "status": "True", "reason": "Reachable", "message": ""}
RULES: Final = {"mode": "Automatic", "hotPercent": 100, "destinationPercent": 100}


class Stored:
    """The objects of a fleet. Its prices are those of cpu alone."""

    def __init__(self, subject: Fleet) -> None:
        named: dict[str, list[Workload]] = {}
        for workload in subject.workloads:
            named.setdefault(workload.key.application, []).append(workload)
        self._kinds: Mapping[str, list[dict[str, Any]]] = {
            "cells": [_cell(cell) for cell in subject.cells],
            "applications": [_application(workloads) for workloads in named.values()],
            "namespaces": [{"metadata": {"name": "shop"}}],
        }

    def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        return {"spec": {"placement": {"rebalancing": RULES}}}

    def list(self, plural: str, namespace: str, selector: str = "") -> Iterator[dict[str, Any]]:
        return iter(self._kinds[plural])


def _cell(cell: Cell) -> dict[str, Any]:
    classes = [{"count": node.count, "allocatable": _quantities(node.allocatable)} for node in cell.nodes]
    return {
        "metadata": {"name": cell.name, "labels": {"cell": cell.name}},
        "spec": {
            "kubernetes": {},
            "failureDomain": cell.failure_domain,
            "allow": [{}],
            "price": f"{cell.prices['cpu'] * 1000:.6f}",
        },
        "status": {"conditions": [READY], "nodeClasses": classes},
    }


def _quantities(amounts: Mapping[str, int]) -> dict[str, str]:
    return {name: f"{amount}m" if name == "cpu" else str(amount) for name, amount in amounts.items()}


def _application(workloads: list[Workload]) -> dict[str, Any]:
    namespace, _, name = workloads[0].key.application.partition("/")
    placed = [
        {"workload": workload.key.workload, "cell": cell, "replicas": count}
        for workload in workloads
        for cell, count in workload.placed.items()
    ]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"workloads": [_workload(workload.key, workload) for workload in workloads]},
        "status": {"placements": placed},
    }


def _workload(key: Key, workload: Workload) -> dict[str, Any]:
    asked = {name: amount for name, amount in workload.requests.items() if name in ("cpu", "memory", GPU)}
    container = {"name": "main", "image": "app", "resources": {"requests": _quantities(asked)}}
    selector = {"key": "cell", "operator": "In", "values": sorted(workload.allowed)}
    placement: dict[str, Any] = {
        "cellSelector": {"matchExpressions": [selector]},
        "spread": {"minDomains": workload.min_domains},
        "priority": workload.priority,
    }
    if workload.group:
        placement["group"] = workload.group
    template = {"spec": {"containers": [container]}}
    return {"name": key.workload, "replicas": workload.replicas, "template": template, "placement": placement}
