"""Hashes are the Controller's memory: they must come out the same in every process, version and order of keys."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from pilothouse.dataplane.types import Digest, Reading, Ref, Reference, ResourceSpec, Sensitive
from pilothouse.planning.hashes import Hasher, sealed, short_digest
from tests.unit.planning.things import HASHER, ThingSpec, quick

GOLDEN = {
    "null": (None, "hmac:c07a524d0d55788f"),
    "a text": ("hello", "hmac:651097194f0fa37c"),
    "JSON": ({"b": [1, 2.5, True, None], "a": {"é": "ü"}}, "hmac:121841c64b0e8a6e"),
    "a spec": (ThingSpec(size=2, tags={"b": "1", "a": "2"}), "hmac:a0396b753697fd93"),
    "a spec with a reference": (ThingSpec(peer=Reference(ref="orders")), "hmac:262054466890b5a7"),
    "a reference": (Ref("orders", "url"), "hmac:f156ea19632eb8ba"),
    "a digest": (Digest((Ref("orders", "url"), Ref("orders", "arn"))), "hmac:6351c3a9c3872407"),
    "a set": (frozenset({"b", "a"}), "hmac:b3f2a92620fa883e"),
}
"""Written once, by the first version. A change here makes everything in every installation look changed."""


@pytest.mark.parametrize(("value", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_a_hash_never_changes(value: Any, expected: str) -> None:
    assert HASHER.hash(value) == expected


def test_a_digest_for_names_never_changes() -> None:
    assert (short_digest({"b": 1, "a": [2]}), short_digest("x", 16)) == ("63c9663d", "ba2df4903a2c14e8")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def shuffled(value: Any, random: Random) -> Any:
    """`value` with the keys of its mappings in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        random.shuffle(items)
        return {key: shuffled(item, random) for key, item in items}
    return [shuffled(item, random) for item in value] if isinstance(value, list) else value


@given(JSON, st.randoms(use_true_random=False))
@quick
def test_the_order_of_keys_is_nothing(value: Any, random: Random) -> None:
    assert HASHER.hash(shuffled(value, random)) == HASHER.hash(value)
    assert short_digest(shuffled(value, random)) == short_digest(value)


@given(JSON, JSON)
@quick
def test_what_differs_hashes_differently(one: Any, other: Any) -> None:
    same = repr(one) == repr(other) or HASHER.hash(one) == HASHER.hash(other)
    assert same == (shuffled(one, Random(0)) == shuffled(other, Random(1)) and _types(one) == _types(other))


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _types(item) for key, item in value.items()}
    return [_types(item) for item in value] if isinstance(value, list) else type(value).__name__


def test_another_installation_hashes_differently() -> None:
    """Whoever knows a hash and guesses a password must not be able to check the guess."""
    assert Hasher(b"one").hash("hunter2") != Hasher(b"another").hash("hunter2")


def test_a_secret_moves_the_hash() -> None:
    one, other = ThingSpec(password=Sensitive("hunter2")), ThingSpec(password=Sensitive("swordfish"))
    assert HASHER.hash(one) != HASHER.hash(other)


def test_a_setting_that_a_later_version_adds_moves_no_hash_while_it_is_left_out() -> None:
    """Else an upgrade of the operator would make every resource of that type look changed."""

    class Today(ResourceSpec):
        size: int = 1

    class Tomorrow(ResourceSpec):
        size: int = 1
        colour: str | None = Field(None)

    assert HASHER.hash(Tomorrow()) == HASHER.hash(Today())
    assert HASHER.hash(Tomorrow(colour="red")) != HASHER.hash(Today())


def test_what_a_type_notes_beside_its_settings_moves_the_hash() -> None:
    """A volume's attachments decide what can be sent: a Plan is bound to them too."""

    @dataclass(frozen=True)
    class Situation:
        attachments: tuple[str, ...]

    assert HASHER.hash(Situation(("i-1",))) == HASHER.hash({"attachments": ["i-1"]})
    assert HASHER.hash(Situation(("i-1",))) != HASHER.hash(Situation(()))


@pytest.mark.parametrize("value", [object(), Reading])
def test_what_has_no_stable_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot hash a "):
        HASHER.hash(value)


def test_what_status_keeps_of_a_fingerprint_is_keyed() -> None:
    """A fingerprint is taken over a Secret's data too, and whoever may read a status may try values against it."""
    seen = Reading("id-1", None, fingerprint="f-1")
    one, other = (sealed(seen, Hasher(key)).fingerprint for key in (b"one", b"another"))
    assert len({"f-1", one, other}) == 3
    assert sealed(replace(seen, fingerprint=""), Hasher(b"one")).fingerprint == ""
