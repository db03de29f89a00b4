"""What rebalancing asks for is done exactly, or declined with a reason; nothing else moves because of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pilothouse.api.application import LedgerEntry, Placed
from pilothouse.api.names import workload_name
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired import moves
from pilothouse.desired.allocation import Around, allocate
from pilothouse.desired.cells import CellView
from pilothouse.desired.housing import Housing, Tenant, Waiting, house
from pilothouse.desired.moves import Move
from pilothouse.desired.placement.filters import LEAVE, STAY, Asked, refusal
from pilothouse.desired.placement.nodes import pod_of, room
from tests.unit.desired import fleets
from tests.unit.desired.fleets import cell, on_nodes_of, template

Counts = Mapping[str, int]
A, B, C = (cell(name, *on_nodes_of(4), region=region) for name, region in (("a", "eu"), ("b", "eu"), ("c", "us")))
HOT = Move("web", "a", "b", reason="a is hot", trigger="Hot")
HANDED = Move("web", "a", "gone", trigger="Draining")


def workload(name: str = "web", replicas: int = 3, **placing: Any) -> Workload:
    body = {"name": name, "template": template(), "replicas": replicas, "placement": placing}
    return Workload.model_validate(body)


def placed(name: str, counts: Counts, reason: str = "as before") -> list[Placed]:
    return [Placed(workload=name, cell=one, replicas=count, reason=reason) for one, count in counts.items()]


def runner(name: str, home: str) -> TargetKey:
    return TargetKey(home, "Deployment", workload_name("checkout", name, home))


def ready(name: str, *cells: str) -> dict[TargetKey, LedgerEntry]:
    """A ledger in which what runs a workload is Ready: its pods are seen on nodes."""
    keys = [runner(name, one) for one in cells]
    return {key: LedgerEntry(name=key.resource, type=key.type, cell=key.cell, state="Ready") for key in keys}


def housed(
    web: Workload, held: Counts, *asked: Move, cells: Sequence[CellView] = (A, B, C), withheld: str = ""
) -> Housing:
    tenant = Tenant("checkout", "shop", ready("web", *held), placed("web", held), asked)
    return house(web, cells, tenant, withheld=withheld)


def counted(housing: Housing) -> dict[str, int]:
    return {one.cell: one.replicas for one in housing.placed}


def test_exactly_one_replica_goes_where_it_is_asked_to() -> None:
    found = housed(workload(), {"a": 3}, HOT)
    assert counted(found) == {"a": 2, "b": 1}
    assert found.moves == (HOT,)
    assert (found.declined, found.shortage) == ((), "")


def test_it_is_told_why_at_both_ends_and_nowhere_else() -> None:
    reasons = {one.cell: one.reason for one in housed(workload(replicas=4), {"a": 3, "c": 1}, HOT).placed}
    assert reasons == {"a": "gave a replica to b: a is hot", "b": "a is hot", "c": "as before"}


def test_its_room_is_taken_where_it_goes_and_not_given_away_where_it_is_still() -> None:
    found, pod = housed(workload(), {"a": 3}, HOT), pod_of(template())
    assert {one.name: room(one, pod) for one in found.cells} == {"a": 4, "b": 3, "c": 4}


def test_once_it_is_placed_it_stays_without_being_asked_for_again() -> None:
    web, first = workload(), housed(workload(), {"a": 3}, HOT)
    later = house(web, (A, B, C), Tenant("checkout", "shop", ready("web", "a", "b"), first.placed))
    assert (later.placed, later.moves, later.declined) == (first.placed, (), ())


def test_what_is_not_asked_for_does_not_move() -> None:
    found = housed(workload(), {"a": 3})
    assert (counted(found), found.moves, found.declined) == ({"a": 3}, (), ())


def test_what_is_asked_of_another_workload_is_its_own_matter() -> None:
    assert housed(workload(), {"a": 3}, replace(HOT, workload="api")) == housed(workload(), {"a": 3})


def test_the_last_replica_takes_its_cell_along() -> None:
    found = housed(workload(replicas=2), {"a": 1, "b": 1}, HOT)
    assert counted(found) == {"b": 2}
    assert [one.reason for one in found.placed] == ["a is hot"]


def test_what_cannot_be_leaves_everything_as_it_was() -> None:
    full = cell("b", *on_nodes_of(0))
    found = housed(workload(), {"a": 3}, HOT, cells=(A, full))
    assert found.declined == ((HOT, "b: needs 1 cpu a pod; the largest free node has 0"),)
    assert replace(found, declined=()) == housed(workload(), {"a": 3}, cells=(A, full))


@pytest.mark.parametrize("first", [HOT, replace(HOT, destination="d")], ids=["done", "declined"])
def test_of_what_is_asked_of_a_workload_the_first_counts(first: Move) -> None:
    """The rest is neither done nor declined: it is still asked for when the next pass looks."""
    others = HOT, replace(HOT, destination="c"), replace(HOT, source="b", destination="a")
    assert housed(workload(), {"a": 3}, first, *others) == housed(workload(), {"a": 3}, first)


def test_what_is_asked_of_another_first_is_not_the_first_of_this() -> None:
    assert housed(workload(), {"a": 3}, replace(HOT, workload="api"), HOT) == housed(workload(), {"a": 3}, HOT)


ONE = cell("b", *on_nodes_of(1))


def test_room_of_pods_that_no_node_shows_yet_is_not_given_away() -> None:
    held, known = placed("web", {"a": 2, "b": 1}), ready("web", "a", "b")
    hidden = house(workload(), (A, ONE), Tenant("checkout", "shop", ready("web", "a"), held, (HOT,)))
    assert (counted(hidden), hidden.moves) == ({"a": 2, "b": 1}, ())
    assert hidden.declined == ((HOT, "b: needs 1 cpu a pod; the largest free node has 0"),)
    shown = house(workload(), (A, ONE), Tenant("checkout", "shop", known, held, (HOT,)))
    assert (counted(shown), shown.declined) == ({"a": 1, "b": 2}, ())


@pytest.mark.parametrize(("priority", "after"), [(5, {"a": 3}), (0, {"a": 2, "b": 1})], ids=["higher", "no higher"])
def test_what_waits_with_a_higher_priority_keeps_the_room_that_is_left_to_it(priority: int, after: Counts) -> None:
    waits = Waiting(priority, pod_of(template()), 1, ("b",))
    tenant = Tenant("checkout", "shop", ready("web", "a"), placed("web", {"a": 3}), (HOT,))
    found = house(workload(), (A, ONE), tenant, waiting=(waits,))
    assert (counted(found), bool(found.declined)) == (after, priority > 0)


@pytest.mark.parametrize("to", ["b", "c"])
def test_a_move_that_would_leave_too_few_domains_is_declined_and_moves_nothing_else(to: str) -> None:
    domains = tuple(cell(name, failure_domain=domain) for name, domain in (("a", "x"), ("b", "y"), ("c", "y")))
    web, asked = workload(replicas=2, spread={"minDomains": 2}), replace(HOT, destination=to)
    found = housed(web, {"a": 1, "b": 1}, asked, cells=domains)
    assert (counted(found), found.moves) == ({"a": 1, "b": 1}, ())
    assert found.declined == ((asked, f"{to}: it would be in 1 failure domains, and spread.minDomains is 2"),)


def test_what_leaves_a_lost_cell_goes_into_a_failure_domain_of_its_own_where_one_has_room() -> None:
    lost, x, y = (cell(name, failure_domain=domain, ready=name != "a") for name, domain in ("ay", "cx", "ey"))
    web, asked = workload(replicas=2, spread={"minDomains": 2}), replace(HOT, destination="c", evacuates=True)
    found = housed(web, {"a": 1, "c": 1}, asked, cells=(lost, x, y))
    assert [why for _, why in found.declined] == ["c: its spread would have it moved on from there"]
    full = cell("e", *on_nodes_of(0), failure_domain="y")
    assert counted(housed(web, {"a": 1, "c": 1}, asked, cells=(lost, x, full))) == {"c": 2}


def test_a_move_within_a_failure_domain_may_be_however_uneven_it_is() -> None:
    x1, x2, y1 = (cell(name, *on_nodes_of(4), failure_domain=name[0]) for name in ("x1", "x2", "y1"))
    web = workload(replicas=4, spread={"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2})
    asked = replace(HOT, source="x1", destination="x2")
    found = housed(web, {"x1": 3, "y1": 1}, asked, cells=(x1, x2, y1))
    assert (counted(found), found.moves) == ({"x1": 2, "x2": 1, "y1": 1}, (asked,))


def test_what_is_withheld_does_not_move() -> None:
    """A group that waits for room keeps what it has: it is placed whole, or not touched."""
    held = housed(workload(), {"a": 3}, HOT, withheld="group g waits")
    assert held == housed(workload(), {"a": 3}, withheld="group g waits")
    assert (counted(held), held.moves) == ({"a": 3}, ())


def test_a_group_that_waits_is_not_moved_in_parts() -> None:
    parts = [workload(group="g"), workload("large", 90, group="g")]
    found = allocated(parts, [*placed("web", {"a": 3}), *placed("large", {"c": 1})], HOT)
    assert counted(found["web"]) == {"a": 3}
    assert found["web"].moves == ()


@pytest.mark.parametrize("replicas", [0, 2, 4])
def test_while_it_is_scaled_nothing_moves_and_nothing_is_declined(replicas: int) -> None:
    """It is still asked for when the next pass looks."""
    web = workload(replicas=replicas)
    assert housed(web, {"a": 3}, HOT) == housed(web, {"a": 3})
    assert sum(counted(housed(web, {"a": 3}, HOT)).values()) == replicas


def test_what_is_stopped_meanwhile_gets_no_empty_deployment_elsewhere() -> None:
    assert counted(housed(workload(replicas=0), {"a": 2}, HOT)) == {"a": 0}


def test_what_leaves_while_it_is_scaled_is_no_rebalancing_although_that_was_asked_for() -> None:
    shut = cell("a", *on_nodes_of(4), allowed=())
    found = housed(workload(replicas=1), {"a": 2}, HOT, cells=(shut, B))
    assert [(move.source, move.destination, move.trigger) for move in found.moves] == [("a", "b", "")]
    assert found.declined == ()
    assert found.placed[0].reason != "a is hot"


def test_a_lost_cell_is_left_one_replica_at_a_time() -> None:
    lost = cell("a", ready=False)
    asked = replace(HOT, trigger="Missing", evacuates=True)
    found = housed(workload(), {"a": 3}, asked, cells=(lost, B, C))
    assert (counted(found), found.moves) == ({"a": 2, "b": 1}, (asked,))


@pytest.mark.parametrize(("ready", "after"), [(False, {"a": 2, "b": 1}), (True, {"a": 3})], ids=["lost", "there"])
def test_what_a_cell_keeps_free_is_for_what_ran_in_a_lost_one(ready: bool, after: Counts) -> None:  # noqa: FBT001 - a case
    leaving, roomy = cell("a", *on_nodes_of(4), ready=ready), cell("b", *on_nodes_of(4), headroom=90)
    asked = replace(HOT, trigger="Missing" if not ready else "Hot", evacuates=not ready)
    found = housed(workload(), {"a": 3}, asked, cells=(leaving, roomy))
    assert (counted(found), bool(found.declined)) == (after, ready)
    again = housed(workload(), after, cells=(leaving, roomy))
    assert (counted(again), again.moves) == (after, ()), "it stays, and what is kept free is kept from the next one"


def test_who_waits_keeps_nothing_of_what_is_kept_free_for_what_was_lost() -> None:
    """It may not have that itself, whatever its priority."""
    lost, roomy = cell("a", *on_nodes_of(4), ready=False), cell("b", *on_nodes_of(4), headroom=90)
    waits = Waiting(5, pod_of(template()), 4, ("b",))
    asked = replace(HOT, trigger="Missing", evacuates=True)
    tenant = Tenant("checkout", "shop", ready("web", "a"), placed("web", {"a": 3}), (asked,))
    found = house(workload(), (lost, roomy), tenant, waiting=(waits,))
    assert (counted(found), found.declined) == ({"a": 2, "b": 1}, ())


def test_what_else_is_missing_has_no_part_in_the_room_of_what_was_lost() -> None:
    lost, narrow = cell("a", *on_nodes_of(4), ready=False), cell("b", *on_nodes_of(1))
    asked = replace(HOT, trigger="Missing", evacuates=True)
    found = housed(workload(replicas=4), {"a": 2}, asked, cells=(lost, narrow))
    assert counted(found) == {"a": 1, "b": 1}
    assert "2 of 4 replicas fit nowhere" in found.shortage


def test_from_a_cell_that_there_is_not_any_more_it_goes_where_it_is_placed_anew() -> None:
    """What it came from before waits for it there: see `handovers`."""
    found = housed(workload(), {"a": 2, "gone": 1})
    (move,) = found.moves
    assert (move.source, counted(found)[move.destination], move.trigger) == ("gone", 1, "")
    onward = moves.handovers("checkout", [workload()], [HANDED, move], found.placed)
    assert onward[runner("web", "a")] == {runner("web", move.destination)}


def test_what_the_spec_moves_meanwhile_is_not_put_down_to_rebalancing() -> None:
    """Its source may not be used any more, whoever asks for what."""
    web, shut = workload(replicas=4), cell("c", allowed=())
    found = housed(web, {"a": 3, "c": 1}, HOT, cells=(A, B, shut))
    assert {(move.source, move.trigger) for move in found.moves} == {("a", "Hot"), ("c", "")}


@pytest.mark.parametrize("held", [{"a": 3}, {"a": 2, "c": 1}])
def test_what_leaves_anyway_along_the_route_of_what_is_asked_is_no_rebalancing(held: Counts) -> None:
    shut = cell("a", *on_nodes_of(4), allowed=())
    found = housed(workload(), held, HOT, cells=(shut, B, cell("c", *on_nodes_of(0))))
    assert [(move.source, move.destination, move.replicas) for move in found.moves] == [("a", "b", held["a"])]
    assert [(move.trigger, move.evacuates) for move in found.moves] == [("", False)]
    assert "a is hot" not in {one.reason for one in found.placed}
    assert found.declined == ()


def test_what_is_asked_is_told_as_such_beside_what_leaves_the_same_cell_for_another() -> None:
    shut, small = cell("a", *on_nodes_of(4), allowed=()), cell("c", *on_nodes_of(1))
    found = housed(workload(replicas=2), {"a": 2}, HOT, cells=(shut, ONE, small))
    assert {(move.destination, move.replicas, move.trigger) for move in found.moves} == {("b", 1, "Hot"), ("c", 1, "")}


def allocated(
    workloads: Sequence[Workload], held: Sequence[Placed], *asked: Move, cells: Sequence[CellView] = (A, B, C)
) -> dict[str, Housing]:
    known = {key: one for each in held for key, one in ready(each.workload, each.cell).items()}
    found = allocate(workloads, cells, Tenant("checkout", "shop", known, held, asked), Around())
    return {name: housing for name, housing in found.items() if isinstance(housing, Housing)}


API_TOO = replace(HOT, workload="api", reason="a is hot still")
BOTH = (workload(replicas=2), workload("api", 2))
BOTH_IN_A = [*placed("web", {"a": 2}), *placed("api", {"a": 2})]


def test_two_workloads_move_each_its_own() -> None:
    found = allocated(BOTH, BOTH_IN_A, HOT, API_TOO)
    assert {name: counted(one) for name, one in found.items()} == {"web": {"a": 1, "b": 1}, "api": {"a": 1, "b": 1}}
    assert [one.moves for one in found.values()] == [(HOT,), (API_TOO,)]


def test_no_two_are_promised_the_same_room() -> None:
    found = allocated(BOTH, BOTH_IN_A, HOT, API_TOO, cells=(A, cell("b", *on_nodes_of(1))))
    assert {name: counted(one) for name, one in found.items()} == {"web": {"a": 1, "b": 1}, "api": {"a": 2}}
    assert [move for move, _ in found["api"].declined] == [API_TOO]


def test_what_moves_finds_what_it_must_be_apart_from_where_that_was_placed_just_now() -> None:
    apart = workload("api", 1, antiAffinity={"workloads": [{"workload": "web"}]})
    found = allocated([workload(replicas=1), apart], [*placed("web", {"a": 1}), *placed("api", {"c": 1})], HOT)
    asked = replace(API_TOO, source="c")
    again = allocated([workload(replicas=1), apart], [*placed("web", {"a": 1}), *placed("api", {"c": 1})], HOT, asked)
    assert counted(found["web"]) == counted(again["web"]) == {"b": 1}
    assert again["api"].declined == ((asked, "b: placement.antiAffinity: workload web is in cell b as well"),)


# --- whatever the fleet


class Situation(NamedTuple):
    """A workload at rest in a fleet that holds its pods, and what is asked of it."""

    web: Workload
    cells: tuple[CellView, ...]
    held: dict[str, int]
    asked: tuple[Move, ...]


SHUT: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {}, {"cordoned": True}, {"ready": False}, {"allowed": ()}, {"barred": "kept"}]
)
FIELDS = st.fixed_dictionaries({"failure_domain": st.sampled_from("xyz"), "headroom": st.sampled_from([0, 0, 30])})
ROOMS = st.builds(on_nodes_of, st.integers(0, 3))
LETTERS = st.lists(st.sampled_from("abcde"), unique=True, min_size=2)


@st.composite
def situations(draw: st.DrawFn, most: int = 1) -> Situation:
    """Up to five Cells in up to three failure domains, and up to `most` moves, some of them impossible."""
    names = draw(LETTERS)
    fleet = tuple(replace(cell(name, *draw(ROOMS), **draw(FIELDS)), **draw(SHUT)) for name in names)
    homes = [one.name for one in fleet if one.allowed and not one.barred]
    held = {name: count for name in homes if (count := draw(st.integers(0, 3)))}
    assume(held)
    spread = {**draw(fleets.SKEWS), "minDomains": draw(st.integers(1, 2))}
    web = workload(replicas=sum(held.values()), spread=spread)
    assume(counted(housed(web, held, cells=fleet)) == held)
    ends = st.tuples(st.sampled_from(sorted(held)), st.sampled_from(["z", *names]))
    routes = ends.filter(lambda route: route[0] != route[1])
    pairs = draw(st.lists(routes, min_size=1, max_size=most))
    return Situation(web, fleet, held, tuple(replace(HOT, source=one, destination=to) for one, to in pairs))


@given(situations())
def test_in_any_fleet_only_what_is_asked_moves_and_only_where_it_may(it: Situation) -> None:
    found, (asked,) = housed(it.web, it.held, *it.asked, cells=it.cells), it.asked
    assert sum(counted(found).values()) == it.web.pieces
    if found.declined:
        assert replace(found, declined=()) == housed(it.web, it.held, cells=it.cells)
        return
    after = Counter(it.held)
    after.update({asked.source: -1, asked.destination: 1})
    assert counted(found) == +after
    assert found.moves == (asked,)
    (home,) = (one for one in it.cells if one.name == asked.destination)
    assert room(home, pod_of(it.web.template)) >= 1
    assert refusal((*LEAVE, *STAY), home, Asked(it.web, "shop")) is None


@given(situations(most=3))
def test_in_any_fleet_only_the_first_that_is_asked_of_a_workload_counts(it: Situation) -> None:
    assert housed(it.web, it.held, *it.asked, cells=it.cells) == housed(it.web, it.held, it.asked[0], cells=it.cells)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Situation, dict[str, dict[str, int]], list[Move]]:
    """A situation, what it and two more workloads have by Cell, and a move of each, all to the same Cell."""
    it = draw(situations())
    (asked,) = it.asked
    counts = st.dictionaries(st.sampled_from(sorted(it.held)), st.integers(1, 3))
    held = {"web": it.held, **{name: {asked.source: 1, **draw(counts)} for name in ("api", "db")}}
    sources = {name: sorted(own.keys() - {asked.destination}) for name, own in held.items()}
    return it, held, [replace(asked, workload=name, source=draw(st.sampled_from(sources[name]))) for name in held]


@given(crowds())
def test_in_any_fleet_workloads_that_move_to_the_same_cell_fit_together(
    crowd: tuple[Situation, dict[str, dict[str, int]], list[Move]],
) -> None:
    it, held, asked = crowd
    others = [workload(name, sum(held[name].values())) for name in ("api", "db")]
    standing = [one for name, own in held.items() for one in placed(name, own)]
    found = allocated([it.web, *others], standing, *asked, cells=it.cells)
    grown = Counter[str]()
    for move in asked:
        housing, before = found[move.workload], held[move.workload]
        assert (housing.moves, [one for one, _ in housing.declined]) in (((move,), []), ((), [move]))
        assert sum(counted(housing).values()) == sum(before.values())
        grown.update(counted(housing))
        grown.subtract(before)
    assert all(grown[one.name] <= room(one, pod_of(template())) for one in it.cells)


def test_what_is_short_for_good_is_evacuated_all_the_same() -> None:
    asked: Move = replace(HOT, source="y1", destination="y2", trigger="Missing", evacuates=True)
    fleet = tuple(cell(name, failure_domain=name[0], ready=name != "y1") for name in ("x1", "y1", "y2"))
    web = workload(replicas=3, spread={"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "minDomains": 3})
    found = housed(web, {"x1": 1, "y1": 1}, asked, cells=fleet)
    assert found.shortage
    assert found.moves == (asked,)
