"""A small fleet that lives: loads change, Cells fail, come back, are cordoned, and moves take their time.

Each move goes through its states: made there, ready there, released here. `watch` sees the fleet after every change.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.fleet import Cell, Decision, Fleet, Mode, Move, Moved, Subject, Workload
from pilothouse.planning.rebalance.policy import RebalancePolicy

CAPACITY = {"cpu": 100.0, "memory": 200.0}
CYCLE = 60.0


@dataclass(slots=True)
class Living:
    """A workload as it runs: replicas that are ready, and new ones that warm up."""

    subject: Subject
    requests: dict[str, float]
    homes: Counter[str]
    floor: int
    warming: Counter[str] = field(default_factory=Counter)
    usual: int = 0


@dataclass(slots=True)
class Travelling:
    """A move under way, and what was so when it was begun."""

    move: Move
    began_at: float
    ready_at: float


@dataclass(slots=True)
class History:
    """The fleet over time.

    done: moves that came to their end. released: after each that took away a ready replica, how many of the workload
    are ready, and its floor.
    """

    chance: Random
    policy: RebalancePolicy
    cells: dict[str, Cell]
    workloads: dict[Subject, Living]
    calm: bool = False
    now: float = 0.0
    travelling: list[Travelling] = field(default_factory=list)
    past: list[Moved] = field(default_factory=list)
    done: list[Move] = field(default_factory=list)
    released: list[tuple[int, int]] = field(default_factory=list)
    samples: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def live(self, cell: str) -> bool:
        return self.cells[cell].lost_since is None

    def ready(self, one: Living) -> int:
        return sum(count for name, count in one.homes.items() if self.live(name))

    def held(self, cell: str) -> dict[str, float]:
        total = dict.fromkeys(CAPACITY, 0.0)
        for one in self.workloads.values():
            if count := one.homes.get(cell, 0) + one.warming.get(cell, 0):
                for resource, amount in one.requests.items():
                    total[resource] += amount * count
        return total

    def utilisation(self, cell: str) -> float:
        return max(held / CAPACITY[resource] for resource, held in self.held(cell).items())

    def fits(self, one: Living, held: Mapping[str, float]) -> bool:
        return all(held[resource] + amount <= CAPACITY[resource] for resource, amount in one.requests.items())

    def fleet(self) -> Fleet:
        held = {name: self.held(name) for name in self.cells}
        cells = [
            replace(cell, reserved=held[name], samples=self.samples.get(name, ())) for name, cell in self.cells.items()
        ]
        workloads = [
            Workload(
                one.subject,
                dict(one.homes),
                one.requests,
                {name: int(self.fits(one, held[name])) for name in self.cells if not one.homes.get(name)},
                floor=one.floor,
                ready=self.ready(one),
                missing=max(0, one.usual - one.homes.total()),
                cost=2.0,
                mode=Mode.AUTOMATIC,
            )
            for one in self.workloads.values()
        ]
        under_way = [
            Moved(each.move.subject, each.move.source, each.move.destination, each.began_at, None, each.move.evacuates)
            for each in self.travelling
        ]
        return Fleet(self.now, cells, workloads, [*self.past, *under_way])

    def cycle(self, watch: Callable[["History", Decision | None], None]) -> None:
        """Let a minute pass: something happens, moves go on, the custodian decides."""
        self.now += CYCLE
        if not self.calm:
            self._happen()
        for each in list(self.travelling):
            self._advance(each)
            watch(self, None)
        for name in self.cells:
            self.samples[name] = (*self.samples.get(name, ())[-2:], self.utilisation(name))
        decision = decide(self.fleet(), self.policy)
        for move in decision.moves:
            self.workloads[move.subject].warming[move.destination] += 1
            self.travelling.append(Travelling(move, self.now, self.now + CYCLE * self.chance.randint(1, 9)))
        watch(self, decision)

    def _happen(self) -> None:
        name = self.chance.choice(sorted(self.cells))
        cell = self.cells[name]
        match self.chance.randrange(60):
            case 0:
                if all(self.live(other) for other in self.cells):
                    self.cells[name] = replace(cell, lost_since=self.now)
            case 1:
                if not any(other.cordoned for other in self.cells.values()):
                    self.cells[name] = replace(cell, cordoned=True, evict=True)
            case 2 | 3 | 4 | 5:
                if cell.lost_since is not None:
                    self.cells[name] = replace(cell, lost_since=None, recovered_at=self.now)
                self.cells[name] = replace(self.cells[name], cordoned=False, evict=False)
            case number if number < 30:
                self._grow(self.workloads[self.chance.choice(sorted(self.workloads))])
            case _:
                pass

    def _grow(self, one: Living) -> None:
        """Ask for more or less, but never for more than there is."""
        before = dict(one.requests)
        one.requests = {"cpu": float(self.chance.randint(1, 14)), "memory": float(self.chance.randint(1, 20))}
        if any(self.utilisation(name) > 1 for name in self.cells):
            one.requests = before

    def _advance(self, each: Travelling) -> None:
        move, one = each.move, self.workloads[each.move.subject]
        if not self.live(move.destination):
            self._end(each)
        elif self.now >= each.ready_at:
            disturbs = self.live(move.source)
            if not disturbs or self.ready(one) >= one.floor:
                self._end(each)
                one.homes[move.destination] += 1
                one.homes[move.source] -= 1
                one.homes = +one.homes
                self.done.append(move)
                if disturbs:
                    self.released.append((self.ready(one), one.floor))

    def _end(self, each: Travelling) -> None:
        move = each.move
        self.travelling.remove(each)
        self.workloads[move.subject].warming[move.destination] -= 1
        self.past.append(Moved(move.subject, move.source, move.destination, each.began_at, self.now, move.evacuates))


def history(seed: int, policy: RebalancePolicy, *, cells: int = 6, workloads: int = 24) -> History:
    """A fleet whose workloads stand where they fit, unevenly."""
    chance = Random(seed)
    names = [f"{'abc'[number % 3]}{number}" for number in range(cells)]
    made = History(chance, policy, {name: Cell(name, name[0], CAPACITY) for name in names}, {})
    for number in range(workloads):
        subject = Subject(f"shop/app-{number // 2:02d}", f"web-{number % 2}")
        requests = {"cpu": float(chance.randint(2, 12)), "memory": float(chance.randint(2, 24))}
        one = Living(subject, requests, Counter(), 0)
        for name in chance.sample(names, chance.randint(1, 3)):
            if made.fits(one, made.held(name)):
                one.homes[name] += 1
                made.workloads[subject] = one
        one.usual = sum(one.homes.values())
        one.floor = chance.randint(max(0, one.usual - 1), one.usual)
    return made
