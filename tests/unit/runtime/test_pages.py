"""What Prometheus is told of rebalancing is what the last look came to, as it is when it is scraped."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pilothouse.api.application import Moved
from pilothouse.controller.ports import Key
from pilothouse.planning.rebalance.fleet import Decision, Held, Subject, Trigger, Why
from pilothouse.planning.rebalance.reading import Resident
from pilothouse.runtime.compose import Ground, Operator, compose
from pilothouse.runtime.options import Options
from pilothouse.runtime.pages import servers
from tests.unit.runtime.test_outage_pace import Nobody, ended

BEGAN = "2026-01-01T00:00:00Z"


@pytest.fixture
async def operator() -> AsyncGenerator[Operator, None]:
    nobody: Any = Nobody()
    made = compose(Options("pilothouse-system"), Ground(nobody, nobody, "cp-1", b"key"))
    servers(made)
    yield made
    await ended(made)


def scraped(operator: Operator, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a family, by the values of their labels in the order of the labels' names."""
    families = text_string_to_metric_families(operator.metrics.expose().decode())
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(value for _, value in sorted(each.labels.items())): each.value for each in found}


async def test_what_is_reserved_is_told_by_cell_and_resource(operator: Operator) -> None:
    assert scraped(operator, "pilothouse_cell_reserved_ratio") == {}, "nobody has looked yet"
    operator.rebalancer.reserved = {"eu-2": {"cpu": 0.25}, "eu-1": {"cpu": 0.5, "memory": 1.25}, "empty": {}}
    assert scraped(operator, "pilothouse_cell_reserved_ratio") == {
        ("eu-1", "cpu"): 0.5,
        ("eu-1", "memory"): 1.25,
        ("eu-2", "cpu"): 0.25,
    }
    operator.rebalancer.reserved = {}
    assert scraped(operator, "pilothouse_cell_reserved_ratio") == {}, "a Cell that went is told of no more"


async def test_the_share_of_free_accelerators_that_is_of_no_use_is_told_by_cell(operator: Operator) -> None:
    assert scraped(operator, "pilothouse_cell_fragmentation_ratio") == {}, "nobody has looked yet"
    operator.rebalancer.fragmented = {"eu-2": 0.25, "eu-1": 0.0}
    assert scraped(operator, "pilothouse_cell_fragmentation_ratio") == {("eu-1",): 0.0, ("eu-2",): 0.25}


async def test_headroom_is_told_of_the_cells_that_run_workloads(operator: Operator) -> None:
    clouds: dict[str, Any] = {"aws": {"accountID": "123456789012", "region": "eu-west-1"}}
    for name, spec in {"eu-1": {"kubernetes": {}, "headroomPercent": 10}, "eu-2": {"kubernetes": {}}}.items():
        operator.fleet.cell_told({"metadata": {"name": name, "uid": name}, "spec": spec}, deleted=False)
    operator.fleet.cell_told({"metadata": {"name": "aws", "uid": "aws"}, "spec": clouds}, deleted=False)
    policy = {"metadata": {"name": "default"}, "spec": {"placement": {"headroomPercent": 25}}}
    operator.fleet.policy_told(policy, deleted=False)
    assert scraped(operator, "pilothouse_cell_headroom_ratio") == {("eu-1",): 0.1, ("eu-2",): 0.25}


async def test_what_was_held_back_is_counted_by_reason_and_none_is_a_zero(operator: Operator) -> None:
    """Else a graph ends where a reason does, and an alert never returns to rest."""
    nothing = {(why.value,): 0.0 for why in Why}
    assert scraped(operator, "pilothouse_moves_held") == nothing
    held = [Held(Why.GAIN, "little", Trigger.HOT, "eu-1", Subject("shop/one", "web"))] * 2 + [Held(Why.REPAIR, "waits")]
    operator.rebalancer.decision = Decision(held=held)
    assert scraped(operator, "pilothouse_moves_held") == nothing | {("Gain",): 2.0, ("Repair",): 1.0}
    operator.rebalancer.decision = Decision()
    assert scraped(operator, "pilothouse_moves_held") == nothing


async def test_moves_under_way_are_those_that_are_not_over_whoever_began_them(operator: Operator) -> None:
    assert scraped(operator, "pilothouse_moves_under_way") == {(): 0.0}
    moves = (
        Moved(workload="web", source="eu-1", destination="eu-2", began_at=BEGAN, trigger="Hot"),
        Moved(workload="api", source="eu-1", destination="eu-2", began_at=BEGAN),
        Moved(workload="old", source="eu-1", destination="eu-2", began_at=BEGAN, ended_at=BEGAN, trigger="Hot"),
    )
    residents = operator.rebalancer.residents
    for name in ("one", "two"):
        resident = Resident(f"shop/{name}", (), (), frozenset(), lambda _: (), moves)
        residents.note(Key("shop", name), resident, repairing=False)
    assert scraped(operator, "pilothouse_moves_under_way") == {(): 4.0}
    residents.forget(Key("shop", "two"))
    assert scraped(operator, "pilothouse_moves_under_way") == {(): 2.0}


async def test_moves_that_begin_are_counted_for_what_they_are_for(operator: Operator) -> None:
    operator.rebalancer._meter.moved("Draining", 100.0)
    assert scraped(operator, "pilothouse_moves_total") == {("Draining",): 1.0}
    assert scraped(operator, "pilothouse_moves_gain_points_total") == {("Draining",): 100.0}
