"""A token that makes nothing more for its resource gives way to the next one's, and no other does."""

from dataclasses import replace
from typing import NamedTuple

import pytest

from pilothouse.api.application import Intent, LedgerEntry, UnderWay
from pilothouse.api.times import rfc3339
from pilothouse.applying import spent
from pilothouse.applying.ledger import Book, Rules, settle
from pilothouse.applying.spent import Tokens
from pilothouse.dataplane.types import Mark, Owner, TargetKey
from pilothouse.observed.snapshot import Presence, Sighting, Snapshot
from tests.unit.planning.things import (
    ABSENT,
    GONE,
    NOW,
    OWNER,
    UID,
    UNKNOWN,
    entry,
    key,
    ledger,
    mark,
    present,
    reading,
)

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


OF_A, OF_B = (Intent(step="s", target=str(one), action="Create", sent_at=SENT) for one in (A, key("b")))


def after(
    known: LedgerEntry, sighting: Sighting, tokened: frozenset[TargetKey] = frozenset({A})
) -> tuple[Book, Snapshot]:
    """Book and Snapshot after that was seen, when a create of it was in flight, and one of another thing."""
    tokens = Tokens(OWNER, UID, tokened, WINDOW)
    return spent.renew(Book(ledger(known), (OF_A, OF_B)), Snapshot(NOW, {A: sighting}), tokens)


def bearing(mark: Mark | None) -> Sighting:
    """A thing with that mark, which is not what is sought."""
    return present(replace(reading("a"), mark=mark))


class Case(NamedTuple):
    known: LedgerEntry
    sighting: Sighting


OTHERS = Owner("cp-1", "shop", "other")
ANOTHERS = {
    "let go under another name": Case(MADE, BEARS_B),
    "of another Application": Case(MADE, bearing(mark("b", owner=OTHERS))),
    "of another Application, under this name": Case(MADE, bearing(mark("a", owner=OTHERS))),
    "refused, answered, and another's": Case(refused(WINDOW, id="a-1"), BEARS_B),
}
NOWHERE = {"refused, and nothing is seen": Case(refused(WINDOW), ABSENT)}
SPENT = ANOTHERS | NOWHERE
GOOD = {
    "its own": Case(MADE, present(reading("a"))),
    "without a mark": Case(MADE, bearing(None)),
    "not seen": Case(MADE, UNKNOWN),
    "gone": Case(MADE, GONE),
    "renamed, however often, while it was made": Case(MADE, bearing(mark("b"))),
    "let go under this name": Case(MADE, bearing(mark("a", uid=""))),
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
    book, _ = after(case.known, case.sighting)
    (entry,) = book.entries.values()
    assert (entry.id, entry.incarnation, entry.under_way, entry.spent_at) == ("", case.known.incarnation + 1, None, "")
    assert entry.applied_keys == ()
    assert book.in_flight == (OF_B,), "nothing comes of a token that made another thing"
    assert after(entry, case.sighting)[0].entries == book.entries, "once"


@pytest.mark.parametrize("case", ANOTHERS.values(), ids=ANOTHERS)
def test_what_is_anothers_stands_in_nobodys_way(case: Case) -> None:
    """It would be told as a NameConflict for the one pass."""
    _, seen = after(case.known, case.sighting)
    assert seen.sighting(A).presence is Presence.UNKNOWN
    assert seen.sighting(A).message == "its token had made a-1, which is another's by now; making the next"


def test_what_is_nowhere_is_made_in_the_same_pass() -> None:
    assert after(refused(WINDOW), ABSENT)[1].sighting(A) == ABSENT


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD)
def test_a_token_that_may_be_answered_yet_is_kept(case: Case) -> None:
    book, seen = after(case.known, case.sighting)
    assert (book.entries[A], book.in_flight, seen.sighting(A)) == (case.known, (OF_A, OF_B), case.sighting)


@pytest.mark.parametrize("case", SPENT.values(), ids=SPENT)
def test_what_has_no_token_is_left_as_it_is(case: Case) -> None:
    assert after(case.known, case.sighting, frozenset())[0].entries[A] == case.known


def test_that_a_token_was_refused_is_forgotten_once_what_it_made_is_found() -> None:
    """Else the next loss of it would count twice."""
    known = refused(WINDOW, id="a-1")
    assert after(known, present(reading("a")))[0].entries[A] == known.model_copy(update={"spent_at": ""})


@pytest.mark.parametrize(("sighting", "kept"), [(ABSENT, (OF_A,)), (BEARS_B, ())], ids=["nothing", "another's"])
def test_the_intent_of_a_refused_create_stays_while_nothing_is_seen_of_what_its_token_made(
    sighting: Sighting, kept: tuple[Intent, ...]
) -> None:
    """It has the thing looked for in every pass."""
    rules = Rules(UID, frozenset({A}), frozenset(), 1.0, 1.0)
    assert settle(Book(ledger(refused(5)), (OF_A,)), Snapshot(NOW, {A: sighting}), rules).in_flight == kept
    unrefused = refused(5, spent_at="")
    assert settle(Book(ledger(unrefused), (OF_A,)), Snapshot(NOW, {A: sighting}), rules).in_flight == ()
