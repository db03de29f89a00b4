"""Breakers hold first, open for what is proven, survive a restart, and close when a person says so."""

from collections.abc import Iterable
from typing import Any

import pytest

from pilothouse.api.cell import Breaker
from pilothouse.api.fleetpolicy import BreakerRule
from pilothouse.api.times import rfc3339, rfc3339_milli
from pilothouse.controller.breakers import SETTLE_SECONDS, SUSPICION_SECONDS, Breakers, Senses
from pilothouse.controller.holdings import Holding, Holdings
from pilothouse.controller.ports import Key
from pilothouse.planning.breaker import Thing

CELL = "sky"
SWEEP = 60.0
START = 1_700_000_000.0


class World:
    """Ledgers of one thing an Application, what the newest listing shows of them, and a clock."""

    def __init__(self, number: int = 20) -> None:
        self.time = START
        self.woken = list[Key]()
        self.holdings = Holdings()
        self.shown = set[str]()
        self.listed_at = START
        for each in range(number):
            self.keep(each)
        self.breakers = self.born()

    def born(self) -> Breakers:
        """Start a process that knows the ledgers and nothing else."""
        return Breakers(self.holdings, Senses(BreakerRule, self.missed, self.woken.append, self), SWEEP)

    def now(self) -> float:
        return self.time

    def missed(self, _cell: str, holding: Holding) -> float:
        return 0.0 if holding.id in self.shown else self.listed_at

    def put(self, number: int, **entry: Any) -> None:
        whole = {"name": "t", "type": "thing", "cell": CELL, "id": f"t-{number}", **entry}
        self.holdings.put(key(number), {"metadata": {}, "status": {"resources": [whole]}})

    def keep(self, number: int) -> None:
        self.put(number)
        self.shown.add(f"t-{number}")

    def lose(self, *numbers: int) -> None:
        """Write down that these are gone."""
        for each in numbers:
            self.put(each, id="", lostAt=rfc3339_milli(self.time))
            self.shown.discard(f"t-{each}")

    def sweep(self, hidden: Iterable[int] = ()) -> None:
        """List everything but for what is hidden."""
        self.time += 1
        self.listed_at = self.time
        self.shown -= {f"t-{each}" for each in hidden}
        self.breakers.swept(CELL)

    def stop(self) -> tuple[bool, str] | None:
        found = self.breakers.stop(CELL)
        return (found.open, found.message) if found else None

    def settle(self) -> bool:
        """Let time pass until a breaker that is to open does."""
        self.breakers.judge(CELL)
        self.time += SETTLE_SECONDS
        return self.breakers.judge(CELL)

    def resume(self) -> None:
        record = self.breakers.record(CELL)
        assert self.breakers.told(CELL, record, record.opened_at)


def key(number: int) -> Key:
    return Key("shop", f"app-{number}")


def thing(number: int) -> Thing:
    return Thing(str(key(number)), "thing", "t")


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_is_stopped_where_everything_is_there(world: World) -> None:
    world.sweep()
    assert world.stop() is None
    assert not world.settle()
    assert world.woken == []


def test_one_of_twenty_is_no_reason_to_stop(world: World) -> None:
    world.sweep(hidden=[0])
    assert world.stop() is None
    world.lose(0)
    assert world.stop() is None
    assert not world.settle()


def test_what_a_listing_misses_holds_at_once_and_everybody_concerned_is_to_look(world: World) -> None:
    world.sweep(hidden=range(5))
    assert world.stop() == (
        False,
        "Cell sky, of whose 20 known things 5 seem to be lost or about to be, to be looked at",
    )
    assert world.woken == [key(each) for each in range(5)]
    assert not world.settle(), "nothing is proven yet"


def test_a_hold_ends_when_they_were_seen_all_the_same_until_a_newer_listing_misses_them(world: World) -> None:
    world.sweep(hidden=range(5))
    for each in range(4):
        world.breakers.saw(CELL, [thing(each)])
    assert world.stop() is None
    world.breakers.saw(CELL, [thing(4)])
    world.lose(10)
    assert world.stop() is None, "to count once more the same listing is no news"
    world.sweep()
    assert world.stop() is not None


def test_a_hold_ends_by_itself_when_nobody_can_look(world: World) -> None:
    world.sweep(hidden=range(5))
    world.time += SUSPICION_SECONDS
    assert world.stop() is not None
    world.time += 1
    assert world.stop() is None
    world.sweep()
    assert world.stop() is None, "the same things are suspected since long ago"


def test_what_is_proven_opens_it_when_it_has_lasted(world: World) -> None:
    world.lose(0, 1)
    assert world.stop() is not None, "but nothing is created meanwhile"
    world.time += SETTLE_SECONDS - 1
    assert not world.breakers.judge(CELL)
    world.time += 1
    assert world.breakers.judge(CELL)
    record = world.breakers.record(CELL)
    assert record.opened_at == rfc3339(world.time)
    assert (record.evidence.known, record.evidence.missing) == (20, 2)
    assert record.evidence.examples == ("shop/app-0 thing/t", "shop/app-1 thing/t")
    told = "2 of 20 known things are gone (shop/app-0 thing/t, shop/app-1 thing/t)"
    mend = "if that is how it is, let it go on: kubectl pilothouse resume sky"
    assert world.stop() == (True, f"the breaker of Cell sky is open since {record.opened_at}: {told}; {mend}")
    assert not world.breakers.judge(CELL), "to stay open is no news"


