"""From an Application's spec to its Desired State: everything that should exist, where, and after what."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pilothouse.api.application import EXHAUSTED, ApplicationSpec, LedgerEntry, Moved, Placed, Resource
from pilothouse.api.fleetpolicy import PlacementPolicy
from pilothouse.api.placement import Rebalance
from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import Owner, Ref, Reference, TargetKey
from pilothouse.desired import drift, outputs, workloads
from pilothouse.desired.accounts import ROLE, role_of, service_account
from pilothouse.desired.allocation import Around, Verdict, allocate, open_to, verdict
from pilothouse.desired.cells import CellView
from pilothouse.desired.exports import Exported
from pilothouse.desired.exposure import exposure
from pilothouse.desired.housing import Tenant, Waiting, bounded
from pilothouse.desired.manifests import metadata_of, name_of, wrong_with
from pilothouse.desired.moves import Move, ends, handovers, strictest
from pilothouse.desired.placement.packing.shapes import Popularity
from pilothouse.desired.placement.score import Wishes, cloud_rank
from pilothouse.desired.resources import cell_for, references, typed
from pilothouse.desired.state import DesiredState, Problem, Target, Types
from pilothouse.desired.zero_downtime import advice


@dataclass(frozen=True, slots=True)
class World:
    """What resolving a spec needs to know beside the spec.

    owner: whose it is; ledger: what exists already; placed: where workloads were put before; seen: the Cell in which a
    thing with the owner's mark was seen, by type and resource, where the ledger knows of none; exports: what another
    Application, by namespace and name, lets this one's namespace use; None where it does not; policy: how Cells are
    chosen in this fleet; neighbours: where the workloads of another Application in the namespace are, by its name;
    waiting: what of other Applications fits nowhere yet; moving: replicas that went to another Cell, and that are not
    known to have left the old one; asked: what rebalancing would have moved; popularity: of the pods with
    accelerators that are likely to come in this fleet.
    """

    owner: Owner
    cells: Sequence[CellView]
    types: Types
    ledger: Mapping[TargetKey, LedgerEntry] = field(default_factory=dict)
    placed: Sequence[Placed] = ()
    seen: Mapping[tuple[str, str], str] = field(default_factory=dict)
    exports: Callable[[str, str], Exported | None] = lambda _namespace, _application: None
    policy: PlacementPolicy = field(default_factory=PlacementPolicy)
    neighbours: Callable[[str], Sequence[Placed]] = lambda _application: ()
    waiting: Sequence[Waiting] = ()
    moving: Sequence[Moved] = ()
    asked: Sequence[Move] = ()
    popularity: Popularity = field(default_factory=dict)


def resolve(spec: ApplicationSpec, world: World) -> DesiredState:
    """Return the Desired State of `spec` in `world`. Same input, same result, whatever the order of the Cells."""
    draft = _Draft(spec, world)
    draft.add_resources()
    draft.add_workloads()
    draft.add_carriers()
    draft.add_manifests()
    return draft.finish()


def takers(spec: ApplicationSpec, world: World, workload: Workload) -> Sequence[CellView]:
    """Return the Cells that may be given a replica of `workload`, as far as nothing but room is asked."""
    draft = _Draft(spec, world)
    draft.add_resources()
    return open_to(workload, spec.workloads, world.cells, draft.tenant, draft.around())


def verdicts(spec: ApplicationSpec, world: World) -> Mapping[str, Verdict]:
    """Return what is said of each Cell to each workload, by its name, as far as room is no matter."""
    draft = _Draft(spec, world)
    draft.add_resources()
    tenant, around = draft.tenant, draft.around()
    return {one.name: verdict(one, spec.workloads, world.cells, tenant, around) for one in spec.workloads}


def resolve_beside_others(
    spec: ApplicationSpec, world: World, unpromised: Callable[[], Sequence[CellView]]
) -> DesiredState:
    """Return the Desired State of `spec`; as `resolve` does in `world` with the Cells that `unpromised` returns.

    unpromised: the Cells of `world` without the room that is promised to others. To know it costs a look at all that is
    promised in the fleet, so it is asked only where something may have to be placed: to what stays room is no matter.
    """
    if _all_placed(spec, world.placed):
        found = resolve(spec, world)
        if _counts(found.placements) == _counts(world.placed):
            return found
    return resolve(spec, replace(world, cells=unpromised()))


def _all_placed(spec: ApplicationSpec, placed: Iterable[Placed]) -> bool:
    held = Counter[str]()
    for one in placed:
        held[one.workload] += one.replicas
    return all(held[workload.name] == workload.pieces for workload in spec.workloads if workload.kind != "DaemonSet")


def _counts(placed: Iterable[Placed]) -> dict[tuple[str, str], int]:
    return {(one.workload, one.cell): one.replicas for one in placed}


class _Draft:
    """The Desired State while it is put together, one kind of thing after the other."""

    def __init__(self, spec: ApplicationSpec, world: World) -> None:
        self.spec, self.world = spec, world
        self.cells = {cell.name: cell for cell in world.cells}
        self.targets: dict[TargetKey, Target] = {}
        self.taken: set[tuple[str, str, str]] = set()
        """Cluster, type and name of every target: Cells of one cluster share its names."""
        self.problems: list[Problem] = []
        self.shortages: dict[str, str] = {}
        self.placements: list[Placed] = []
        self.moves: list[Move] = []
        self.declined: list[tuple[Move, str]] = []
        self.waiting: list[Waiting] = []
        self.homes: dict[str, list[TargetKey]] = defaultdict(list)
        """The targets that stand for a workload or resource in dependsOn."""
        self.resources = {resource.name: resource for resource in spec.resources}
        self.imports: dict[str, Mapping[str, str]] = {}

    def add_resources(self) -> None:
        for resource in self.spec.resources:
            found = typed(resource, self.world.types)
            if isinstance(found, Problem):
                self.problems.append(found)
                continue
            kind, spec = found
            current = self._current_cell(resource.name, kind.kind)
            full = self._full_cells(resource.name, kind.kind)
            better = self._better(kind.provider)
            cell = cell_for(resource, kind, self.world.cells, self.world.owner.namespace, current, full, better)
            if isinstance(cell, Problem):
                self.problems.append(cell)
                continue
            if resource.deletion_policy == "Snapshot" and not kind.snapshots:
                where = f"spec.resources[{resource.name}].deletionPolicy"
                self._problem("InvalidResource", f"{where}: {kind.kind} has no snapshots; give Delete or Retain.")
            to = resource.write_outputs_to
            if kind.secret_outputs and not resource.id and to is not None and to.config_map:
                hidden = f"{kind.kind} has outputs that are secret ({', '.join(kind.secret_outputs)})"
                where = f"spec.resources[{resource.name}].writeOutputsTo.configMap"
                self._problem("InvalidResource", f"{where}: {hidden}; write them to a secret.")
            if resource.adopt is not None and not self.cells[cell].allows_adoption(kind.kind):
                where = f"spec.resources[{resource.name}].adopt"
                mend = f"one entry of its spec.allow must list {kind.kind} and say adopt: true"
                self._problem("CellNotUsable", f"{where}: Cell {cell} allows no adoption; {mend}.")
            key = TargetKey(cell, kind.kind, resource.name)
            policy = "Retain" if resource.id else resource.deletion_policy or kind.deletion_policy
            target = Target(key, kind, kind.name(self.world.owner, resource.name), spec, policy)
            adopt = resource.adopt.id if resource.adopt else ""
            known = replace(target, observed=resource.id or "", adopt=adopt)
            self._add(replace(known, renamed_from=resource.renamed_from or ""))
            self.homes[resource.name].append(key)

    def _better(self, provider: str) -> Callable[[CellView], tuple[Any, ...]]:
        """Rank Cells for a resource: near to those whose Cell is given, then cheap, then by name.

        Nothing that changes by itself counts, for until something is sent nobody remembers what was chosen.
        """
        named = {self.cells[one.cell].region for one in self.spec.resources if one.cell in self.cells} - {""}
        cells = [cell for cell in self.world.cells if cell.provider == provider]
        return cloud_rank(cells, self.world.policy.weights, Wishes(frozenset(named)))

    def add_workloads(self) -> None:
        """Add what runs a workload in each Cell that it is placed in, and its Services."""
        homes = allocate(self.spec.workloads, self.world.cells, self.tenant, self.around())
        for workload in self.spec.workloads:
            self._check_peers(workload)
            housing = homes[workload.name]
            if isinstance(housing, InvalidQuantityError):
                self._problem("InvalidTemplate", str(housing))
                continue
            if housing.shortage and not housing.placed:
                self._problem("DoesNotFit", housing.shortage)
            elif housing.shortage:
                self.shortages[workload.name] = housing.shortage
            self.placements += housing.placed
            self.moves += housing.moves
            self.declined += housing.declined
            self.waiting += [housing.waiting] if housing.waiting is not None else []
            for placed in housing.placed:
                self._add_runner(workload, placed)
            self._add_services(workload, [placed.cell for placed in housing.placed])
            self._add_account(workload, [placed.cell for placed in housing.placed])

    @property
    def tenant(self) -> Tenant:
        """Who asks for room, and what it has."""
        world, owner = self.world, self.world.owner
        asked = [move for move in world.asked if self._mode(move) != "Never"]
        return Tenant(owner.application, owner.namespace, world.ledger, world.placed, asked)

    def _mode(self, move: Moved | Move) -> Rebalance:
        """Return whether a move may be: what a person has emptied is, whatever the fleet says of moving."""
        modes = [one.placement.rebalance for one in self.spec.workloads if one.name == move.workload]
        fleet: list[Rebalance] = [] if move.trigger == "Draining" else [self.world.policy.rebalancing.mode]
        return strictest(*fleet, *modes)

    def around(self) -> Around:
        """Return what decides beside the workloads: the policy, and where everything else is."""
        resources = {name: [key.cell for key in self.homes[name]] for name in self.resources}
        return Around(
            self.world.policy,
            resources,
            lambda workload: frozenset({*self._outputs_used(workload), *workload.depends_on}),
            self.world.neighbours,
            self.world.waiting,
            self.world.popularity,
        )

    def _check_peers(self, workload: Workload) -> None:
        """Refuse names that stand for nothing: they would be waited for, or be of no effect, for ever."""
        placing, own = workload.placement, [other.name for other in self.spec.workloads]
        terms = [("affinity", term) for term in placing.affinity.workloads]
        terms += [("antiAffinity", term) for term in placing.anti_affinity.workloads]
        named = [(f"{kind}.workloads", term.workload, own) for kind, term in terms if term.application is None]
        named += [("closeTo.workloads", name, own) for name in placing.close_to.workloads]
        named += [("affinity.resources", name, list(self.resources)) for name in placing.affinity.resources]
        for field_name, name, known in named:
            if name not in known:
                where = f"spec.workloads[{workload.name}].placement.{field_name}"
                there_is = f"there is no {name}; this Application has: {', '.join(sorted(known)) or 'none'}"
                self._problem("ReferenceNotFound", f"{where}: {there_is}.")

    def _add_services(self, workload: Workload, cells: Sequence[str]) -> None:
        """Add what leads to the pods, and then what leads to that from outside."""
        bodies = workloads.services(self.world.owner.application, workload)
        keys = [key for body in bodies for key in self._add_shared(body, cells)]
        outside = exposure(workload.name, workload.service) if workload.service else None
        for way in self._add_shared(outside, cells) if outside else ():
            self._after([way], [key for key in keys if self._cluster(key) == self._cluster(way)])

    def _add_account(self, workload: Workload, cells: Sequence[str]) -> None:
        """Add the ServiceAccount of a workload, after the role that it has and before the pods that have it."""
        account = workload.service_account
        if account is None:
            return
        role, where = role_of(account), f"spec.workloads[{workload.name}].serviceAccount.awsRole.ref"
        roles = self.homes[role.resource] if isinstance(role, Ref) and role.resource in self.resources else []
        if isinstance(role, Ref) and not any(key.type == ROLE for key in roles):
            others = ", ".join(name for name in self.resources if any(key.type == ROLE for key in self.homes[name]))
            mend = f"name one of this Application's: {others or 'it has none'}"
            self._problem("ReferenceNotFound", f"{where}: there is no {ROLE} {role.resource}; {mend}.")
        for key in self._add_shared(service_account(workload.name, account), cells):
            self._after([key], roles)
            homes = [home for home in self.homes[workload.name] if self._cluster(home) == self._cluster(key)]
            self._after(homes, [key])

    def _add_runner(self, workload: Workload, placed: Placed) -> None:
        used = tuple(ref for _, refs in sorted(self._outputs_used(workload).items()) for ref in refs)
        role = role_of(workload.service_account)
        used += (role,) if isinstance(role, Ref) else ()
        selector = self.cells[placed.cell].node_selector
        home = workloads.Home(self.world.owner.application, placed.cell, placed.replicas, selector, used)
        key = self._add_object(workloads.runner(workload, home), placed.cell)
        self.targets[key] = replace(self.targets[key], ends=workload.ttl_seconds_after_finished is not None)
        self.homes[workload.name].append(key)

    def add_carriers(self) -> None:
        """Add the ConfigMaps and Secrets with outputs, in every cluster where a workload reads them."""
        written: dict[outputs.Carrier, list[Resource]] = defaultdict(list)
        for resource in self.spec.resources:
            if carrier := outputs.carrier_of(resource):
                written[carrier].append(resource)
        for carrier, sources in sorted(written.items()):
            consumers = [workload for workload in self.spec.workloads if carrier in outputs.carriers_used(workload)]
            cells = {placed.cell for placed in self.placements if placed.workload in {w.name for w in consumers}}
            data = {key: ref for source in sources for key, ref in self._variables(source).items()}
            readers = [home for workload in consumers for home in self.homes[workload.name]]
            for key in self._add_shared(outputs.carrier_object(carrier, data), cells):
                self._after([key], [home for source in sources for home in self.homes[source.name]])
                self._after([home for home in readers if self._cluster(home) == self._cluster(key)], [key])

    def add_manifests(self) -> None:
        """Add the other Kubernetes objects, in every cluster where a workload runs."""
        cells = {placed.cell for placed in self.placements}
        for index, body in enumerate(self.spec.manifests):
            where = f"spec.manifests[{index}]"
            if wrong := wrong_with(body, self.world.owner.namespace):
                self._problem("InvalidManifest", f"{where}{wrong}")
            elif not self.spec.workloads:
                message = f"{where}: manifests go to the Cells of the workloads, and there is no workload."
                self._problem("NoCell", message)
            else:
                self._add_shared(dict(body), cells)

    def finish(self) -> DesiredState:
        self._link()
        self._add_drift_rules()
        self._add_timeouts()
        self._find_cycle()
        runners = {workload.name: tuple(self.homes[workload.name]) for workload in self.spec.workloads}
        advised = tuple(filter(None, map(advice, self.spec.workloads)))
        placed, problems, waiting = bounded(self.placements), tuple(self.problems), tuple(self.waiting)
        state = DesiredState(self.targets, placed, problems, self.shortages, self.imports, runners, advised, waiting)
        moves: list[Moved | Move] = [*self.world.moving, *self.moves]
        silent = [cell.name for cell in self.world.cells if not cell.ready]
        leaving = handovers(self.world.owner.application, self.spec.workloads, moves, self.placements, silent)
        deployed = {one.name for one in self.spec.workloads if one.kind == "Deployment"}
        own = [move for move in moves if move.trigger and move.workload in deployed]
        moved = frozenset(key for move in own for key in ends(self.world.owner.application, move))
        proposed = any(self._mode(move) == "Propose" for move in own)
        state = replace(state, rebalanced=moved, proposed=proposed)
        return replace(state, moves=tuple(self.moves), handovers=leaving, declined=tuple(self.declined))

    def _link(self) -> None:
        """Order what depends on what: dependsOn by name, and references inside type blocks."""
        for workload in self.spec.workloads:
            where = f"spec.workloads[{workload.name}].dependsOn"
            self._after(self.homes[workload.name], self._named(workload.depends_on, where))
        for resource in self.spec.resources:
            where = f"spec.resources[{resource.name}].dependsOn"
            self._after(self.homes[resource.name], self._named(resource.depends_on, where))
            for key in self.homes[resource.name]:
                found = list(references(self.targets[key].spec))
                where = f"spec.resources[{resource.name}].{key.type}"
                own = [one for one in found if one.application is None]
                self._after([key], self._named((one.resource for one in own if not one.late), where))
                self._named((one.resource for one in own if one.late), where)
                for one in found:
                    self._check_type(one, where) if one in own else self._import(one, where)

    def _add_timeouts(self) -> None:
        given = {one.name: one.timeouts for one in self.spec.resources}
        given |= {one.name: one.timeouts for one in self.spec.workloads}
        for name, timeouts in given.items():
            for key in self.homes[name]:
                self.targets[key] = replace(self.targets[key], timeouts=timeouts)

    def _add_drift_rules(self) -> None:
        self.problems += drift.unused(self.spec)
        for where, rule, key in drift.rules(self.spec, self.homes, tuple(self.targets)):
            self.problems += drift.problems(where, rule, self.targets[key])
            self.targets[key] = replace(self.targets[key], drift=rule)

    def _named(self, names: Iterable[str], where: str) -> list[TargetKey]:
        keys: list[TargetKey] = []
        known = {*self.resources, *(workload.name for workload in self.spec.workloads)}
        for name in names:
            if name not in known:
                there_is = f"there is no workload or resource {name}; this Application has: {', '.join(sorted(known))}"
                self._problem("ReferenceNotFound", f"{where}: {there_is}.")
            keys += self.homes[name]
        return keys

    def _check_type(self, one: Reference, where: str) -> None:
        kinds = {key.type for key in self.homes[one.resource]}
        if kinds and not one.fits(*kinds):
            self._wrong_type(one, ", ".join(sorted(kinds)), where)

    def _wrong_type(self, one: Reference, given: str, where: str) -> None:
        message = f"{where}: ref {one.ref} is of type {given}; name a resource of type {one.to}."
        self._problem("ReferenceNotFound", message)

    def _import(self, one: Reference, where: str) -> None:
        """Take the outputs of another Application's resource, if that one exports them to this namespace."""
        own = self.world.owner.namespace
        namespace, application = one.namespace or own, one.application or ""
        exported = self.world.exports(namespace, application)
        if exported is None:
            what = f"{where}: there is no Application {application} in namespace {namespace} that exports to {own}"
            self._problem("ReferenceNotFound", f"{what}; its spec.exports.to must list {own}.")
        elif (shared := exported.get(one.ref or "")) is None:
            known = ", ".join(sorted(exported)) or "none"
            what = f"{where}: Application {namespace}/{application} has no resource {one.ref}; it has: {known}"
            self._problem("ReferenceNotFound", f"{what}.")
        elif not one.fits(shared.type):
            self._wrong_type(one, shared.type, where)
        else:
            self.imports[one.resource] = shared.outputs

    def _find_cycle(self) -> None:
        try:
            TopologicalSorter({key: sorted(target.after) for key, target in sorted(self.targets.items())}).prepare()
        except CycleError as error:
            path = " -> ".join(dict.fromkeys(key.resource for key in error.args[1]))
            first = error.args[1][0].resource
            mend = "depend on each other in a circle; remove one dependsOn or reference."
            self._problem("DependencyCycle", f"spec: {path} -> {first} {mend}")

    def _variables(self, resource: Resource) -> dict[str, Ref]:
        """Return what is known of a resource; of one that is only observed, its secrets are not."""
        kinds = [self.targets[key].type for key in self.homes[resource.name]]
        secret = () if resource.id else tuple(output for kind in kinds for output in kind.secret_outputs)
        return outputs.variables(resource.name, [*(output for kind in kinds for output in kind.outputs), *secret])

    def _outputs_used(self, workload: Workload) -> dict[str, tuple[Ref, ...]]:
        used = outputs.carriers_used(workload)
        return {
            resource.name: tuple(self._variables(resource).values())
            for resource in self.spec.resources
            if outputs.carrier_of(resource) in used
        }

    def _current_cell(self, name: str, kind: str) -> str:
        ledger = self.world.ledger
        here = [key for key in sorted(ledger) if (key.type, key.resource) == (kind, name)]
        known = next((key.cell for key in here if ledger[key].state != EXHAUSTED), "")
        return known if here else self.world.seen.get((kind, name), "")

    def _full_cells(self, name: str, kind: str) -> frozenset[str]:
        ledger = self.world.ledger.items()
        full = (key for key, entry in ledger if (key.type, key.resource, entry.state) == (kind, name, EXHAUSTED))
        return frozenset(key.cell for key in full)

    def _add_shared(self, body: dict[str, object], cells: Iterable[str]) -> list[TargetKey]:
        """Add one object for each cluster among `cells`, kept by the Cell of that cluster that has it already."""
        clusters: dict[str, list[str]] = defaultdict(list)
        for name in sorted(cells):
            clusters[self.cells[name].cluster].append(name)
        anchors = [self._anchor(body, cluster, names[0]) for cluster, names in sorted(clusters.items())]
        return [self._add_object(body, anchor) for anchor in anchors]

    def _anchor(self, body: Mapping[str, object], cluster: str, first: str) -> str:
        name = name_of(body)
        holders = (key.cell for key in sorted(self.world.ledger) if (key.type, key.resource) == (body["kind"], name))
        return next((cell for cell in holders if cell in self.cells and self.cells[cell].cluster == cluster), first)

    def _add_object(self, body: dict[str, object], cell: str) -> TargetKey:
        kind, name = str(body["kind"]), name_of(body)
        key = TargetKey(cell, kind, name)
        metadata = {**metadata_of(body), "namespace": self.world.owner.namespace}
        spec = self.world.types.manifest({**body, "metadata": metadata})
        identifier = f"{body['apiVersion']}/{kind}/{self.world.owner.namespace}/{name}"
        if not self.cells[cell].allows(kind):
            whom = f"{kind} for namespace {self.world.owner.namespace}"
            self._problem("CellNotUsable", f"Cell {cell} does not allow {whom}; its spec.allow must list both.")
        self._add(Target(key, self.world.types.kubernetes(kind), identifier, spec))
        return key

    def _add(self, target: Target) -> None:
        key, place = target.key, (self._cluster(target.key), target.key.type, target.key.resource)
        if place in self.taken:
            self._problem(
                "DuplicateObject", f"{key.type} {key.resource} in Cell {key.cell} is asked for twice; rename one."
            )
        self.taken.add(place)
        self.targets[key] = target

    def _cluster(self, key: TargetKey) -> str:
        return self.cells[key.cell].cluster

    def _after(self, keys: Iterable[TargetKey], before: Iterable[TargetKey]) -> None:
        earlier = frozenset(before)
        for key in keys:
            target = self.targets[key]
            self.targets[key] = replace(target, after=target.after | earlier)

    def _problem(self, reason: str, message: str) -> None:
        self.problems.append(Problem(reason, message))
