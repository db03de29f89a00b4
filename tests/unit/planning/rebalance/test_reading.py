"""What passes and sweeps know reaches `decide` unchanged: what may move, how many are ready, where there is room."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pilothouse.api.application import Moved, Placed
from pilothouse.api.fleetpolicy import Rebalancing
from pilothouse.api.placement import Rebalance
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement.fractions import ACCELERATOR, FRACTION
from pilothouse.desired.placement.nodes import Pod, pod_of
from pilothouse.planning.rebalance import fleet, reading
from pilothouse.planning.rebalance.fleet import Mode, Subject
from pilothouse.planning.rebalance.policy import COST, RebalancePolicy
from pilothouse.planning.rebalance.reading import (
    Resident,
    Room,
    Seen,
    cell_of,
    fleet_of,
    moved_of,
    policy_of,
    utilisation,
    workloads_of,
)
from tests.unit.desired.fleets import cell, node, template

AT = "1970-01-01T00:01:40Z"
LATER = "1970-01-01T00:02:05Z"


class Looked(tuple[NodeFree, ...]):  # noqa: SLOT001 - it counts
    """Nodes of a Cell that know whether anybody went through them."""

    looks = 0

    def __iter__(self) -> Iterator[NodeFree]:
        self.looks += 1
        return super().__iter__()


def workload(
    name: str = "web", replicas: int = 1, kind: str = "Deployment", cpu: str = "2", **placing: Any
) -> Workload:
    fields = {"name": name, "kind": kind, "template": template(cpu), "placement": placing}
    counted = {"replicas": replicas} if kind in {"Deployment", "StatefulSet"} else {}
    only = {"CronJob": {"schedule": "0 * * * *"}}.get(kind, {})
    return Workload.model_validate({**fields, **counted, **only})


def placed(where: str, replicas: int = 1, workload: str = "web") -> Placed:
    return Placed(workload=workload, cell=where, replicas=replicas)


def resident(*workloads: Workload, open_to: tuple[CellView, ...] = (), **more: Any) -> Resident:
    """An Application shop/one, nothing of which is Ready unless said so."""
    given: dict[str, Any] = {"placed": (), "ready": frozenset(), **more}
    return Resident("shop/one", workloads, given.pop("placed"), given.pop("ready"), lambda _: open_to, **given)


def read(one: Resident, mode: Rebalance = "Automatic", emptied: str = "") -> fleet.Workload:
    (found,) = workloads_of(one, mode, set(emptied.split()))
    return found


def test_room_counts_the_nodes_of_the_cells_that_are_asked_for_only() -> None:
    """A workload may go to a hundred Cells of a thousand nodes, and one of them is asked for."""
    nodes = {name: Looked([node(cpu=5000), node(cpu=1000)]) for name in "ab"}
    room = Room(pod_of(template("2")), lambda: [cell(name, nodes=each) for name, each in nodes.items()])
    assert (sorted(room), len(room)) == (["a", "b"], 2)
    assert ("a" in room, "c" in room, room.keys() & {"b", "c"}) == (True, False, {"b"})
    assert [each.looks for each in nodes.values()] == [0, 0]
    assert room["a"] == 2
    looks = nodes["a"].looks
    assert room["a"] == 2
    assert (nodes["a"].looks, nodes["b"].looks) == (looks, 0), "and no more than once"


def test_room_asks_once_where_to_and_only_when_it_is_asked() -> None:
    asked = list[str]()

    def open_to() -> list[CellView]:
        asked.append("asked")
        return [cell("a")]

    room = Room(pod_of(template("2")), open_to)
    assert not asked
    assert ("a" in room, room["a"], len(room), list(room)) == (True, 32, 1, ["a"])
    assert asked == ["asked"]


def test_a_template_is_read_once_and_anew_where_it_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look goes through every workload of the fleet."""
    templates = list[Mapping[str, Any]]()

    def read_once(template: Mapping[str, Any]) -> Pod:
        templates.append(template)
        return pod_of(template)

    monkeypatch.setattr(reading, "pod_of", read_once)
    web, api, larger = workload(), workload("api", cpu="3"), workload(cpu="4")
    one = resident(web, api)
    for _ in range(2):
        assert [found.requests["cpu"] for found in workloads_of(one, "Automatic", set())] == [2000.0, 3000.0]
    assert templates == [web.template, api.template]
    assert read(replace(one, workloads=(larger,))).requests["cpu"] == 4000.0
    assert replace(one) == one, "what was read of it is no part of what it is"


def test_there_is_no_room_where_nothing_may_go() -> None:
    room = Room(pod_of(template("2")), lambda: [cell("a")])
    with pytest.raises(KeyError, match="b"):
        room["b"]
    assert room.get("b", 0) == 0


