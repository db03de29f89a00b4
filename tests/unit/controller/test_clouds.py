"""What a cloud's listings show is kept whole, told of, and never concluded from."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from pilothouse.controller import clouds
from pilothouse.controller.clouds import LONGEST_UNREAD, Cloud
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import DataplaneError, Denied, NotNow
from pilothouse.dataplane.types import Call, Health, HealthState, Listed, Mark, Owner, Reading, TargetKey
from pilothouse.observed.snapshot import Tidings

OWNER = Owner("cp", "shop", "checkout")
KEY = TargetKey("aws", "thing", "orders")
MARK = Mark(OWNER, "orders", "uid-1")
CADENCE = 60.0
PER_SWEEP = 8


class Things:
    """A type whose listing shows names only; reading tells the rest."""

    kind, provider = "thing", "aws"

    def listing(self, control_plane: str) -> Call:
        return Call("aws", "List", {"of": control_plane})

    def listed(self, page: list[str]) -> list[Listed]:
        return [Listed(name, reading(name) if name.startswith("full-") else None) for name in page]

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
        self.fails: DataplaneError | None = None

    async def send(self, call: Call) -> Any:
        self.reads.append(call.parameters["id"])
        return self.readings.get(call.parameters["id"])

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        assert call.parameters == {"of": "cp"}
        if self.fails is not None:
            raise self.fails
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
    day = 1_700_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(told: list[Key], clock: Clock) -> Cloud:
    things: Any = Things()  # of a type, only what is asked here
    return Cloud([things], "cp", told.append, now=lambda: clock.day, elapsed=lambda: clock.elapsed)


async def read_all(cloud: Cloud, world: World) -> None:
    while (thing := cloud.next_to_read(cloud.distance(CADENCE, PER_SWEEP))) is not None:
        await cloud.read(world, thing)


def reading(identifier: str, mark: Mark | None = MARK) -> Reading:
    return Reading(identifier, mark)


async def test_nothing_is_known_before_the_first_listing(cloud: Cloud) -> None:
    assert cloud.listing(KEY, OWNER, "q1").at == 0
    assert cloud.swept_at == 0


async def test_a_listing_that_breaks_off_leaves_the_one_before_it(cloud: Cloud, world: World) -> None:
    world.pages_of = [["q1"], ["q2"]]
    assert await cloud.sweep(world) == {"thing": None}
    at = cloud.listing(KEY, OWNER, "q2").at
    world.pages_of = [["q1"], None]
    assert isinstance((await cloud.sweep(world))["thing"], NotNow)
    assert [line.id for line in cloud.listing(KEY, OWNER, "q2").lines] == ["q2"]
    assert cloud.listing(KEY, OWNER, "q2").at == at, "a listing that failed is no newer evidence"


async def test_what_bears_our_mark_is_shown_with_it(cloud: Cloud, world: World) -> None:
    theirs = Mark(Owner("another", "shop", "checkout"), "orders", "uid-1")
    world.pages_of = [["q1", "q2", "q3"]]
    world.readings = {"q1": reading("q1"), "q2": reading("q2", theirs), "q3": reading("q3", None)}
    await cloud.sweep(world)
    assert not list(cloud.marked()), "nobody knows whose they are"
    await read_all(cloud, world)
    assert [(kind, line.id, line.mark) for kind, line in cloud.marked()] == [("thing", "q1", MARK)]


async def test_a_listing_tells_whether_a_name_is_in_it(cloud: Cloud, world: World) -> None:
    assert cloud.unlisted("thing", "ph-orders") == 0, "there was none"
    assert cloud.unlisted("other", "ph-orders") == 0
    world.pages_of = [["http://queues/ph-carts", "http://queues/ph-orders.fifo"]]
    await cloud.sweep(world)
    assert cloud.unlisted("thing", "ph-orders") == 0
    assert cloud.unlisted("thing", "ph-bills") == cloud.swept_at > 0


class Kind(Things):
    """One of several types, whose things have names that begin with its kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def listed(self, page: list[str]) -> list[Listed]:
        return [Listed(name) for name in page if name.startswith(self.kind)]


def several(number: int) -> Cloud:
    kinds: Any = [Kind(f"kind{n}") for n in range(number)]
    return Cloud(kinds, "cp", lambda _key: None)


async def test_types_of_which_nothing_is_known_are_listed_in_turn(world: World) -> None:
    cloud = several(2 * clouds.IDLE_SWEEPS)
    assert len(await cloud.sweep(world)) == 2 * clouds.IDLE_SWEEPS, "all, the first time"
    turns = [list(await cloud.sweep(world)) for _ in range(clouds.IDLE_SWEEPS)]
    assert [len(turn) for turn in turns] == [2] * clouds.IDLE_SWEEPS, "as many each time"
    assert len({kind for turn in turns for kind in turn}) == 2 * clouds.IDLE_SWEEPS, "each once"


