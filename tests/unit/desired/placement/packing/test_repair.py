"""Which moves are found: the fewest, those that do least harm, and none that would not place the pod."""

from pilothouse.desired.placement.packing.engine import Engine
from pilothouse.desired.placement.packing.repair import LONGEST, Chain, Move, find_moves
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Shape

HALF, QUARTER, ONE, TWO = Shape(1, 1, 1, 500), Shape(1, 1, 1, 250), Shape(1, 1, 1, WHOLE), Shape(1, 1, 2, WHOLE)
BODY = Shape(2, 1)
POPULARITY = {HALF: 1, QUARTER: 1, ONE: 1, TWO: 1, BODY: 1, Shape(1, 1, 1, WHOLE, ("b",)): 1}


def with_pods(nodes: list[Node], pods: list[tuple[Shape, int]]) -> Engine:
    """An engine that was made to put each pod on the node of that number."""
    engine = Engine(nodes, POPULARITY)
    for shape, node in pods:
        engine._placed(engine.mix.index[shape], node)
    return engine


def moves(engine: Engine, shape: Shape, most: int = LONGEST) -> Chain:
    return find_moves(engine.mix, engine.fleet, engine.pods, engine.table, engine.mix.index[shape], most)


def test_there_is_nothing_to_move() -> None:
    assert moves(with_pods([Node("a", 0, 9, (WHOLE,))], []), ONE) == ()


def test_of_two_pods_in_the_way_neither_is_moved() -> None:
    nodes = [Node("a", 9, 9, (WHOLE,)), Node("b", 9, 9, (500,))]
    assert moves(with_pods(nodes, [(HALF, 0), (QUARTER, 0)]), ONE) == ()


def test_a_pod_that_can_go_nowhere_else_stays() -> None:
    nodes = [Node("a", 9, 9, (WHOLE,)), Node("b", 9, 9, (250,))]
    assert moves(with_pods(nodes, [(HALF, 0)]), ONE) == ()


def test_its_own_node_is_no_place_to_go() -> None:
    """A half could stay as well as go: on its own node another accelerator has room, and would be the better one."""
    nodes = [Node("a", 9, 9, (WHOLE, 500)), Node("b", 9, 9, (750,))]
    assert moves(with_pods(nodes, [(HALF, 0)]), TWO) == (), "the second is no whole one"
    nodes = [Node("a", 9, 9, (WHOLE, WHOLE)), Node("b", 9, 9, (WHOLE,))]
    assert moves(with_pods(nodes, [(HALF, 0)]), TWO) == (Move(0, 0, 1),)


def test_cores_are_made_free_too() -> None:
    nodes = [Node("a", 2, 9, (WHOLE,)), Node("b", 2, 9)]
    assert moves(with_pods(nodes, [(BODY, 0)]), ONE) == (Move(0, 0, 1),)
    nodes = [Node("a", 2, 9, (WHOLE,)), Node("b", 1, 9)]
    assert moves(with_pods(nodes, [(BODY, 0)]), ONE) == (), "the other node has too few for it"


def test_models_of_the_pod_that_makes_room_and_of_the_one_that_comes_are_honoured() -> None:
    nodes = [Node("a", 9, 9, (500,), "a"), Node("b", 9, 9, (WHOLE,), "b"), Node("c", 9, 9, (500,), "c")]
    engine = with_pods(nodes, [(HALF, 2), (HALF, 1)])
    assert moves(engine, Shape(1, 1, 1, WHOLE, ("b",))) == (Move(1, 1, 0),)


def test_the_smallest_pod_that_makes_room_is_moved() -> None:
    nodes = [Node("a", 9, 9, (WHOLE,)), Node("b", 9, 9, (WHOLE,)), Node("c", 9, 9, (500,))]
    engine = with_pods(nodes, [(HALF, 0), (QUARTER, 1)])
    engine.table.scores[:, 2] = 7
    assert moves(engine, ONE) == (Move(1, 1, 2),)


def test_a_pod_with_whole_accelerators_makes_room_for_a_share() -> None:
    nodes = [Node("a", 9, 9, (WHOLE, WHOLE), "b"), Node("b", 9, 9, (WHOLE, WHOLE), "c")]
    assert moves(with_pods(nodes, [(TWO, 0)]), Shape(1, 1, 1, WHOLE, ("b",))) == (Move(0, 0, 1),)


ROW = [Node("a", 1, 9, (WHOLE, WHOLE)), Node("b", 1, 9, (WHOLE,)), Node("c", 1, 9, (500,)), Node("d", 1, 9, (250,))]
"""Two whole ones, one, a half and a quarter, each on the node of the next larger one: only the quarter has room."""
SEATED = [(ONE, 0), (HALF, 1), (QUARTER, 2)]
IN_TURN = (Move(2, 2, 3), Move(1, 1, 2), Move(0, 0, 1))


def test_each_makes_room_for_the_next() -> None:
    assert moves(with_pods(ROW, SEATED), TWO) == IN_TURN
    assert moves(with_pods(ROW[:3], SEATED), TWO) == (), "the quarter has no room either"


def test_no_more_move_than_may() -> None:
    assert moves(with_pods(ROW, SEATED), TWO, most=2) == ()
    assert moves(with_pods(ROW, SEATED), TWO, most=0) == ()
    assert moves(with_pods([*ROW, Node("e", 1, 9, (WHOLE,))], SEATED), TWO) == (Move(0, 0, 4),), "one will do"


def test_a_pod_does_not_make_room_on_a_node_that_a_move_before_has_changed() -> None:
    """Half and quarter can trade places, for the quarter has room beside the half; but then it is in the way itself."""
    nodes = [Node("a", 9, 9, (WHOLE,)), Node("b", 9, 9, (500,))]
    assert moves(with_pods(nodes, [(HALF, 0), (QUARTER, 1)]), ONE) == ()
