"""What people ask by annotation is done once, however often the process dies, and never written by us."""

from typing import Any

import pytest

from pilothouse.api.application import ApplicationStatus, LedgerEntry
from pilothouse.api.times import rfc3339
from pilothouse.controller.ports import Requeue
from pilothouse.controller.reconcile import Reconciler
from pilothouse.dataplane import errors
from tests.crash.cloud import Cloud
from tests.crash.scenarios import resource, spec
from tests.crash.world import KEY, Life, World

ONE = spec(resource("a", "tokenedThing"))
ASKED = "2026-11-25T13:07:24.001Z"


def status(world: World) -> ApplicationStatus:
    """What the Application's status says now."""
    assert world.server.application is not None
    return ApplicationStatus.model_validate(world.server.application.get("status") or {})


def entry(world: World) -> LedgerEntry:
    """What is remembered of the one thing there is."""
    (only,) = status(world).resources
    return only


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose cloud refuses every create."""

    def refuse(*_: Any, **__: Any) -> None:
        raise errors.Denied("no permission to create things")

    monkeypatch.setattr(Cloud, "_create", refuse)
    world = World()
    world.apply(ONE)
    return world


async def looked(world: World, reconciler: Reconciler) -> Requeue:
    """Let a minute pass, and then look once."""
    world.clock.time += 60
    world.sweep()
    return await reconciler.reconcile(KEY)


async def test_another_try_forgets_the_failures_before_it_once(refusing: World) -> None:
    reconciler = refusing.born(Life())
    assert await looked(refusing, reconciler) == Requeue(failed=True)
    refusing.annotate(retry=ASKED)
    assert await looked(refusing, reconciler) == Requeue(failed=True, afresh=True)
    assert status(refusing).retried == ASKED
    assert await looked(refusing, reconciler) == Requeue(failed=True), "it was honoured already"
    successor = refusing.born(Life())
    assert await looked(refusing, successor) == Requeue(failed=True), "by the process before"
    refusing.annotate(retry="2026-11-25T13:08:00.000Z")
    assert await looked(refusing, successor) == Requeue(failed=True, afresh=True)


async def test_what_asks_for_another_try_is_repeated_in_status_only_as_far_as_that_stays_small(refusing: World) -> None:
    refusing.annotate(retry="x" * 10_000)
    reconciler = refusing.born(Life())
    assert (await looked(refusing, reconciler)).afresh
    assert len(status(refusing).retried) == 64
    assert not (await looked(refusing, reconciler)).afresh


async def test_another_try_of_a_spec_that_cannot_be_carried_out_is_honoured_too() -> None:
    world = World()
    world.apply(spec(resource("a", "tokenedThing", "nobody")))
    world.annotate(retry=ASKED)
    assert (await looked(world, world.born(Life()))).afresh
    assert status(world).retried == ASKED


async def test_another_try_waits_for_no_pause_between_things_that_do_not_last() -> None:
    world = World()
    world.apply(ONE)
    assert await world.live(Life())
    vanish(world, times=9)
    reconciler = world.born(Life())
    await looked(world, reconciler)
    await looked(world, reconciler)
    assert "because those made before did not last" in status(world).plan.waiting_for
    assert world.cloud.things == {}
    world.annotate(retry=ASKED)
    await looked(world, reconciler)
    assert len(world.cloud.things) == 1


def vanish(world: World, times: int) -> None:
    """Let the one thing there is be gone, and have been so often before, just after it was made."""
    world.cloud.things.clear()
    changed = {"incarnation": times - 1, "changed_at": rfc3339(world.clock.now())}
    remembered = status(world).model_copy(update={"resources": (entry(world).model_copy(update=changed),)})
    assert world.server.application is not None
    world.server.application["status"] = remembered.model_dump(mode="json", by_alias=True)


async def test_the_annotations_are_left_as_they_are(refusing: World) -> None:
    """Else whoever applies from Git would see a difference that nobody made there."""
    refusing.annotate(retry=ASKED)
    await refusing.live(Life(), passes=5)
    assert refusing.server.application is not None
    assert refusing.server.application["metadata"]["annotations"] == {"pilothouse.dev/retry": ASKED}
