"""The Rebalancer asks for what `decide` decides, once, and for nothing while it cannot know.

The fleet of these tests is played: its Applications take their passes when a test says so, with the real rules of
placement for what may go where, and the real record of moves.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pytest

from pilothouse.api.application import Moved, Placed
from pilothouse.api.conditions import Condition
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.plan import Reason
from pilothouse.api.times import rfc3339, seconds
from pilothouse.api.workload import Workload
from pilothouse.controller.moving import recorded, under_way
from pilothouse.controller.ports import Key
from pilothouse.controller.rebalancing import LOOK_SECONDS, Rebalancer
from pilothouse.controller.rooms import Rooms
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired.cells import CellView
from pilothouse.desired.moves import Move
from pilothouse.desired.placement.going import objection, takers
from pilothouse.desired.placement.nodes import Pod, pod_of
from pilothouse.desired.placement.packing.shapes import WHOLE, Shape
from pilothouse.desired.promises import Promise
from pilothouse.planning.rebalance.fleet import Subject, Trigger, Why
from pilothouse.planning.rebalance.reading import Resident
from tests.unit.desired.fleets import cell, node, template

NOW = 1_000_000.0
ALL = {"cpu": 100_000, "pods": 1000}
GPU = "nvidia.com/gpu"
AUTOMATIC: Final[Mapping[str, Any]] = {"mode": "Automatic"}
ONE, TWO = Key("shop", "one"), Key("shop", "two")


@dataclass(slots=True)
class Living:
    """An Application with one workload.

    homes: where its replicas should be; cores: of one replica; there: Cells where all that came is Ready, though what
    it takes the place of may not be gone.
    """

    workload: Workload
    cores: int
    homes: Counter[str]
    moves: tuple[Moved, ...] = ()
    short: bool = False
    there: frozenset[str] = frozenset()

    @property
    def held(self) -> Counter[str]:
        """Where its replicas are: what moves is at both ends."""
        left = Counter[str]()
        for move in under_way(self.moves):
            left[move.source] += move.replicas
        return self.homes + left

    @property
    def ready(self) -> set[str]:
        """The Cells where all of it is Ready: not those where something arrives."""
        return self.homes.keys() - ({move.destination for move in under_way(self.moves)} - self.there)


class Stage:
    """A fleet of Cells of 100 cores in failure domains of their own, with an Application where a test puts one.

    load: cores that others have; given: more fields of Cells; gone: Cells that do not answer; made: when Cells were
    made; without_devices: Cells of which the GPU that a pod has is not offered any more; woken, counted: what the
    Rebalancer told; broken: whether Cells cannot be looked at.
    """

    def __init__(self, cells: str, **load: int) -> None:
        self.time, self.broken = NOW, False
        self.load, self.given = Counter(load), dict[str, dict[str, Any]]((name, {}) for name in cells.split())
        self.gone, self.made = set[str](), dict[str, float]()
        self.without_devices = set[str]()
        self.applications, self.rooms = dict[Key, Living](), Rooms()
        self.rules, self.suspended = dict[str, Any](AUTOMATIC), False
        self.woken, self.counted = list[Key](), list[tuple[str, float]]()
        self.rebalancer = Rebalancer(self, self.rooms, self.applications, self.woken.append, self, self)

    def now(self) -> float:
        return self.time

    def clusters(self) -> Sequence[CellView]:
        if self.broken:
            raise ConnectionError("no answer")
        held = Counter(self.load)
        for one in self.applications.values():
            held.update({name: count * one.cores for name, count in one.held.items()})
        return [self._view(name, held[name], more) for name, more in self.given.items()]

    def _view(self, name: str, cores: int, more: Mapping[str, Any]) -> CellView:
        dead = name in self.without_devices
        offered, left = ({GPU: 0}, {GPU: -1}) if dead else ({}, {})
        only = node(allocatable=ALL | offered, free=ALL | {"cpu": ALL["cpu"] - 1000 * cores} | left)
        return cell(name, only, ready=name not in self.gone, **more)

    def lost(self) -> Collection[str]:
        return self.gone

    def joined(self) -> Mapping[str, float]:
        return self.made

    def policy(self) -> FleetPolicySpec:
        placement = {"rebalancing": self.rules}
        return FleetPolicySpec.model_validate({"suspend": self.suspended, "placement": placement})

    def moved(self, trigger: str, gain: float) -> None:
        self.counted.append((trigger, gain))

    def put(self, key: Key, cores: int, rebalance: str = "Automatic", **homes: int) -> Living:
        """Have an Application that had its pass."""
        replicas = sum(homes.values())
        given = {"name": "web", "template": template(str(cores)), "replicas": replicas}
        workload = Workload.model_validate({**given, "placement": {"rebalance": rebalance}})
        self.applications[key] = Living(workload, cores, Counter(homes))
        self.take(key)
        return self.applications[key]

    def take(self, key: Key, *, done: bool = False) -> None:
        """Take the pass of an Application. done: what was under way before is Ready, and gone from its old Cell.

        Of what is in a Cell that does not answer, nobody knows whether it is gone.
        """
        one, residents = self.applications[key], self.rooms.residents
        asked = residents.asked(key)
        against = [(move, self._against(one, move)) for move in asked]
        residents.decline(key, [pair for pair in against if pair[1]], self.time)
        begun = [move for move, why in against if not why]
        for move in begun:
            one.homes.update({move.source: -1, move.destination: 1})
        one.homes = +one.homes
        arrived = {move.destination for move in under_way(one.moves) if done}
        one.there = one.there | arrived - {move.destination for move in begun}
        rests = partial(self._rests, done=done)
        one.moves = recorded(key.name, one.moves, begun, rests, rfc3339(self.time))
        self.tell(key)
        residents.meet(key)

    def _rests(self, key: TargetKey, *, done: bool) -> bool:
        return done and key.cell not in self.gone

    def _against(self, one: Living, move: Move) -> str:
        return objection(one.workload, self.clusters(), one.homes, (move.source, move.destination))

    def tell(self, key: Key, *, still: str = "", repairing: bool = False, in_line: Reason | None = None) -> None:
        """Note what the last pass of an Application left."""
        one = self.applications[key]
        placed = [Placed(workload="web", cell=name, replicas=count) for name, count in one.homes.items()]
        ready = {("web", name) for name in one.ready - self.gone}
        short = frozenset({"web"} if one.short else ())
        left = Resident(str(key), [one.workload], placed, ready, self._open_to, one.moves, short, still)
        self.rooms.residents.note(key, left, repairing=repairing, in_line=in_line)

    def _open_to(self, workload: Workload) -> Sequence[CellView]:
        return takers(workload, self.clusters())

    def asked(self, key: Key = ONE) -> list[tuple[str, str, str]]:
        """What an Application is asked for: where from, where to, and what for."""
        return [(move.source, move.destination, move.trigger) for move in self.rooms.residents.asked(key)]

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            await self.rebalancer.look()
            self.time += LOOK_SECONDS


HOT = ("a", "b", "Hot")


def hot(rebalance: str = "Automatic", key: Key = ONE) -> Stage:
    """A Cell that is 80 % full with 20 cores of one Application, beside two that are not."""
    stage = Stage("a b c", a=60, b=10, c=30)
    stage.put(key, 20, rebalance, a=1)
    return stage


async def test_a_hot_cell_is_relieved_after_three_looks_and_not_before() -> None:
    stage = hot()
    await stage.look(2)
    assert (stage.asked(), stage.woken, stage.counted) == ([], [], [])
    await stage.look()
    assert stage.asked() == [HOT]
    assert stage.woken == [ONE]
    assert stage.counted == [("Hot", 50.0)], "80 % there, 30 % here"


async def test_a_cell_that_was_hot_twice_and_cooled_is_not_hot() -> None:
    stage = hot()
    await stage.look(2)
    stage.load["a"] = 54
    await stage.look()
    stage.load["a"] = 60
    await stage.look(2)
    assert stage.asked() == []
    await stage.look()
    assert stage.asked() == [HOT]


async def test_nothing_is_asked_before_every_application_was_looked_at() -> None:
    """Half of them would look like a fleet with half the load, and theirs like Cells that nobody needs."""
    stage = hot()
    stage.applications[TWO] = Living(stage.applications[ONE].workload, 1, Counter())
    await stage.look(5)
    assert (stage.asked(), stage.woken) == ([], [])
    stage.rooms.residents.meet(TWO)
    await stage.look()
    assert stage.asked() == [HOT], "how full the Cells are was seen meanwhile"


async def test_an_application_that_comes_later_is_waited_for_and_one_that_went_is_not() -> None:
    stage = hot()
    stage.applications[TWO] = Living(stage.applications[ONE].workload, 1, Counter())
    await stage.look(3)
    assert stage.asked() == []
    del stage.applications[TWO]
    await stage.look()
    assert stage.asked() == [HOT]


async def test_an_application_whose_spec_is_of_no_use_keeps_nobody() -> None:
    stage = hot()
    stage.applications[TWO] = Living(stage.applications[ONE].workload, 1, Counter())
    stage.rooms.residents.meet(TWO)
    await stage.look(3)
    assert stage.asked() == [HOT]


@pytest.mark.parametrize(("rules", "suspended"), [({"mode": "Never"}, False), ({}, True)])
async def test_nothing_moves_in_a_fleet_that_is_suspended_or_never_rebalances(
    rules: Mapping[str, Any], *, suspended: bool
) -> None:
    stage = hot()
    stage.rules, stage.suspended = {**AUTOMATIC, **rules}, suspended
    await stage.look(5)
    assert (stage.asked(), stage.woken, stage.counted) == ([], [], [])
    assert stage.rebalancer.reserved["a"]["cpu"] == 0.8, "it is looked at all the same"
    stage.rules, stage.suspended = dict(AUTOMATIC), False
    await stage.look()
    assert stage.asked() == [HOT]


async def test_a_cell_that_a_person_has_emptied_is_although_nothing_else_moves() -> None:
    stage = hot()
    stage.rules = {"mode": "Never"}
    stage.put(TWO, 1, b=1)
    stage.given["b"] = {"cordoned": True, "evict": True}
    await stage.look(4)
    assert [trigger for _, _, trigger in stage.asked(TWO)] == ["Draining"]
    assert stage.woken == [TWO], "the hot Cell stays as it is"


@pytest.mark.parametrize(("rules", "suspended"), [({"mode": "Never"}, False), ({}, True)])
async def test_what_was_asked_for_is_taken_back_when_a_person_says_stop(
    rules: Mapping[str, Any], *, suspended: bool
) -> None:
    stage = hot()
    await stage.look(3)
    stage.rules, stage.suspended = {**AUTOMATIC, **rules}, suspended
    stage.woken.clear()
    await stage.look()
    assert (stage.asked(), stage.woken) == ([], [ONE])
    assert not stage.rebalancer.decision.moves


async def test_an_application_that_is_to_be_left_alone_is() -> None:
    stage = hot()
    stage.tell(ONE, still="it waits for nights")
    await stage.look(3)
    assert stage.asked() == []
    assert {held.why for held in stage.rebalancer.decision.held} == {Why.FORBIDDEN}


async def test_rebalancing_waits_while_something_is_repaired() -> None:
    stage = hot()
    stage.tell(ONE, repairing=True)
    await stage.look(3)
    assert stage.asked() == []
    assert {held.why for held in stage.rebalancer.decision.held} == {Why.REPAIR}
    stage.tell(ONE)
    await stage.look()
    assert stage.asked() == [HOT]


async def test_rebalancing_waits_while_a_plan_waits_for_others() -> None:
    stage = hot()
    stage.tell(ONE, in_line="SpecChanged")
    await stage.look(3)
    assert stage.asked() == []
    assert {held.why for held in stage.rebalancer.decision.held} == {Why.IN_LINE}
    stage.tell(ONE)
    await stage.look()
    assert stage.asked() == [HOT]


async def test_what_is_asked_for_is_under_way_in_the_next_looks_and_not_asked_for_twice() -> None:
    stage = hot()
    stage.put(TWO, 15, a=1)
    stage.load["a"] = 45
    await stage.look(3)
    asked = stage.asked()
    assert asked == [HOT]
    await stage.look(4)
    assert (stage.asked(), stage.asked(TWO)) == (asked, []), "one move at a time may leave a Cell"
    assert (stage.woken, len(stage.counted)) == ([ONE], 1)
    assert Why.FLEET_BUDGET in {held.why for held in stage.rebalancer.decision.held}


async def test_a_move_that_a_status_tells_of_is_under_way_until_it_is_over() -> None:
    stage = hot()
    stage.put(TWO, 15, a=1)
    stage.load["a"] = 45
    await stage.look(3)
    stage.take(ONE)
    assert (stage.asked(), stage.rebalancer.residents.under_way) == ([], 1)
    await stage.look(10)
    assert (stage.asked(), stage.asked(TWO)) == ([], []), "however long it takes"
    stage.take(ONE, done=True)
    assert stage.rebalancer.residents.under_way == 0
    assert stage.applications[ONE].homes == {"b": 1}


async def test_what_no_pass_took_in_time_is_dropped_and_asked_for_again_after_an_hour() -> None:
    stage = hot()
    await stage.look(7)
    assert stage.asked() == [HOT], "it has time to begin"
    await stage.look()
    assert (stage.asked(), stage.woken, len(stage.counted)) == ([], [ONE, ONE], 1)
    await stage.look(59)
    assert (stage.asked(), stage.woken, len(stage.counted)) == ([], [ONE, ONE], 1)
    stage.load["b"] = 50
    await stage.look()
    assert stage.asked() == [("a", "c", "Hot")], "by then another Cell is better"
    assert (stage.woken, len(stage.counted)) == ([ONE, ONE, ONE], 2)


async def test_what_no_pass_takes_is_counted_once_an_hour_at_most() -> None:
    stage = hot()
    await stage.look(3 + 180)
    assert len(stage.counted) == 3


async def test_who_begins_nothing_gives_way_to_another() -> None:
    stage = hot()
    stage.put(TWO, 19, a=1)
    stage.load["a"] = 41
    await stage.look(3)
    assert (stage.asked(), stage.asked(TWO)) == ([HOT], [])
    await stage.look(5)
    assert (stage.asked(), stage.asked(TWO)) == ([], [])
    await stage.look()
    assert (stage.asked(), stage.asked(TWO)) == ([], [HOT])


async def test_what_no_pass_took_in_time_is_dropped_where_nothing_is_needed_any_more() -> None:
    stage = hot()
    await stage.look(3)
    stage.load["a"] = 10
    await stage.look(5)
    assert (stage.asked(), stage.woken) == ([], [ONE, ONE])


async def test_where_a_pass_found_that_something_cannot_go_is_left_to_the_pass() -> None:
    stage = hot()
    await stage.look(3)
    stage.given["b"]["cordoned"] = True
    stage.take(ONE)
    assert (stage.asked(), stage.applications[ONE].homes) == ([], {"a": 1})
    assert stage.rooms.residents.closed(stage.time) == {(Subject("shop/one", "web"), "b")}
    await stage.look()
    assert stage.asked() == [("a", "c", "Hot")]


async def test_a_lost_cell_is_evacuated_after_five_minutes() -> None:
    stage = Stage("a b c", a=10, b=20, c=10)
    stage.put(ONE, 20, a=1)
    stage.gone.add("a")
    stage.tell(ONE)
    await stage.look(5)
    assert stage.asked() == []
    await stage.look()
    assert stage.asked() == [("a", "c", "Missing")]
    (move,) = stage.rooms.residents.asked(ONE)
    assert move.evacuates


async def test_two_workloads_of_an_application_leave_a_lost_cell_each_on_its_way() -> None:
    stage = Stage("a b c")
    web = stage.put(ONE, 10, a=1).workload
    both = [web, web.model_copy(update={"name": "api"})]
    placed = [Placed(workload=one.name, cell="a", replicas=1) for one in both]
    left = Resident("shop/one", both, placed, set(), lambda one: takers(one, stage.clusters()))
    stage.rooms.residents.note(ONE, left, repairing=False)
    stage.gone.add("a")
    await stage.look(10)
    assert [move.workload for move in stage.rooms.residents.asked(ONE)] == ["api", "web"]
    assert len(stage.counted) == 2, "each once"


async def test_a_second_replica_leaves_a_lost_cell_once_the_first_is_there_and_a_third_is_not_asked_for() -> None:
    """What the lost Cell held is not known to be gone, so the move is under way; it grows by what goes the same way."""
    stage = Stage("a b")
    one = stage.put(ONE, 10, a=2)
    stage.gone.add("a")
    await stage.look(6)
    assert stage.asked() == [("a", "b", "Missing")]
    stage.take(ONE)
    await stage.look(3)
    assert stage.asked() == [], "the first is not there yet"
    stage.take(ONE, done=True)
    await stage.look()
    assert stage.asked() == [("a", "b", "Missing")]
    stage.take(ONE)
    assert (one.homes, [move.replicas for move in under_way(one.moves)]) == ({"b": 2}, [2])
    stage.take(ONE, done=True)
    await stage.look(10)
    assert (stage.asked(), len(stage.counted), one.homes) == ([], 2, {"b": 2})


async def test_what_left_a_lost_cell_is_over_when_the_cell_is_back() -> None:
    stage = Stage("a b")
    one = stage.put(ONE, 10, a=1)
    stage.gone.add("a")
    await stage.look(6)
    stage.take(ONE)
    stage.take(ONE, done=True)
    assert stage.rooms.residents.under_way == 1
    stage.gone.clear()
    stage.take(ONE, done=True)
    assert (stage.rooms.residents.under_way, [move.replicas for move in one.moves]) == (0, [1])
    await stage.look(5)
    assert stage.asked() == [], "and nothing goes back"


async def test_what_is_there_gives_its_place_among_what_enters_a_cell_to_another_though_the_move_is_not_over() -> None:
    stage = Stage("a b")
    for key in (ONE, TWO):
        stage.put(key, 10, a=1)
    stage.gone.add("a")
    await stage.look(6)
    first, second = sorted((ONE, TWO), key=lambda key: not stage.asked(key))
    assert (stage.asked(first), stage.asked(second)) == ([("a", "b", "Missing")], [])
    stage.take(first)
    await stage.look()
    assert stage.asked(second) == [], "one enters a Cell at a time"
    stage.take(first, done=True)
    await stage.look()
    assert stage.asked(second) == [("a", "b", "Missing")]


async def test_a_cell_that_answers_between_is_not_lost_for_long() -> None:
    stage = Stage("a b c", a=10, b=20, c=10)
    stage.put(ONE, 20, a=1)
    stage.tell(ONE)
    for gone in ({"a"}, set[str](), {"a"}):
        stage.gone = gone
        await stage.look(4)
    assert stage.asked() == []


async def test_a_lost_cell_is_no_sample_of_how_full_it_is() -> None:
    """What a Cell that does not answer showed last is not what it is."""
    stage = hot()
    await stage.look()
    stage.gone.add("a")
    await stage.look(3)
    stage.gone.clear()
    await stage.look()
    assert stage.asked() == []
    await stage.look()
    assert stage.asked() == [HOT]


async def test_a_cell_that_came_back_is_given_a_share_like_one_that_joined() -> None:
    stage = Stage("a b", a=40)
    stage.put(ONE, 20, a=1)
    await stage.look()
    stage.gone.add("b")
    await stage.look(5)
    assert stage.asked() == []
    stage.gone.clear()
    await stage.look()
    assert stage.asked() == [("a", "b", "NewCell")]


async def test_a_cell_that_was_away_for_less_time_than_it_takes_to_be_lost_is_not_new() -> None:
    """Its nodes and all that ran there are as they were."""
    stage = Stage("a b", a=40)
    stage.put(ONE, 20, a=1)
    await stage.look()
    stage.gone.add("b")
    await stage.look(4)
    stage.gone.clear()
    await stage.look(5)
    assert stage.asked() == []


async def test_a_cell_that_came_back_stays_new_when_it_is_away_for_a_moment() -> None:
    stage = Stage("a b", a=40)
    stage.put(ONE, 20, a=1)
    stage.tell(ONE, still="it waits for nights")
    for away in (5, 1):
        stage.gone.add("b")
        await stage.look(away)
        stage.gone.clear()
        await stage.look()
    stage.tell(ONE)
    await stage.look()
    assert stage.asked() == [("a", "b", "NewCell")]


async def test_how_long_a_cell_is_away_before_it_is_new_is_given_by_the_policy() -> None:
    stage = Stage("a b", a=40)
    stage.rules |= {"lostAfter": "2m"}
    stage.put(ONE, 20, a=1)
    stage.gone.add("b")
    await stage.look(2)
    stage.gone.clear()
    await stage.look()
    assert stage.asked() == [("a", "b", "NewCell")]


async def test_nothing_is_moved_in_a_fleet_whose_policy_does_not_say_so() -> None:
    stage = hot()
    stage.rules = {}
    await stage.look(5)
    assert (stage.asked(), stage.woken) == ([], [])


async def test_a_cell_that_joined_is_given_a_share_on_its_first_day() -> None:
    stage = Stage("a b", a=40)
    stage.put(ONE, 20, a=1)
    stage.made = {"b": NOW - 90_000.0}
    await stage.look()
    assert stage.asked() == [], "that was the day before"
    stage.made = {"b": NOW - 80_000.0}
    await stage.look()
    assert stage.asked() == [("a", "b", "NewCell")]


async def test_nothing_moves_when_most_cells_look_lost() -> None:
    """That is more likely us than them."""
    stage = Stage("a b c d")
    stage.put(ONE, 20, a=1)
    stage.gone = {"a", "b", "c"}
    stage.tell(ONE)
    await stage.look(20)
    assert (stage.asked(), stage.woken) == ([], [])
    assert {held.why for held in stage.rebalancer.decision.held} == {Why.MOST_LOST}


@pytest.mark.parametrize(("evict", "asked"), [(True, [("a", "c", "Draining")]), (False, [])])
async def test_a_cell_that_is_cordoned_is_emptied_where_it_evicts(
    asked: list[tuple[str, str, str]], *, evict: bool
) -> None:
    stage = Stage("a b c", b=20)
    stage.put(ONE, 10, a=2)
    stage.given["a"] = {"cordoned": True, "evict": evict}
    await stage.look()
    assert stage.asked() == asked


async def test_a_replica_that_is_not_ready_does_not_keep_a_cell_from_being_emptied() -> None:
    stage = Stage("a b c", b=20)
    one = stage.put(ONE, 10, a=2, b=1)
    stage.given["a"] = {"cordoned": True, "evict": True}
    one.workload = one.workload.model_copy(update={"replicas": 4})
    stage.tell(ONE)
    await stage.look()
    assert stage.asked() == [("a", "c", "Draining")]


async def test_what_needs_a_persons_word_is_proposed_and_neither_counted_nor_under_way() -> None:
    stage = hot("Propose")
    await stage.look(3)
    assert stage.asked() == [HOT]
    assert (stage.woken, stage.counted) == ([ONE], [])
    assert stage.rooms.residents.pending() == []
    stage.load.update({"b": 30})
    await stage.look(20)
    assert stage.asked() == [HOT], "and it is the same while a person reads it, though c is emptier by now"
    assert stage.woken == [ONE]


async def test_a_proposal_that_is_of_no_use_any_more_is_dropped() -> None:
    stage = hot("Propose")
    await stage.look(3)
    stage.load["a"] = 10
    await stage.look()
    assert (stage.asked(), stage.woken) == ([], [ONE, ONE])


async def test_a_proposal_stands_while_others_move() -> None:
    stage = Stage("a b c d", a=60, b=10, c=20, d=10)
    stage.put(ONE, 20, "Propose", a=1)
    await stage.look(3)
    stage.put(TWO, 20, d=1)
    stage.load["d"] = 62
    await stage.look(5)
    assert stage.asked(TWO), "and what moves is asked for"
    assert (stage.asked(), stage.woken) == ([HOT], [ONE, TWO])
    stage.take(TWO)
    await stage.look(30)
    assert (stage.asked(), stage.woken) == ([HOT], [ONE, TWO])


async def test_a_fleet_that_proposes_proposes_what_workloads_would_have_moved() -> None:
    stage = hot()
    stage.rules = {"mode": "Propose"}
    await stage.look(3)
    assert (stage.asked(), stage.counted) == ([HOT], [])


async def test_a_resource_that_nodes_no_longer_have_makes_no_cell_full() -> None:
    """A device plugin that died leaves pods with a device on a node that has none: that is no load, but no share."""
    stage = hot()
    stage.without_devices.add("a")
    await stage.look(3)
    assert stage.counted == [("Hot", 50.0)]
    assert stage.rebalancer.reserved["a"].keys() == {"cpu", "pods"}


async def test_what_goes_wrong_in_a_look_is_told_and_the_next_one_works(caplog: pytest.LogCaptureFixture) -> None:
    stage = hot()
    await stage.look(2)
    stage.broken = True
    await stage.look()
    assert "the fleet could not be looked at" in caplog.text
    assert "no answer" in caplog.text
    assert stage.asked() == []
    stage.broken = False
    await stage.look()
    assert stage.asked() == [HOT]


async def test_a_look_that_fails_leaves_what_was_asked_for() -> None:
    stage = hot()
    await stage.look(3)
    stage.broken = True
    await stage.look()
    assert stage.asked() == [HOT]


async def test_a_move_is_told_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    stage = hot()
    with caplog.at_level(logging.INFO):
        await stage.look(3)
    (move,) = stage.rooms.residents.asked(ONE)
    assert f"rebalancing (Hot): {move.reason}" in caplog.text
    assert "web of shop/one moves to b" in move.reason


def holds(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of what is held, since the last call."""
    found = [record.getMessage() for record in caplog.records if record.getMessage().startswith("rebalancing holds ")]
    caplog.clear()
    return found


