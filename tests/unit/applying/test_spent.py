"""A token that makes nothing more for its resource gives way to the next one's, and no other does."""

from dataclasses import replace
from typing import NamedTuple

import pytest

from pilothouse.api.application import LedgerEntry, UnderWay
from pilothouse.api.times import rfc3339
from pilothouse.applying import spent
from pilothouse.applying.ledger import Book
from pilothouse.observed.snapshot import Sighting, Snapshot
from tests.unit.planning.things import ABSENT, GONE, NOW, UNKNOWN, entry, key, ledger, mark, present, reading

A = key("a")
WINDOW = 60.0
SENT = rfc3339(NOW - 10)
MAKING = UnderWay(step="create-a", action="Create", since=SENT)
CHANGING = UnderWay(step="update-a", action="Update", since=SENT)
MADE = entry("a", state="Created", under_way=MAKING, applied_keys=("size",))
"""What a create was answered with, and nobody has looked at."""
BEARS_B = present(replace(reading("a"), mark=mark("b", uid="")))
"""It was renamed to b since it was made, and let go."""


def refused(ago: float, **fields: str) -> LedgerEntry:
    """What a create was refused for so many seconds ago, because its token had made something else."""
    known = {"id": "", "state": "", "under_way": MAKING, "spent_at": rfc3339(NOW - ago)}
    return entry("a").model_copy(update={**known, **fields})


def renewed(known: LedgerEntry, sighting: Sighting, *, tokened: bool = True) -> LedgerEntry:
    """The entry after that was seen."""
    return spent.renew(Book(ledger(known)), Snapshot(NOW, {A: sighting}), {A} if tokened else set(), WINDOW).entries[A]


class Case(NamedTuple):
    known: LedgerEntry
    sighting: Sighting


SPENT = {
    "answered with what bears another name": Case(MADE, BEARS_B),
    "answered with what bears another name in use": Case(MADE, present(replace(reading("a"), mark=mark("b")))),
    "refused, and nothing is seen": Case(refused(WINDOW), ABSENT),
    "refused, answered, and another's": Case(refused(WINDOW, id="a-1"), BEARS_B),
}
GOOD = {
    "its own": Case(MADE, present(reading("a"))),
    "without a mark": Case(MADE, present(replace(reading("a"), mark=None))),
    "not seen": Case(MADE, UNKNOWN),
    "gone": Case(MADE, GONE),
    "renamed while it was made": Case(
        MADE.model_copy(update={"renamed_from": "b"}), present(replace(reading("a"), mark=mark("b")))
    ),
    "applied before its mark was changed": Case(MADE.model_copy(update={"applied_hash": "h"}), BEARS_B),
    "at rest": Case(entry("a"), BEARS_B),
    "being changed": Case(entry("a", under_way=CHANGING), BEARS_B),
    "not made": Case(entry("a", id=""), ABSENT),
    "refused a moment ago": Case(refused(WINDOW - 1), ABSENT),
    "refused, and found": Case(refused(WINDOW), present(reading("a"))),
    "refused, and not seen": Case(refused(WINDOW), UNKNOWN),
    "refused, and looked for too early": Case(refused(WINDOW + 5), replace(ABSENT, looked_at=NOW - 10)),
}


@pytest.mark.parametrize("case", SPENT.values(), ids=SPENT)
def test_the_next_one_is_made_with_the_next_token(case: Case) -> None:
    after = renewed(case.known, case.sighting)
    assert (after.id, after.incarnation, after.under_way, after.spent_at) == ("", case.known.incarnation + 1, None, "")
    assert after.applied_keys == ()
    assert renewed(after, case.sighting) == after, "once"


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD)
def test_a_token_that_may_be_answered_yet_is_kept(case: Case) -> None:
    assert renewed(case.known, case.sighting) == case.known


@pytest.mark.parametrize("case", SPENT.values(), ids=SPENT)
def test_what_has_no_token_is_left_as_it_is(case: Case) -> None:
    assert renewed(case.known, case.sighting, tokened=False) == case.known


def test_that_a_token_was_used_is_forgotten_once_what_it_made_is_found() -> None:
    """Else the next loss of it would count twice."""
    known = refused(WINDOW, id="a-1")
    assert renewed(known, present(reading("a"))) == known.model_copy(update={"spent_at": ""})
