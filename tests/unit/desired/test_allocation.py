"""Workloads of one Application find each other: near, apart, in turn; and what others in the namespace run."""

from collections.abc import Sequence
from typing import Any

import pytest

from pilothouse.api.application import Placed
from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.api.workload import Workload
from pilothouse.desired import housing
from pilothouse.desired.allocation import Around, allocate, in_turn, placements
from pilothouse.desired.cells import CellView
from pilothouse.desired.housing import Housing, Tenant, Waiting
from pilothouse.desired.placement.nodes import pod_of
from tests.unit.desired.fleets import cell, node, on_nodes_of, template

EU_A = cell("eu-a", node(cpu=9000), failure_domain="a", region="eu")
EU_B = cell("eu-b", node(cpu=8000), failure_domain="b", region="eu")
US = cell("us", node(cpu=7000), region="us")
CELLS = (EU_A, EU_B, US)


def workload(name: str, replicas: int = 1, cpu: str = "1", kind: str = "Deployment", **placing: Any) -> Workload:
    body = {"name": name, "template": template(cpu), "replicas": replicas, "placement": placing, "kind": kind}
    return Workload.model_validate(body)


def near(*terms: dict[str, str], resources: Sequence[str] = ()) -> dict[str, Any]:
    return {"affinity": {"workloads": list(terms), "resources": list(resources)}}


def apart(*terms: dict[str, str]) -> dict[str, Any]:
    return {"antiAffinity": {"workloads": list(terms)}}


def homes(
    *workloads: Workload, placed: Sequence[Placed] = (), around: Around | None = None, cells: Sequence[CellView] = CELLS
) -> dict[str, dict[str, int]]:
    """Where each went; what did not fit stands with no Cell."""
    found = allocate(workloads, cells, Tenant("checkout", "shop", {}, placed), around or Around())
    return {
        name: {one.cell: one.replicas for one in housing.placed}
        for name, housing in found.items()
        if isinstance(housing, Housing)
    }


def why(name: str, *workloads: Workload, around: Around | None = None) -> str:
    housing = allocate(workloads, CELLS, Tenant("checkout", "shop", {}, ()), around or Around())[name]
    assert isinstance(housing, Housing)
    return housing.shortage


def there(name: str, *cells: str) -> list[Placed]:
    return [Placed(workload=name, cell=one, replicas=1) for one in cells]


def test_affinity_holds_whatever_is_written_first() -> None:
    web, cache = workload("web", **near({"workload": "cache"})), workload("cache")
    for given in ((web, cache), (cache, web)):
        found = homes(*given)
        assert found["web"] == found["cache"], "a later one is placed first, for the other follows it"
        assert list(found) == [one.name for one in given], "the answer is in the order of the question"


def test_affinity_may_be_of_a_domain_or_a_region() -> None:
    beside = cell("eu-a2", node(cpu=50_000), failure_domain="a", region="eu")
    same_domain = workload("web", **near({"workload": "cache", "topologyKey": "failureDomain"}))
    cache = workload("cache")
    assert homes(cache, same_domain, placed=there("cache", "eu-a"), cells=(*CELLS, beside))["web"] == {"eu-a2": 1}
    same_region = workload("web", 6, **near({"workload": "cache", "topologyKey": "region"}))
    assert homes(cache, same_region, placed=there("cache", "us"))["web"] == {"us": 6}


def test_of_two_that_ask_for_each_other_the_first_is_free() -> None:
    one, other = workload("one", **near({"workload": "other"})), workload("other", **near({"workload": "one"}))
    found = homes(one, other)
    assert found["one"] == found["other"] != {}


def test_what_is_placed_already_draws_also_what_comes_before_it() -> None:
    one, other = workload("one", **near({"workload": "other"})), workload("other", **near({"workload": "one"}))
    assert homes(one, other, placed=there("other", "us"))["one"] == {"us": 1}


def test_affinity_to_what_is_nowhere_says_so() -> None:
    cache = workload("cache", cpu="100")
    web = workload("web", **near({"workload": "cache"}))
    assert "us: placement.affinity: nobody knows where workload cache is yet" in why("web", cache, web)


def test_affinity_names_where_the_other_one_is() -> None:
    web = workload("web", 20, **near({"workload": "cache", "application": "store"}))
    around = Around(neighbours=lambda name: there("cache", "us", "gone") if name == "store" else ())
    assert homes(web, around=around)["web"] == {"us": 7}
    assert "eu-a: placement.affinity: workload cache of Application store is in cell us" in why(
        "web", web, around=around
    )