def test_what_turns_out_to_be_meant_meanwhile_opens_nothing(world: World) -> None:
    """A namespace is deleted: its objects go first, and then its Applications are known to go."""
    world.lose(0, 1)
    assert world.stop() is not None
    world.holdings.put(key(0), {"metadata": {"deletionTimestamp": "now"}, "status": {}})
    assert not world.settle()
    assert world.stop() is None


def test_what_was_made_good_counts_for_a_sweep(world: World) -> None:
    world.lose(0)
    lost = rfc3339_milli(world.time)
    world.put(0, id="t-0b", lostAt=lost)
    world.shown.add("t-0b")
    world.time += SWEEP / 2
    world.lose(1)
    assert world.stop() is not None, "two in one sweep, one after the other"
    world.put(1, id="t-1b", lostAt=rfc3339_milli(world.time))
    world.shown.add("t-1b")
    world.time += SWEEP
    world.lose(2)
    assert world.stop() is None, "and one in the next"


def test_evidence_grows_while_it_is_open(world: World) -> None:
    world.lose(0, 1)
    world.settle()
    opened = world.breakers.record(CELL).opened_at
    world.lose(2, 3)
    assert world.breakers.judge(CELL)
    record = world.breakers.record(CELL)
    assert (record.opened_at, record.evidence.missing) == (opened, 4)


def test_a_restart_changes_nothing(world: World) -> None:
    world.lose(0, 1)
    world.time += 10 * SWEEP
    world.breakers = world.born()
    assert world.stop() is not None, "what was held is held: the ledgers tell what is missing"
    assert world.settle()
    stored = world.breakers.record(CELL)
    world.breakers = world.born()
    world.breakers.told(CELL, stored, "")
    found = world.stop()
    assert found is not None
    assert found[0]


def test_only_the_very_opening_that_a_person_named_is_ended(world: World) -> None:
    world.lose(0, 1)
    world.settle()
    first = world.breakers.record(CELL)
    assert not world.breakers.told(CELL, first, "2001-01-01T00:00:00Z")
    assert world.stop() is not None
    world.resume()
    assert world.stop() is None
    assert not world.settle(), "the same evidence opens it no more"
    assert not world.breakers.told(CELL, first, first.opened_at), "an older version of the Cell says nothing new"
    assert world.stop() is None
    world.time += 1
    world.lose(2, 3)
    assert world.settle()
    second = world.breakers.record(CELL)
    assert second.opened_at > first.opened_at
    assert not world.breakers.told(CELL, second, first.opened_at), "the annotation that still stands means the first"
    assert world.stop() is not None


def test_what_was_let_pass_counts_no_more_also_where_nobody_had_looked_yet(world: World) -> None:
    world.sweep(hidden=range(6))
    world.lose(0, 1)
    world.settle()
    world.resume()
    world.sweep()
    world.lose(2, 3, 4, 5)
    assert world.stop() is None


def test_what_would_be_destroyed_unasked_opens_it_but_for_the_first_few(world: World) -> None:
    world.breakers.dooms(key(0), {CELL: [thing(0)]})
    assert world.stop() is None
    world.breakers.dooms(key(1), {CELL: [thing(1)]})
    assert world.stop() is not None, "this one waits already"
    assert world.settle()
    evidence = world.breakers.record(CELL).evidence
    assert (evidence.missing, evidence.to_be_destroyed) == (0, 2)


def test_what_was_to_be_destroyed_and_let_pass_counts_again_only_when_it_is_to_be_destroyed_anew(world: World) -> None:
    for each in range(2):
        world.breakers.dooms(key(each), {CELL: [thing(each)]})
    world.settle()
    world.resume()
    for each in range(2):
        world.breakers.dooms(key(each), {CELL: [thing(each)]})
    assert world.stop() is None
    for each in range(2):
        world.breakers.dooms(key(each), {})
    assert world.stop() is None
    for each in range(2):
        world.breakers.dooms(key(each), {CELL: [thing(each)]})
    assert world.stop() is not None


def test_what_was_to_be_destroyed_long_ago_does_not_count(world: World) -> None:
    world.breakers.dooms(key(0), {CELL: [thing(0)]})
    world.time += SWEEP + 1
    world.breakers.dooms(key(1), {CELL: [thing(1)]})
    assert world.stop() is None


def test_a_cell_that_is_gone_takes_its_breaker_along(world: World) -> None:
    world.lose(0, 1)
    world.settle()
    assert world.breakers.told(CELL, None, "")
    assert not world.breakers.record(CELL).opened_at


def test_who_does_not_lead_learns_what_the_leader_wrote(world: World) -> None:
    assert world.breakers.told(CELL, Breaker(opened_at="2023-11-14T22:13:20Z"), "")
    assert world.stop() is not None
    assert world.breakers.told(CELL, Breaker(opened_at="2023-11-14T22:13:20Z", resumed_at="2023-11-14T22:14:20Z"), "")
    assert world.stop() is None
    assert world.breakers.resumed_at(CELL) == START + 60