SHARED = node(
    allocatable={"cpu": 4000, "gone": 0, ACCELERATOR: 2, "pods": 10},
    free={"cpu": 1000, "gone": 0, ACCELERATOR: 1, "pods": 10},
    shared=(250,),
)


def test_utilisation_is_the_share_that_is_taken_of_what_there_is() -> None:
    found = utilisation(cell("a", SHARED, node(cpu=4000, allocatable={"cpu": 4000})))
    assert found == {"cpu": 3 / 8, ACCELERATOR: 0.5, "pods": 0.0, FRACTION: 0.375}
    assert list(found) == sorted(found)


def test_a_cell_without_nodes_is_not_utilised() -> None:
    assert utilisation(cell("a", nodes=())) == {}


def test_only_nodes_that_the_cell_cuts_out_are_counted() -> None:
    ours = node(cpu=1000, allocatable={"cpu": 4000}, labels={"tier": "a"})
    theirs = node(cpu=4000, allocatable={"cpu": 4000})
    assert utilisation(cell("a", ours, theirs, node_selector={"tier": "a"})) == {"cpu": 0.75}


def test_a_cell_is_told_with_all_that_was_seen_of_it() -> None:
    seen = Seen((0.1, 0.2), lost_since=1.0, recovered_at=2.0, joined_at=3.0)
    view = cell("a", SHARED, failure_domain="north", cordoned=True, evict=True, price=2_500_000)
    assert cell_of(view, seen) == fleet.Cell(
        "a",
        "north",
        capacity={"cpu": 4000.0, ACCELERATOR: 2.0, "pods": 10.0, FRACTION: 2000.0},
        reserved={"cpu": 3000.0, ACCELERATOR: 1.0, FRACTION: 750.0},
        samples=(0.1, 0.2),
        cordoned=True,
        evict=True,
        lost_since=1.0,
        recovered_at=2.0,
        joined_at=3.0,
        price=2.5,
    )


def test_a_cell_of_which_nothing_is_known_is_of_its_own_domain_and_has_no_price() -> None:
    assert cell_of(cell("a", nodes=()), Seen()) == fleet.Cell("a", "a", {})


def test_a_resource_that_nodes_no_longer_have_is_left_out() -> None:
    """A device plugin that died leaves pods with a device on a node that has none, of which nothing is a share."""
    dead = node(allocatable={"cpu": 4000, ACCELERATOR: 0}, free={"cpu": 1000, ACCELERATOR: -1})
    found = cell_of(cell("a", dead), Seen())
    assert (found.capacity, found.reserved) == ({"cpu": 4000.0}, {"cpu": 3000.0})
    assert utilisation(cell("a", dead)) == {"cpu": 0.75}


def test_a_workload_is_told_as_its_last_pass_left_it() -> None:
    known = (placed("a", 2), placed("b"), placed("b", 2), placed("c", 0), placed("a", 5, "other"))
    ready = {("web", "a"), ("web", "c"), ("other", "b")}
    view = cell("d", node(cpu=5000))
    found = read(resident(workload(replicas=6, priority=7), placed=known, ready=ready, open_to=(view,)))
    assert dict(found.room) == {"d": 2}
    assert replace(found, room={}, refuge=None) == fleet.Workload(
        Subject("shop/one", "web"),
        {"a": 2, "b": 3},
        {"cpu": 2000.0, "pods": 1.0},
        {},
        floor=6,
        ready=2,
        priority=7,
        mode=Mode.AUTOMATIC,
        drained=Mode.AUTOMATIC,
        missing=1,
        blocked=False,
        cost=COST,
    )


def test_more_that_are_ready_than_are_asked_for_are_not_missing() -> None:
    found = read(resident(workload(replicas=1), placed=(placed("a", 3),), ready={("web", "a")}))
    assert (found.ready, found.missing, found.floor) == (3, 0, 1)


def test_what_is_placed_and_not_ready_is_not_missing() -> None:
    """Who counts it would find a place for what has one, while its pods start."""
    found = read(resident(workload(replicas=3), placed=(placed("a"), placed("b"))))
    assert (found.ready, found.missing) == (0, 1)


def test_what_ran_in_a_lost_cell_may_have_what_others_keep_free() -> None:
    there = read(resident(workload(), open_to=(cell("a", nodes=[node(cpu=5000)], headroom=30),)))
    assert there.refuge is not None
    assert (there.room["a"], there.refuge["a"]) == (1, 2)


