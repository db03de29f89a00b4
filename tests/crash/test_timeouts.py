"""A step that hangs: somebody is told in time, and it goes on by itself when its thing arrives."""

from dataclasses import replace
from typing import Any

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.conditions import Condition, find
from pilothouse.controller.reconcile import Reconciler
from pilothouse.dataplane.types import Health, HealthState
from tests.crash.lives import Life
from tests.crash.scenarios import resource, spec
from tests.crash.server import KEY
from tests.crash.world import World

STARTING = Health(HealthState.PROGRESSING, "waiting for capacity")
QUICK = resource("a", "tokenedThing") | {"timeouts": {"create": "10m", "update": "30m", "delete": "1m30s"}}


def status(world: World) -> ApplicationStatus:
    assert world.server.application is not None
    return ApplicationStatus.model_validate(world.server.application["status"])


def stalled(world: World) -> Condition:
    found = find(status(world).conditions, "Stalled")
    assert found is not None
    return found


def hang(world: World, health: Health = STARTING) -> None:
    """Let everything in the cloud be as `health` says."""
    world.cloud.things = {name: replace(thing, health=health) for name, thing in world.cloud.things.items()}


async def passes(world: World, reconciler: Reconciler, seconds: float) -> list[float]:
    """Take passes for so long, each when the one before asked for it; returns after how many seconds they came."""
    end, waits = world.clock.now() + seconds, list[float]()
    while True:
        requeue = await reconciler.reconcile(KEY)
        wait = 30.0 if requeue.failed else requeue.after
        assert wait is not None, "nobody else would tell that it should have come to rest"
        if world.clock.now() + wait >= end:
            world.clock.time = end
            return waits
        waits.append(wait)
        world.clock.time += wait
        await world.sweep()


async def begun(world: World, wanted: dict[str, Any]) -> Reconciler:
    """Send the create of a thing that then hangs."""
    world.apply(spec(wanted))
    reconciler = world.born(Life())
    await reconciler.reconcile(KEY)
    hang(world)
    return reconciler


async def test_a_step_that_hangs_is_told_with_its_name_its_limit_the_last_word_and_the_mend() -> None:
    world = World()
    reconciler = await begun(world, QUICK)
    await passes(world, reconciler, 590)
    assert (stalled(world).status, status(world).plan.state) == ("False", "Applying")
    await passes(world, reconciler, 20)
    assert (stalled(world).status, stalled(world).reason, status(world).plan.state) == (
        "True",
        "StepTimedOut",
        "Stalled",
    )
    assert stalled(world).message == (
        "create-a: sent at 2023-11-14T22:13:20Z, and sky/tokenedThing/a has not come to rest within 10m "
        "(timeouts.create). The last word of its provider: Progressing, waiting for capacity. It goes on by itself "
        "should it get there; else mend what its provider says, or give it longer: spec.resources[a].timeouts.create."
    )


async def test_it_goes_on_by_itself_should_it_arrive_and_is_asked_less_often_until_then() -> None:
    world = World()
    reconciler = await begun(world, QUICK)
    assert set((await passes(world, reconciler, 590))[1:]) == {2.0}
    assert (await passes(world, reconciler, 600))[-3:] == [60.0] * 3
    written = world.server.version
    await passes(world, reconciler, 600)
    assert world.server.version == written, "to hang on is nothing new"
    hang(world, Health())
    await reconciler.reconcile(KEY)
    ready = find(status(world).conditions, "Ready")
    assert (stalled(world).status, ready.status if ready else "", status(world).resources[0].under_way) == (
        "False",
        "True",
        None,
    )


async def test_the_time_counts_from_when_it_was_sent_also_for_the_next_process() -> None:
    world = World()
    await passes(world, await begun(world, QUICK), 590)
    world.server.plans.clear()
    await passes(world, world.born(Life()), 20)
    assert stalled(world).reason == "StepTimedOut"


async def test_who_wants_it_otherwise_gets_the_time_again() -> None:
    world = World()
    reconciler = await begun(world, QUICK)
    await passes(world, reconciler, 700)
    world.apply(spec(QUICK | {"tokenedThing": {"size": 2}}))
    await passes(world, reconciler, 60)
    assert stalled(world).status == "False"
    await passes(world, reconciler, 1_760)
    assert stalled(world).message.startswith("update-a: ")


async def test_a_type_has_limits_of_its_own_and_a_thing_that_fails_later_is_no_step_that_hangs() -> None:
    world = World()
    reconciler = await begun(world, resource("a", "tokenedThing"))
    await passes(world, reconciler, 1_190)
    assert stalled(world).status == "False"
    await passes(world, reconciler, 20)
    assert "within 20m (timeouts.create)" in stalled(world).message
    hang(world, Health())
    await reconciler.reconcile(KEY)
    hang(world)
    world.clock.time += 1
    await world.sweep()
    await passes(world, reconciler, 3_000)
    assert stalled(world).status == "False"


async def test_the_limit_of_a_deletion_is_known_when_its_spec_is_gone() -> None:
    world = World()
    reconciler = await begun(world, QUICK)
    hang(world, Health())
    for _ in range(3):
        await reconciler.reconcile(KEY)
    world.cloud.draining = "draining"
    world.apply(spec())
    for _ in range(3):
        await reconciler.reconcile(KEY)
        world.approve()
    await passes(world, reconciler, 120)
    assert stalled(world).message.startswith("delete-a: ")
    assert (
        "within 1m30s (timeouts.delete). The last word of its provider: Deleting, draining." in stalled(world).message
    )
    world.cloud.things = {}
    for _ in range(2):
        await reconciler.reconcile(KEY)
    assert (stalled(world).status, status(world).resources) == ("False", ())
