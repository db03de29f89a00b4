"""Whether a failure domain can be lost is known before it is."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement import redundancy
from pilothouse.desired.placement.redundancy import spelled, uncovered
from tests.unit.desired.fleets import cell, node


def used(name: str, reserved: int, total: int = 10, **fields: Any) -> CellView:
    """A Cell of one node of `total` cpus, of which so many are reserved."""
    whole = {"cpu": total * 1000, "pods": 110}
    mine = node("n", cpu=(total - reserved) * 1000, free={"pods": 110}, allocatable=whole, labels={"in": "x"})
    foreign = node("foreign", cpu=0, allocatable={"cpu": 999_000})
    return cell(name, mine, foreign, **{"node_selector": {"in": "x"}, **fields})


def test_what_the_others_have_room_for_may_be_lost() -> None:
    assert uncovered([used("a", 6), used("b", 5), used("c", 5)], {}) == {}


def test_what_is_short_is_told_for_each_domain() -> None:
    cells = [used("a1", 6, failure_domain="a"), used("a2", 3, failure_domain="a"), used("b", 4)]
    assert uncovered(cells, {}) == {"a": {"cpu": 3000}}
    assert spelled({"cpu": 3000, "memory": 1 << 30}) == "3 cpu and 1Gi memory"


def test_what_takes_nothing_new_offers_nothing_and_can_be_lost_all_the_same() -> None:
    others: list[dict[str, Any]] = [{"cordoned": True}, {"ready": False}]
    for fields in others:
        assert uncovered([used("a", 1), used("b", 1, **fields)], {}) == {"a": {"cpu": 1000}}
    assert uncovered([used("a", 1), used("b", 1, abandoned=True)], {}) == {"a": {"cpu": 1000}}


def test_a_cordoned_node_offers_nothing() -> None:
    closed = cell("b", node("n", cpu=9000, schedulable=False))
    assert uncovered([used("a", 1), closed], {}) == {"a": {"cpu": 1000}}


def test_only_the_same_silo_takes_over() -> None:
    cells = [used("a", 2), used("b", 2), used("s", 1), CellView("aws", "aws")]
    assert uncovered(cells, {"s": "acme"}) == {"s": {"cpu": 1000}}


def test_the_only_domain_is_never_covered_and_an_empty_one_always_is() -> None:
    assert uncovered([used("a", 1)], {}) == {"a": {"cpu": 1000}}
    assert uncovered([used("a", 0)], {}) == {}


def test_each_cell_is_looked_at_once_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty Cells of a hundred nodes would otherwise take seconds, and it is asked for each of them."""
    looks, look = Counter[str](), redundancy._nodes

    def counted(cell: CellView) -> list[NodeFree]:
        looks[cell.name] += 1
        return look(cell)

    monkeypatch.setattr(redundancy, "_nodes", counted)
    uncovered([used(name, 1) for name in "abcdef"], {})
    assert looks == dict.fromkeys("abcdef", 2), "once for what is taken, once for what is free"


@given(st.lists(st.tuples(st.integers(0, 10), st.sampled_from("xyz")), min_size=1, max_size=6))
def test_it_is_the_sum_of_what_is_lost_less_the_sum_of_what_is_left(fleet: list[tuple[int, str]]) -> None:
    cells = [used(f"c{number}", reserved, failure_domain=domain) for number, (reserved, domain) in enumerate(fleet)]
    found = uncovered(cells, {})
    for domain in {domain for _, domain in fleet}:
        lost = sum(reserved for reserved, where in fleet if where == domain)
        left = sum(10 - reserved for reserved, where in fleet if where != domain)
        assert found.get(domain, {}).get("cpu", 0) == max(0, lost - left) * 1000
