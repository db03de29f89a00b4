"""Making room where a pod fits nowhere: a few pods that are placed already go elsewhere, so that the new one fits."""

from dataclasses import dataclass
from typing import Final

import numpy

from pilothouse.desired.placement.packing.fleet import Fleet, Pods
from pilothouse.desired.placement.packing.mix import Bools, Ints, Mix
from pilothouse.desired.placement.packing.shapes import WHOLE
from pilothouse.desired.placement.packing.table import NOWHERE, Table

LONGEST: Final = 3
"""Moves for one pod. A fourth was measured to place next to nothing more."""


@dataclass(frozen=True, slots=True)
class Move:
    """One pod, by its number, from one node to another: room is there before it leaves."""

    pod: int
    source: int
    target: int


Chain = tuple[Move, ...]
"""Moves in order: the first to where there is room, each other one to where the one before was."""


@dataclass(frozen=True, slots=True)
class _Movers:
    """Pods that can go elsewhere, those first that had better go. Numbers of pods and nodes, (K,) each.

    chains: by the shape of a pod, what has to move first, if anything; the pod's own move is then to `targets`.
    """

    pods: Ints
    targets: Ints
    chains: dict[int, Chain]


@dataclass(frozen=True, slots=True)
class _Freed:
    """What would be free on the node of each of P pods without it: (P,) each, and its model as a number.

    one: of the accelerator with the most; whole: how many whole ones.
    """

    cpu: Ints
    memory: Ints
    one: Ints
    whole: Ints
    model: Ints


def find_moves(mix: Mix, fleet: Fleet, pods: Pods, table: Table, shape: int, most: int) -> Chain:
    """Return moves, no more than `most`, after which `shape`, which fits nowhere, fits; none where none were found.

    It fits on the source of the last one. Nothing moves that does not place a pod at once. Of each shape in the way one
    chain is tried, among the shortest: so a single move is found if there is one, and of longer chains not every one.
    Of several first moves that to the node with the lowest score is taken; of these, and of all others, that of the pod
    with the fewest accelerators, then that placed first.
    """
    search = _Search(mix, fleet, pods)
    if not search.in_the_way(shape):
        return ()
    movers = search.free_to_go(table)
    for length in range(1, most + 1):
        (first,) = search.first([shape], movers)
        if first >= 0:
            return search.chain(movers, first)
        if length < most:
            movers = search.next_to_go(movers)
    return ()


class _Search:
    """Goes from what has room elsewhere to what would have, move by move, each shape by the fewest.

    _stuck: shapes of pods that no chain is known for so far.
    """

    def __init__(self, mix: Mix, fleet: Fleet, pods: Pods) -> None:
        self._mix, self._pods, self._nodes = mix, pods, len(fleet.nodes)
        self._freed = _freed(mix, fleet, pods)
        self._taken = numpy.array([mix.taken(model) for model in fleet.models], dtype=numpy.bool_).T
        self._sizes = mix.wants[pods.shape, 2] * mix.wants[pods.shape, 3]
        self._stuck = numpy.flatnonzero(numpy.bincount(pods.shape)).tolist()

    def in_the_way(self, shape: int) -> bool:
        """Tell whether there is a pod without which `shape` would fit."""
        return bool(self._admitted(numpy.array([shape]), numpy.arange(len(self._pods.seats))).any())

    def free_to_go(self, table: Table) -> _Movers:
        """Return the pods for which there is room on another node."""
        best = table.scores.argmin(axis=1)
        fits = table.scores[numpy.arange(len(best)), best] < NOWHERE
        pods = numpy.flatnonzero(fits[self._pods.shape])
        shapes, sources = self._pods.shape[pods], self._pods.node[pods]
        targets = best[shapes]
        # A pod can stay where it is, so its own node may be the best of its row: then the second best counts.
        for number in numpy.flatnonzero(targets == sources):
            other = table.best(int(shapes[number]), avoid=int(sources[number]))
            targets[number] = sources[number] if other is None else other
        going = targets != sources
        pods, shapes, targets = pods[going], shapes[going], targets[going]
        order = numpy.lexsort((pods, self._sizes[pods], table.scores[shapes, targets]))
        free = set(shapes.tolist())
        self._stuck = [shape for shape in self._stuck if shape not in free]
        return _Movers(pods[order], targets[order], {})

    def next_to_go(self, before: _Movers) -> _Movers:
        """Return the pods for which there is room once one of `before` has moved, and that none of these is."""
        firsts = zip(self._stuck, self.first(self._stuck, before), strict=True)
        chains = {shape: self.chain(before, first) for shape, first in firsts if first >= 0}
        self._stuck = [shape for shape in self._stuck if shape not in chains]
        targets = numpy.full(len(self._mix.shapes), -1, dtype=numpy.int64)
        touched = numpy.zeros((len(self._mix.shapes), self._nodes), dtype=numpy.bool_)
        for shape, chain in chains.items():
            targets[shape] = chain[-1].source
            touched[shape, [node for move in chain for node in (move.source, move.target)]] = True
        shapes = self._pods.shape
        pods = numpy.flatnonzero((targets[shapes] >= 0) & ~touched[shapes, self._pods.node])
        pods = pods[numpy.argsort(self._sizes[pods], kind="stable")]
        return _Movers(pods, targets[shapes[pods]], chains)

    def first(self, shapes: list[int], movers: _Movers) -> list[int]:
        """Return for each shape the first of the movers without which it fits on its node, by its index; else -1."""
        if not len(movers.pods) or not shapes:
            return [-1] * len(shapes)
        admitted = self._admitted(numpy.array(shapes), movers.pods)
        first = admitted.argmax(axis=1)
        found = admitted[numpy.arange(len(shapes)), first]
        return [int(index) if is_so else -1 for index, is_so in zip(first, found, strict=True)]

    def chain(self, movers: _Movers, index: int) -> Chain:
        """Return all that has to move for one of the movers to go, and its own move."""
        pod = int(movers.pods[index])
        own = Move(pod, int(self._pods.node[pod]), int(movers.targets[index]))
        return (*movers.chains.get(int(self._pods.shape[pod]), ()), own)

    def _admitted(self, shapes: Ints, pods: Ints) -> Bools:
        """Return whether each of S shapes fits on the node of each of K pods without that one: (S, K)."""
        freed, mix = self._freed, self._mix
        # Shapes that differ in models alone are looked at once.
        _, example, place = numpy.unique(mix.size[shapes], return_index=True, return_inverse=True)
        cpu, memory, many, milli = mix.wants[shapes[example]].T[:, :, None]
        fits: Bools = freed.cpu[pods] >= cpu
        fits &= freed.memory[pods] >= memory
        fits &= freed.one[pods] >= numpy.where(many == 1, milli, 0)
        fits &= freed.whole[pods] >= numpy.where(many > 1, many, 0)
        found: Bools = fits[place]
        found &= self._taken[shapes].take(freed.model[pods], axis=1)
        return found


def _freed(mix: Mix, fleet: Fleet, pods: Pods) -> _Freed:
    node, (cpu, memory, many, milli) = pods.node, mix.wants[pods.shape].T
    free, slot = fleet.accelerators, pods.slot
    returned = numpy.where(slot >= 0, free[node, slot] + milli, 0)
    return _Freed(
        fleet.cpu[node] + cpu,
        fleet.memory[node] + memory,
        numpy.maximum(free.max(axis=1)[node], returned),
        (free == WHOLE).sum(axis=1)[node] + many * (returned == WHOLE),
        fleet.model[node],
    )
