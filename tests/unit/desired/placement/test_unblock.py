"""What is told to help helps: each change is made by hand, as its text says, and then everything fits."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given

from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.filters import Peer, Peers
from pilothouse.desired.placement.replicas import PLAIN, Terms, place
from pilothouse.desired.placement.unblock import Question, unblocking
from tests.unit.desired.fleets import CURRENT, EVERYTHING, cell, cells, node, on_nodes_of, template, workload, workloads

HARD = {"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
PROD = {"matchLabels": {"tier": "prod", "env": "x"}, "matchExpressions": [{"key": "gpu", "operator": "Exists"}]}
DB = Peer("workload db", "cell", frozenset({"a"}))


def sized(name: str, size: int, **fields: Any) -> CellView:
    return cell(name, *on_nodes_of(size), **fields)


def question(asked: Workload, *given: CellView, current: Mapping[str, int] | None = None, **more: Any) -> Question:
    return Question(asked, given, current or {}, "shop", Terms(**more))


class Case(NamedTuple):
    question: Question
    text: str
    by_hand: Callable[[Question], Question]
    """Does what the text says."""


def changed(name: str, **fields: Any) -> Callable[[Question], Question]:
    return lambda asked: asked.with_cell(replace(next(c for c in asked.cells if c.name == name), **fields))


def rewritten(**fields: Any) -> Callable[[Question], Question]:
    """The workload as it is with other fields, written as a person would."""

    def change(asked: Question) -> Question:
        wire = asked.workload.model_dump(by_alias=True, exclude_unset=True)
        return replace(asked, workload=Workload.model_validate(wire | fields))

    return change


GPU = {"spec": {"containers": [{"name": "m", "resources": {"limits": {"nvidia.com/gpu": 4}}}]}}
TWO = {
    "spec": {
        "containers": [
            {"name": "side", "resources": {"requests": {"cpu": "1"}}},
            {"name": "main", "resources": {"requests": {"cpu": "2500m"}}},
        ]
    }
}

CASES = {
    "cordoned": Case(
        question(workload(5), sized("a", 3), sized("b", 3, cordoned=True), sized("c", 1, cordoned=True)),
        "uncordon Cell b",
        changed("b", cordoned=False),
    ),
    "emptied": Case(
        question(workload(5), sized("a", 3), sized("b", 3, cordoned=True, evict=True)),
        "set spec.evict of Cell b to false",
        changed("b", cordoned=False, evict=False),
    ),
    "headroom": Case(
        question(workload(4), sized("a", 5, headroom=60)),
        "set headroomPercent of Cell a to 20 in place of 60",
        changed("a", headroom=20),
    ),
    "skew": Case(
        question(workload(7, spread=HARD), sized("a", 9), sized("b", 2)),
        "set spec.workloads[web].placement.spread.maxSkew to 3 in place of 1",
        rewritten(placement={"spread": {"minDomains": 1, **HARD, "maxSkew": 3}}),
    ),
    "selector": Case(
        question(workload(2, selector=PROD), sized("a", 9), sized("b", 9, labels={"tier": "prod"}, cordoned=True)),
        "take env=x,tier=prod,gpu out of placement.cellSelector, for Cell a",
        rewritten(placement={"spread": {"minDomains": 1}}),
    ),
    "affinity": Case(
        question(workload(2), sized("a", 1), sized("b", 9), peers=Peers(near=(DB,))),
        "take workload db out of placement.affinity",
        lambda asked: replace(asked, terms=PLAIN),
    ),
    "anti-affinity": Case(
        question(workload(2), sized("a", 2), sized("b", 1), peers=Peers(apart=(DB,))),
        "take workload db out of placement.antiAffinity",
        lambda asked: replace(asked, terms=PLAIN),
    ),
    "rights": Case(
        question(workload(2), sized("a", 1), sized("b", 2, allowed=())),
        "allow Deployment for namespace shop in spec.allow of Cell b",
        changed("b", allowed=EVERYTHING),
    ),
    "requests": Case(
        question(workload(2, pods=template("2")), cell("a", node("n", cpu=3000))),
        "let spec.workloads[web] ask for 1500m cpu a pod in place of 2",
        rewritten(template=template("1500m")),
    ),
    "requests of one container": Case(
        question(workload(2, pods=TWO), cell("a", node("n", cpu=6000))),
        "let spec.workloads[web] ask for 3 cpu a pod in place of 3500m",
        rewritten(
            template={
                "spec": {
                    "containers": [
                        {"name": "side", "resources": {"requests": {"cpu": "1"}}},
                        {"name": "main", "resources": {"requests": {"cpu": "2"}}},
                    ]
                }
            }
        ),
    ),
    "accelerators": Case(
        question(workload(1, pods=GPU), cell("a", node("n", free={"nvidia.com/gpu": 3}))),
        "let spec.workloads[web] ask for 3 nvidia.com/gpu a pod in place of 4",
        rewritten(template={"spec": {"containers": [{"name": "m", "resources": {"limits": {"nvidia.com/gpu": 3}}}]}}),
    ),
    "one node": Case(
        question(workload(4), cell("a", node("n", cpu=1000, allocatable={"cpu": 4000, "memory": 1, "pods": 110}))),
        "add 1 node like n to Cell a",
        lambda asked: asked.with_cell(replace(asked.cells[0], nodes=(*asked.cells[0].nodes, node("m", cpu=4000)))),
    ),
    "nodes": Case(
        question(
            workload(9),
            sized("a", 1),
            cell("b", node("n", cpu=0, allocatable={"cpu": 4000, "memory": 1, "pods": 110}), headroom=10),
        ),
        "add 3 nodes like n to Cell b",
        lambda asked: asked.with_cell(
            replace(asked.cells[1], nodes=(*asked.cells[1].nodes, *(node(f"m{i}", cpu=4000) for i in range(3))))
        ),
    ),
    "fewer replicas": Case(
        question(workload(9), sized("a", 0, cordoned=True), sized("b", 0, cordoned=True), current={"a": 4, "b": 3}),
        "set spec.workloads[web].replicas to 7 in place of 9",
        rewritten(replicas=7),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_change_that_is_told_makes_everything_fit(case: Case) -> None:
    change = unblocking(case.question, case.question.placed())
    assert change is not None
    assert change.text == case.text
    assert case.question.placed().shortfall > 0
    assert case.by_hand(case.question).placed().shortfall == 0, "done by hand, as the text says"


NONE_HELPS = {
    "no Cell": question(workload(2)),
    "two things are wrong": question(workload(2), sized("a", 9, cordoned=True, allowed=())),
    "where data may not be": question(
        workload(2, residency={"regions": ["eu"]}), sized("a", 9, region="us"), sized("b", 9)
    ),
    "a silo": question(workload(2), sized("a", 9, barred="kept for silo acme")),
    "no node could take one": question(workload(1, pods=template("900")), sized("a", 3)),
    "more nodes than anybody adds": question(
        workload(100_000), cell("a", node("n", allocatable={"cpu": 1000, "pods": 9}))
    ),
}


@pytest.mark.parametrize("asked", NONE_HELPS.values(), ids=NONE_HELPS)
def test_where_no_single_change_helps_none_is_told(asked: Question) -> None:
    assert unblocking(asked, asked.placed()) is None


def test_a_container_that_asks_for_less_than_is_too_much_is_left_alone() -> None:
    """Pods ask for it in the whole, by pod-level resources or while they start: no container has that much to give."""
    whole = {"spec": {"containers": [{"name": "m"}], "resources": {"requests": {"cpu": "4"}}}}
    asked = question(workload(1, pods=whole), sized("a", 3))
    assert unblocking(asked, asked.placed()) is None


@given(workloads(), cells(), CURRENT)
def test_every_change_that_is_told_works(asked: Workload, fleet: tuple[CellView, ...], current: dict[str, int]) -> None:
    short = question(asked, *fleet, current=current)
    found = short.placed()
    assume(found.shortfall)
    change = unblocking(short, found)
    if change is not None:
        then = change.then
        after = place(then.workload, then.cells, then.current, namespace="shop", terms=then.terms)
        assert (after.shortfall, sum(after.replicas.values())) == (0, then.workload.replicas)
    else:
        assert not found.replicas, "fewer replicas help wherever there are some"
