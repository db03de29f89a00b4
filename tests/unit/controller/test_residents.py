"""What an Application is asked for stands until its status tells of it, it cannot be, or something else is better."""

from dataclasses import replace
from typing import Any

import pytest

from pilothouse.api.application import Moved
from pilothouse.api.times import rfc3339, seconds
from pilothouse.api.workload import Workload
from pilothouse.controller.moving import recorded
from pilothouse.controller.ports import Key
from pilothouse.controller.residents import (
    ASKED_SECONDS,
    DECLINED_SECONDS,
    PROPOSED_SECONDS,
    Asked,
    Mover,
    Residents,
    as_moved,
)
from pilothouse.desired.moves import Move
from pilothouse.planning.rebalance import fleet
from pilothouse.planning.rebalance.fleet import Subject
from pilothouse.planning.rebalance.reading import Resident

ONE, OTHER = Key("shop", "one"), Key("shop", "other")
WEB, API, OTHERS = Mover(ONE, "web"), Mover(ONE, "api"), Mover(OTHER, "web")
GOES = Move("web", "a", "b", reason="a is hot", trigger="Hot")
ELSEWHERE = Move("web", "a", "c", reason="a is hotter", trigger="Hot")
BACK = Move("web", "c", "b")
BESIDE = Move("api", "a", "b")
BEGAN = "2026-01-01T00:00:00Z"


def resident(key: Key = ONE, *moves: Moved) -> Resident:
    return Resident(str(key), (), (), frozenset(), lambda _: (), moves)


def begun(move: Move, **more: Any) -> Moved:
    return Moved(workload=move.workload, source=move.source, destination=move.destination, began_at=BEGAN, **more)


def asking(move: Move = GOES, at: float = 0.0) -> Residents:
    residents = Residents()
    residents.ask({WEB: move}, {}, at)
    return residents


def proposing(move: Move = GOES) -> Residents:
    residents = Residents()
    residents.ask({}, {WEB: move}, 0.0)
    return residents


def still(residents: Residents, now: float) -> bool:
    """Whether nothing of the Application is to be moved, as its last pass or rebalancing knows."""
    (one,) = residents.all(now)
    return bool(one.still)


def test_everybody_was_met_once_each_had_a_pass() -> None:
    residents = Residents()
    assert residents.has_met([])
    residents.meet(ONE)
    residents.meet(Key("shop", "gone"))
    assert residents.has_met([ONE])
    assert not residents.has_met([ONE, OTHER])
    residents.meet(OTHER)
    assert residents.has_met(iter([ONE, OTHER]))


def test_to_be_met_is_not_to_be_known() -> None:
    """A pass that stalls on a spec has been, and tells nothing."""
    residents = Residents()
    residents.meet(ONE)
    assert residents.all(0.0) == ()


def test_the_last_pass_is_what_is_known_in_the_order_of_keys() -> None:
    residents = Residents()
    for known in (resident(OTHER), resident(ONE), resident(ONE, begun(GOES))):
        residents.note(Key(*known.name.split("/")), known, repairing=False)
    assert [(each.name, len(each.moves)) for each in residents.all(0.0)] == [("shop/one", 1), ("shop/other", 0)]


def test_repairs_are_counted_by_application_until_a_pass_tells_of_none() -> None:
    residents = Residents()
    for key in (ONE, OTHER, ONE):
        residents.note(key, resident(key), repairing=True)
    assert residents.repairs == 2
    residents.note(ONE, resident(), repairing=False)
    assert residents.repairs == 1


def test_who_waits_in_line_is_counted_unless_it_only_moves_something() -> None:
    residents = Residents()
    residents.note(ONE, resident(), repairing=False, in_line="SpecChanged")
    residents.note(OTHER, resident(OTHER), repairing=False, in_line="Rebalance")
    assert residents.in_line == 1, "moves do not wait for moves"
    residents.note(OTHER, resident(OTHER), repairing=False, in_line="Drift")
    assert residents.in_line == 2
    residents.leave_alone(OTHER, "its spec cannot be carried out")
    residents.forget(ONE)
    assert residents.in_line == 0
    residents.note(ONE, resident(), repairing=False, in_line="SpecChanged")
    residents.note(ONE, resident(), repairing=False)
    assert residents.in_line == 0, "it has its turn"


