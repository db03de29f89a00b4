"""`simulate`: reads the objects of a fleet once, and reckons what would come of a change. Nothing is written."""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from pilothouse.api.cell import CellSpec, CellStatus
from pilothouse.api.conditions import Condition
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.catalog.kinds import Catalog
from pilothouse.cli import lookup, objects
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.commands import CHANGES, DONE, readable
from pilothouse.cli.errors import NotFound, Refused, Unreadable
from pilothouse.cli.escape import printable
from pilothouse.cli.flags import Flags, Format
from pilothouse.cli.lookup import Reader
from pilothouse.cli.nearby import hint
from pilothouse.cli.output import dump, note, show
from pilothouse.cli.views import freshness
from pilothouse.cli.views import simulation as view
from pilothouse.planning.simulation import simulate as changes
from pilothouse.planning.simulation.simulate import Change
from pilothouse.planning.simulation.snapshot import ApplicationObject, CellObject, Snapshot

GROWTH: Final = re.compile(r"(?:([^/=]+)/)?([^/=]+)=([0-9]{1,4}(?:\.[0-9]{1,3})?)x?")


def simulate(flags: Flags, what: str, value: str, output: Format | None) -> int:
    """Show what would come of a change: `drain`, `add-cell`, `grow` or `lose`. Returns 2 if not everything fits."""
    with Cluster(flags) as cluster:
        found = snapshot(cluster)
        change = _change(found, cluster.namespace, what, value)
    try:
        answer = changes.simulate(found, change)
    except InvalidQuantityError as error:
        raise Unreadable(f"{error}: the operator writes these: look who else has") from error
    if output is Format.NAME:
        named = sorted({move.key.application for move in answer.moves})
        dump(
            {"items": [{"kind": "Application", "metadata": {"name": name.partition("/")[2]}} for name in named]}, output
        )
    elif output is not None:
        dump(view.summary(answer, what, value), output)
    else:
        show(view.told(answer, what, value), unbroken=True)
        for remark in _remarks(found, what):
            note(remark)
    return DONE if answer.fits else CHANGES


def snapshot(cluster: Reader) -> Snapshot:
    """Return all that is read of a fleet; tells of what may be out of date."""
    raws = list(cluster.list(lookup.CELLS, ""))
    cells = [_cell(raw["metadata"]["name"], raw) for raw in raws]
    for doubt in freshness.outdated(readable(raws, objects.cell), time.time()):
        note(f"warning: {doubt}")
    for cell in cells:
        if cell.spec.kubernetes is not None and not cell.status.node_classes:
            note(f"warning: Cell {cell.name}: its status tells of no nodes, so nothing fits there")
    applications = [_application(one) for one in readable(cluster.list(lookup.APPLICATIONS, ""), objects.application)]
    namespaces = {
        raw["metadata"]["name"]: raw["metadata"].get("labels") or {} for raw in cluster.list(lookup.NAMESPACES, "")
    }
    return Snapshot(cells, applications, Catalog(), _policy(cluster), namespaces)


def _application(one: objects.ApplicationObject) -> ApplicationObject:
    metadata = one.metadata
    return ApplicationObject(metadata.namespace, metadata.name, one.spec, one.status, bool(metadata.deletion_timestamp))


