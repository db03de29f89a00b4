"""Namespaces share a Cell's places for changes: never more than there are, and nobody waits for all of another's."""

import asyncio
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.controller.turns import Line, Turns
from tests.unit.planning.things import quick

ARRIVALS = st.lists(st.sampled_from("abcd"), max_size=60)


@quick
@given(ARRIVALS)
def test_each_line_is_served_once_before_any_is_served_again(arrivals: list[str]) -> None:
    line: Line[tuple[str, int]] = Line()
    for number, whose in enumerate(arrivals):
        line.add(whose, (whose, number))
    left, served = Counter(arrivals), list[tuple[str, int]]()
    round_: set[str] = set()
    while len(line):
        one = line.take()
        served.append(one)
        if one[0] in round_:
            waiting = {whose for whose, number in left.items() if number}
            assert waiting <= round_, "nobody who waits is passed over"
            round_ = set()
        round_.add(one[0])
        left[one[0]] -= 1
    assert sorted(served) == sorted(zip(arrivals, range(len(arrivals)), strict=True)), "nobody is lost"
    for whose in "abcd":
        mine = [number for each, number in served if each == whose]
        assert mine == sorted(mine), "and one's own come in their order"


class Work:
    """Counts who works at once, and in which order they began."""

    def __init__(self, most: int) -> None:
        self.turns, self.now, self.peak = Turns(most), 0, 0
        self.began = list[str]()

    async def one(self, whose: str) -> None:
        async with self.turns.turn(whose):
            self.began.append(whose)
            self.now += 1
            self.peak = max(self.peak, self.now)
            try:
                await asyncio.sleep(0)
            finally:
                self.now -= 1


async def test_a_thousand_of_one_do_not_keep_the_first_of_another() -> None:
    work = Work(32)
    crowd = [asyncio.create_task(work.one("crowd")) for _ in range(1_000)]
    await asyncio.sleep(0)
    await work.one("other")
    assert work.began.index("other") <= 33
    await asyncio.gather(*crowd)
    assert work.peak == 32


@pytest.mark.parametrize("seed", range(20))
async def test_the_budget_holds_whoever_comes_goes_or_changes_it(seed: int) -> None:
    chance, work = Random(seed), Work(3)
    tasks = []
    for _ in range(80):
        tasks.append(asyncio.create_task(work.one(chance.choice("abc"))))
        if chance.random() < 0.2:
            chance.choice(tasks).cancel()
        if chance.random() < 0.5:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert 0 < work.peak <= 3
    await asyncio.wait_for(work.one("last"), 1.0)
    work.turns.limit(1)
    work.peak = 0
    await asyncio.gather(*(work.one("a") for _ in range(5)))
    assert work.peak == 1, "no place is lost by those who gave up, and none is gained"


async def test_a_bigger_budget_counts_for_those_who_wait() -> None:
    work = Work(1)
    async with work.turns.turn("a"):
        waiting = asyncio.create_task(work.one("b"))
        await asyncio.sleep(0)
        assert work.began == []
        work.turns.limit(2)
        await asyncio.wait_for(waiting, 1.0)
