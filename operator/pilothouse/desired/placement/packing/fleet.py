"""Nodes and the pods put onto them: what is free, kept so that it can be asked node by node and of all at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy

from pilothouse.desired.placement.packing.column import State
from pilothouse.desired.placement.packing.mix import Bools, Ints
from pilothouse.desired.placement.packing.shapes import WHOLE, InvalidNodeError, Node, Shape


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a pod is. node: a number of the fleet. accelerators: which of the node's it has, wholly or a share."""

    node: int
    accelerators: tuple[int, ...]


class Fleet:
    """Nodes in the order of their names, N of them, with at most G accelerators each.

    cpu and memory: (N,), free. accelerators: (N, G), free thousandths of each, 0 where a node has fewer.
    model: (N,), the number of each node's model among `models`.
    Raises InvalidNodeError for two nodes of one name.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes: Final = tuple(sorted(nodes, key=lambda node: node.name))
        twice = [one.name for one, other in zip(self.nodes, self.nodes[1:], strict=False) if one.name == other.name]
        if twice:
            raise InvalidNodeError(f"node {twice[0]}: given twice; nodes are told apart by their names")
        self.cpu: Final = numpy.array([node.cpu_milli for node in self.nodes], dtype=numpy.int64)
        self.memory: Final = numpy.array([node.memory for node in self.nodes], dtype=numpy.int64)
        most = max((len(node.accelerators) for node in self.nodes), default=0)
        self.accelerators: Final[Ints] = numpy.zeros((len(self.nodes), max(1, most)), dtype=numpy.int64)
        for number, node in enumerate(self.nodes):
            self.accelerators[number, : len(node.accelerators)] = node.accelerators
        self.models: Final = tuple(sorted({node.model for node in self.nodes}))
        numbers = [self.models.index(node.model) for node in self.nodes]
        self.model: Final = numpy.array(numbers, dtype=numpy.int64)

    def by_model(self, nodes: Ints) -> Iterator[tuple[str, Ints]]:
        """Go through the models of K `nodes`, each with the numbers, 0 to K - 1, of those that are of it."""
        of = self.model[nodes]
        for index in numpy.unique(of):
            yield self.models[index], numpy.flatnonzero(of == index)

    def taken(self, shape: Shape) -> Bools:
        """Return for each node whether its model will do for `shape`: (N,)."""
        return numpy.array([shape.runs_on(model) for model in self.models], dtype=numpy.bool_)[self.model]

    def state(self, node: int) -> State:
        """Return what is free on a node."""
        model, many = self.nodes[node].model, len(self.nodes[node].accelerators)
        free = self.accelerators[node, :many].tolist()
        return State(int(self.cpu[node]), int(self.memory[node]), free, model)

    def seat(self, node: int, shape: Shape, level: int) -> Seat:
        """Return the accelerators that a pod gets on `node`: the first with `level` free, or the first whole ones."""
        if not shape.accelerators:
            return Seat(node, ())
        wanted = level if shape.accelerators == 1 else WHOLE
        free = numpy.flatnonzero(self.accelerators[node] == wanted)
        return Seat(node, tuple(free[: shape.accelerators].tolist()))

    def put(self, shape: Shape, seat: Seat) -> None:
        """Take what a pod asks for off what is free at its seat."""
        self._change(shape, seat, -1)

    def remove(self, shape: Shape, seat: Seat) -> None:
        """Give back what a pod had."""
        self._change(shape, seat, 1)

    def _change(self, shape: Shape, seat: Seat, sign: int) -> None:
        self.cpu[seat.node] += sign * shape.cpu_milli
        self.memory[seat.node] += sign * shape.memory
        for accelerator in seat.accelerators:
            self.accelerators[seat.node, accelerator] += sign * shape.milli


class Pods:
    """The pods that were placed, in that order: `seats`, and for all P at once `shape` and `node`, each (P,).

    shape: a number of the mix. slot: the first accelerator of the pod, -1 for none.
    """

    def __init__(self) -> None:
        self.seats: Final[list[Seat]] = []
        self._arrays: Ints = numpy.zeros((3, 64), dtype=numpy.int64)

    @property
    def shape(self) -> Ints:
        """Numbers of the mix."""
        return self._row(0)

    @property
    def node(self) -> Ints:
        """Numbers of the fleet."""
        return self._row(1)

    @property
    def slot(self) -> Ints:
        """The first accelerator of each, -1 for none."""
        return self._row(2)

    def add(self, shape: int, seat: Seat) -> int:
        """Keep one more, and return its number."""
        number = len(self.seats)
        self.seats.append(seat)
        if number == self._arrays.shape[1]:
            self._arrays = numpy.concatenate([self._arrays, numpy.zeros_like(self._arrays)], axis=1)
        self._arrays[:, number] = shape, seat.node, _first(seat.accelerators)
        return number

    def move(self, pod: int, seat: Seat) -> None:
        """Let a pod be elsewhere."""
        self.seats[pod] = seat
        self._arrays[1:, pod] = seat.node, _first(seat.accelerators)

    def _row(self, number: int) -> Ints:
        return self._arrays[number, : len(self.seats)]


def _first(accelerators: Sequence[int]) -> int:
    return accelerators[0] if accelerators else -1