def test_who_waits_in_line_is_not_idle() -> None:
    """It would begin if it were let: nobody asks it in vain."""
    residents = asking()
    residents.note(ONE, resident(), repairing=False, in_line="Rebalance")
    residents.ask({}, {}, ASKED_SECONDS)
    assert residents.asked(ONE) == (), "by then something else may be better"
    assert not still(residents, ASKED_SECONDS)


def test_what_was_forgotten_has_to_be_met_and_told_anew() -> None:
    residents = asking()
    residents.meet(ONE)
    residents.note(ONE, resident(), repairing=True)
    residents.forget(ONE)
    residents.forget(OTHER)
    assert (residents.all(0.0), residents.repairs, residents.asked(ONE), residents.pending()) == ((), 0, (), [])
    assert not residents.has_met([ONE])


def test_what_is_forgotten_was_never_asked_for_and_is_not_left_alone_when_it_comes_again() -> None:
    residents = asking()
    residents.ask({API: BESIDE, OTHERS: GOES}, {}, 0.0)
    residents.note(OTHER, resident(OTHER), repairing=False)
    residents.ask({}, {}, ASKED_SECONDS)
    residents.ask({WEB: GOES, API: BESIDE, OTHERS: GOES}, {}, ASKED_SECONDS)
    residents.forget(ONE)
    assert [mover for mover, _ in residents.pending()] == [OTHERS], "of no workload of it, and of the others as before"
    residents.note(ONE, resident(), repairing=False)
    assert [bool(one.still) for one in residents.all(ASKED_SECONDS)] == [False, True]


def test_moves_under_way_are_those_of_all_that_are_not_over() -> None:
    residents = asking()
    assert residents.under_way == 0, "what is asked for is none yet"
    residents.note(ONE, resident(ONE, begun(BACK), begun(BESIDE), begun(GOES, ended_at=BEGAN)), repairing=False)
    residents.note(OTHER, resident(OTHER, begun(GOES)), repairing=False)
    assert residents.under_way == 3
    residents.leave_alone(ONE, "it is deleted")
    assert residents.under_way == 3, "what goes is on its way all the same"
    residents.forget(OTHER)
    assert residents.under_way == 2


def test_what_is_left_alone_is_still_and_repairs_nothing_until_a_pass_says_otherwise() -> None:
    residents = Residents()
    residents.note(ONE, resident(ONE, begun(GOES)), repairing=True)
    residents.leave_alone(ONE, "it is deleted")
    assert residents.all(0.0) == (
        replace(resident(ONE, begun(GOES)), open_to=residents.all(0.0)[0].open_to, still="it is deleted"),
    )
    assert residents.repairs == 0
    residents.note(ONE, resident(), repairing=False)
    assert not still(residents, 0.0)


def test_nothing_stays_asked_of_who_is_to_be_left_alone_and_that_is_no_idleness() -> None:
    residents = asking()
    residents.note(ONE, resident(), repairing=False)
    residents.leave_alone(ONE, "it is deleted")
    assert residents.asked(ONE) == ()
    residents.note(ONE, resident(), repairing=False)
    residents.ask({}, {}, ASKED_SECONDS)
    assert not still(residents, ASKED_SECONDS)


def test_what_nothing_is_known_of_is_left_alone_anyway() -> None:
    residents = Residents()
    residents.leave_alone(ONE, "it is deleted")
    assert residents.all(0.0) == ()


def test_an_application_is_asked_for_what_was_decided_for_it() -> None:
    residents = Residents()
    assert residents.asked(ONE) == ()
    assert residents.ask({WEB: GOES}, {OTHERS: ELSEWHERE}, 0.0) == {ONE, OTHER}
    assert (residents.asked(ONE), residents.asked(OTHER)) == ((GOES,), (ELSEWHERE,))


def test_several_workloads_of_an_application_are_asked_each_for_its_own() -> None:
    """Two of one Application leave a Cell that was lost, each on its way."""
    residents = Residents()
    assert residents.ask({WEB: GOES, API: BESIDE}, {}, 0.0) == {ONE}
    assert residents.asked(ONE) == (BESIDE, GOES)
    assert [mover for mover, _ in residents.pending()] == [API, WEB]
    residents.note(ONE, resident(ONE, begun(BESIDE)), repairing=False)
    assert residents.asked(ONE) == (GOES,), "what the status tells of one says nothing of another"
    residents.ask({API: BESIDE}, {}, 60.0)
    residents.decline(ONE, [(GOES, "b: cordoned")], 60.0)
    assert residents.asked(ONE) == (BESIDE,)


