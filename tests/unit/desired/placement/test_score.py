"""Each term of a score does what it says, alone and against the others by its weight."""

from typing import Any

import pytest

from pilothouse.api.fleetpolicy import PlacementPolicy, Weights
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.nodes import Pod, pod_of
from pilothouse.desired.placement.replicas import Terms, place
from pilothouse.desired.placement.score import Scores, Wishes
from tests.unit.desired.fleets import GI, cell, node, template, workload

POD = pod_of(template("1"))
NONE = {"utilization": 0, "recentPlacements": 0, "domainSpread": 0, "closeness": 0, "price": 0}


def busy(name: str, free: int, total: int = 10_000, **fields: Any) -> CellView:
    """A Cell of one node with `free` of `total` millicores free."""
    return cell(name, node(cpu=free, allocatable={"cpu": total, "memory": 64 * GI, "pods": 110}), **fields)


def only(**weights: int) -> Weights:
    return Weights.model_validate({**NONE, **weights})


def best(cells: list[CellView], weights: Weights, wishes: Wishes | None = None) -> str:
    """Where the one replica of a workload goes."""
    terms = Terms(PlacementPolicy(weights=weights), wishes or Wishes())
    (name,) = place(workload(1), cells, {}, terms=terms).replicas
    return name


def test_the_defaults_are_those_that_are_documented() -> None:
    assert list(Weights().model_dump().values()) == [35, 20, 20, 15, 10]


def test_what_is_reserved_less_than_the_mean_is_better() -> None:
    cells = [busy("a", 2000), busy("b", 6000), busy("c", 4000)]
    assert best(cells, only(utilization=1)) == "b"
    scores = Scores(cells, POD, 1, only(utilization=1), Wishes())
    mean = (0.8 + 0.4 + 0.6) / 3
    assert scores.of("b", 0, 0).exact == pytest.approx((1 + mean - 0.5) / 2), "with the replica it is half reserved"


def test_the_scarcest_resource_counts() -> None:
    scores = Scores([busy("a", 9000)], pod_of(template("1")), 1, only(utilization=1), Wishes())
    assert scores.of("a", 0, 0).exact == pytest.approx((1 + 0.1 - 0.2) / 2)
    both = Pod({"cpu": 1000, "memory": 32 * GI, "pods": 1}, {}, None, ())
    assert Scores([busy("a", 9000)], both, 1, only(utilization=1), Wishes()).of("a", 0, 0).exact == pytest.approx(
        (1 + 0.1 - 0.5) / 2
    ), "half of the memory is more than a fifth of the cpu"


def test_pods_that_ask_for_nothing_are_counted_by_their_places() -> None:
    bare = Pod({"pods": 1}, {}, None, ())
    score = Scores([busy("a", 0)], bare, 1, only(utilization=1), Wishes()).of("a", 10, 0)
    assert score.exact == pytest.approx((1 - 11 / 110) / 2)


def test_a_cell_without_what_is_asked_for_is_used_up() -> None:
    gpu = Pod({"pods": 1, "nvidia.com/gpu": 1}, {}, None, ())
    assert Scores([busy("a", 0)], gpu, 1, only(utilization=1), Wishes()).of("a", 0, 0).exact == 0.5


def test_what_was_placed_lately_counts_before_its_load_is_seen() -> None:
    assert best([busy("a", 9000, recent=10), busy("b", 9000, recent=9)], only(recentPlacements=1)) == "b"
    scores = Scores([busy("a", 9000, recent=10)], POD, 1, only(recentPlacements=1), Wishes())
    assert scores.of("a", 0, 0).points == 50, "ten halve it"


def test_a_domain_with_fewer_replicas_is_better() -> None:
    cells = [busy("a", 9000, failure_domain="x"), busy("b", 1000, failure_domain="y")]
    terms = Terms(PlacementPolicy(weights=only(domainSpread=1)))
    assert place(workload(2), cells, {"a": 1}, terms=terms).replicas == {"a": 1, "b": 1}


def test_the_region_of_what_it_reads_and_its_caches_are_better() -> None:
    cells = [busy("a", 9000, region="us"), busy("b", 1000, region="eu", caches=frozenset({"llama"})), busy("c", 9000)]
    assert best(cells, only(closeness=1), Wishes(frozenset({"eu"}))) == "b"
    assert best(cells, only(closeness=1), Wishes(caches=frozenset({"llama"}))) == "b"
    scores = Scores(cells, POD, 1, only(closeness=1), Wishes(frozenset({"us"}), frozenset({"llama"})))
    assert [scores.of(name, 0, 0).points for name in "abc"] == [50, 50, 0], "one of two wishes"


def test_cheap_is_better_and_what_has_no_price_counts_as_dear() -> None:
    cells = [busy("a", 9000), busy("b", 9000, price=40), busy("c", 9000, price=20)]
    assert best(cells, only(price=1)) == "c"
    scores = Scores(cells, POD, 1, only(price=1), Wishes())
    assert [scores.of(name, 0, 0).points for name in "abc"] == [50, 50, 100]


def test_a_price_of_nothing_is_the_cheapest() -> None:
    scores = Scores([busy("a", 9000, price=0), busy("b", 9000, price=5)], POD, 1, only(price=1), Wishes())
    assert [scores.of(name, 0, 0).points for name in "ab"] == [100, 0]


def test_only_the_proportions_of_weights_matter() -> None:
    cells = [busy("a", 2000, price=1), busy("b", 6000, price=2)]
    one, other = only(utilization=1, price=3), only(utilization=20, price=60)
    assert Scores(cells, POD, 1, one, Wishes()).of("a", 0, 0) == Scores(cells, POD, 1, other, Wishes()).of("a", 0, 0)


def test_without_any_weight_every_cell_is_alike() -> None:
    assert best([busy("b", 9000), busy("a", 1000)], only()) == "a", (
        "by name: such a policy is refused, but not an error"
    )


def test_a_weight_decides_between_terms_that_disagree() -> None:
    cells = [busy("cheap", 2000, price=1), busy("empty", 9000, price=4)]
    assert best(cells, only(utilization=50, price=10)) == "empty"
    assert best(cells, only(utilization=10, price=50)) == "cheap"


def test_a_score_is_spelled_with_its_terms() -> None:
    scores = Scores([busy("a", 9000)], POD, 1, Weights(), Wishes())
    terms = "utilization 16, recentPlacements 20, domainSpread 20, closeness 15, price 10"
    assert str(scores.of("a", 0, 0)) == f"score 81 ({terms})"