async def test_what_is_listed_or_remembered_or_failed_is_listed_in_every_sweep(world: World) -> None:
    cloud = several(2 * clouds.IDLE_SWEEPS)
    world.pages_of = [["kind1-a"]]
    await cloud.sweep(world)
    for _ in range(clouds.IDLE_SWEEPS):
        cloud.listing(TargetKey("aws", "kind2", "orders"), OWNER, "kind2-b")
        assert {"kind1", "kind2"} <= set(await cloud.sweep(world))
    world.pages_of = [["kind1-a"], None]
    failed = set(await cloud.sweep(world))
    world.pages_of = [["kind1-a"]]
    assert failed <= set(await cloud.sweep(world))
    assert not failed <= set(await cloud.sweep(world))


async def test_a_sweep_always_asks_something(world: World) -> None:
    cloud = several(1)
    assert [len(await cloud.sweep(world)) for _ in range(2 * clouds.IDLE_SWEEPS)] == [1] * (2 * clouds.IDLE_SWEEPS)


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


async def test_what_was_read_in_full_is_offered_with_the_time_of_that_reading(
    cloud: Cloud, world: World, clock: Clock
) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    clock.day += 10.0
    await read_all(cloud, world)
    found = cloud.listing(KEY, OWNER, "q1")
    assert found.lines == (Listed("q1", reading("q1"), MARK),)
    assert found.at == clock.day
    clock.day += 10.0
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


@pytest.mark.parametrize(
    ("number", "round_", "reason"),
    [
        (1, CADENCE, "one is read at every sweep"),
        (PER_SWEEP, CADENCE, "few are read at every sweep"),
        (10 * PER_SWEEP, 10 * CADENCE, "ten times as many every minute would break the budget"),
        (1_000 * PER_SWEEP, clouds.LONGEST_UNREAD, "none waits longer, however many there are"),
    ],
)
async def test_things_are_read_in_turn_within_the_budget(
    cloud: Cloud, world: World, clock: Clock, number: int, round_: float, reason: str
) -> None:
    began = clock.elapsed
    names = [f"q{place}" for place in range(number)]
    world.pages_of, world.readings = [names], {name: reading(name) for name in names}
    await cloud.sweep(world)
    await read_all(cloud, world)
    world.reads.clear()
    for turn in range(1, number + 1):
        clock.elapsed = began + round_ / number * (turn - 0.01)
        assert cloud.next_to_read(cloud.distance(CADENCE, PER_SWEEP)) is None, "at even distances"
        clock.elapsed = began + round_ / number * (turn + (0.3 if turn % 2 else 0.001))
        await read_all(cloud, world)
    assert sorted(world.reads) == sorted(names), reason