def test_what_is_asked_for_again_is_no_news_and_keeps_its_time() -> None:
    residents = asking()
    assert residents.ask({WEB: GOES}, {}, 200.0) == set()
    assert residents.pending() == [(WEB, Asked(GOES, 0.0, 200.0, proposed=False))]
    assert residents.ask({}, {}, ASKED_SECONDS) == {ONE}, "it has as long as from the first time"


def test_what_is_decided_again_when_its_time_is_over_has_time_anew() -> None:
    residents = asking()
    residents.note(ONE, resident(), repairing=False)
    newer = Asked(GOES, ASKED_SECONDS, ASKED_SECONDS, proposed=False)
    residents.ask({WEB: GOES}, {}, ASKED_SECONDS)
    assert residents.pending() == [(WEB, newer)]
    assert not still(residents, ASKED_SECONDS)


@pytest.mark.parametrize("busy", [False, True])
def test_what_is_not_decided_again_has_its_time_and_nothing_is_asked_after_it_for_an_hour(*, busy: bool) -> None:
    """It counts as under way, so it is not decided again. What began nothing keeps others from moving no longer."""
    residents = asking()
    residents.note(ONE, resident(), repairing=False)
    assert residents.ask({}, {}, ASKED_SECONDS - 1, busy=busy) == set()
    assert (residents.asked(ONE), still(residents, ASKED_SECONDS - 1)) == ((GOES,), False)
    assert residents.ask({}, {}, ASKED_SECONDS, busy=busy) == {ONE}
    assert (residents.asked(ONE), residents.pending()) == ((), [])
    assert residents.ask({}, {}, ASKED_SECONDS + 60, busy=busy) == set()
    assert still(residents, ASKED_SECONDS)
    assert still(residents, ASKED_SECONDS + DECLINED_SECONDS - 1)
    assert not still(residents, ASKED_SECONDS + DECLINED_SECONDS)


def test_who_began_nothing_keeps_nobody_else_from_moving() -> None:
    residents = asking()
    for key in (ONE, OTHER):
        residents.note(key, resident(key), repairing=False)
    residents.ask({}, {}, ASKED_SECONDS)
    late, other = residents.all(ASKED_SECONDS)
    assert (late.name, other.name, other.still) == ("shop/one", "shop/other", "")
    assert late.still == "it was asked to move something and did not begin in time: it is asked again within the hour"


def test_what_a_pass_says_of_why_nothing_moves_comes_before_that_nothing_began() -> None:
    residents = asking()
    residents.note(ONE, resident(), repairing=False)
    residents.ask({}, {}, ASKED_SECONDS)
    residents.leave_alone(ONE, "it is deleted")
    assert [one.still for one in residents.all(ASKED_SECONDS)] == ["it is deleted"]


def test_who_did_not_leave_a_lost_cell_in_time_is_asked_again_at_once() -> None:
    """Its pass may wait for the Cell that does not answer, and an hour is long for somebody who is not there."""
    residents = asking(Move("web", "a", "b", trigger="Missing", evacuates=True))
    residents.note(ONE, resident(), repairing=False)
    assert residents.ask({}, {}, ASKED_SECONDS) == {ONE}
    assert (residents.pending(), still(residents, ASKED_SECONDS)) == ([], False)


def test_a_pass_that_keeps_it_from_being_moved_drops_what_was_asked_of_it_alone() -> None:
    residents = asking()
    residents.ask({WEB: GOES, API: BESIDE, OTHERS: GOES}, {}, 0.0)
    residents.note(ONE, replace(resident(), still="it waits for nights"), repairing=False)
    assert (residents.asked(ONE), residents.asked(OTHER)) == ((), (GOES,))
    assert [mover for mover, _ in residents.pending()] == [OTHERS]


def test_a_proposal_is_dropped_too_by_a_pass_that_keeps_it_from_being_moved() -> None:
    residents = proposing()
    residents.note(ONE, replace(resident(), still="it waits for nights"), repairing=False)
    assert residents.asked(ONE) == ()


