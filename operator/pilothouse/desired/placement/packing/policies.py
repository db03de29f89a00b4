"""What makes a node the better one: a policy scores every way to place every size on one node, lower is better."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy

from pilothouse.desired.placement.packing.column import Column, losses
from pilothouse.desired.placement.packing.mix import Ints, Mix
from pilothouse.desired.placement.packing.shapes import WHOLE

Policy = Callable[[Mix, Column], Ints]
"""Scores (F, V) from 0 to BOUND - 1. What is not possible is scored too, and never chosen."""

BOUND: Final = 2**30
STEP: Final = 100
"""Losses are told apart in steps of so many thousandths of an accelerator: see `fragmentation_gradient`."""
_SHARES: Final = 1024


def fragmentation_gradient(mix: Mix, column: Column) -> Ints:
    """Least growth of fragmentation, in steps; among equals the node whose accelerators are fullest.

    Source: fragmentation gradient descent, ATC '23, section 4.2. Coarse steps, because a difference of hundredths in
    what an average pod can use tells less than how full a node is: a node that is nearly full is better filled up.
    """
    found = losses(mix, column)
    found[~column.possible] = 0.0
    steps = numpy.minimum(numpy.rint(found / (mix.total * STEP)), BOUND // _SHARES - 1)
    free = column.state.accelerators
    share = sum(free) * (_SHARES - 1) // (WHOLE * max(1, len(free)))
    return steps.astype(numpy.int64) * _SHARES + share


def best_fit(mix: Mix, column: Column) -> Ints:
    """Least left over: cores and accelerators, each weighed as the share of what the largest shape asks for."""
    state, sizes = column.state, column.sizes
    cpu = (state.cpu_milli - mix.cpu[mix.size_body[sizes]]) / max(1, mix.cpu.max())
    asked = numpy.append(mix.counts * mix.milli, 0)
    accelerators = (sum(state.accelerators) - asked[mix.size_demand[sizes]]) / max(1, asked.max())
    score = numpy.minimum(numpy.rint((cpu + accelerators) * 10_000), BOUND - 1).astype(numpy.int64)
    return numpy.repeat(score[:, None], len(column.levels), axis=1)


def first_fit(mix: Mix, column: Column) -> Ints:
    """The first node by name."""
    del mix
    return numpy.zeros(column.possible.shape, dtype=numpy.int64)


POLICIES: Final[Mapping[str, Policy]] = {
    "fgd": fragmentation_gradient,
    "best-fit": best_fit,
    "first-fit": first_fit,
}
DEFAULT: Final = "fgd"
