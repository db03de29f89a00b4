"""The shapes that may come, as arrays: what NumPy needs to ask about all of them at once.

Sums are of whole numbers held in float64, exact below 2^53, so no library or processor changes a decision by rounding.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy
from numpy.typing import NDArray

from pilothouse.desired.placement.packing.shapes import WHOLE, InvalidPopularityError, Popularity, Shape

Ints = NDArray[numpy.int64]
Floats = NDArray[numpy.float64]
Bools = NDArray[numpy.bool_]
_Body = tuple[int, int]
_Demand = tuple[int, int]


class Mix:
    """Popular shapes, and others that are to be placed too; `popularity` alone weighs.

    shapes: sorted; all else about shapes has their order. total: the sum of the popularity.
    Distinct parts are kept once: a body is CPU and memory, a demand the accelerators and how much of each, a size both.
    D demands: `counts` and `milli`, each (D,). S sizes: `size_body` and `size_demand`, each (S,), where D stands for no
    demand. `size` gives that of each shape. wants: (T, 4), what each of T shapes asks for: CPU, memory, accelerators,
    and thousandths of each of these. Raises InvalidPopularityError.
    """

    def __init__(self, popularity: Popularity, others: Iterable[Shape] = ()) -> None:
        self.total: Final = sum(popularity.values())
        if self.total <= 0 or min(popularity.values()) < 0:
            raise InvalidPopularityError("the popularity of shapes is zero or more, and that of one more than zero")
        self.shapes: Final = tuple(sorted({*popularity, *others}))
        self.index: Final = {shape: number for number, shape in enumerate(self.shapes)}
        self.popularity: Final = tuple(popularity.get(shape, 0) for shape in self.shapes)
        wants = [(one.cpu_milli, one.memory, one.accelerators, one.milli) for one in self.shapes]
        self.wants: Final = numpy.array(wants, dtype=numpy.int64)
        self._models: dict[str, tuple[Bools, Floats]] = {}
        self._arrange_bodies()
        self._arrange_demands()
        self._arrange_sizes()

    def _arrange_bodies(self) -> None:
        bodies = sorted({_body(shape) for shape in self.shapes})
        self.cpu = numpy.array([cpu for cpu, _ in bodies], dtype=numpy.int64)
        self.memory = numpy.array([memory for _, memory in bodies], dtype=numpy.int64)
        self._body = _numbered(bodies)
        asking = sorted({_body(shape) for shape in self.shapes if shape.accelerators})
        self._asking = _numbered(asking)
        self._asking_cpu = numpy.array([cpu for cpu, _ in asking], dtype=numpy.int64)
        self._asking_memory = numpy.array([memory for _, memory in asking], dtype=numpy.int64)

    def _arrange_demands(self) -> None:
        demands = sorted({_demand(shape) for shape in self.shapes if shape.accelerators})
        self._demand = _numbered(demands)
        self.counts = numpy.array([count for count, _ in demands], dtype=numpy.int64)
        self.milli = numpy.array([milli for _, milli in demands], dtype=numpy.int64)
        self.several = self.counts > 1
        free, whole = numpy.arange(WHOLE + 1)[:, None], numpy.arange(max(self.counts, default=0) + 1)[:, None]
        self.use_of_one = numpy.where(~self.several & (free >= self.milli), free, 0.0)
        """(WHOLE + 1, D): what a demand of one accelerator can use of one, by what is free of it."""
        self._use_of_whole = numpy.where(self.several & (whole >= self.counts), 1.0 * WHOLE, 0.0)
        """(most + 1, D): what a demand of several can use of each whole one, by how many there are, capped."""

    def _arrange_sizes(self) -> None:
        sizes = sorted({(self._body[_body(shape)], self.demand_of(shape)) for shape in self.shapes})
        numbers = {size: number for number, size in enumerate(sizes)}
        self.size_body = numpy.array([body for body, _ in sizes])
        self.size_demand = numpy.array([demand for _, demand in sizes])
        self.size = numpy.array([numbers[self._body[_body(shape)], self.demand_of(shape)] for shape in self.shapes])

    def demand_of(self, shape: Shape) -> int:
        """Return the number of the shape's demand, D where it has none."""
        return self._demand[_demand(shape)] if shape.accelerators else len(self._demand)

    def taken(self, model: str) -> Bools:
        """Return for each shape whether a node of `model` may take it, however much is free."""
        return self._of(model)[0]

    def weights(self, cpu: Ints, memory: Ints, model: str) -> Floats:
        """Return by demand how popular those shapes are that CPU, memory and model allow: (K, D) for K amounts each."""
        near = (self._asking_cpu <= cpu.max(initial=0)) & (self._asking_memory <= memory.max(initial=0))
        allowed = numpy.flatnonzero(near)
        room = (cpu[:, None] >= self._asking_cpu[allowed]) & (memory[:, None] >= self._asking_memory[allowed])
        found: Floats = room.astype(numpy.float64) @ self._of(model)[1][allowed]
        return found

    def usable(self, accelerators: Sequence[int]) -> Floats:
        """Return what each demand can use of accelerators of which so much is free, in thousandths: (D,)."""
        used: Floats = self.use_of_one[list(accelerators)].sum(axis=0)
        return used + self.usable_whole(accelerators.count(WHOLE))

    def usable_whole(self, whole: int | Ints) -> Floats:
        """Return what demands of several can use of so many whole accelerators: (D,), or (K, D) for K numbers."""
        each = self._use_of_whole[numpy.minimum(whole, len(self._use_of_whole) - 1)]
        used: Floats = each * numpy.asarray(whole)[..., None]
        return used

    def _of(self, model: str) -> tuple[Bools, Floats]:
        """What concerns one model: the shapes it will do for, and the popularity of these by body and demand."""
        if model not in self._models:
            weight = numpy.zeros((len(self._asking), len(self._demand)))
            taken = numpy.array([shape.runs_on(model) for shape in self.shapes])
            for number in numpy.flatnonzero(taken):
                shape = self.shapes[number]
                if shape.accelerators:
                    weight[self._asking[_body(shape)], self.demand_of(shape)] += self.popularity[number]
            self._models[model] = taken, weight
        return self._models[model]


def _body(shape: Shape) -> _Body:
    return shape.cpu_milli, shape.memory


def _demand(shape: Shape) -> _Demand:
    return shape.accelerators, shape.milli


def _numbered(parts: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    return {part: number for number, part in enumerate(parts)}
