"""A DaemonSet runs in every Cell that it may use, on every node there that takes it."""

from typing import Any, NamedTuple

import pytest

from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, Taint
from pilothouse.desired.everywhere import place_everywhere
from pilothouse.desired.housing import Tenant, house
from tests.unit.desired.fleets import cell, node, template

TENANT = Tenant("checkout", "shop", {}, ())


def agent(**spec: Any) -> Workload:
    pods = template("64", **spec)
    return Workload.model_validate({"name": "agent", "kind": "DaemonSet", "template": pods})


class Case(NamedTuple):
    """replicas: by Cell; refused: the Cells with a reason against them."""

    cells: tuple[CellView, ...]
    replicas: dict[str, int]
    reason: str
    refused: tuple[str, ...] = ()
    current: dict[str, int] = {}  # noqa: RUF012 - never changed


TWO = (node("1", labels={"zone": "a"}), node("2", labels={"zone": "b"}))
CASES = {
    "every Cell": Case((cell("a", *TWO), cell("b", node("3"))), {"a": 2, "b": 1}, "one pod on each node of each"),
    "its own nodes": Case((cell("a", *TWO, node_selector={"zone": "b"}),), {"a": 1}, "a Cell is part of a cluster"),
    "a node that is cordoned": Case(
        (cell("a", node("1", schedulable=False)),), {"a": 1}, "the DaemonSet controller puts pods there all the same"
    ),
    "a tainted node": Case(
        (cell("a", node("1", taints=(Taint("gpu"),)), node("2")),), {"a": 1}, "its pods tolerate what they say"
    ),
    "a Cell that does not answer": Case((cell("a", ready=False),), {}, "nothing can be made there", ("a",)),
    "a Cell that no longer answers": Case(
        (cell("a", ready=False),), {"a": 7}, "what runs there goes on", current={"a": 7}
    ),
    "a cordoned Cell": Case((cell("a", cordoned=True), cell("b")), {"b": 1}, "it takes nothing new", ("a",)),
    "a Cell that was taken back": Case(
        (cell("a", allowed=()), cell("b")), {"b": 1}, "a tenant uses what it is given", ("a",), {"a": 1}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_there_is_one_pod_for_each_node_that_takes_it(case: Case) -> None:
    found = place_everywhere(agent(), case.cells, case.current)
    assert dict(found.replicas) == case.replicas, case.reason
    assert tuple(found.refusals) == case.refused
    assert found.reasons.keys() == found.replicas.keys()


def test_where_it_runs_is_told_like_that_of_any_other_workload() -> None:
    (placed,) = house(agent(), [cell("a", *TWO)], TENANT).placed
    assert (placed.workload, placed.cell, placed.replicas) == ("agent", "a", 2)
    assert placed.reason == "one pod on each node that takes it"


def test_where_it_cannot_run_is_told_with_the_reason() -> None:
    shortage = house(agent(), [cell("a", allowed=())], TENANT).shortage
    assert shortage.startswith("workload agent: no Cell can take it. a: not allowed for namespace shop")
