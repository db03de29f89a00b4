"""What holds for every fleet, whatever it looks like; held against every assignment that a tiny one has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.desired.placement.fleet.assignment import Assignment
from pilothouse.desired.placement.fleet.replan import replan
from pilothouse.desired.placement.fleet.settle import settle, with_placed
from pilothouse.desired.placement.fleet.values import Fleet
from pilothouse.desired.placement.fleet.whatif import compare, drain
from tests.seeds import printed
from tests.unit.desired.placement.fleet.making import all_assignments, fleets, weight, wrong

FEW = settings(max_examples=50)
ANY, SETTLED = fleets(), fleets(placed=True)


@FEW
@given(SETTLED)
def test_no_constraint_is_broken(subject: Fleet) -> None:
    assert wrong(subject, replan(subject).replicas) == ""


@FEW
@given(SETTLED)
def test_no_constraint_is_broken_by_going_on(subject: Fleet) -> None:
    """Too few domains may stay where there is no room in another: what runs is not stopped for that."""
    assert wrong(subject, settle(subject).replicas, domains=False) == ""


@FEW
@given(SETTLED)
def test_nothing_is_left_over_where_everything_fits(subject: Fleet) -> None:
    found, everything = replan(subject), sum((1 + one.priority) * one.replicas for one in subject.workloads)
    if found.unplaced:
        assert max(weight(subject, one) for one in all_assignments(subject)) < everything


@FEW
@given(SETTLED)
def test_what_is_left_over_is_counted_and_every_cell_says_why(subject: Fleet) -> None:
    for found in (replan(subject), settle(subject)):
        left = {one.key: one.replicas for one in found.unplaced}
        for workload in subject.workloads:
            placed = sum(found.replicas[workload.key].values())
            assert placed + left.get(workload.key, 0) == workload.replicas
        assert all(set(one.blocked) == {"a", "b", "c"} and all(one.blocked.values()) for one in found.unplaced)


@FEW
@given(SETTLED)
def test_going_on_from_where_it_ended_moves_nothing(subject: Fleet) -> None:
    found = settle(subject)
    again = settle(with_placed(subject, found))
    # Not what it is worth: who has left a cordoned Cell has one less to be compared with.
    assert (again.replicas, again.unplaced) == (found.replicas, found.unplaced)


@FEW
@given(SETTLED)
def test_without_a_change_nothing_moves(subject: Fleet) -> None:
    assert compare(subject, subject).moves == ()


@FEW
@given(ANY)
def test_what_was_planned_from_scratch_stays(subject: Fleet) -> None:
    """Only what is left over may still find a place."""
    placed = with_placed(subject, found := replan(subject))
    after = settle(placed)
    if not found.unplaced:
        assert after.replicas == found.replicas
    assert weight(placed, after.replicas) >= weight(placed, found.replicas)


@FEW
@given(SETTLED, st.sampled_from("abc"))
def test_a_drained_cell_is_empty_and_who_was_not_there_stays_where_there_is_room(subject: Fleet, name: str) -> None:
    change = compare(subject, drain(subject, name))
    assert all(move.target != name for move in change.moves)
    if not change.unplaced and len(subject.workloads) == 1:
        assert all(move.source == name for move in change.moves)


@pytest.mark.parametrize("plan", [replan, settle])
@FEW
@given(subject=SETTLED, chance=st.randoms())
def test_order_means_nothing(plan: Callable[[Fleet], Assignment], subject: Fleet, chance: Random) -> None:
    cells, workloads = list(subject.cells), list(subject.workloads)
    chance.shuffle(cells)
    chance.shuffle(workloads)
    turned = tuple(replace(one, allowed=tuple(reversed(one.allowed))) for one in workloads)
    assert repr(plan(Fleet(tuple(cells), turned))) == repr(plan(subject)), "to the last byte"


PROBE = """
from pilothouse.desired.placement.fleet.replan import replan
from pilothouse.desired.placement.fleet.settle import with_placed
from pilothouse.desired.placement.fleet.whatif import compare, lose, survives
from tests.bench.replan.fleets import fleet
subject = fleet(60, 6, 1)
found = replan(subject)
placed = with_placed(subject, found)
print(found, compare(placed, lose(placed, "eu-1")), survives(subject, found, 1))
"""


def test_the_same_bytes_under_any_hash_seed() -> None:
    assert "Assignment(" in printed(PROBE)
