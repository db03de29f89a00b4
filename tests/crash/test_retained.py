"""What says Retain stays, at whatever moment that is said and whatever else is the matter."""

from tests.crash.lives import Life
from tests.crash.scenarios import resource, spec
from tests.crash.world import World

KEPT = {"deletionPolicy": "Retain"}
ONE = resource("b", "tokenedThing")
BROKEN = resource("x", "tokenedThing") | {"cell": "nowhere"}


async def with_one() -> World:
    world = World()
    world.apply(spec(ONE))
    await world.live(Life())
    world.cloud.journal.clear()
    return world


def destroyed(world: World) -> list[str]:
    return [line.id for line in world.cloud.journal if line.operation == "Delete"]


async def test_what_is_to_be_retained_from_now_on_stays_although_the_deletion_has_begun() -> None:
    """Both can be read in the same pass, as when deletionProtection is taken away together with it."""
    world = await with_one()
    world.delete()
    world.apply(spec(ONE | KEPT))
    await world.live(Life())
    assert (world.server.application, destroyed(world)) == (None, [])
    assert [thing.mark.uid for thing in world.cloud.things.values() if thing.mark] == [""], "it was let go"


async def test_what_a_spec_that_is_wrong_elsewhere_wants_retained_stays() -> None:
    """The pass that reported what is wrong has read it; later nobody says it any more."""
    world = await with_one()
    world.apply(spec(ONE | KEPT, BROKEN))
    await world.live(Life())
    world.apply(spec())
    await world.live(Life())
    world.delete()
    await world.live(Life())
    assert (world.server.application, destroyed(world)) == (None, [])


async def test_what_says_retain_is_not_replaced_before_it_says_otherwise() -> None:
    world = await with_one()
    square = resource("b", "tokenedThing", shape="square")
    world.apply(spec(square | KEPT))
    await world.live(Life())
    ready = next(one for one in world.status().conditions if one.type == "Stalled")
    assert (ready.status, ready.reason, destroyed(world)) == ("True", "Retained", [])
    world.apply(spec(square))
    await world.live(Life())
    assert [thing.spec.shape for thing in world.cloud.things.values()] == ["square"]