def test_each_workload_has_room_of_its_own() -> None:
    """The Cells that one may go to are not those of another."""
    homes = {"web": [cell("a")], "api": [cell("b")]}
    one = Resident("shop/one", [workload("web"), workload("api")], (), set(), lambda each: homes[each.name])
    assert [list(found.room) for found in workloads_of(one, "Automatic", set())] == [["a"], ["b"]]


def test_what_fits_nowhere_is_what_a_person_waits_for() -> None:
    one = resident(workload("web"), workload("api"), short=frozenset({"api"}))
    assert [found.blocked for found in workloads_of(one, "Automatic", set())] == [False, True]


def test_parts_of_an_accelerator_are_asked_for_like_any_other_resource() -> None:
    pods = template() | {"metadata": {"annotations": {"gpu-fraction": "0.5"}}}
    found = read(resident(Workload.model_validate({"name": "web", "template": pods})))
    assert found.requests[FRACTION] == 500.0


def test_all_of_a_workload_must_be_ready_unless_some_is_in_a_cell_that_is_emptied() -> None:
    """A cordoned Cell is not kept full by a workload that has been half well for a week."""
    one = resident(workload(replicas=3), placed=(placed("a"), placed("b", 2)), ready={("web", "b")})
    assert [read(one, emptied=emptied).floor for emptied in ("", "c", "a", "a b")] == [3, 3, 2, 2]


def test_what_is_none_any_more_in_a_cell_that_is_emptied_is_not_leaving_it() -> None:
    one = resident(workload(replicas=2), placed=(placed("a", 2),), ready={("web", "a")})
    assert read(one, emptied="b").replicas == {"a": 2}


def test_daemonsets_and_what_nobody_can_read_are_left_out() -> None:
    one = resident(workload("every", kind="DaemonSet"), workload("odd", cpu="a lot"), workload("web"))
    assert [found.subject.workload for found in workloads_of(one, "Automatic", set())] == ["web"]


MODES: dict[tuple[Rebalance, Rebalance], Mode] = {
    ("Automatic", "Automatic"): Mode.AUTOMATIC,
    ("Automatic", "Propose"): Mode.PROPOSE,
    ("Automatic", "Never"): Mode.NEVER,
    ("Propose", "Automatic"): Mode.PROPOSE,
    ("Propose", "Propose"): Mode.PROPOSE,
    ("Propose", "Never"): Mode.NEVER,
    ("Never", "Automatic"): Mode.NEVER,
    ("Never", "Propose"): Mode.NEVER,
    ("Never", "Never"): Mode.NEVER,
}


@pytest.mark.parametrize(("fleets", "own"), MODES)
def test_the_stricter_of_fleet_and_workload_holds(fleets: Rebalance, own: Rebalance) -> None:
    assert read(resident(workload(rebalance=own)), fleets).mode is MODES[fleets, own]


@pytest.mark.parametrize("kind", ["StatefulSet", "Job", "CronJob"])
def test_what_has_data_or_runs_to_an_end_never_moves(kind: str) -> None:
    found = read(resident(workload(kind=kind)))
    assert (found.mode, found.why) == (Mode.NEVER, f"it is a {kind}: its pods have data, or run to an end")


def near(other: str, **more: str) -> dict[str, Any]:
    """The placement of what has to be near to another workload."""
    return {"affinity": {"workloads": [{"workload": other, **more}]}}


CLAIM = template(volumes=[{"name": "store", "persistentVolumeClaim": {}}])
WITH_DATA = workload().model_copy(update={"template": CLAIM})
AGAINST = {
    "left alone": (resident(workload(), still="it is suspended"), "it is suspended"),
    "scaled": (resident(workload(), scaled=frozenset({"web"})), "its replicas are an autoscaler's"),
    "followed": (resident(workload(), workload("api", **near("web"))), "api has to be near it"),
    "followed by its full name": (
        resident(workload(), workload("api", **near("web", application="one"))),
        "api has to be near it",
    ),
    "with data": (resident(WITH_DATA), "its volume store has data that stays behind"),
    "left alone, and scaled": (
        resident(workload(), still="it is suspended", scaled=frozenset({"web"})),
        "it is suspended",
    ),
}


@pytest.mark.parametrize(("one", "why"), AGAINST.values(), ids=AGAINST)
@pytest.mark.parametrize("mode", ["Automatic", "Propose", "Never"])
def test_what_must_not_move_never_does_and_says_why(one: Resident, why: str, mode: Rebalance) -> None:
    found = next(iter(workloads_of(one, mode, set())))
    assert (found.mode, found.why) == (Mode.NEVER, why)


