"""What holds for every sequence of pods on every fleet."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.desired.placement.packing.engine import Engine
from pilothouse.desired.placement.packing.fleet import Fleet, Seat
from pilothouse.desired.placement.packing.policies import POLICIES, Policy
from pilothouse.desired.placement.packing.repair import LONGEST
from pilothouse.desired.placement.packing.shapes import Node, Shape
from pilothouse.desired.placement.packing.table import Table
from tests.seeds import printed
from tests.unit.desired.placement.packing.plain import FLEETS, POPULARITY, Audit

POLICY = st.sampled_from(list(POLICIES.values()))
CHOICES = st.lists(st.integers(0, 5), max_size=25)


def chosen(popularity: dict[Shape, int], choices: list[int]) -> list[Shape]:
    shapes = sorted(popularity)
    return [shapes[choice % len(shapes)] for choice in choices]


@given(FLEETS, POPULARITY, CHOICES, POLICY, st.sampled_from([0.0, 0.3, 1.0]))
def test_every_decision_can_be_carried_out_and_moves_stay_within_their_share(
    nodes: list[Node], popularity: dict[Shape, int], choices: list[int], policy: Policy, movable: float
) -> None:
    """The audit follows the order of moves: there first, then away, then what needed the room."""
    engine, audit, moves = Engine(nodes, popularity, policy=policy, movable=movable), Audit(nodes), 0
    for shape in chosen(popularity, choices):
        had_room, before = audit.has_room(shape), len(audit.pods)
        placed = engine.place(shape)
        if placed is None:
            assert not had_room, "what fits is placed"
            continue
        audit.follow(shape, placed)
        assert bool(placed.moved) == (not had_room), "nothing moves where there is room"
        assert len(placed.moved) <= LONGEST
        moves += len(placed.moved)
        assert not placed.moved or moves <= movable * before
    assert engine.moves == moves


@given(FLEETS, POPULARITY, CHOICES)
def test_at_no_instant_is_anything_below_zero_or_above_what_there_was(
    nodes: list[Node], popularity: dict[Shape, int], choices: list[int]
) -> None:
    """Looks in between the parts of a move as well."""
    with pytest.MonkeyPatch.context() as patch:
        change = Fleet._change
        whole = Fleet(nodes)

        def watched(fleet: Fleet, shape: Shape, seat: Seat, sign: int) -> None:
            change(fleet, shape, seat, sign)
            for now, most in (
                (fleet.cpu, whole.cpu),
                (fleet.memory, whole.memory),
                (fleet.accelerators, whole.accelerators),
            ):
                assert ((now >= 0) & (now <= most)).all()

        patch.setattr(Fleet, "_change", watched)
        engine = Engine(nodes, popularity, movable=1.0)
        for shape in chosen(popularity, choices):
            engine.place(shape)


@given(FLEETS, POPULARITY, CHOICES, POLICY)
def test_the_table_is_what_a_new_one_would_be(
    nodes: list[Node], popularity: dict[Shape, int], choices: list[int], policy: Policy
) -> None:
    engine, audit = Engine(nodes, popularity, policy=policy, movable=1.0), Audit(nodes)
    for shape in chosen(popularity, choices):
        placed = engine.place(shape)
        if placed:
            audit.follow(shape, placed)
    anew = Table(engine.mix, Fleet(audit.nodes.values()), policy)
    assert (engine.table.scores == anew.scores).all()


@given(FLEETS, POPULARITY, CHOICES, st.randoms())
def test_the_order_of_nodes_and_shapes_means_nothing(
    nodes: list[Node], popularity: dict[Shape, int], choices: list[int], chance: Random
) -> None:
    shuffled, items = list(nodes), list(popularity.items())
    chance.shuffle(shuffled)
    chance.shuffle(items)
    one, other = Engine(nodes, popularity, movable=1.0), Engine(shuffled, dict(items), movable=1.0)
    for shape in chosen(popularity, choices):
        assert one.place(shape) == other.place(shape)


@given(FLEETS, POPULARITY, CHOICES, st.integers(2, 7))
def test_popularity_counts_by_its_proportions(
    nodes: list[Node], popularity: dict[Shape, int], choices: list[int], times: int
) -> None:
    more = {shape: times * count for shape, count in popularity.items()}
    one, other = Engine(nodes, popularity), Engine(nodes, more)
    for shape in chosen(popularity, choices):
        assert one.place(shape) == other.place(shape)


PROBE = """
from pilothouse.desired.placement.packing.engine import Engine
from pilothouse.desired.placement.packing.shapes import Node, Shape
models = ("x", "y", "z")
nodes = [Node(f"n{i}", 9000 + 1000 * (i % 4), 64, (1000,) * (1 + i % 4), models[i % 3]) for i in range(12)]
shares = {Shape(500 * (1 + i % 3), i, 1, 100 + 90 * i, models[: i % 3]) for i in range(10)}
shapes = shares | {Shape(2000, 4, 2, 1000, ("z", "y")), Shape(1000, 1), Shape(3000, 8, 1, 1000)}
engine = Engine(set(nodes), {shape: 1 + shape.memory for shape in shapes}, movable=0.5)
print([engine.place(shape) for _ in range(6) for shape in sorted(shapes)], engine.moves)
"""


def test_the_same_bytes_under_any_hash_seed() -> None:
    output = printed(PROBE)
    assert output.startswith("[Placed("), output
    assert "Moved(" in output, "moves are among what must not depend on the seed"
