"""From the names that people give to the objects that they mean."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

from pilothouse.api.meta import GROUP
from pilothouse.cli import objects
from pilothouse.cli.errors import NotFound, PluginError, Unreadable
from pilothouse.cli.nearby import hint
from pilothouse.cli.objects import ApplicationObject, CellObject, Found

APPLICATIONS = "applications"
PLANS = "plans"
CELLS = "cells"
POLICIES = "fleetpolicies"
NAMESPACES = "namespaces"
OWNED_BY = f"{GROUP}/application"
"""Label of a Plan: its Application, where the name is short enough for a label."""
LONGEST_LABEL = 63
ELSEWHERE = "look elsewhere with -n or -A"


class Reader(Protocol):
    """What the lookups need of a cluster."""

    def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        """Return an object; raises NotFound."""

    def list(self, plural: str, namespace: str, selector: str = "") -> Iterator[dict[str, Any]]:
        """Yield objects of a namespace, or of all when it is empty; selector: the labels that they must have."""


def application(cluster: Reader, namespace: str, name: str) -> tuple[ApplicationObject, dict[str, Any]]:
    """Return an Application, parsed and as it is stored; raises NotFound with names like it."""
    try:
        raw = cluster.get(APPLICATIONS, namespace, name)
    except NotFound as error:
        raise _unknown(cluster, namespace, name, "Application") from error
    return objects.application(raw), raw


def cell(cluster: Reader, name: str) -> CellObject:
    """Return a Cell; raises NotFound with names like it."""
    try:
        return objects.cell(cluster.get(CELLS, "", name))
    except NotFound as error:
        try:
            names = [raw["metadata"]["name"] for raw in cluster.list(CELLS, "")]
        except PluginError:
            names = []
        known = hint(name, names, "Cells")
        raise NotFound(f"Cell {name}: there is none: {known}name one that kubectl get phcell shows") from error


def cells(cluster: Reader) -> list[CellObject]:
    """Return every Cell that can be read; none where one may not list them: what they tell is good to know, no more."""
    found = list[CellObject]()
    with suppress(PluginError):
        for raw in cluster.list(CELLS, ""):
            with suppress(Unreadable):
                found.append(objects.cell(raw))
    return found


def plan(cluster: Reader, namespace: str, name: str) -> Found:
    """Return the active Plan of the Application `name`, or else the Plan `name`; raises NotFound with names like it."""
    try:
        owner = objects.application(cluster.get(APPLICATIONS, namespace, name))
    except NotFound:
        return _plan_itself(cluster, namespace, name)
    active = owner.status.plan.name
    if not active:
        return Found(owner)
    try:
        raw = cluster.get(PLANS, namespace, active)
    except NotFound as error:
        raise NotFound(
            f"{owner.label}: its active Plan {active} is gone: a new one is made at the next look, so ask again shortly"
        ) from error
    return Found(owner, objects.plan(raw), raw)


def _plan_itself(cluster: Reader, namespace: str, name: str) -> Found:
    try:
        raw = cluster.get(PLANS, namespace, name)
    except NotFound as error:
        raise _unknown(cluster, namespace, name, "Application or Plan") from error
    found = objects.plan(raw)
    try:
        owner = objects.application(cluster.get(APPLICATIONS, namespace, found.spec.application_ref.name))
    except NotFound:
        return Found(None, found, raw)
    return Found(owner, found, raw)


def plans(cluster: Reader, owner: ApplicationObject) -> list[dict[str, Any]]:
    """Return the Plans of this very Application as they are stored, oldest first; those of a namesake are not its."""
    name = owner.metadata.name
    selector = f"{OWNED_BY}={name}" if len(name) <= LONGEST_LABEL else ""
    own = [
        raw for raw in cluster.list(PLANS, owner.metadata.namespace, selector) if _owner_uid(raw) == owner.metadata.uid
    ]
    return sorted(own, key=lambda raw: (raw["spec"]["revision"], raw["metadata"]["name"]))


def _owner_uid(raw: Mapping[str, Any]) -> str:
    return str(raw["spec"]["applicationRef"]["uid"])


def workload(cluster: Reader, namespace: str, name: str, owner: str | None) -> tuple[ApplicationObject, dict[str, Any]]:
    """Return the one Application that has a workload `name`; raises NotFound.

    owner: name of the Application, if it is known. An empty namespace looks in all.
    """
    if owner:
        only, raw = application(cluster, namespace, owner)
        if only.workload(name) is None:
            names = [each.name for each in only.spec.workloads]
            raise NotFound(
                f"{only.label}: no workload {name}: {hint(name, names, 'workloads')}name one of its workloads"
            )
        return only, raw
    candidates = list(_readable(cluster.list(APPLICATIONS, namespace)))
    having = [(each, raw) for each, raw in candidates if each.workload(name) is not None]
    if len(having) == 1:
        return having[0]
    place = f"namespace {namespace}" if namespace else "any namespace"
    if having:
        labels = ", ".join(each.label.removeprefix("Application ") for each, _ in having)
        raise NotFound(f"workload {name}: {len(having)} Applications have one ({labels}): choose with -a and -n")
    names = [each.name for candidate, _ in candidates for each in candidate.spec.workloads]
    raise NotFound(f"workload {name}: no Application in {place} has one: {hint(name, names, 'workloads')}{ELSEWHERE}")


def _readable(raws: Iterable[dict[str, Any]]) -> Iterator[tuple[ApplicationObject, dict[str, Any]]]:
    for raw in raws:
        with suppress(Unreadable):  # one that can not be read must not hide the others
            yield objects.application(raw), raw


def _unknown(cluster: Reader, namespace: str, name: str, kind: str) -> PluginError:
    try:
        names = [raw["metadata"]["name"] for raw in cluster.list(APPLICATIONS, namespace)]
    except PluginError:
        names = []
    return NotFound(f"{kind} {namespace}/{name}: there is none: {hint(name, names, 'Applications')}{ELSEWHERE}")
