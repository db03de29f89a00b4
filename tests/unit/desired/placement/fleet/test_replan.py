"""Fleets small enough to say by hand what is best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from pilothouse.desired.placement.fleet import repair, search
from pilothouse.desired.placement.fleet.replan import replan
from pilothouse.desired.placement.fleet.settle import settle
from pilothouse.desired.placement.fleet.values import Cell, Fleet, Key, NodeClass, Standing
from tests.bench.replan.fleets import fleet as made_up
from tests.unit.desired.placement.fleet.making import cell, fleet, weight, work, wrong


@dataclass(frozen=True)
class Case:
    fleet: Fleet
    want: dict[str, dict[str, int]]
    reason: str


CASES = {
    "an empty fleet": Case(fleet([]), {}, "there is nothing to do"),
    "no Cell": Case(fleet([], work("w", 2)), {"w": {}}, "there is nowhere to go"),
    "no workload": Case(fleet([cell("a")]), {}, "there is nobody to place"),
    "even over domains": Case(
        fleet([cell("a"), cell("b"), cell("c")], work("w", 3)),
        {"w": {"a": 1, "b": 1, "c": 1}},
        "the loss of a domain costs least",
    ),
    "close to what it reads": Case(
        fleet([cell("a"), cell("b")], work("w", 1, closeness={"b": 1.0, "z": 1.0})),
        {"w": {"b": 1}},
        "closeness decides; a Cell that is gone is close to nobody",
    ),
    "cheap": Case(
        fleet([cell("a", prices={"cpu": 2.0}), cell("b", prices={"cpu": 1.0})], work("w", 1)),
        {"w": {"b": 1}},
        "where all else is equal, price decides",
    ),
    "below the average": Case(
        fleet(
            [cell("a", nodes=4), cell("b", nodes=1)],
            work("big", 1, cpu=1000, allowed="b"),
            work("w", 1, cpu=1000, allowed="a b"),
        ),
        {"big": {"b": 1}, "w": {"a": 1}},
        "the one that can not choose gets the room",
    ),
    "the sum fits, no node does": Case(
        fleet([cell("a", cpu=600, nodes=2), cell("b", cpu=1000)], work("w", 2, cpu=900, allowed="a b")),
        {"w": {"b": 1}},
        "1200 are free in a, but nowhere 900 together",
    ),
    "each node takes one": Case(
        fleet([cell("a", cpu=1000, nodes=2)], work("w", 3, cpu=600, allowed="a")),
        {"w": {"a": 2}},
        "three take 1800 of 2000, but a third is on no node",
    ),
    "an overcommitted node": Case(
        fleet([Cell("a", "a", (NodeClass(2, {"cpu": -500}), NodeClass(1, {"cpu": 600})))], work("w", 2, cpu=500)),
        {"w": {"a": 1}},
        "what others took too much of one node is not owed by the others",
    ),
    "the weightier": Case(
        fleet([cell("a")], work("low", 1, cpu=900, allowed="a"), work("top", 1, cpu=200, allowed="a", priority=3)),
        {"low": {}, "top": {"a": 1}},
        "a replica of priority 3 weighs four of priority 0",
    ),
    "many small before one large": Case(
        fleet([cell("a")], work("large", 1, cpu=1000, allowed="a", priority=1), work("small", 5, cpu=200, allowed="a")),
        {"large": {}, "small": {"a": 5}},
        "from scratch the sum of the weights counts: five against two",
    ),
    "a group that fits": Case(
        fleet([cell("a")], work("g1", 2, allowed="a", group="g"), work("g2", 1, allowed="a", group="g")),
        {"g1": {"a": 2}, "g2": {"a": 1}},
        "it is placed whole",
    ),
    "a group that does not fit": Case(
        fleet([cell("a")], work("g1", 1, allowed="a", group="g"), work("g2", 1, cpu=1100, allowed="a", group="g")),
        {"g1": {}, "g2": {}},
        "a part of it is of no use",
    ),
    "enough domains, or fewer replicas": Case(
        fleet([cell("a"), cell("b", cpu=50)], work("w", 2, min_domains=2)),
        {"w": {"a": 1}},
        "the second would have to be in another domain, and there is no room",
    ),
    "more domains than evenness asks for": Case(
        fleet(
            [cell("a"), cell("b"), cell("c", prices={"cpu": 9.0})],
            work("w", 4, min_domains=3, closeness={"a": 1.0, "b": 1.0}),
        ),
        {"w": {"a": 2, "b": 1, "c": 1}},
        "minDomains is hard, however far and dear",
    ),
    "a cordoned Cell": Case(
        fleet([cell("a", standing=Standing.CORDONED), cell("b", cpu=100)], work("w", 3, placed={"a": 1})),
        {"w": {"a": 1, "b": 1}},
        "it keeps what it has and takes nothing new",
    ),
    "a lost Cell": Case(
        fleet([cell("a", standing=Standing.LOST), cell("b")], work("w", 1, placed={"a": 1})), {"w": {"b": 1}}, "gone"
    ),
    "room by moving on": Case(
        fleet(
            [cell("a", cpu=300), cell("b", cpu=200)],
            work("free", 1, cpu=200, allowed="a b", closeness={"a": 1.0}),
            work("bound", 1, cpu=300, allowed="a"),
        ),
        {"bound": {"a": 1}, "free": {"b": 1}},
        "whoever can go elsewhere does",
    ),
    "accelerators are kept for who needs them": Case(
        fleet(
            [cell("a", cpu=400, gpu=4), cell("b", cpu=400)],
            work("plain", 4, cpu=100, allowed="a b"),
            work("train", 4, cpu=100, gpu=1, allowed="a b"),
        ),
        {"plain": {"b": 4}, "train": {"a": 4}},
        "else accelerators are left without a processor",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_best_is_found(case: Case) -> None:
    found = replan(case.fleet)
    got = {key.application: dict(cells) for key, cells in found.replicas.items()}
    assert got == case.want, case.reason
    assert wrong(case.fleet, found.replicas) == ""


def test_the_objective_is_the_sum_of_what_it_says() -> None:
    subject = fleet(
        [cell("a", prices={"cpu": 0.5}), cell("b", cpu=3000, prices={"cpu": 0.25})],
        work("w", 2, cpu=500, allowed="a b", closeness={"a": 1.0, "b": 0.5}, min_domains=2),
    )
    found = replan(subject)
    assert found.replicas[Key("w", "web")] == {"a": 1, "b": 1}
    assert found.cost == pytest.approx(500 * 0.5 + 500 * 0.25)
    worth = found.objective
    assert worth.placed == 1.0
    assert worth.balance == pytest.approx(0.35 * (1 - (0.5 - 0.25) / 2)), "a is at a half, the fleet at a quarter"
    assert worth.spread == pytest.approx(0.20), "one each is as even as it gets"
    assert worth.closeness_and_price == pytest.approx((0.15 * (1 + 0.5) + 0.10 * (0 + 1)) / 2)
    assert worth.quality == pytest.approx(worth.balance + worth.spread + worth.closeness_and_price)


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="found Cell a twice"):
        replan(fleet([cell("a"), cell("a")]))
    with pytest.raises(ValueError, match=r"found workload .* twice"):
        replan(fleet([cell("a")], work("w", 1), work("w", 2)))


def test_a_chain_of_three_makes_room() -> None:
    """No single move helps: a gives to b only once b has given to c."""
    subject = fleet(
        [cell("a", cpu=400), cell("b", cpu=300), cell("c", cpu=200)],
        work("one", 1, cpu=200, allowed="b c", closeness={"b": 1.0}),
        work("two", 1, cpu=300, allowed="a b", closeness={"a": 1.0}),
        work("three", 1, cpu=400, allowed="a"),
    )
    found = replan(subject)
    assert {key.application: list(cells) for key, cells in found.replicas.items()} == {
        "one": ["c"],
        "two": ["b"],
        "three": ["a"],
    }


def test_more_than_fits_leaves_the_light_ones_out() -> None:
    subject = made_up(40, 5, 7)
    half = Fleet(tuple(_half(one) for one in subject.cells), subject.workloads)
    found = replan(half)
    assert wrong(half, found.replicas) == ""
    shares = {
        priority: sum(sum(found.replicas[w.key].values()) for w in half.workloads if w.priority == priority)
        / sum(w.replicas for w in half.workloads if w.priority == priority)
        for priority in (0, 1, 3)
    }
    assert 0.0 < shares[0] < shares[1] <= shares[3]


def _half(one: Cell) -> Cell:
    return Cell(
        one.name,
        one.failure_domain,
        tuple(NodeClass(-(-node.count // 2), node.allocatable) for node in one.nodes),
        one.prices,
    )


def test_a_large_fleet_is_searched_less(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = made_up(40, 5, 7)
    usual = replan(subject)
    monkeypatch.setattr(search, "LARGE", 0)
    found = replan(subject)
    assert wrong(subject, found.replicas) == ""
    assert weight(subject, found.replicas) == weight(subject, usual.replicas)
    assert found.objective.quality <= usual.objective.quality + 0.005


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing may be tried any more, what is left over is left over; nothing is broken by it."""
    case = CASES["the weightier"].fleet
    crowded = fleet([cell("a", cpu=300), cell("b", cpu=200)], work("w", 1, cpu=200, allowed="a b", placed={"a": 1}))
    grown = fleet([*crowded.cells], *crowded.workloads, work("v", 3, cpu=100, allowed="a"))
    assert settle(grown).unplaced == ()
    monkeypatch.setattr(repair, "LOOKS", 0)
    assert [one.replicas for one in settle(grown).unplaced] == [2]
    assert wrong(case, replan(case).replicas) == ""


