"""Fragmentation by the paper's definition: examples reckoned by hand, then any at all reckoned plainly."""

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.desired.placement.packing.fragmentation import added, fragmentation
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Popularity, Shape
from tests.unit.desired.placement.packing.plain import FLEETS, POPULARITY, SHAPES, fragmented, put, seatings

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
    assert fragmentation([case.node], case.popularity) == case.want, case.reason


def test_fragmentation_of_nodes_is_their_sum() -> None:
    assert fragmentation([case.node for case in CASES.values()], {HALF: 1}) == pytest.approx(
        sum(fragmented(case.node, {HALF: 1}) for case in CASES.values())
    )


def test_a_pod_adds_least_where_it_takes_what_others_cannot_use() -> None:
    nodes = [Node("n", 9, 9, (WHOLE, WHOLE)), Node("m", 9, 9, (WHOLE, 700))]
    popularity = {ONE: 1}
    assert added(nodes, popularity, HALF) == -500, "700 is of no use to whole pods; 200 of it remain so"
    assert added(nodes[:1], popularity, HALF) == 500, "a whole one is broken: 500 become useless"
    assert added(nodes, popularity, ONE) == 0, "it takes what is of use, and leaves the rest as it was"
    assert added(nodes, popularity, Shape(10, 1)) is None, "no node has 10 cores"
    assert added([], popularity, ONE) is None


@given(FLEETS, POPULARITY)
def test_fragmentation_is_what_the_definition_says(nodes: list[Node], popularity: dict[Shape, int]) -> None:
    expected = sum(fragmented(node, popularity) for node in nodes)
    assert fragmentation(nodes, popularity) == pytest.approx(expected)


@given(FLEETS, POPULARITY, SHAPES, st.randoms())
def test_the_order_of_nodes_does_not_change_the_last_bit(
    nodes: list[Node], popularity: dict[Shape, int], shape: Shape, chance: Random
) -> None:
    shuffled = list(nodes)
    chance.shuffle(shuffled)
    assert fragmentation(nodes, popularity) == fragmentation(shuffled, popularity)
    assert added(nodes, popularity, shape) == added(shuffled, popularity, shape)


@given(FLEETS, POPULARITY, SHAPES)
def test_what_a_pod_adds_is_the_difference_it_makes(
    nodes: list[Node], popularity: dict[Shape, int], shape: Shape
) -> None:
    differences = [
        fragmented(put(node, shape, seating), popularity) - fragmented(node, popularity)
        for node in nodes
        for seating in seatings(node, shape)
    ]
    # Of whole accelerators it makes no difference which ones are taken.
    found = added(nodes, popularity, shape)
    assert (found is None) == (not differences)
    assert found is None or found == pytest.approx(min(differences))
