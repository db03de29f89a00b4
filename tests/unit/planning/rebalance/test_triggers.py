"""What sets moves off, in which order, and what each says to people."""

from dataclasses import dataclass, replace

import pytest

from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.fleet import Fleet, Moved, Subject, Trigger, Why
from pilothouse.planning.rebalance.policy import RebalancePolicy
from tests.unit.planning.rebalance.fleets import NOW, cell, fleet, workload

POLICY = RebalancePolicy()
HOT = cell("a1", 80)
CALM = (cell("b1", 40), cell("c1", 30))
WEB = workload("x", {"a1": 1}, to="b1 c1")
LOST = cell("a1", 30, lost_since=NOW - 301)


@dataclass(frozen=True, slots=True)
class Case:
    """moves: "application source>destination trigger" for each, in order."""

    given: Fleet
    moves: list[str]
    reason: str


def brief(given: Fleet, policy: RebalancePolicy = POLICY) -> list[str]:
    return [
        f"{move.subject.application.removeprefix('shop/')} {move.source}>{move.destination} {move.trigger}"
        for move in decide(given, policy).moves
    ]


CASES = {
    "hot": Case(fleet(HOT, *CALM, WEB), ["x a1>c1 Hot"], "the least loaded Cell takes it, not the one it fits best"),
    "hot just now": Case(
        fleet(replace(HOT, samples=(0.74, 0.8, 0.8)), *CALM, WEB), [], "two samples of three are no state to act on"
    ),
    "full before the third sample": Case(
        fleet(replace(HOT, samples=(0.6, 0.7, 0.8)), *CALM, WEB),
        ["x a1>c1 Hot"],
        "at ten points a minute it is full in two, and a move takes longer than that",
    ),
    "growing, but not hot": Case(
        fleet(cell("a1", 70, samples=(0.3, 0.5, 0.7)), *CALM, WEB), [], "what is not over the threshold may stay there"
    ),
    "hot for two samples": Case(
        fleet(replace(HOT, samples=(0.8, 0.8)), *CALM, WEB), [], "after a restart there is too little to judge by"
    ),
    "as full as allowed": Case(fleet(cell("a1", 75), *CALM, WEB), [], "hot begins above the threshold"),
    "cooling by itself": Case(
        fleet(replace(HOT, samples=(0.82, 0.80, 0.78)), *CALM, WEB), [], "in five minutes it will be under .75 anyway"
    ),
    "the hottest first": Case(
        fleet(HOT, cell("d1", 90), *CALM, WEB, workload("y", {"d1": 1}, to="b1 c1")),
        ["y d1>c1 Hot"],
        "one move is what a small fleet may have under way, and the fullest Cell needs it most",
    ),
    "the largest relief": Case(
        fleet(HOT, *CALM, workload("small", {"a1": 1}, cpu=5, to="c1"), workload("large", {"a1": 1}, cpu=12, to="c1")),
        ["large a1>c1 Hot"],
        "one large move costs less than two small ones",
    ),
    "the largest that fits": Case(
        fleet(HOT, *CALM, workload("huge", {"a1": 1}, cpu=40, to="c1"), WEB),
        ["x a1>c1 Hot"],
        "what no Cell can take does not keep the rest from moving",
    ),
    "the cheaper of two": Case(
        fleet(HOT, *CALM, replace(WEB, cost=4.0), workload("y", {"a1": 1}, to="b1 c1")),
        ["y a1>c1 Hot"],
        "the same relief for a lower cost",
    ),
    "draining": Case(
        fleet(cell("a1", 30, cordoned=True, evict=True), cell("b1", 40), workload("x", {"a1": 1}, to="b1")),
        ["x a1>b1 Draining"],
        "a person wants it empty, so nothing has to be gained",
    ),
    "cordoned": Case(
        fleet(cell("a1", 60, cordoned=True), cell("b1", 10), workload("x", {"a1": 1}, to="b1")),
        [],
        "a cordon alone keeps new things out and leaves old ones alone",
    ),
    "cordoned and hot": Case(
        fleet(cell("a1", 80, cordoned=True), cell("b1", 10), workload("x", {"a1": 1}, to="b1")),
        ["x a1>b1 Hot"],
        "a cordon does not keep what is too much there",
    ),
    "what matters most leaves first": Case(
        fleet(
            cell("a1", 30, cordoned=True, evict=True),
            cell("b1", 40),
            workload("x", {"a1": 1}, to="b1"),
            workload("y", {"a1": 1}, to="b1", priority=7),
        ),
        ["y a1>b1 Draining"],
        "priorities first",
    ),
    "what matters most leaves first, of two Cells": Case(
        fleet(
            cell("a1", 30, cordoned=True, evict=True),
            cell("c1", 30, cordoned=True, evict=True),
            cell("d1", 30, cordoned=True, evict=True),
            cell("b1", 40),
            workload("x", {"a1": 1}, to="b1"),
            workload("y", {"c1": 1}, to="b1", priority=7),
            workload("z", {"c1": 1}, to="b1"),
        ),
        ["y c1>b1 Draining"],
        "a small fleet moves one thing at a time, wherever that is",
    ),
    "lost": Case(
        fleet(LOST, *CALM, workload("x", {"a1": 1}, to="b1 c1"), workload("y", {"a1": 1}, to="b1 c1", priority=9)),
        ["y a1>c1 Missing", "x a1>b1 Missing"],
        "as many as the others can take, one each, priorities first: nothing that runs is disturbed",
    ),
    "lost just now": Case(
        fleet(replace(LOST, lost_since=NOW - 299), *CALM, WEB), [], "a Cell that restarts is no Cell that failed"
    ),
    "most missing first": Case(
        fleet(
            LOST,
            cell("b1"),
            workload("x", {"a1": 1}, to="b1"),
            workload("y", {"a1": 2}, to="b1"),
        ),
        ["y a1>b1 Missing"],
        "the one that lost more is closer to failing its users",
    ),
    "most missing first, lost or placed nowhere": Case(
        fleet(
            LOST,
            cell("b1"),
            workload("x", {"a1": 3}, to="b1"),
            workload("y", {"a1": 2}, to="b1", missing=2),
        ),
        ["y a1>b1 Missing"],
        "what fits nowhere does not run either",
    ),
    "priorities before what is missing": Case(
        fleet(LOST, cell("b1"), workload("x", {"a1": 1}, to="b1", priority=1), workload("y", {"a1": 5}, to="b1")),
        ["x a1>b1 Missing"],
        "a person said so",
    ),
    "a waiting person first": Case(
        fleet(
            LOST,
            cell("b1"),
            workload("x", {"a1": 1}, to="b1", blocked=True),
            workload("y", {"a1": 2}, to="b1", priority=9),
        ),
        ["x a1>b1 Blocked"],
        "somebody sits and waits",
    ),
    "one kind acts": Case(
        fleet(LOST, cell("d1", 90), *CALM, workload("x", {"a1": 1}, to="b1"), workload("y", {"d1": 1}, to="c1")),
        ["x a1>b1 Missing"],
        "the next pass sees what this one did before anything less pressing is begun",
    ),
    "room is made": Case(
        fleet(
            cell("a1", 70),
            cell("b1", 40),
            workload("x", {"a1": 1}, cpu=10, to="b1"),
            workload("wanting", {"c9": 0}, cpu=35, missing=1, room={"a1": 0}),
        ),
        ["x a1>b1 Missing"],
        "one move lets the missing replica in",
    ),
    "room is not made of what matters more": Case(
        fleet(
            cell("a1", 70),
            cell("b1", 40),
            workload("x", {"a1": 1}, to="b1", priority=1),
            workload("wanting", {}, cpu=35, missing=1, room={"a1": 0}),
        ),
        [],
        "what is important does not yield to what is less so",
    ),
    "room that would not be enough": Case(
        fleet(
            cell("a1", 70),
            cell("b1", 40),
            workload("x", {"a1": 1}, cpu=2, to="b1"),
            workload("wanting", {}, cpu=35, missing=1, room={"a1": 0}),
        ),
        [],
        "a move that does not help is no move",
    ),
    "room on no node": Case(
        fleet(
            cell("a1", 30),
            cell("b1", 20),
            workload("x", {"a1": 1}, to="b1"),
            workload("wanting", {}, cpu=35, missing=1, room={"a1": 0}),
        ),
        [],
        "the sum has room already, so a move within it is not known to help, and could go on for ever",
    ),
    "room is there": Case(
        fleet(cell("a1", 70), cell("b1", 40), workload("wanting", {}, missing=1, to="b1"), WEB),
        [],
        "placement puts the replica there without any move",
    ),
    "a new Cell": Case(
        fleet(
            cell("a1", 60),
            cell("b1", 40),
            cell("c1", 0, joined_at=NOW - 60),
            workload("x", {"a1": 1}, to="c1"),
            workload("y", {"b1": 1}, to="c1"),
        ),
        ["x a1>c1 NewCell"],
        "it gets something of the fullest",
    ),
    "a recovered Cell": Case(
        fleet(cell("a1", 60), cell("c1", 0, recovered_at=NOW - 60), workload("x", {"a1": 1}, to="c1")),
        ["x a1>c1 NewCell"],
        "it is as empty as a new one",
    ),
    "an old empty Cell": Case(
        fleet(cell("a1", 60), cell("c1", 0, joined_at=NOW - 86_400), workload("x", {"a1": 1}, to="c1")),
        [],
        "who has not got its share within a day is left to what arrives",
    ),
    "a new Cell with half the mean": Case(
        fleet(cell("a1", 60), cell("c1", 21, joined_at=NOW - 60), workload("x", {"a1": 1}, to="c1")),
        [],
        "the rest comes by arrivals, which prefer the empty",
    ),
    "price": Case(
        fleet(
            cell("a1", 30, price=2.0), cell("b1", 40, price=1.0), cell("c1", 10), workload("x", {"a1": 1}, to="b1 c1")
        ),
        ["x a1>b1 Price"],
        "half the price, and nothing else is the matter; a Cell without a price is none that is free of charge",
    ),
    "price behind everything": Case(
        fleet(cell("a1", 30, price=2.0), cell("b1", 40, price=1.0), cell("c1", 90), workload("x", {"a1": 1}, to="b1")),
        [],
        "c1 is hot, even though nothing can be done about it",
    ),
    "price a little lower": Case(
        fleet(cell("a1", 30, price=1.05), cell("b1", 40, price=1.0), workload("x", {"a1": 1}, to="b1")),
        [],
        "five in a hundred are not worth a move",
    ),
    "price while something is under way": Case(
        fleet(
            cell("a1", 30, price=2.0),
            cell("b1", 40, price=1.0),
            workload("x", {"a1": 1}, to="b1"),
            moved=(Moved(Subject("shop/z", "web"), "a1", "b1", NOW - 60, evacuates=True),),
        ),
        [],
        "only when nothing else",
    ),
    "balanced": Case(
        fleet(cell("a1", 60), cell("b1", 40), workload("x", {"a1": 1}, to="b1")),
        [],
        "no Cell is hot, so nothing moves however uneven they are",
    ),
    "nothing at all": Case(fleet(), [], "an empty fleet has nothing to move"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_moves(case: Case) -> None:
    assert brief(case.given) == case.moves, case.reason


def test_a_move_says_why_and_what_it_gains() -> None:
    (move,) = decide(fleet(HOT, *CALM, replace(WEB, cost=3.0)), POLICY).moves
    assert move.reason == (
        "a1 is 80 % reserved, over 75 % in 3 samples running; one replica of web of shop/x moves to c1, "
        "which is 40 % reserved with it; it gains 40.0 points and costs 3.0"
    )
    assert (move.gain, move.cost, move.evacuates) == (40.0, 3.0, False)


REASONS: dict[str, tuple[Fleet, str]] = {
    "soon full": (
        CASES["full before the third sample"].given,
        "a1 is 80 % reserved, over 75 % and full within 5 samples if it goes on so;",
    ),
    "lost": (CASES["lost"].given, "1 replica is missing of web of shop/y; a1 of a is lost;"),
    "blocked": (
        CASES["a waiting person first"].given,
        "1 replica is missing of web of shop/x, which a person waits for;",
    ),
    "room": (CASES["room is made"].given, "1 replica is missing of web of shop/wanting, and no Cell has room;"),
    "draining": (CASES["draining"].given, "a1 is cordoned and is to be emptied;"),
    "new": (CASES["a new Cell"].given, "c1 joined and is 0 % reserved, less than 50 % of the mean 33 %;"),
    "recovered": (
        CASES["a recovered Cell"].given,
        "c1 recovered and is 0 % reserved, less than 50 % of the mean 30 %;",
    ),
    "price": (CASES["price"].given, "a1 costs 2; one replica of web of shop/x moves to b1,"),
}


@pytest.mark.parametrize(("given", "begins"), REASONS.values(), ids=REASONS)
def test_each_trigger_has_its_sentence(given: Fleet, begins: str) -> None:
    assert decide(given, POLICY).moves[0].reason.startswith(begins)


def test_most_cells_lost_is_our_fault_and_not_theirs() -> None:
    lost = [cell(f"{letter}1", lost_since=NOW - 900) for letter in "abc"]
    web = workload("x", {"a1": 1}, to="d1 e1")
    ours = "3 of 5 Cells look lost at once: that is more likely us than them"
    assert [
        (held.why, held.cell, held.message) for held in decide(fleet(*lost, cell("d1"), cell("e1"), web), POLICY).held
    ] == [
        (Why.MOST_LOST, "", ours),
        (Why.MOST_LOST, "a1", f"1 replica is missing of web of shop/x; a1 of a is lost; {ours}"),
    ]
    assert brief(fleet(*lost, cell("d1"), cell("e1"), cell("f1"), web)) == ["x a1>d1 Missing"], "half of them is a fact"


def test_repairs_go_first() -> None:
    decision = decide(fleet(HOT, *CALM, WEB, cell("d1", evict=True, cordoned=True), repairs=2), POLICY)
    assert decision.moves == ()
    assert [(held.why, held.cell) for held in decision.held] == [
        (Why.REPAIR, ""),
        (Why.REPAIR, "a1"),
        (Why.NO_CANDIDATE, "d1"),
    ], "each Cell that something is to leave is named, and nothing is in the last"


def test_what_others_keep_waiting_goes_first() -> None:
    decision = decide(fleet(HOT, LOST, *CALM, WEB, in_line=3), POLICY)
    message = "3 Plans wait in line for others, and rebalancing comes behind them"
    assert (decision.moves, decision.held[0].message) == ((), message)
    assert {held.why for held in decision.held} == {Why.IN_LINE}


def test_every_trigger_is_tested() -> None:
    seen = {move.trigger for case in CASES.values() for move in decide(case.given, POLICY).moves}
    assert seen == set(Trigger)