BLOCKED: dict[str, tuple[Any, str]] = {
    "lost": (cell("a", standing=Standing.LOST), "lost: nothing stays there"),
    "draining": (cell("a", standing=Standing.DRAINING), "draining: nothing stays there"),
    "cordoned": (cell("a", standing=Standing.CORDONED), "cordoned: takes nothing new"),
    "filtered": (cell("z"), "not one of the Cells that the filters leave it"),
    "small nodes": (cell("a", cpu=500, nodes=9), "needs 600m cpu, the largest node has 500m"),
    "no nodes": (Cell("a", "a"), "needs 600m cpu, the largest node has 0; needs 1 gpu, the largest node has 0"),
    "nowhere together": (
        Cell("a", "a", (NodeClass(1, {"cpu": 600}), NodeClass(1, {"gpu": 1}))),
        "no node is large enough in everything at once",
    ),
    "by nodes": (cell("a", nodes=2, gpu=2), "its nodes hold no more than 2 of them, counted node by node"),
    "full": (cell("a", cpu=1000, gpu=1, nodes=1), "its nodes hold no more than 1 of them, counted node by node"),
}


@pytest.mark.parametrize(("one", "reason"), BLOCKED.values(), ids=BLOCKED)
def test_what_is_left_over_says_why(one: Cell, reason: str) -> None:
    gpu = 1 if any("gpu" in node.allocatable for node in one.nodes) or "gpu" in reason or "everything" in reason else 0
    (left,) = replan(fleet([one], work("w", 9, cpu=600, gpu=gpu, allowed="a"))).unplaced
    assert left.blocked == {one.name: reason}


def test_a_full_cell_says_what_it_lacks() -> None:
    subject = fleet(
        [cell("a"), cell("b")], work("top", 1, cpu=900, allowed="a", priority=9), work("w", 1, cpu=300, allowed="a")
    )
    (left,) = replan(subject).unplaced
    assert left.blocked["a"] == "full: lacks 200m cpu"


def test_domains_and_groups_are_named() -> None:
    subject = fleet([cell("a"), cell("b", cpu=50)], work("w", 2, min_domains=2, allowed="a b"))
    (left,) = replan(subject).unplaced
    assert left.blocked["a"] == "in a failure domain that has others of it, and it is to be in 2 at least"
    subject = fleet([cell("a")], work("g1", 1, group="g", allowed="a"), work("g2", 1, cpu=1200, group="g", allowed="a"))
    assert replan(subject).unplaced[0].blocked == {"a": "has room for one, but group g is placed whole or not at all"}
