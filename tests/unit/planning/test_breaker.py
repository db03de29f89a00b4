"""When a breaker opens: never under its threshold, always over it, and for nothing that somebody meant."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.cell import Evidence
from pilothouse.api.fleetpolicy import BreakerRule
from pilothouse.api.plan import Reason
from pilothouse.planning.breaker import (
    ASKED,
    MOST_EXAMPLES,
    Case,
    Loss,
    Pardon,
    State,
    Thing,
    counted,
    evidence,
    exceeds,
    stoppable,
    told,
    verdict,
)
from tests.unit.planning.things import NOW, quick

RULE = BreakerRule()
KNOWN = 30


def thing(number: int) -> Thing:
    return Thing("shop/checkout", "thing", f"t-{number:03}")


def things(first: int, number: int) -> frozenset[Thing]:
    return frozenset(thing(each) for each in range(first, first + number))


def test_every_count_of_a_small_cell_opens_exactly_over_the_threshold() -> None:
    for known, missing, doomed, suspected in product(range(61), range(7), range(4), range(4)):
        if missing + doomed + suspected > known:
            continue
        sets = things(0, suspected), things(10, missing), things(20, doomed)
        found = verdict(RULE, Case(known, *sets))
        proven, all_of_it = missing + doomed, missing + doomed + suspected
        if proven >= 2 and proven / known > 0.05:
            assert found is State.OPEN, (known, missing, doomed)
        elif all_of_it >= 2 and all_of_it / known > 0.05:
            assert found is State.HELD, (known, missing, doomed, suspected)
        else:
            assert found is State.CLOSED, (known, missing, doomed, suspected)


@quick
@given(st.integers(1, 100), st.integers(1, 50), st.integers(0, 100_000), st.integers(0, 100_000))
def test_more_never_counts_less(percent: int, least: int, number: int, known: int) -> None:
    rule = BreakerRule(missing_percent=percent, least=least)
    if exceeds(rule, number, known):
        assert exceeds(rule, number + 1, known)
        assert exceeds(rule, number, max(0, known - 1))
    assert not exceeds(rule, least - 1, known), "fewer than the least never open it"


@quick
@given(st.integers(0, 100_000))
def test_a_hundred_percent_is_never(known: int) -> None:
    assert not exceeds(BreakerRule(missing_percent=100), known, known)


def test_a_thing_counts_once_whatever_is_the_matter_with_it() -> None:
    one = things(0, 1)
    assert verdict(RULE, Case(10, one, one, one)) is State.CLOSED
    assert evidence(Case(10, one, one, one)) == Evidence(known=10, missing=1, examples=("shop/checkout thing/t-000",))


LOSSES = st.lists(
    st.builds(Loss, st.integers(0, KNOWN).map(thing), st.floats(NOW - 1_000, NOW), st.booleans()), max_size=KNOWN
)


@quick
@given(LOSSES, st.floats(NOW - 900, NOW), st.floats(NOW - 1_000, NOW), st.sets(st.integers(0, KNOWN).map(thing)))
def test_what_counts_is_what_is_missing_now_or_went_just_now_and_was_not_let_pass(
    losses: list[Loss], since: float, until: float, passed: set[Thing]
) -> None:
    found = counted(losses, since, Pardon(until, passed))
    assert not found & passed
    for loss in losses:
        late = loss.at > until and loss.thing not in passed
        if late and (not loss.repaired or loss.at > since):
            assert loss.thing in found
    assert found <= {loss.thing for loss in losses if loss.at > until}
    assert counted(losses, since, Pardon(NOW)) == frozenset(), "what a person has seen does not count again"


@pytest.mark.parametrize(
    ("action", "impact", "stops"),
    [
        ("Create", "None", True),
        ("Delete", "None", True),
        ("Replace", "Destructive", True),
        ("Update", "Destructive", True),
        ("Update", "Disruptive", False),
        ("Update", "None", False),
        ("Adopt", "None", False),
        ("Release", "None", False),
    ],
)
def test_what_makes_or_destroys_is_stopped(action: str, impact: str, stops: bool) -> None:  # noqa: FBT001 - a case
    assert stoppable(action, impact) is stops  # type: ignore[arg-type]


def test_what_a_person_wants_or_rebalancing_moves_is_asked_for_and_nothing_else_is() -> None:
    """Rebalancing keeps budgets of its own, and deletes only what is Ready elsewhere."""
    assert {"SpecChanged", "Deletion", "Requested", "Rebalance"} == ASKED
    assert set(get_args(Reason)) > ASKED, "the others are those that the breaker is for"


def test_people_are_told_numbers_and_a_few_names() -> None:
    found = evidence(Case(100, missing=things(0, 12), doomed=things(20, 4)))
    assert (found.known, found.missing, found.to_be_destroyed, len(found.examples)) == (100, 12, 4, MOST_EXAMPLES)
    text = told(found)
    assert text.startswith(
        "12 of 100 known things are gone and 4 of 100 are to be destroyed although nobody asked for it (shop/checkout"
    )
    assert text.endswith("thing/t-009 and 6 more)")
    assert told(evidence(Case(40, missing=things(0, 1)))) == "1 of 40 known things are gone (shop/checkout thing/t-000)"
    few = evidence(Case(40, doomed=things(0, 3)))
    assert told(few) == (
        "3 of 40 are to be destroyed although nobody asked for it "
        "(shop/checkout thing/t-000, shop/checkout thing/t-001, shop/checkout thing/t-002)"
    )
