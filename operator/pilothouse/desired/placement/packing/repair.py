"""Making room where a pod fits nowhere: one pod that is placed already goes elsewhere, so that the new one fits."""

from dataclasses import dataclass

import numpy

from pilothouse.desired.placement.packing.fleet import Fleet, Pods
from pilothouse.desired.placement.packing.mix import Bools, Ints, Mix
from pilothouse.desired.placement.packing.shapes import WHOLE, Shape
from pilothouse.desired.placement.packing.table import NOWHERE, Table


@dataclass(frozen=True, slots=True)
class Move:
    """One pod, by its number, from one node to another: room is there before it leaves."""

    pod: int
    source: int
    target: int


def find_move(mix: Mix, fleet: Fleet, pods: Pods, table: Table, shape: Shape) -> Move | None:
    """Return the move after which `shape`, which fits nowhere, fits where the moved pod was; None where none does it.

    The one whose target has the lowest score; of several that of the pod with fewest accelerators, then that placed
    first. One move and no more, so nothing is moved that does not place a pod at once.
    """
    candidates = _freeing(mix, fleet, pods, shape)
    shapes, sources = pods.shape[candidates], pods.node[candidates]
    distinct, place = numpy.unique(shapes, return_inverse=True)
    if not len(distinct):
        return None
    # A pod can stay where it is, so its own node may be the best of its row: then the second best counts.
    targets = table.scores[distinct].argmin(axis=1)[place]
    for number in numpy.flatnonzero(targets == sources):
        other = table.best(int(shapes[number]), avoid=int(sources[number]))
        targets[number] = sources[number] if other is None else other
    costs = table.scores[shapes, targets].astype(numpy.int64)
    costs[targets == sources] = NOWHERE
    sizes = mix.wants[shapes, 2] * mix.wants[shapes, 3]
    first = int(numpy.lexsort((candidates, sizes, costs))[0])
    if costs[first] == NOWHERE:
        return None
    return Move(int(candidates[first]), int(sources[first]), int(targets[first]))


def _freeing(mix: Mix, fleet: Fleet, pods: Pods, shape: Shape) -> Ints:
    """Return the pods without which `shape` would fit on their nodes."""
    enough = fleet.taken(shape)[pods.node]
    enough &= fleet.cpu[pods.node] + mix.wants[pods.shape, 0] >= shape.cpu_milli
    enough &= fleet.memory[pods.node] + mix.wants[pods.shape, 1] >= shape.memory
    found = numpy.flatnonzero(enough)
    return found[_accelerators_free(mix, fleet, pods, shape, found)] if shape.accelerators else found


def _accelerators_free(mix: Mix, fleet: Fleet, pods: Pods, shape: Shape, which: Ints) -> Bools:
    """Return of each of some pods whether, without it, its node has the accelerators that `shape` asks for."""
    many, milli = mix.wants[pods.shape[which], 2:].T
    free, node = fleet.accelerators[pods.node[which]], numpy.arange(len(which))
    slot = pods.slot[which]
    returned = numpy.where(slot >= 0, free[node, slot] + milli, 0)
    if shape.accelerators == 1:
        enough: Bools = numpy.maximum(free.max(axis=1), returned) >= shape.milli
        return enough
    whole = (free == WHOLE).sum(axis=1) + many * (returned == WHOLE)
    several: Bools = whole >= shape.accelerators
    return several
