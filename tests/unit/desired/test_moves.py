"""What a placement takes from one Cell and gives to another is a move; what it only takes or gives is none."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import Moved, Placed, Trigger
from pilothouse.api.placement import Rebalance
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired.moves import Move, fixed, handovers, moved, strictest
from tests.unit.desired.fleets import template, workload

Counts = dict[str, int]


class Case(NamedTuple):
    before: Counts
    after: Counts
    found: list[tuple[str, str, int]]
    reason: str


CASES = {
    "nothing changes": Case({"a": 2}, {"a": 2}, [], "what stays is no move"),
    "first placement": Case({}, {"a": 2}, [], "there is nothing that could go"),
    "scaled up": Case({"a": 2}, {"a": 3, "b": 1}, [], "nobody leaves"),
    "scaled down": Case({"a": 2, "b": 2}, {"a": 1, "b": 1}, [], "nobody takes their place"),
    "one goes": Case({"a": 2}, {"a": 1, "b": 1}, [("a", "b", 1)], "one less here, one more there"),
    "all go": Case({"a": 2}, {"b": 2}, [("a", "b", 2)], "a Cell that nobody may use any more is emptied"),
    "scaled down on the way": Case({"a": 3}, {"b": 1}, [("a", "b", 1)], "the other two are only taken away"),
    "to two Cells": Case({"a": 3}, {"b": 1, "c": 2}, [("a", "b", 1), ("a", "c", 2)], "each is told"),
    "from two Cells": Case({"a": 1, "b": 2}, {"c": 3}, [("a", "c", 1), ("b", "c", 2)], "each is told"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_one_cell_has_more_is_what_another_has_less(case: Case) -> None:
    found = moved(workload(1, 3), case.before, case.after, {"b": "roomier"})
    assert [(move.source, move.destination, move.replicas) for move in found] == case.found, case.reason


COUNTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 5))


@given(before=COUNTS, after=COUNTS)
def test_moves_are_never_more_than_what_goes_and_what_comes(before: Counts, after: Counts) -> None:
    found = list(moved(workload(1, 3), before, after, {}))
    going = sum(max(0, count - after.get(cell, 0)) for cell, count in before.items())
    coming = sum(max(0, count - before.get(cell, 0)) for cell, count in after.items())
    assert sum(move.replicas for move in found) == min(going, coming)
    assert all(move.source != move.destination and move.replicas > 0 for move in found)


def test_it_is_told_why_as_it_is_said_of_where_they_go() -> None:
    assert [move.reason for move in moved(workload(1, 3), {"a": 1}, {"b": 1}, {"b": "roomier"})] == ["roomier"]


def test_what_has_names_and_data_or_runs_once_is_not_made_elsewhere_first() -> None:
    stateful = workload(1, 3).model_copy(update={"kind": "StatefulSet"})
    assert list(moved(stateful, {"a": 1}, {"b": 1}, {})) == []


KEYS = {cell: TargetKey(cell, "Deployment", f"checkout-web-{cell}") for cell in "abcd"}


def placed(wanted: str, emptied: str = "") -> list[Placed]:
    """A replica in each Cell of `wanted`, but for those that keep a Deployment without any."""
    return [Placed(workload="web", cell=cell, replicas=int(cell not in emptied)) for cell in wanted]


def over(wanted: str, *pairs: str, emptied: str = "") -> dict[str, str]:
    """What is to be Ready before what goes: Cells, by Cell. pairs: from which Cell to which."""
    moves = [Move("web", pair[0], pair[1], 1) for pair in pairs]
    web = workload(1, 3).model_copy(update={"name": "web"})
    found = handovers("checkout", [web], moves, placed(wanted, emptied))
    return {key.cell: "".join(sorted(other.cell for other in others)) for key, others in found.items()}


def test_what_takes_over_is_found_by_what_it_takes_over() -> None:
    known = Moved(workload="web", source="a", destination="b", began_at="2026-01-05T00:00:00Z")
    more = [Move("web", "a", "c", 1), Move("gone", "a", "c", 1)]
    web = workload(1, 3).model_copy(update={"name": "web"})
    found = handovers("checkout", [web], [known, *more], placed("abc"))
    assert found == {KEYS["a"]: frozenset({KEYS["b"], KEYS["c"]})}


def test_nobody_waits_for_what_is_not_wanted_any_more() -> None:
    """It is removed and never Ready again: what was to go once it is would stay for ever."""
    assert over("a", "ab") == {}
    assert over("ac", "ab", "bc") == {"a": "c", "b": "c"}, "it went on: wait for where it is in the end"
    assert over("acd", "ab", "bc", "bd") == {"a": "cd", "b": "cd"}
    assert over("abc", "ab", "bc") == {"a": "b", "b": "c"}


def test_what_goes_there_and_back_again_does_not_wait_for_itself() -> None:
    assert over("a", "ab", "ba") == {"b": "a"}
    assert over("ab", "ab", "ba") == {"a": "b", "b": "a"}
    assert over("", "ab", "ba") == {}


def test_what_is_scaled_to_nothing_waits_for_no_cell_that_cannot_be_reached() -> None:
    """Who stops a workload in the middle of a move wants it stopped."""
    assert over("ab", "ab", emptied="ab") == {}
    assert over("abc", "ab", "bc", emptied="b") == {"a": "c", "b": "c"}


TRIGGERS: tuple[Trigger, ...] = ("", "Blocked", "Missing", "Hot", "Draining", "NewCell", "Price")
SPARED = ("Blocked", "Missing", "Hot", "NewCell", "Price")


def awaited(*moves: Move | Moved, wanted: str = "abcd", emptied: str = "", silent: str = "") -> dict[str, str]:
    """For whom each waits that gives up a replica, Cell by Cell."""
    web = workload(1, 3).model_copy(update={"name": "web"})
    found = handovers("checkout", [web], moves, placed(wanted, emptied), silent)
    return {key.cell: "".join(sorted(other.cell for other in others)) for key, others in found.items()}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_what_need_not_move_waits_for_all_the_others_and_what_must_only_for_where_it_goes(trigger: Trigger) -> None:
    everybody = {"a": "bcd" if trigger in SPARED else "b"}
    assert awaited(Move("web", "a", "b", trigger=trigger)) == everybody
    stored = Moved(workload="web", source="a", destination="b", trigger=trigger, began_at="2026-01-05T00:00:00Z")
    assert awaited(stored) == everybody, "the passes after the one that began it know no better"


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_what_leaves_a_lost_cell_waits_for_no_third_one(trigger: Trigger) -> None:
    """What is lost may take others with it: who waits for all of them may wait for ever."""
    assert awaited(Move("web", "a", "b", trigger=trigger, evacuates=True)) == {"a": "b"}
    stored = Moved(
        workload="web", source="a", destination="b", trigger=trigger, evacuates=True, began_at="2026-01-05T00:00:00Z"
    )
    assert awaited(stored) == {"a": "b"}


def test_it_waits_for_no_cell_without_replicas_and_not_for_itself() -> None:
    assert awaited(Move("web", "a", "b", trigger="Hot"), emptied="c") == {"a": "bd"}
    assert awaited(Move("web", "a", "b", trigger="Hot"), wanted="bd") == {"a": "bd"}, "its last replica goes"


def test_it_does_not_wait_for_other_workloads() -> None:
    named = [workload(1, 3).model_copy(update={"name": name}) for name in ("web", "api")]
    others = [Placed(workload="api", cell="d", replicas=1)]
    found = handovers("checkout", named, [Move("web", "a", "b", trigger="Hot")], [*placed("abc"), *others])
    assert found == {KEYS["a"]: frozenset({KEYS["b"], KEYS["c"]})}


def test_of_several_moves_out_of_a_cell_one_that_need_not_be_makes_all_of_them_wait() -> None:
    hot, spec = Move("web", "a", "b", trigger="Hot"), Move("web", "a", "c")
    assert awaited(hot, spec) == awaited(spec, hot) == {"a": "bcd"}
    assert awaited(hot, Move("web", "d", "c")) == {"a": "bcd", "d": "c"}, "those out of another Cell do not"


def test_what_is_wanted_nowhere_waits_for_nobody_although_it_need_not_move() -> None:
    assert awaited(Move("web", "a", "b", trigger="Hot"), wanted="") == {}
    assert awaited(Move("web", "a", "b", trigger="Hot"), wanted="cd") == {}, "where it was to go it is not wanted"


def test_nobody_waits_to_hear_from_a_cell_that_does_not_answer() -> None:
    """Its replicas may well run: a Cell that is lost for a week must not hold up every move of a workload."""
    assert awaited(Move("web", "a", "b", trigger="Hot"), silent="c") == {"a": "bd"}
    assert awaited(Move("web", "a", "b", trigger="Hot"), silent="cd") == {"a": "b"}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_where_it_goes_is_waited_for_although_it_does_not_answer(trigger: Trigger) -> None:
    """To take away what runs because nobody can tell whether the other one does is to risk both."""
    assert "b" in awaited(Move("web", "a", "b", trigger=trigger), silent="b")["a"]


STRICTEST: dict[tuple[Rebalance, ...], Rebalance] = {
    ("Automatic",): "Automatic",
    ("Automatic", "Automatic"): "Automatic",
    ("Automatic", "Propose"): "Propose",
    ("Propose", "Automatic"): "Propose",
    ("Propose", "Never"): "Never",
    ("Never", "Automatic"): "Never",
    ("Automatic", "Never", "Propose"): "Never",
}


@pytest.mark.parametrize("modes", STRICTEST)
def test_of_what_several_say_the_strictest_holds(modes: tuple[Rebalance, ...]) -> None:
    assert strictest(*modes) == STRICTEST[modes]


VOLUMES: dict[str, tuple[Any, str]] = {
    "none": ([], ""),
    "null": (None, ""),
    "scratch": ([{"name": "tmp", "emptyDir": {}}], ""),
    "settings": ([{"name": "conf", "configMap": {"name": "conf"}}, {"name": "key", "secret": {}}], ""),
    "a claim": ([{"name": "store", "persistentVolumeClaim": {}}], "its volume store has data that stays behind"),
    "of the node": ([{"name": "disk", "hostPath": {}}], "its volume disk has data that stays behind"),
    "one of several": (
        [{"name": "tmp", "emptyDir": {}}, {"name": "disk", "hostPath": {}}, {"name": "b", "persistentVolumeClaim": {}}],
        "its volume disk has data that stays behind",
    ),
}


@pytest.mark.parametrize(("volumes", "told"), VOLUMES.values(), ids=VOLUMES)
def test_what_has_data_in_its_volumes_never_moves_by_itself(volumes: Any, told: str) -> None:
    assert fixed(workload(1, pods=template(volumes=volumes))) == told


@pytest.mark.parametrize("pods", [{}, {"spec": None}], ids=["no spec", "null"])
def test_a_template_that_says_nothing_has_no_data(pods: dict[str, Any]) -> None:
    assert fixed(workload(1).model_copy(update={"template": pods})) == ""


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Job", "CronJob"])
def test_nothing_but_deployments_ever_moves_by_itself(kind: str) -> None:
    other = workload(1).model_copy(update={"kind": kind})
    assert fixed(other) == f"it is a {kind}: its pods have data, or run to an end"
