"""The nodes of a Cell by what they offer: few classes of nodes alike, as its status tells them, and back.

What a class tells is never more than what its nodes have: where there are too many kinds of them, the difference is
given away.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.api.cell import NodeClass, NodeTaint
from pilothouse.api.quantities import amount, spelled
from pilothouse.desired.cells import NodeFree, Taint
from pilothouse.desired.placement.nodes import UNSCHEDULABLE

MOST: Final = 64
"""Classes that the status of a Cell tells."""
_PARTS: Final = (0, 64, 16, 4, 1)
"""What is taken is told in so many parts of a node, fewer and fewer until there are few classes; 0: exactly."""
_GIBIBYTE: Final = 1 << 30
_GRAIN: Final = 16 << 20
"""Nodes of one kind differ by some KiB: what is larger than a GiB is told in steps of so much."""


@dataclass(frozen=True, slots=True, order=True)
class _Kind:
    """What nodes have in common. allocatable, taken: of each, by resource."""

    allocatable: tuple[tuple[str, int], ...]
    taken: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, str], ...]
    taints: tuple[tuple[str, str, str], ...]


def node_classes(nodes: Iterable[NodeFree], labels: Collection[str], most: int = MOST) -> tuple[NodeClass, ...]:
    """Return `nodes` as at most so many classes, the largest first.

    nodes: with `free` as it would be without what placements put there. labels: keys of those that matter.
    """
    known, kinds = tuple(nodes), Counter[_Kind]()
    for parts in _PARTS:
        kinds = Counter(_kind(node, labels, parts) for node in known)
        if len(kinds) <= most:
            break
    ordered = sorted(kinds.items(), key=lambda one: (-one[1], one[0]))
    if len(ordered) <= most:
        return tuple(_told(kind, count) for kind, count in ordered)
    rest = ordered[most - 1 :]
    least = _least([kind for kind, _ in rest])
    merged = _told(least, sum(count for _, count in rest)).model_copy(update={"merged": True})
    return (*(_told(kind, count) for kind, count in ordered[: most - 1]), merged)


def nodes_of(classes: Sequence[NodeClass], selector: Mapping[str, str], where: str) -> tuple[NodeFree, ...]:
    """Return one node of each class, which is called by its number, free of what placements put there.

    selector: labels that all nodes of the Cell have; where: the path of `classes`, for errors.
    Raises InvalidQuantityError.
    """
    return tuple(_node(one, selector, f"{where}[{number}]", str(number)) for number, one in enumerate(classes))


def _kind(node: NodeFree, labels: Collection[str], parts: int) -> _Kind:
    allocatable = {name: _down(name, value) for name, value in node.allocatable.items() if value > 0}
    taken = {name: _taken(name, whole, node.free.get(name, 0), parts) for name, whole in allocatable.items()}
    taints = node.taints if node.schedulable else (*node.taints, UNSCHEDULABLE)
    return _Kind(
        tuple(sorted(allocatable.items())),
        tuple(sorted((name, value) for name, value in taken.items() if value)),
        tuple(sorted((key, value) for key, value in node.labels.items() if key in labels)),
        tuple(sorted({(taint.key, taint.value, taint.effect) for taint in taints})),
    )


def _grain(resource: str, whole: int) -> int:
    return _GRAIN if resource != "cpu" and whole >= _GIBIBYTE else 1


def _down(resource: str, value: int) -> int:
    return value - value % _grain(resource, value)


def _taken(resource: str, whole: int, free: int, parts: int) -> int:
    """Return what is taken of `whole`, rounded up to so many parts of it; at most all."""
    step = -(-whole // parts) if parts else _grain(resource, whole)
    return max(0, min(whole, -(-(whole - free) // step) * step))


def _least(kinds: Sequence[_Kind]) -> _Kind:
    """Return what every node of several kinds has at least, with the taints of all."""
    allocatables, takens = [dict(kind.allocatable) for kind in kinds], [dict(kind.taken) for kind in kinds]
    names = sorted(set.intersection(*map(set, allocatables)))
    allocatable = {name: min(one[name] for one in allocatables) for name in names}
    taken = {name: min(allocatable[name], max(one.get(name, 0) for one in takens)) for name in names}
    labels = set.intersection(*(set(kind.labels) for kind in kinds))
    taints = set[tuple[str, str, str]]().union(*(kind.taints for kind in kinds))
    had = tuple((name, value) for name, value in taken.items() if value)
    return _Kind(tuple(allocatable.items()), had, tuple(sorted(labels)), tuple(sorted(taints)))


def _told(kind: _Kind, count: int) -> NodeClass:
    return NodeClass(
        count=count,
        allocatable={name: spelled(name, value) for name, value in kind.allocatable},
        taken={name: spelled(name, value) for name, value in kind.taken},
        labels=dict(kind.labels),
        taints=tuple(NodeTaint(key=key, value=value, effect=effect) for key, value, effect in kind.taints),
    )


def _node(one: NodeClass, selector: Mapping[str, str], where: str, name: str) -> NodeFree:
    allocatable = _amounts(one.allocatable, f"{where}.allocatable")
    taken = _amounts(one.taken, f"{where}.taken")
    free = {resource: whole - taken.get(resource, 0) for resource, whole in allocatable.items()}
    taints = tuple(Taint(taint.key, taint.value, taint.effect) for taint in one.taints)
    return NodeFree(name, {**one.labels, **selector}, free, taints=taints, allocatable=allocatable)


def _amounts(quantities: Mapping[str, Any], where: str) -> dict[str, int]:
    return {name: amount(name, quantity, f"{where}.{name}") for name, quantity in quantities.items()}
