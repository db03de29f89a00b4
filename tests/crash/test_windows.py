"""Change windows: outside of them nothing is begun but what is excepted, and what was begun is finished."""

from typing import Any

import pytest

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.conditions import find
from pilothouse.api.fleetpolicy import FleetPolicySpec
from tests.crash.lives import Life
from tests.crash.scenarios import resource, spec, stolen
from tests.crash.server import KEY
from tests.crash.world import World

NIGHTS = {"name": "nights", "kind": "Allow", "schedule": "0 23 * * *", "duration": "2h"}
"""The clock of the world stands at 22:13:20 UTC."""
OPENS = 46 * 60 + 40
ONE = spec(resource("a", "tokenedThing"))
TWO = spec(resource("a", "tokenedThing", size=2))


def under(world: World, **window: Any) -> None:
    world.fleet = FleetPolicySpec.model_validate({"changeWindows": [{**NIGHTS, **window}]})


def status(world: World) -> ApplicationStatus:
    assert world.server.application is not None
    return ApplicationStatus.model_validate(world.server.application["status"])


def ready(world: World) -> tuple[str, str, str]:
    found = find(status(world).conditions, "Ready")
    return (found.status, found.reason, found.message) if found else ("", "", "")


async def test_nothing_is_sent_before_its_window_opens_and_people_are_told_when() -> None:
    world, life = World(), Life()
    under(world)
    world.apply(ONE)
    reconciler = world.born(life)
    assert await world.passes(reconciler) == pytest.approx(OPENS - 3, abs=0.1)
    assert [effect for effect in life.effects if effect.startswith("cloud Create")] == []
    told = "change window nights, opens at 2023-11-14T23:00:00Z"
    assert ready(world) == ("Unknown", "WaitingForWindow", f"Waiting for {told}")
    plan = status(world).plan
    assert (plan.state, plan.waiting_for) == ("WaitingForWindow", told)
    assert KEY not in reconciler._slots._held, "who waits for hours takes nobody else's turn"
    written = world.server.version
    await world.passes(reconciler)
    assert world.server.version == written, "to wait on is nothing new"
    world.clock.time += OPENS
    await world.passes(reconciler)
    assert ready(world)[0] == "True"


async def test_a_window_that_is_far_ahead_is_looked_for_now_and_then() -> None:
    world = World()
    under(world, schedule="0 12 * * *")
    world.apply(ONE)
    assert await world.passes(world.born(Life())) == 3_600


@pytest.mark.parametrize(("excepted", "made"), [([], 0), (["Repair"], 1), (["Drift"], 0)])
async def test_what_is_excepted_is_sent_whatever_else_waits(excepted: list[str], made: int) -> None:
    """A thing that vanished is made again; the wish of the same Plan waits."""
    world = World()
    world.apply(spec(resource("a", "tokenedThing"), resource("b", "namedThing")))
    reconciler = world.born(Life())
    await world.passes(reconciler)
    under(world, **{"except": excepted})
    stolen(world)
    world.apply(spec(resource("a", "tokenedThing"), resource("b", "namedThing", size=2)))
    await world.passes(reconciler, 5)
    assert sum(thing.kind == "tokenedThing" for thing in world.cloud.things.values()) == made
    assert [thing.spec.size for thing in world.cloud.things.values() if thing.kind == "namedThing"] == [1]
    assert ready(world)[1] == "WaitingForWindow"


async def test_a_replacement_that_was_begun_is_finished_after_its_window_closed() -> None:
    """Between its deletion and its create there is nothing that could serve anybody."""
    world, life = World(), Life()
    world.apply(ONE)
    reconciler = world.born(life)
    await world.passes(reconciler)
    world.apply(spec(resource("a", "tokenedThing", shape="square")))
    for _ in range(9):
        await world.passes(reconciler, 1)
        if not world.cloud.things:
            break
    under(world)
    assert world.cloud.things == {}
    await world.passes(reconciler, 5)
    assert [thing.spec.shape for thing in world.cloud.things.values()] == ["square"]


async def test_a_whole_application_goes_in_its_time_too_unless_deletion_is_excepted() -> None:
    world = World()
    world.apply(ONE)
    reconciler = world.born(Life())
    await world.passes(reconciler)
    under(world)
    world.delete()
    await world.passes(reconciler)
    assert ready(world) == (
        "Unknown",
        "WaitingForWindow",
        "Waiting for change window nights, opens at 2023-11-14T23:00:00Z",
    )
    under(world, **{"except": ["Deletion"]})
    await world.passes(reconciler)
    assert world.server.application is None


async def test_a_window_that_cannot_be_read_lets_nothing_be_changed_until_it_is_corrected() -> None:
    world = World()
    under(world, schedule="0 25 * * *")
    world.apply(ONE)
    reconciler = world.born(Life())
    assert await world.passes(reconciler) is None, "the correction comes as an event"
    assert "nights of FleetPolicy default to be corrected: '0 25 * * *' in 'Etc/UTC': Bad hour" in ready(world)[2]
    assert world.cloud.things == {}
