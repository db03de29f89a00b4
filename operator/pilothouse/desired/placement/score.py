"""How good a Cell is for one more replica: five terms, each in [0, 1], weighted as the FleetPolicy says.

As kube-scheduler's scores, they choose among the Cells that no filter refuses, and stand in the way of nothing. Scores
are equal when their points are, which are whole numbers; then that Cell is better to whose fragmentation less is added.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key, partial
from typing import Any, Final

from pilothouse.api.fleetpolicy import Weights
from pilothouse.api.meta import wire_name
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.accelerators import AddedFragmentation, shape_of
from pilothouse.desired.placement.nodes import Pod, totals
from pilothouse.desired.placement.packing.shapes import Popularity

HALVED_BY: Final = 10.0
"""So many replicas placed in a Cell in the last ten minutes halve its term for recent placements."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a workload would rather be near to. regions: where what it reads is, and who calls it; caches: by name."""

    regions: frozenset[str] = frozenset()
    caches: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Score:
    """How good a Cell is. terms: the points that each added, of 100 in all; exact: before they were rounded, of 1."""

    terms: Mapping[str, int] = field(default_factory=dict)
    exact: float = 0.0

    @property
    def points(self) -> int:
        """The sum of the terms."""
        return sum(self.terms.values())

    def __str__(self) -> str:
        """Spell it for people."""
        return f"score {self.points} ({', '.join(f'{name} {points}' for name, points in self.terms.items())})"


@dataclass(frozen=True, slots=True)
class _Use:
    """Of one resource of a Cell, or of all its nodes that take a pod: what is reserved, and what there is."""

    reserved: int
    total: int
    need: int


def _compared(one: Callable[[], float], other: Callable[[], float]) -> int:
    """Compare numbers that are found out only if they have to decide, for that costs a look at the nodes of a Cell."""
    return (one() > other()) - (one() < other())


_found_out = cmp_to_key(_compared)


class Scores:
    """The scores of Cells for the replicas of one workload.

    popularity: of the pods with accelerators that are likely to come, for what breaks ties; empty for none.
    """

    def __init__(
        self,
        cells: Sequence[CellView],
        pod: Pod,
        pieces: int,
        weights: Weights,
        wishes: Wishes,
        popularity: Popularity | None = None,
    ) -> None:
        self._cells, self._pod, self._pieces = {cell.name: cell for cell in cells}, pod, max(1, pieces)
        self._weights = {wire_name(name): value for name, value in weights.model_dump().items()}
        self._whole = max(1, sum(self._weights.values()))
        shape = shape_of(pod)
        self._added = AddedFragmentation(pod, shape, popularity) if shape is not None and popularity else None
        self._uses = {cell.name: _uses(cell, pod) for cell in cells}
        before = [_utilisation(uses, 0) for uses in self._uses.values()]
        self._mean = sum(before) / max(1, len(before))
        self._still = {cell.name: (closeness(cell, wishes), _cheapness(cell, cells)) for cell in cells}

    def of(self, name: str, added: int, in_domain: int) -> Score:
        """Return how good a Cell is for one more replica.

        added: those given to it before by this placement; in_domain: those of the workload in its failure domain.
        """
        used = _utilisation(self._uses[name], added + 1)
        recent = self._cells[name].recent + added
        closeness, cheapness = self._still[name]
        values = (
            (1 + self._mean - min(1.0, used)) / 2,
            HALVED_BY / (HALVED_BY + recent),
            1 - min(1.0, in_domain / self._pieces),
            closeness,
            cheapness,
        )
        parts = {
            name: weight * value / self._whole
            for (name, weight), value in zip(self._weights.items(), values, strict=True)
        }
        return Score({name: int(100 * part + 0.5) for name, part in parts.items()}, sum(parts.values()))

    def fragmentation(self, name: str, added: int) -> float:
        """Return how much one more replica adds to the fragmentation of a Cell's accelerators, in thousandths of one.

        added: as for `of`. 0 where the workload asks for none.
        """
        return 0.0 if self._added is None else self._added.of(self._cells[name], added)

    def rank(self, name: str, added: int, in_domain: int) -> tuple[Any, ...]:
        """Return a key by which the best Cell comes first."""
        score = self.of(name, added, in_domain)
        fragmentation = 0.0 if self._added is None else _found_out(partial(self.fragmentation, name, added))
        return -score.points, fragmentation, -score.exact, name


def cloud_rank(cells: Sequence[CellView], weights: Weights, wishes: Wishes) -> Callable[[CellView], tuple[Any, ...]]:
    """Return a key by which the best of `cells` for a cloud resource comes first: by closeness and price, then name."""
    return lambda cell: (
        -(weights.closeness * closeness(cell, wishes) + weights.price * _cheapness(cell, cells)),
        cell.name,
    )


def _cheapness(cell: CellView, cells: Sequence[CellView]) -> float:
    """Tell how cheap a Cell is among `cells`: 1 the cheapest, half as good at twice the price; 1 where none has one."""
    prices = [other.price for other in cells if other.price is not None]
    price = max(prices, default=0) if cell.price is None else cell.price
    return min(prices, default=0) / price if price else 1.0


def _uses(cell: CellView, pod: Pod) -> tuple[_Use, ...]:
    """Return the use of what `pod` asks for; of places for pods only if it asks for nothing else."""
    free, total = totals(cell, pod)
    asked = {name: need for name, need in pod.needs.items() if name != "pods"} or pod.requests
    return tuple(_Use(total[name] - free[name], total[name], need) for name, need in sorted(asked.items()))


def _utilisation(uses: Sequence[_Use], added: int) -> float:
    """Return the part reserved of what is scarcest, with so many more pods: the dominant share (Ghodsi, NSDI '11)."""
    return max((use.reserved + added * use.need) / use.total if use.total > 0 else 1.0 for use in uses)


def closeness(cell: CellView, wishes: Wishes) -> float:
    """Tell how much of what is wished for is near: the caches that it has, and whether it is in such a region."""
    found = [float(name in cell.caches) for name in sorted(wishes.caches)]
    found += [float(cell.region in wishes.regions)] if wishes.regions else []
    return sum(found) / len(found) if found else 1.0