def test_a_second_replica_of_the_same_way_is_asked_for_recorded_and_not_asked_for_a_third_time() -> None:
    began = seconds(BEGAN)
    first = recorded("one", (), [GOES], lambda _: False, BEGAN)
    residents = asking(at=began + 60.5)
    residents.note(ONE, resident(ONE, *first), repairing=False)
    assert residents.asked(ONE, first) == (GOES,), "the first one is not the second"
    both = recorded("one", first, residents.asked(ONE, first), lambda _: False, rfc3339(began + 60.7))
    assert [move.replicas for move in both] == [2]
    assert residents.asked(ONE, both) == ()
    residents.note(ONE, resident(ONE, *both), repairing=False)
    assert (residents.asked(ONE), residents.pending(), residents.under_way) == ((), [], 1)


@pytest.mark.parametrize("other", [ELSEWHERE, BACK])
def test_another_move_replaces_one_that_needs_no_word(other: Move) -> None:
    residents = asking()
    assert residents.ask({WEB: other}, {}, 60.0) == {ONE}
    assert residents.asked(ONE) == (other,)
    assert residents.pending() == [(WEB, Asked(other, 60.0, 60.0, proposed=False))], "its time begins anew"


def test_the_reason_of_a_move_alone_is_no_news() -> None:
    """It names how full a Cell is, which changes in every look."""
    residents = asking()
    assert residents.ask({WEB: Move("web", "a", "b", reason="a is hotter")}, {}, 60.0) == set()
    assert residents.asked(ONE) == (GOES,)


def test_a_proposal_stays_as_it_is_while_the_same_is_to_leave_the_same_cell() -> None:
    """So that a person does not read another Plan each minute."""
    residents = proposing()
    for now in (60.0, ASKED_SECONDS, 2 * PROPOSED_SECONDS):
        assert residents.ask({}, {WEB: ELSEWHERE}, now) == set()
        assert residents.asked(ONE) == (GOES,)


def test_a_proposal_of_something_else_replaces_one() -> None:
    residents = proposing()
    assert residents.ask({}, {WEB: BACK}, 60.0) == {ONE}
    assert residents.asked(ONE) == (BACK,)


def test_a_proposal_stands_for_an_hour_while_others_move() -> None:
    """Others came first, because of whom it could not be made again."""
    residents = proposing()
    residents.note(ONE, resident(), repairing=False)
    residents.ask({}, {WEB: GOES}, 1_000.0)
    last = 1_000.0 + PROPOSED_SECONDS
    assert residents.ask({OTHERS: GOES}, {}, last - 1, busy=True) == {OTHER}
    assert residents.asked(ONE) == (GOES,)
    assert residents.ask({OTHERS: GOES}, {}, last, busy=True) == {ONE}
    assert residents.asked(ONE) == ()
    assert not still(residents, last), "that a person did not answer is no reason to ask no more"


def test_a_proposal_that_is_not_made_again_while_nothing_else_moves_is_dropped() -> None:
    residents = proposing()
    residents.note(ONE, resident(), repairing=False)
    assert residents.ask({}, {}, 60.0) == {ONE}
    assert (residents.asked(ONE), still(residents, 60.0)) == ((), False)


def test_what_was_proposed_and_needs_no_word_any_more_is_asked_for_now_and_so_is_the_reverse() -> None:
    """What needs no word has to begin from now on, and what does is not under way."""
    residents = proposing()
    residents.ask({WEB: GOES}, {}, 60.0)
    assert residents.pending() == [(WEB, Asked(GOES, 60.0, 60.0, proposed=False))]
    residents.ask({}, {WEB: GOES}, 120.0)
    assert residents.asked(ONE) == (GOES,)
    assert residents.pending() == []


def test_what_begins_now_comes_before_what_is_proposed() -> None:
    residents = Residents()
    residents.ask({WEB: GOES}, {WEB: ELSEWHERE}, 0.0)
    assert residents.pending() == [(WEB, Asked(GOES, 0.0, 0.0, proposed=False))]


def test_proposals_are_not_under_way() -> None:
    residents = proposing()
    assert residents.asked(ONE) == (GOES,)
    assert residents.pending() == []


def test_all_that_was_asked_for_is_withdrawn_and_nobody_is_left_alone_for_it() -> None:
    residents = Residents()
    residents.note(ONE, resident(), repairing=False)
    residents.ask({WEB: GOES, API: BESIDE}, {OTHERS: GOES}, 0.0)
    assert residents.withdraw() == {ONE, OTHER}
    assert (residents.asked(ONE), residents.asked(OTHER), residents.pending()) == ((), (), [])
    assert residents.withdraw() == set()
    residents.ask({}, {}, ASKED_SECONDS)
    assert not still(residents, ASKED_SECONDS)


