"""What means nothing is refused where it is made, in words that say what is wrong with it."""

import pytest

from pilothouse.desired.placement.packing.fleet import Fleet
from pilothouse.desired.placement.packing.mix import Mix
from pilothouse.desired.placement.packing.shapes import (
    WHOLE,
    InvalidNodeError,
    InvalidPopularityError,
    InvalidShapeError,
    Node,
    Shape,
)

SHAPES = {
    "less than nothing": ((-1, 0, 0, 0), "zero or more"),
    "some of no accelerator": ((1, 0, 0, 500), "of no accelerator"),
    "nothing of an accelerator": ((1, 0, 1, 0), "1 to 1000"),
    "more of an accelerator than it has": ((1, 0, 1, WHOLE + 1), "1 to 1000"),
    "shares of several": ((1, 0, 2, 500), "taken whole"),
}


@pytest.mark.parametrize(("amounts", "said"), SHAPES.values(), ids=SHAPES)
def test_a_shape_that_nothing_can_ask_for_is_refused(amounts: tuple[int, int, int, int], said: str) -> None:
    with pytest.raises(InvalidShapeError, match=said):
        Shape(*amounts)


def test_a_node_that_cannot_exist_is_refused() -> None:
    with pytest.raises(InvalidNodeError, match="node n: free CPU"):
        Node("n", -1, 0)
    with pytest.raises(InvalidNodeError, match=r"node n: .*1001.* free"):
        Node("n", 0, 0, (WHOLE + 1,))
    with pytest.raises(InvalidNodeError, match="node n: given twice"):
        Fleet([Node("n", 1, 1), Node("m", 1, 1), Node("n", 2, 2)])


def test_no_popularity_is_refused() -> None:
    for popularity in ({}, {Shape(1, 1): 0}, {Shape(1, 1): -1, Shape(2, 1): 3}):
        with pytest.raises(InvalidPopularityError):
            Mix(popularity)


def test_models_are_a_set_however_they_are_written() -> None:
    assert Shape(1, 1, 1, 500, ("b", "a", "b")) == Shape(1, 1, 1, 500, ("a", "b"))


def test_models_concern_accelerators_alone() -> None:
    assert Shape(1, 1, models=("a",)).runs_on("b")
    assert not Shape(1, 1, 1, 500, ("a",)).runs_on("b")
    assert Shape(1, 1, 1, 500).runs_on("b")