def test_of_another_application_only_the_workload_named_counts() -> None:
    web = workload("web", **apart({"workload": "cache", "application": "store"}))
    assert homes(web, around=Around(neighbours=lambda _: there("other", "eu-a"))) == {"web": {"eu-a": 1}}


@pytest.mark.parametrize("told_by", ["web", "batch"])
def test_anti_affinity_holds_for_both_when_one_of_them_says_so(told_by: str) -> None:
    other = {"web": "batch", "batch": "web"}[told_by]
    rules = {told_by: apart({"workload": other, "topologyKey": "failureDomain"}), other: {}}
    found = homes(*(workload(name, 2, **rules[name]) for name in ("web", "batch")))
    assert found["web"].keys() & found["batch"].keys() == set()
    assert all(sum(counts.values()) == 2 for counts in found.values())


def test_anti_affinity_that_leaves_nothing_says_why() -> None:
    web = workload("web", 3, spread={"minDomains": 3})
    batch = workload("batch", **apart({"workload": "web", "topologyKey": "region"}))
    told = why("batch", web, batch)
    assert "us: placement.antiAffinity: workload web is in region us as well" in told


def test_a_region_that_nobody_gave_is_like_no_other() -> None:
    cells = (cell("a", *on_nodes_of(5)), cell("b", *on_nodes_of(4)))
    web, batch = workload("web"), workload("batch", **apart({"workload": "web", "topologyKey": "region"}))
    assert homes(web, batch, cells=cells)["batch"], "two Cells without a region are not in the same"


def test_what_is_placed_stays_although_it_is_not_apart_any_more() -> None:
    web, batch = workload("web"), workload("batch", **apart({"workload": "web"}))
    placed = [*there("web", "us"), *there("batch", "us")]
    assert homes(web, batch, placed=placed) == {"web": {"us": 1}, "batch": {"us": 1}}


def test_a_workload_has_to_be_in_the_region_of_a_resource() -> None:
    around = Around(resources={"orders": ["aws-us"], "lost": ["gone"]})
    cells = (*CELLS, CellView("aws-us", "aws", region="us"))
    web = workload("web", 2, **near(resources=["orders"]))
    assert homes(web, around=around, cells=cells) == {"web": {"us": 2}}
    assert homes(workload("web", **near(resources=["lost"])), around=around, cells=cells) == {"web": {}}


def test_daemons_keep_apart_as_well() -> None:
    web, agent = workload("web"), workload("agent", kind="DaemonSet", **apart({"workload": "web"}))
    assert homes(web, agent)["agent"].keys() == {"eu-b", "us"}


def test_a_template_that_cannot_be_read_stops_no_other_workload() -> None:
    found = allocate([workload("bad", cpu="much"), workload("web")], CELLS, Tenant("a", "b", {}, ()), Around())
    assert isinstance(found["bad"], InvalidQuantityError)
    assert isinstance(found["web"], Housing)


def test_names_that_stand_for_nothing_are_passed_over_here() -> None:
    """`resolve` refuses them with the path of the field."""
    assert [one.name for one in in_turn([workload("web", **near({"workload": "nobody"}))])] == ["web"]


def test_placements_of_another_application_are_read_as_far_as_they_can_be() -> None:
    stored = {"status": {"placements": [{"workload": "web", "cell": "us", "replicas": 2, "later": "field"}]}}
    assert [(one.cell, one.replicas) for one in placements(stored)] == [("us", 2)]
    assert placements({}) == []
    assert placements({"status": {"placements": [{"workload": "web"}]}}) == ()


ONE_CELL = (cell("a", *on_nodes_of(4)),)


def test_who_has_priority_gets_the_room_whatever_is_written_first() -> None:
    low, high = workload("low", 3), workload("high", 3, priority=5)
    assert homes(low, high, cells=ONE_CELL) == {"low": {"a": 1}, "high": {"a": 3}}


def test_what_others_have_to_be_near_to_goes_before_them_although_it_has_less_priority() -> None:
    first = workload("first", priority=5, **near({"workload": "second"}))
    assert [one.name for one in in_turn([first, workload("second")])] == ["second", "first"]


def test_what_runs_is_not_displaced() -> None:
    low, high = workload("low", 4), workload("high", 3, priority=5)
    full = (cell("a", node("n", cpu=0)),)
    assert homes(low, high, placed=[Placed(workload="low", cell="a", replicas=4)], cells=full) == {
        "low": {"a": 4},
        "high": {},
    }


