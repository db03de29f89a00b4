"""Placing, moving and asking what fits: small fleets in which the right answer can be seen."""

from typing import Any

import pytest

from pilothouse.desired.placement.packing.engine import Engine, Moved, Placed
from pilothouse.desired.placement.packing.repair import Chain, Move
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Shape
from pilothouse.desired.placement.packing.whatif import fits

HALF, ONE, TWO, NONE = Shape(1, 1, 1, 500), Shape(1, 1, 1, WHOLE), Shape(1, 1, 2, WHOLE), Shape(1, 1)


def test_a_share_goes_to_the_accelerator_that_it_fits_best() -> None:
    engine = Engine([Node("n", 9, 9, (WHOLE, 600, 500))], {ONE: 1, HALF: 1})
    assert engine.place(HALF) == Placed(0, "n", (2,))
    assert engine.place(HALF) == Placed(1, "n", (1,))


def test_several_are_taken_whole_on_one_node() -> None:
    nodes = [Node("a", 9, 9, (WHOLE,)), Node("b", 9, 9, (WHOLE, 500, WHOLE))]
    engine = Engine(nodes, {TWO: 1})
    assert engine.place(TWO) == Placed(0, "b", (0, 2))
    assert engine.place(TWO) is None, "two whole ones are left on two nodes"


def test_models_are_honoured() -> None:
    nodes = [Node("a", 9, 9, (WHOLE,), "p"), Node("b", 9, 9, (WHOLE,), "q"), Node("c", 9, 9, (WHOLE,), "r")]
    picky = Shape(1, 1, 1, WHOLE, ("q", "r"))
    engine = Engine(nodes, {picky: 1})
    assert [placed and placed.node for placed in map(engine.place, [picky] * 3)] == ["b", "c", None]


def test_a_shape_that_was_not_announced_is_refused() -> None:
    with pytest.raises(KeyError):
        Engine([], {ONE: 1}).place(HALF)
    assert Engine([], {ONE: 1}, shapes=[HALF]).place(HALF) is None


STUCK = [Node("a", 2, 9, (WHOLE, WHOLE)), Node("b", 2, 9, (500,))]
"""On these a half and then two whole ones fit only if the half gives way."""


def stuck(movable: float) -> Engine:
    """A half is on the first node, though it could be on the second: a bad beginning that a policy would not make."""
    engine = Engine(STUCK, {TWO: 1, HALF: 1, NONE: 1}, movable=movable)
    engine._placed(engine.mix.index[HALF], 0)
    return engine


def test_one_pod_moves_where_that_makes_room() -> None:
    engine = stuck(movable=1.0)
    assert engine.place(TWO) == Placed(1, "a", (0, 1), (Moved(0, "a", "b", (0,)),))
    assert engine.moves == 1
    assert engine.place(HALF) is None, "nothing is left"


IN_A_ROW = [Node("a", 2, 9, (WHOLE, WHOLE)), Node("b", 1, 9, (WHOLE,)), Node("c", 1, 9, (500,))]
"""On these a whole one, a half and then two whole ones fit only if the half goes to c, and the whole one to b."""


def in_a_row(movable: float) -> Engine:
    engine = Engine(IN_A_ROW, {TWO: 1, ONE: 1, HALF: 1}, movable=movable)
    for shape, node in ((ONE, 0), (HALF, 1)):
        engine._placed(engine.mix.index[shape], node)
    return engine


def test_one_pod_takes_the_place_of_another_where_that_makes_room() -> None:
    engine = in_a_row(movable=1.0)
    moved = Moved(1, "b", "c", (0,)), Moved(0, "a", "b", (0,))
    assert engine.place(TWO) == Placed(2, "a", (0, 1), moved)
    assert engine.moves == 2


def test_nothing_moves_unless_it_is_allowed() -> None:
    assert stuck(movable=0.0).place(TWO) is None
    assert stuck(movable=0.9).place(TWO) is None, "one move for one pod placed is more than nine tenths"
    assert in_a_row(movable=0.9).place(TWO) is None, "two moves for two pods are too"


def test_nothing_moves_for_a_pod_without_accelerators() -> None:
    engine = stuck(movable=1.0)
    big = [engine.place(NONE) for _ in range(3)]
    assert big.count(None) == 0
    assert engine.place(NONE) is None
    assert engine.moves == 0


def test_a_search_in_vain_is_not_repeated_until_something_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor by how many moves it may be, unless these are more by now."""
    searches: list[int] = []

    def search(*given: Any) -> Chain:
        searches.append(given[-1])
        return ()

    monkeypatch.setattr("pilothouse.desired.placement.packing.engine.find_moves", search)
    engine = stuck(movable=1.0)
    assert [engine.place(TWO), engine.place(TWO)] == [None, None]
    assert searches == [1]
    engine.place(NONE)
    assert [engine.place(TWO), engine.place(TWO)] == [None, None]
    assert searches == [1, 2]
    monkeypatch.undo()
    assert engine.place(TWO) is None, "it is not asked"
    engine._carry_out(Move(0, 0, 1))
    assert engine.place(TWO) is not None


def test_many_pods_are_remembered() -> None:
    engine = Engine([Node("a", 999, 999), Node("b", 999, 999, (WHOLE,) * 2)], {NONE: 1, HALF: 1})
    placed = [engine.place(shape) for shape in (NONE, HALF) * 4 + (NONE,) * 192]
    assert [one and one.pod for one in placed] == list(range(200))
    assert engine.pods.slot.tolist() == [-1, 0, -1, 0, -1, 1, -1, 1] + [-1] * 192
    assert engine.pods.node.tolist() == [0, 1] * 4 + [0] * 192


def test_what_fits_is_told_pod_by_pod_and_changes_nothing() -> None:
    nodes = [Node("a", 9, 9, (WHOLE,)), Node("b", 9, 9, (WHOLE, WHOLE))]
    pods = [ONE, TWO, ONE, HALF]
    found = fits(nodes, pods)
    assert [placed and placed.node for placed in found] == ["a", "b", None, None]
    assert fits(nodes, pods) == found
    assert fits(nodes, []) == ()
    assert fits([], pods) == (None,) * 4


def test_what_fits_can_be_asked_with_others_to_come_in_mind() -> None:
    """A half goes to a broken accelerator when whole ones are popular, wherever the fuller node is."""
    nodes = [Node("a", 9, 9, (WHOLE, 0, 0)), Node("b", 9, 9, (WHOLE, WHOLE, 500))]
    (placed,) = fits(nodes, [HALF], {ONE: 1})
    assert placed == Placed(0, "b", (2,))
    (placed,) = fits(nodes, [HALF], {NONE: 1})
    assert placed == Placed(0, "a", (0,))
