"""The workloads of one Application placed together: which first, and what each must and would be near to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from pilothouse.api.application import Placed
from pilothouse.api.fleetpolicy import PlacementPolicy
from pilothouse.api.placement import PeerTerm
from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.housing import Housing, Tenant, Waiting, house
from pilothouse.desired.placement.filters import LEAVE, STAY, Asked, Peer, Peers, refusal, topology
from pilothouse.desired.placement.going import takers
from pilothouse.desired.placement.packing.shapes import Popularity
from pilothouse.desired.placement.replicas import Terms
from pilothouse.desired.placement.score import Wishes, closeness


@dataclass(frozen=True, slots=True)
class Around:
    """What is around the workloads of an Application.

    policy: the fleet's; resources: the Cells of its cloud resources, by name; read: the resources that a workload reads
    or waits for; neighbours: where the workloads of another Application in the namespace are, by its name; waiting:
    what of other Applications fits nowhere yet; popularity: of the pods with accelerators that are likely to come.
    """

    policy: PlacementPolicy = field(default_factory=PlacementPolicy)
    resources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    read: Callable[[Workload], frozenset[str]] = lambda _workload: frozenset()
    neighbours: Callable[[str], Sequence[Placed]] = lambda _application: ()
    waiting: Sequence[Waiting] = ()
    popularity: Popularity = field(default_factory=dict)


def placements(application: Mapping[str, Any]) -> Sequence[Placed]:
    """Return where the workloads of an Application, as it is stored, were placed; nothing where that cannot be read."""
    stored = (application.get("status") or {}).get("placements") or ()
    try:
        return [Placed.model_validate(one) for one in stored]
    except ValidationError:
        return ()


def allocate(
    workloads: Sequence[Workload], cells: Sequence[CellView], tenant: Tenant, around: Around
) -> Mapping[str, Housing | InvalidQuantityError]:
    """Return where each of `workloads` goes, by name and in their order; no two are promised the same room.

    A group of which one does not fit gets nothing new, and the others are placed as if it were not there.
    """
    withheld: dict[str, str] = {}
    while True:
        found = _allocated(workloads, cells, tenant, around, withheld)
        group, why = _failing(workloads, found, withheld)
        if not group:
            return {workload.name: found[workload.name] for workload in workloads}
        withheld[group] = f"group {group} is placed whole or not at all, and of it {why}"


def open_to(
    workload: Workload, workloads: Sequence[Workload], cells: Sequence[CellView], tenant: Tenant, around: Around
) -> tuple[CellView, ...]:
    """Return the Cells that may be given a replica of `workload`, all others of `workloads` being where they are."""
    surroundings = _Surroundings(workloads, {cell.name: cell for cell in cells}, tenant, around, {})
    return takers(workload, cells, tenant.namespace, surroundings.terms(workload))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of each Cell to a workload, all others being where they are; nothing of room.

    leaves: why it may not be there at all; stays: why it keeps what it has there and gets nothing new; closeness: how
    near all is that it would rather be near to, from 0 to 1.
    """

    leaves: Mapping[str, str]
    stays: Mapping[str, str]
    closeness: Mapping[str, float]


def verdict(
    workload: Workload, workloads: Sequence[Workload], cells: Sequence[CellView], tenant: Tenant, around: Around
) -> Verdict:
    """Return what is said of each of `cells` to `workload`, one of `workloads`."""
    views = {cell.name: cell for cell in cells}
    terms = _Surroundings(workloads, views, tenant, around, {}).terms(workload)
    asked = Asked(workload, tenant.namespace, terms.peers)
    leaves = {name: why for name, cell in views.items() if (why := refusal(LEAVE, cell, asked))}
    homes = {name: cell for name, cell in views.items() if name not in leaves}
    stays = {name: why for name, cell in homes.items() if (why := refusal(STAY, cell, asked))}
    return Verdict(leaves, stays, {name: closeness(cell, terms.wishes) for name, cell in homes.items()})


def _failing(
    workloads: Sequence[Workload], found: Mapping[str, Housing | InvalidQuantityError], withheld: Mapping[str, str]
) -> tuple[str, str]:
    """Return the first group, in turn, of which one does not fit, and what is said of that; both empty for none."""
    for workload in in_turn(workloads):
        group, housing = workload.placement.group, found[workload.name]
        if group and group not in withheld and isinstance(housing, Housing) and housing.shortage:
            return group, housing.shortage
    return "", ""


