"""What passes and sweeps know, turned into the values that `decide` reads."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from pilothouse.api.application import Moved, Placed
from pilothouse.api.durations import parsed
from pilothouse.api.fleetpolicy import Rebalancing
from pilothouse.api.placement import Rebalance
from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.times import seconds
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.moves import fixed, strictest
from pilothouse.desired.placement.nodes import Pod, pod_of, room, usage, without_headroom
from pilothouse.planning.rebalance import fleet
from pilothouse.planning.rebalance.fleet import Mode, Subject
from pilothouse.planning.rebalance.policy import COST, RebalancePolicy

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Resident:
    """An Application as its last pass left it.

    name: namespace/name; placed, moves: as its status tells; ready: workload and Cell of each thing that runs one and
    is Ready; short: workloads of which replicas fit nowhere; still: why nothing of it is to be moved; asks: whether a
    person has to agree to whatever is changed of it; scaled: workloads whose replicas are an autoscaler's;
    open_to: the Cells that may be given a replica of a workload, as far as nothing but room is asked.
    """

    name: str
    workloads: Sequence[Workload]
    placed: Sequence[Placed]
    ready: AbstractSet[tuple[str, str]]
    open_to: Callable[[Workload], Sequence[CellView]]
    moves: Sequence[Moved] = ()
    short: AbstractSet[str] = frozenset()
    still: str = ""
    asks: bool = False
    scaled: AbstractSet[str] = frozenset()
    _pods: dict[str, Pod] = field(default_factory=dict, init=False, compare=False, repr=False)
    """By workload: each look reads every template, and most are those of the look before."""

    def pod(self, workload: Workload) -> Pod:
        """Return what decides where pods of one of its workloads go. Raises InvalidQuantityError."""
        if workload.name not in self._pods:
            self._pods[workload.name] = pod_of(workload.template)
        return self._pods[workload.name]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a Cell over time. Seconds since the epoch; None for what did not happen or is not known."""

    samples: tuple[float, ...] = ()
    lost_since: float | None = None
    recovered_at: float | None = None
    joined_at: float | None = None


class Room(Mapping[str, int]):
    """How many more pods each Cell takes that may be given any; nodes are counted only for the Cells that are asked."""

    def __init__(self, pod: Pod, open_to: Callable[[], Sequence[CellView]], *, headroom: bool = True) -> None:
        """Take the pod, and what returns the Cells that may be given one; headroom: whether that is left free."""
        self._pod, self._open_to, self._headroom = pod, open_to, headroom
        self._cells: dict[str, CellView] | None = None
        self._counted: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        """Return the room in a Cell. Raises KeyError where it may not be given any."""
        cell = self._open()[name]
        if name not in self._counted:
            self._counted[name] = room(cell if self._headroom else without_headroom(cell), self._pod)
        return self._counted[name]

    def cells(self) -> Sequence[CellView]:
        """Return the Cells that may be given one."""
        return tuple(self._open().values())

    def __contains__(self, name: object) -> bool:
        """Tell whether a Cell may be given one."""
        return name in self._open()

    def __iter__(self) -> Iterator[str]:
        """Go through the Cells that may be given one."""
        return iter(self._open())

    def __len__(self) -> int:
        """Return how many Cells these are."""
        return len(self._open())

    def _open(self) -> dict[str, CellView]:
        if self._cells is None:
            self._cells = {cell.name: cell for cell in self._open_to()}
        return self._cells


def utilisation(cell: CellView) -> dict[str, float]:
    """Return what is reserved of each resource on the nodes of `cell`, as a share of what they can allocate."""
    taken, total = usage(cell)
    return {name: taken[name] / amount for name, amount in sorted(total.items()) if amount > 0}


def cell_of(view: CellView, seen: Seen) -> fleet.Cell:
    """Return a Cell as `decide` sees it. view: with what is promised in it taken off."""
    taken, total = usage(view)
    return fleet.Cell(
        view.name,
        view.failure_domain,
        {name: float(amount) for name, amount in total.items() if amount > 0},
        {name: float(amount) for name, amount in taken.items() if amount > 0 and total[name] > 0},
        samples=seen.samples,
        cordoned=view.cordoned,
        evict=view.evict,
        lost_since=seen.lost_since,
        recovered_at=seen.recovered_at,
        joined_at=seen.joined_at,
        price=(view.price or 0) / _MILLION,
    )


