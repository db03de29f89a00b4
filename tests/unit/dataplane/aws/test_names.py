"""Cloud names: unique, readable, within the alphabet and length of their type, and the same for ever."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.catalog.registry import TYPES
from pilothouse.dataplane.aws.names import cloud_name, name_prefix
from pilothouse.dataplane.types import Owner, ResourceType

fifty = settings(max_examples=50)

DNS = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,80}[a-z0-9])?", fullmatch=True)
OWNERS = st.builds(Owner, st.text(), DNS, DNS)


def test_a_name_is_the_same_for_ever() -> None:
    """It is the key of what exists: another spelling would make everything a second time."""
    assert cloud_name(Owner("cp", "shop", "checkout"), "orders", 75) == "phe44b4b-checkout-orders-e6ee277d"


@fifty
@given(OWNERS, DNS, st.integers(min_value=24, max_value=80))
def test_a_name_fits_and_starts_with_what_is_listed_by(owner: Owner, resource: str, max_length: int) -> None:
    name = cloud_name(owner, resource, max_length)
    assert len(name) <= max_length
    assert name.startswith(name_prefix(owner.control_plane))
    assert re.fullmatch(r"[a-zA-Z0-9-]+", name)


@fifty
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("ab"), st.sampled_from("ab"), DNS), min_size=2, unique=True
    )
)
def test_others_have_other_names_however_short(identities: list[tuple[str, str, str, str]]) -> None:
    names = {cloud_name(Owner(*whose), resource, 24) for *whose, resource in identities}
    assert len(names) == len(identities)


PARTS = ["a", "b", "a-b", "a--b", "b-a", "a.b", "x" * 40, "x" * 39 + "y", "x" * 100]
IDENTITIES = [
    (Owner(cp, space, app), name) for cp in ("a", "b") for space in ("a", "b") for app in PARTS for name in PARTS
]


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_no_two_identities_have_one_name_of_any_type(kind: ResourceType[Any]) -> None:
    """Names are cut, and letters that a provider does not take replaced: the hash at the end is of what was there."""
    names = [kind.name(owner, resource) for owner, resource in IDENTITIES]
    assert len(set(names)) == len(names)
