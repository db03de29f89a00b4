"""The scores of every shape on every node: a placement changes one column, so a decision reads one row."""

from typing import Final

import numpy
from numpy.typing import NDArray

from pilothouse.desired.placement.packing.column import State, column
from pilothouse.desired.placement.packing.fleet import Fleet
from pilothouse.desired.placement.packing.mix import Bools, Ints, Mix
from pilothouse.desired.placement.packing.policies import BOUND, Policy

NOWHERE: Final = 2**31 - 1
"""The score of a node that a shape does not fit on: more than every other."""


class Table:
    """Scores of T shapes on N nodes under a policy.

    scores: (T, N), int32. levels: (T, N), int16, how much is free of the accelerator that a share would go to.
    `renew` has to be told of every node on which something was put or removed.
    """

    def __init__(self, mix: Mix, fleet: Fleet, policy: Policy) -> None:
        self._mix, self._fleet, self._policy = mix, fleet, policy
        shape = len(mix.shapes), len(fleet.nodes)
        self.scores: Final[NDArray[numpy.int32]] = numpy.full(shape, NOWHERE, dtype=numpy.int32)
        self.levels: Final[NDArray[numpy.int16]] = numpy.zeros(shape, dtype=numpy.int16)
        alike: dict[tuple[int, int, tuple[int, ...], str], int] = {}
        for number, node in enumerate(fleet.nodes):
            first = alike.setdefault((node.cpu_milli, node.memory, node.accelerators, node.model), number)
            if first == number:
                self.renew(number)
            self.scores[:, number], self.levels[:, number] = self.scores[:, first], self.levels[:, first]

    def renew(self, node: int) -> None:
        """Compute the column of a node anew."""
        state = self._fleet.state(node)
        scores, levels, fitting = self._sizes(state)
        shapes = numpy.flatnonzero(self._mix.taken(state.model) & fitting[self._mix.size])
        sizes = self._mix.size[shapes]
        self.scores[:, node] = NOWHERE
        self.scores[shapes, node] = scores[sizes]
        self.levels[shapes, node] = levels[sizes]

    def best(self, shape: int, avoid: int | None = None) -> int | None:
        """Return the node with the lowest score, of several the first, other than `avoid`; None where none fits."""
        row = self.scores[shape]
        node = int(row.argmin()) if len(row) else None
        if node is not None and node == avoid:
            row = row.copy()
            row[node] = NOWHERE
            node = int(row.argmin())
        return None if node is None or row[node] == NOWHERE else node

    def _sizes(self, state: State) -> tuple[Ints, Ints, Bools]:
        """Return score, level and whether it fits of each size, (S,) each; of equal levels the smallest."""
        options = column(self._mix, state)
        fitting = numpy.zeros(len(self._mix.size_body), dtype=numpy.bool_)
        scores, levels = numpy.zeros(len(fitting), dtype=numpy.int64), numpy.zeros(len(fitting), dtype=numpy.int64)
        if len(options.sizes):
            found = numpy.where(options.possible, self._policy(self._mix, options), BOUND)
            way = found.argmin(axis=1)
            scores[options.sizes] = found[numpy.arange(len(way)), way]
            levels[options.sizes] = options.levels[way]
            fitting[options.sizes] = True
        return scores, levels, fitting
