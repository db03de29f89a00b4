"""A fleet over a day: loads come and go, a policy moves replicas, and each move costs.

Assumed: an autoscaler holds what a workload reserves to what it asks for, shared evenly by its replicas, so that a Cell
reserves what is asked of it. A Cell is saturated in each minute in which more is asked of it than it has. A move takes
some minutes, in which the replica is in both Cells, and the new one needs more than its share while it warms up. A
policy sees what was asked up to the minute before, and what it begins shows from the next minute on.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from pilothouse.planning.rebalance.fleet import Cell, Fleet, Moved, Subject, Workload
from tests.bench.rebalance.causes import FULL, HOT, Cause, Saturated
from tests.bench.rebalance.loads import Loads, Shape

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What a move costs.

    minutes: from its begin to the release; warm_up: the load of the new replica meanwhile, as a share of what it will
    carry; points: what the library is told that a move costs.
    """

    minutes: int = 7
    warm_up: float = 1.0
    points: float = 6.0


@dataclass(frozen=True, slots=True)
class Order:
    """A move as a policy asks for it: which Application, from where, to where."""

    application: int
    source: int
    destination: int


Mover = Callable[["World"], Sequence[Order]]
"""What decides: it returns the moves to begin now."""


@dataclass(slots=True)
class Running:
    """A move under way, since a minute."""

    order: Order
    since: int


@dataclass(slots=True)
class Result:
    """saturated: Cell-minutes with more demand than capacity; causes: the same by cause. moves: how many were begun."""

    saturated: int = 0
    moves: int = 0
    peak: float = 0.0
    causes: Counter[Cause] = field(default_factory=Counter)
    by_minute: list[int] = field(default_factory=list)
    utilisation: list[list[float]] = field(default_factory=list)


class World:
    """The fleet at one minute. homes: for each Application that is there, its replicas by Cell."""

    def __init__(self, seed: int, loads: Loads, shape: Shape, rules: Rules) -> None:
        self.loads, self.shape, self.rules = loads, shape, rules
        self.lifetimes = list(zip(loads.begins.tolist(), loads.ends.tolist(), strict=True))
        self.draw = np.random.default_rng([seed, 1])
        self.minute = 0
        self.asked: list[float] = []
        self.homes: dict[int, Counter[int]] = {}
        self.running: list[Running] = []
        self.past: list[Moved] = []
        self.samples: list[list[float]] = []
        self.hot_for = [0] * shape.cells
        self.result = Result()

    def run(self, mover: Mover) -> Result:
        """Let the day pass."""
        for minute in range(self.shape.minutes):
            self.minute = minute
            self.asked = self.loads.demand[self.minute].tolist()
            self._come_and_go()
            self._finish()
            self._measure()
            self._begin(mover(self))
        return self.result

    def share(self, application: int) -> float:
        """Return what one replica asks for now."""
        return self.asked[application] / sum(self.homes[application].values())

    def demand(self) -> list[float]:
        """Return what is asked of each Cell now, with the new replicas of moves under way."""
        asked = [0.0] * self.shape.cells
        for application, homes in self.homes.items():
            each = self.share(application)
            for cell, count in homes.items():
                asked[cell] += count * each
        for move in self.running:
            asked[move.order.destination] += self.rules.warm_up * self.share(move.order.application)
        return asked

    def _come_and_go(self) -> None:
        asked: list[float] | None = None
        for application, (begin, end) in enumerate(self.lifetimes):
            if end == self.minute and application in self.homes:
                del self.homes[application]
                self.running = [move for move in self.running if move.order.application != application]
            elif begin == self.minute:
                asked = self.demand() if asked is None else asked
                self._place(application, asked)

    def _place(self, application: int, asked: list[float]) -> None:
        """Put each replica where least is reserved, as Cells are scored when an Application arrives."""
        count = int(self.draw.integers(1, 4))
        each = self.asked[application] / count
        chosen = sorted(range(self.shape.cells), key=lambda cell: (asked[cell], cell))[:count]
        for cell in chosen:
            asked[cell] += each
        self.homes[application] = Counter(chosen)

    def _finish(self) -> None:
        for move in [each for each in self.running if self.minute - each.since >= self.rules.minutes]:
            order, homes = move.order, self.homes[move.order.application]
            self.running.remove(move)
            homes[order.destination] += 1
            homes[order.source] -= 1
            self.homes[order.application] = +homes
            self.past.append(self._moved(move, self.minute * SECONDS))

    def _measure(self) -> None:
        asked = self.demand()
        self.samples = [*self.samples[-2:], asked]
        self.hot_for = [before + 1 if now > HOT else 0 for before, now in zip(self.hot_for, asked, strict=True)]
        saturated = [cell for cell, each in enumerate(asked) if each > FULL]
        self.result.saturated += len(saturated)
        self.result.causes.update(self._saturated(cell).cause() for cell in saturated)
        self.result.by_minute.append(len(saturated))
        self.result.utilisation.append(asked)
        self.result.peak = max(self.result.peak, *asked)

    def _saturated(self, cell: int) -> Saturated:
        moving = [(move.order, self.share(move.order.application)) for move in self.running]
        return Saturated(
            self.samples[-1][cell],
            largest=max((self.share(each) for each, homes in self.homes.items() if homes[cell]), default=0.0),
            arriving=self.rules.warm_up * sum(share for order, share in moving if order.destination == cell),
            leaving=sum(share for order, share in moving if order.source == cell),
            hot_for=self.hot_for[cell],
            move=self.rules.minutes,
        )

    def _begin(self, orders: Sequence[Order]) -> None:
        self.running += [Running(order, self.minute) for order in orders]
        self.result.moves += len(orders)

    def _moved(self, move: Running, ended: float | None = None) -> Moved:
        order = move.order
        return Moved(
            subject(order.application),
            cell_name(order.source),
            cell_name(order.destination),
            move.since * SECONDS,
            ended,
        )

    def fleet(self) -> Fleet:
        """Return the fleet as the library sees it."""
        now = self.minute * SECONDS
        cells = [
            Cell(
                cell_name(number),
                f"domain-{number % 4}",
                {"cpu": 1.0},
                {"cpu": asked},
                tuple(sample[number] for sample in self.samples),
            )
            for number, asked in enumerate(self.samples[-1])
        ]
        workloads = [self._workload(application) for application in self.homes]
        return Fleet(now, cells, workloads, (*self.past, *(self._moved(move) for move in self.running)))

    def _workload(self, application: int) -> Workload:
        homes = self.homes[application]
        count = sum(homes.values())
        return Workload(
            subject(application),
            {cell_name(cell): number for cell, number in homes.items()},
            {"cpu": self.share(application)},
            room(frozenset(homes), self.shape.cells),
            floor=count - 1 if count > 1 else 1,
            ready=count,
            cost=self.rules.points,
        )


@cache
def room(homes: frozenset[int], cells: int) -> Mapping[str, int]:
    """Return where another replica may go: to each Cell that has none."""
    return {cell_name(cell): 1 for cell in range(cells) if cell not in homes}


@cache
def cell_name(number: int) -> str:
    """Name a Cell."""
    return f"cell-{number:02d}"


@cache
def subject(application: int) -> Subject:
    """Name the one workload of an Application."""
    return Subject(f"fleet/app-{application:03d}", "web")
