"""What was seen long ago is not told as what is: Ready is Unknown, and says since when nothing tells of changes."""

import pytest

from pilothouse.api.cell import OUTDATED_SECONDS
from pilothouse.api.conditions import Condition, find
from pilothouse.controller.ports import Requeue
from pilothouse.controller.reconcile import BLOCKED_SECONDS
from tests.crash.lives import Life
from tests.crash.scenarios import resource, spec
from tests.crash.server import KEY
from tests.crash.toys import STYLES
from tests.crash.world import World

PASSES = 12
AGAIN = Requeue(after=BLOCKED_SECONDS)


def conditions(world: World) -> tuple[Condition, Condition, Condition]:
    found = world.status().conditions
    ready, reconciling, stalled = (find(found, kind) for kind in ("Ready", "Reconciling", "Stalled"))
    assert ready is not None
    assert reconciling is not None
    assert stalled is not None
    return ready, reconciling, stalled


@pytest.mark.parametrize("style", STYLES)
async def test_an_application_whose_cell_is_swept_no_longer_is_not_ready(style: str) -> None:
    world, life = World(style=style), Life()
    world.apply(spec(resource("a", "namedThing")))
    reconciler = world.born(life)
    await world.passes(reconciler, PASSES)
    assert conditions(world)[0].status == "True"

    world.clock.time += OUTDATED_SECONDS - 60
    await reconciler.reconcile(KEY)
    assert conditions(world)[0].status == "True", "one sweep that is late is no outage"

    world.clock.time += 120
    assert await reconciler.reconcile(KEY) == AGAIN, "no event tells that it is swept again"
    ready, reconciling, stalled = conditions(world)
    assert (ready.status, reconciling.status, stalled.status) == ("Unknown", "True", "False")
    assert ready.reason == "ObservationOutdated"
    assert "since 2023-11-14T" in ready.message

    written = len(life.effects)
    for _ in range(3):
        world.clock.time += 600
        assert await reconciler.reconcile(KEY) == AGAIN
    assert life.effects[written:] == [], "what is not known is told once"

    await world.passes(reconciler)
    assert conditions(world)[0].status == "True", "it is swept again"