async def test_what_somebody_waits_for_to_go_is_told_once_to_be_held_and_again_when_it_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    stage = Stage("a b c", b=20)
    stage.put(ONE, 10, a=1)
    stage.tell(ONE, still="it waits for nights")
    stage.given["a"] = {"cordoned": True, "evict": True}
    await stage.look(5)
    (told,) = holds(caplog)
    assert told.startswith("rebalancing holds web of shop/one: ")
    assert told.endswith("it waits for nights")
    stage.put(TWO, 10, a=1)
    stage.tell(TWO, still="it waits for nights")
    await stage.look(2)
    assert len(holds(caplog)) == 2, "another one waits as well"
    stage.tell(ONE)
    stage.tell(TWO)
    await stage.look()
    assert (holds(caplog), stage.asked()) == ([], [("a", "c", "Draining")])


async def test_what_stays_in_a_hot_cell_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage = hot()
    stage.tell(ONE, still="it waits for nights")
    await stage.look(3)
    assert [held.trigger for held in stage.rebalancer.decision.held] == [Trigger.HOT]
    assert holds(caplog) == []


def stored(stage: Stage, cell: str, before: Condition | None = None) -> tuple[str, str, str] | None:
    """What the status of a Cell is to say after the last look; before: what it says."""
    told = stage.rebalancer.told(cell, before)
    return None if told is None else (told.status, told.reason, told.message)


