"""Two Applications are not promised the same room, and what was placed lately is known, but not for ever."""

import pytest

from pilothouse.controller.ports import Key
from pilothouse.controller.promises import RECENT_SECONDS, STARTING_SECONDS, Promises
from pilothouse.desired.cells import CellView
from pilothouse.desired.housing import Waiting
from pilothouse.desired.placement.nodes import Pod, pod_of, room, with_pods
from pilothouse.desired.promises import Promise
from tests.unit.desired.fleets import cell, on_nodes_of, template

POD = pod_of(template("1"))
ONE, OTHER = Key("shop", "one"), Key("shop", "other")
CELLS = [cell("a", *on_nodes_of(9)), cell("b", *on_nodes_of(9))]


def promise(cell: str = "a", missing: int = 0, starting: int = 0) -> Promise:
    return Promise("web", cell, POD, missing, starting)


def rooms(cells: list[CellView]) -> list[int]:
    return [room(one, POD) for one in cells]


def test_what_is_promised_to_one_is_not_free_for_another() -> None:
    promises = Promises()
    promises.note(ONE, [promise(missing=4), promise("b", starting=2), promise("gone", missing=1)], 0.0)
    assert rooms(promises.kept(CELLS, OTHER, 1.0)) == [5, 7]
    assert rooms(promises.kept(CELLS, ONE, 1.0)) == [9, 9], "its own it takes off itself"


def test_pods_that_are_alike_are_put_on_nodes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand Applications that start at once would each look at the nodes for each of the others."""
    asked = list[int]()

    def counted(view: CellView, pod: Pod, count: int) -> CellView:
        asked.append(count)
        return with_pods(view, pod, count)

    monkeypatch.setattr("pilothouse.controller.promises.with_pods", counted)
    promises = Promises()
    for number in range(5):
        promises.note(Key("shop", f"app-{number}"), [promise(missing=1)], 0.0)
    larger = Promise("web", "a", pod_of(template("2")), 1, 0)
    promises.note(ONE, [larger], 0.0)
    assert rooms(promises.kept(CELLS, OTHER, 1.0)) == [2, 9]
    assert sorted(asked) == [1, 5]


def test_a_promise_ends_when_it_is_told_no_more() -> None:
    promises = Promises()
    promises.note(ONE, [promise(missing=4)], 0.0)
    promises.note(ONE, [], 1.0)
    assert rooms(promises.kept(CELLS, OTHER, 1.0)) == [9, 9]


def test_pods_that_do_not_become_ready_are_on_nodes_some_time_later() -> None:
    """Else a workload that never becomes Ready is counted twice for ever: on its nodes, and as a promise."""
    promises = Promises()
    promises.note(ONE, [promise(starting=3)], 0.0)
    promises.note(ONE, [promise(starting=3)], STARTING_SECONDS - 1)
    assert rooms(promises.kept(CELLS, OTHER, STARTING_SECONDS - 1))[0] == 6
    assert rooms(promises.kept(CELLS, OTHER, STARTING_SECONDS))[0] == 9
    promises.note(ONE, [promise(starting=5)], STARTING_SECONDS + 1)
    assert rooms(promises.kept(CELLS, OTHER, STARTING_SECONDS + 2))[0] == 4, "more of them: it begins anew"


def test_what_waits_to_be_sent_is_promised_however_long_it_waits() -> None:
    promises = Promises()
    promises.note(ONE, [promise(missing=4)], 0.0)
    assert rooms(promises.kept(CELLS, OTHER, 1e6))[0] == 5, "a person may take days to approve"


def test_what_was_placed_lately_is_counted_once_and_forgotten() -> None:
    promises = Promises()
    promises.note(ONE, [promise(missing=4)], 0.0)
    promises.note(ONE, [promise(missing=4)], 10.0)
    promises.note(ONE, [promise(missing=1, starting=3)], 20.0)
    promises.note(OTHER, [promise(missing=2)], 30.0)
    recent = [one.recent for one in promises.kept(CELLS, OTHER, 40.0)]
    assert recent == [6, 0], "as it becomes less, nothing new was placed"
    assert promises.kept(CELLS, OTHER, RECENT_SECONDS)[0].recent == 2
    assert promises.kept(CELLS, OTHER, RECENT_SECONDS + 30)[0].recent == 0


def test_what_waits_is_known_to_the_others_the_most_important_first() -> None:
    promises = Promises()
    low, high = Waiting(1, POD, 2, ("a",)), Waiting(9, POD, 1, ("b",))
    promises.note(ONE, [], 0.0, (low,))
    promises.note(OTHER, [], 0.0, (high,))
    assert promises.waiting(Key("shop", "third")) == [high, low]
    assert promises.waiting(ONE) == [high]
    promises.note(OTHER, [], 1.0)
    assert promises.waiting(ONE) == [], "it fits now, or is gone"