FREE = {
    "another is scaled": resident(workload(), scaled=frozenset({"api"})),
    "another is followed": resident(workload(), workload("api", **near("db"))),
    "it follows": resident(workload(**near("api")), workload("api")),
    "its namesake elsewhere is followed": resident(workload(), workload("api", **near("web", application="store"))),
    "another is to be apart from it": resident(
        workload(), workload("api", antiAffinity={"workloads": [{"workload": "web"}]})
    ),
}


@pytest.mark.parametrize("one", FREE.values(), ids=FREE)
def test_what_is_said_of_others_keeps_nothing_from_moving(one: Resident) -> None:
    found = next(iter(workloads_of(one, "Automatic", set())))
    assert (found.mode, found.why) == (Mode.AUTOMATIC, "")


def test_a_mode_has_no_reason_but_itself() -> None:
    found = read(resident(workload(rebalance="Never")))
    assert (found.mode, found.why) == (Mode.NEVER, "")


def test_who_agrees_to_every_change_is_asked_about_moves_too() -> None:
    assert read(resident(workload(), asks=True)).mode is Mode.PROPOSE
    assert read(resident(workload(rebalance="Never"), asks=True)).mode is Mode.NEVER


@pytest.mark.parametrize("own", ["Automatic", "Propose", "Never"])
def test_what_a_person_has_emptied_is_a_matter_of_the_workload_alone(own: Rebalance) -> None:
    found = read(resident(workload(rebalance=own)), "Never")
    assert (found.mode, found.drained) == (Mode.NEVER, Mode(own))
    assert read(resident(workload(kind="StatefulSet"))).drained is Mode.NEVER


def test_moves_are_told_with_their_times_in_seconds() -> None:
    moves = (
        Moved(workload="web", source="a", destination="b", began_at=AT),
        Moved(workload="api", source="b", destination="c", began_at=AT, ended_at=LATER, evacuates=True),
    )
    assert list(moved_of(resident(moves=moves))) == [
        fleet.Moved(Subject("shop/one", "web"), "a", "b", 100.0),
        fleet.Moved(Subject("shop/one", "api"), "b", "c", 100.0, 125.0, evacuates=True),
    ]


def test_a_move_arrived_where_all_that_is_in_its_new_cell_is_ready() -> None:
    moves = tuple(
        Moved(workload=name, source="a", destination=to, began_at=AT) for name, to in (("web", "b"), ("web", "c"))
    )
    ready = {("web", "a"), ("web", "c"), ("api", "b")}
    assert [move.arrived for move in moved_of(resident(moves=moves, ready=ready))] == [False, True]


def test_a_policy_that_says_nothing_is_the_one_that_was_simulated() -> None:
    assert policy_of(Rebalancing()) == RebalancePolicy()


def test_a_policy_is_told_in_shares_and_seconds() -> None:
    given = {"hotPercent": 80, "destinationPercent": 50, "movesPercent": 5, "cooldown": "1h", "minimumGain": 3}
    assert policy_of(Rebalancing.model_validate(given)) == RebalancePolicy(
        hot=0.8, destination=0.5, fleet_percent=5.0, cooldown_seconds=3600.0, minimum_gain=3.0
    )


def test_a_fleet_is_all_cells_workloads_and_moves_at_one_moment() -> None:
    moves = (Moved(workload="web", source="a", destination="b", began_at=AT),)
    asked = fleet.Moved(Subject("shop/two", "web"), "a", "c", 120.0)
    cells = [fleet.Cell("a", "a", {}), fleet.Cell("b", "b", {})]
    residents = [resident(workload("web"), workload("api"), moves=moves), resident(workload("job", kind="Job"))]
    found = fleet_of(130.0, iter(cells), iter(residents), "Propose", iter([asked]), repairs=2, in_line=3)
    assert (found.now, found.cells, found.repairs, found.in_line) == (130.0, tuple(cells), 2, 3)
    told = [(each.subject.workload, each.mode) for each in found.workloads]
    assert told == [("web", Mode.PROPOSE), ("api", Mode.PROPOSE), ("job", Mode.NEVER)]
    assert found.moved == (fleet.Moved(Subject("shop/one", "web"), "a", "b", 100.0), asked)


def test_a_cell_is_emptied_where_it_is_cordoned_and_evicts() -> None:
    one = resident(workload(replicas=2), placed=(placed("a", 2),))
    floors = {
        (cordoned, evict): fleet_of(0.0, [fleet.Cell("a", "a", {}, cordoned=cordoned, evict=evict)], [one], "Automatic")
        .workloads[0]
        .floor
        for cordoned in (False, True)
        for evict in (False, True)
    }
    assert floors == {(False, False): 2, (False, True): 2, (True, False): 2, (True, True): 0}
