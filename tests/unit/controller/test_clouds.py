"""What a cloud's listings show is kept whole, told of, and never concluded from."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from pilothouse.controller import clouds
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import NotNow
from pilothouse.dataplane.types import Call, Health, HealthState, Listed, Mark, Owner, Reading, TargetKey

OWNER = Owner("cp", "shop", "checkout")
KEY = TargetKey("aws", "thing", "orders")
MARK = Mark(OWNER, "orders", "uid-1")
CADENCE = 60.0


class Things:
    """A type whose listing shows names only; reading tells the rest."""

    kind, provider = "thing", "aws"

    def listing(self, control_plane: str) -> Call:
        return Call("aws", "List", {"of": control_plane})

    def listed(self, page: list[str]) -> list[Listed]:
        return [Listed(name) for name in page]

    def ours(self, line: Listed, control_plane: str) -> bool:
        return not line.id.startswith("foreign-")

    def read(self, identifier: str) -> Any:
        return (yield Call("aws", "Get", {"id": identifier}))


class World:
    """What exists, and which pages a listing is cut into. `None` as a page breaks the listing off."""

    def __init__(self) -> None:
        self.pages_of: list[list[str] | None] = [[]]
        self.readings: dict[str, Reading] = {}
        self.reads = list[str]()

    async def send(self, call: Call) -> Any:
        self.reads.append(call.parameters["id"])
        return self.readings.get(call.parameters["id"])

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        assert call.parameters == {"of": "cp"}
        for page in self.pages_of:
            if page is None:
                raise NotNow("the second page never came")
            yield page


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def told() -> list[Key]:
    return []


class Clock:
    """Time that stands still until it is moved, beside the time of day."""

    elapsed = 1000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(told: list[Key], clock: Clock) -> Cloud:
    things: Any = Things()  # of a type, only what is asked here
    return Cloud([things], "cp", told.append, elapsed=lambda: clock.elapsed)


async def read_all(cloud: Cloud, world: World) -> None:
    while (thing := cloud.next_to_read(CADENCE)) is not None:
        await cloud.read(world, thing)


def reading(identifier: str, mark: Mark | None = MARK) -> Reading:
    return Reading(identifier, mark)


async def test_nothing_is_known_before_the_first_listing(cloud: Cloud) -> None:
    assert cloud.listing(KEY, OWNER, "q1").at == 0
    assert cloud.swept_at == 0


async def test_a_listing_that_breaks_off_leaves_the_one_before_it(cloud: Cloud, world: World) -> None:
    world.pages_of = [["q1"], ["q2"]]
    assert not await cloud.sweep(world)
    at = cloud.listing(KEY, OWNER, "q2").at
    world.pages_of = [["q1"], None]
    assert list(await cloud.sweep(world)) == ["thing"]
    assert [line.id for line in cloud.listing(KEY, OWNER, "q2").lines] == ["q2"]
    assert cloud.listing(KEY, OWNER, "q2").at == at, "a listing that failed is no newer evidence"


async def test_an_empty_listing_is_taken_over_and_whose_things_are_missing_is_told(
    cloud: Cloud, world: World, told: list[Key]
) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    await read_all(cloud, world)
    told.clear()
    world.pages_of = [[]]
    await cloud.sweep(world)
    assert told == [Key("shop", "checkout")]
    found = cloud.listing(KEY, OWNER, "q1")
    assert not found.lines
    assert found.at > 0, "the Controller looks for itself, because this listing is newer than its look"


@pytest.mark.parametrize("times_listed", [0, 1, 2])
async def test_what_an_application_remembers_is_told_as_missing_though_nobody_ever_read_it(
    cloud: Cloud, world: World, told: list[Key], times_listed: int
) -> None:
    cloud.listing(KEY, OWNER, "q1")
    world.pages_of = [["q1"]]
    for _ in range(times_listed):
        await cloud.sweep(world)
        cloud.listing(KEY, OWNER, "q1")
    assert told == []
    world.pages_of = [[]]
    await cloud.sweep(world)
    assert told == [Key("shop", "checkout")], "deleted before it was read once, it would be missing for ever"
    await cloud.sweep(world)
    assert told == [Key("shop", "checkout")], "nobody asked again: it is forgotten"


async def test_what_was_read_in_full_is_offered_with_the_time_of_that_reading(cloud: Cloud, world: World) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    before = time.time()
    await read_all(cloud, world)
    found = cloud.listing(KEY, OWNER, "q1")
    assert found.lines == (Listed("q1", reading("q1"), MARK),)
    assert before <= found.at <= time.time()
    await cloud.sweep(world)
    assert cloud.listing(KEY, OWNER, "q1").at == found.at, "a new listing of names says nothing new of settings"


async def test_a_change_behind_our_back_is_told_once(cloud: Cloud, world: World, told: list[Key]) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    await cloud.read(world, ("thing", "q1"))
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "checkout")]
    world.readings["q1"] = replace(reading("q1"), health=Health(HealthState.FAILED))
    await cloud.read(world, ("thing", "q1"))
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "checkout")] * 2


async def test_everything_is_read_in_turn_and_the_newest_first_of_all(cloud: Cloud, world: World) -> None:
    world.pages_of = [["q1", "q2"]]
    world.readings = {name: reading(name) for name in ("q1", "q2", "q3")}
    await cloud.sweep(world)
    await read_all(cloud, world)
    assert sorted(world.reads) == ["q1", "q2"]
    world.pages_of = [["q1", "q2", "q3"]]
    await cloud.sweep(world)
    await read_all(cloud, world)
    assert world.reads[2:] == ["q3"], "the others are not due yet"


async def test_each_thing_is_read_within_five_minutes_however_many_there_are(
    cloud: Cloud, world: World, clock: Clock
) -> None:
    names = [f"q{number}" for number in range(2000)]
    world.pages_of, world.readings = [names], {name: reading(name) for name in names}
    await cloud.sweep(world)
    await read_all(cloud, world)
    clock.elapsed += CADENCE + 1
    assert cloud.next_to_read(CADENCE) is None, "two thousand every minute would break the budget"
    clock.elapsed += clouds.LONGEST_UNREAD
    assert cloud.next_to_read(CADENCE) is not None
    assert clouds.LONGEST_UNREAD < 300


async def test_few_things_are_read_at_every_sweep(cloud: Cloud, world: World, clock: Clock) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    await read_all(cloud, world)
    clock.elapsed += CADENCE + 1
    assert cloud.next_to_read(CADENCE) == ("thing", "q1")


async def test_things_are_found_by_mark_and_only_by_their_own(cloud: Cloud, world: World) -> None:
    other = Mark(Owner("cp", "shop", "billing"), "orders", "uid-2")
    world.pages_of = [["q1", "q2", "q3"]]
    world.readings = {"q1": reading("q1"), "q2": reading("q2", other), "q3": reading("q3", None)}
    await cloud.sweep(world)
    await read_all(cloud, world)
    assert [line.id for line in cloud.listing(KEY, OWNER, "").lines] == ["q1"]
    assert [(kind, resource, line.id) for kind, resource, line in cloud.of(OWNER)] == [("thing", "orders", "q1")]


async def test_what_another_control_plane_owns_is_nobodys_news(cloud: Cloud, world: World, told: list[Key]) -> None:
    world.pages_of = [["q1"]]
    world.readings = {"q1": reading("q1", Mark(Owner("other", "shop", "checkout"), "orders", "uid-1"))}
    await cloud.sweep(world)
    await read_all(cloud, world)
    assert told == []


async def test_a_thing_that_turns_out_to_be_gone_is_told(cloud: Cloud, world: World, told: list[Key]) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    await cloud.read(world, ("thing", "q1"))
    del world.readings["q1"]
    before = time.time()
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "checkout")] * 2
    found = cloud.listing(KEY, OWNER, "q1")
    assert not found.lines, "listings may go on to fail: what was read counts at once"
    assert before <= found.at <= time.time()
    await cloud.sweep(world)
    assert cloud.next_to_read(CADENCE) == ("thing", "q1"), "a listing that still shows it is no proof of anything"
    assert cloud.listing(KEY, OWNER, "q1").lines == (Listed("q1"),)


async def test_a_thing_that_is_gone_before_it_was_read_is_told_to_who_remembers_it(
    cloud: Cloud, world: World, told: list[Key]
) -> None:
    world.pages_of = [["q1"]]
    await cloud.sweep(world)
    cloud.listing(KEY, OWNER, "q1")
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "checkout")]
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "checkout")], "once is enough"


async def test_a_mark_that_somebody_removed_is_told_to_who_remembers_the_thing(
    cloud: Cloud, world: World, told: list[Key]
) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    await cloud.read(world, ("thing", "q1"))
    cloud.listing(KEY, OWNER, "q1")
    told.clear()
    world.readings["q1"] = reading("q1", None)
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "checkout")]
    told.clear()
    world.readings["q1"] = reading("q1", Mark(Owner("cp", "shop", "billing"), "orders", "uid-2"))
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "billing"), Key("shop", "checkout")]


async def test_a_line_that_is_not_ours_is_not_read(cloud: Cloud, world: World) -> None:
    """An API that can filter by nothing shows what the whole account has: reading that would eat up the budget."""
    world.pages_of = [["q1", "foreign-q2"]]
    await cloud.sweep(world)
    await read_all(cloud, world)
    assert world.reads == ["q1"]
