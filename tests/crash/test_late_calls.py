"""Calls whose outcome nobody has on record: they can have their effect when everything has moved on since."""

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

import pytest

from pilothouse.applying.executor import OLDEST_INTENT
from pilothouse.applying.ledger import LONGEST_CALL_SECONDS
from pilothouse.applying.ports import NotLeader, Overtaken
from pilothouse.controller import pacing, reconcile
from pilothouse.controller.reconcile import Reconciler
from pilothouse.dataplane.aws import client
from tests.crash.cloud import Cloud
from tests.crash.lives import Blow, Life
from tests.crash.scenarios import FOUND, found, resource, spec
from tests.crash.server import KEY
from tests.crash.world import World


async def killed(world: World, effect: str, *, after: bool) -> None:
    """Live until a call of this operation, before or after it has its effect."""
    await world.live(Life(Blow(await when(world, effect), after=after)))


async def paused(world: World, effect: str) -> tuple[Life, asyncio.Task[Any]]:
    """Take a pass until a call of this operation is on its way; it arrives when the life's `resume` is set."""
    sender = Life(paused_at=await when(world, effect))
    reconciler = world.born(sender)
    await world.sweep()
    task = asyncio.create_task(to_its_end(world, reconciler))
    await sender.reached.wait()
    return sender, task


async def when(world: World, effect: str) -> int:
    """At which of its effects a life would send the first call of this operation."""
    probe, life = copy.deepcopy(world), Life()
    await passes(probe, probe.born(life), 9)
    return life.effects.index(f"cloud {effect}")


async def to_its_end(world: World, reconciler: Reconciler) -> None:
    """Run passes until one sends what it waits to send, and write down what came of it unless another one leads."""
    before = len(world.cloud.journal)
    for _ in range(9):
        try:
            world.approve()
            await reconciler.reconcile(KEY)
        except (NotLeader, Overtaken):
            return
        if len(world.cloud.journal) > before:
            return


async def arrives(sender: Life, task: asyncio.Task[Any]) -> None:
    """Let the call have its effect, whatever has happened meanwhile."""
    sender.resume.set()
    await task


async def passes(world: World, reconciler: Reconciler, number: int, seconds: float = 1.0) -> None:
    """Run so many passes, so many seconds apart, each with a new sweep and every Plan approved."""
    for _ in range(number):
        await world.sweep()
        world.approve()
        await reconciler.reconcile(KEY)
        world.clock.time += seconds
        if world.server.application is None:
            return


def settings(world: World) -> list[tuple[str, int]]:
    return [(thing.spec.shape, thing.spec.size) for thing in world.cloud.things.values()]


ONE: Mapping[str, Mapping[str, Any]] = {
    kind: resource("a", kind) for kind in ("namedThing", "tokenedThing", "tokenlessThing")
}


@pytest.mark.parametrize("kind", ONE)
async def test_what_a_call_made_is_removed_although_its_application_was_suspended_and_deleted_before_it_shows(
    kind: str,
) -> None:
    """An intent that may be repeated must not be dropped where it cannot be: nothing else tells of the thing."""
    world = World(Cloud(lag=1))
    world.apply(spec(ONE[kind]))
    sender, call = await paused(world, "Create")
    world.apply({**spec(ONE[kind]), "suspend": True})
    successor = world.born(Life())
    await passes(world, successor, 3)
    world.delete()
    await passes(world, successor, 1)
    await arrives(sender, call)
    await world.live(Life())
    assert (world.server.application, world.cloud.things) == (None, {})


async def test_a_create_that_was_refused_because_an_earlier_one_came_through_leaves_nothing_behind() -> None:
    """The name is taken by what we made ourselves, with the settings of then."""
    world = World()
    world.apply(spec(resource("a", "namedThing")))
    first, call = await paused(world, "Create")
    world.apply(spec(resource("a", "namedThing", size=7)))
    second, repeated = await paused(world, "Create")
    await arrives(first, call)
    await arrives(second, repeated)
    world.delete()
    await world.live(Life())
    assert (world.server.application, world.cloud.things) == (None, {})


async def test_repeating_a_create_that_is_told_of_the_first_one_leaves_one_intent_until_that_shows() -> None:
    """Else the status would grow with each attempt, for as long as listings lag."""
    world = World(Cloud(lag=9))
    world.apply(spec(resource("a", "tokenedThing")))
    await killed(world, "Create", after=True)
    world.apply(spec(resource("a", "tokenedThing", size=7)))
    await passes(world, world.born(Life()), 4)
    assert [intent.step for intent in world.status().in_flight] == ["create-a"]
    await world.live(Life())
    assert (settings(world), world.status().in_flight) == ([("round", 7)], ())


