"""What bears our mark and is on no record is retired, once, and what was to be retained is let go."""

from dataclasses import replace
from typing import ClassVar, NamedTuple

import pytest

from pilothouse.api.application import DeletionPolicy, Intent, LedgerEntry
from pilothouse.applying.ledger import Book
from pilothouse.applying.strays import claim
from pilothouse.dataplane.types import Listed, TargetKey
from tests.unit.planning.things import TYPES, UID, Thing, desired, entry, key, ledger, mark, plan, present, reading

A = key("a")
UNDER_WAY = Intent(step="create-a", target=str(A), action="Create", sent_at="2026-01-05T00:00:00Z")


class Claim(NamedTuple):
    line: Listed
    known: bool
    wanted: bool
    claimed: bool
    reason: str


STRAY = Listed("a-7", mark=mark("a", 2))
GIVEN_UP = entry("a", "b", id="", state="Gone", incarnation=3, deletion_policy="Retain", lost_id="a-7")
CLAIMS = {
    "a leftover": Claim(STRAY, known=False, wanted=False, claimed=True, reason="a leader that slept made it"),
    "on record": Claim(STRAY, known=True, wanted=False, claimed=False, reason="it is an extra, and retired as one"),
    "wanted": Claim(STRAY, known=False, wanted=True, claimed=False, reason="it is looked for, and adopted"),
    "another life's": Claim(
        Listed("a-7", mark=mark("a", uid="app-0")),
        known=False,
        wanted=False,
        claimed=False,
        reason="that asks a person",
    ),
    "let go": Claim(
        Listed("a-7", mark=mark("a", uid="")), known=False, wanted=False, claimed=False, reason="it is to be retained"
    ),
    "unmarked": Claim(Listed("a-7"), known=False, wanted=False, claimed=False, reason="the listing shows no mark"),
}


@pytest.mark.parametrize("case", CLAIMS.values(), ids=CLAIMS)
def test_only_what_this_very_application_left_behind_is_claimed(case: Claim) -> None:
    book = Book(ledger(entry("a")) if case.known else {})
    found = claim(book, [(A, case.line)], [A] if case.wanted else [], UID, TYPES.__getitem__)
    claimed = LedgerEntry(name="a", type="thing", cell="sky", id="a-7", state="Unknown", incarnation=2)
    assert (found.entries.get(A) == claimed) == case.claimed, case.reason


TWIN = key("a", cell="sky-too")


@pytest.mark.parametrize("order", [1, -1], ids=["first", "last"])
def test_what_two_cells_list_is_claimed_once(order: int) -> None:
    found = claim(Book(), [(A, STRAY), (TWIN, STRAY)][::order], [], UID, TYPES.__getitem__)
    assert [entry.id for entry in found.entries.values()] == ["a-7"]


LOST = entry("b", id="", state="Gone", lost_id="a-7")
KNOWN_BY = {
    "the ledger": (Book(ledger(entry("a"))), []),
    "the spec": (Book(), [A]),
    "its identifier": (Book({key("b"): entry("b", id="a-7")}), []),
    "what was lost": (Book(ledger(LOST)), [key("b")]),
    "a call under way": (Book({}, (UNDER_WAY,)), []),
}


@pytest.mark.parametrize(("book", "wanted"), KNOWN_BY.values(), ids=KNOWN_BY)
@pytest.mark.parametrize("order", [1, -1], ids=["first", "last"])
def test_what_is_known_in_one_cell_is_no_stray_in_another(book: Book, wanted: list[TargetKey], order: int) -> None:
    """Cells of one account and region list the same things: what one of them made must not be deleted for the other."""
    assert claim(book, [(A, STRAY), (TWIN, STRAY)][::order], wanted, UID, TYPES.__getitem__) == book


def test_what_comes_late_under_a_name_that_was_given_up_is_claimed_with_all_that_is_known_of_it() -> None:
    """Else it would stay behind, once the Application is gone."""
    claimed = claim(Book(ledger(GIVEN_UP)), [(A, STRAY)], [], UID, TYPES.__getitem__).entries[A]
    assert claimed == GIVEN_UP.model_copy(update={"id": "a-7", "state": "Unknown"}), "the incarnation never falls"


def test_what_is_claimed_is_retired() -> None:
    book = claim(Book(), [(A, STRAY)], [], UID, TYPES.__getitem__)
    stray = replace(reading("a", "a-7"), mark=mark("a", 2))
    assert [step.name for step in plan(desired(), book.entries, {A: present(stray)}).steps] == ["delete-a"]


def test_what_its_type_retains_by_default_is_let_go_and_not_destroyed() -> None:
    """It may be what an endpoint denied once: nobody knows any more what the spec had said of it."""

    class Kept(Thing):
        deletion_policy: ClassVar[DeletionPolicy] = "Retain"

    book = claim(Book(), [(A, STRAY)], [], UID, lambda _: Kept("thing"))
    stray = replace(reading("a", "a-7"), mark=mark("a", 2))
    assert [step.name for step in plan(desired(), book.entries, {A: present(stray)}).steps] == ["release-a"]
