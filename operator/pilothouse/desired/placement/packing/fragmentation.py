"""How fragmented nodes are, and what each further pod would add: for a metric, and for scores that compare Cells."""

from collections.abc import Iterable
from math import inf

import numpy

from pilothouse.desired.placement.packing.fleet import Fleet
from pilothouse.desired.placement.packing.mix import Mix
from pilothouse.desired.placement.packing.row import least_losses, usable
from pilothouse.desired.placement.packing.shapes import Node, Shape


def fragmentation(nodes: Iterable[Node], mix: Mix) -> float:
    """Return how much of what is free of the nodes' accelerators is of no use, in thousandths of an accelerator.

    That is what a pod, drawn by popularity, cannot use on average: all of a node on which it does not fit, or that has
    no use for accelerators, and otherwise each accelerator with less free than it asks for. Source: F_n(M) of ATC '23,
    section 3.2, summed over nodes. Raises InvalidNodeError for two nodes of one name.
    """
    fleet = Fleet(nodes)
    # Whole numbers until the end: so the order of nodes cannot change the last bit of a sum.
    return float(mix.total * int(fleet.accelerators.sum()) - usable(mix, fleet).sum()) / mix.total


class Growth:
    """How much further pods of one shape add to the fragmentation of nodes, each put where it adds least.

    shape: need not be popular. Raises InvalidNodeError for two nodes of one name.
    """

    def __init__(self, nodes: Iterable[Node], mix: Mix, shape: Shape) -> None:
        self._mix, self._shape, self._fleet = mix, shape, Fleet(nodes)
        self._losses, self._levels = least_losses(mix, self._fleet, shape)
        self._known = [self._least()]

    def after(self, pods: int) -> float:
        """Return what one more adds after so many of them, in thousandths of an accelerator; infinite if none fits.

        Below 0 where it takes what is of little use to others.
        """
        while len(self._known) <= pods and self._known[-1] < inf:
            self._put()
            self._known.append(self._least())
        return self._known[min(pods, len(self._known) - 1)]

    def _least(self) -> float:
        return float(self._losses.min(initial=inf)) / self._mix.total - self._shape.accelerator_milli

    def _put(self) -> None:
        """Put one where it adds least; among equals where least is free, then on the first by name."""
        equal = numpy.flatnonzero(self._losses == self._losses.min())
        node = equal[self._fleet.accelerators[equal].sum(axis=1).argmin(keepdims=True)]
        seat = self._fleet.seat(int(node[0]), self._shape, int(self._levels[node[0]]))
        self._fleet.put(self._shape, seat)
        self._losses[node], self._levels[node] = least_losses(self._mix, self._fleet, self._shape, node)
