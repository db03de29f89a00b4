"""Why nothing leaves a Cell is told in words that last as long as the reasons, and only where something is to leave."""

from dataclasses import dataclass, replace

import pytest

from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.fleet import Cell, Decision, Fleet, Held, Mode, Moved, Subject, Trigger, Why
from pilothouse.planning.rebalance.holds import PROPOSED, SAID, Hold, holds
from pilothouse.planning.rebalance.policy import RebalancePolicy
from tests.unit.planning.rebalance.fleets import NOW, cell, fleet, workload

POLICY = RebalancePolicy()
HOT, FULL = cell("a1", 80), cell("b1", 60)
DRAINED = cell("a1", 30, cordoned=True, evict=True)
LOST = cell("a1", 30, lost_since=NOW - 900)
WEB = workload("x", {"a1": 1}, to="b1")
SHUT_OUT = replace(WEB, room={"b1": 0})
DATA = replace(workload("y", {"a1": 1}, to="b1"), mode=Mode.NEVER, drained=Mode.NEVER, why="its volume v has data")
ELSEWHERE = workload("z", {"c1": 1}, to="d1")


def told(given: Fleet, before: dict[str, Hold] | None = None) -> dict[str, Hold]:
    return holds(given.cells, decide(given, POLICY), POLICY, before or {})


@dataclass(frozen=True, slots=True)
class Case:
    given: Fleet
    want: tuple[str, str] | None
    reason: str


