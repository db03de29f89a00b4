"""The fleet's budgets hold at every instant, also when leaders die, and no namespace waits for another."""

import time
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final

import pytest

from tests.aws.journal import Entry
from tests.crds.manifests import fleet_policy
from tests.e2e import manifests
from tests.e2e.stage import Stage

APPLICATIONS: Final = 12
PLANS: Final = 3
CALL_SECONDS: Final = 0.4
NEIGHBOURS: Final = 24
STEPS: Final = 2


def changed(journal: Iterable[Entry]) -> dict[str, tuple[float, float]]:
    """When the first call for each Application came, and when its last was done."""
    spans: dict[str, tuple[float, float]] = {}
    for entry in journal:
        owner = entry.parameters["tags"]["pilothouse.dev/owner"]
        first, _ = spans.get(owner, (entry.arrived, 0.0))
        spans[owner] = first, entry.time
    return spans


def most_at_once(spans: Mapping[str, tuple[float, float]]) -> int:
    """How many of them there were at the same time."""
    turns = [turn for first, last in spans.values() for turn in ((first, 1), (last, -1))]
    return max(accumulate(change for _, change in sorted(turns)))


def test_no_more_plans_are_under_way_than_the_budget_allows_whoever_leads(policed: Stage) -> None:
    """Each Plan is two calls, one after the other: the operator dies while some are between them."""
    stage = policed
    stage.operator.kill()  # Who starts knows the policy before anything else; who runs may hear of it after the rest.
    stage.apply(fleet_policy(budgets={"plansInFlight": PLANS}))
    stage.aws.inject("latency", "sqs:CreateQueue", seconds=CALL_SECONDS)
    names = [f"app-{number:02}" for number in range(APPLICATIONS)]
    second = manifests.queue("second") | {"dependsOn": ["first"]}
    stage.apply(*(manifests.application(name, resources=[manifests.queue("first"), second]) for name in names))
    stage.operator.start()
    for made in (APPLICATIONS // 2, APPLICATIONS):
        stage.until("some are made", lambda made=made: len(stage.aws.journal("sqs:CreateQueue")) > made)  # type: ignore[misc]
        stage.operator.kill()
        stage.operator.start()
    for name in names:
        stage.ready(name, seconds=120)
    journal = stage.aws.journal("sqs:CreateQueue")
    assert len({tuple(entry.ids) for entry in journal}) == 2 * APPLICATIONS
    spans = changed(journal)
    assert most_at_once(spans) == PLANS, f"neither more, nor fewer than may be: {spans}"


@pytest.mark.alone
def test_a_namespace_that_asks_for_little_does_not_wait_for_one_that_asks_for_much(
    policed: Stage, neighbour: Stage
) -> None:
    """Steps of a Cell are given out in turns: a namespace's one step comes after one of the other's at most."""
    stage = policed
    stage.apply(fleet_policy(budgets={"stepsInFlightPerCell": STEPS}))
    stage.aws.inject("latency", "sqs:CreateQueue", seconds=CALL_SECONDS)
    stage.apply(*(manifests.application(f"app-{n:02}", resources=[manifests.queue()]) for n in range(NEIGHBOURS)))
    stage.until("they are on their way", lambda: len(stage.aws.journal("sqs:CreateQueue")) >= STEPS)
    neighbour.apply(manifests.application(resources=[manifests.queue()]))
    asked = time.time()
    neighbour.ready()
    stage.until("all are made", lambda: len(stage.aws.journal("sqs:CreateQueue")) > NEIGHBOURS, seconds=60)
    after = [each for each in stage.aws.journal("sqs:CreateQueue") if each.arrived > asked]
    owners = [each.parameters["tags"]["pilothouse.dev/owner"].partition("/")[0] for each in after]
    assert len(owners) > 2 * STEPS, "else the others were nearly done, and this says nothing"
    assert neighbour.namespace in owners[: 2 * STEPS], f"it waited behind {owners.index(neighbour.namespace)} others"
