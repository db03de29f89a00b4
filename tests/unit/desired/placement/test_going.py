"""Before a replica goes elsewhere: how full its Cell is, which Cells may take it, and what stands in the way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.cell import Allow
from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement.filters import Peer, Peers
from pilothouse.desired.placement.fractions import ACCELERATOR, FRACTION
from pilothouse.desired.placement.going import objection, takers
from pilothouse.desired.placement.nodes import usage
from pilothouse.desired.placement.replicas import PLAIN, Terms, place
from tests.unit.desired.fleets import cell, cells, node, on_nodes_of, template, workload, workloads

A, B = cell("a", region="eu"), cell("b", region="eu")
PROD = {"matchLabels": {"tier": "prod"}}


HELD: Mapping[str, int] = {"a": 2}


def against(web: Workload, *fleet: CellView, current: Mapping[str, int] = HELD, terms: Terms = PLAIN) -> str:
    """What stands in the way from a to b."""
    return objection(web, fleet or (A, B), current, ("a", "b"), "shop", terms)


class Closed(NamedTuple):
    """A Cell b that takes nothing, and what is said of it. web: fields of what would go there."""

    fields: dict[str, Any]
    told: str
    web: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    peers: Peers = Peers()


CACHE = Peer("workload cache", "region", frozenset({"eu"}))
CLOSED = {
    "a cloud": Closed({"provider": "aws"}, "a Cell of aws; workloads run in Kubernetes Cells"),
    "abandoned": Closed({"abandoned": True}, "abandoned: spec.abandoned declares gone what ran there"),
    "not allowed": Closed({"allowed": ()}, "not allowed for namespace shop: add it to spec.allow of Cell b"),
    "type not allowed": Closed(
        {"allowed": (Allow(types=("Job",)),)},
        "Deployment is not allowed for namespace shop: add it to types in spec.allow of Cell b",
    ),
    "another silo": Closed({"barred": "kept for silo acme"}, "kept for silo acme"),
    "not resident": Closed(
        {"region": "us"}, "region us is not among residency.regions eu", {"residency": {"regions": ["eu"]}}
    ),
    "not selected": Closed({}, "labels do not match placement.cellSelector tier=prod", {"selector": PROD}),
    "not ready": Closed({"ready": False, "message": "refused"}, "not ready: refused"),
    "cordoned": Closed({"cordoned": True}, "cordoned: takes nothing new while spec.cordoned of Cell b is true"),
    "being emptied": Closed(
        {"cordoned": True, "evict": True}, "being emptied: takes nothing new while spec.evict of Cell b is true"
    ),
    "not near": Closed({"region": "us"}, "placement.affinity: workload cache is in region eu", peers=Peers((CACHE,))),
    "not apart": Closed(
        {"region": "eu"}, "placement.antiAffinity: workload cache is in region eu as well", peers=Peers((), (CACHE,))
    ),
}


@pytest.mark.parametrize("case", CLOSED.values(), ids=CLOSED)
def test_what_would_take_nothing_new_takes_no_replica_that_runs_either(case: Closed) -> None:
    web, terms = workload(2, **case.web), Terms(peers=case.peers)
    closed = cell("b", **case.fields)
    assert against(web, A, closed, terms=terms) == f"b: {case.told}"
    assert closed not in takers(web, (A, closed), "shop", terms)


def test_to_a_cell_that_is_open_and_has_room_nothing_stands_in_the_way() -> None:
    assert against(workload(2)) == ""
    assert takers(workload(2), (A, B)) == (A, B)


def test_who_may_take_it_is_not_asked_for_room() -> None:
    full = cell("b", *on_nodes_of(0))
    assert takers(workload(2), (A, full)) == (A, full)
    assert against(workload(2), A, full) == "b: needs 1 cpu a pod; the largest free node has 0"


def test_it_needs_no_more_than_room_for_one() -> None:
    assert against(workload(9), A, cell("b", *on_nodes_of(1)), current={"a": 9}) == ""


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Job", "CronJob"])
def test_what_has_data_or_runs_to_an_end_goes_nowhere(kind: str) -> None:
    other = workload(2).model_copy(update={"kind": kind})
    assert against(other) == f"workload web: it is a {kind}: its pods have data, or run to an end"


def test_what_would_leave_data_behind_goes_nowhere() -> None:
    claim = {"name": "store", "persistentVolumeClaim": {"claimName": "store"}}
    assert against(workload(2, pods=template(volumes=[claim]))) == (
        "workload web: its volume store has data that stays behind"
    )


@pytest.mark.parametrize("current", [{}, {"a": 0}, {"b": 2}], ids=["unknown", "at rest", "elsewhere"])
def test_nothing_leaves_where_nothing_is(current: dict[str, int]) -> None:
    assert against(workload(2), current=current) == "no replica of workload web is in a"


def test_nothing_goes_to_a_cell_that_there_is_not() -> None:
    assert against(workload(2), A) == "there is no Cell b"


def test_what_asks_for_no_quantity_is_not_guessed_at() -> None:
    with pytest.raises(InvalidQuantityError):
        against(workload(2, pods=template("much")))


HARD = {"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}


class Skew(NamedTuple):
    """Replicas by Cell; Cells are in the failure domain of their first letter."""

    held: dict[str, int]
    route: tuple[str, str]
    told: str
    reason: str
    asked: dict[str, Any] = HARD
    closed: Mapping[str, Mapping[str, Any]] = {}


SKEWS = {
    "to the emptier": Skew({"x1": 2, "y1": 1}, ("x1", "y1"), "", "one here, two there: the skew is one, as before"),
    "it evens out": Skew({"x1": 3, "y1": 1}, ("x1", "y1"), "", "there may be no better move"),
    "the source's is the fewest": Skew(
        {"x1": 1, "y1": 1},
        ("x1", "y1"),
        "y1: its failure domain y would have 2 replicas, that of x 0",
        "what leaves counts no more where it was",
    ),
    "the source's stays the fewest": Skew(
        {"x1": 2, "y1": 2, "z1": 3},
        ("x1", "y1"),
        "y1: its failure domain y would have 3 replicas, that of x 1",
        "that of the most is no matter",
    ),
    "a third is the fewest": Skew(
        {"x1": 3, "y1": 2, "z1": 1},
        ("x1", "y1"),
        "y1: its failure domain y would have 3 replicas, that of z 1",
        "all domains count, also those that have no part in it",
    ),
    "an empty one is the fewest": Skew(
        {"x1": 2, "y1": 1, "z1": 0},
        ("x1", "y1"),
        "y1: its failure domain y would have 2 replicas, that of z 0",
        "a domain that could take it counts before it has any",
    ),
    "to the empty one": Skew({"x1": 2, "y1": 1, "z1": 0}, ("x1", "z1"), "", "that is what spread is for"),
    "same domain": Skew({"x1": 2, "x2": 0, "y1": 1}, ("x1", "x2"), "", "no domain has more or less"),
    "same domain, alone": Skew({"x1": 2, "x2": 0}, ("x1", "x2"), "", "there is no other domain to compare with"),
    "same domain, too full": Skew(
        {"x1": 3, "x2": 0, "y1": 1}, ("x1", "x2"), "", "what is too many there already is no more for it"
    ),
    "less uneven, but still": Skew(
        {"x1": 1, "y1": 3, "z1": 6},
        ("z1", "y1"),
        "y1: its failure domain y would have 4 replicas, that of x 1",
        "where it goes is beyond the skew, however much worse it was where it came from",
    ),
    "within maxSkew": Skew({"x1": 1, "y1": 1}, ("x1", "y1"), "", "two more are allowed", {**HARD, "maxSkew": 2}),
    "beyond maxSkew 2": Skew(
        {"x1": 1, "y1": 2},
        ("x1", "y1"),
        "y1: its failure domain y would have 3 replicas, that of x 0",
        "three more are not",
        {**HARD, "maxSkew": 2},
    ),
    "soft": Skew({"x1": 1, "y1": 1}, ("x1", "y1"), "", "a wish does not stand in the way", {"maxSkew": 1}),
    "not asked for": Skew({"x1": 1, "y1": 9}, ("x1", "y1"), "", "then it is a matter of the score", {}),
    "one that may not be used": Skew(
        {"x1": 2, "y1": 1, "z1": 0},
        ("x1", "y1"),
        "",
        "only domains that the workload may use count",
        closed={"z1": {"allowed": ()}},
    ),
    "one that is cordoned": Skew(
        {"x1": 2, "y1": 1, "z1": 0},
        ("x1", "y1"),
        "y1: its failure domain y would have 2 replicas, that of z 0",
        "it keeps what it has, so it counts",
        closed={"z1": {"cordoned": True}},
    ),
    "from where nothing may stay": Skew(
        {"x1": 1, "y1": 1, "z1": 1},
        ("x1", "y1"),
        "",
        "what it leaves is no domain to compare with: two and one",
        closed={"x1": {"abandoned": True}},
    ),
    "one that is lost": Skew(
        {"x1": 2, "y1": 1, "z1": 0},
        ("x1", "y1"),
        "",
        "what does not answer takes nothing, so nobody waits for it to be filled",
        closed={"z1": {"ready": False}},
    ),
    "from one that is lost": Skew(
        {"x1": 1, "y1": 1},
        ("x1", "y1"),
        "",
        "what runs nowhere is no domain to compare with",
        closed={"x1": {"ready": False}},
    ),
    "from one that is lost, unevenly": Skew(
        {"x1": 1, "y1": 1, "z1": 0},
        ("x1", "y1"),
        "y1: its failure domain y would have 2 replicas, that of z 0",
        "those that answer count as ever",
        closed={"x1": {"ready": False}},
    ),
    "two Cells of a domain": Skew(
        {"x1": 2, "y1": 1, "y2": 1},
        ("x1", "y1"),
        "y1: its failure domain y would have 3 replicas, that of x 1",
        "a domain is counted whole",
    ),
}


def of_domains(names: Sequence[str], closed: Mapping[str, Mapping[str, Any]]) -> list[CellView]:
    return [cell(name, failure_domain=name[0], **closed.get(name, {})) for name in names]


@pytest.mark.parametrize("case", SKEWS.values(), ids=SKEWS)
def test_a_hard_spread_stays_within_its_skew(case: Skew) -> None:
    web = workload(sum(case.held.values()), spread=case.asked)
    held = {name: count for name, count in case.held.items() if count}
    found = objection(web, of_domains(list(case.held), case.closed), held, case.route)
    assert found == case.told, case.reason


def test_what_was_in_a_cell_that_is_gone_counts_nowhere() -> None:
    held = {"gone": 5, "x1": 1, "y1": 1}
    web, there = workload(8, spread=HARD), of_domains(["x1", "y1"], {})
    assert objection(web, there, held, ("gone", "y1")) == ""
    uneven = "y1: its failure domain y would have 3 replicas, that of x 1"
    assert objection(web, there, {**held, "y1": 2}, ("gone", "y1")) == uneven


class Domains(NamedTuple):
    """Replicas by Cell; Cells are in the failure domain of their first letter. wanted: minDomains."""

    wanted: int
    held: dict[str, int]
    route: tuple[str, str]
    told: str
    reason: str
    replicas: int = 0
    closed: Mapping[str, Mapping[str, Any]] = {}


ONE_OF_TWO = "y1: it would be in 1 failure domains, and spread.minDomains is 2"
DOMAINS = {
    "the last of its domain": Domains(2, {"x1": 1, "y1": 1}, ("x1", "y1"), ONE_OF_TWO, "placing would undo it"),
    "not the last": Domains(2, {"x1": 2, "y1": 1}, ("x1", "y1"), "", "there are two still"),
    "the last of its Cell": Domains(2, {"x1": 1, "x2": 1, "y1": 1}, ("x1", "y1"), "", "a domain is counted whole"),
    "to a new one": Domains(2, {"x1": 1, "y1": 1, "z1": 0}, ("x1", "z1"), "", "one is given up and one won"),
    "same domain": Domains(2, {"x1": 1, "x2": 0, "y1": 1}, ("x1", "x2"), "", "no domain has more or less"),
    "more than asked for": Domains(2, {"x1": 1, "y1": 1, "z1": 1}, ("x1", "y1"), "", "two are enough"),
    "fewer than asked for": Domains(
        3,
        {"x1": 1, "y1": 2, "z1": 0},
        ("x1", "y1"),
        "y1: it would be in 1 failure domains, and spread.minDomains is 3",
        "what is too few already must not become fewer",
    ),
    "fewer, and no worse": Domains(3, {"x1": 2, "y1": 1, "z1": 0}, ("x1", "y1"), "", "it has as many as before"),
    "more domains than replicas": Domains(3, {"x1": 1, "y1": 0}, ("x1", "y1"), "", "one replica has one domain"),
    "more replicas to come": Domains(2, {"x1": 1, "y1": 0}, ("x1", "y1"), "", "what comes fills the other", replicas=2),
    "from where nothing may stay": Domains(
        2, {"x1": 1, "y1": 1}, ("x1", "y1"), "", "x is no domain of its own", closed={"x1": {"abandoned": True}}
    ),
    "from one that is lost": Domains(
        2, {"x1": 1, "y1": 1}, ("x1", "y1"), "", "one domain is left anyway", closed={"x1": {"ready": False}}
    ),
    "the only other one is lost": Domains(
        2, {"x1": 1, "y1": 1, "z1": 1}, ("x1", "y1"), ONE_OF_TWO, "z is none now", closed={"z1": {"ready": False}}
    ),
    "one that is cordoned": Domains(
        2, {"x1": 1, "y1": 1}, ("x1", "y1"), ONE_OF_TWO, "what it has stays", closed={"x1": {"cordoned": True}}
    ),
}


@pytest.mark.parametrize("case", DOMAINS.values(), ids=DOMAINS)
def test_it_stays_in_as_many_failure_domains_as_are_asked_for(case: Domains) -> None:
    web = workload(case.replicas or sum(case.held.values()), case.wanted)
    held = {name: count for name, count in case.held.items() if count}
    assert objection(web, of_domains(list(case.held), case.closed), held, case.route) == case.told, case.reason


COUNTS = st.fixed_dictionaries({name: st.integers(0, 4) for name in ("x1", "x2", "y1", "y2", "z1")})
ROUTES = st.permutations(["x1", "x2", "y1", "y2", "z1"])


def by_domain(counts: Mapping[str, int]) -> dict[str, int]:
    return {domain: sum(count for name, count in counts.items() if name[0] == domain) for domain in "xyz"}


@given(COUNTS, ROUTES, st.integers(1, 3), st.integers(1, 3))
def test_the_spread_is_that_of_the_fleet_after_the_move(
    held: dict[str, int], names: list[str], most: int, wanted: int
) -> None:
    source, destination, *_ = names
    held[source] += 1
    web = workload(sum(held.values()), wanted, spread={**HARD, "maxSkew": most})
    found = objection(web, of_domains(list(held), {}), held, (source, destination))
    before = by_domain(held)
    after = by_domain({**held, source: held[source] - 1, destination: held[destination] + 1})
    used, left = (sum(1 for count in counts.values() if count) for counts in (before, after))
    even = after[destination[0]] - min(after.values()) <= most
    enough = left >= min(wanted, used, web.pieces)
    assert (found == "") == (source[0] == destination[0] or (even and enough))
    assert ("minDomains" in found) == (not enough)


@given(workloads(smallest=1), cells())
def test_the_takers_are_the_cells_that_only_lack_of_room_keeps_a_new_one_out_of(
    web: Workload, fleet: tuple[CellView, ...]
) -> None:
    assert {one.name for one in takers(web, fleet)} == set(place(web, fleet, {}).open)


def test_what_is_taken_is_all_that_is_not_free_whosever_it_is() -> None:
    full = node("full", cpu=500, allocatable={"cpu": 4000, "pods": 110})
    empty = NodeFree("empty", free={"cpu": 2000})
    taken, total = usage(cell("a", full, empty))
    assert (taken["cpu"], total["cpu"]) == (3500, 6000)
    assert (taken["pods"], total["pods"]) == (0, 110)


def test_what_a_node_has_none_of_any_more_is_taken_whole() -> None:
    lost = NodeFree("lost", allocatable={"cpu": 4000}, free={"pods": 1})
    assert usage(cell("a", lost))[0]["cpu"] == 4000


def test_more_may_be_taken_than_there_is() -> None:
    """A node that shrank keeps its pods: the Cell is fuller than full, which is the very thing to see."""
    shrunk = NodeFree("shrunk", free={"cpu": -500}, allocatable={"cpu": 1000})
    assert usage(cell("a", shrunk))[0]["cpu"] == 1500


def test_nodes_of_another_cell_of_the_cluster_do_not_count() -> None:
    own = NodeFree("own", {"zone": "a"}, {"cpu": 1000}, allocatable={"cpu": 4000})
    other = NodeFree("other", {"zone": "b"}, {"cpu": 0, ACCELERATOR: 0}, allocatable={"cpu": 9000, ACCELERATOR: 8})
    taken, total = usage(cell("a", own, other, node_selector={"zone": "a"}))
    assert (taken["cpu"], total["cpu"], total[ACCELERATOR], total[FRACTION]) == (3000, 4000, 0, 0)


def test_nodes_that_take_nothing_new_count_as_well() -> None:
    drained = NodeFree("drained", free={"cpu": 1000}, allocatable={"cpu": 4000}, schedulable=False)
    assert usage(cell("a", drained))[1]["cpu"] == 4000


def test_of_an_accelerator_that_pods_share_only_their_parts_are_taken() -> None:
    """Two of four are shared: a quarter of one and half of the other are free; one is had whole, one by nobody."""
    shared = NodeFree("gpus", free={ACCELERATOR: 1}, allocatable={ACCELERATOR: 4}, shared=(250, 500))
    other = NodeFree("gpu", free={ACCELERATOR: 0}, allocatable={ACCELERATOR: 1}, shared=(900,))
    taken, total = usage(cell("a", shared, other))
    assert (taken[ACCELERATOR], total[ACCELERATOR]) == (4, 5)
    assert (taken[FRACTION], total[FRACTION]) == (4000 - 1650, 5000)


def test_a_cell_without_nodes_has_nothing_and_nothing_is_taken() -> None:
    taken, total = usage(CellView("a", "kubernetes"))
    assert (+taken, +total) == (Counter(), Counter())


def test_while_there_are_fewer_domains_than_asked_for_the_fewest_counts_as_none_as_in_spread() -> None:
    web = workload(4, 3, spread={"maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"})
    two = [cell("x1", failure_domain="x"), cell("y1", failure_domain="y")]
    assert objection(web, two, {"x1": 2, "y1": 2}, ("x1", "y1"))
