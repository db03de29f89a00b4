"""A condition's time says since when it is so, not when it was last looked at."""

from typing import NamedTuple

import pytest

from pilothouse.api.conditions import Condition, Truth, find, merged


def ready(status: Truth, since: str = "", message: str = "") -> Condition:
    return Condition(type="Ready", status=status, reason="Why", message=message, last_transition_time=since)


class Case(NamedTuple):
    old: tuple[Condition, ...]
    new: Condition
    since: str
    reason: str


CASES = {
    "new": Case((), ready("True"), "now", "it has been so from now on"),
    "the same": Case((ready("True", "then"),), ready("True", message="still"), "then", "only the message is another"),
    "turned": Case((ready("True", "then"),), ready("False"), "now", "it turned just now"),
    "never stamped": Case((ready("True"),), ready("True"), "now", "nobody knows since when"),
    "another type": Case(
        (Condition(type="Stalled", status="True", reason="Why", last_transition_time="then"),),
        ready("True"),
        "now",
        "each condition has its own time",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_time_moves_with_the_status_alone(case: Case) -> None:
    (found,) = merged(case.old, [case.new], "now")
    assert found.last_transition_time == case.since, case.reason
    assert found.message == case.new.message


def test_conditions_keep_the_order_they_are_given_in() -> None:
    new = [Condition(type=kind, status="True", reason="Why") for kind in ("Ready", "Stalled", "Drifted")]
    assert [condition.type for condition in merged(reversed(new), new, "now")] == ["Ready", "Stalled", "Drifted"]


def test_a_condition_is_found_by_its_type() -> None:
    assert find([ready("True")], "Ready") == ready("True")
    assert find([ready("True")], "Stalled") is None
