"""A token finds what a lost reply made, so it must not move with anything but the identity and the incarnation."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.dataplane.types import Mark, Owner
from pilothouse.planning.tokens import token
from tests.unit.planning.things import (
    GADGET,
    OWNER,
    desired,
    entry,
    key,
    ledger,
    mark,
    plan,
    present,
    quick,
    reading,
    target,
)
from tests.unit.planning.world import SETTINGS

MARK = mark("orders")
KIND = "gadget"
OTHERS = {
    "control plane": replace(MARK, owner=replace(OWNER, control_plane="cp-2")),
    "namespace": replace(MARK, owner=replace(OWNER, namespace="other")),
    "application": replace(MARK, owner=replace(OWNER, application="other")),
    "resource": replace(MARK, resource="other"),
    "uid": replace(MARK, uid="app-2"),
    "incarnation": replace(MARK, incarnation=1),
}


def test_a_token_never_changes() -> None:
    """What an earlier version of the operator sent has to be found by a later one."""
    assert token(KIND, MARK) == "ph-7d717e011455fe227fd7899272d270506"


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_each_part_of_the_identity_makes_another_token(other: Mark) -> None:
    assert token(KIND, other) != token(KIND, MARK)


def test_things_of_two_types_share_no_token() -> None:
    """A resource that becomes one of another type is made although the token of the first was used."""
    assert token("widget", MARK) != token(KIND, MARK)


NAMES = st.text("ab-", min_size=1, max_size=3)
MARKS = st.builds(Mark, st.builds(Owner, NAMES, NAMES, NAMES), NAMES, NAMES, st.integers(0, 3))


@given(st.lists(MARKS, unique=True, max_size=6))
@quick
def test_no_two_marks_share_a_token(marks: list[Mark]) -> None:
    assert all(token(KIND, one) != token(KIND, other) for one, other in combinations(marks, 2))


@given(MARKS)
@quick
def test_every_provider_takes_it(one: Mark) -> None:
    assert len(token(KIND, one)) <= 36
    assert set(token(KIND, one)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(SETTINGS, SETTINGS, st.integers(0, 3))
@quick
def test_a_token_in_a_plan_never_depends_on_the_spec(
    one: dict[str, Any], other: dict[str, Any], incarnation: int
) -> None:
    known = ledger(entry("a", kind="gadget", id="", incarnation=incarnation))
    found = [plan(desired(target("a", kind=GADGET, **settings)), known) for settings in (one, other)]
    assert [proposal.steps[0].token for proposal in found] == [token(GADGET.kind, mark("a", incarnation))] * 2


def test_where_names_are_the_keys_the_name_is_shown() -> None:
    assert plan(desired(target("a"))).steps[0].token == "checkout-a"


def test_only_what_creates_has_a_token() -> None:
    """A replacement deletes first; what it then creates is of the next incarnation and has that one's token."""
    known = ledger(entry("a", kind="gadget"))
    wanted = desired(target("a", kind=GADGET, shape="square"))
    step = plan(wanted, known, {key("a", kind="gadget"): present(reading("a"))}).steps[0]
    assert (step.action, step.token) == ("Replace", "")
