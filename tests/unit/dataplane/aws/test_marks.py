"""Marks written as tags say whose a thing is, and never mix with the tags of people."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.types import Mark, Owner

fifty = settings(max_examples=50)

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
MARKS = st.builds(Mark, st.builds(Owner, st.text(), NAMES, NAMES), NAMES, st.text(), st.integers(min_value=0))
MARK = Mark(Owner("cp", "shop", "checkout"), "orders", "uid-1", 2)


@fifty
@given(MARKS, st.dictionaries(st.text(min_size=1), st.text()))
def test_a_mark_is_read_back_from_among_any_other_tags(mark: Mark, others: dict[str, str]) -> None:
    assert marks.mark_in(marks.user_tags(others) | marks.mark_tags(mark)) == mark


@fifty
@given(MARKS, st.dictionaries(st.text(min_size=1).filter(lambda key: marks.keeps_user_tags_rule({key: ""})), st.text()))
def test_the_tags_of_people_are_read_back_beside_a_mark(mark: Mark, theirs: dict[str, str]) -> None:
    assert marks.user_tags(theirs | marks.mark_tags(mark) | {"aws:cloudformation:stack": "x"}) == theirs


def test_without_a_control_plane_there_is_no_mark() -> None:
    tags = marks.mark_tags(MARK)
    del tags[marks.CONTROL_PLANE]
    assert marks.mark_in(tags) is None
    assert marks.mark_in({"team": "orders"}) is None


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ({marks.OWNER: "nonsense"}, Mark(Owner("cp", "nonsense", ""), "orders", "uid-1", 2)),
        ({marks.INCARNATION: "two"}, Mark(MARK.owner, "orders", "uid-1", 0)),
        ({marks.INCARNATION: "-1"}, Mark(MARK.owner, "orders", "uid-1", 0)),
    ],
)
def test_a_damaged_mark_is_nobodys_but_still_a_mark(damage: dict[str, str], expected: Mark) -> None:
    """Else whoever damages the mark of a thing makes it free to be taken by another."""
    assert marks.mark_in(marks.mark_tags(MARK) | damage) == expected


def test_a_mark_of_which_only_the_control_plane_is_left_is_still_a_mark() -> None:
    assert marks.mark_in({marks.CONTROL_PLANE: "cp"}) == Mark(Owner("cp", "", ""), "", "", 0)


def test_marks_are_spelled_as_documented() -> None:
    """The spelling is on real things: another one would make strangers of everything there is."""
    assert marks.mark_tags(MARK) == {
        "pilothouse.dev/control-plane": "cp",
        "pilothouse.dev/owner": "shop/checkout",
        "pilothouse.dev/resource": "orders",
        "pilothouse.dev/application-uid": "uid-1",
        "pilothouse.dev/incarnation": "2",
    }


@fifty
@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_changes_turn_one_set_of_tags_into_the_other(have: dict[str, str], want: dict[str, str]) -> None:
    changed, removed = marks.changed_tags(have, want)
    assert {key: value for key, value in (have | changed).items() if key not in removed} == want
    assert not changed.keys() & set(removed)
    assert all(have.get(key) != value for key, value in changed.items())


@fifty
@given(st.dictionaries(st.text(), st.text()))
def test_pairs_are_read_back(tags: dict[str, str]) -> None:
    assert marks.from_pairs(marks.as_pairs(tags)) == tags
