"""Status, annotations and Plans as somebody wrote them by hand: nothing of others is touched, whatever they claim.

Admission policies keep people from writing them; where those are switched off, this is what is left.
"""

import asyncio
import copy
from random import Random
from typing import Any, Final

import orjson
from pydantic import ValidationError

from pilothouse.api.application import ApplicationStatus
from pilothouse.dataplane.types import Mark, Owner
from tests.crash.lives import Life
from tests.crash.scenarios import ALL
from tests.crash.toys import Thing, ThingSpec
from tests.crash.world import CONTROL_PLANE, World
from tests.fuzz.documents import text

THEIRS: Final = (
    Thing("theirs", "namedThing", "theirs", Mark(Owner(CONTROL_PLANE, "bank", "ledger"), "a", "uid-9"), ThingSpec()),
    Thing("by-hand", "tokenedThing", "by-hand", None, ThingSpec()),
)
_PASSES: Final = 8


def turn(random: Random) -> None:
    """Let an Application converge, write into its status what one likes, and let the Controller go on from there."""
    asyncio.run(_turn(random))


async def _turn(random: Random) -> None:
    world = World()
    for thing in THEIRS:
        world.cloud.things[thing.id] = thing
    world.apply(ALL)
    await world.live(Life())
    written = _written(world, random)
    if not written:
        return
    for name in random.sample(("retry", "replace", "approved"), 2):
        world.annotate(**{name: random.choice((text(random), "sky/namedThing/a=0:theirs", "theirs"))})
    if random.random() < 0.3:
        world.delete()
    await world.live(Life(), passes=_PASSES)
    left = {thing.id: thing for thing in world.cloud.things.values()}
    for thing in THEIRS:
        assert left.get(thing.id) == thing, f"{thing.id} was touched, for the status said {written}"


def _written(world: World, random: Random) -> Any:
    """Write a status by hand that its schema takes; nothing when it would refuse it."""
    stored = copy.deepcopy(world.server.application)
    assert stored is not None
    status = _rewritten(stored["status"], random, random.choice((0.0, 0.02, 0.2)))
    for entry in status["resources"]:
        if random.random() < 0.5:
            entry["id"] = random.choice(("theirs", "by-hand", text(random)))
    try:
        status = orjson.loads(orjson.dumps(status))
        ApplicationStatus.model_validate(status)
    except (TypeError, ValidationError):  # no JSON, or none that the schema takes
        return None
    world.server.put({**stored, "status": status})
    return status


def _rewritten(status: Any, random: Random, rate: float) -> Any:
    """The same status with other texts in it, which is all that a schema lets somebody choose."""
    match status:
        case dict():
            kept = {"type"}  # the types of this cloud are all there are
            return {key: value if key in kept else _rewritten(value, random, rate) for key, value in status.items()}
        case list():
            return [_rewritten(value, random, rate) for value in status]
        case str() if random.random() < rate:
            return text(random)
        case _:
            return status