def waiting(priority: int, count: int, *cells: str, cpu: str = "2") -> Around:
    return Around(waiting=[Waiting(priority, pod_of(template(cpu)), count, cells)])


def test_room_that_comes_free_is_left_to_what_waits_with_a_higher_priority() -> None:
    assert homes(workload("web", 4), around=waiting(1, 1, "a"), cells=ONE_CELL) == {"web": {"a": 2}}
    assert homes(workload("web", 4), around=waiting(0, 1, "a"), cells=ONE_CELL) == {"web": {"a": 4}}, "first come"
    assert homes(workload("web", 4), around=waiting(1, 1, "b"), cells=ONE_CELL) == {"web": {"a": 4}}, "not there"


def test_what_waits_for_more_than_there_is_blocks_nothing() -> None:
    assert homes(workload("web", 4), around=waiting(1, 1, "a", cpu="5"), cells=ONE_CELL) == {"web": {"a": 4}}


def test_what_waits_elsewhere_costs_no_look_at_nodes_while_nothing_is_to_be_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of ten thousand Applications most are at rest, and each that waits would be weighed in every one's pass."""
    monkeypatch.setattr(housing, "left_by", lambda *_given: pytest.fail("looked"))
    assert homes(workload("web"), placed=there("web", "us"), around=waiting(1, 1, "us")) == {"web": {"us": 1}}


def test_what_is_left_to_others_is_taken_off_once() -> None:
    two = [workload("one", 1), workload("two", 1)]
    assert homes(*two, around=waiting(1, 1, "a"), cells=ONE_CELL) == {"one": {"a": 1}, "two": {"a": 1}}


def test_a_group_is_placed_whole_or_not_at_all() -> None:
    leader, ranks = workload("leader", group="training"), workload("ranks", 4, group="training")
    assert homes(leader, ranks, workload("web", 3), cells=ONE_CELL) == {"leader": {}, "ranks": {}, "web": {"a": 3}}
    found = allocate([leader, ranks], ONE_CELL, Tenant("a", "b", {}, ()), Around())
    told = found["leader"]
    assert isinstance(told, Housing)
    assert told.shortage.startswith(
        "workload leader: 1 of 1 replicas wait: group training is placed whole or not at all, and of it"
        " workload ranks: 1 of 4 replicas fit nowhere; it would fit after this: "
    )


def test_a_group_that_fits_is_placed() -> None:
    parts = [workload("leader", group="training"), workload("ranks", 3, group="training")]
    assert homes(*parts, cells=ONE_CELL) == {"leader": {"a": 1}, "ranks": {"a": 3}}


def test_a_group_that_cannot_grow_whole_keeps_what_it_has() -> None:
    parts = [workload("leader", 2, group="training"), workload("ranks", 9, group="training")]
    placed = [Placed(workload=name, cell="a", replicas=1) for name in ("leader", "ranks")]
    assert homes(*parts, placed=placed, cells=ONE_CELL) == {"leader": {"a": 1}, "ranks": {"a": 1}}


def test_a_group_that_cannot_grow_whole_loses_nothing_for_the_sake_of_its_spread() -> None:
    """A replica that was to be had in another domain is not to be had while the group waits, so it stays."""
    web = workload("web", 3, group="training", spread={"minDomains": 2})
    placed = [Placed(workload="web", cell="eu-a", replicas=3)]
    assert homes(web, placed=placed) == {"web": {"eu-a": 2, "eu-b": 1}}
    large = workload("large", cpu="50", group="training")
    assert homes(web, large, placed=placed) == {"web": {"eu-a": 3}, "large": {}}
    found = allocate((web, large), CELLS, Tenant("checkout", "shop", {}, placed), Around())["web"]
    assert isinstance(found, Housing)
    assert found.shortage == "", "none of it waits"


def test_one_group_that_does_not_fit_leaves_its_room_to_another() -> None:
    one = [workload("a1", 3, group="a"), workload("a2", 9, group="a")]
    other = [workload("b1", 2, group="b"), workload("b2", 2, group="b")]
    assert homes(*one, *other, cells=ONE_CELL) == {"a1": {}, "a2": {}, "b1": {"a": 2}, "b2": {"a": 2}}


def test_daemons_of_a_group_run_wherever_they_may() -> None:
    parts = [workload("agent", kind="DaemonSet", group="g"), workload("ranks", 9, group="g")]
    assert homes(*parts, cells=ONE_CELL) == {"agent": {"a": 1}, "ranks": {}}
