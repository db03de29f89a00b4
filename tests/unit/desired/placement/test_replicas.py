"""Where replicas go, told case by case: over failure domains, where least is reserved, and staying where they are."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.replicas import place, reserve
from tests.unit.desired.fleets import cell, node, on_nodes_of, template, workload


def sized(name: str, size: int, domain: str = "", *, cordoned: bool = False, ready: bool = True) -> CellView:
    """A Cell with room for `size` more replicas."""
    return cell(name, *on_nodes_of(size), failure_domain=domain, cordoned=cordoned, ready=ready)


ZONES = (sized("a1", 9, "a"), sized("a2", 5, "a"), sized("b1", 5, "b"), sized("c1", 5, "c"))


class Case(NamedTuple):
    workload: Workload
    cells: tuple[CellView, ...]
    want: dict[str, int]
    reason: str
    current: Mapping[str, int] = {}
    shortfall: int = 0


CASES = {
    "one Cell": Case(workload(3), (sized("a", 5),), {"a": 3}, "the plainest case"),
    "even over domains": Case(
        workload(6), ZONES, {"a1": 1, "a2": 1, "b1": 2, "c1": 2}, "domains share alike, not Cells"
    ),
    "least reserved within a domain": Case(
        workload(3), ZONES[:2], {"a1": 2, "a2": 1}, "2 of 9 is a greater share than 1 of 5, 1 of 9 a smaller one"
    ),
    "shares even out within a domain": Case(workload(8), ZONES[:2], {"a1": 5, "a2": 3}, "what is put there counts"),
    "more domains than replicas": Case(
        workload(1),
        (sized("a", 2), sized("b", 3), sized("c", 3)),
        {"b": 1},
        "among empty domains where it takes the smallest share, then by name",
    ),
    "a full domain": Case(workload(6), (sized("a", 1), sized("b", 9)), {"a": 1, "b": 5}, "as even as room allows"),
    "an uneven rest": Case(
        workload(4), (sized("a", 9), sized("b", 9), sized("c", 9)), {"a": 2, "b": 1, "c": 1}, "the odd one by name"
    ),
    "does not fit": Case(
        workload(9), (sized("a", 2), sized("b", 3)), {"a": 2, "b": 3}, "what fits is placed", shortfall=4
    ),
    "fits nowhere": Case(workload(2), (sized("a", 0),), {}, "no Deployment without a pod that could run", shortfall=2),
    "no Cells": Case(workload(2), (), {}, "a fleet of none is no error", shortfall=2),
    "nothing changes": Case(
        workload(4),
        ZONES,
        {"a1": 4},
        "uneven, but nothing asked for a move: moving costs more than it gains",
        {"a1": 4},
    ),
    "nothing changes where it is full": Case(
        workload(2), (sized("a", 0), sized("b", 9)), {"a": 2}, "its own pods are what fills it", {"a": 2}
    ),
    "growth goes to the emptiest domain": Case(
        workload(6), ZONES, {"a1": 4, "b1": 1, "c1": 1}, "what runs stays, what is new evens out", {"a1": 4}
    ),
    "growth in a full Cell": Case(
        workload(3), (sized("a", 0), sized("b", 1)), {"a": 2, "b": 1}, "only what is new needs room", {"a": 2}
    ),
    "shrinking takes from the fullest domain": Case(
        workload(3),
        ZONES,
        {"a1": 1, "b1": 1, "c1": 1},
        "the spread is kept as long as it can be",
        {"a1": 3, "b1": 2, "c1": 1},
    ),
    "shrinking takes from the tightest Cell": Case(
        workload(2), ZONES, {"a1": 2}, "where room is scarce, room is given back first", {"a1": 2, "a2": 2}
    ),
    "shrinking takes from a cordoned Cell among equals": Case(
        workload(3),
        (sized("a", 0, "x"), sized("b", 9, "x", cordoned=True), sized("c", 9, "y")),
        {"a": 1, "b": 1, "c": 1},
        "a Cell that is being emptied loses first, where the spread does not care",
        {"a": 1, "b": 2, "c": 1},
    ),
    "shrinking takes from an unreachable domain among equals": Case(
        workload(2),
        (sized("a", 0), sized("b", 9, ready=False), sized("c", 9)),
        {"a": 1, "c": 1},
        "what runs there may be gone: those that surely run are kept",
        {"a": 1, "b": 1, "c": 1},
    ),
    "the selector changed": Case(
        workload(4, selector={"matchLabels": {"tier": "prod"}}),
        (cell("a"), cell("b", labels={"tier": "prod"}), cell("c", labels={"tier": "prod"})),
        {"b": 2, "c": 2},
        "what may not be there any more moves, the others stay",
        {"a": 3, "b": 1},
    ),
    "a Cell is gone": Case(workload(2), (sized("b", 2),), {"b": 2}, "its replicas are wanted still", {"a": 2}),
    "cordoned": Case(
        workload(4),
        (sized("a", 9, cordoned=True), sized("b", 9)),
        {"a": 1, "b": 3},
        "it keeps its own and gets nothing new",
        {"a": 1},
    ),
    "unreachable": Case(
        workload(4),
        (sized("a", 9, ready=False), sized("b", 2)),
        {"a": 1, "b": 2},
        "nothing new goes where nobody answers",
        {"a": 1},
        1,
    ),
    "minDomains": Case(
        workload(4, min_domains=2),
        (sized("a", 9), sized("b", 1)),
        {"a": 3, "b": 1},
        "two domains, as even as room allows",
    ),
    "minDomains raised": Case(
        workload(4, min_domains=3),
        ZONES,
        {"a1": 2, "b1": 1, "c1": 1},
        "as few moves as the new minimum takes",
        {"a1": 4},
    ),
    "minDomains by growth": Case(
        workload(5, min_domains=2),
        ZONES,
        {"a1": 4, "b1": 1},
        "the new replica reaches it: nothing moves",
        {"a1": 4},
    ),
    "minDomains by growth and a move": Case(
        workload(4, min_domains=3),
        ZONES,
        {"a1": 2, "b1": 1, "c1": 1},
        "the new replica is not enough: one more moves",
        {"a1": 3},
    ),
    "minDomains while shrinking": Case(
        workload(3, min_domains=2), ZONES[:3], {"a1": 2, "b1": 1}, "fewer replicas, more domains", {"a1": 4}
    ),
    "minDomains takes from the fullest domain": Case(
        workload(6, min_domains=3),
        (sized("a", 9), sized("b", 9), sized("c", 9)),
        {"a": 2, "b": 3, "c": 1},
        "a move should also even things out",
        {"a": 2, "b": 4},
    ),
    "minDomains with few replicas": Case(
        workload(1, min_domains=3), ZONES, {"b1": 1}, "one replica can be in one domain, and stays", {"b1": 1}
    ),
    "minDomains without room": Case(
        workload(4, min_domains=2),
        (sized("a", 9), sized("b", 0)),
        {"a": 4},
        "a minimum that cannot be had stops nothing",
    ),
    "minDomains, but cordoned": Case(
        workload(4, min_domains=2),
        (sized("a", 0, cordoned=True), sized("b", 9)),
        {"a": 4},
        "a cordoned Cell keeps what it has",
        {"a": 4},
    ),
    "minDomains gives no domain up": Case(
        workload(4, min_domains=4),
        (sized("a", 9, cordoned=True), sized("b", 9), sized("c", 20), sized("d", 9)),
        {"a": 3, "b": 1},
        "moving the only replica of a domain would gain nothing",
        {"a": 3, "b": 1},
    ),
    "no replicas": Case(workload(0), ZONES, {"a1": 0}, "the Deployment exists all the same, in one Cell"),
    "no replicas, no room": Case(workload(0), (sized("b", 0), sized("a", 0)), {"a": 0}, "no replicas need no room"),
    "no replicas any more": Case(
        workload(0), ZONES, {"b1": 0, "c1": 0}, "scaling to zero removes pods, not Deployments", {"b1": 2, "c1": 1}
    ),
    "no replicas still": Case(workload(0), ZONES, {"c1": 0}, "nothing moves at zero either", {"c1": 0}),
    "no replicas, cordoned": Case(
        workload(0), (sized("a", 9, cordoned=True), sized("b", 9)), {"a": 0}, "what is there stays", {"a": 0}
    ),
    "no replicas, no Cell": Case(workload(0), (sized("a", 9, cordoned=True),), {}, "even nothing needs a Cell"),
    "from zero": Case(workload(2), ZONES, {"a1": 1, "b1": 1}, "no replica is bound to where there was none", {"c1": 0}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_replicas_go_where_they_should(case: Case) -> None:
    found = place(case.workload, case.cells, case.current)
    assert found.replicas == case.want, case.reason
    assert found.shortfall == case.shortfall, case.reason
    assert found.reasons.keys() == case.want.keys(), "every Cell that is chosen says why"


def why(case: str) -> Mapping[str, str]:
    return place(CASES[case].workload, CASES[case].cells, CASES[case].current).reasons


REASONS = {
    "more domains than replicas": {
        "b": "in 1 failure domain; score 77 (utilization 12, recentPlacements 20, domainSpread 20, closeness 15,"
        " price 10), best of 3 Cells with room"
    },
    "nothing changes": {"a1": "in 1 failure domain; stays where it is"},
    "shrinking takes from the tightest Cell": {"a1": "in 1 failure domain; stays where it is"},
    "minDomains while shrinking": {
        "a1": "spread over 2 failure domains; scaled down from 4",
        "b1": "spread over 2 failure domains; score 79 (utilization 14, recentPlacements 20, domainSpread 20,"
        " closeness 15, price 10), best of 3 Cells with room",
    },
    "minDomains without room": {
        "a": "in 1 failure domain, fewer than the minDomains 2 asked for; score 55 (utilization 10,"
        " recentPlacements 15, domainSpread 5, closeness 15, price 10), the only Cell with room"
    },
    "minDomains with few replicas": {"b1": "in 1 failure domain; stays where it is"},
    "no replicas": {
        "a1": "no replicas; score 81 (utilization 16, recentPlacements 20, domainSpread 20, closeness 15, price 10),"
        " best of 4 Cells open to it"
    },
    "no replicas still": {"c1": "no replicas; stays where it is"},
}


@pytest.mark.parametrize(("case", "want"), REASONS.items(), ids=REASONS)
def test_every_cell_says_why_it_was_chosen(case: str, want: Mapping[str, str]) -> None:
    assert why(case) == want


def test_the_only_cell_for_no_replicas_says_so() -> None:
    (reason,) = place(workload(0), [sized("a", 0)], {}).reasons.values()
    assert reason.endswith(", the only Cell open to it")


def test_a_shortfall_says_for_every_cell_what_is_short_and_by_how_much() -> None:
    cells = [
        cell("big", node(cpu=9500)),
        cell("cordoned", cordoned=True),
        cell("small", node(cpu=1500)),
        cell("aws", provider="aws"),
    ]
    found = place(workload(5, pods=template("4")), cells, {"removed": 1}, namespace="shop")
    assert (found.replicas, found.shortfall) == ({"big": 2}, 3)
    assert list(found.refusals.items()) == [
        ("aws", "a Cell of aws; workloads run in Kubernetes Cells"),
        ("big", "full after 2 more: needs 4 cpu a pod; the largest free node has 1500m"),
        ("cordoned", "cordoned: takes nothing new while spec.cordoned of Cell cordoned is true"),
        ("removed", "there is no such Cell any more"),
        ("small", "needs 4 cpu a pod; the largest free node has 1500m"),
    ], "in the order of names, whatever order they came in"


def test_a_cell_without_room_says_so_also_when_the_others_suffice() -> None:
    found = place(workload(2), [sized("a", 0), sized("b", 9)], {})
    assert (found.replicas, found.shortfall) == ({"b": 2}, 0)
    assert found.refusals == {"a": "needs 1 cpu a pod; the largest free node has 0"}, "`why` shows what was not chosen"


def test_room_is_not_looked_at_while_there_is_nothing_to_place() -> None:
    assert place(workload(2), [sized("a", 0), sized("b", 0)], {"a": 2}).refusals == {}, "most passes find nothing to do"


def test_a_wrong_quantity_is_named_by_its_path_in_the_application() -> None:
    path = r"spec\.workloads\[web\]\.template\.spec\.containers\[main\]\.resources\.requests\.cpu"
    with pytest.raises(InvalidQuantityError, match=f"^{path}: found 'lots'"):
        place(workload(1, pods=template("lots")), [], {})


def test_a_second_workload_finds_the_room_that_the_first_one_left() -> None:
    cells = (sized("a", 3), sized("b", 2))
    first = place(workload(4), cells, {})
    second = place(workload(4), reserve(workload(4), cells, first.replicas), {})
    assert (first.replicas, second.replicas, second.shortfall) == ({"a": 2, "b": 2}, {"a": 1}, 3)


def test_every_choice_tells_the_three_best_of_the_others_as_they_are_in_the_end() -> None:
    cells = [sized(name, size) for name, size in (("a", 9), ("b", 8), ("c", 7), ("d", 6), ("e", 1))]
    found = place(workload(2), cells, {})
    assert found.replicas == {"a": 1, "b": 1}
    first, second = found.choices["a"], found.choices["b"]
    assert [name for name, _ in first.others] == ["c", "d", "b"], "a second one in b fills less than the first in e"
    assert [name for name, _ in second.others] == ["c", "d", "a"], "the three best of four"
    assert all(score.points <= first.score.points for _, score in first.others), "else another one had been chosen"
    assert sum(first.score.terms.values()) == first.score.points


def test_what_stays_tells_of_no_choice() -> None:
    assert place(workload(2), ZONES, {"a1": 2}).choices == {}
