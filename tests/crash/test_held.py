"""What cannot be deleted because others use it: people are told by whom, as far as the cloud tells."""

from typing import Any

import pytest

from pilothouse.api.conditions import find
from pilothouse.dataplane import errors
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.types import Call, Flow, Reading
from tests.crash.lives import Life
from tests.crash.scenarios import resource, spec
from tests.crash.server import KEY
from tests.crash.toys import Double
from tests.crash.world import World

IN_USE = errors.NotYet("it is in use.")
WHO = tuple(f"machine {number}" for number in range(7))


def deleted(world: World, monkeypatch: pytest.MonkeyPatch, refusal: DataplaneError) -> list[Call]:
    """Delete an Application whose things cannot go; returns the calls that the cloud is asked from now on."""
    answer, asked = world.cloud.answer, list[Call]()

    def refuse(call: Call) -> Any:
        asked.append(call)
        if call.operation == "Delete":
            raise refusal
        return answer(call)

    monkeypatch.setattr(world.cloud, "answer", refuse)
    world.delete()
    return asked


def held_by(monkeypatch: pytest.MonkeyPatch, *who: str, error: DataplaneError | None = None) -> None:
    """Let the cloud tell who uses a thing, or fail to."""

    def holders(_: Double, have: Reading) -> Flow[tuple[str, ...]]:
        yield Call("double", "Read", {"id": have.id})
        if error is not None:
            raise error
        return who

    monkeypatch.setattr(Double, "holders", holders)


async def told(world: World) -> str:
    """What the Application says after a pass."""
    await world.born(Life()).reconcile(KEY)
    ready = find(world.status().conditions, "Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("Unknown", "Deleting")
    return ready.message


async def made() -> World:
    world = World()
    world.apply(spec(resource("a", "tokenedThing")))
    assert await world.live(Life())
    return world


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (WHO[:1], " It is used by machine 0."),
        (WHO, " It is used by machine 0, machine 1, machine 2, machine 3, machine 4 and 2 more."),
        ((), ""),
    ],
)
async def test_it_is_told_who_uses_it(who: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await made()
    held_by(monkeypatch, *who)
    deleted(world, monkeypatch, IN_USE)
    assert await told(world) == f"delete-a: it is in use.{said}"


async def test_the_same_ones_are_told_the_same_in_whatever_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clouds list in any order, and each other message is written to the status of Plan and Application."""
    world = await made()
    held_by(monkeypatch, *WHO)
    deleted(world, monkeypatch, IN_USE)
    before = await told(world)
    held_by(monkeypatch, *reversed(WHO))
    assert await told(world) == before


async def test_that_nobody_can_tell_who_uses_it_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await made()
    held_by(monkeypatch, error=errors.Denied("you may not ask"))
    deleted(world, monkeypatch, IN_USE)
    assert await told(world) == "delete-a: it is in use."


@pytest.mark.parametrize("refusal", [errors.Throttled("slowly."), errors.NotNow("nobody answers.")])
async def test_nobody_is_asked_where_nobody_is_in_the_way(
    refusal: DataplaneError, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await made()
    held_by(monkeypatch, *WHO)
    asked = deleted(world, monkeypatch, refusal)
    assert await told(world) == f"delete-a: {refusal}"
    assert [call.operation for call in asked].index("Delete") == len(asked) - 1
