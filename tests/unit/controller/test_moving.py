"""The status tells what is on its way to another Cell, until it is there, and a while longer."""

from typing import Any

import pytest

from pilothouse.api.application import Moved, Placed, Trigger
from pilothouse.controller.moving import placements, recorded, under_way
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired.moves import Move
from pilothouse.desired.state import DesiredState

MONDAY, TUESDAY = "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"
LATE_ON_MONDAY = "2026-01-05T23:59:59Z"
SOURCE, DESTINATION = (TargetKey(cell, "Deployment", f"checkout-web-{cell}") for cell in "ab")
OPEN = Moved(workload="web", source="a", destination="b", began_at=MONDAY)
BEGUN = Move("web", "a", "b", 2, "roomier")


def over(numbers: range, **more: Any) -> tuple[Moved, ...]:
    """Moves that ended on Monday, told apart by how many replicas went."""
    return tuple(OPEN.model_copy(update={"ended_at": MONDAY, "replicas": number, **more}) for number in numbers)


def nothing(_: TargetKey) -> bool:
    return False


def everything(_: TargetKey) -> bool:
    return True


def test_what_begins_is_told_once_for_each_pair_of_cells() -> None:
    """A move that is under way grows by what goes the same way, and is as young as the last of it."""
    first = recorded("checkout", (), [BEGUN], nothing, MONDAY)
    assert first == (OPEN.model_copy(update={"replicas": 2, "reason": "roomier"}),)
    (grown,) = recorded("checkout", first, [Move("web", "a", "b", 3, "roomier by now")], nothing, TUESDAY)
    assert grown == OPEN.model_copy(update={"replicas": 5, "reason": "roomier by now", "began_at": TUESDAY})


def test_what_rebalancing_moves_grows_by_what_it_moves_the_same_way_for_another_reason() -> None:
    """A Cell that is emptied and then lost: what is on its way left the lost Cell too."""
    drains = OPEN.model_copy(update={"trigger": "Draining"})
    more = Move("web", "a", "b", 1, "a is lost", "Missing", evacuates=True)
    (grown,) = recorded("checkout", (drains,), [more], nothing, TUESDAY)
    told = {"replicas": 2, "reason": "a is lost", "trigger": "Missing", "evacuates": True, "began_at": TUESDAY}
    assert grown == OPEN.model_copy(update=told)


@pytest.mark.parametrize(("first", "second"), [("", "Missing"), ("Hot", "")])
def test_what_the_spec_moves_and_what_rebalancing_moves_the_same_way_are_told_apart(
    first: Trigger, second: Trigger
) -> None:
    """Else the last to begin would say of both what they are for, and how they are handed over."""
    before = OPEN.model_copy(update={"trigger": first, "reason": "its own"})
    told = recorded("checkout", (before,), [Move("web", "a", "b", 1, "another", second)], nothing, TUESDAY)
    assert told == (before, OPEN.model_copy(update={"trigger": second, "reason": "another", "began_at": TUESDAY}))
    ended = recorded("checkout", told, (), everything, TUESDAY)
    assert [move.ended_at for move in ended] == [TUESDAY, TUESDAY], "they end together, for one thing runs both"


def test_a_move_that_grows_is_not_over_whatever_rests() -> None:
    (grown,) = recorded("checkout", (OPEN,), [BEGUN], everything, TUESDAY)
    assert (grown.replicas, grown.ended_at) == (3, "")


def test_what_is_over_does_not_grow_and_what_goes_elsewhere_leaves_a_move_as_it_is() -> None:
    (past,) = over(range(1, 2))
    assert recorded("checkout", (past,), [BEGUN], nothing, TUESDAY)[0] == past
    others = [Move("api", "a", "b"), Move("web", "c", "b"), Move("web", "a", "c"), Move("web", "b", "a")]
    told = recorded("checkout", (OPEN,), others, nothing, TUESDAY)
    assert told[0] == OPEN
    assert [(move.workload, move.source, move.destination) for move in told[1:]] == [
        (move.workload, move.source, move.destination) for move in others
    ]


