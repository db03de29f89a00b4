"""The record of reasons: complete in itself, and what stands nowhere in it does not pass unseen."""

import pytest

from pilothouse.api.cell_reasons import CELL
from pilothouse.api.conditions import Condition, Truth
from pilothouse.api.reasons import UNDECLARED, Severity, Vocabulary, announced, stated
from pilothouse.api.vocabularies import VOCABULARIES

EVERY = pytest.mark.parametrize("vocabulary", VOCABULARIES.values(), ids=VOCABULARIES)


@EVERY
def test_each_status_is_explained_exactly_where_a_reason_has_it(vocabulary: Vocabulary) -> None:
    explained = {
        (aspect.type, status)
        for aspect in vocabulary.aspects
        for status, text in (("True", aspect.true), ("False", aspect.false), ("Unknown", aspect.unknown))
        if text
    }
    assert explained == {(kind, status) for kind, status, _ in vocabulary.combinations}


@EVERY
def test_no_combination_is_explained_twice(vocabulary: Vocabulary) -> None:
    places = [(reason.name, place) for reason in vocabulary.reasons for place in reason.stands]
    assert len(places) == len(set(places)) == len(vocabulary.combinations)


@EVERY
def test_what_keeps_an_object_from_being_ready_has_a_mend(vocabulary: Vocabulary) -> None:
    bad = [one for one in vocabulary.reasons if {"Ready=False", "Ready=Unknown", "Stalled=True"} & set(one.stands)]
    assert [one.name for one in bad if one.mend == "Nothing to do."] == []


def condition(kind: str, status: Truth, reason: str) -> Condition:
    return Condition(type=kind, status=status, reason=reason)


def test_what_is_declared_is_stamped() -> None:
    (found,) = stated(CELL, (), [condition("Ready", "True", "Reachable")], "2026-01-01T00:00:00Z")
    assert found.last_transition_time == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [("Ready", "False", "Reachable"), ("Ready", "True", "Why"), ("Steady", "True", "Reachable")],
    ids=["of another status", "unheard of", "of another condition"],
)
def test_what_is_not_declared_is_warned_of(kind: str, status: Truth, reason: str) -> None:
    with pytest.warns(match=f"{UNDECLARED}: Cell: {kind}={status}: {reason}"):
        stated(CELL, (), [condition(kind, status, reason)], "")


@pytest.mark.parametrize(
    ("kind", "severity", "reason"),
    [
        ("Application", "Normal", "PlanMade"),
        ("Application", "Normal", "Converged"),
        ("Application", "Warning", "NameConflict"),
        ("Cell", "Warning", "BreakerOpened"),
    ],
)
def test_an_event_that_is_declared_passes(kind: str, severity: Severity, reason: str) -> None:
    announced(VOCABULARIES[kind], severity, reason)


@pytest.mark.parametrize(
    ("kind", "severity", "reason"),
    [
        ("Application", "Warning", "Converged"),
        ("Application", "Normal", "Applying"),
        ("Cell", "Warning", "TooMuchMissing"),
    ],
)
def test_an_event_that_is_not_declared_is_warned_of(kind: str, severity: Severity, reason: str) -> None:
    with pytest.warns(match=f"{UNDECLARED}: {kind}: Event {severity}: {reason}"):
        announced(VOCABULARIES[kind], severity, reason)