def workloads_of(resident: Resident, mode: Rebalance, emptied: AbstractSet[str]) -> Iterator[fleet.Workload]:
    """Yield what an Application runs, but for DaemonSets, which are on every node, and what nobody can read.

    mode: of the whole fleet, the stricter one holds; emptied: Cells that are to be left. What is to leave one does not
    wait to be well: otherwise nothing moves of a workload of which not all is Ready.
    """
    for workload in resident.workloads:
        if workload.kind == "DaemonSet":
            continue
        with suppress(InvalidQuantityError):
            yield _workload(resident, workload, mode, emptied)


def _workload(resident: Resident, workload: Workload, mode: Rebalance, emptied: AbstractSet[str]) -> fleet.Workload:
    replicas, ready, why = Counter[str](), 0, _against(resident, workload)
    for one in resident.placed:
        if one.workload == workload.name:
            replicas[one.cell] += one.replicas
            ready += one.replicas if (one.workload, one.cell) in resident.ready else 0
    pod, name, own = resident.pod(workload), workload.name, _own(resident, workload)
    usual = Room(pod, lambda: resident.open_to(workload))
    return fleet.Workload(
        Subject(resident.name, name),
        dict(+replicas),
        {resource: float(amount) for resource, amount in pod.needs.items()},
        usual,
        floor=ready if replicas.keys() & emptied else workload.pieces,
        ready=ready,
        priority=workload.placement.priority,
        mode=Mode.NEVER if why else Mode(strictest(mode, own)),
        drained=Mode.NEVER if why else Mode(own),
        why=why,
        missing=max(0, workload.pieces - replicas.total()),
        blocked=name in resident.short,
        cost=COST,
        min_domains=workload.placement.spread.min_domains,
        refuge=Room(pod, usual.cells, headroom=False),
    )


def _own(resident: Resident, workload: Workload) -> Rebalance:
    return strictest(workload.placement.rebalance, "Propose" if resident.asks else "Automatic")


def _against(resident: Resident, workload: Workload) -> str:
    """Say why a workload does not move, whatever its mode; empty when it may."""
    if resident.still:
        return resident.still
    if workload.name in resident.scaled:
        return "its replicas are an autoscaler's"
    terms = ((other.name, term) for other in resident.workloads for term in other.placement.affinity.workloads)
    own = (None, resident.name.partition("/")[2])
    follower = next((name for name, term in terms if term.workload == workload.name and term.application in own), "")
    return f"{follower} has to be near it" if follower else fixed(workload)


def moved_of(resident: Resident) -> Iterator[fleet.Moved]:
    """Yield the moves of an Application, whoever began them."""
    for move in resident.moves:
        ended = seconds(move.ended_at) if move.ended_at else None
        subject, began = Subject(resident.name, move.workload), seconds(move.began_at)
        arrived = (move.workload, move.destination) in resident.ready
        yield fleet.Moved(subject, move.source, move.destination, began, ended, move.evacuates, arrived)


def policy_of(given: Rebalancing) -> RebalancePolicy:
    """Return the policy that a FleetPolicy gives."""
    return RebalancePolicy(
        hot=given.hot_percent / 100,
        destination=given.destination_percent / 100,
        fleet_percent=float(given.moves_percent),
        cooldown_seconds=parsed(given.cooldown),
        lost_after_seconds=parsed(given.lost_after),
        minimum_gain=float(given.minimum_gain),
    )


def fleet_of(
    now: float,
    cells: Iterable[fleet.Cell],
    residents: Iterable[Resident],
    mode: Rebalance,
    asked: Iterable[fleet.Moved] = (),
    repairs: int = 0,
    in_line: int = 0,
) -> fleet.Fleet:
    """Return the fleet at one moment. asked: moves that no status tells of yet; repairs, in_line: as in Fleet."""
    known, residing = tuple(cells), tuple(residents)
    emptied = {cell.name for cell in known if cell.cordoned and cell.evict}
    workloads = tuple(one for resident in residing for one in workloads_of(resident, mode, emptied))
    moved = (*(one for resident in residing for one in moved_of(resident)), *asked)
    return fleet.Fleet(now, known, workloads, moved, repairs, in_line)
