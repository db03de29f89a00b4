"""Another version of the operator, or one whose key was lost, over what the one before left: nobody asked for anything.

Its hashes differ from all that are remembered, so they cannot tell a change of spec from what others changed.
"""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field

from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.plan import PlanSpec
from pilothouse.dataplane.types import Health, HealthState, ResourceSpec
from tests.crash.lives import Life
from tests.crash.scenarios import ALL, KINDS, resource, spec
from tests.crash.toys import TYPES, ThingSpec
from tests.crash.world import World

REPORTED = {"changePolicy": {"drift": "Report"}}
WRITES = ["api status"]
CRASHES = Health(HealthState.FAILED, "it crashes again and again")


class LargerSpec(ThingSpec):
    """Settings whose default is another one than it was."""

    size: int = Field(2, description="Can change.")


@pytest.fixture
def larger(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next version makes things larger that nobody says the size of."""
    for kind in KINDS.values():
        model: type[ResourceSpec] = LargerSpec
        monkeypatch.setattr(type(TYPES[kind]), "model", model)


async def settled(**more: Any) -> World:
    """Everything as it was wanted, when the last version was stopped."""
    world = World()
    world.apply({**ALL, **more})
    assert await world.live(Life())
    world.cloud.journal.clear()
    return world


def upgraded(world: World) -> None:
    """Install the next version, which hashes otherwise."""
    world.version, world.key = "2.0.0", b"key of another form"


def plans(world: World) -> list[PlanSpec]:
    return [plan.spec for plan in sorted(world.server.plans.values(), key=lambda plan: plan.spec.revision)]


def sizes(world: World) -> set[int]:
    return {thing.spec.size for thing in world.cloud.things.values()}


def resized(world: World, *names: str) -> None:
    """Let somebody else change things."""
    for thing in world.cloud.things.values():
        if thing.mark is not None and thing.mark.resource in names:
            world.cloud.things[thing.id] = replace(thing, spec=thing.spec.model_copy(update={"size": 9}))


def by_name(world: World) -> dict[str, int]:
    return {thing.mark.resource: thing.spec.size for thing in world.cloud.things.values() if thing.mark is not None}


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_other_hashes_are_taken_into_the_ledger_and_change_nothing(version: str) -> None:
    """Whether an upgrade brings them, or the Secret with their key was lost."""
    world = await settled()
    before, made = world.status(), len(plans(world))
    world.version, world.key = version, b"another key"
    life = Life()
    assert await world.live(life)
    assert [effect for effect in life.effects if effect.startswith("api ")] == WRITES
    assert (world.cloud.journal, len(plans(world))) == ([], made)
    after = world.status()
    assert {entry.applied_hash for entry in after.resources}.isdisjoint(
        {entry.applied_hash for entry in before.resources}
    )
    assert after.settled.generation == before.settled.generation
    assert after.settled.edition != before.settled.edition


async def test_the_same_operator_started_again_writes_nothing() -> None:
    world = await settled()
    life = Life()
    assert await world.live(life)
    assert [effect for effect in life.effects if effect.startswith("api ")] == []


async def test_what_others_changed_and_is_only_reported_is_not_overwritten_by_an_upgrade() -> None:
    """By its hash it looks like a change of spec, which is carried out in all."""
    world = await settled(**REPORTED)
    resized(world, *KINDS)
    upgraded(world)
    assert await world.live(Life())
    assert (world.cloud.journal, sizes(world)) == ([], {9})
    assert {drift.path for entry in world.status().resources for drift in entry.drift} == {"size"}


async def unsaid(**more: Any) -> World:
    """Everything of the size that the last version gave it, of which nobody says anything."""
    world = World()
    world.apply({**spec(*(resource(name, kind, size=1) for name, kind in KINDS.items())), **more})
    assert await world.live(Life())
    assert world.server.application is not None
    world.server.application["spec"] = {**ALL, **more}
    return world


@pytest.mark.usefixtures("larger")
async def test_what_the_next_version_sees_otherwise_is_told_as_its_doing() -> None:
    world = await unsaid()
    upgraded(world)
    assert await world.live(Life())
    assert sizes(world) == {2}
    assert [plan.reason for plan in plans(world)] == ["SpecChanged", "Upgrade"]


@pytest.mark.usefixtures("larger")
async def test_what_the_next_version_sees_otherwise_is_left_where_differences_are_only_reported() -> None:
    world = await unsaid(**REPORTED)
    upgraded(world)
    assert await world.live(Life())
    assert sizes(world) == {1}
    assert {drift.path for entry in world.status().resources for drift in entry.drift} == {"size"}


@pytest.mark.usefixtures("larger")
async def test_what_the_same_operator_sees_otherwise_is_a_change() -> None:
    """A Cell, or what another Application exports, has changed what is wanted."""
    world = await unsaid(**REPORTED)
    assert await world.live(Life())
    assert (sizes(world), plans(world)[-1].reason) == ({2}, "SpecChanged")


async def test_what_a_person_asks_for_after_an_upgrade_is_a_change_of_spec() -> None:
    world = await settled()
    upgraded(world)
    world.apply(spec(*(resource(name, kind, size=3) for name, kind in KINDS.items())))
    assert await world.live(Life())
    assert (sizes(world), plans(world)[-1].reason) == ({3}, "SpecChanged")


async def test_what_was_asked_for_and_not_carried_out_before_an_upgrade_is_a_change_of_spec() -> None:
    """The last version has seen it, so the generation alone tells nothing."""
    world = await settled()
    world.fleet = FleetPolicySpec(suspend=True)
    world.apply(spec(*(resource(name, kind, size=3) for name, kind in KINDS.items())))
    assert await world.live(Life())
    assert (sizes(world), world.status().observed_generation) == ({1}, 2)
    upgraded(world)
    world.fleet = FleetPolicySpec()
    assert await world.live(Life())
    assert (sizes(world), plans(world)[-1].reason) == ({3}, "SpecChanged")


async def test_what_is_not_well_does_not_turn_an_upgrade_into_a_change_of_spec() -> None:
    """Nothing is left to do about any thing, although the Application is not Ready with its new spec."""
    world = await settled(**REPORTED)
    world.cloud.things = {one.id: replace(one, health=CRASHES) for one in world.cloud.things.values()}
    world.apply({**spec(*(resource(name, kind, size=3) for name, kind in KINDS.items())), **REPORTED})
    await world.live(Life())
    assert (sizes(world), world.status().settled.generation) == ({3}, 1)
    resized(world, *KINDS)
    world.cloud.journal.clear()
    upgraded(world)
    await world.live(Life())
    assert (world.cloud.journal, sizes(world), len(plans(world))) == ([], {9}, 2)


async def test_what_was_asked_of_one_thing_is_carried_out_and_of_another_nothing_was_asked() -> None:
    world = await settled(**REPORTED)
    world.fleet = FleetPolicySpec(suspend=True)
    sized = {"a": {"size": 3}, "b": {}, "c": {}}
    world.apply({**spec(*(resource(name, kind, **sized[name]) for name, kind in KINDS.items())), **REPORTED})
    assert await world.live(Life())
    resized(world, *KINDS)
    upgraded(world)
    world.fleet = FleetPolicySpec()
    assert await world.live(Life())
    assert by_name(world) == {"a": 3, "b": 9, "c": 9}
    assert plans(world)[-1].reason == "SpecChanged"
