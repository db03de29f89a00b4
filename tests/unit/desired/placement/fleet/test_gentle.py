"""Going on as the Controller does: bounds give way, nothing that runs is stopped."""

from __future__ import annotations

from hypothesis import given

from pilothouse.desired.placement.fleet.gentle import settle_gently
from pilothouse.desired.placement.fleet.settle import with_placed
from pilothouse.desired.placement.fleet.values import Fleet
from tests.unit.desired.placement.fleet.making import cell, fleet, fleets, work

ANY = fleets(placed=True)


def replicas(subject: Fleet, *, moves: bool = True) -> dict[str, dict[str, int]]:
    return {key.application: dict(cells) for key, cells in settle_gently(subject, moves=moves).replicas.items()}


def test_what_runs_is_not_stopped_for_what_weighs_more() -> None:
    subject = fleet(
        [cell("a")],
        work("low", 1, cpu=800, allowed="a", placed={"a": 1}),
        work("top", 1, cpu=800, allowed="a", priority=9),
    )
    assert replicas(subject) == {"low": {"a": 1}, "top": {}}


def test_others_are_moved_on_only_if_they_may_be() -> None:
    subject = fleet([cell("a"), cell("b")], work("w", 1, cpu=800, placed={"a": 1}), work("v", 1, cpu=900, allowed="a"))
    assert replicas(subject) == {"v": {"a": 1}, "w": {"b": 1}}
    assert replicas(subject, moves=False) == {"v": {}, "w": {"a": 1}}


def test_a_further_failure_domain_is_wished_for_while_there_is_room_in_one() -> None:
    subject = fleet([cell("a"), cell("b", cpu=50)], work("w", 3, min_domains=2, placed={"a": 1}))
    assert replicas(subject) == {"w": {"a": 3}}


def test_a_group_that_does_not_fit_gets_nothing_new_and_keeps_what_it_has() -> None:
    subject = fleet(
        [cell("a")],
        work("w", 2, cpu=100, allowed="a", group="g", placed={"a": 1}),
        work("v", 1, cpu=2000, allowed="a", group="g"),
        work("u", 1, cpu=100, allowed="a"),
    )
    assert replicas(subject) == {"u": {"a": 1}, "v": {}, "w": {"a": 1}}


@given(ANY)
def test_going_on_from_where_it_ended_stops_nothing(subject: Fleet) -> None:
    first = settle_gently(subject)
    again = settle_gently(with_placed(subject, first))
    for key, cells in first.replicas.items():
        assert sum(again.replicas[key].values()) >= sum(cells.values())
