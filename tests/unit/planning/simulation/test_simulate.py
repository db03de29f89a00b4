"""What would come of a change, told as the Controller would do it."""

from __future__ import annotations

from typing import Any

import pytest

from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.desired.placement.fleet.values import Key
from pilothouse.desired.placement.fleet.whatif import Move
from pilothouse.planning.simulation.simulate import Answer, Stays, add_cell, drain, grow, lose, simulate
from pilothouse.planning.simulation.snapshot import Snapshot, fleet_of
from tests.unit.planning.simulation.objects import NODE, application, cell, nodes, snapshot, web

WEB = Key("shop/one", "web")
DATA = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
TAINTED = {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}


def drained(subject: Snapshot, name: str = "a") -> Answer:
    return simulate(subject, drain(subject, name))


def blocked(answer: Answer) -> dict[str, str]:
    (one,) = answer.unplaced
    return dict(one.blocked)


def two(*workloads: dict[str, Any], at: dict[str, dict[str, int]], **policy: Any) -> Snapshot:
    """Two Cells, and one Application."""
    return snapshot([cell("a", price="2"), cell("b", price="1")], application("one", *workloads, at=at), **policy)


def test_who_leaves_a_drained_cell_goes_where_there_is_room_and_it_costs_what_the_cells_cost() -> None:
    answer = drained(two(web(2), at={"web": {"a": 2}}))
    assert answer.moves == (Move(WEB, "a", "b", 2),)
    assert answer.fits
    assert [answer.cost_before, answer.cost_after] == pytest.approx([4.0, 2.0])
    assert [(one.domain, len(one.unplaced)) for one in answer.survivals] == [("b", 1)]


def test_a_cell_without_a_price_is_the_dearest_and_without_any_the_cost_is_nothing() -> None:
    one = application("one", web(1), at={"web": {"a": 1}})
    assert drained(snapshot([cell("a"), cell("b", price="3")], one)).cost_before == pytest.approx(3.0)
    assert drained(snapshot([cell("a"), cell("b")], one)).cost_before == 0.0


def test_who_finds_no_room_is_told_with_the_reason_of_every_cell() -> None:
    cells = [
        cell("a", nodes(2)),
        cell("b"),
        cell("c", allow=[{"namespaceSelector": {"matchLabels": {"team": "other"}}}]),
        cell("d", cordoned=True),
        cell("e", ready={"type": "Ready", "status": "False", "reason": "Unreachable", "message": "no answer"}),
        cell("f", ready=None),
        cell("g", ready={"type": "Ready", "status": "Unknown", "reason": "NotListedYet"}),
        cell("h", nodes(3, **TAINTED)),
        cell("i", nodes(allocatable={"cpu": "500m", "pods": "9"})),
        cell("j", abandoned=True),
        cell("sky", aws={"accountID": "1" * 12, "region": "eu-west-1"}),
    ]
    answer = drained(snapshot(cells, application("one", web(6), at={"web": {"a": 6}})))
    assert [(one.key, one.replicas) for one in answer.unplaced] == [(WEB, 2)]
    assert not answer.fits
    assert blocked(answer) == {
        "a": "draining: nothing stays there",
        "b": "its nodes hold no more than 4 of them, counted node by node",
        "c": "not allowed for namespace shop: add it to spec.allow of Cell c",
        "d": "cordoned: takes nothing new while spec.cordoned of Cell d is true",
        "e": "not ready: no answer",
        "f": "not ready: it has not been reached yet",
        "g": "not ready: NotListedYet",
        "h": "none of its 3 nodes takes the pods: 3 with the untolerated taint gpu=yes:NoSchedule",
        "i": "needs 1 cpu, the largest node has 500m",
    }


def test_nothing_moves_without_a_change_whatever_the_nodes_show() -> None:
    full = snapshot([cell("a", nodes(taken={"cpu": "4"}))], application("one", web(3), at={"web": {"a": 3}}))
    assert simulate(full, grow(full, "shop/one", 1)).moves == ()


