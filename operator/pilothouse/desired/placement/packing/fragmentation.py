"""How fragmented nodes are, and what one more pod would add: for scores that compare Cells."""

from collections import Counter
from collections.abc import Iterable

from pilothouse.desired.placement.packing.column import State, column, losses, usable
from pilothouse.desired.placement.packing.mix import Mix
from pilothouse.desired.placement.packing.shapes import Node, Popularity, Shape


def fragmentation(nodes: Iterable[Node], popularity: Popularity) -> float:
    """Return how much of what is free of the nodes' accelerators is of no use, in thousandths of an accelerator.

    That is what a pod, drawn by popularity, cannot use on average: all of a node on which it does not fit, or that has
    no use for accelerators, and otherwise each accelerator with less free than it asks for. Source: F_n(M) of ATC '23,
    section 3.2, summed over nodes. Raises InvalidPopularityError.
    """
    mix = Mix(popularity)
    alike = Counter(_state(node) for node in nodes)
    free = sum(count * sum(state.accelerators) for state, count in alike.items())
    # Whole numbers until the end: so the order of nodes cannot change the last bit of a sum.
    return (mix.total * free - sum(count * usable(mix, state) for state, count in alike.items())) / mix.total


def added(nodes: Iterable[Node], popularity: Popularity, shape: Shape) -> float | None:
    """Return how much one more pod of `shape` adds to the fragmentation where it adds least; None where none fits.

    In thousandths of an accelerator; below 0 where the pod takes what is of little use to others. `shape` need not be
    popular. Raises InvalidPopularityError.
    """
    mix = Mix(popularity, [shape])
    size, takes = mix.size[mix.index[shape]], shape.accelerator_milli
    found = []
    for state in {_state(node): None for node in nodes if shape.runs_on(node.model)}:
        options = column(mix, state)
        costs = losses(mix, options)[options.sizes == size]
        found += [float(cost.min()) / mix.total - takes for cost in costs]
    return min(found, default=None)


def _state(node: Node) -> State:
    return State(node.cpu_milli, node.memory, tuple(sorted(node.accelerators)), node.model)