@pytest.mark.parametrize("left", [SOURCE, DESTINATION])
def test_it_is_over_once_nothing_is_left_to_do_on_either_side(left: TargetKey) -> None:
    assert recorded("checkout", (OPEN,), (), lambda key: key != left, TUESDAY) == (OPEN,)
    told = recorded("checkout", (OPEN,), (), everything, TUESDAY)
    assert told == (OPEN.model_copy(update={"ended_at": TUESDAY}),)
    assert under_way(told) == ()


def test_the_last_ten_are_told_of_and_all_that_are_under_way() -> None:
    past = over(range(1, 13))
    told = recorded("checkout", (OPEN, *past), (), nothing, TUESDAY)
    assert told == (OPEN, *past[2:])


def test_it_is_told_what_rebalancing_began_it_for_and_whether_the_cell_was_lost() -> None:
    (told,) = recorded("checkout", (), [Move("web", "a", "b", trigger="Missing", evacuates=True)], nothing, MONDAY)
    assert told == OPEN.model_copy(update={"trigger": "Missing", "evacuates": True})


@pytest.mark.parametrize("left", [SOURCE, DESTINATION])
def test_what_left_a_lost_cell_is_over_once_that_cell_has_given_it_up_too(left: TargetKey) -> None:
    """Until then there may be one more of it, and whoever runs the workload is not to be counted twice."""
    leaves = OPEN.model_copy(update={"trigger": "Missing", "evacuates": True})
    assert recorded("checkout", (leaves,), (), lambda key: key != left, TUESDAY) == (leaves,)
    (told,) = recorded("checkout", (leaves,), (), everything, TUESDAY)
    assert told == leaves.model_copy(update={"ended_at": TUESDAY})


def test_when_it_ended_is_told_once() -> None:
    past = over(range(1, 2))
    assert recorded("checkout", past, (), everything, TUESDAY) == past


def test_fifty_that_rebalancing_began_are_told_of_for_a_day() -> None:
    """They tell where nothing returns to."""
    past = over(range(1, 61), trigger="Hot")
    assert recorded("checkout", past, (), nothing, LATE_ON_MONDAY) == past[10:]
    assert recorded("checkout", past, (), nothing, TUESDAY) == past[50:]


def test_what_rebalancing_began_is_told_of_beside_the_last_ten_in_the_order_of_old() -> None:
    asked, own, last = over(range(1, 6), trigger="Hot"), over(range(6, 18)), over(range(18, 19), trigger="NewCell")
    told = recorded("checkout", (*asked, OPEN, *own, *last), (), nothing, LATE_ON_MONDAY)
    assert told == (*asked, OPEN, *own[3:], *last)


def test_what_ends_now_counts_among_those_that_are_over() -> None:
    past = over(range(1, 11))
    told = recorded("checkout", (*past, OPEN), (), everything, TUESDAY)
    assert told == (*past[1:], OPEN.model_copy(update={"ended_at": TUESDAY}))


def where(text: str) -> tuple[Placed, ...]:
    """Placements, from `workload-cell` for each."""
    pairs = [one.split("-") for one in text.split()]
    return tuple(Placed(workload=workload, cell=cell, replicas=1) for workload, cell in pairs)


WANTED = DesiredState(placements=where("web-b api-b api-c"), runners={"web": (), "api": ()})


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("", "web-b api-b api-c"),
        ("web", "web-a api-b api-c"),
        ("api", "web-b api-a"),
        ("web api", "web-a api-a"),
    ],
)
def test_what_waits_to_move_is_told_to_be_where_it_was_in_the_order_of_the_workloads(held: str, told: str) -> None:
    assert placements(where("api-a web-a gone-a"), WANTED, set(held.split())) == where(told)
