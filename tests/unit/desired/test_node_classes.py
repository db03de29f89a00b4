"""Few classes say what many nodes offer, and never more than they have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.cell import NodeClass
from pilothouse.api.quantities import InvalidQuantityError, amount, spelled
from pilothouse.desired.cells import NodeFree, Taint
from pilothouse.desired.node_classes import MOST, node_classes, nodes_of
from pilothouse.desired.placement.nodes import UNSCHEDULABLE
from tests.unit.desired.fleets import GI

MI = 1 << 20


def node(name: str = "n", taken: int = 0, cpu: int = 4000, **more: Any) -> NodeFree:
    whole = {"cpu": cpu, "memory": 16 * GI, "pods": 110}
    return NodeFree(name, free={**whole, "cpu": cpu - taken}, allocatable=whole, **more)


def test_nodes_alike_are_one_class_and_the_largest_class_is_first() -> None:
    gpu: dict[str, Any] = {"labels": {"disk": "fast", "kubernetes.io/hostname": "n"}, "taints": (Taint("gpu", "yes"),)}
    found = node_classes([node("1", **gpu), node("2", 500), node("3", 500)], {"disk"})
    assert [one.count for one in found] == [2, 1]
    assert found[0].allocatable == {"cpu": "4", "memory": "16Gi", "pods": "110"}
    assert found[0].taken == {"cpu": "500m"}
    assert found[1].labels == {"disk": "fast"}
    assert [(each.key, each.value, each.effect) for each in found[1].taints] == [("gpu", "yes", "NoSchedule")]


def test_some_kib_more_or_less_make_no_class_of_their_own() -> None:
    nodes = [NodeFree(str(number), free={"memory": 16 * GI + number * 1024}) for number in range(3)]
    (one,) = node_classes(nodes, ())
    assert (one.count, one.allocatable, one.taken) == (3, {"memory": "16Gi"}, {})


def test_a_node_that_takes_nothing_says_so_and_one_that_shrank_is_full() -> None:
    (stopped,) = node_classes([node(schedulable=False)], ())
    assert stopped.taints[0].key == UNSCHEDULABLE.key
    (shrunk,) = node_classes([NodeFree("n", free={"cpu": -500}, allocatable={"cpu": 1000, "gone": 0})], ())
    assert (shrunk.allocatable, shrunk.taken) == ({"cpu": "1"}, {"cpu": "1"})


def test_many_nodes_taken_differently_are_told_in_rougher_steps() -> None:
    found = node_classes([node(str(number), number * 7) for number in range(500)], ())
    assert sum(one.count for one in found) == 500
    assert len(found) <= MOST
    assert not any(one.merged for one in found)


def test_too_many_kinds_are_told_as_what_the_least_of_the_rarest_offers() -> None:
    kinds = [node(f"k{number}", cpu=1000 + number, labels={"kind": str(number)}) for number in range(4)]
    often = [node("often"), node("often2")]
    tainted = NodeFree("t", free={"cpu": 2}, allocatable={"cpu": 500, "pods": 9}, taints=(Taint("a"),))
    found = node_classes([*kinds, *often, tainted], {"kind"}, most=2)
    assert [(one.count, one.merged) for one in found] == [(2, False), (5, True)]
    assert found[1].allocatable == {"cpu": "500m", "pods": "9"}
    assert found[1].taken == {"cpu": "500m", "pods": "9"}
    assert found[1].labels == {}
    assert [each.key for each in found[1].taints] == ["a"]


NODES = st.lists(
    st.builds(node, st.sampled_from("ab"), st.integers(-10, 4200), st.sampled_from((4000, 8001))), max_size=12
)


@given(NODES, st.integers(2, 12))
def test_no_more_is_told_than_there_is(nodes: list[NodeFree], most: int) -> None:
    found = node_classes(nodes, (), most)
    read = nodes_of(found, {}, "x")
    assert len(found) <= most
    assert sum(one.count for one in found) == len(nodes)
    for resource in ("cpu", "memory"):
        told = sum(max(0, each.free[resource]) * one.count for one, each in zip(found, read, strict=True))
        assert told <= sum(max(0, each.free[resource]) for each in nodes)


def test_what_is_told_is_read_back() -> None:
    told = node_classes([node("1", 1500, labels={"disk": "fast"}, taints=(Taint("gpu", "yes"),))], {"disk"})
    (read,) = nodes_of(told, {"zone": "a"}, "status.nodeClasses")
    assert read.free == {"cpu": 2500, "memory": 16 * GI, "pods": 110}
    assert read.allocatable["cpu"] == 4000
    assert read.labels == {"disk": "fast", "zone": "a"}
    assert read.taints == (Taint("gpu", "yes"),)


def test_what_is_no_quantity_is_named() -> None:
    with pytest.raises(InvalidQuantityError, match=r"^here\[0\]\.taken\.cpu: found 'x'"):
        nodes_of([NodeClass(count=1, allocatable={"cpu": "1"}, taken={"cpu": "x"})], {}, "here")


@pytest.mark.parametrize(
    ("resource", "value", "told"),
    [
        ("cpu", 1500, "1500m"),
        ("memory", 16 * GI, "16Gi"),
        ("memory", 16 * GI + MI, "16385Mi"),
        ("memory", 1023, "1023"),
        ("memory", 0, "0"),
        ("pods", 1024, "1024"),
    ],
)
def test_amounts_are_told_exactly(resource: str, value: int, told: str) -> None:
    assert spelled(resource, value) == told
    assert amount(resource, told, "x") == value