def test_what_others_run_and_what_is_kept_free_is_not_given_away() -> None:
    others = snapshot(
        [cell("a"), cell("b", nodes(taken={"cpu": "2500m"}))], application("one", web(2), at={"web": {"a": 2}})
    )
    assert drained(others).moves == (Move(WEB, "a", "b", 1),)
    roomy = [cell("a"), cell("b", nodes(2), headroomPercent=50)]
    subject = snapshot(roomy, application("one", web(5, "800m"), at={"web": {"a": 5}}))
    assert drained(subject).moves == (Move(WEB, "a", "b", 5),)
    tight = snapshot([cell("a"), cell("b")], application("one", web(4), at={"web": {"a": 4}}), headroomPercent=50)
    assert (
        blocked(drained(tight))["b"]
        == "full but for what it keeps free (headroomPercent, destinationPercent): lacks 1 cpu"
    )


def test_nodes_that_do_not_take_a_pod_are_no_room_for_it() -> None:
    cells = [cell("a", nodes(2)), cell("b", nodes(), nodes(2, labels={"disk": "fast"}, **TAINTED))]
    tolerant = {"tolerations": [{"key": "gpu", "operator": "Exists"}]}
    picky = {**tolerant, "nodeSelector": {"disk": "fast"}}
    subject = snapshot(
        cells,
        application("one", web(5), at={"web": {"a": 5}}),
        application("three", web(1, pods=picky), at={"web": {"a": 1}}),
        application("two", web(2, pods=tolerant), at={"web": {"a": 2}}),
    )
    answer = drained(subject)
    assert sum(move.replicas for move in answer.moves) == 7
    assert blocked(answer)["b"] == "its nodes hold no more than 4 of them, counted node by node"
    shared = [
        application("two", web(2, "3"), at={"web": {"b": 1, "a": 1}}),
        application("one", web(2), at={"web": {"a": 2}}),
    ]
    ordinary = snapshot([cell("a", nodes(2)), cell("b", nodes(), nodes(1, **TAINTED))], *shared)
    reasons = {one.key.application: one.blocked["b"] for one in drained(ordinary).unplaced}
    assert reasons["shop/one"] == "full: lacks 1 cpu on the nodes that take its pods"


def test_accelerators_are_given_whole_or_in_parts() -> None:
    gpu = {"cpu": "4", "pods": "9", "nvidia.com/gpu": "1"}
    whole = web(1, name="whole")
    whole["template"]["spec"]["containers"][0]["resources"]["requests"]["nvidia.com/gpu"] = "1"
    half = web(1, name="half")
    half["template"]["metadata"] = {"annotations": {"gpu-fraction": "0.5"}}
    cells = [cell("a", nodes(2, allocatable=gpu)), cell("b", nodes(allocatable=gpu))]
    answer = drained(snapshot(cells, application("one", half, whole, at={"half": {"a": 1}, "whole": {"a": 1}})))
    assert len(answer.moves) == len(answer.unplaced) == 1


STAYING = {
    "a StatefulSet": (web(1, kind="StatefulSet"), {}, "it is a StatefulSet: its pods have data, or run to an end"),
    "a Job": (web(1, kind="Job"), {}, "it is a Job: its pods have data, or run to an end"),
    "data": (web(1, pods=DATA), {}, "its volume data has data that stays behind"),
    "its word": (web(1, placement={"rebalance": "Never"}), {}, "placement.rebalance of it is Never"),
    "suspended": (web(1), {"suspend": True}, "its Application is suspended"),
    "deleted": (web(1), {"leaving": True}, "its Application is being deleted"),
    "an autoscaler": (
        web(1),
        {"ledger": [{"name": "one-web-a", "type": "Deployment", "cell": "a", "outputs": {"autoscaler": "keda"}}]},
        "its replicas are an autoscaler's",
    ),
}


@pytest.mark.parametrize("case", STAYING.values(), ids=STAYING)
def test_what_the_controller_does_not_move_stays(case: tuple[dict[str, Any], dict[str, Any], str]) -> None:
    workload, more, why = case
    if workload.get("kind") == "Job":
        del workload["replicas"]
    subject = snapshot([cell("a"), cell("b")], application("one", workload, at={"web": {"a": 1}}, **more))
    for answer in (drained(subject), simulate(subject, lose(subject, "a"))):
        assert answer.moves == ()
        assert answer.unplaced == ()
        assert answer.stays == (Stays(WEB, "a", 1, why),)
        assert not answer.fits
    assert drained(subject, "b").fits


