"""A fleet as its objects tell it, read as the Controller reads it, in the values that planning a whole fleet takes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from pilothouse.api.application import ApplicationSpec, ApplicationStatus, LedgerEntry
from pilothouse.api.cell import CellSpec, CellStatus
from pilothouse.api.conditions import find
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.names import workload_name
from pilothouse.api.quantities import InvalidQuantityError, millionths
from pilothouse.api.workload import Workload
from pilothouse.dataplane.kubernetes.types.objects import AUTOSCALER
from pilothouse.dataplane.types import Owner, TargetKey
from pilothouse.desired.allocation import Verdict
from pilothouse.desired.cells import CellView, Sight, view_of
from pilothouse.desired.moves import strictest
from pilothouse.desired.node_classes import nodes_of
from pilothouse.desired.placement.fleet import values
from pilothouse.desired.placement.fleet.values import Fleet, Key
from pilothouse.desired.placement.nodes import Pod, pod_of
from pilothouse.desired.resolve import World, verdicts
from pilothouse.desired.state import Types
from pilothouse.planning.rebalance.fleet import Mode
from pilothouse.planning.rebalance.reading import Resident, workloads_of
from pilothouse.planning.simulation.kinds import Kinds

_MILLICORES: Final = 1_000
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class CellObject:
    """A Cell as it is stored."""

    name: str
    labels: Mapping[str, str]
    spec: CellSpec
    status: CellStatus

    @property
    def sight(self) -> Sight:
        """What its status tells of it."""
        ready = find(self.status.conditions, "Ready")
        trouble = "" if ready is not None and ready.status == "True" else "it has not been reached yet"
        if trouble and ready is not None:
            trouble = ready.message or ready.reason
        nodes = nodes_of(self.status.node_classes, self.selector, f"Cell {self.name}: status.nodeClasses")
        return Sight(trouble, nodes)

    @property
    def selector(self) -> Mapping[str, str]:
        """The labels of its nodes."""
        return self.spec.kubernetes.node_selector if self.spec.kubernetes is not None else {}

    @property
    def domain(self) -> str:
        """What it fails together with."""
        return self.spec.failure_domain or self.name


@dataclass(frozen=True, slots=True)
class ApplicationObject:
    """An Application as it is stored. leaving: whether it is being deleted."""

    namespace: str
    name: str
    spec: ApplicationSpec
    status: ApplicationStatus
    leaving: bool = False

    def __str__(self) -> str:
        """Spell it as namespace/name."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects of a fleet at one moment. namespaces: the labels of each; types: those that resources may have."""

    cells: Sequence[CellObject]
    applications: Sequence[ApplicationObject]
    types: Types
    policy: FleetPolicySpec = field(default_factory=FleetPolicySpec)
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One workload, and what is known of it. staying: why it is not moved; empty when it is."""

    key: Key
    workload: Workload
    pod: Pod
    placed: Mapping[str, int]
    verdict: Verdict
    staying: str


def fleet_of(snapshot: Snapshot, kept_free: int = 0) -> Fleet:
    """Return the fleet. kept_free: percent of each Cell that nobody is given, at least.

    Raises InvalidQuantityError where a Cell tells of its nodes what is no quantity.
    DaemonSets are part of what is taken of nodes. Templates that nobody can read run nowhere.
    """
    cells = [cell for cell in snapshot.cells if cell.spec.kubernetes is not None and not cell.spec.abandoned]
    sights = {cell.name: cell.sight for cell in snapshot.cells}
    readings = [one for application in snapshot.applications for one in _readings(application, snapshot, sights)]
    views = {one.name: _view(one, {}, snapshot, sights) for one in cells}
    counts = {cell.name: [one.count for one in cell.status.node_classes] for cell in cells}
    kinds = Kinds(views, counts, [one.pod for one in readings])
    ranks = {priority: rank for rank, priority in enumerate(sorted({_priority(one) for one in readings}))}
    workloads = [replace(_workload(one, views, kinds), priority=ranks[_priority(one)]) for one in readings]
    prices = _prices(cells)
    offers = (_offer(views[cell.name], kinds, workloads, kept_free) for cell in cells)
    return Fleet(tuple(replace(one, prices=prices.get(one.name, {})) for one in offers), tuple(workloads))


def _priority(reading: _Reading) -> int:
    return reading.workload.placement.priority


def _view(cell: CellObject, labels: Mapping[str, str], snapshot: Snapshot, sights: Mapping[str, Sight]) -> CellView:
    return view_of(cell.name, cell.labels, cell.spec, labels, snapshot.policy.placement, sights[cell.name])


def _readings(application: ApplicationObject, snapshot: Snapshot, sights: Mapping[str, Sight]) -> Iterator[_Reading]:
    labels = snapshot.namespaces.get(application.namespace, {})
    views = [_view(cell, labels, snapshot, sights) for cell in snapshot.cells]
    found = verdicts(application.spec, _world(application, views, snapshot))
    staying = _staying(application, snapshot)
    placed: dict[str, dict[str, int]] = {}
    for one in application.status.placements:
        placed.setdefault(one.workload, {})[one.cell] = one.replicas
    for workload in application.spec.workloads:
        if workload.kind == "DaemonSet":
            continue
        with suppress(InvalidQuantityError):
            key, held = Key(str(application), workload.name), placed.get(workload.name, {})
            pod = pod_of(workload.template)
            yield _Reading(key, workload, pod, held, found[workload.name], staying.get(workload.name, ""))


def _world(application: ApplicationObject, views: Sequence[CellView], snapshot: Snapshot) -> World:
    neighbours = {one.name: one for one in snapshot.applications if one.namespace == application.namespace}
    return World(
        Owner("", application.namespace, application.name),
        views,
        snapshot.types,
        _ledger(application),
        application.status.placements,
        policy=snapshot.policy.placement,
        neighbours=lambda name: neighbours[name].status.placements if name in neighbours else (),
    )


def _ledger(application: ApplicationObject) -> Mapping[TargetKey, LedgerEntry]:
    return {TargetKey(one.cell, one.type, one.name): one for one in application.status.resources}


def _staying(application: ApplicationObject, snapshot: Snapshot) -> Mapping[str, str]:
    """Return why workloads are not moved although their Cell is to be left, as rebalancing has it."""
    still = "its Application is being deleted" if application.leaving else ""
    still = still or ("its Application is suspended" if application.spec.suspend else "")
    scaled = {one.name for one in application.spec.workloads if _is_scaled(application, one)}
    resident = Resident(
        str(application),
        application.spec.workloads,
        application.status.placements,
        frozenset(),
        lambda _workload: (),
        still=still,
        scaled=scaled,
    )
    emptied = {cell.name for cell in snapshot.cells}
    never = "placement.rebalance of it is Never"
    found = workloads_of(resident, strictest("Automatic"), emptied)
    return {one.subject.workload: one.why or never for one in found if one.drained is Mode.NEVER}


def _is_scaled(application: ApplicationObject, workload: Workload) -> bool:
    ledger, kind = _ledger(application), workload.kind
    cells = (one.cell for one in application.status.placements if one.workload == workload.name)
    keys = (TargetKey(cell, kind, workload_name(application.name, workload.name, cell, kind)) for cell in cells)
    return any(bool(ledger[key].outputs.get(AUTOSCALER)) for key in keys if key in ledger)


def _workload(reading: _Reading, views: Mapping[str, CellView], kinds: Kinds) -> values.Workload:
    workload, verdict = reading.workload, reading.verdict
    refused = {**verdict.leaves, **verdict.stays}
    unfit = {name: why for name in views if name not in refused and (why := kinds.against(reading.pod, name))}
    refusals, group = {**refused, **unfit}, workload.placement.group
    settled = workload.kind == "StatefulSet" and any(reading.placed.values())
    return values.Workload(
        key=reading.key,
        replicas=workload.pieces,
        requests=kinds.asked(reading.pod),
        allowed=tuple(sorted(views.keys() - refusals.keys())),
        min_domains=1 if settled else workload.placement.spread.min_domains,
        closeness=verdict.closeness,
        group=f"{reading.key.application}/{group}" if group else "",
        placed=reading.placed,
        kept=tuple(sorted(views.keys() - verdict.leaves.keys())),
        staying=reading.staying,
        refusals=refusals,
        scales=workload.kind in {"Deployment", "StatefulSet"},
    )


def _offer(view: CellView, kinds: Kinds, workloads: Sequence[values.Workload], kept_free: int) -> values.Cell:
    """Return what a Cell offers. What runs there stays, so of what it keeps free, at most what is free is kept."""
    nodes, empty = kinds.nodes(view.name), kinds.nodes(view.name, empty=True)
    load = Counter[str]()
    for workload in workloads:
        if count := workload.placed.get(view.name, 0):
            load.update({name: count * amount for name, amount in workload.requests.items()})
    whole = _total(nodes)
    headroom = {name: -(-amount * max(view.headroom, kept_free) // 100) for name, amount in _total(empty).items()}
    names = sorted({*whole, *load})
    kept = {name: min(headroom.get(name, 0), whole[name] - load[name]) for name in names}
    return values.Cell(view.name, view.failure_domain, nodes, kept_free=kept)


def _total(nodes: Sequence[values.NodeClass]) -> Counter[str]:
    total = Counter[str]()
    for node in nodes:
        total.update({name: node.count * max(0, amount) for name, amount in node.allocatable.items()})
    return total


def _prices(cells: Sequence[CellObject]) -> Mapping[str, Mapping[str, float]]:
    """Return what a millicore costs for an hour, by Cell: a price is that of a core, and none is the dearest."""
    known = {cell.name: millionths(cell.spec.price) for cell in cells}
    dearest = max((price for price in known.values() if price is not None), default=None)
    if dearest is None:
        return {}
    prices = {name: dearest if price is None else price for name, price in known.items()}
    return {name: {"cpu": price / _MILLION / _MILLICORES} for name, price in prices.items()}
