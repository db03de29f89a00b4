"""The benchmark of replanning proves what it prints: its bound is one, and what it calls left over in vain is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from pilothouse.desired.placement.fleet.assignment import Assignment, Unplaced
from pilothouse.desired.placement.fleet.problem import problem
from pilothouse.desired.placement.fleet.replan import replan
from pilothouse.desired.placement.fleet.values import Fleet
from tests.bench.replan.__main__ import bounded, measured, unplaced_that_fit
from tests.bench.replan.bound import Program
from tests.bench.replan.fleets import HIGHEST_USE, LOWEST_USE, fleet
from tests.unit.desired.placement.fleet.making import all_assignments, fleets, weight

TINY = fleets()
SECONDS = 60.0


def test_a_seed_makes_one_fleet_and_it_is_tight() -> None:
    subject = fleet(100, 8, 3)
    assert subject == fleet(100, 8, 3)
    assert subject != fleet(100, 8, 4)
    used = dict(zip(problem(subject).resources, problem(subject).target.tolist(), strict=True))
    assert all(LOWEST_USE - 0.05 < used[name] < HIGHEST_USE + 0.05 for name in ("cpu", "memory"))


@pytest.mark.slow
@settings(max_examples=40)
@given(TINY)
def test_nothing_is_better_than_the_bounds(subject: Fleet) -> None:
    """Held against every assignment that there is: a bound below one of them would prove nothing."""
    arrays, found = problem(subject), replan(subject)
    total = int((arrays.weight * arrays.replicas).sum())
    most = max(weight(subject, one) for one in all_assignments(subject))
    if total:
        placed = Program(arrays, quality=False).most_placed(seconds=SECONDS).bound
        assert placed * total >= most - 1e-6
    bound = Program(arrays).best_quality(found.objective.placed, seconds=SECONDS)
    assert bound.proven
    assert bound.bound >= found.objective.quality - 1e-6


@pytest.mark.slow
def test_the_gap_is_small_and_nothing_is_left_over_that_fits() -> None:
    for seed in (1, 2, 3):
        subject = fleet(400, 16, seed)
        line = bounded(problem(subject), measured(subject, replan)[0], SECONDS)
        assert line["unplaced_that_fit"] == 0, line
        gap = line["gap_percent"]
        assert isinstance(gap, float)
        assert 0.0 <= gap <= 2.0, line


@pytest.mark.slow
def test_what_is_left_over_in_vain_is_found() -> None:
    """One workload of a good assignment is told as left over."""
    subject = fleet(40, 8, 2)
    arrays, found = problem(subject), replan(subject)
    assert found.unplaced == ()
    key, cells = next(iter(found.replicas.items()))
    count, total = sum(cells.values()), int((arrays.weight * arrays.replicas).sum())
    placed = 1.0 - count * int(arrays.weight[0]) / total
    worse = Assignment(
        replicas={**found.replicas, key: {}},
        unplaced=(Unplaced(key, count, {}),),
        objective=replace(found.objective, placed=placed),
        cost=found.cost,
    )
    assert unplaced_that_fit(arrays, worse, SECONDS) == count
