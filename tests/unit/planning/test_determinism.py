"""Same input, same bytes: in another order, in another process, under another hash seed."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.desired.state import DesiredState
from pilothouse.observed.snapshot import Snapshot
from pilothouse.planning.plan import make_plan
from tests.seeds import printed
from tests.unit.planning.things import (
    SUBJECT,
    TYPES,
    desired,
    entry,
    key,
    ledger,
    plan,
    present,
    quick,
    reading,
    target,
)
from tests.unit.planning.world import World, worlds


def shuffled(mapping: Mapping[Any, Any], random: Random) -> dict[Any, Any]:
    items = list(mapping.items())
    random.shuffle(items)
    return dict(items)


def planned(world: World, wanted: DesiredState, snapshot: Snapshot, entries: Mapping[Any, Any]) -> str:
    proposal = make_plan(SUBJECT, wanted, entries, snapshot, world.policy, TYPES.__getitem__)
    return proposal.spec("checkout", "app-1", 1).model_dump_json(by_alias=True) + str(list(proposal.findings))


@given(worlds(), st.randoms(use_true_random=False))
@quick
def test_the_order_of_what_is_given_changes_nothing(world: World, random: Random) -> None:
    snapshot = world.observe()
    first = planned(world, world.wanted, snapshot, world.book.entries)
    wanted = replace(world.wanted, targets=shuffled(world.wanted.targets, random))
    reordered = replace(snapshot, sightings=shuffled(snapshot.sightings, random))
    assert planned(world, wanted, reordered, shuffled(world.book.entries, random)) == first
    assert planned(world, world.wanted, snapshot, world.book.entries) == first


def test_the_order_of_settings_changes_nothing() -> None:
    """The API server hands mappings out sorted; what a provider shows has an order of its own."""
    one, other = ({"b": "1", "a": "2"}, {"a": "2", "b": "1"})
    specs = [plan(desired(target("a", tags=tags))).spec("checkout", "app-1", 1) for tags in (one, other)]
    assert specs[0].model_dump_json() == specs[1].model_dump_json()


PROBE = """
from tests.unit.planning.test_determinism import example
print(example())
"""


def example() -> str:
    """A plan that is full of sets: of dependencies, users, applied keys and a circle in the ledger."""
    names = "abcdefgh"
    wanted = desired(*(target(name, *names[:index], colour="red") for index, name in enumerate(names)))
    circle = [entry(name, *(other for other in "pqrst" if other != name)) for name in "pqrst"]
    known = ledger(*circle, *(entry(name, *names, applied_keys=("colour", "speed")) for name in "ace"))
    sightings = {key(name): present(reading(name), reading(name, f"{name}-9")) for name in "acepqrst"}
    return plan(wanted, known, sightings).spec("checkout", "app-1", 1).model_dump_json(by_alias=True)


def test_the_same_bytes_under_any_hash_seed() -> None:
    output = printed(PROBE)
    assert output.count('"action":') > 15, output
    assert output == example() + "\n"
