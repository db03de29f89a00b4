"""What keeps a move from being begun, and what is said about it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.fleet import Cell, Fleet, Held, Mode, Moved, Subject, Trigger, Why
from pilothouse.planning.rebalance.policy import RebalancePolicy
from tests.unit.planning.rebalance.fleets import NOW, cell, fleet, workload

POLICY = RebalancePolicy()
HOT, CALM = cell("a1", 80), cell("b1", 30)
WEB = workload("x", {"a1": 1}, to="b1")
GONE = cell("d1", lost_since=NOW - 300)
"""A Cell that has been lost for as long as makes one believe it."""
X, Y = Subject("shop/x", "web"), Subject("shop/y", "web")
WORKER = Subject("shop/x", "worker")
MANY = [workload(f"n{number:03d}", {}) for number in range(200)]
"""So many that two moves may be under way."""


def moved(subject: Subject, source: str, to: str, began: float, ended: float | None = None, **more: Any) -> Moved:
    return Moved(subject, source, to, NOW + began, None if ended is None else NOW + ended, **more)


@dataclass(frozen=True, slots=True)
class Case:
    given: Fleet
    why: Why
    message: str
    reason: str
    policy: RebalancePolicy = POLICY


CASES = {
    "forbidden": Case(
        fleet(HOT, CALM, replace(WEB, mode=Mode.NEVER)),
        Why.FORBIDDEN,
        "rebalancing it is forbidden: Never",
        "the Application's word, or that of the fleet",
    ),
    "forbidden for a reason": Case(
        fleet(HOT, CALM, replace(WEB, mode=Mode.NEVER, why="its replicas are an autoscaler's")),
        Why.FORBIDDEN,
        "its replicas are an autoscaler's",
        "who knows why need not search",
    ),
    "on its way for long": Case(
        fleet(HOT, CALM, WEB, moved=(moved(X, "d1", "c1", -9_000),)),
        Why.UNDER_WAY,
        "a replica of it is on its way",
        "what does not become Ready is no reason to begin another one",
    ),
    "neighbour on its way for long": Case(
        fleet(HOT, CALM, WEB, moved=(moved(WORKER, "d1", "c1", -9_000),)),
        Why.UNDER_WAY,
        "another workload of shop/x is on its way",
        "it is one Application",
    ),
    "evacuated": Case(
        fleet(HOT, CALM, WEB, moved=(moved(X, "d1", "c1", -60, evacuates=True),)),
        Why.UNDER_WAY,
        "a replica of it is on its way",
        "it has one less than it should until that is there",
    ),
    "destination of an evacuation": Case(
        fleet(HOT, CALM, WEB, moved=(moved(Y, "c1", "b1", -60, evacuates=True),)),
        Why.DESTINATION,
        "1 receiving another",
        "one in at a time, wherever from",
    ),
    "on its way": Case(
        fleet(cell("a1", 91), CALM, WEB, *MANY, moved=(moved(X, "d1", "c1", -60),)),
        Why.UNDER_WAY,
        "a replica of it is on its way",
        "one replica of a workload at a time",
    ),
    "its neighbour is on its way": Case(
        fleet(cell("a1", 91), CALM, WEB, *MANY, moved=(moved(WORKER, "d1", "c1", -60),)),
        Why.UNDER_WAY,
        "another workload of shop/x is on its way",
        "an Application is left alone between its moves, so they cannot overlap",
    ),
    "cooldown by what moved": Case(
        fleet(HOT, CALM, WEB, moved=(moved(X, "d1", "c1", -900, -599),)),
        Why.COOLDOWN,
        "is left alone for another 1 s",
        "ten minutes from the end of the last move",
    ),
    "cooldown by the last of several": Case(
        fleet(HOT, CALM, WEB, moved=(moved(X, "d1", "c1", -900, -100), moved(WORKER, "d1", "c1", -900, -500))),
        Why.COOLDOWN,
        "is left alone for another 500 s",
        "whatever of the Application moved",
    ),
    "floor": Case(
        fleet(HOT, CALM, replace(WEB, replicas={"a1": 2}, ready=1, floor=2)),
        Why.FLOOR,
        "1 replicas are ready, and at least 2 must be",
        "with the new one there would be two, and releasing one breaks the floor",
    ),
    "destination too full": Case(
        fleet(HOT, cell("b1", 55), WEB),
        Why.DESTINATION,
        "no Cell can take it: 1 over 65 % with it",
        "it stays under .65",
    ),
    "destination cordoned": Case(
        fleet(HOT, cell("b1", 10, cordoned=True), WEB), Why.DESTINATION, "1 lost or cordoned", "nothing new goes there"
    ),
    "destination lost": Case(
        fleet(HOT, cell("b1", 10, lost_since=NOW), WEB), Why.DESTINATION, "1 lost or cordoned", "not even a moment ago"
    ),
    "no room": Case(
        fleet(HOT, CALM, replace(WEB, room={"b1": 0})), Why.DESTINATION, "1 without room", "the filters count by node"
    ),
    "destination of another": Case(
        fleet(cell("a1", 91), CALM, WEB, *MANY, moved=(moved(Y, "c1", "b1", -60),)),
        Why.DESTINATION,
        "1 receiving another",
        "one in at a time",
    ),
    "there and back": Case(
        fleet(HOT, CALM, WEB, moved=(moved(X, "b1", "a1", -9_000, -8_000),)),
        Why.DESTINATION,
        "1 left before",
        "never back to where it came from",
    ),
    "fewer failure domains": Case(
        fleet(cell("b2", 80), CALM, cell("a1"), workload("x", {"a1": 1, "b2": 1}, to="a1"), workload("y", {})),
        Why.DESTINATION,
        "1 in a failure domain that has the others",
        "the loss of one domain would take both",
    ),
    "a new Cell has its pace": Case(
        fleet(
            cell("a1", 60),
            cell("b1", 0, joined_at=NOW - 900),
            WEB,
            moved=(moved(Y, "a1", "b1", -590, -300), moved(Y, "a1", "b1", -300, -100)),
        ),
        Why.DESTINATION,
        "1 new and given 2 lately",
        "two in ten minutes",
    ),
    "nowhere at all": Case(
        fleet(HOT, CALM, replace(WEB, room={"a1": 3, "gone": 1})),
        Why.DESTINATION,
        "no Cell can take it: there is no other that it may use",
        "its own Cell is no destination, nor is one that nobody knows",
    ),
    "gain": Case(
        fleet(HOT, cell("b1", 54), replace(WEB, cost=7.0)),
        Why.GAIN,
        "to b1 it would gain 16.0 points at a cost of 7.0, less than 10 net",
        "nine points are not worth it",
    ),
    "slight relief": Case(
        fleet(HOT, CALM, replace(WEB, cost=10.0)),
        Why.GAIN,
        "it would relieve a1 by 10.0 points at a cost of 10.0",
        "dust is not swept from Cell to Cell",
    ),
    "fleet budget, there already": Case(
        fleet(HOT, CALM, WEB, moved=(moved(Y, "c1", "d1", -60, arrived=True),)),
        Why.FLEET_BUDGET,
        "1 of at most 1 moves are under way in the fleet",
        "until the old one is gone there is one more than there should be",
    ),
    "fleet budget, half an hour": Case(
        fleet(HOT, CALM, WEB, moved=(moved(Y, "c1", "d1", -1_799),)),
        Why.FLEET_BUDGET,
        "1 of at most 1 moves are under way in the fleet",
        "images are pulled for long",
    ),
    "fleet budget, to where it is quiet": Case(
        fleet(HOT, CALM, WEB, cell("d1", lost_since=NOW - 299), moved=(moved(Y, "c1", "d1", -60),)),
        Why.FLEET_BUDGET,
        "1 of at most 1 moves are under way in the fleet",
        "a Cell that restarts is not lost",
    ),
    "fleet budget": Case(
        fleet(HOT, CALM, WEB, moved=(moved(Y, "c1", "d1", -60),)),
        Why.FLEET_BUDGET,
        "1 of at most 1 moves are under way in the fleet",
        "one in a small fleet",
    ),
    "what is kept of the budget": Case(
        fleet(HOT, CALM, WEB, *MANY, moved=(moved(Y, "c1", "d1", -60),)),
        Why.FLEET_BUDGET,
        "1 of at most 1 moves are under way in the fleet, 1 more if it pressed",
        "the last move of two is kept for a Cell that is nearly full",
    ),
    "Cell budget": Case(
        fleet(cell("a1", 91), CALM, WEB, *MANY, moved=(moved(Y, "a1", "d1", -60),)),
        Why.CELL_BUDGET,
        "1 of at most 1 moves leave a1",
        "one out at a time",
    ),
    "nothing to move": Case(
        fleet(HOT, CALM), Why.NO_CANDIDATE, "nothing there could move to better effect", "what fills it is not ours"
    ),
}


def held(case: Case) -> list[Held]:
    decision = decide(case.given, case.policy)
    assert decision.moves == (), case.reason
    return list(decision.held)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_held_says_why(case: Case) -> None:
    (found,) = held(case)
    assert found.why is case.why, case.reason
    assert case.message in found.message


def test_every_why_is_tested() -> None:
    tested = {case.why for case in CASES.values()}
    stops = {Why.REPAIR, Why.IN_LINE, Why.MOST_LOST}
    assert tested | stops == set(Why), "what stops everything has tests of its own among the triggers"


def without(name: str, given: Fleet) -> Fleet:
    return replace(given, cells=[one for one in given.cells if one.name != name])


ENDS = {
    "cooldown": (fleet(HOT, CALM, WEB, moved=(moved(X, "d1", "c1", -900, -600),)), "it is over after 600 s"),
    "memory": (fleet(HOT, CALM, WEB, moved=(moved(X, "b1", "a1", -90_000, -86_400),)), "a day later all is new"),
    "floor": (fleet(HOT, CALM, replace(WEB, ready=1, floor=1)), "a workload of one moves, for the new one comes first"),
    "pace": (
        fleet(
            cell("a1", 60),
            cell("b1", 0, joined_at=NOW - 900),
            WEB,
            moved=(moved(Y, "a1", "b1", -600, -300), moved(Y, "a1", "b1", -300, -100)),
        ),
        "the ten minutes are over for the first of two",
    ),
    "fleet budget": (
        fleet(cell("a1", 91), CALM, WEB, *MANY, moved=(moved(Y, "c1", "d1", -60),)),
        "1 % of 201 is two, and the second is for what presses",
    ),
    "soon full": (
        fleet(replace(HOT, samples=(0.76, 0.78, 0.88)), CALM, WEB, *MANY, moved=(moved(Y, "c1", "d1", -60),)),
        "what will be full in a moment presses too",
    ),
    "budget of what never ends": (
        fleet(HOT, CALM, WEB, moved=(moved(Y, "a1", "b1", -1_800),)),
        "after half an hour it keeps nobody else: not the fleet, not the Cell it leaves, not the one it goes to",
    ),
    "budget of what goes to a lost Cell": (
        fleet(HOT, CALM, WEB, GONE, moved=(moved(Y, "a1", "d1", -60),)),
        "it will not get there",
    ),
    "workload that goes to a lost Cell": (
        fleet(HOT, CALM, WEB, GONE, moved=(moved(X, "c1", "d1", -60),)),
        "what is on its way to nowhere must not hold up what can go somewhere",
    ),
    "neighbour that goes to a lost Cell": (
        fleet(HOT, CALM, WEB, GONE, moved=(moved(WORKER, "c1", "d1", -60),)),
        "nor what belongs to the same Application",
    ),
    "budget of what goes to a Cell that was deleted": (
        without("d1", fleet(HOT, CALM, WEB, moved=(moved(Y, "a1", "d1", -60),))),
        "it will never get there",
    ),
    "workload that goes to a Cell that was deleted": (
        without("d1", fleet(HOT, CALM, WEB, moved=(moved(X, "c1", "d1", -60),))),
        "it would be on its way for ever",
    ),
    "budget of an evacuation that arrived": (
        fleet(HOT, CALM, WEB, moved=(moved(Y, "c1", "b1", -60, evacuates=True, arrived=True),)),
        "it ends when the lost Cell answers again, and that may be never",
    ),
    "workload of an evacuation that arrived": (
        fleet(HOT, CALM, WEB, moved=(moved(X, "c1", "d1", -60, evacuates=True, arrived=True),)),
        "it is whole again",
    ),
    "neighbour of an evacuation that arrived": (
        fleet(HOT, CALM, WEB, moved=(moved(WORKER, "c1", "d1", -60, evacuates=True, arrived=True),)),
        "and so is its Application",
    ),
    "pressing": (fleet(cell("a1", 91), CALM, replace(WEB, cost=10.0)), "close to the end of its capacity all helps"),
    "same domain": (
        fleet(HOT, CALM, cell("b2", 20), workload("x", {"a1": 1, "b1": 1}, to="b2 c1"), cell("c1", 40)),
        "it goes to the fuller Cell whose domain it is not in yet",
    ),
    "of two in the Cell": (
        fleet(HOT, CALM, workload("x", {"a1": 2}, to="b1")),
        "the failure domain is left to the other one",
    ),
}


@pytest.mark.parametrize(("given", "reason"), ENDS.values(), ids=ENDS)
def test_the_same_moves_once_nothing_is_in_the_way(given: Fleet, reason: str) -> None:
    assert [move.subject for move in decide(given, POLICY).moves] == [X], reason


def test_what_does_not_run_waits_for_nothing_but_its_destination() -> None:
    lost = cell("a1", lost_since=NOW - 900)
    given = fleet(
        lost,
        CALM,
        replace(WEB, ready=0, floor=1, missing=1, cost=99.0),
        moved=(moved(X, "c1", "d1", -90, -1), moved(Y, "c1", "d1", -60), moved(WORKER, "e1", "f1", -60)),
    )
    (move,) = decide(given, POLICY).moves
    assert (move.subject, move.evacuates) == (X, True), "cooldown, floor, budget and cost protect what runs"


ANOTHER = moved(X, "c1", "d1", -60)
EVACUATION = replace(ANOTHER, evacuates=True)


def test_what_was_lost_does_not_wait_for_a_move_of_another_kind() -> None:
    """That one may wait for the very replica that was lost."""
    (move,) = decide(fleet(LOST, CALM, WEB, moved=(ANOTHER,)), POLICY).moves
    assert (move.subject, move.evacuates) == (X, True)


@pytest.mark.parametrize("under_way", [(EVACUATION,), (EVACUATION, ANOTHER), (ANOTHER, EVACUATION)])
def test_of_a_workload_one_replica_is_evacuated_at_a_time(under_way: tuple[Moved, ...]) -> None:
    decision = decide(fleet(LOST, CALM, WEB, moved=under_way), POLICY)
    assert (decision.moves, [found.why for found in decision.held]) == ((), [Why.UNDER_WAY])


def test_the_next_replica_is_evacuated_once_the_last_one_is_there() -> None:
    given = fleet(LOST, CALM, WEB, moved=(replace(EVACUATION, arrived=True),))
    assert [move.subject for move in decide(given, POLICY).moves] == [X]


EMPTIED = cell("a1", 30, cordoned=True, evict=True)
LOST = cell("a1", 30, lost_since=NOW - 900)
FULL = cell("z1", 64)
"""Beside it a new Cell is less full than most, and it takes nothing."""
CAME_BACK = (moved(X, "b1", "a1", -9_000, -8_000),)
GIVEN_ENOUGH = (moved(Y, "d1", "b1", -590, -300), moved(Y, "d1", "b1", -300, -100))


@dataclass(frozen=True, slots=True)
class Forced:
    """fuller: another Cell that it could go to, less well."""

    leaving: Cell
    to: Cell
    moved: tuple[Moved, ...]
    fuller: Cell
    goes: str
    reason: str


NEW = cell("b1", 0, joined_at=NOW - 900)
NOWHERE, SHUT = cell("c1", 60), cell("c1", cordoned=True)
FORCED = {
    "emptied, back": Forced(EMPTIED, CALM, CAME_BACK, NOWHERE, "b1", "a person wants it elsewhere"),
    "lost, back": Forced(LOST, CALM, CAME_BACK, SHUT, "b1", "where it was is better than nowhere"),
    "emptied, back last": Forced(EMPTIED, CALM, CAME_BACK, cell("c1", 50), "c1", "it was taken away for a reason"),
    "lost, back last": Forced(LOST, CALM, CAME_BACK, cell("c1", 50), "c1", "it was taken away for a reason"),
    "emptied, to a new Cell": Forced(EMPTIED, NEW, GIVEN_ENOUGH, NOWHERE, "b1", "its pace is for what need not move"),
    "lost, to a new Cell": Forced(LOST, NEW, GIVEN_ENOUGH, SHUT, "b1", "its pace is for what need not move"),
}


@pytest.mark.parametrize("case", FORCED.values(), ids=FORCED)
def test_what_must_leave_goes_where_nothing_else_would(case: Forced) -> None:
    web = replace(WEB, room={"b1": 1, "c1": 1})
    (move,) = decide(fleet(case.leaving, case.to, case.fuller, FULL, web, moved=case.moved), POLICY).moves
    assert move.destination == case.goes, case.reason


@pytest.mark.parametrize(("asked", "goes"), [(1, "b1"), (2, "")])
def test_what_must_leave_gives_up_failure_domains_that_nobody_asked_for(asked: int, goes: str) -> None:
    web = replace(workload("x", {"a1": 1, "b1": 1}, to="b1"), min_domains=asked)
    found = decide(fleet(EMPTIED, CALM, web), POLICY)
    assert [move.destination for move in found.moves] == ([goes] if goes else [])
    assert [one.why for one in found.held] == ([] if goes else [Why.DESTINATION])


def test_what_must_leave_goes_rather_where_it_gives_up_none() -> None:
    web = workload("x", {"a1": 1, "b1": 1}, to="b1 c1")
    (move,) = decide(fleet(EMPTIED, CALM, cell("c1", 50), web), POLICY).moves
    assert move.destination == "c1", "although it is fuller"


def test_what_a_person_has_emptied_makes_no_other_cell_too_full() -> None:
    (found,) = decide(fleet(EMPTIED, cell("b1", 55), WEB), POLICY).held
    assert (found.why, "1 over 65 % with it" in found.message) == (Why.DESTINATION, True)


@pytest.mark.parametrize(("room", "goes"), [(1, "c1"), (0, "b1")])
def test_what_does_not_run_makes_a_cell_full_rather_than_stay_away(room: int, goes: str) -> None:
    """The least loaded Cell with room, although both would be over what a destination may be."""
    web = replace(WEB, room={"b1": 1, "c1": room})
    (move,) = decide(fleet(LOST, cell("b1", 85), cell("c1", 80), web), POLICY).moves
    assert move.destination == goes


@pytest.mark.parametrize(("leaving", "moves"), [(LOST, 1), (EMPTIED, 0)], ids=["lost", "emptied"])
def test_what_does_not_run_may_have_what_a_cell_keeps_free(leaving: Cell, moves: int) -> None:
    web = replace(WEB, room={"b1": 0}, refuge={"b1": 1})
    assert len(decide(fleet(leaving, CALM, web), POLICY).moves) == moves


def test_no_cell_is_filled_beyond_what_it_has_by_what_one_pass_evacuates() -> None:
    """Room was counted before the pass began."""
    both = [workload(name, {"a1": 1}, cpu=10, to="b1") for name in "xy"]
    found = decide(fleet(LOST, cell("b1", 85), *both), RebalancePolicy(cell_in=2))
    assert [move.subject for move in found.moves] == [X]
    assert [(one.subject, "1 full" in one.message) for one in found.held] == [(Y, True)]


class Counted(dict[str, int]):
    """Room that knows of which Cells it was asked for."""

    def __init__(self, *cells: str) -> None:
        super().__init__(dict.fromkeys(cells, 0))
        self.asked = list[str]()

    def __getitem__(self, name: str) -> int:
        self.asked.append(name)
        return super().__getitem__(name)


def test_room_is_counted_only_where_nothing_else_speaks_against_it() -> None:
    """To count it is to look at every node of a Cell."""
    room = Counted("b1", "c1", "d1", "e1", "f1")
    others = (cell("c1", 10, cordoned=True), cell("d1", 60), cell("e1", 10), cell("f1", 10))
    past = (moved(X, "e1", "a1", -9_000, -8_000), moved(Y, "g1", "f1", -60))
    (found,) = decide(fleet(cell("a1", 91), CALM, *others, replace(WEB, room=room), *MANY, moved=past), POLICY).held
    assert found.message.endswith(
        "no Cell can take it: 1 left before, 1 lost or cordoned, 1 over 65 % with it, 1 receiving another, "
        "1 without room"
    )
    assert room.asked == ["b1"]


def test_evacuations_leave_the_budget_of_the_fleet_alone() -> None:
    given = fleet(HOT, CALM, WEB, moved=(moved(Y, "c1", "d1", -60, evacuates=True),))
    assert [move.subject for move in decide(given, POLICY).moves] == [X]


def test_a_person_is_asked_where_the_application_says_so() -> None:
    asked = workload("asked", {"a1": 1}, cpu=15, to="b1", mode=Mode.PROPOSE)
    decision = decide(fleet(HOT, CALM, asked), POLICY)
    assert ([move.subject for move in decision.proposals], decision.moves) == ([asked.subject], ())
    both = decide(fleet(HOT, CALM, asked, replace(asked, subject=Y), WEB), POLICY)
    assert [move.subject for move in both.proposals] == [asked.subject], "one proposal for a Cell is enough to read"
    assert [move.subject for move in both.moves] == [X], "and what needs no word does not wait for it"


def test_every_budget_is_a_number_of_the_policy() -> None:
    wide = RebalancePolicy(fleet_percent=100.0, cell_out=2, cell_in=2)
    given = fleet(HOT, cell("c1", 85), CALM, WEB, workload("y", {"c1": 1}, to="b1"), workload("z", {"c1": 1}, to="b1"))
    assert [move.subject.application for move in decide(given, wide).moves] == ["shop/y", "shop/x"], (
        "both fit into b1, and a hot Cell gives up one replica in a pass"
    )
    assert [move.subject.application for move in decide(given, POLICY).moves] == ["shop/y"]


def test_the_fullest_resource_counts_and_one_that_is_not_there_is_full() -> None:
    bound = replace(HOT, capacity={"cpu": 1000.0, "memory": 100.0}, reserved={"cpu": 10.0, "memory": 80.0})
    heavy = replace(WEB, requests={"memory": 10.0})
    roomy = replace(CALM, capacity={"cpu": 100.0, "memory": 100.0})
    assert decide(fleet(bound, roomy, heavy), POLICY).moves[0].gain == 50.0
    (found,) = decide(fleet(bound, CALM, heavy), POLICY).held
    assert found.why is Why.DESTINATION, "b1 has no memory at all"
    nothing = replace(roomy, capacity={"cpu": 100.0, "memory": 100.0, "gpu": 0.0}, reserved={"gpu": 0.0})
    assert decide(fleet(bound, nothing, heavy), POLICY).moves[0].trigger is Trigger.HOT


def test_the_budget_of_the_fleet_is_a_share_and_at_least_one() -> None:
    assert [POLICY.fleet_budget(number) for number in (0, 99, 199, 200, 10_000)] == [1, 1, 1, 2, 100]
