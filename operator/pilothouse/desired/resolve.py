"""From an Application's spec to its Desired State: everything that should exist, where, and after what."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter

from pilothouse.api.application import EXHAUSTED, ApplicationSpec, LedgerEntry, Placed, Resource
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import Owner, Ref, Reference, TargetKey
from pilothouse.desired import drift, outputs, workloads
from pilothouse.desired.accounts import ROLE, role_of, service_account
from pilothouse.desired.cells import CellView
from pilothouse.desired.exports import Exported
from pilothouse.desired.exposure import exposure
from pilothouse.desired.housing import Tenant, house
from pilothouse.desired.manifests import metadata_of, name_of, wrong_with
from pilothouse.desired.quantities import InvalidQuantityError
from pilothouse.desired.resources import cell_for, references, typed
from pilothouse.desired.state import DesiredState, Problem, Target, Types
from pilothouse.desired.zero_downtime import advice


@dataclass(frozen=True, slots=True)
class World:
    """What resolving a spec needs to know beside the spec.

    owner: whose it is; ledger: what exists already; placed: where workloads were put before; seen: the Cell in which a
    thing with the owner's mark was seen, by type and resource, where the ledger knows of none; exports: what another
    Application, by namespace and name, lets this one's namespace use; None where it does not.
    """

    owner: Owner
    cells: Sequence[CellView]
    types: Types
    ledger: Mapping[TargetKey, LedgerEntry] = field(default_factory=dict)
    placed: Sequence[Placed] = ()
    seen: Mapping[tuple[str, str], str] = field(default_factory=dict)
    exports: Callable[[str, str], Exported | None] = lambda _namespace, _application: None


def resolve(spec: ApplicationSpec, world: World) -> DesiredState:
    """Return the Desired State of `spec` in `world`. Same input, same result, whatever the order of the Cells."""
    draft = _Draft(spec, world)
    draft.add_resources()
    draft.add_workloads()
    draft.add_carriers()
    draft.add_manifests()
    return draft.finish()


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
            cell = cell_for(resource, kind, self.world.cells, self.world.owner.namespace, current, full)
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

    def add_workloads(self) -> None:
        """Add what runs a workload in each Cell that it is placed in, and its Services."""
        owner, cells = self.world.owner, self.world.cells
        tenant = Tenant(owner.application, owner.namespace, self.world.ledger, self.world.placed)
        for workload in self.spec.workloads:
            try:
                housing = house(workload, cells, tenant)
            except InvalidQuantityError as error:
                self._problem("InvalidTemplate", str(error))
                continue
            cells = housing.cells
            if housing.shortage and not housing.placed:
                self._problem("DoesNotFit", housing.shortage)
            elif housing.shortage:
                self.shortages[workload.name] = housing.shortage
            self.placements += housing.placed
            for placed in housing.placed:
                self._add_runner(workload, placed)
            self._add_services(workload, [placed.cell for placed in housing.placed])
            self._add_account(workload, [placed.cell for placed in housing.placed])

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
        placed, problems = tuple(self.placements), tuple(self.problems)
        return DesiredState(self.targets, placed, problems, self.shortages, self.imports, runners, advised)

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