def test_others_are_moved_to_make_room_only_where_the_fleet_moves_things_at_all() -> None:
    cells = [cell("a"), cell("b"), cell("c")]
    only_b = {"cellSelector": {"matchExpressions": [{"key": "cell", "operator": "In", "values": ["a", "b"]}]}}
    one = application("one", web(1, "3", placement=only_b), at={"web": {"a": 1}})
    two = application("two", web(1, "2"), at={"web": {"b": 1}})
    assert [move.key for move in drained(snapshot(cells, one, two)).moves] == []
    moving = snapshot(cells, one, two, rebalancing={"mode": "Automatic"})
    assert drained(moving).moves == (Move(WEB, "a", "b", 1), Move(Key("shop/two", "web"), "b", "c", 1))


def test_room_goes_by_priority_and_what_runs_is_not_stopped_for_it() -> None:
    cells = [cell("a", nodes(2)), cell("b")]
    low = application("low", web(2), at={"web": {"b": 2}})
    first = application("top", web(1, "2", placement={"priority": 10**9}), at={"web": {"a": 1}})
    last = application("mid", web(1, "2", placement={"priority": -5}), at={"web": {"a": 1}})
    answer = drained(snapshot(cells, low, first, last))
    assert answer.moves == (Move(Key("shop/top", "web"), "a", "b", 1),)


def test_a_lost_failure_domain_is_done_without_and_one_that_is_drained_is_not_given_up() -> None:
    subject = two(web(2, placement={"spread": {"minDomains": 2}}), at={"web": {"a": 1, "b": 1}})
    assert simulate(subject, lose(subject, "a")).moves == (Move(WEB, "a", "b", 1),)
    answer = drained(subject)
    assert answer.moves == ()
    assert blocked(answer)["b"] == "in a failure domain that has others of it, and it is to be in 2 at least"
    assert drained(two(web(2), at={"web": {"a": 2}})).moves == (Move(WEB, "a", "b", 2),)


def test_what_is_moved_fills_no_cell_beyond_what_destinations_may_be_and_what_is_pending_is_not_sent_away() -> None:
    cells = [cell("a"), cell("b"), cell("c", cordoned=True)]
    home = {"cellSelector": {"matchLabels": {"cell": "b"}}}
    placed = (
        application("one", web(2), at={"web": {"a": 2}}),
        application("two", web(3, placement=home), at={"web": {"b": 1}}),
    )
    answer = drained(snapshot(cells, *placed, rebalancing={"destinationPercent": 65}))
    assert answer.moves == ()
    assert {one.key.application for one in answer.unplaced} == {"shop/one"}
    roomy = snapshot(cells, placed[0], rebalancing={"destinationPercent": 65})
    assert drained(roomy).moves == (Move(WEB, "a", "b", 2),)
    assert simulate(roomy, grow(roomy, "shop/one", 4)).unplaced == ()


def test_of_a_group_that_does_not_fit_nothing_new_is_placed_and_what_is_placed_stays() -> None:
    large, small = web(1, "3", "large", placement={"group": "g"}), web(2, "1", "small", placement={"group": "g"})
    cells = [cell("a", nodes(2)), cell("b", nodes(taken={"cpu": "2"}))]
    answer = drained(
        snapshot(cells, application("one", large, small, at={"large": {"a": 1}, "small": {"a": 1, "b": 1}}))
    )
    assert answer.moves == ()
    reasons = {one.key.workload: one.blocked["b"] for one in answer.unplaced}
    assert reasons["small"] == "group shop/one/g is placed whole or not at all, and not all of it fits"


def test_affinity_is_to_where_its_peers_are_and_anti_affinity_as_well() -> None:
    near = web(1, name="near", placement={"affinity": {"workloads": [{"workload": "web"}]}})
    found = drained(two(web(1), near, at={"web": {"b": 1}, "near": {"a": 1}}))
    assert found.moves == (Move(Key("shop/one", "near"), "a", "b", 1),)
    apart = web(1, name="apart", placement={"antiAffinity": {"workloads": [{"workload": "web", "application": "two"}]}})
    subject = snapshot(
        [cell("a"), cell("b")],
        application("one", apart, at={"apart": {"a": 1}}),
        application("two", web(1), at={"web": {"b": 1}}),
    )
    assert blocked(drained(subject))["b"].startswith("placement.antiAffinity: workload web of Application two")
    nobody = web(1, name="near", placement={"affinity": {"workloads": [{"workload": "web", "application": "gone"}]}})
    assert "nobody knows where" in blocked(drained(two(nobody, at={"near": {"a": 1}})))["b"]


