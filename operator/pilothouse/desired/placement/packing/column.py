"""One node and every size of pod: what fits, and how much usable accelerator each way of placing it would cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from pilothouse.desired.placement.packing.mix import Bools, Floats, Ints, Mix
from pilothouse.desired.placement.packing.shapes import WHOLE


@dataclass(frozen=True, slots=True)
class State:
    """What is free on a node now, and of which model its accelerators are."""

    cpu_milli: int
    memory: int
    accelerators: Sequence[int]
    model: str

    @property
    def levels(self) -> list[int]:
        """The different amounts that are free of its accelerators, smallest first; [0] where nothing is."""
        return sorted(set(self.accelerators) - {0}) or [0]


@dataclass(frozen=True, slots=True)
class Column:
    """The sizes that fit on a node, and the ways to place them.

    sizes: (F,) numbers of Mix. levels: (V,) the different free amounts of its accelerators, smallest first: a pod that
    shares one goes to one with such an amount. possible: (F, V). state: the node.
    """

    state: State
    sizes: Ints
    levels: Ints
    possible: Bools


def column(mix: Mix, state: State) -> Column:
    """Return what fits on a node. Sizes are taken whatever models their shapes allow: see `Mix.taken`."""
    levels, whole = numpy.array(state.levels), state.accelerators.count(WHOLE)
    ways = numpy.empty((len(mix.counts) + 1, len(levels)), dtype=numpy.bool_)
    ways[:-1] = levels >= mix.milli[:, None]
    ways[:-1][mix.counts > max(whole, 1)] = False
    ways[-1] = True
    room = (mix.cpu <= state.cpu_milli) & (mix.memory <= state.memory)
    sizes = numpy.flatnonzero(room[mix.size_body] & ways[:, -1][mix.size_demand])
    return Column(state, sizes, levels, ways[mix.size_demand[sizes]])


def losses(mix: Mix, column: Column) -> Floats:
    """Return how much less of the node popular shapes can use once a size is placed there: (F, V), infinite if not so.

    In thousandths of an accelerator times popularity, summed over shapes. Divided by `Mix.total`, and less what the pod
    itself takes of accelerators, it is how much fragmentation the pod adds (ATC '23, section 4.2).
    """
    state, bodies = column.state, mix.size_body[column.sizes]
    needed = numpy.zeros(len(mix.cpu), dtype=numpy.bool_)
    needed[bodies] = True
    distinct, place = numpy.flatnonzero(needed), (numpy.cumsum(needed) - 1)[bodies]
    cpu = numpy.append(state.cpu_milli - mix.cpu[distinct], state.cpu_milli)
    memory = numpy.append(state.memory - mix.memory[distinct], state.memory)
    weights = mix.weights(cpu, memory, state.model)
    now, after = mix.usable(state.accelerators), _usable_after(mix, column)[mix.size_demand[column.sizes]]
    found: Floats = weights[-1] @ now - numpy.einsum("fvd,fd->fv", after, weights[place])
    found[~column.possible] = numpy.inf
    return found


def _usable_after(mix: Mix, column: Column) -> Floats:
    """Return what each demand can use when another, the first index, has been placed at a level: (D + 1, V, D)."""
    free, levels, whole = column.state.accelerators, column.levels, column.state.accelerators.count(WHOLE)
    now = mix.usable(free)
    after = numpy.empty((len(mix.counts) + 1, len(levels), len(mix.counts)))
    after[-1] = now
    rest = numpy.maximum(levels - mix.milli[:, None], 0)
    after[:-1] = mix.use_of_one[rest] + (now - mix.use_of_one[levels])
    if whole:
        taken = numpy.minimum(mix.counts, whole)
        fewer = mix.usable_whole(whole - taken) - mix.usable_whole(whole)
        after[:-1, -1] = now + mix.use_of_one[rest[:, -1]] - taken[:, None] * mix.use_of_one[WHOLE] + fewer
    return after
