"""Who may destroy how much now: never over the budget, also after a restart, and nobody waits for ever."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.controller.destroying import Destruction
from pilothouse.controller.ports import Key
from pilothouse.planning.budget import HOUR, MINUTE
from tests.unit.planning.things import NOW, quick

A, B, C = (Key("shop", name) for name in "abc")


class World:
    """A budget, a clock, and the status of Applications as it is stored."""

    def __init__(self, most: int) -> None:
        self.most, self.time = most, NOW
        self.destruction = self.born()

    def now(self) -> float:
        return self.time

    def born(self) -> Destruction:
        return Destruction(lambda: self.most, self)

    def restart(self, *keys: Key) -> None:
        """Start a process that reads what the status of these says."""
        stored = {key: self.destruction.record(key) for key in keys}
        self.destruction = self.born()
        for key, record in stored.items():
            self.destruction.told(key, record)


def test_the_budget_is_the_fleets_and_comes_back_after_an_hour() -> None:
    world = World(5)
    assert [world.destruction.take(key, 3) for key in (A, B, C)] == [3, 2, 0]
    world.time += HOUR + MINUTE
    assert world.destruction.take(A, 5) == 3, "two wait longer, for each of whom one is left"
    assert [world.destruction.take(key, 1) for key in (B, C)] == [1, 1]


def test_what_was_begun_is_known_after_a_restart() -> None:
    world = World(5)
    world.destruction.take(A, 4)
    world.restart(A, B)
    assert world.destruction.take(B, 4) == 1
    world.destruction.told(B, ())
    assert world.destruction.spent() == 5, "an echo of an older status of ours does not count"


def test_what_was_not_begun_is_given_back() -> None:
    world = World(5)
    assert world.destruction.take(A, 5) == 5
    world.time += MINUTE
    world.destruction.give_back(A, 2)
    assert [each.steps for each in world.destruction.record(A)] == [3]
    assert world.destruction.take(B, 5) == 2


def test_who_wants_nothing_more_keeps_nobody_waiting() -> None:
    world = World(2)
    assert [world.destruction.take(key, 2) for key in (A, B, C)] == [2, 0, 0]
    world.destruction.leave(B)
    assert world.destruction.take(B, 0) == 0
    world.time += HOUR + MINUTE
    assert world.destruction.take(C, 2) == 2


@quick
@given(st.integers(1, 4), st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(1, 5)), min_size=1, max_size=30))
def test_it_holds_at_every_instant_whoever_asks_and_whenever_it_restarts(
    most: int, asks: list[tuple[Key, int]]
) -> None:
    world, begun = World(most), list[float]()
    for number, (key, wanted) in enumerate(asks):
        begun += [world.time] * world.destruction.take(key, wanted)
        assert sum(world.time - HOUR < each for each in begun) <= most
        world.time += 700
        if number % 5 == 4:
            world.restart(A, B, C)


@quick
@given(st.permutations([A, B, C] * 4))
def test_nobody_starves(order: list[Key]) -> None:
    """Whoever asks again and again is served within as many hours as there are others and itself."""
    world, served = World(1), Counter[Key]()
    for key in (A, B, C):
        served[key] += world.destruction.take(key, 100)
    for key in order:
        world.time += HOUR + MINUTE
        for each in dict.fromkeys([key, A, B, C]):
            served[each] += world.destruction.take(each, 100)
    assert min(served.values()) >= 2, served
