"""Fragmentation by the paper's definition: examples reckoned by hand, then any at all reckoned plainly."""

from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.desired.placement.packing.fragmentation import Growth, fragmentation
from pilothouse.desired.placement.packing.mix import Mix
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Popularity, Shape
from tests.unit.desired.placement.packing.plain import FLEETS, POPULARITY, SHAPES, fragmented, put, seatings, useless

HALF, ONE, TWO, NONE = Shape(1, 1, 1, 500), Shape(1, 1, 1, WHOLE), Shape(1, 1, 2, WHOLE), Shape(1, 1)


@dataclass(frozen=True)
class Case:
    node: Node
    popularity: Popularity
    want: float
    reason: str


CASES = {
    "an accelerator with too little free": Case(
        Node("n", 9, 9, (400, WHOLE)), {HALF: 1}, 400, "400 is less than the half that is asked for, 1000 is not"
    ),
    "shapes weighed by popularity": Case(
        Node("n", 9, 9, (600, WHOLE)), {HALF: 3, ONE: 1}, 150, "a quarter of the pods cannot use the 600"
    ),
    "no cores left": Case(Node("n", 0, 9, (600, WHOLE)), {HALF: 1}, 1600, "what cannot run uses nothing"),
    "no memory left": Case(Node("n", 9, 0, (600,)), {HALF: 1}, 600, "what cannot run uses nothing"),
    "too few whole ones": Case(Node("n", 9, 9, (600, WHOLE)), {TWO: 1}, 1600, "two do not fit, so all is of no use"),
    "enough whole ones": Case(
        Node("n", 9, 9, (600, WHOLE, WHOLE, WHOLE)), {TWO: 1}, 600, "three whole ones count, though two take only two"
    ),
    "pods without accelerators": Case(
        Node("n", 9, 9, (600, WHOLE)), {NONE: 1, HALF: 3}, 400, "a quarter of the pods has no use for 1600"
    ),
    "another model": Case(
        Node("n", 9, 9, (WHOLE,), "a"), {Shape(1, 1, 1, 500, ("b", "c")): 1, HALF: 1}, 500, "half cannot use model a"
    ),
    "no accelerators": Case(Node("n", 9, 9), {HALF: 1}, 0, "nothing is free, so nothing is useless"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_fragmentation_of_a_node(case: Case) -> None:
    assert fragmentation([case.node], Mix(case.popularity)) == case.want, case.reason


def test_fragmentation_of_nodes_is_their_sum() -> None:
    nodes = [replace(case.node, name=name) for name, case in CASES.items()]
    expected = sum(fragmented(node, {HALF: 1}) for node in nodes)
    assert fragmentation(nodes, Mix({HALF: 1})) == pytest.approx(expected)


def test_a_pod_adds_least_where_it_takes_what_others_cannot_use() -> None:
    nodes, mix = [Node("n", 9, 9, (WHOLE, WHOLE)), Node("m", 9, 9, (WHOLE, 700))], Mix({ONE: 1})
    assert Growth(nodes, mix, HALF).after(0) == -500, "700 is of no use to whole pods; 200 of it remain so"
    assert Growth(nodes[:1], mix, HALF).after(0) == 500, "a whole one is broken: 500 become useless"
    assert Growth(nodes, mix, ONE).after(0) == 0, "it takes what is of use, and leaves the rest as it was"
    assert Growth(nodes, mix, Shape(10, 1)).after(0) == inf, "no node has 10 cores"
    assert Growth([], mix, ONE).after(0) == inf


def test_each_pod_adds_to_what_those_before_it_left() -> None:
    growth = Growth([Node("n", 9, 9, (WHOLE, 700))], Mix({ONE: 1}), HALF)
    assert [growth.after(pods) for pods in (3, 1, 0, 2, 9)] == [inf, 500, -500, -500, inf], (
        "700, then a whole one, then the other half of that; however it is asked"
    )


def test_among_nodes_where_a_pod_adds_as_much_it_goes_where_least_is_free() -> None:
    full, roomy = Node("b", 1, 9, (WHOLE, WHOLE)), Node("a", 9, 9, (WHOLE, WHOLE, 300))
    growth = Growth([full, roomy], Mix({TWO: 1}), HALF)
    assert [growth.after(pods) for pods in range(3)] == [1500, 1500, -500], "b has no cores left after the first"


@pytest.mark.parametrize("free", [(600, 700), (700, 600)])
def test_among_accelerators_where_a_pod_adds_as_much_it_takes_that_with_least_free(free: tuple[int, int]) -> None:
    likely = Mix({Shape(1, 1, 1, 600): 3, Shape(1, 1, 1, 400): 1})
    growth = Growth([Node("n", 9, 9, free)], likely, Shape(1, 1, 1, 300))
    assert [growth.after(pods) for pods in range(5)] == [300, -300, 300, -200, inf], (
        "300 are left of the 600, of no use but to the next; the third leaves 400 of the 700"
    )


@given(FLEETS, POPULARITY)
def test_fragmentation_is_what_the_definition_says(nodes: list[Node], popularity: dict[Shape, int]) -> None:
    expected = sum(fragmented(node, popularity) for node in nodes)
    assert fragmentation(nodes, Mix(popularity)) == pytest.approx(expected)


@given(FLEETS, POPULARITY, SHAPES, st.randoms())
def test_the_order_of_nodes_does_not_change_the_last_bit(
    nodes: list[Node], popularity: dict[Shape, int], shape: Shape, chance: Random
) -> None:
    shuffled, mix = list(nodes), Mix(popularity)
    chance.shuffle(shuffled)
    assert fragmentation(nodes, mix) == fragmentation(shuffled, mix)
    one, other = Growth(nodes, mix, shape), Growth(shuffled, mix, shape)
    assert [one.after(pods) for pods in range(4)] == [other.after(pods) for pods in range(4)]


@given(FLEETS, POPULARITY, SHAPES)
def test_what_each_pod_adds_is_the_difference_it_makes(
    nodes: list[Node], popularity: dict[Shape, int], shape: Shape
) -> None:
    growth, total = Growth(nodes, Mix(popularity), shape), sum(popularity.values())
    for pods in range(4):
        ways = [_Way.of(node, shape, seating, popularity) for node in nodes for seating in seatings(node, shape)]
        if not ways:
            assert growth.after(pods) == inf
            break
        best = min(ways, key=lambda way: way[:4])
        assert growth.after(pods) == pytest.approx(best.added / total)
        nodes = [best.then if node.name == best.node else node for node in nodes]


class _Way(NamedTuple):
    """One way to seat a pod, by what decides between several. added: a whole number, so that equal ways are equal."""

    added: int
    free: int
    node: str
    level: int
    then: Node

    @classmethod
    def of(cls, node: Node, shape: Shape, seating: tuple[int, ...], popularity: Popularity) -> "_Way":
        then = put(node, shape, seating)
        added = sum(count * (useless(then, one) - useless(node, one)) for one, count in popularity.items())
        level = sum(node.accelerators[number] for number in seating)
        return cls(added, sum(node.accelerators), node.name, level, then)
