"""Which node each policy prefers, where they differ."""

import pytest

from pilothouse.desired.placement.packing.engine import Engine
from pilothouse.desired.placement.packing.policies import POLICIES
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Shape

HALF, ONE = Shape(1, 1, 1, 500), Shape(1, 1, 1, WHOLE)
NODES = [
    Node("a", 90, 90, (WHOLE, WHOLE)),
    Node("b", 2, 90, (WHOLE, WHOLE, 500)),
    Node("c", 5, 90, (WHOLE,)),
]
POPULARITY = {ONE: 1, HALF: 1, Shape(8, 1, 2, WHOLE): 1}
CHOSEN = {
    "fgd": ("b", "it breaks no whole accelerator"),
    "best-fit": ("c", "least is left over, though a whole accelerator is broken"),
    "first-fit": ("a", "it is the first"),
}


def test_every_policy_is_tried() -> None:
    assert CHOSEN.keys() == POLICIES.keys()


@pytest.mark.parametrize(("name", "chosen"), CHOSEN.items(), ids=CHOSEN)
def test_the_node_that_is_chosen(name: str, chosen: tuple[str, str]) -> None:
    node, reason = chosen
    placed = Engine(NODES, POPULARITY, policy=POLICIES[name]).place(HALF)
    assert placed is not None
    assert placed.node == node, reason


def test_the_fullest_of_equals_is_filled_up_first_and_then_the_first_by_name() -> None:
    nodes = [Node("d", 9, 9, (WHOLE, WHOLE)), Node("c", 9, 9, (WHOLE, WHOLE)), Node("e", 9, 9, (WHOLE, 0))]
    engine = Engine(nodes, {ONE: 1})
    assert [placed.node for placed in map(engine.place, [ONE] * 5) if placed] == ["e", "c", "c", "d", "d"]


def test_differences_below_the_step_are_none() -> None:
    """A tenth of the pods cares whether an accelerator has 500 or 550 left: 50 is not a step, 500 is."""
    rare = Shape(1, 1, 1, 550)
    nodes = [Node("a", 9, 9, (WHOLE, WHOLE, 0)), Node("b", 9, 9, (550, WHOLE, WHOLE))]
    engine = Engine(nodes, {rare: 1, HALF: 99}, shapes=[Shape(1, 1, 1, 450)])
    placed = engine.place(Shape(1, 1, 1, 450))
    assert placed is not None
    assert placed.node == "a", "550 lost to every hundredth pod is 5.5, so the fuller node is taken"


def test_a_node_without_memory_or_cores_does_no_harm_to_the_arithmetic() -> None:
    for policy in POLICIES.values():
        engine = Engine([Node("n", 0, 0)], {Shape(0, 0): 1}, policy=policy)
        assert engine.place(Shape(0, 0)) is not None