def test_growth_adds_replicas_and_not_to_what_runs_once() -> None:
    job = {key: value for key, value in web(1, name="job", kind="Job").items() if key != "replicas"}
    subject = two(web(2), job, at={"web": {"a": 2}, "job": {"a": 1}})
    answer = simulate(subject, grow(subject, "shop/one", 1.5))
    assert [(move.key, move.source, move.replicas) for move in answer.moves] == [(WEB, "", 1)]
    assert answer.fits


def test_what_is_pending_already_is_not_held_against_the_change() -> None:
    subject = two(web(9), at={"web": {"a": 4, "b": 4}})
    answer = simulate(subject, grow(subject, "shop/one", 1))
    assert answer.pending == {WEB: 1}
    assert answer.fits
    assert not simulate(subject, grow(subject, "shop/one", 2)).fits


def test_a_new_cell_takes_what_fits_nowhere_else() -> None:
    subject = two(web(9), at={"web": {"a": 4, "b": 4}})
    answer = simulate(subject, add_cell(subject, cell("c")))
    assert answer.moves == (Move(WEB, "", "c", 1),)
    assert answer.unplaced == ()


def test_what_has_no_pods_of_its_own_number_or_no_readable_template_is_left_out() -> None:
    daemon = {key: value for key, value in web(1, name="daemon", kind="DaemonSet").items() if key != "replicas"}
    subject = two(daemon, web(1, "much", name="odd"), web(0), at={"daemon": {"a": 1}})
    assert [one.key for one in fleet_of(subject).workloads] == [WEB]


def test_what_a_cell_tells_wrongly_is_named() -> None:
    odd = snapshot([cell("a", nodes(), nodes(allocatable={**NODE, "cpu": "lots"}))])
    with pytest.raises(InvalidQuantityError, match=r"Cell a: status\.nodeClasses\[1\]\.allocatable\.cpu: found 'lots'"):
        fleet_of(odd)


def test_cells_of_a_node_selector_are_reckoned_as_such() -> None:
    picky = web(1, pods={"nodeSelector": {"zone": "b"}})
    cells = [cell(name, kubernetes={"nodeSelector": {"zone": name}}) for name in "abc"]
    answer = drained(snapshot(cells, application("one", picky, at={"web": {"a": 1}})))
    assert answer.moves == (Move(WEB, "a", "b", 1),)


def test_pods_alike_are_refused_alike() -> None:
    cells = [cell("a"), cell("b", nodes(2, **TAINTED))]
    answer = drained(snapshot(cells, *(application(name, web(1), at={"web": {"a": 1}}) for name in ("one", "two"))))
    told = "none of its 2 nodes takes the pods: 2 with the untolerated taint gpu=yes:NoSchedule"
    assert [one.blocked["b"] for one in answer.unplaced] == [told, told]


def test_a_loss_moves_nothing_that_runs_and_may_fill_what_is_left() -> None:
    """Nor does the Controller make room for what was in a lost Cell by moving others."""
    cells = [cell("a"), cell("b"), cell("c")]
    only = {"cellSelector": {"matchExpressions": [{"key": "cell", "operator": "In", "values": ["a", "b"]}]}}
    one = application("one", web(1, "3", placement=only), at={"web": {"a": 1}})
    two = application("two", web(1, "2"), at={"web": {"b": 1}})
    rules = {"mode": "Automatic", "destinationPercent": 50}
    subject = snapshot(cells, one, two, rebalancing=rules)
    answer = simulate(subject, lose(subject, "a"))
    assert (answer.moves, [left.key for left in answer.unplaced], answer.fits) == ((), [Key("shop/one", "web")], False)
    alone = snapshot(cells, one, rebalancing=rules)
    assert simulate(alone, lose(alone, "a")).moves == (Move(Key("shop/one", "web"), "a", "b", 1),)
    assert drained(alone).moves == ()
