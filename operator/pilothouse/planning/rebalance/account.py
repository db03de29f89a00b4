"""The running account of a pass: what is reserved and under way, with what the pass itself has begun."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from pilothouse.planning.rebalance.fleet import Cell, Fleet, Move, Moved, Subject, Workload
from pilothouse.planning.rebalance.policy import RebalancePolicy


class Account:
    """The fleet in a fixed order, and its budgets. It lives for one pass, and counts the moves that the pass begins.

    cells, workloads: sorted. live: those Cells that are not lost; homes: those of them that take something new.
    """

    def __init__(self, fleet: Fleet, policy: RebalancePolicy) -> None:
        self.policy, self.now = policy, fleet.now
        self.repairs, self.in_line = fleet.repairs, fleet.in_line
        self.cells = {cell.name: cell for cell in sorted(fleet.cells, key=lambda cell: cell.name)}
        self.workloads = sorted(fleet.workloads, key=lambda workload: workload.subject)
        self.live = {name: cell for name, cell in self.cells.items() if cell.lost_since is None}
        self.homes = {name: cell for name, cell in self.live.items() if not (cell.cordoned or cell.evict)}
        self.budget = policy.fleet_budget(len({workload.subject.application for workload in self.workloads}))
        self._reserved = {name: dict(cell.reserved) for name, cell in self.cells.items()}
        self._utilisation = {name: self._share(name, {}) for name in self.cells}
        self._read(fleet)
        self.mean = sum(self._utilisation[name] for name in self.homes) / max(1, len(self.homes))

    def _read(self, fleet: Fleet) -> None:
        self.under_way, self.incoming, self.outgoing = 0, Counter[str](), Counter[str]()
        self.leaving: set[str] = set()
        self.busy: set[str] = set()
        self.moving: dict[Subject, bool] = {}
        """What is on its way, and whether it is evacuated."""
        self._recent = Counter[str]()
        self._left: defaultdict[Subject, set[str]] = defaultdict(set)
        self._cool: dict[str, float] = {}
        for moved in fleet.moved:
            self._count(moved)

    def _count(self, moved: Moved) -> None:
        application = moved.subject.application
        if self._goes_on(moved):
            self.moving[moved.subject] = moved.evacuates or self.moving.get(moved.subject, False)
            self.busy.add(application)
            if moved.began_at > self.now - self.policy.move_seconds:
                self._hold(moved)
        if moved.ended_at is not None:
            self._cool[application] = max(moved.ended_at, self._cool.get(application, 0.0))
        if moved.began_at > self.now - self.policy.fill_seconds:
            self._recent[moved.destination] += 1
        if moved.ended_at is None or moved.ended_at > self.now - self.policy.remember_seconds:
            self._left[moved.subject].add(moved.source)

    def _goes_on(self, moved: Moved) -> bool:
        """Tell whether a move is still to be waited for: not what is there, or goes where it never comes to an end."""
        if moved.ended_at is not None or (moved.evacuates and moved.arrived):
            return False
        return moved.destination in self.cells and not self.lost(moved.destination)

    def lost(self, name: str) -> bool:
        """Tell whether a Cell has been lost for long enough to believe it."""
        cell = self.cells.get(name)
        since = cell.lost_since if cell else None
        return since is not None and self.now - since >= self.policy.lost_after_seconds

    def _hold(self, move: Move | Moved) -> None:
        """Count a move against the budgets."""
        if not move.evacuates:
            self.under_way += 1
            self.outgoing[move.source] += 1
        self.incoming[move.destination] += 1
        self.leaving.add(move.source)

    def begin(self, move: Move, requests: Mapping[str, float]) -> None:
        """Count a move that this pass begins: both Cells hold the replica until it ends."""
        self.moving[move.subject] = move.evacuates or self.moving.get(move.subject, False)
        self.busy.add(move.subject.application)
        self._hold(move)
        self._recent[move.destination] += 1
        held = self._reserved[move.destination]
        for resource, amount in requests.items():
            held[resource] = held.get(resource, 0) + amount
        self._utilisation[move.destination] = self._share(move.destination, {})

    def utilisation(self, cell: str) -> float:
        """Return what is reserved of the scarcest resource of a Cell, as a share of its capacity."""
        return self._utilisation[cell]

    def with_one(self, cell: str, workload: Workload) -> float:
        """Return the utilisation of a Cell with one more replica."""
        return self._share(cell, workload.requests)

    def without_one(self, cell: str, workload: Workload) -> float:
        """Return the utilisation of a Cell with one replica less."""
        return self._share(cell, {resource: -amount for resource, amount in workload.requests.items()})

    def exchanged(self, cell: str, leaving: Workload, coming: Workload) -> float:
        """Return the utilisation of a Cell with one replica of a workload in place of one of another."""
        asked = Counter(coming.requests)
        asked.subtract(leaving.requests)
        return self._share(cell, asked)

    def _share(self, cell: str, more: Mapping[str, float]) -> float:
        held, capacity = self._reserved[cell], self.cells[cell].capacity
        asked = held.keys() | more.keys()
        return max(
            (_ratio(held.get(each, 0) + more.get(each, 0), capacity.get(each, 0)) for each in asked), default=0.0
        )

    def cooling(self, application: str) -> float:
        """Return for how many seconds an Application is still to be left alone; 0 for not at all."""
        last = self._cool.get(application)
        return 0.0 if last is None else max(0.0, last + self.policy.cooldown_seconds - self.now)

    def left(self, subject: Subject, cell: str) -> bool:
        """Tell whether a workload was moved away from a Cell, as far as is remembered."""
        return cell in self._left.get(subject, ())

    def new(self, cell: Cell) -> bool:
        """Tell whether a Cell joined or recovered lately and has not got its share yet."""
        since = max(cell.joined_at or 0.0, cell.recovered_at or 0.0)
        young = since > 0 and self.now - since < self.policy.new_seconds
        return young and self.utilisation(cell.name) < self.policy.fill_share * self.mean

    def paced(self, cell: Cell) -> bool:
        """Tell whether a new Cell was given as much lately as it may be."""
        return self.new(cell) and self._recent[cell.name] >= self.policy.fill_moves


def _ratio(held: float, capacity: float) -> float:
    if capacity > 0:
        return held / capacity
    return float("inf") if held > 0 else 0.0