def _allocated(
    workloads: Sequence[Workload],
    cells: Sequence[CellView],
    tenant: Tenant,
    around: Around,
    withheld: Mapping[str, str],
) -> dict[str, Housing | InvalidQuantityError]:
    found: dict[str, Housing | InvalidQuantityError] = {}
    views = {cell.name: cell for cell in cells}
    left = tuple(cells)
    for workload in in_turn(workloads):
        terms = _Surroundings(workloads, views, tenant, around, found).terms(workload)
        why = withheld.get(workload.placement.group or "", "")
        try:
            housing = house(workload, left, tenant, terms, waiting=around.waiting, withheld=why)
        except InvalidQuantityError as error:
            found[workload.name] = error
            continue
        found[workload.name], left = housing, housing.cells
    return found


def in_turn(workloads: Sequence[Workload]) -> list[Workload]:
    """Return `workloads` by priority, but what others have to be near to before them, as far as that can be."""
    named, done = {workload.name: workload for workload in workloads}, dict[str, Workload]()

    def take(workload: Workload, waiting: frozenset[str]) -> None:
        for name in _own_peers(workload):
            if name in named and name not in waiting:
                take(named[name], waiting | {name})
        done.setdefault(workload.name, workload)

    for workload in sorted(workloads, key=lambda workload: -workload.placement.priority):
        take(workload, frozenset({workload.name}))
    return list(done.values())


def _own_peers(workload: Workload) -> Iterator[str]:
    return (term.workload for term in workload.placement.affinity.workloads if term.application is None)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a workload finds around it when its turn comes. found: where those before it went."""

    workloads: Sequence[Workload]
    cells: Mapping[str, CellView]
    tenant: Tenant
    around: Around
    found: Mapping[str, Housing | InvalidQuantityError]

    def terms(self, workload: Workload) -> Terms:
        return Terms(self.around.policy, self._wishes(workload), self._peers(workload), self.around.popularity)

    def _wishes(self, workload: Workload) -> Wishes:
        close, read = workload.placement.close_to, self.around.read(workload)
        resources = [cell for name in sorted(read) for cell in self.around.resources.get(name, ())]
        workloads = [cell for name in close.workloads for cell in self._homes(name)]
        regions = {self.cells[name].region for name in (*resources, *workloads) if name in self.cells} - {""}
        return Wishes(frozenset({*close.regions, *regions}), frozenset(close.caches))

    def _peers(self, workload: Workload) -> Peers:
        placing = workload.placement
        near = [self._peer(term) for term in placing.affinity.workloads if self._counts(term)]
        near += [self._of_resource(name) for name in placing.affinity.resources]
        apart = [self._peer(term) for term in placing.anti_affinity.workloads]
        apart += [
            self._peer(term.model_copy(update={"workload": other.name}))
            for other in self.workloads
            for term in other.placement.anti_affinity.workloads
            if term.application is None and term.workload == workload.name
        ]
        return Peers(tuple(near), tuple(apart))

    def _counts(self, term: PeerTerm) -> bool:
        """Tell whether a peer stands in the way: not one that will be placed after this one, for it follows."""
        return term.application is not None or term.workload in self.found or bool(self._homes(term.workload))

    def _peer(self, term: PeerTerm) -> Peer:
        if term.application is None:
            name, homes = f"workload {term.workload}", self._homes(term.workload)
        else:
            name = f"workload {term.workload} of Application {term.application}"
            homes = [one.cell for one in self.around.neighbours(term.application) if one.workload == term.workload]
        values = (topology(self.cells[cell], term.topology_key) for cell in homes if cell in self.cells)
        return Peer(name, term.topology_key, frozenset(values))

    def _of_resource(self, name: str) -> Peer:
        homes = (self.cells[cell].region for cell in self.around.resources.get(name, ()) if cell in self.cells)
        return Peer(f"resource {name}", "region", frozenset(homes))

    def _homes(self, name: str) -> list[str]:
        """Return the Cells of a workload: those it was given just now, else those it had."""
        housing = self.found.get(name)
        return (
            [one.cell for one in housing.placed] if isinstance(housing, Housing) else sorted(self.tenant.before(name))
        )
