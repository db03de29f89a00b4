"""Accelerators of Cells as packing sees them: how fragmented they are, and how much more they were with one more pod.

Accelerators are those of `fractions`, whole or in parts; their model is a label that GPU Feature Discovery gives nodes.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from typing import Final

from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement.fractions import ACCELERATOR
from pilothouse.desired.placement.nodes import Pod, fitting, pod_of, schedulable
from pilothouse.desired.placement.packing.fragmentation import Growth, fragmentation
from pilothouse.desired.placement.packing.mix import Mix
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Popularity, Shape

MODEL: Final = f"{ACCELERATOR}.product"
"""Label of a node with the model of its accelerators."""
MOST_ACCELERATORS: Final = 128
"""So many are counted of one node or pod: arrays are as long, and pods may ask for any number."""
MOST_SHAPES: Final = 200
"""So many kinds of pods are told apart: each costs a look at every node."""
_MOST: Final = 2**53
"""So many millicores and bytes: arrays hold 64 bits."""


def asked_for(workloads: Iterable[Workload]) -> Counter[Shape]:
    """Return how many pods with accelerators `workloads` ask for, by shape; what nobody can read asks for none."""
    found = Counter[Shape]()
    for workload in workloads:
        with suppress(InvalidQuantityError):
            shape = shape_of(pod_of(workload.template))
            if shape is not None:
                found[shape] += workload.pieces
    return +found


def shape_of(pod: Pod) -> Shape | None:
    """Return what `pod` is to packing; None where it asks for no accelerator."""
    whole = min(pod.requests.get(ACCELERATOR, 0), MOST_ACCELERATORS)
    if not whole and not pod.fraction:
        return None
    accelerators, milli = (whole, WHOLE) if whole else (1, pod.fraction)
    model = pod.node_selector.get(MODEL)
    models = () if model is None else (model,)
    return Shape(
        _amount(pod.requests.get("cpu", 0)), _amount(pod.requests.get("memory", 0)), accelerators, milli, models
    )


def fragmented(cells: Iterable[CellView], popularity: Popularity) -> dict[str, float]:
    """Return by Cell which share of its free accelerators pods likely to come cannot use; 0 where none is free.

    popularity: of those pods; 0 throughout where it is empty, for nothing is known of what is of use then. Nodes that
    take no new pods do not count.
    """
    mix = _mix(popularity) if popularity else None
    return {cell.name: _fragmented(cell, mix) if mix is not None else 0.0 for cell in cells}


def _fragmented(cell: CellView, mix: Mix) -> float:
    nodes = [_node(node) for node in schedulable(cell)]
    free = sum(sum(node.accelerators) for node in nodes)
    return fragmentation(nodes, mix) / free if free else 0.0


class AddedFragmentation:
    """How much further pods like one add to the fragmentation of Cells, found out once for each Cell that is asked for.

    shape: that of `pod`. popularity: of the pods that are likely to come; at least one is.
    """

    def __init__(self, pod: Pod, shape: Shape, popularity: Popularity) -> None:
        self._pod, self._shape, self._popularity = pod, shape, popularity
        self._growth: dict[str, Growth] = {}

    @cached_property
    def _mix(self) -> Mix:
        return _mix(self._popularity)

    def of(self, cell: CellView, added: int) -> float:
        """Return what one more adds after `added` of them, in thousandths of an accelerator; infinite if none fits.

        As if each went to the node where it adds least, of those that take such pods.
        """
        if cell.name not in self._growth:
            nodes = (_node(node) for node in fitting(cell, self._pod))
            self._growth[cell.name] = Growth(nodes, self._mix, self._shape)
        return self._growth[cell.name].after(added)


def _mix(popularity: Popularity) -> Mix:
    popular = sorted(popularity.items(), key=lambda item: (-item[1], item[0]))
    return Mix(dict(popular[:MOST_SHAPES]))


def _node(node: NodeFree) -> Node:
    whole = min(node.free.get(ACCELERATOR, 0), MOST_ACCELERATORS)
    free = node.shared[:MOST_ACCELERATORS] + (WHOLE,) * whole
    cpu, memory = _amount(node.free.get("cpu", 0)), _amount(node.free.get("memory", 0))
    return Node(node.name, cpu, memory, free, node.labels.get(MODEL, ""))


def _amount(value: int) -> int:
    return min(max(value, 0), _MOST)
