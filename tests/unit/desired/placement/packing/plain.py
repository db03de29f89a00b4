"""The paper's definitions done node by node and pod by pod, in words that can be held against the paper."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from hypothesis import strategies as st

from pilothouse.desired.placement.packing.engine import Placed
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Shape


def fragmented(node: Node, popularity: Mapping[Shape, int]) -> float:
    """F_n(M): the sum over shapes m of p_m * F_n(m)."""
    total = sum(popularity.values())
    return sum(count / total * useless(node, shape) for shape, count in popularity.items())


def useless(node: Node, shape: Shape) -> int:
    """F_n(m): everything where m does not run or wants no accelerator, else each accelerator with less than it asks."""
    if not shape.accelerators or not seatings(node, shape):
        return sum(node.accelerators)
    return sum(free for free in node.accelerators if free < shape.milli)


def seatings(node: Node, shape: Shape) -> list[tuple[int, ...]]:
    """Every choice of accelerators that `shape` could have on `node`; none where it does not fit."""
    if node.cpu_milli < shape.cpu_milli or node.memory < shape.memory or not shape.runs_on(node.model):
        return []
    enough = [number for number, free in enumerate(node.accelerators) if free >= shape.milli]
    return list(combinations(enough, shape.accelerators))


def put(node: Node, shape: Shape, accelerators: Iterable[int], sign: int = 1) -> Node:
    """The node with a pod more (or, with sign -1, less). Raises InvalidNodeError where that is too much."""
    free = list(node.accelerators)
    for number in accelerators:
        free[number] -= sign * shape.milli
    cpu, memory = node.cpu_milli - sign * shape.cpu_milli, node.memory - sign * shape.memory
    return replace(node, cpu_milli=cpu, memory=memory, accelerators=tuple(free))


class Audit:
    """Follows decisions and fails at the first that no cluster could carry out."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.pods: list[tuple[Shape, str, tuple[int, ...]]] = []

    def follow(self, shape: Shape, placed: Placed) -> None:
        for move, after in zip(placed.moved, [one.target for one in placed.moved[1:]] + [placed.node], strict=False):
            moved, node, accelerators = self.pods[move.pod]
            assert node == move.source == after != move.target, "each makes room for the next"
            self._arrive(moved, move.target, move.accelerators)
            self.nodes[node] = put(self.nodes[node], moved, accelerators, -1)
            self.pods[move.pod] = moved, move.target, move.accelerators
        self._arrive(shape, placed.node, placed.accelerators)
        assert placed.pod == len(self.pods)
        self.pods.append((shape, placed.node, placed.accelerators))

    def has_room(self, shape: Shape) -> bool:
        return any(seatings(node, shape) for node in self.nodes.values())

    def _arrive(self, shape: Shape, node: str, accelerators: tuple[int, ...]) -> None:
        assert accelerators in seatings(self.nodes[node], shape)
        self.nodes[node] = put(self.nodes[node], shape, accelerators)


MODELS = ("", "a", "b")
SHAPES = st.one_of(
    st.builds(Shape, st.integers(0, 4), st.integers(0, 3)),
    st.builds(Shape, st.integers(0, 4), st.integers(0, 3), st.just(1), st.sampled_from([1, 250, 500, 730, WHOLE])),
    st.builds(
        Shape, st.integers(0, 4), st.integers(0, 3), st.integers(2, 4), st.just(WHOLE), st.sampled_from([(), ("a",)])
    ),
    st.builds(Shape, st.integers(0, 2), st.just(0), st.just(1), st.sampled_from([500, WHOLE]), st.just(("b", "a"))),
)
POPULARITY = st.dictionaries(SHAPES, st.integers(1, 9), min_size=1, max_size=6)
FREE = st.lists(st.sampled_from([0, 250, 300, 750, WHOLE, WHOLE, WHOLE]), max_size=4).map(tuple)
BODIES = st.tuples(st.integers(0, 9), st.integers(0, 9), FREE, st.sampled_from(MODELS))
FLEETS = st.lists(BODIES, max_size=5).map(
    lambda bodies: [Node(f"node-{number}", *body) for number, body in enumerate(bodies)]
)
