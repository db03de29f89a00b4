"""A Cell that is not for a workload says why, in words that name the field and the mend."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from pilothouse.api.cell import Allow
from pilothouse.desired.cells import barred
from pilothouse.desired.placement.replicas import Placement, place
from tests.unit.desired.fleets import EVERYTHING, cell, workload


def alone(
    current: Mapping[str, int] | None = None, selector: Any = None, residency: Any = None, **fields: Any
) -> Placement:
    """Place two replicas where there is but one Cell, called eu-1-a, with these fields."""
    asked = workload(2, selector=selector, residency=residency)
    return place(asked, [cell("eu-1-a", **fields)], current or {}, namespace="shop")


class Case(NamedTuple):
    fields: dict[str, Any]
    refusal: str
    keeps: bool
    reason: str
    selector: dict[str, Any] | None = None
    residency: dict[str, Any] | None = None


PROD = {"matchLabels": {"tier": "prod"}}

CASES = {
    "a cloud": Case(
        {"provider": "aws"},
        "a Cell of aws; workloads run in Kubernetes Cells",
        keeps=False,
        reason="a cloud account runs no pods",
    ),
    "abandoned": Case(
        {"abandoned": True},
        "abandoned: spec.abandoned declares gone what ran there",
        keeps=False,
        reason="its replicas are gone, so they are wanted elsewhere",
    ),
    "namespace not allowed": Case(
        {"allowed": ()},
        "not allowed for namespace shop: add it to spec.allow of Cell eu-1-a",
        keeps=False,
        reason="a tenant uses only what it is given, also after it was taken back",
    ),
    "type not allowed": Case(
        {"allowed": (Allow(types=("ConfigMap", "awsQueue")),)},
        "Deployment is not allowed for namespace shop: add it to types in spec.allow of Cell eu-1-a",
        keeps=False,
        reason="the entry is there, its types are too few: another mend",
    ),
    "another label": Case(
        {"labels": {"tier": "dev"}},
        "labels do not match placement.cellSelector tier=prod",
        keeps=False,
        reason="the customer said where",
        selector=PROD,
    ),
    "only what does not match is named": Case(
        {"labels": {"tier": "prod", "spot": "", "zone": "c"}},
        "labels do not match placement.cellSelector gpu,zone in (a,b),zone notin (c),!spot",
        keeps=False,
        reason="who reads ten requirements wants to see the one that fails",
        selector={
            **PROD,
            "matchExpressions": [
                {"key": "gpu", "operator": "Exists"},
                {"key": "zone", "operator": "In", "values": ["a", "b"]},
                {"key": "zone", "operator": "NotIn", "values": ["c"]},
                {"key": "spot", "operator": "DoesNotExist"},
                {"key": "tier", "operator": "Exists"},
            ],
        },
    ),
    "another silo": Case(
        {"barred": barred("acme", "")},
        "kept for silo acme: only namespaces with label pilothouse.dev/silo=acme use it",
        keeps=False,
        reason="a siloed tenant shares no Cell, also not with what was there before",
    ),
    "not of its silo": Case(
        {"barred": barred("", "acme")},
        "shared, but the namespace is of silo acme: it uses only Cells whose spec.silo is acme",
        keeps=False,
        reason="nor does it go where others are",
    ),
    "another region": Case(
        {"region": "us-east-1"},
        "region us-east-1 is not among residency.regions eu-west-1,eu-central-1",
        keeps=False,
        reason="data must not stay either where it may not be",
        residency={"regions": ["eu-west-1", "eu-central-1"]},
    ),
    "none of many regions": Case(
        {"region": "us"},
        "region us is not among residency.regions r0,r1,r2,r3,r4 and 45 more",
        keeps=False,
        reason="it is told of every Cell, so a few have to do",
        residency={"regions": [f"r{number}" for number in range(50)]},
    ),
    "another jurisdiction": Case(
        {"region": "eu-west-1", "jurisdiction": "UK"},
        "jurisdiction UK is not among residency.jurisdictions EU",
        keeps=False,
        reason="the region is right, its law is not",
        residency={"regions": ["eu-west-1"], "jurisdictions": ["EU"]},
    ),
    "nobody knows where": Case(
        {},
        "its jurisdiction, which is not given, is not among residency.jurisdictions EU",
        keeps=False,
        reason="what is not known is not promised",
        residency={"jurisdictions": ["EU"]},
    ),
    "not ready": Case(
        {"ready": False, "message": "connection refused"},
        "not ready: connection refused",
        keeps=True,
        reason="an outage of the connection must not move what runs",
    ),
    "not ready, nobody knows why": Case(
        {"ready": False}, "not ready: it has not been reached yet", keeps=True, reason="an empty message helps nobody"
    ),
    "cordoned": Case(
        {"cordoned": True},
        "cordoned: takes nothing new while spec.cordoned of Cell eu-1-a is true",
        keeps=True,
        reason="cordoned means nothing new, and no more",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_cell_that_is_not_for_a_workload_gets_nothing_and_says_why(case: Case) -> None:
    assert alone(selector=case.selector, residency=case.residency, **case.fields) == Placement(
        {}, {}, 2, {"eu-1-a": case.refusal}
    ), case.reason


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_runs_in_it_stays_unless_it_may_not_be_there(case: Case) -> None:
    found = alone({"eu-1-a": 2}, selector=case.selector, residency=case.residency, **case.fields)
    assert found.replicas == ({"eu-1-a": 2} if case.keeps else {}), case.reason
    assert found.shortfall == (0 if case.keeps else 2), case.reason
    assert found.refusals == {"eu-1-a": case.refusal}, case.reason


def test_the_first_reason_in_a_fixed_order_is_told() -> None:
    everything: dict[str, Any] = {"allowed": (), "labels": {}, "ready": False, "cordoned": True, "nodes": ()}
    mends: list[dict[str, Any]] = [
        {"allowed": EVERYTHING},
        {"labels": {"tier": "prod"}},
        {"ready": True},
        {"cordoned": False},
    ]
    told = []
    for mend in mends:
        told.append(alone(selector=PROD, **everything).refusals["eu-1-a"].split(" ")[0])
        everything |= mend
    told.append(alone(selector=PROD, **everything).refusals["eu-1-a"])
    assert told == ["not", "labels", "not", "cordoned:", "it has no nodes"], (
        "a mend must not bring up an earlier reason"
    )


def test_without_a_namespace_the_message_is_still_a_sentence() -> None:
    found = place(workload(1), [cell("a", allowed=())], {})
    assert found.refusals == {"a": "not allowed for this namespace: add it to spec.allow of Cell a"}


def test_where_data_may_be_nothing_stands_in_the_way() -> None:
    where = {"regions": ["eu-west-1"], "jurisdictions": ["EU"]}
    assert alone(residency=where, region="eu-west-1", jurisdiction="EU").replicas == {"eu-1-a": 2}


def test_a_silo_is_for_its_own() -> None:
    assert barred("acme", "acme") == "" == barred("", "")
    assert barred("acme", "emca")
