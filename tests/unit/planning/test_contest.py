"""What somebody else insists on is put right a few times, and then reported; a person's slip is put right each time."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import Correction, Drift, LedgerEntry
from pilothouse.api.times import rfc3339
from pilothouse.planning.contest import ENOUGH, SOON, corrected, is_contested
from pilothouse.planning.plan import Policy
from tests.unit.planning.things import NOW, applied, desired, entry, key, ledger, plan, present, quick, reading, target

WANTED = target("a", size=2)
A = key("a")


def correction(times: int = ENOUGH, ago: float = 1.0, path: str = "size") -> Correction:
    return Correction(path=path, times=times, at=rfc3339(NOW - ago))


class Case(NamedTuple):
    known: dict[str, Any]
    contested: bool
    reason: str


CASES = {
    "never put right": Case({}, contested=False, reason="it may be a slip"),
    "put right once": Case({"corrections": (correction(1),)}, contested=False, reason="a slip may be repeated"),
    "put right again and again": Case({"corrections": (correction(),)}, contested=True, reason="somebody insists"),
    "put right long ago": Case(
        {"corrections": (correction(ago=SOON + 2),)}, contested=False, reason="that was another day"
    ),
    "another field": Case({"corrections": (correction(path="speed"),)}, contested=False, reason="nobody insists on it"),
    "contested ever since": Case(
        {"drift": (Drift(path="size", contested=True),), "corrections": (correction(ago=10 * SOON),)},
        contested=True,
        reason="that time has passed changes nothing: it still differs",
    ),
    "only reported so far": Case({"drift": (Drift(path="size"),)}, contested=False, reason="nobody put it right"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_field_is_contested_when_it_differs_soon_after_it_was_put_right(case: Case) -> None:
    known = applied(WANTED).model_copy(update=case.known)
    assert is_contested(known, "size", NOW) == case.contested, case.reason
    found = plan(desired(WANTED), ledger(known), {A: present(reading("a"))})
    assert found.empty == case.contested
    assert [change.path for change in found.findings[A].drift] == ["size"], "it is told either way"
    assert found.findings[A].contested == ({"size"} if case.contested else frozenset())


def test_what_is_only_reported_is_not_contested() -> None:
    known = applied(WANTED).model_copy(update={"corrections": (correction(),)})
    found = plan(desired(WANTED), ledger(known), {A: present(reading("a"))}, policy=Policy(drift="Report"))
    assert found.findings[A].contested == frozenset()


def test_a_change_of_the_spec_is_applied_whoever_insists() -> None:
    known = applied(target("a", size=3)).model_copy(update={"corrections": (correction(),)})
    assert not plan(desired(WANTED), ledger(known), {A: present(reading("a"))}).empty


def test_a_field_that_is_not_contested_is_put_right_and_takes_the_other_along() -> None:
    known = applied(WANTED).model_copy(update={"corrections": (correction(),)})
    found = plan(desired(WANTED), ledger(known), {A: present(reading("a", speed=7))})
    assert [change.path for change in found.steps[0].changes] == ["size", "speed"]


@given(st.lists(st.tuples(st.integers(1, 2 * int(SOON)), st.sampled_from(["size", "speed"])), max_size=40))
@quick
def test_a_rival_is_fought_only_as_often_as_it_takes_to_know_it(history: list[tuple[int, str]]) -> None:
    """However often and fast somebody changes fields: of one field, no more than so many corrections in a row."""
    known, now, row = entry("a"), NOW, dict.fromkeys(["size", "speed"], 0)
    last = dict.fromkeys(row, 0.0)
    for pause, path in history:
        now += pause
        row[path] = row[path] if now - last[path] < SOON else 0
        if not is_contested(known, path, now):
            known = known.model_copy(update={"corrections": corrected(known.corrections, [path], now)})
            row[path], last[path] = row[path] + 1, now
        assert row[path] <= ENOUGH
        assert {one.path for one in known.corrections} <= {"size", "speed"}


def test_few_corrections_are_remembered() -> None:
    found = corrected([correction(path=f"old-{number}") for number in range(15)], [f"new-{n}" for n in range(15)], NOW)
    assert len(found) == 20
    assert found[-1].path == "new-14"
    assert LedgerEntry(name="a", type="thing", cell="sky", corrections=found).corrections == found
