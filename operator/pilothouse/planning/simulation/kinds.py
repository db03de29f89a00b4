"""Which nodes take which pods, in values that know of amounts alone.

Nodes of every class of every Cell are one bit each. Pods that only some nodes of a Cell take ask for resources of those
nodes as well, such as `cpu@1`; and so do all pods that may use no other nodes than those.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement.fleet.values import NodeClass
from pilothouse.desired.placement.fractions import ACCELERATOR, FRACTION, WHOLE
from pilothouse.desired.placement.nodes import Pod, shortage, takers


class Kinds:
    """The nodes of some Cells, and what pods ask of them.

    cells: each with one node of each class; counts: how many nodes these are, by Cell; pods: all there are.
    """

    def __init__(self, cells: Mapping[str, CellView], counts: Mapping[str, Sequence[int]], pods: Iterable[Pod]) -> None:
        self._cells, self._counts = cells, counts
        places = [(name, number) for name in sorted(cells) for number in range(len(counts[name]))]
        self._bits = {place: 1 << position for position, place in enumerate(places)}
        self._whole = {name: sum(bit for place, bit in self._bits.items() if place[0] == name) for name in cells}
        self._masks: dict[str, int] = {}
        for pod in pods:
            if _kind(pod) not in self._masks:
                self._masks[_kind(pod)] = self._mask(pod)
        dividing = sorted(filter(self._divides, set(self._masks.values())))
        self._marks = {mask: f"@{number}" for number, mask in enumerate(dividing, start=1)}
        self._against: dict[tuple[str, str], str] = {}

    def against(self, pod: Pod, cell: str) -> str:
        """Say why no node of a Cell takes such pods, however much is free; empty when one does."""
        kind = _kind(pod)
        if self._masks[kind] & self._whole[cell]:
            return ""
        if (kind, cell) not in self._against:
            view, counts = self._cells[cell], self._counts[cell]
            nodes = tuple(node for node, count in zip(view.nodes, counts, strict=True) for _ in range(count))
            self._against[kind, cell] = shortage(replace(view, nodes=nodes), pod)
        return self._against[kind, cell]

    def asked(self, pod: Pod) -> Mapping[str, int]:
        """Return what one pod asks for, also of the nodes that it is kept to."""
        mask, needs = self._masks[_kind(pod)], dict(pod.needs)
        if ACCELERATOR in needs:
            needs[FRACTION] = WHOLE * needs[ACCELERATOR]
        marks = ["", *(mark for other, mark in self._marks.items() if mask & other == mask)]
        return {f"{name}{mark}": amount for mark in marks for name, amount in needs.items()}

    def nodes(self, cell: str, *, empty: bool = False) -> tuple[NodeClass, ...]:
        """Return what the nodes of a Cell offer, by who may use them; empty: as if nobody took anything of them."""
        classes = enumerate(zip(self._counts[cell], self._cells[cell].nodes, strict=True))
        return tuple(NodeClass(count, self._offered((cell, number), node, empty)) for number, (count, node) in classes)

    def _offered(self, place: tuple[str, int], node: NodeFree, empty: bool) -> Mapping[str, int]:  # noqa: FBT001 - as `nodes`
        offered = dict(node.allocatable if empty else node.free)
        if ACCELERATOR in offered:
            offered[FRACTION] = WHOLE * offered[ACCELERATOR]
        marks = ["", *(mark for mask, mark in self._marks.items() if mask & self._bits[place])]
        return {f"{name}{mark}": amount for mark in marks for name, amount in offered.items()}

    def _mask(self, pod: Pod) -> int:
        return sum(bit for place, bit in self._bits.items() if self._takes(place, pod))

    def _takes(self, place: tuple[str, int], pod: Pod) -> bool:
        view = self._cells[place[0]]
        return bool(takers(replace(view, nodes=(view.nodes[place[1]],)), pod))

    def _divides(self, mask: int) -> bool:
        return any(mask & whole not in (0, whole) for whole in self._whole.values())


def _kind(pod: Pod) -> str:
    """Return whatever decides which nodes take a pod."""
    return repr((sorted(pod.node_selector.items()), pod.node_terms, pod.tolerations))
