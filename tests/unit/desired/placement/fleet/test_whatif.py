"""What if: as few moves as it takes, nothing without a change, and who would not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pilothouse.desired.placement.fleet.replan import replan
from pilothouse.desired.placement.fleet.settle import settle, with_placed
from pilothouse.desired.placement.fleet.values import Cell, Fleet, Key, NodeClass, Standing, Workload
from pilothouse.desired.placement.fleet.whatif import Move, add_cell, compare, drain, grow, lose, survives
from tests.unit.desired.placement.fleet.making import cell, fleet, work

PRICES = {"cpu": 0.01}
TWO = fleet(
    [cell("a", prices=PRICES), cell("b", prices={"cpu": 0.02})],
    work("w", 2, cpu=200, placed={"a": 2}),
    work("v", 1, cpu=500, placed={"b": 1}),
)
W, V = Key("w", "web"), Key("v", "web")


def replicas(subject: Fleet) -> dict[str, dict[str, int]]:
    return {key.application: dict(cells) for key, cells in settle(subject).replicas.items()}


def test_what_is_placed_stays_however_much_better_it_could_be() -> None:
    assert compare(TWO, TWO).moves == ()
    assert replicas(TWO) == {"v": {"b": 1}, "w": {"a": 2}}


def test_a_drained_cell_gives_up_everything() -> None:
    change = compare(TWO, drain(TWO, "a"))
    assert change.moves == (Move(W, "a", "b", 2),)
    assert change.unplaced == ()
    assert change.cost_before == pytest.approx(14.0)
    assert change.cost_after == pytest.approx(18.0)


def test_who_would_not_fit_is_told_with_the_reason_for_each_cell() -> None:
    change = compare(TWO, grow(drain(TWO, "a"), "w", 1.5))
    assert change.moves == (Move(W, "a", "b", 2),)
    assert [(one.key, one.replicas) for one in change.unplaced] == [(W, 1)]
    assert change.unplaced[0].blocked == {"a": "draining: nothing stays there", "b": "full: lacks 100m cpu"}


def test_growth_adds_and_moves_nothing() -> None:
    change = compare(TWO, grow(TWO, "w", 1.2))
    assert change.moves == (Move(W, "", "b", 1),), "1.2 times 2 is rounded up to 3; the emptiest domain gets it"


def test_shrinking_takes_from_the_fullest_domain() -> None:
    subject = fleet([cell("a"), cell("b")], work("w", 4, placed={"a": 3, "b": 1}))
    assert compare(subject, grow(subject, "w", 0.5)).moves == (Move(W, "a", "", 2),)


def test_a_lost_domain_takes_its_cells_along() -> None:
    subject = fleet(
        [cell("a", domain="x"), cell("b", domain="x"), cell("c", domain="y")],
        work("w", 3, placed={"a": 1, "b": 1, "c": 1}),
    )
    assert compare(subject, lose(subject, "x")).moves == (Move(W, "a", "c", 1), Move(W, "b", "c", 1))


def test_a_new_cell_is_used_by_who_may_and_only_for_what_is_missing() -> None:
    subject = fleet(
        [cell("a", cpu=300)], work("w", 5, allowed="a", placed={"a": 3}), work("v", 1, cpu=400, allowed="a")
    )
    change = compare(subject, add_cell(subject, cell("n"), lambda workload: workload.key == W))
    assert change.moves == (Move(W, "", "n", 2),)
    assert [one.key for one in change.unplaced] == [V]


def test_others_move_on_only_where_nothing_else_helps() -> None:
    subject = fleet(
        [cell("a", cpu=300), cell("b", cpu=200)],
        work("w", 1, cpu=200, allowed="a b", placed={"a": 1}),
        work("v", 1, cpu=100, allowed="a"),
    )
    assert compare(subject, grow(subject, "v", 1)).moves == ()
    change = compare(subject, grow(subject, "v", 3))
    assert change.moves == (Move(V, "", "a", 2), Move(W, "a", "b", 1))
    assert change.unplaced == ()


def test_the_lighter_make_room_as_a_last_resort() -> None:
    subject = fleet(
        [cell("a"), cell("b")],
        work("w", 1, cpu=800, allowed="a", placed={"a": 1}, priority=0),
        work("v", 1, cpu=900, allowed="a b", placed={"b": 1}, priority=2),
    )
    change = compare(subject, lose(subject, "b"))
    assert change.moves == (Move(V, "b", "a", 1), Move(W, "a", "", 1))
    assert [one.key for one in change.unplaced] == [W]


def test_what_runs_is_not_stopped_for_many_lighter_ones() -> None:
    """From scratch five of them would weigh more; but that is no reason to stop anybody."""
    subject = fleet(
        [cell("a")],
        work("w", 1, cpu=1000, allowed="a", placed={"a": 1}, priority=1),
        work("v", 5, cpu=200, allowed="a"),
        work("u", 5, cpu=200, allowed="a", priority=1),
    )
    assert replicas(subject) == {"u": {}, "v": {}, "w": {"a": 1}}


def test_what_is_pending_anyway_is_not_the_change_s_doing() -> None:
    subject = fleet([cell("a"), cell("b")], work("w", 3, placed={"a": 1}))
    assert compare(subject, subject).moves == ()


def test_what_is_over_capacity_goes_the_lightest_first() -> None:
    subject = fleet(
        [cell("a", gpu=1), cell("b", cpu=300)],
        work("top", 2, cpu=400, allowed="a", placed={"a": 2}, priority=1),
        work("low", 2, cpu=300, allowed="a b", placed={"a": 2}),
        work("idle", 1, cpu=0, allowed="a", placed={"a": 1}),
    )
    assert replicas(subject) == {"idle": {"a": 1}, "low": {"b": 1}, "top": {"a": 2}}


def test_too_few_domains_are_mended_where_there_is_room() -> None:
    subject = fleet([cell("a"), cell("b")], work("w", 3, placed={"a": 3}, min_domains=2))
    assert replicas(subject) == {"w": {"a": 2, "b": 1}}
    alone = fleet([cell("a"), cell("b", cpu=50)], work("w", 3, placed={"a": 3}, min_domains=2))
    assert replicas(alone) == {"w": {"a": 3}}, "what runs is not stopped for that"


def test_a_group_that_loses_a_part_goes_whole() -> None:
    subject = fleet(
        [cell("a", cpu=100), cell("b", cpu=100)],
        work("w", 1, allowed="a", group="g", placed={"a": 1}),
        work("v", 1, allowed="b", group="g", placed={"b": 1}),
    )
    assert compare(subject, lose(subject, "b")).moves == (Move(V, "b", "", 1), Move(W, "a", "", 1))


def test_the_loss_of_each_domain_is_checked() -> None:
    subject = fleet(
        [cell("a"), cell("b"), cell("c", standing=Standing.LOST)],
        work("w", 2, cpu=400, placed={"a": 1, "b": 1}, priority=5),
        work("v", 1, cpu=500, allowed="a b", placed={"b": 1}),
    )
    found = settle(subject)
    assert [(one.domain, one.unplaced) for one in survives(subject, found, priority=5)] == [("a", ()), ("b", ())]
    everything = survives(subject, found)
    assert [[left.key for left in one.unplaced] for one in everything] == [[V], [V]]


def test_what_a_cell_keeps_free_is_for_what_a_lost_one_had_but_not_for_what_is_moved() -> None:
    roomy = replace(cell("b"), kept_free={"cpu": 700})
    subject = fleet([cell("a"), roomy], work("w", 2, cpu=200, placed={"a": 2}))
    assert compare(subject, lose(subject, "a")).moves == (Move(W, "a", "b", 2),)
    assert compare(subject, drain(subject, "a")).then.replicas == {W: {"b": 1}}
    full = fleet([cell("a"), replace(cell("b"), kept_free={"cpu": -500})], work("w", 2, cpu=200, placed={"a": 2}))
    assert lose(full, "a").cells[1].kept_free == {"cpu": -500}, "what is there takes more than there is, and stays"


def test_an_assignment_from_scratch_can_be_gone_on_from() -> None:
    found = replan(TWO)
    placed = with_placed(TWO, found)
    assert compare(placed, placed).moves == ()
    assert settle(placed).replicas == found.replicas


def test_names_that_are_not_there_are_refused() -> None:
    with pytest.raises(KeyError, match="Cell z: not in the fleet, which has a, b"):
        drain(TWO, "z")
    with pytest.raises(KeyError, match="failure domain z"):
        lose(TWO, "z")
    with pytest.raises(KeyError, match="Application z"):
        grow(TWO, "z", 2)
    with pytest.raises(ValueError, match="found -1"):
        grow(TWO, "w", -1)
    with pytest.raises(ValueError, match="Cell a: is in the fleet already"):
        add_cell(TWO, cell("a"), lambda _: True)


def test_what_does_not_scale_does_not_grow_and_a_factor_is_what_it_says() -> None:
    subject = fleet([cell("a", cpu=9000)], work("w", 10, placed={"a": 10}), work("v", 1, scales=False, placed={"a": 1}))
    assert compare(subject, grow(subject, "w", 1.1)).moves == (Move(W, "", "a", 1),), "not 2 for want of a binary digit"
    assert compare(subject, grow(subject, "v", 5)).moves == ()


def test_what_is_kept_stays_whatever_the_nodes_offer_and_what_stays_is_not_moved_for_others() -> None:
    kept = work("w", 3, cpu=800, allowed="b", kept=("a",), staying="data", placed={"a": 3})
    over = Cell("a", "a", (NodeClass(1, {"cpu": 1000}),), kept_free={"cpu": -1400})
    subject = fleet([over, cell("b")], kept, work("v", 1, cpu=100, allowed="a"))
    assert replicas(subject) == {"v": {}, "w": {"a": 3}}
    for after in (drain(subject, "a"), lose(subject, "a")):
        assert settle(after).replicas == {V: {}, W: {"a": 3}}
    moving = replace(kept, staying="")
    assert replicas(drain(fleet([over, cell("b")], moving), "a")) == {"w": {"b": 1}}


def test_reasons_are_those_of_the_filters_and_of_the_nodes_that_count() -> None:
    fast = {"cpu": 500, "cpu@1": 500}
    subject = fleet(
        [
            Cell("a", "a", (NodeClass(1, {"cpu": 1000}), NodeClass(1, fast))),
            Cell("b", "b", (NodeClass(2, fast),), kept_free={"cpu@1": 500}),
            cell("c"),
        ],
        Workload(W, 2, {"cpu": 600, "cpu@1": 600}, ("a", "b"), refusals={"c": "of another silo"}),
        Workload(V, 5, {"cpu": 300, "cpu@1": 300}, ("a", "b")),
    )
    found = {one.key: one.blocked for one in settle(subject).unplaced}
    assert found[W] == {
        "a": "needs 600m cpu, the largest node has 500m",
        "b": "needs 600m cpu, the largest node has 500m",
        "c": "of another silo",
    }
    assert found[V]["a"] == "its nodes hold no more than 1 of them, counted node by node"
    assert found[V]["b"] == (
        "full but for what it keeps free (headroomPercent, destinationPercent): "
        "lacks 100m cpu on the nodes that take its pods"
    )