CASES = {
    "hot": Case(
        fleet(HOT, FULL, WEB),
        ("Destination", "it is hot, and nothing leaves it: no other Cell can take web of shop/x"),
        "nodes have to be added",
    ),
    "to be emptied": Case(
        fleet(DRAINED, FULL, WEB, DATA),
        (
            "Destination",
            (
                "it is to be emptied, and nothing leaves it: no other Cell can take web of shop/x; "
                "web of shop/y may not move: its volume v has data"
            ),
        ),
        "each reason, that first which a person can do most about",
    ),
    "lost": Case(
        fleet(LOST, FULL, SHUT_OUT),
        ("Destination", "it is lost, and nothing leaves it: no other Cell can take web of shop/x"),
        "what ran there runs nowhere",
    ),
    "many": Case(
        fleet(HOT, FULL, *(workload(name, {"a1": 1}, to="b1") for name in "qponm")),
        (
            "Destination",
            (
                "it is hot, and nothing leaves it: "
                "no other Cell can take web of shop/m, web of shop/n, web of shop/o and 2 more"
            ),
        ),
        "a status is no list of everything",
    ),
    "a person is asked": Case(
        fleet(HOT, cell("b1"), DATA, replace(WEB, mode=Mode.PROPOSE)),
        (
            "Proposed",
            (
                "it is hot, and nothing leaves it: a person has to agree to the move of web of shop/x; "
                "web of shop/y may not move: its volume v has data"
            ),
        ),
        "who can help is the person who reads it",
    ),
    "repairs": Case(
        fleet(HOT, cell("b1"), WEB, repairs=1),
        ("Repair", "it is hot, and nothing leaves it: repairs go first"),
        "it waits",
    ),
    "filled by others": Case(
        fleet(HOT, cell("b1")),
        ("NoCandidate", "it is hot, and nothing leaves it: nothing of what fills it could move to better effect"),
        "what fills it is not ours",
    ),
    "budget": Case(
        fleet(HOT, cell("b1"), WEB, moved=(Moved(ELSEWHERE.subject, "c1", "b1", NOW - 60),)),
        (
            "FleetBudget",
            "it is hot, and nothing leaves it: as many moves are under way in the fleet as may be at once",
        ),
        "it waits",
    ),
    "on its way": Case(
        fleet(HOT, FULL, WEB, moved=(Moved(DATA.subject, "a1", "b1", NOW - 60),)), None, "something leaves it"
    ),
    "begun now": Case(fleet(HOT, cell("b1"), WEB, DATA), None, "something leaves it from now on"),
    "on its way for ever": Case(
        fleet(HOT, FULL, WEB, moved=(Moved(DATA.subject, "a1", "b1", NOW - 9_000),)),
        ("Destination", "it is hot, and nothing leaves it: no other Cell can take web of shop/x"),
        "what does not become Ready in half an hour is nothing to wait for",
    ),
    "evacuated": Case(
        fleet(LOST, FULL, SHUT_OUT, moved=(Moved(DATA.subject, "a1", "b1", NOW - 60, evacuates=True, arrived=True),)),
        ("Destination", "it is lost, and nothing leaves it: no other Cell can take web of shop/x"),
        "what is there has left, though the move is not over before the Cell is back",
    ),
    "empty": Case(fleet(DRAINED, cell("b1")), None, "everything has left it"),
    "empty while repairs go first": Case(fleet(DRAINED, cell("b1"), repairs=1), None, "nothing waits for them"),
    "neither hot nor left": Case(fleet(cell("a1", 60), FULL, WEB), None, "nothing is to leave it"),
    "dear": Case(
        fleet(cell("a1", 40, price=1.0), cell("b1", 40, price=0.99), WEB),
        None,
        "that it could be cheaper is no trouble",
    ),
    "room is to be made": Case(
        fleet(cell("a1", 70), FULL, WEB, workload("wanting", {}, cpu=35, missing=1, room={"a1": 0})),
        None,
        "the one that waits says so",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_cell_says_why_nothing_leaves_it(case: Case) -> None:
    found = told(case.given).get("a1")
    assert (found and (found.reason, found.message)) == case.want, case.reason


def test_what_changes_by_the_minute_changes_nothing() -> None:
    """How full it is, for how long an Application is left alone, how many Cells say what."""
    moved = Moved(Subject("shop/x", "web"), "d1", "c1", NOW - 900, NOW - 100)
    first = fleet(HOT, FULL, WEB, moved=(moved,))
    second = fleet(cell("a1", 79), FULL, cell("e1", 64), WEB, moved=(replace(moved, ended_at=NOW - 160),))
    assert told(first)["a1"].reason == "Cooldown"
    assert told(first) == told(second)


def test_the_order_in_which_the_fleet_is_told_means_nothing() -> None:
    parts: list[Cell] = [HOT, cell("d1", 90), FULL]
    things = [workload(name, {home: 1}, to="b1") for name, home in zip("pqrs", ("a1", "d1") * 2, strict=True)]
    assert told(fleet(*parts, *things)) == told(fleet(*parts[::-1], *things[::-1]))


BEFORE = {"a1": Hold(Trigger.HOT, "Gain", "as it was")}


def test_what_was_said_stands_while_something_more_urgent_acts() -> None:
    """Of a hot Cell nobody asks in a pass that evacuates another one: it is as hot as it was."""
    evacuated = (cell("c1", lost_since=NOW - 900), cell("d1"), ELSEWHERE)
    given = fleet(HOT, FULL, WEB, *evacuated)
    assert [move.trigger for move in decide(given, POLICY).moves] == [Trigger.MISSING]
    assert told(given, BEFORE) == BEFORE
    assert told(fleet(HOT, FULL, WEB), BEFORE) != BEFORE, "else it is asked again"
    assert told(fleet(cell("a1", 70), FULL, WEB, *evacuated), BEFORE) == {}, "it has cooled down"
    assert told(fleet(replace(HOT, samples=()), FULL, WEB, *evacuated), BEFORE) == {}, "it is another one"
    assert told(fleet(FULL, WEB, *evacuated), BEFORE) == {}, "it is gone"


@pytest.mark.parametrize(("evict", "want"), [(True, {"a1": Hold(Trigger.DRAINING, "Gain", "as it was")}), (False, {})])
def test_what_was_said_of_a_cell_to_be_emptied_stands_while_it_is(want: dict[str, Hold], *, evict: bool) -> None:
    """A hot Cell goes first."""
    given = fleet(replace(DRAINED, evict=evict), FULL, WEB, cell("c1", 80), cell("d1"), ELSEWHERE)
    assert [move.trigger for move in decide(given, POLICY).moves] == [Trigger.HOT]
    assert told(given, {"a1": Hold(Trigger.DRAINING, "Gain", "as it was")}) == want


def test_of_very_many_reasons_the_first_are_told() -> None:
    held = [
        Held(Why.FORBIDDEN, "", Trigger.DRAINING, "a1", Subject(f"shop/{number}", "web"), f"its volume v{number}")
        for number in range(9)
    ]
    message = holds([DRAINED], Decision(held=held), POLICY, {})["a1"].message
    assert message.endswith("web of shop/5 may not move: its volume v5; and more")


def test_each_reason_has_its_words_but_for_what_says_that_something_leaves() -> None:
    assert set(SAID) == {PROPOSED, *Why} - {Why.CELL_BUDGET}
