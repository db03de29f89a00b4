"""Every kind of thing takes part in every history, and everything that can be done with things has one."""

import asyncio
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import get_args

import pytest

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.plan import Action
from pilothouse.dataplane.types import Creation, Listed, Ownership
from tests.crash.harness import Mode, history, judge
from tests.crash.scenarios import SCENARIOS
from tests.crash.toys import STYLES, TYPES, Thing
from tests.crash.world import CONTROL_PLANE, World


@cache
def played(style: str, name: str) -> World:
    """Play one history of one style in which nobody dies."""
    world, _ = asyncio.run(history(name, Mode(style), ()))
    return world


def ours(world: World) -> list[Thing]:
    """What is left and bears the mark of the Application there is."""
    return [thing for thing in world.cloud.things.values() if thing.mark and thing.mark.uid == f"app-{world.uid}"]


def done(world: World) -> set[str]:
    """The actions of all Plans that were made."""
    return {step.action for plan in world.server.plans.values() for step in plan.spec.steps}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_kind_of_a_style_takes_part_in_every_history(name: str, style: str) -> None:
    world = played(style, name)
    assert not judge(SCENARIOS[name], world, "nobody dies").faults
    changed = {step.target.type for plan in world.server.plans.values() for step in plan.spec.steps}
    assert changed == {toy.kind for toy in TYPES.values() if toy.noun == style}


def test_every_way_to_make_a_repeated_create_harmless_and_to_bear_a_mark_takes_part() -> None:
    toys = [TYPES[thing.kind] for style in STYLES for thing in ours(played(style, "create"))]
    assert {toy.creation for toy in toys} == set(Creation)
    assert {toy.ownership for toy in toys} == set(Ownership)


def test_every_way_of_listing_takes_part() -> None:
    """What a listing may leave out, some listing does: the reading, or the mark too. A digest is a hint."""
    shown = set[frozenset[str]]()
    for style in STYLES:
        world = played(style, "create")
        for toy in (TYPES[thing.kind] for thing in ours(world)):
            lines = toy.listed(world.cloud.answer(toy.listing(CONTROL_PLANE)))
            shown |= {frozenset(each.name for each in fields(Listed) if getattr(line, each.name)) for line in lines}
    assert {each.name for each in fields(Listed)} == {"id", "mark", "reading", "digest"}, "another field is another way"
    assert shown == {frozenset({"id"}), frozenset({"id", "mark"}), frozenset({"id", "mark", "reading"})}


DEEDS: dict[str, Callable[[World], object]] = {
    "Delete": lambda world: any(line.operation == "Delete" for line in world.cloud.journal),
    "Retain": lambda world: any(thing.mark and not thing.mark.uid for thing in world.cloud.things.values()),
    "Snapshot": lambda world: world.cloud.snapshots,
    "adopt": lambda world: any(thing.id.startswith("old-") for thing in ours(world)),
    "adopt by id": lambda world: any(thing.id.startswith("found-") for thing in ours(world)),
    "rename": lambda world: any(
        thing.mark and not thing.id.startswith("found-") and not thing.name.endswith(f"-{thing.mark.resource}")
        for thing in ours(world)
    ),
}
"""What must be seen in the end of some history."""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("deed", DEEDS)
def test_everything_that_can_be_done_with_things_has_a_history(deed: str, style: str) -> None:
    assert any(DEEDS[deed](played(style, name)) for name in SCENARIOS)


@pytest.mark.parametrize("style", STYLES)
def test_every_action_and_deletion_policy_has_a_history(style: str) -> None:
    assert set[str]().union(*(done(played(style, name)) for name in SCENARIOS)) == set(get_args(Action))
    assert set(get_args(DeletionPolicy)) <= DEEDS.keys()
