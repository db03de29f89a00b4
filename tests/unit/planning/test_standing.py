"""Nobody asked for what only another edition of the operator sees: of an Application, or of one of its things."""

from typing import NamedTuple

import pytest

from pilothouse.api.application import Settled
from pilothouse.planning.standing import Standing
from tests.unit.planning.things import entry

NEVER = Settled()
OURS, THEIRS = Settled(generation=3, edition="2.0.0 hmac:2"), Settled(generation=3, edition="1.0.0 hmac:1")
OLD = Settled(generation=2, edition="1.0.0 hmac:1")


class Case(NamedTuple):
    """all_: what was settled of the Application; one: of the thing."""

    all_: Settled
    one: Settled
    unasked: bool
    reason: str


CASES = {
    "nothing ever was": Case(NEVER, NEVER, unasked=False, reason="all was asked for and nothing done"),
    "all, by us": Case(OURS, OURS, unasked=False, reason="what we see otherwise has changed since"),
    "all, by others": Case(THEIRS, THEIRS, unasked=True, reason="only they are others"),
    "all, by others that told of no thing": Case(THEIRS, NEVER, unasked=True, reason="all is each"),
    "one alone, by others": Case(OLD, THEIRS, unasked=True, reason="what ails others is not its business"),
    "one alone, by us": Case(OLD, OURS, unasked=False, reason="what we see otherwise has changed since"),
    "an older spec, by others": Case(OLD, OLD, unasked=False, reason="somebody has asked for something since"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_what_others_settled_for_the_same_spec_is_unasked(case: Case) -> None:
    known = entry("a").model_copy(update={"settled": case.one})
    assert Standing(OURS, case.all_).unasked(known) == case.unasked, case.reason


@pytest.mark.parametrize(("all_", "unasked"), [(THEIRS, True), (OLD, False)])
def test_what_is_on_no_record_is_judged_by_the_application(all_: Settled, *, unasked: bool) -> None:
    assert Standing(OURS, all_).unasked(None) == unasked