async def test_a_create_that_comes_after_its_repetition_and_the_deletion_of_that_leaves_nothing_behind() -> None:
    world = World()
    world.apply(spec(resource("a", "namedThing")))
    sender, call = await paused(world, "Create")
    successor = world.born(Life())
    await passes(world, successor, 2)
    world.delete()
    await passes(world, successor, 3)
    await arrives(sender, call)
    await world.live(Life())
    assert (world.server.application, world.cloud.things) == (None, {})


async def test_a_deletion_that_comes_late_does_not_destroy_what_has_the_name_by_then() -> None:
    """Half of a replacement is lost, and done again by the next leader, which must not make the new one at once."""
    world = World()
    world.apply(spec(resource("a", "namedThing")))
    await world.live(Life())
    world.apply(spec(resource("a", "namedThing", shape="square")))
    sender, call = await paused(world, "Delete")
    successor = world.born(Life())
    await passes(world, successor, 5, seconds=LONGEST_CALL_SECONDS / 6)
    await arrives(sender, call)
    assert settings(world) == [], "nothing was made while the deletion could still come"
    await world.live(Life())
    assert settings(world) == [("square", 1)]
    assert [line.operation for line in world.cloud.journal] == ["Create", "Delete", "Create"]


@pytest.mark.parametrize("marked", ["before it was marked", "once it was marked"])
async def test_what_was_being_taken_over_when_its_application_was_deleted_goes_if_it_bears_our_mark(
    marked: str,
) -> None:
    after = marked == "once it was marked"
    world = World()
    found(world)
    world.apply(spec(next(one for one in FOUND["resources"] if one["name"] == "b") | {"dependsOn": []}))
    await killed(world, "Mark", after=after)
    world.delete()
    await world.live(Life())
    assert world.server.application is None
    assert ("found-b" in world.cloud.things) != after


@pytest.mark.parametrize("kind", ONE)
async def test_what_was_meant_to_be_sent_long_ago_is_looked_at_again_before_it_is(kind: str) -> None:
    """The API server takes longer to write the intent than a call may wait: the same leader does not send it then."""
    world = World()
    world.apply(spec(ONE[kind]))
    sender = Life(paused_at=await when(world, "Create") - 1)
    reconciler = world.born(sender)
    await world.sweep()
    task = asyncio.create_task(to_its_end(world, reconciler))
    await sender.reached.wait()
    assert sender.effects[-1] == "api status"
    world.clock.time += OLDEST_INTENT + 1
    looks = len(sender.effects)
    sender.resume.set()
    await task
    assert "cloud Create" in sender.effects
    before = sender.effects[looks : sender.effects.index("cloud Create")]
    assert before[-1] == "api status", "a new intent, of now"
    assert "cloud Find" in before
    assert settings(world) == [("round", 1)]


@pytest.mark.parametrize("kind", ONE)
async def test_what_never_left_has_not_begun(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a window that has closed meanwhile would not hold it, and it would be told as sent and not at rest."""
    monkeypatch.setattr(reconcile, "LOOKS_AGAIN", 0)
    world = World()
    world.apply(spec(ONE[kind]))
    sender = Life(paused_at=await when(world, "Create") - 1)
    reconciler = world.born(sender)
    await world.sweep()
    task = asyncio.create_task(reconciler.reconcile(KEY))
    await sender.reached.wait()
    world.clock.time += OLDEST_INTENT + 1
    sender.resume.set()
    again = await task
    (entry,), (plan,) = world.status().resources, world.server.plans.values()
    assert (again.failed, world.status().in_flight, entry.under_way) == (False, (), None)
    assert [(step.state, step.attempts) for step in plan.status.steps] == [("Pending", 0)]


def test_no_call_has_its_effect_later_than_is_waited_for() -> None:
    """An intent, the gate of its Cell, the line and credentials before it leaves, and the SDK that gives a reply up.

    Kubernetes, which makes up to three calls of one, is told the UID of what it is to delete, and knows names again.
    """
    whole = OLDEST_INTENT + pacing.LONGEST_AT_GATE + client.LONGEST_IN_LINE + client.LONGEST_CALL
    assert whole <= LONGEST_CALL_SECONDS
