"""What rebalancing asks for, up to the Desired State: what moves and why, who is asked, and which Cells may take it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import ApplicationSpec, Moved, Placed
from pilothouse.api.cell import Allow
from pilothouse.api.fleetpolicy import PlacementPolicy, Rebalancing
from pilothouse.api.placement import Rebalance
from pilothouse.api.workload import Workload
from pilothouse.catalog.kinds import Catalog
from pilothouse.dataplane.types import Owner, TargetKey
from pilothouse.desired.allocation import Around, open_to
from pilothouse.desired.cells import CellView
from pilothouse.desired.housing import Tenant, Waiting
from pilothouse.desired.moves import Move
from pilothouse.desired.placement.nodes import pod_of
from pilothouse.desired.resolve import World, resolve, resolve_beside_others, takers
from pilothouse.desired.state import DesiredState
from tests.unit.desired.fleets import cell, on_nodes_of, template
from tests.unit.desired.test_asked_moves import API_TOO, BOTH, BOTH_IN_A, HOT, A, B, C, placed, ready, runner, workload

OWNER = Owner("cp-1", "shop", "checkout")
AWS = CellView("aws", "aws", allowed=(Allow(),), region="eu")
ORDERS = {"name": "orders", "cell": "aws", "awsQueue": {}}


def world(held: Sequence[Placed], *asked: Move, cells: Sequence[CellView] = (A, B, C, AWS), **fields: Any) -> World:
    known = {key: one for each in held for key, one in ready(each.workload, each.cell).items()}
    return World(OWNER, cells, Catalog(), known, held, asked=asked, **{"policy": asking("Automatic"), **fields})


def asking(mode: Rebalance) -> PlacementPolicy:
    return PlacementPolicy(rebalancing=Rebalancing(mode=mode))


def spec(*workloads: Workload, resources: Sequence[Mapping[str, Any]] = ()) -> ApplicationSpec:
    bodies = [one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in workloads]
    return ApplicationSpec.model_validate({"workloads": bodies, "resources": resources})


def runners(name: str, cells: str) -> frozenset[TargetKey]:
    return frozenset(runner(name, one) for one in cells)


def homes(state: DesiredState) -> dict[tuple[str, str], int]:
    return {(one.workload, one.cell): one.replicas for one in state.placements}


THREE = placed("web", {"a": 2, "c": 1})


def test_a_state_carries_what_moves_why_and_after_what() -> None:
    state = resolve(spec(workload()), world(THREE, HOT))
    assert homes(state) == {("web", "a"): 1, ("web", "b"): 1, ("web", "c"): 1}
    assert {one.cell: one.reason for one in state.placements}["b"] == "a is hot"
    assert (state.moves, state.declined, state.problems) == ((HOT,), (), ())
    assert (state.rebalanced, state.proposed) == (runners("web", "ab"), False)
    assert {key.cell: {other.cell for other in others} for key, others in state.handovers.items()} == {"a": {"b", "c"}}


def test_without_being_asked_a_state_moves_nothing() -> None:
    state = resolve(spec(workload()), world(THREE))
    assert state.placements == tuple(THREE)
    assert (state.moves, state.handovers, state.rebalanced, state.proposed) == ((), {}, frozenset(), False)


def test_a_state_tells_what_cannot_be_and_is_else_as_it_was() -> None:
    nowhere = replace(HOT, destination="d")
    state = resolve(spec(workload()), world(THREE, nowhere))
    assert state.declined == ((nowhere, "there is no Cell d"),)
    assert replace(state, declined=()) == resolve(spec(workload()), world(THREE))


def test_the_last_replica_takes_its_deployment_along() -> None:
    state = resolve(spec(workload(replicas=1)), world(placed("web", {"a": 1}), HOT))
    assert homes(state) == {("web", "b"): 1}
    assert [key.cell for key in state.targets] == ["b"]
    assert {key.cell for key in state.handovers} == {"a"}


def test_two_workloads_of_a_state_move() -> None:
    state = resolve(spec(*BOTH), world(BOTH_IN_A, HOT, replace(API_TOO, destination="c")))
    assert [(move.workload, move.destination) for move in state.moves] == [("web", "b"), ("api", "c")]
    assert state.rebalanced == runners("web", "ab") | runners("api", "ac")


def test_of_several_moves_that_are_asked_of_a_workload_one_is_begun_at_a_time() -> None:
    later = replace(HOT, destination="c")
    state = resolve(spec(workload()), world(THREE, HOT, later))
    assert state == resolve(spec(workload()), world(THREE, HOT))
    held = state.placements
    again = resolve(spec(workload()), world(held, later))
    assert (homes(again), again.moves) == ({("web", "b"): 1, ("web", "c"): 2}, (later,))


def test_what_leaves_a_cell_that_is_closed_to_it_is_no_rebalancing_whatever_is_asked() -> None:
    shut, full = cell("a", *on_nodes_of(4), allowed=()), cell("c", *on_nodes_of(0))
    fleet, one = (shut, B, full, AWS), spec(workload(rebalance="Propose"))
    state = resolve(one, world(THREE, HOT, cells=fleet))
    assert [(move.source, move.destination, move.trigger) for move in state.moves] == [("a", "b", "")]
    assert (state.rebalanced, state.proposed) == (frozenset(), False), "nobody is asked whether it may"


def test_what_waits_elsewhere_with_a_higher_priority_keeps_its_room_from_what_is_asked() -> None:
    waits, small = Waiting(5, pod_of(template()), 1, ("b",)), (A, cell("b", *on_nodes_of(1)), C, AWS)
    state = resolve(spec(workload()), world(THREE, HOT, cells=small, waiting=[waits]))
    assert (state.placements, state.rebalanced) == (tuple(THREE), frozenset())
    assert [move for move, _ in state.declined] == [HOT]


def test_what_is_asked_is_placed_beside_what_was_promised_to_others() -> None:
    full = (A, cell("b", *on_nodes_of(0)), C, AWS)
    asked = resolve_beside_others(spec(workload()), world(THREE, HOT), lambda: full)
    assert homes(asked) == {("web", "a"): 2, ("web", "c"): 1}
    assert [move for move, _ in asked.declined] == [HOT]


class Ask(NamedTuple):
    """Who is to be asked about what moves. own, other: what the workload that moves says, and the other one."""

    fleet: Rebalance
    own: Rebalance
    other: Rebalance
    proposed: bool
    reason: str


ASKS = {
    "nobody": Ask("Automatic", "Automatic", "Automatic", proposed=False, reason="it moves by itself"),
    "of the fleet": Ask("Propose", "Automatic", "Automatic", proposed=True, reason="the stricter of both holds"),
    "of the workload": Ask("Automatic", "Propose", "Automatic", proposed=True, reason="the stricter of both holds"),
    "of both": Ask("Propose", "Propose", "Automatic", proposed=True, reason="both say the same"),
    "of another": Ask("Automatic", "Automatic", "Propose", proposed=False, reason="it does not move"),
    "but another never moves": Ask("Propose", "Automatic", "Never", proposed=True, reason="it does not count here"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_person_is_asked_where_fleet_or_workload_says_so(ask: Ask) -> None:
    both = spec(workload(replicas=2, rebalance=ask.own), workload("api", 2, rebalance=ask.other))
    state = resolve(both, world(BOTH_IN_A, HOT, policy=asking(ask.fleet)))
    assert state.proposed == ask.proposed, ask.reason


@pytest.mark.parametrize(
    ("fleet", "own"), [("Never", "Automatic"), ("Never", "Propose"), ("Automatic", "Never"), ("Propose", "Never")]
)
def test_what_never_moves_by_the_word_of_fleet_or_workload_stays_where_it_is(fleet: Rebalance, own: Rebalance) -> None:
    """Who forbids it between the question and the pass that would answer it is heard."""
    one = spec(workload(rebalance=own))
    state = resolve(one, world(THREE, HOT, policy=asking(fleet)))
    assert state == resolve(one, world(THREE, policy=asking(fleet)))
    assert (state.placements, state.moves, state.declined) == (tuple(THREE), (), ())


def test_nothing_moves_where_no_fleet_policy_says_that_it_may() -> None:
    assert resolve(spec(workload()), world(THREE, HOT, policy=PlacementPolicy())).placements == tuple(THREE)


@pytest.mark.parametrize(("own", "moved"), [("Automatic", True), ("Propose", True), ("Never", False)])
def test_what_a_person_has_emptied_moves_whatever_the_fleet_says(own: Rebalance, *, moved: bool) -> None:
    asked = replace(HOT, trigger="Draining")
    state = resolve(spec(workload(rebalance=own)), world(THREE, asked, policy=asking("Never")))
    assert (bool(state.moves), state.proposed) == (moved, own == "Propose")


def test_a_workload_that_never_moves_keeps_no_other_from_moving() -> None:
    both = spec(workload(replicas=2, rebalance="Never"), workload("api", 2))
    state = resolve(both, world(BOTH_IN_A, HOT, API_TOO))
    assert [move.workload for move in state.moves] == ["api"]


def test_what_moves_does_not_wait_for_a_cell_that_does_not_answer() -> None:
    silent = replace(C, ready=False)
    state = resolve(spec(workload()), world(THREE, HOT, cells=(A, B, silent, AWS)))
    assert homes(state) == {("web", "a"): 1, ("web", "b"): 1, ("web", "c"): 1}
    assert {key.cell: {other.cell for other in others} for key, others in state.handovers.items()} == {"a": {"b"}}


def test_nobody_is_asked_about_what_does_not_move_or_what_the_spec_moves() -> None:
    one = spec(workload(rebalance="Propose"))
    assert not resolve(one, world(THREE, policy=asking("Propose"))).proposed
    shut = (A, B, cell("c", allowed=()))
    state = resolve(one, world(THREE, policy=asking("Propose"), cells=shut))
    assert [(move.source, move.trigger) for move in state.moves] == [("c", "")]
    assert (state.rebalanced, state.proposed) == (frozenset(), False)


def test_nobody_is_asked_for_the_sake_of_a_workload_that_only_its_spec_moves() -> None:
    api, asking_for = placed("api", {"c": 1}), workload("api", 1, rebalance="Propose", residency={"regions": ["eu"]})
    state = resolve(spec(workload(replicas=2), asking_for), world([*placed("web", {"a": 2}), *api], HOT))
    assert {(move.workload, move.trigger) for move in state.moves} == {("web", "Hot"), ("api", "")}
    assert (state.rebalanced, state.proposed) == (runners("web", "ab"), False)


def test_what_is_under_way_is_rebalanced_until_it_is_over() -> None:
    """The pass that begins a move is not the one that ends it, and a person may still have to agree."""
    moved = Moved(workload="web", source="a", destination="b", trigger="Hot", began_at="2026-01-05T00:00:00Z")
    held = placed("web", {"a": 1, "b": 1, "c": 1})
    state = resolve(spec(workload()), world(held, moving=[moved], policy=asking("Propose")))
    assert (state.moves, state.rebalanced, state.proposed) == ((), runners("web", "ab"), True)
    plain = moved.model_copy(update={"trigger": ""})
    assert resolve(spec(workload()), world(held, moving=[plain])).rebalanced == frozenset()


# --- who may take it


def named(cells: Sequence[CellView]) -> list[str]:
    return [one.name for one in cells]


def test_a_workload_may_go_where_nothing_but_room_may_stand_in_the_way() -> None:
    full, shut = cell("b", *on_nodes_of(0)), cell("c", cordoned=True)
    where = world(THREE, cells=(A, full, shut, AWS))
    assert named(takers(spec(workload()), where, workload())) == ["a", "b"]


def test_a_workload_goes_only_where_a_resource_that_it_must_be_near_to_is() -> None:
    web = workload(affinity={"resources": ["orders"]})
    assert named(takers(spec(web, resources=[ORDERS]), world(THREE), web)) == ["a", "b"]


def test_a_workload_goes_only_where_another_that_it_must_be_near_to_is() -> None:
    web, api = workload(affinity={"workloads": [{"workload": "api", "topologyKey": "region"}]}), workload("api", 1)
    assert named(takers(spec(web, api), world([*THREE, *placed("api", {"c": 1})]), web)) == ["c"]
    assert named(takers(spec(web, api), world([*THREE, *placed("api", {"b": 1})]), web)) == ["a", "b"]


@pytest.mark.parametrize("told_by", ["web", "api"])
def test_a_workload_goes_nowhere_near_what_it_must_be_apart_from(told_by: str) -> None:
    other = {"web": "api", "api": "web"}[told_by]
    rules = {told_by: {"antiAffinity": {"workloads": [{"workload": other}]}}, other: {}}
    web, api = (workload(name, 1, **rules[name]) for name in ("web", "api"))
    assert named(takers(spec(web, api), world([*THREE, *placed("api", {"b": 1})]), web)) == ["a", "c"]


def test_workloads_of_another_application_count() -> None:
    web = workload(antiAffinity={"workloads": [{"workload": "db", "application": "store"}]})
    around = Around(neighbours=lambda name: placed("db", {"c": 1}) if name == "store" else ())
    assert named(open_to(web, [web], (A, B, C), Tenant("checkout", "shop", {}, THREE), around)) == ["a", "b"]
    assert named(takers(spec(web), world(THREE, neighbours=around.neighbours), web)) == ["a", "b"]


@pytest.mark.parametrize("to", [B, C], ids=["near", "far"])
def test_what_may_take_it_is_what_takes_it_when_it_is_asked_to(to: CellView) -> None:
    """Rebalancing looks at the one, the next pass at the other: they must not be of two minds."""
    web = workload(affinity={"resources": ["orders"]})
    one, held = spec(web, resources=[ORDERS]), placed("web", {"a": 3})
    state = resolve(one, world(held, replace(HOT, destination=to.name)))
    assert (not state.declined) == (to in takers(one, world(held), web)) == (to is B)


def test_a_workload_that_a_person_removed_in_the_middle_of_its_move_is_no_rebalancing() -> None:
    moved = Moved(workload="web", source="a", destination="b", trigger="Hot", began_at="2026-01-05T00:00:00Z")
    held = [*placed("web", {"a": 1, "b": 1}), *placed("api", {"a": 1})]
    state = resolve(spec(workload("api", 1)), world(held, moving=[moved], policy=asking("Propose")))
    assert (state.rebalanced, state.proposed) == (frozenset(), False)
