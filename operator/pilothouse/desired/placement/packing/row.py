"""Every node and one size of pod: what it takes away from popular pods. `column` is the same the other way."""

import numpy

from pilothouse.desired.placement.packing.fleet import Fleet
from pilothouse.desired.placement.packing.mix import Bools, Floats, Ints, Mix
from pilothouse.desired.placement.packing.shapes import WHOLE, Shape

NOTHING = Shape(0, 0)


def usable(mix: Mix, fleet: Fleet) -> Floats:
    """Return what popular shapes can use of each node: (N,), thousandths of an accelerator times popularity, summed."""
    found: Floats = (_weights(mix, fleet, _every(fleet), NOTHING) * _usable(mix, fleet.accelerators)).sum(axis=1)
    return found


def least_losses(mix: Mix, fleet: Fleet, shape: Shape, nodes: Ints | None = None) -> tuple[Floats, Ints]:
    """Return how much less of each node popular shapes can use once `shape` is put where it takes least away.

    nodes: K numbers of the fleet, all when left out. The first is (K,), in the unit of `usable`, infinite where it does
    not fit; the second, (K,), how much is free of the accelerator that a share goes to, of equal ones the least.
    """
    nodes = _every(fleet) if nodes is None else nodes
    levels = numpy.sort(fleet.accelerators[nodes], axis=1)
    now = _usable(mix, levels)
    changes, possible = _changes(mix, shape, levels)
    before, after = _weights(mix, fleet, nodes, NOTHING), _weights(mix, fleet, nodes, shape)
    lost: Floats = (before * now).sum(axis=1)[:, None] - numpy.einsum("kvd,kd->kv", now[:, None] + changes, after)
    room = (fleet.cpu[nodes] >= shape.cpu_milli) & (fleet.memory[nodes] >= shape.memory) & fleet.taken(shape)[nodes]
    lost[~(possible & room[:, None])] = numpy.inf
    rows, way = numpy.arange(len(nodes)), lost.argmin(axis=1)
    return lost[rows, way], levels[rows, way]


def _every(fleet: Fleet) -> Ints:
    return numpy.arange(len(fleet.nodes))


def _weights(mix: Mix, fleet: Fleet, nodes: Ints, put: Shape) -> Floats:
    """Return how popular the demands are that each node has CPU, memory and model for, less what is `put`: (K, D)."""
    found = numpy.zeros((len(nodes), len(mix.counts)))
    for model, numbers in fleet.by_model(nodes):
        at = nodes[numbers]
        found[numbers] = mix.weights(fleet.cpu[at] - put.cpu_milli, fleet.memory[at] - put.memory, model)
    return found


def _usable(mix: Mix, levels: Ints) -> Floats:
    """Return what each demand can use of nodes with so much free of their accelerators: (K, D)."""
    used: Floats = mix.use_of_one[levels].sum(axis=1) + mix.usable_whole(_whole(levels))
    return used


def _changes(mix: Mix, shape: Shape, levels: Ints) -> tuple[Floats, Bools]:
    """Return by how much each way to seat a pod changes what each demand can use, (K, V, D), and which can be: (K, V).

    One accelerator, or a share, has as many ways as a node has accelerators; several are the first whole ones.
    """
    whole = _whole(levels)
    if shape.accelerators != 1:
        fewer = mix.usable_whole(numpy.maximum(whole - shape.accelerators, 0)) - mix.usable_whole(whole)
        change = fewer - shape.accelerators * mix.use_of_one[WHOLE]
        return change[:, None], (whole >= shape.accelerators)[:, None]
    fewer = mix.usable_whole(numpy.maximum(whole - 1, 0)) - mix.usable_whole(whole)
    change = mix.use_of_one[numpy.maximum(levels - shape.milli, 0)] - mix.use_of_one[levels]
    return change + (levels == WHOLE)[:, :, None] * fewer[:, None], levels >= shape.milli


def _whole(levels: Ints) -> Ints:
    whole: Ints = (levels == WHOLE).sum(axis=1)
    return whole