NOTHING = ("False", "NothingHeld", "")
EARLIER = Condition(type="MovesHeld", status="True", reason="Destination", message="it is hot")


async def test_a_hot_cell_says_why_nothing_leaves_it_and_the_same_while_that_is_so() -> None:
    stage = hot()
    stage.load.update({"b": 55, "c": 25})
    await stage.look(3)
    said = ("True", "Destination", "it is hot, and nothing leaves it: no other Cell can take web of shop/one")
    assert stored(stage, "a") == said
    assert stored(stage, "b") == NOTHING
    stage.load["a"] += 3
    await stage.look()
    assert stored(stage, "a") == said, "how hot it is, it says elsewhere"
    stage.load["c"] = 10
    await stage.look()
    assert (stage.asked(), stored(stage, "a")) == ([("a", "c", "Hot")], NOTHING), "it is on its way"


async def test_what_is_held_is_told_only_once_it_is_known_and_not_where_nothing_is_moved() -> None:
    stage = hot()
    assert stage.rebalancer.told("a", EARLIER) is EARLIER, "a process that has just started knows nothing"
    stage.load.update({"b": 65, "c": 65})
    await stage.look(2)
    assert stage.rebalancer.told("a", EARLIER) is EARLIER, "whether it is hot takes three looks"
    assert stage.rebalancer.told("aws", None) is None, "a Cell of a cloud runs nothing"
    stage.load["a"] = 10
    await stage.look()
    assert stored(stage, "a", EARLIER) == NOTHING
    stage.rules = {"mode": "Never"}
    await stage.look()
    assert stored(stage, "a", EARLIER) is None
    stage.given["a"] = {"cordoned": True, "evict": True}
    await stage.look()
    said = "it is to be emptied, and nothing leaves it: no other Cell can take web of shop/one"
    assert stored(stage, "a") == ("True", "Destination", said)


