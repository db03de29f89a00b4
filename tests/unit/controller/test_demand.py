"""What the fleet is asked for is the sum of what each Application asked for last."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.controller.demand import Demand
from pilothouse.controller.ports import Key
from pilothouse.controller.rooms import Rooms
from pilothouse.desired.placement.packing.shapes import WHOLE, Shape

ONE, OTHER = Key("shop", "one"), Key("shop", "other")
HALF, PAIR = Shape(0, 0, 1, 500), Shape(0, 0, 2, WHOLE)


def test_an_application_that_is_gone_asks_for_nothing() -> None:
    rooms = Rooms()
    rooms.demand.note(ONE, Counter({HALF: 3}))
    rooms.demand.note(OTHER, Counter({HALF: 2, PAIR: 1}))
    assert rooms.demand.popularity == {HALF: 5, PAIR: 1}
    rooms.forget(OTHER, 0.0)
    assert rooms.demand.popularity == {HALF: 3}, "and nothing is left of what only it asked for"


ASKED = st.dictionaries(st.sampled_from([HALF, PAIR]), st.integers(1, 3)).map(Counter)


@given(st.lists(st.tuples(st.sampled_from([ONE, OTHER]), ASKED)))
def test_the_last_of_each_counts_whatever_was_told_before(told: list[tuple[Key, Counter[Shape]]]) -> None:
    demand = Demand()
    for key, asked in told:
        demand.note(key, asked)
    assert demand.popularity == sum(dict(told).values(), Counter[Shape]())