def test_what_a_status_tells_of_is_not_asked_for_again() -> None:
    residents = asking()
    residents.note(ONE, resident(ONE, begun(GOES, trigger="Hot")), repairing=False)
    assert residents.asked(ONE) == ()
    assert residents.pending() == []


def test_what_began_and_ended_within_one_pass_is_not_asked_for_again() -> None:
    """Else a second replica would follow the first."""
    residents = asking(at=seconds(BEGAN) + 0.9)
    residents.note(ONE, resident(ONE, begun(GOES, ended_at="2026-01-01T00:00:05Z")), repairing=False)
    assert residents.asked(ONE) == ()


def test_what_the_status_tells_of_is_not_asked_for_though_no_pass_was_noted() -> None:
    """A pass may end early once it has written down what it began."""
    residents = asking(at=seconds(BEGAN))
    assert residents.asked(ONE, [begun(GOES)]) == ()
    assert residents.asked(ONE, [begun(ELSEWHERE)]) == (GOES,)
    assert residents.asked(OTHER, [begun(GOES)]) == ()
    assert residents.asked(ONE) == (GOES,), "to ask is not to forget"


@pytest.mark.parametrize("other", [ELSEWHERE, BACK, BESIDE])
def test_a_status_that_tells_of_another_move_leaves_what_was_asked_for(other: Move) -> None:
    residents = asking()
    residents.note(ONE, resident(ONE, begun(other)), repairing=False)
    assert residents.asked(ONE) == (GOES,)


def test_the_same_move_of_last_week_is_not_the_one_that_is_asked_for() -> None:
    residents = asking(at=seconds(BEGAN) + 604_800.0)
    residents.note(ONE, resident(ONE, begun(GOES, ended_at=BEGAN)), repairing=False)
    assert residents.asked(ONE) == (GOES,)


def test_what_began_the_second_before_it_was_asked_for_is_another() -> None:
    residents = asking(at=seconds(BEGAN) + 1.0)
    residents.note(ONE, resident(ONE, begun(GOES)), repairing=False)
    assert residents.asked(ONE) == (GOES,)


def test_what_cannot_be_is_asked_for_no_more_and_nothing_goes_there_for_an_hour() -> None:
    residents = asking()
    residents.decline(ONE, [(GOES, "b: cordoned")], 100.0)
    assert residents.asked(ONE) == ()
    closed = {(Subject("shop/one", "web"), "b")}
    assert residents.closed(100.0) == closed
    assert residents.closed(99.0 + DECLINED_SECONDS) == closed
    assert residents.closed(100.0 + DECLINED_SECONDS) == set()


def test_nothing_declined_leaves_everything_as_it_is() -> None:
    residents = asking()
    residents.decline(ONE, [], 100.0)
    assert residents.asked(ONE) == (GOES,)
    assert residents.closed(100.0) == set()


def test_what_is_declined_of_one_application_stays_open_to_another() -> None:
    residents = asking()
    residents.ask({WEB: GOES, OTHERS: GOES}, {}, 0.0)
    residents.decline(OTHER, [(GOES, "b: cordoned")], 0.0)
    assert residents.asked(ONE) == (GOES,)
    assert residents.closed(0.0) == {(Subject("shop/other", "web"), "b")}


def test_what_was_asked_for_counts_as_a_move_under_way() -> None:
    leaves = Move("web", "a", "b", trigger="Missing", evacuates=True)
    told = as_moved(WEB, Asked(leaves, 7.0, 9.0, proposed=False))
    assert told == fleet.Moved(Subject("shop/one", "web"), "a", "b", 7.0, evacuates=True)
    assert not as_moved(WEB, Asked(GOES, 7.0, 9.0, proposed=False)).evacuates


def test_the_labels_that_pods_ask_of_nodes_are_known() -> None:
    rule = {"key": "zone", "operator": "In", "values": ["a"]}
    terms = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [rule]}, {}]}
    }
    templates: list[dict[str, Any]] = [
        {"spec": {"nodeSelector": {"disk": "fast"}}},
        {"spec": {"affinity": {"nodeAffinity": terms}}},
        {},
    ]
    workloads = [Workload(name=f"w{number}", template=each) for number, each in enumerate(templates)]
    residents = Residents()
    assert residents.labels_asked() == frozenset()
    residents.note(ONE, replace(resident(), workloads=workloads), repairing=False)
    assert residents.labels_asked() == {"disk", "zone"}
