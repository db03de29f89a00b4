"""The tests of this folder find what breaks an upgrade: each future that is played here is one that does."""

import asyncio
import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any, Final, NamedTuple

import pytest
from pydantic import BaseModel

from pilothouse.controller.ports import Key
from pilothouse.dataplane.aws import marks as tags
from pilothouse.dataplane.aws import names
from pilothouse.dataplane.aws.types.instance import InstanceSpec
from pilothouse.dataplane.aws.types.queue import QueueSpec
from pilothouse.dataplane.aws.types.volume import Volume
from pilothouse.dataplane.kubernetes.types import marks as labels
from pilothouse.dataplane.types import Sensitive
from pilothouse.desired import outputs
from pilothouse.planning import hashes, plan
from pilothouse.planning.hashes import Hasher
from tests.golden import test_released
from tests.golden.answers import Unanswered
from tests.golden.standing import Untouched
from tests.golden.state import State
from tests.golden.test_released import VERSIONS, but_settled, passed, remembered, state

DEFAULTS, REST = Key("shop", "defaults"), Key("shop", "rest")
NEWEST: Final = VERSIONS[-1]


MODELS: Final[tuple[type[BaseModel], ...]] = (QueueSpec, InstanceSpec)
"""Models of which a default is patched."""


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    """What a future changes; afterwards all is as it was."""
    with pytest.MonkeyPatch.context() as patched:
        yield patched
    for model in MODELS:
        model.model_rebuild(force=True)


def other_default(model: type[BaseModel], field: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    """A future in which a field that is left out means something else."""

    def come(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(model.model_fields[field], "default", value)
        model.model_rebuild(force=True)

    return come


class Future(NamedTuple):
    """What the next version does otherwise; on whose Application it shows; told: a part of what is said of it."""

    come: Callable[[pytest.MonkeyPatch], None]
    application: Key
    told: str


FUTURES: Final = {
    "a default that changed": Future(
        other_default(QueueSpec, "visibility_timeout_seconds", 31), DEFAULTS, "visibilityTimeoutSeconds: 30 -> 31"
    ),
    "a default of what was left to the provider": Future(
        other_default(InstanceSpec, "key_name", "fleet"), DEFAULTS, "keyName: None -> 'fleet'"
    ),
    "marks under another tag": Future(
        lambda patch: patch.setattr(tags, "CONTROL_PLANE", "pilothouse.dev/plane"), DEFAULTS, "did not ask that"
    ),
    "another key, for passwords": Future(
        lambda patch: patch.setattr(Hasher, "password", lambda *_: Sensitive("another one")), DEFAULTS, "(sensitive)"
    ),
    "outputs under another name": Future(
        lambda patch: patch.setattr(outputs, "variables", lambda name, kinds: {}), REST, "'dryRun'"
    ),
    "another read of the same thing": Future(
        lambda patch: patch.setattr(Volume, "describe", "DescribeVolumesModifications"), DEFAULTS, "did not ask that"
    ),
}


@pytest.mark.parametrize("future", FUTURES.values(), ids=FUTURES)
def test_a_future_that_changes_something_by_itself_is_found(future: Future, patch: pytest.MonkeyPatch) -> None:
    future.come(patch)
    with pytest.raises((Untouched, Unanswered)) as found:
        asyncio.run(passed(state(NEWEST), future.application))
    assert future.told in str(found.value)


def other_recipe(patch: pytest.MonkeyPatch) -> State:
    patch.setattr(hashes, "_FORMAT", hashes._FORMAT + 1)
    return state(NEWEST)


def forgotten_keys(_: pytest.MonkeyPatch) -> State:
    """`appliedKeys` has another name, so that what stands there is not read."""
    return replace(state(NEWEST), kinds=renamed("appliedKeys", "setKeys"))


def renamed(old: str, new: str) -> list[Any]:
    """Every object of our kinds, with another name for what the ledger remembers."""
    kinds = copy.deepcopy(state(NEWEST).kinds)
    for raw in kinds:
        for entry in raw["status"].get("resources") or () if raw["kind"] == "Application" else ():
            if old in entry:
                entry[new] = entry.pop(old)
    return kinds


def test_marks_under_another_label_are_found(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(labels, "RESOURCE", "pilothouse.dev/part")
    with pytest.raises(AssertionError):
        test_released.test_everything_is_known_by_its_mark(NEWEST, REST)


LEDGERS: Final = {
    "recipe": (other_recipe, "appliedHash"),
    "name": (forgotten_keys, "appliedKeys"),
}


@pytest.mark.parametrize(("come", "field"), LEDGERS.values(), ids=LEDGERS)
def test_another_ledger_is_found_although_nothing_is_changed(
    come: Callable[[pytest.MonkeyPatch], State], field: str, patch: pytest.MonkeyPatch
) -> None:
    of = come(patch)
    before = remembered(of.applications()[DEFAULTS])
    after = asyncio.run(passed(of, DEFAULTS))
    assert after is not None
    assert but_settled(after) != but_settled(before)
    entries = zip(but_settled(before)["resources"], but_settled(after)["resources"], strict=True)
    assert {name for old, new in entries for name in new if old.get(name) != new[name]} == {field}


def test_a_field_of_another_name_is_found() -> None:
    raw = next(raw for raw in renamed("appliedKeys", "setKeys") if raw["metadata"]["name"] == "defaults")
    with pytest.raises(AssertionError):
        test_released.test_every_field_that_is_stored_is_known_and_stays(NEWEST, raw)


RECIPES: Final = {
    "of tokens": (test_released, "token"),
    "of names": (names, "_hash"),
    "of Plans": (plan, "short_digest"),
}


@pytest.mark.parametrize(("module", "function"), RECIPES.values(), ids=RECIPES)
def test_another_recipe_is_found(module: ModuleType, function: str, patch: pytest.MonkeyPatch) -> None:
    """Whatever it is made from, it comes out otherwise."""
    patch.setattr(module, function, lambda *_: "0123456789abcdef")
    made = next(raw for _, raw in test_released.PLANS if raw["metadata"]["name"].startswith("defaults-1-"))
    with pytest.raises(AssertionError):
        test_released.test_a_plan_fits_its_name_and_what_it_created_would_have_the_same_token(NEWEST, made)
