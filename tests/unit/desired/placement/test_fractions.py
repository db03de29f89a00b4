"""Parts of accelerators fit where one accelerator has that much free, and whole ones stay whole as long as they can."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.desired.cells import NodeFree
from pilothouse.desired.placement.fractions import ACCELERATOR, fraction_of, parts, shared_out
from pilothouse.desired.placement.nodes import pod_of, room, shortage, with_pods
from pilothouse.desired.placement.replicas import place
from tests.unit.desired.fleets import cell, node, template, workload


def part(given_as: str, cpu: str = "100m") -> dict[str, Any]:
    return {"metadata": {"annotations": {"gpu-fraction": given_as}}, **template(cpu)}


def gpus(whole: int, *shared: int, total: int = 8, cpu: int = 64_000) -> NodeFree:
    whole_node = {"cpu": 64_000, "memory": 1 << 40, "pods": 110, ACCELERATOR: total}
    return node("n", cpu=cpu, free={ACCELERATOR: whole}, shared=shared, allocatable=whole_node)


@pytest.mark.parametrize(("text", "thousandths"), [("0.5", 500), (".25", 250), ("0.125", 125), ("0.05", 50)])
def test_a_part_is_read_as_kai_scheduler_reads_it(text: str, thousandths: int) -> None:
    assert fraction_of(part(text), "template") == thousandths
    assert pod_of(part(text)).fraction == thousandths
    assert fraction_of(template(), "template") == 0


@pytest.mark.parametrize("text", ["1", "0", "0.0", "1.5", "half", "-0.5", "0.1234"])
def test_what_is_no_part_of_one_is_named_by_its_path(text: str) -> None:
    with pytest.raises(InvalidQuantityError, match=r"^template\.metadata\.annotations\[gpu-fraction\]: found "):
        fraction_of(part(text), "template")


def test_parts_fit_where_one_accelerator_has_that_much() -> None:
    assert room(cell("a", gpus(0, 400, 400)), pod_of(part("0.5"))) == 0, "800 in the sum, 500 on none"
    assert room(cell("a", gpus(1, 400, 700)), pod_of(part("0.5"))) == 3
    assert room(cell("a", gpus(1, cpu=100)), pod_of(part("0.5"))) == 1, "they ask for cpu as well"


def test_a_whole_accelerator_is_opened_only_when_no_shared_one_has_the_part() -> None:
    left = with_pods(cell("a", gpus(1, 600, 900)), pod_of(part("0.5")), 3).nodes[0]
    assert (left.free[ACCELERATOR], left.shared) == (0, (100, 400, 500)), "the tightest first"


def test_what_is_short_is_told() -> None:
    told = shortage(cell("a", gpus(0, 400)), pod_of(part("0.5")))
    assert told == "needs 500 thousandths of an accelerator a pod; no node has one with as much free"


def test_headroom_is_kept_of_accelerators_too() -> None:
    spare = cell("a", gpus(1, total=4), headroom=25)
    assert room(spare, pod_of(part("0.5"))) == 0
    assert "has 0 thousandths of nvidia.com/gpu above that, needs 500 a pod" in shortage(spare, pod_of(part("0.5")))


def test_utilization_counts_the_parts_that_are_taken() -> None:
    cells = [cell("a", gpus(1, 500, 500)), cell("b", gpus(6, 900))]
    assert place(workload(1, pods=part("0.5")), cells, {}).replicas == {"b": 1}


@given(st.integers(0, 4), st.lists(st.integers(0, 999), max_size=4), st.integers(1, 999), st.integers(0, 9))
def test_parts_are_taken_one_by_one_and_none_is_lost(whole: int, shared: list[int], fraction: int, count: int) -> None:
    before = gpus(whole, *shared)
    count = min(count, parts(before, fraction))
    after = shared_out(before, fraction, count)
    total = [1000 * one.free[ACCELERATOR] + sum(one.shared) for one in (before, after)]
    assert total[0] - total[1] == count * fraction
    assert parts(after, fraction) == parts(before, fraction) - count
    assert all(left >= 0 for left in after.shared)
    assert after.free[ACCELERATOR] >= 0