async def test_what_is_held_stands_while_an_application_is_waited_for() -> None:
    stage = hot()
    stage.load.update({"b": 65, "c": 65})
    await stage.look(3)
    before = stored(stage, "a")
    stage.applications[TWO] = Living(stage.applications[ONE].workload, 1, Counter())
    await stage.look()
    assert before is not None
    assert stored(stage, "a") == before


async def test_ten_are_told_of_at_most(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage = Stage("a b")
    for number in range(12):
        key = Key("shop", f"app-{number:02}")
        stage.put(key, 1, a=1)
        stage.tell(key, still="it waits for nights")
    stage.given["a"] = {"cordoned": True, "evict": True}
    await stage.look(2)
    assert len(holds(caplog)) == 10


async def test_a_key_is_its_namespace_and_all_that_follows() -> None:
    """An Application called as another with its namespace is not that other."""
    key = Key("shop", "eu/one")
    stage = hot(key=key)
    await stage.look(3)
    assert (stage.asked(key), stage.woken) == ([HOT], [key])


async def test_the_order_in_which_the_fleet_is_told_means_nothing() -> None:
    found = []
    for step in (1, -1):
        stage = Stage(" ".join(["a", "b", "c", "d"][::step]), a=60, b=40, c=40, d=60)
        stage.rules |= {"movesPercent": 100}
        for key, home in [(ONE, "a"), (TWO, "d"), (Key("lab", "one"), "a"), (Key("lab", "two"), "d")][::step]:
            stage.put(key, 10, "Automatic", **{home: 1})
        await stage.look(3)
        found.append(({key: stage.asked(key) for key in stage.applications}, stage.woken, stage.counted))
    assert found[0] == found[1]
    assert found[0][1] == [Key("lab", "one"), Key("lab", "two")]


async def test_what_is_promised_counts_as_reserved() -> None:
    stage = Stage("a b", a=60)
    stage.put(ONE, 10, a=1)
    promise = Promise("web", "a", pod_of(template("10")), missing=1, starting=0)
    stage.rooms.promises.note(TWO, [promise], stage.time)
    await stage.look()
    assert stage.rebalancer.reserved["a"]["cpu"] == 0.8
    assert stage.rebalancer.reserved["b"]["cpu"] == 0.0


async def test_accelerators_that_are_promised_are_not_free() -> None:
    stage = Stage("a")
    stage.given["a"]["nodes"] = (node(free={GPU: 3}),)
    stage.rooms.demand.note(ONE, Counter({Shape(0, 0, 2, WHOLE): 1}))
    await stage.look()
    assert stage.rebalancer.fragmented == {"a": 0.0}, "pods that ask for two have a use for three"
    promise = Promise("web", "a", Pod({GPU: 1}, {}, None, ()), missing=2, starting=0)
    stage.rooms.promises.note(TWO, [promise], stage.time)
    await stage.look()
    assert stage.rebalancer.fragmented == {"a": 1.0}, "and none for the one that is left"


async def test_a_cell_that_went_is_forgotten_and_a_new_one_begins_anew() -> None:
    stage = hot()
    await stage.look(2)
    away = stage.given.pop("a")
    await stage.look()
    assert sorted(stage.rebalancer.reserved) == ["b", "c"]
    stage.given["a"] = away
    await stage.look(2)
    assert stage.asked() == []


PERCENT = 15
APPLICATIONS = 20
JOINS, DRAINS, LOOKS = 100, 200, 320
TAKES = 4
"""Looks from the beginning of a move to its end."""


@dataclass(slots=True)
class Play:
    """A fleet over some hours: `a` is hot from the start, `e` joins, and later `b` is emptied."""

    stage: Stage
    at: int = 0

    def happen(self) -> None:
        match self.at:
            case 20:
                self.stage.load["a"] += 10
            case at if at == JOINS:
                self.stage.given["e"], self.stage.made["e"] = {}, self.stage.time
            case at if at == DRAINS:
                self.stage.given["b"] = {"cordoned": True, "evict": True}
            case _:
                pass

    def advance(self) -> None:
        """Have each Application take a pass that has something to do, some of them late."""
        for number, (key, one) in enumerate(self.stage.applications.items()):
            began = [seconds(move.began_at) for move in under_way(one.moves)]
            if began and self.stage.time - max(began) >= TAKES * LOOK_SECONDS:
                self.stage.take(key, done=True)
            elif (self.at + number) % 3 == 0:
                self.stage.take(key)
            self.keeps_budgets()

    def keeps_budgets(self) -> None:
        """Neither what is under way nor what is asked for beside it is more than may be at once."""
        stage = self.stage
        lives, pending = stage.applications.items(), stage.rooms.residents.pending()
        routes = [(key, move.source, move.destination) for key, one in lives for move in under_way(one.moves)]
        routes += [(mover.key, asked.move.source, asked.move.destination) for mover, asked in pending]
        assert len(routes) <= APPLICATIONS * PERCENT // 100
        for end in zip(*routes, strict=True):
            assert max(Counter(end).values()) == 1, "one of an Application, one out of a Cell, one into a Cell"

    def fits(self) -> bool:
        return all(free >= 0 for view in self.stage.clusters() for free in view.nodes[0].free.values())

    async def go(self, looks: int) -> None:
        for _ in range(looks):
            self.happen()
            await self.stage.look()
            self.keeps_budgets()
            self.advance()
            assert self.fits(), "what moves is at both ends, and all has room"
            self.at += 1

    def journeys(self) -> list[tuple[Key, str, str]]:
        found = [(key, move) for key, one in self.stage.applications.items() for move in one.moves]
        return [(key, move.source, move.destination) for key, move in found]


def played() -> Play:
    stage = Stage("a b c d", a=6, b=4, c=4, d=4)
    stage.rules |= {"movesPercent": PERCENT}
    homes = "aaaabbccdd"
    for number in range(APPLICATIONS):
        home = {homes[number % 10]: 2 if number % 5 == 4 else 1}
        stage.put(Key("shop", f"app-{number:02}"), 7 + number % 3, "Automatic", **home)
    return Play(stage)


def share(play: Play, cell: str) -> float:
    return play.stage.rebalancer.reserved[cell]["cpu"]


async def test_a_fleet_over_hours_keeps_its_budgets_comes_to_rest_and_nothing_returns() -> None:
    play = played()
    before = {key: one.workload.replicas for key, one in play.stage.applications.items()}
    await play.go(JOINS)
    assert share(play, "a") <= 0.75
    at_rest = len(play.journeys())
    await play.go(DRAINS - JOINS)
    assert share(play, "e") > 0.2, "it got a share"
    await play.go(LOOKS - DRAINS)
    assert share(play, "b") == pytest.approx(0.04), "nothing but what others have there"
    triggers = Counter(trigger for trigger, _ in play.stage.counted)
    assert at_rest
    assert {"Hot", "NewCell", "Draining"} == triggers.keys()
    journeys = play.journeys()
    assert len(journeys) == triggers.total(), "each that is counted was made"
    assert not {(key, to, source) for key, source, to in journeys} & set(journeys), "nothing goes back"
    assert {key: one.homes.total() for key, one in play.stage.applications.items()} == before
    await play.go(60)
    assert play.journeys() == journeys, "it is at rest"
    assert play.stage.rebalancer.residents.under_way == 0


async def test_a_proposal_survives_that_an_application_is_created() -> None:
    stage = hot("Propose")
    await stage.look(3)
    stage.applications[TWO] = Living(stage.applications[ONE].workload, 1, Counter())
    await stage.look()
    assert (stage.asked(), stage.woken) == ([HOT], [ONE])


async def test_a_move_is_counted_once_although_an_application_is_created() -> None:
    stage = hot()
    await stage.look(3)
    stage.applications[TWO] = Living(stage.applications[ONE].workload, 1, Counter())
    await stage.look()
    stage.rooms.residents.meet(TWO)
    await stage.look()
    assert len(stage.counted) == 1