def _cell(name: str, raw: Mapping[str, Any]) -> CellObject:
    try:
        spec = CellSpec.model_validate(raw.get("spec") or {}, extra="ignore")
        status = CellStatus.model_validate(raw.get("status") or {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Unreadable(f"Cell {name}: {where}: found {first['input']!r}: {first['msg']}: correct it") from error
    return CellObject(name, dict((raw.get("metadata") or {}).get("labels") or {}), spec, status)


def _policy(cluster: Reader) -> FleetPolicySpec:
    try:
        raw = cluster.get(lookup.POLICIES, "", "default")
    except NotFound:
        return FleetPolicySpec()
    try:
        return FleetPolicySpec.model_validate(raw.get("spec") or {}, extra="ignore")
    except ValidationError as error:
        raise Unreadable(f"FleetPolicy default: {error.errors()[0]['msg']}: update kubectl-pilothouse") from error


def _change(snapshot: Snapshot, namespace: str, what: str, value: str) -> Change:
    if what == "drain":
        return _drained(snapshot, value)
    if what == "lose":
        domains = sorted({cell.domain for cell in _clusters(snapshot.cells)})
        if value not in domains:
            known = hint(value, domains, "failure domains")
            raise NotFound(f"--lose {value}: no Cell is in it: {known}it is spec.failureDomain of Cells")
        return changes.lose(snapshot, value)
    if what == "grow":
        return _grown(snapshot, namespace, value)
    return changes.add_cell(snapshot, _new_cell(value, [cell.name for cell in snapshot.cells]))


def _drained(snapshot: Snapshot, name: str) -> Change:
    clusters = [cell.name for cell in _clusters(snapshot.cells)]
    if name not in clusters:
        if any(cell.name == name for cell in snapshot.cells):
            raise Refused(f"--drain {name}: no workloads run in that Cell: name one of a cluster that is not abandoned")
        known = hint(name, clusters, "Cells")
        raise NotFound(f"--drain {name}: there is no such Cell: {known}name one that kubectl get phcell shows")
    return changes.drain(snapshot, name)


def _grown(snapshot: Snapshot, namespace: str, value: str) -> Change:
    found = GROWTH.fullmatch(value)
    if found is None:
        raise Refused(f"--grow {value}: expected an Application and how many times its replicas, such as checkout=2x")
    name, factor = f"{found[1] or namespace}/{found[2]}", float(found[3])
    known = {str(one): one for one in snapshot.applications}
    if name not in known:
        names = [one.name if one.namespace == namespace else str(one) for one in snapshot.applications]
        told = hint(found[2], names, "Applications")
        raise NotFound(f"--grow {value}: there is no Application {name}: {told}name it as NAMESPACE/NAME, or with -n")
    if all(one.kind == "DaemonSet" for one in known[name].spec.workloads):
        raise Refused(f"--grow {value}: Application {name} has no workload with replicas: name one that has")
    return changes.grow(snapshot, name, factor)


def _clusters(cells: Sequence[CellObject]) -> list[CellObject]:
    return [cell for cell in cells if cell.spec.kubernetes is not None and not cell.spec.abandoned]


def _new_cell(file: str, taken: Sequence[str]) -> CellObject:
    """Return the Cell of a manifest as one that answers; raises PluginError where it is none, or tells no nodes."""
    raw = _manifest(file)
    name = str((raw.get("metadata") or {}).get("name") or "")
    if not name:
        raise Refused(f"--add-cell {file}: metadata.name: found nothing: give the Cell a name")
    if name in taken:
        raise Refused(f"--add-cell {file}: metadata.name: there is a Cell {name} already: give this one another name")
    cell = _cell(name, raw)
    if cell.spec.kubernetes is None:
        raise Refused(f"--add-cell {file}: spec.kubernetes: found nothing: workloads run in clusters alone")
    if not cell.status.node_classes:
        example = f"kubectl get phcell {taken[0]} -o yaml" if taken else "docs/replanning.md"
        raise Refused(
            f"--add-cell {file}: status.nodeClasses: found nothing: tell what its nodes offer, as {example} shows"
        )
    ready = Condition(type="Ready", status="True", reason="Reachable", message="", observed_generation=0)
    status = cell.status.model_copy(update={"conditions": (ready,)})
    return CellObject(name, cell.labels, cell.spec, status)


def _manifest(file: str) -> Mapping[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        raw = yaml.safe_load(text)
    except OSError as error:
        raise Refused(f"--add-cell {file}: cannot be read: {error.strerror}: name a manifest of a Cell") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        told = printable(str(error).split("\n")[0])
        raise Refused(f"--add-cell {file}: is no YAML: {told}: name a manifest of a Cell") from error
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or kind != "Cell":
        found = f"kind {printable(str(kind))}" if kind else "no single object with a kind"
        raise Refused(f"--add-cell {file}: found {found}, expected one Cell: name a manifest of a Cell")
    return raw


def _remarks(snapshot: Snapshot, what: str) -> list[str]:
    if snapshot.policy.placement.rebalancing.mode != "Never":
        return []
    if what == "lose":
        return [
            "rebalancing.mode of the FleetPolicy is Never: nothing leaves a lost Cell until it is Automatic or Propose"
        ]
    if what == "add-cell":
        return ["rebalancing.mode of the FleetPolicy is Never: what runs is not moved to a new Cell"]
    return []
