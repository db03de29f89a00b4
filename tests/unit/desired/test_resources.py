"""A resource gets its one type and its one Cell, or a message that says what is wrong and how to mend it."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from pydantic import Field

from pilothouse.api.application import Resource
from pilothouse.api.cell import Allow
from pilothouse.catalog.kinds import Catalog
from pilothouse.catalog.registry import TYPES
from pilothouse.dataplane.aws.types.queue import Queue, QueueSpec
from pilothouse.dataplane.types import Reference, ResourceSpec
from pilothouse.desired.cells import CellView, barred
from pilothouse.desired.resources import cell_for, references, typed
from pilothouse.desired.state import Problem

QUEUE = Queue()


def resource(**fields: Any) -> Resource:
    return Resource.model_validate({"name": "orders", **fields})


def test_the_one_type_block_is_the_type_and_its_settings() -> None:
    kind, spec = known(typed(resource(awsQueue={"delaySeconds": 5}), Catalog()))
    assert (kind.kind, spec) == ("awsQueue", QueueSpec(delay_seconds=5))


def known(found: Any) -> Any:
    assert not isinstance(found, Problem), found
    return found


class Wrong(NamedTuple):
    fields: dict[str, Any]
    reason: str
    message: str


WRONG = {
    "none": Wrong({}, "InvalidResource", "spec.resources[orders]: give exactly one type block; found: none."),
    "two": Wrong(
        {"awsQueue": {}, "awsInstance": {}},
        "InvalidResource",
        "spec.resources[orders]: give exactly one type block; found: awsInstance, awsQueue.",
    ),
    "unknown": Wrong(
        {"awsQeue": {}},
        "UnknownType",
        f"spec.resources[orders].awsQeue: type 'awsQeue' does not exist: use one of {', '.join(TYPES)}",
    ),
    "unknown field": Wrong(
        {"awsQueue": {"delay": 5}},
        "InvalidResource",
        "spec.resources[orders].awsQueue.delay: Extra inputs are not permitted",
    ),
    "out of range": Wrong(
        {"awsQueue": {"delaySeconds": 901}},
        "InvalidResource",
        "spec.resources[orders].awsQueue.delaySeconds: Input should be less than or equal to 900",
    ),
    "no block": Wrong(
        {"awsQueue": None},
        "InvalidResource",
        "spec.resources[orders].awsQueue: Input should be a valid dictionary or instance of QueueSpec",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_block_is_told_by_its_path(case: Wrong) -> None:
    assert typed(resource(**case.fields), Catalog()) == Problem(case.reason, case.message)


def cell(name: str, **fields: Any) -> CellView:
    return CellView(name, **{"provider": "aws", "allowed": (Allow(),), "labels": {"tier": "prod"}, **fields})


A, B = cell("a"), cell("b")
CORDONED, CLOSED, DOWN = cell("a", cordoned=True), cell("a", allowed=()), cell("a", ready=False)
CLUSTER, DEV = cell("a", provider="kubernetes"), cell("a", labels={"tier": "dev"})
NAMED = resource(cell="a", awsQueue={})
CHOSEN = resource(cellSelector={"matchLabels": {"tier": "prod"}}, awsQueue={})


class Place(NamedTuple):
    resource: Resource
    cells: tuple[CellView, ...]
    current: str
    cell: str
    reason: str


PLACES = {
    "named": Place(NAMED, (A, B), "", "a", "a person chose it"),
    "named, cordoned, there already": Place(NAMED, (CORDONED,), "a", "a", "what is there stays"),
    "named, not ready": Place(NAMED, (DOWN,), "", "a", "a person chose it; it waits until it is ready"),
    "named another": Place(NAMED, (A, B), "b", "a", "a person moves it"),
    "chosen": Place(CHOSEN, (B, A), "", "a", "the first by name: the same every time"),
    "chosen, there already": Place(CHOSEN, (A, B), "b", "b", "it stays where it is: nothing moves by itself"),
    "chosen, cordoned": Place(CHOSEN, (CORDONED, B), "", "b", "a cordoned Cell takes nothing new"),
    "chosen, cordoned, there already": Place(CHOSEN, (CORDONED, B), "a", "a", "what is there stays"),
    "chosen, not ready": Place(CHOSEN, (DOWN, B), "", "b", "a Cell that does not answer takes nothing new"),
    "chosen, not ready, there already": Place(CHOSEN, (DOWN, B), "a", "a", "an outage moves nothing"),
    "chosen, closed, there already": Place(CHOSEN, (CLOSED, B), "a", "b", "what is not allowed any more moves"),
    "chosen, of another provider": Place(CHOSEN, (CLUSTER, B), "", "b", "a queue is in no cluster"),
    "chosen, where its data may be": Place(
        resource(cellSelector={}, awsQueue={}, residency={"regions": ["eu"]}),
        (A, cell("b", region="eu")),
        "",
        "b",
        "data goes only where it may be",
    ),
    "chosen, without the label": Place(CHOSEN, (DEV, B), "", "b", "the selector says so"),
}


@pytest.mark.parametrize("case", PLACES.values(), ids=PLACES)
def test_a_resource_lives_in_one_cell_and_stays_there(case: Place) -> None:
    assert cell_for(case.resource, QUEUE, case.cells, "shop", case.current) == case.cell, case.reason


class Nowhere(NamedTuple):
    resource: Resource
    cells: tuple[CellView, ...]
    reason: str
    message: str


WHERE = "spec.resources[orders].cell"
NOBODY = "spec.resources[orders].cellSelector: no Cell of aws can take it."
NOWHERE = {
    "no such Cell": Nowhere(
        NAMED,
        (B, cell("c", allowed=())),
        "CellNotFound",
        f"{WHERE}: there is no Cell a. Cells open to namespace shop: b.",
    ),
    "no Cell at all": Nowhere(
        NAMED, (), "CellNotFound", f"{WHERE}: there is no Cell a. Cells open to namespace shop: none."
    ),
    "another provider": Nowhere(
        NAMED, (CLUSTER,), "CellNotUsable", f"{WHERE}: Cell a is of kubernetes, but awsQueue needs one of aws."
    ),
    "closed": Nowhere(
        NAMED,
        (CLOSED,),
        "CellNotUsable",
        f"{WHERE}: Cell a does not allow awsQueue for namespace shop; its spec.allow must list both.",
    ),
    "cordoned": Nowhere(
        NAMED,
        (CORDONED,),
        "CellNotUsable",
        f"{WHERE}: Cell a is cordoned and takes nothing new; uncordon it or name another.",
    ),
    "of another silo": Nowhere(
        NAMED,
        (cell("a", barred=barred("acme", "")),),
        "CellNotUsable",
        f"{WHERE}: Cell a: kept for silo acme: only namespaces with label pilothouse.dev/silo=acme use it.",
    ),
    "where its data may not be": Nowhere(
        resource(cell="a", awsQueue={}, residency={"regions": ["eu-west-1"]}),
        (cell("a", region="us-east-1"),),
        "CellNotUsable",
        f"{WHERE}: Cell a: region us-east-1 is not among residency.regions eu-west-1.",
    ),
    "nowhere that its data may be": Nowhere(
        resource(cellSelector={}, awsQueue={}, residency={"jurisdictions": ["EU"]}),
        (A,),
        "NoCell",
        f"{NOBODY} a: its jurisdiction, which is not given, is not among residency.jurisdictions EU",
    ),
    "none fits": Nowhere(
        CHOSEN,
        (
            DEV,
            replace(CLUSTER, name="x"),
            replace(CORDONED, name="b"),
            replace(DOWN, name="c"),
            replace(CLOSED, name="d"),
        ),
        "NoCell",
        f"{NOBODY} a: labels do not match tier=prod; b: cordoned: takes nothing new while spec.cordoned of Cell b is"
        " true; c: not ready: it has not been reached yet; d: awsQueue is not allowed for namespace shop: add it to"
        " spec.allow of Cell d",
    ),
    "no Cell of its provider": Nowhere(
        CHOSEN,
        (CLUSTER,),
        "NoCell",
        f"{NOBODY} there is none: create one",
    ),
    "neither name nor selector": Nowhere(
        resource(awsQueue={}),
        (A,),
        "NoCell",
        f"{NOBODY} a: give cell or cellSelector",
    ),
}


@pytest.mark.parametrize("case", NOWHERE.values(), ids=NOWHERE)
def test_what_lives_nowhere_is_told_why_and_what_to_do(case: Nowhere) -> None:
    assert cell_for(case.resource, QUEUE, case.cells, "shop", "") == Problem(case.reason, case.message)


class Deep(ResourceSpec):
    one: Reference
    many: tuple[Reference, ...] = ()
    named: dict[str, Reference] = Field(default_factory=dict)
    plain: int = 1


def test_references_are_found_wherever_a_spec_has_them() -> None:
    spec = Deep(
        one=Reference(ref="a"),
        many=(Reference(ref="b"), Reference(id="x")),
        named={"first": Reference(ref="c")},
    )
    assert [one.ref for one in references(spec)] == ["a", "b", "c"]


def test_of_the_cells_a_resource_may_live_in_the_best_is_taken() -> None:
    chosen = cell_for(
        resource(cellSelector={}), QUEUE, [A, B], "shop", "", better=lambda one: ({"a": 2, "b": 1}[one.name],)
    )
    assert chosen == "b"
    assert (
        cell_for(resource(cellSelector={}), QUEUE, [A, B], "shop", "a", better=lambda one: (one.name != "b",)) == "a"
    ), "what lives somewhere stays there"
