"""What people ask by annotation is done once, however often the process dies, and never written by us."""

from typing import Any

import pytest

from pilothouse.api.application import LedgerEntry
from pilothouse.api.times import rfc3339
from pilothouse.controller.ports import Requeue
from pilothouse.controller.reconcile import Reconciler
from pilothouse.dataplane import errors
from tests.crash.cloud import Cloud
from tests.crash.lives import Life
from tests.crash.scenarios import resource, spec
from tests.crash.server import KEY
from tests.crash.world import World

ONE = spec(resource("a", "tokenedThing"))
ASKED = "2026-11-25T13:07:24.001Z"


def entry(world: World) -> LedgerEntry:
    """What is remembered of the one thing there is."""
    (only,) = world.status().resources
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
    await world.sweep()
    return await reconciler.reconcile(KEY)


async def test_another_try_forgets_the_failures_before_it_once(refusing: World) -> None:
    reconciler = refusing.born(Life())
    assert await looked(refusing, reconciler) == Requeue(failed=True)
    refusing.annotate(retry=ASKED)
    assert await looked(refusing, reconciler) == Requeue(failed=True, afresh=True)
    assert refusing.status().retried == ASKED
    assert await looked(refusing, reconciler) == Requeue(failed=True), "it was honoured already"
    successor = refusing.born(Life())
    assert await looked(refusing, successor) == Requeue(failed=True), "by the process before"
    refusing.annotate(retry="2026-11-25T13:08:00.000Z")
    assert await looked(refusing, successor) == Requeue(failed=True, afresh=True)


async def test_what_asks_for_another_try_is_repeated_in_status_only_as_far_as_that_stays_small(refusing: World) -> None:
    refusing.annotate(retry="x" * 10_000)
    reconciler = refusing.born(Life())
    assert (await looked(refusing, reconciler)).afresh
    assert len(refusing.status().retried) == 64
    assert not (await looked(refusing, reconciler)).afresh


async def test_another_try_of_a_spec_that_cannot_be_carried_out_is_honoured_too() -> None:
    world = World()
    world.apply(spec(resource("a", "tokenedThing", "nobody")))
    world.annotate(retry=ASKED)
    assert (await looked(world, world.born(Life()))).afresh
    assert world.status().retried == ASKED


async def test_another_try_waits_for_no_pause_between_things_that_do_not_last() -> None:
    world = World()
    world.apply(ONE)
    assert await world.live(Life())
    vanish(world, times=9)
    reconciler = world.born(Life())
    await looked(world, reconciler)
    await looked(world, reconciler)
    assert "because those before did not last" in world.status().plan.waiting_for
    assert world.cloud.things == {}
    world.annotate(retry=ASKED)
    await looked(world, reconciler)
    assert len(world.cloud.things) == 1


def vanish(world: World, times: int) -> None:
    """Let the one thing there is be gone, and have been so often before, just after it was made."""
    world.cloud.things.clear()
    changed = {"incarnation": times - 1, "changed_at": rfc3339(world.clock.now())}
    remembered = world.status().model_copy(update={"resources": (entry(world).model_copy(update=changed),)})
    assert world.server.application is not None
    world.server.application["status"] = remembered.model_dump(mode="json", by_alias=True)


async def test_the_annotations_are_left_as_they_are(refusing: World) -> None:
    """Else whoever applies from Git would see a difference that nobody made there."""
    refusing.annotate(retry=ASKED)
    await refusing.live(Life(), passes=5)
    assert refusing.server.application is not None
    assert refusing.server.application["metadata"]["annotations"] == {"pilothouse.dev/retry": ASKED}


OTHER = "sky/tokenedThing/other=0:x-1"
MADE = "sky/tokenedThing/a=0:tokenedThing-1"


def destroyed(world: World) -> list[str]:
    """The identifiers of everything destroyed so far."""
    return [line.id for line in world.cloud.journal if line.operation == "Delete"]


async def test_what_is_asked_for_before_it_exists_is_not_asked_of_what_is_made_then() -> None:
    """An annotation that is kept in Git is there when an Application is made again: its things are new."""
    world = World()
    world.apply(ONE)
    world.annotate(replace=f"{MADE} {OTHER}")
    assert await world.live(Life())
    assert entry(world).identity == MADE, "else this tests nothing"
    assert destroyed(world) == []
    assert world.status().replaced == (MADE, OTHER)


async def test_a_namesake_made_later_is_not_what_was_asked_for() -> None:
    """What leaves the ledger comes back as incarnation 0, and some clouds give it the same identifier."""
    world = World()
    world.apply(ONE)
    assert await world.live(Life())
    assert entry(world).identity == MADE
    world.apply(spec())
    world.annotate(replace=MADE)
    assert await world.live(Life())
    assert destroyed(world) == ["tokenedThing-1"], "by the spec"
    assert world.status().replaced == (MADE,)
    world.cloud.tokens.clear()
    world.cloud.serial = 0
    world.apply(ONE)
    assert await world.live(Life())
    assert entry(world).identity == MADE
    assert destroyed(world) == ["tokenedThing-1"]


async def test_a_request_is_forgotten_once_it_is_taken_back() -> None:
    world = World()
    world.apply(ONE)
    world.annotate(replace=OTHER)
    assert await world.live(Life())
    assert world.status().replaced == (OTHER,)
    world.annotate(replace="")
    assert await world.live(Life())
    assert world.status().replaced == ()


async def test_so_many_requests_that_status_would_grow_are_not_read() -> None:
    world = World()
    world.apply(ONE)
    world.annotate(replace=" ".join([f"{OTHER}{'x' * 5_000}", *(f"{OTHER}{number}" for number in range(50)), OTHER]))
    assert await world.live(Life())
    assert world.status().replaced == tuple(f"{OTHER}{number}" for number in range(20))


async def test_a_request_taken_back_before_it_is_approved_destroys_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.apply(ONE)
    assert await world.live(Life())
    monkeypatch.setattr(World, "approve", lambda _: None)
    world.annotate(replace=MADE)
    assert await world.live(Life())
    assert world.status().plan.waiting_for == "approval"
    world.annotate(replace="")
    assert await world.live(Life())
    assert (world.status().plan.name, destroyed(world)) == ("", [])