async def test_what_is_listed_otherwise_than_before_is_read_at_once(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing shows a part of many things: what changes there needs not wait for its turn."""
    shown = {"q1": "small", "q2": "small"}
    monkeypatch.setattr(Things, "listed", lambda _, page: [Listed(name, digest=shown[name]) for name in page])
    world.pages_of, world.readings = [["q1", "q2"]], {name: reading(name) for name in shown}
    await cloud.sweep(world)
    await read_all(cloud, world)
    await cloud.sweep(world)
    assert cloud.next_to_read(cloud.distance(CADENCE, PER_SWEEP)) is None
    shown["q2"] = "large"
    await cloud.sweep(world)
    assert cloud.next_to_read(cloud.distance(CADENCE, PER_SWEEP)) == ("thing", "q2")


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


async def test_a_thing_that_turns_out_to_be_gone_is_told(
    cloud: Cloud, world: World, told: list[Key], clock: Clock
) -> None:
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    await cloud.read(world, ("thing", "q1"))
    del world.readings["q1"]
    clock.day += 10.0
    await cloud.read(world, ("thing", "q1"))
    assert told == [Key("shop", "checkout")] * 2
    found = cloud.listing(KEY, OWNER, "q1")
    assert not found.lines, "listings may go on to fail: what was read counts at once"
    assert found.at == clock.day
    await cloud.sweep(world)
    assert cloud.next_to_read(cloud.distance(CADENCE, PER_SWEEP)) == ("thing", "q1"), (
        "a listing that still shows it is no proof of anything"
    )
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


class Watching(World):
    """Nothing is left. It asks, with each listing, what the cloud misses by then."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud, self.seen = cloud, list[float]()

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        self.seen.append(self.cloud.missed("kind0", "kind0-a", 0.0))
        async for page in super().pages(call):
            yield page


async def test_the_listings_of_a_sweep_are_taken_over_together(world: World) -> None:
    """Else what the first one misses would be acted on before anybody knows how much the others miss."""
    cloud = several(2)
    world.pages_of = [["kind0-a", "kind1-a"]]
    await cloud.sweep(world)
    later = Watching(cloud)
    await cloud.sweep(later)
    assert later.seen == [0.0, 0.0]
    assert cloud.missed("kind0", "kind0-a", 0.0) > 0


async def test_what_a_listing_should_show_and_does_not_is_missed(cloud: Cloud, world: World) -> None:
    assert cloud.missed("thing", "q1", 0.0) == 0, "nothing was listed"
    assert cloud.missed("other", "q1", 0.0) == 0
    world.pages_of = [["q1"]]
    await cloud.sweep(world)
    at = cloud.swept_at
    assert cloud.missed("thing", "q1", 0.0) == 0
    assert cloud.missed("thing", "q2", at - 1) == at
    assert cloud.missed("thing", "q2", at) == 0, "it was made when the listing had begun"


async def test_a_reading_that_finds_nothing_of_what_is_listed_wants_another_listing(cloud: Cloud, world: World) -> None:
    world.pages_of = [["q1"]]
    await cloud.sweep(world)
    await read_all(cloud, world)
    assert [cloud.doubted, bool(await cloud.sweep(world)), cloud.doubted] == [True, True, False]


async def test_a_type_of_which_something_vanished_is_listed_next(world: World) -> None:
    cloud = several(2 * clouds.IDLE_SWEEPS)
    world.pages_of = [["kind1-a"]]
    await cloud.sweep(world)
    await read_all(cloud, world)
    assert "kind1" in await cloud.sweep(world), "although nothing is known of it any more"


async def test_a_cell_that_does_not_answer_is_asked_once_a_sweep(world: World) -> None:
    cloud, answers = several(3), iter([True, False])
    world.pages_of = [None]
    found = await cloud.sweep(world, lambda: next(answers))
    assert list(found) == ["kind0", "kind1"], "until it is known not to answer"
    assert list(await cloud.sweep(world, lambda: False)) == ["kind0"]
    world.pages_of = [[]]
    assert len(await cloud.sweep(world)) == 3, "what was not listed for so long is due"


async def test_it_is_told_until_when_a_thing_was_listed_and_read(cloud: Cloud, world: World) -> None:
    assert cloud.tidings("other", "q1") is None, "no type of this cloud"
    assert cloud.tidings("thing", "q1") == Tidings(0.0), "nothing was listed yet"
    world.pages_of, world.readings = [["q1"]], {"q1": reading("q1")}
    await cloud.sweep(world)
    swept = cloud.swept_at
    assert cloud.tidings("thing", "q1") == Tidings(swept, read_at=0.0, unread=LONGEST_UNREAD)
    assert cloud.tidings("thing", "q2") == Tidings(swept), "what is not listed has to be looked at anyway"
    await read_all(cloud, world)
    assert cloud.tidings("thing", "q1") == Tidings(
        swept, read_at=cloud.listing(KEY, OWNER, "q1").at, unread=LONGEST_UNREAD
    )


class Slow(World):
    """A cloud that takes its time to list anything."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        self.clock.day += 300.0
        async for page in super().pages(call):
            yield page


async def test_what_a_long_sweep_shows_is_not_old_at_its_end(cloud: Cloud, clock: Clock) -> None:
    """A sweep of five minutes, every five minutes, would else make everything Unknown just before it ends."""
    began = clock.day
    await cloud.sweep(Slow(clock))
    assert cloud.tidings("thing", "q1") == Tidings(clock.day)
    assert cloud.listing(KEY, OWNER, "q1").at == began, "what it does not show, may have been made since"


async def test_a_listing_that_tells_all_needs_no_reading(cloud: Cloud, world: World) -> None:
    world.pages_of = [["full-q1"]]
    await cloud.sweep(world)
    assert cloud.tidings("thing", "full-q1") == Tidings(cloud.swept_at)


@pytest.mark.parametrize(("error", "refused"), [(Denied("forbidden"), True), (NotNow("silence"), False)])
async def test_a_listing_that_failed_is_told_and_whether_a_person_is_needed(
    cloud: Cloud, world: World, error: DataplaneError, *, refused: bool
) -> None:
    await cloud.sweep(world)
    swept, world.fails = cloud.swept_at, error
    await cloud.sweep(world)
    assert cloud.tidings("thing", "q1") == Tidings(swept, str(error), refused=refused)
    world.fails = None
    await cloud.sweep(world)
    assert cloud.tidings("thing", "q1") == Tidings(cloud.swept_at), "it is over"
