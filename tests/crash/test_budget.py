"""The fleet's budget of destructive steps holds after every death, and what waits goes on in its time."""

from typing import Any

import pytest

from pilothouse.api.conditions import find
from pilothouse.api.fleetpolicy import FleetPolicySpec
from tests.crash.lives import Blow, Killed, Life
from tests.crash.scenarios import ALL, SQUARE
from tests.crash.server import KEY
from tests.crash.world import World

HOUR = 3_660


def destroyed(world: World) -> int:
    return sum(entry.operation == "Delete" for entry in world.cloud.journal)


def allowed(world: World, steps: int) -> None:
    budgets: dict[str, Any] = {"destructiveStepsPerHour": steps}
    world.fleet = FleetPolicySpec.model_validate({"budgets": budgets, "breaker": {"missingPercent": 100}})


@pytest.fixture
async def world() -> World:
    """Three things are to be replaced, and one of them may be destroyed in an hour."""
    world = World()
    world.apply(ALL)
    await world.live(Life())
    allowed(world, 1)
    world.apply(SQUARE)
    return world


async def test_no_more_is_destroyed_in_an_hour_than_the_fleet_allows(world: World) -> None:
    reconciler = world.born(Life())
    assert await world.passes(reconciler, 8) == 60.0, "nothing tells that an hour is over"
    assert destroyed(world) == 1
    assert KEY not in reconciler._slots._held, "who waits for an hour takes nobody else's turn"
    found = find(world.status().conditions, "Reconciling")
    assert found is not None
    assert "waits for FleetPolicy budgets.destructiveStepsPerHour to allow one more" in found.message
    for hours in (2, 3):
        reconciler = world.born(Life())
        await world.passes(reconciler, 8)
        assert destroyed(world) == hours - 1, "to start anew is no new budget"
        world.clock.time += HOUR
        await world.passes(reconciler, 8)
        assert destroyed(world) == hours
    await world.passes(reconciler, 8)
    assert {thing.spec.shape for thing in world.cloud.things.values()} == {"square"}


async def test_it_holds_wherever_the_process_dies(world: World) -> None:
    for effect in range(30):
        life = Life(Blow(effect % 10, after=bool(effect % 2)))
        reconciler = world.born(life)
        for _ in range(4):
            try:
                await world.passes(reconciler, 1)
            except Killed:
                break
        assert destroyed(world) <= 1
    await world.passes(world.born(Life()), 8)
    assert destroyed(world) == 1, "and what was counted was begun, or is begun now"


async def test_a_whole_application_is_deleted_without_being_counted(world: World) -> None:
    world.delete()
    await world.passes(world.born(Life()), 12)
    assert world.server.application is None
    assert destroyed(world) == 3
