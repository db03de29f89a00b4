"""Of Cells with equal scores, that gets a pod with accelerators where it adds least to their fragmentation."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.fleetpolicy import PlacementPolicy, Weights
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement.accelerators import MODEL, MOST_ACCELERATORS, asked_for, fragmented, shape_of
from pilothouse.desired.placement.fractions import ACCELERATOR
from pilothouse.desired.placement.nodes import pod_of, room
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Popularity, Shape
from pilothouse.desired.placement.replicas import Terms, place
from tests.unit.desired.fleets import GI, cell, cells, node, template, workload, workloads
from tests.unit.desired.placement.packing.plain import fragmented as plainly
from tests.unit.desired.placement.packing.plain import put, seatings

ALL = {"cpu": 64_000, "memory": 64 * GI, "pods": 110, ACCELERATOR: 8}
PAIR = Shape(1000, 0, 2, WHOLE)
ALIKE = PlacementPolicy(
    weights=Weights(utilization=0, recent_placements=0, domain_spread=0, closeness=1, price=0)  # nobody wishes anything
)


def gpus(name: str, whole: int, *shared: int, **others: Any) -> NodeFree:
    """A node with so many accelerators free, and so much of each that is shared."""
    return node(name, **{"cpu": 64_000, "free": {ACCELERATOR: whole}, "shared": shared, "allocatable": ALL, **others})


def asking(accelerators: int = 1, fraction: str = "", **spec: Any) -> dict[str, Any]:
    """A pod template that asks for so many accelerators, or for a part of one."""
    made = template("1", **spec)
    if fraction:
        return {"metadata": {"annotations": {"gpu-fraction": fraction}}, **made}
    made["spec"]["containers"][0]["resources"]["requests"][ACCELERATOR] = str(accelerators)
    return made


PAIRED = cell("paired", gpus("1", 2), gpus("2", 0))
SINGLE = cell("single", gpus("1", 1), gpus("2", 1))
"""As much is free as in PAIRED, and no node has two."""


def homes(asked: Workload, fleet: list[CellView], popularity: Popularity, **policy: Any) -> Mapping[str, int]:
    return place(asked, fleet, {}, terms=Terms(popularity=popularity, **policy)).replicas


def test_of_equal_cells_that_is_chosen_whose_accelerators_are_torn_least() -> None:
    one = workload(1, pods=asking(1))
    assert homes(one, [PAIRED, SINGLE], {PAIR: 1}) == {"single": 1}, "the pair is left to who needs one"
    assert homes(one, [PAIRED, SINGLE], {}) == {"paired": 1}, "nobody is known to need one: by name"
    half = workload(1, pods=asking(fraction="0.5"))
    assert homes(half, [PAIRED, SINGLE], {PAIR: 1}) == {"single": 1}


def test_what_a_replica_leaves_is_what_the_next_one_finds() -> None:
    fleet = [cell("a", gpus("1", 2)), cell("b", gpus("1", 1), gpus("2", 2))]
    found = homes(workload(2, pods=asking(1)), fleet, {PAIR: 1}, policy=ALIKE)
    assert found == {"a": 1, "b": 1}, "then the single one of b is taken, and a pair is torn in either: by name"


def test_it_is_told_where_that_decided() -> None:
    one, likely = workload(1, pods=asking(1)), Terms(popularity={PAIR: 1})
    told = place(one, [PAIRED, SINGLE], {}, terms=likely).reasons["single"]
    assert told.endswith(", and fragments accelerators less than paired, which has the same score")
    other = cell("twin", *SINGLE.nodes)
    assert "fragments" not in place(one, [SINGLE, other], {}, terms=likely).reasons["single"], "they are alike"
    fuller = cell("full", gpus("1", 2, cpu=1000), gpus("2", 0, cpu=0))
    found = place(one, [fuller, SINGLE], {}, terms=likely)
    assert "fragments" not in found.reasons["single"], "its score is higher"


def test_the_next_best_are_told_in_the_order_in_which_they_would_be_chosen() -> None:
    fleet = [cell(name, *PAIRED.nodes) for name in "abc"] + [cell("d", *SINGLE.nodes), SINGLE]
    choice = place(workload(1, pods=asking(1)), fleet, {}, terms=Terms(popularity={PAIR: 1})).choices["d"]
    assert [name for name, _ in choice.others] == ["single", "a", "b"]
    assert choice.tied == "a"


def test_nodes_are_looked_at_only_where_scores_of_pods_with_accelerators_are_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("it costs a look at every node")

    monkeypatch.setattr("pilothouse.desired.placement.accelerators.Growth", forbidden)
    assert homes(workload(1), [PAIRED, SINGLE], {PAIR: 1}) == {"paired": 1}, "it asks for no accelerators"
    fuller = cell("full", gpus("1", 1))
    assert homes(workload(1, pods=asking(1)), [fuller, SINGLE], {PAIR: 1}) == {"single": 1}, "it has the higher score"


def test_a_pod_that_fits_on_no_node_is_not_drawn_to_a_cell() -> None:
    """A workload without replicas gets a Deployment in the best Cell, whether or not there is room."""
    full = cell("a", gpus("1", 2, pods=0))
    assert homes(workload(0, pods=asking(1)), [full, cell("b", gpus("1", 2))], {PAIR: 1}, policy=ALIKE) == {"b": 0}


def test_pods_are_read_as_packing_knows_them() -> None:
    assert shape_of(pod_of(template("1"))) is None
    assert shape_of(pod_of(asking(2))) == PAIR
    assert shape_of(pod_of(asking(fraction="0.25"))) == Shape(1000, 0, 1, 250)
    some = shape_of(pod_of(asking(1, nodeSelector={MODEL: "large", "pool": "x"})))
    assert some == Shape(1000, 0, 1, WHOLE, ("large",))


def test_what_is_asked_for_is_counted_in_pods_with_accelerators() -> None:
    unreadable = asking(1)
    unreadable["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "much"
    asked = [workload(3, pods=asking(2)), workload(2, pods=asking(2)), workload(9), workload(0, pods=asking(1))]
    assert asked_for([*asked, workload(5, pods=unreadable)]) == {PAIR: 5}


SHARES = {
    "nothing that is free": (cell("a", gpus("1", 0)), 0.0),
    "no accelerators": (cell("a", node("1", cpu=1000)), 0.0),
    "less than nothing": (cell("a", gpus("1", -1)), 0.0),
    "a pair and one more": (cell("a", gpus("1", 2), gpus("2", 1)), 1 / 3),
    "a part of one": (cell("a", gpus("1", 2, 500)), 500 / 2500),
    "no cores beside them": (cell("a", gpus("1", 2, cpu=-5000)), 1.0),
    "a node that is cordoned": (cell("a", gpus("1", 2), gpus("2", 1, schedulable=False)), 0.0),
    "a node of another cell": (
        cell("a", gpus("1", 2, labels={"pool": "a"}), gpus("2", 1), node_selector={"pool": "a"}),
        0.0,
    ),
}


@pytest.mark.parametrize(("view", "share"), SHARES.values(), ids=SHARES)
def test_the_share_that_is_of_no_use(view: CellView, share: float) -> None:
    assert fragmented([view], {PAIR: 3}) == {"a": pytest.approx(share)}
    assert fragmented([view], {}) == {"a": 0.0}, "nobody is known to come, so nothing is known of what is of use"


def test_a_model_that_pods_ask_for_is_that_of_a_label() -> None:
    large = cell("a", gpus("1", 2, labels={MODEL: "large"}))
    popularity = {Shape(0, 0, 1, WHOLE, ("large",)): 1, Shape(0, 0, 1, WHOLE, ("small",)): 3}
    assert fragmented([large], popularity) == {"a": 0.75}


def test_whoever_asks_for_more_than_there_can_be_costs_the_others_nothing() -> None:
    greedy = asking(10**12)
    greedy["spec"]["containers"][0]["resources"]["requests"]["memory"] = "1e30"
    asked = workload(1, pods=greedy)
    popularity = asked_for([asked])
    assert popularity == {Shape(1000, 2**53, MOST_ACCELERATORS, WHOLE): 1}
    assert fragmented([SINGLE], popularity) == {"single": 1.0}
    assert homes(workload(1, pods=asking(1)), [PAIRED, SINGLE], popularity) == {"paired": 1}


def test_the_rarest_of_very_many_kinds_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.desired.placement.accelerators.MOST_SHAPES", 1)
    assert fragmented([SINGLE], {PAIR: 2, Shape(0, 0, 1, WHOLE): 1}) == {"single": 1.0}
    assert fragmented([SINGLE], {PAIR: 1, Shape(0, 0, 1, WHOLE): 1}) == {"single": 0.0}, "of equal ones the smaller"


FREE = st.tuples(st.integers(0, 4), st.lists(st.sampled_from([100, 250, 500, 700]), max_size=2), st.integers(0, 9))
FLEETS = st.lists(st.lists(FREE, min_size=1, max_size=3), min_size=1, max_size=4).map(
    lambda fleet: [
        cell(
            f"cell-{number}",
            *(gpus(f"node-{i}", whole, *shared, cpu=1000 * cpu) for i, (whole, shared, cpu) in enumerate(nodes)),
        )
        for number, nodes in enumerate(fleet)
    ]
)
ASKED = st.sampled_from([asking(1), asking(2), asking(fraction="0.25"), asking(fraction="0.5")])
POPULARITY = st.dictionaries(
    st.sampled_from([PAIR, Shape(2000, 0, 1, 500), Shape(4000, 0, 1, WHOLE), Shape(1000, 0, 4, WHOLE)]),
    st.integers(1, 9),
    min_size=1,
)


@given(FLEETS, ASKED, POPULARITY)
def test_no_cell_of_the_same_score_would_be_torn_less(
    fleet: list[CellView], pods: dict[str, Any], popularity: Popularity
) -> None:
    asked = workload(1, pods=pods)
    found = place(asked, fleet, {}, terms=Terms(ALIKE, popularity=popularity)).replicas
    torn = {view.name: least_torn(view, pods, popularity) for view in fleet if room(view, pod_of(pods))}
    assert found.keys() <= torn.keys()
    assert all(torn[name] == pytest.approx(min(torn.values())) for name in found)


def least_torn(view: CellView, pods: dict[str, Any], popularity: Popularity) -> float:
    """What the pod adds to fragmentation where it adds least, tried everywhere."""
    shape = shape_of(pod_of(pods))
    assert shape is not None
    nodes = [
        Node(one.name, one.free["cpu"], one.free["memory"], (*one.shared, *[WHOLE] * one.free[ACCELERATOR]))
        for one in view.nodes
    ]
    return min(
        plainly(put(one, shape, seating), popularity) - plainly(one, popularity)
        for one in nodes
        for seating in seatings(one, shape)
    )


@given(FLEETS, ASKED, POPULARITY, st.integers(0, 6), st.randoms())
def test_the_order_of_cells_nodes_and_shapes_changes_nothing(
    fleet: list[CellView], pods: dict[str, Any], popularity: Popularity, replicas: int, chance: Random
) -> None:
    def shuffled(view: CellView) -> CellView:
        return cell(view.name, *chance.sample(view.nodes, len(view.nodes)))

    asked, mixed = workload(replicas, pods=pods), chance.sample([shuffled(view) for view in fleet], len(fleet))
    turned = dict(reversed(list(popularity.items())))
    assert place(asked, fleet, {}, terms=Terms(popularity=popularity)) == place(
        asked, mixed, {}, terms=Terms(popularity=turned)
    )
    assert fragmented(fleet, popularity) == fragmented(mixed, turned)


@given(workloads(), cells(), POPULARITY)
def test_pods_without_accelerators_go_where_they_would_whoever_is_likely_to_come(
    asked: Workload, fleet: tuple[CellView, ...], popularity: Popularity
) -> None:
    assert place(asked, fleet, {}) == place(asked, fleet, {}, terms=Terms(popularity=popularity))
