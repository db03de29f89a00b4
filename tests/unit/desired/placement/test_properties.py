"""What holds for every placement, whatever the fleet looks like."""

from collections.abc import Mapping, Sequence
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement.replicas import Placement, place, reserve
from tests.seeds import printed
from tests.unit.desired.fleets import CURRENT, SOFT, cells, workloads

Fleet = tuple[CellView, ...]
ANY_FLEET = cells()
WORKLOADS = workloads()
SOFTLY_SPREAD = workloads(skews=SOFT)


def may_keep(cell: CellView, workload: Workload) -> bool:
    usable = cell.provider == "kubernetes" and not cell.abandoned and cell.allows("Deployment")
    return usable and workload.placement.cell_selector.matches(cell.labels)


def may_grow(cell: CellView, workload: Workload) -> bool:
    return may_keep(cell, workload) and cell.ready and not cell.cordoned


def scheduled(cell: CellView, workload: Workload, count: int) -> int:
    """How many of `count` pods a scheduler gets onto the nodes one after the other, with the headroom left free."""
    spec = workload.template["spec"]
    cpu = {"1": 1000, "700m": 700, "500m": 500}[spec["containers"][0]["resources"]["requests"]["cpu"]]
    tolerated = {toleration["key"] for toleration in spec.get("tolerations", ())}
    left = [[node.free["cpu"], node.free["pods"]] for node in cell.nodes if takes(node, cell, spec, tolerated)]
    kept_free = [sum(free) * cell.headroom / 100 for free in zip(*left, strict=True)]
    for done in range(count):
        spare = [sum(free) - keep for free, keep in zip(zip(*left, strict=True), kept_free, strict=False)]
        if cell.headroom and (not spare or spare[0] < cpu or spare[1] < 1):
            return done
        home = next((free for free in left if free[0] >= cpu and free[1] >= 1), None)
        if home is None:
            return done
        home[0] -= cpu
        home[1] -= 1
    return count


def takes(node: NodeFree, cell: CellView, spec: Mapping[str, Mapping[str, str]], tolerated: set[str]) -> bool:
    wanted = {**cell.node_selector, **spec.get("nodeSelector", {})}
    return node.schedulable and wanted.items() <= node.labels.items() and all(t.key in tolerated for t in node.taints)


def kept(workload: Workload, fleet: Sequence[CellView], current: Mapping[str, int]) -> dict[str, int]:
    counts = {cell.name: current.get(cell.name, 0) for cell in fleet if may_keep(cell, workload)}
    return {name: count for name, count in counts.items() if count}


def used(fleet: Sequence[CellView], counts: Mapping[str, int]) -> set[str]:
    return {cell.failure_domain for cell in fleet if counts.get(cell.name)}


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}


@given(WORKLOADS, ANY_FLEET, CURRENT)
def test_what_is_new_fits_on_nodes_that_take_it(workload: Workload, fleet: Fleet, current: dict[str, int]) -> None:
    added = grown(current, place(workload, fleet, current).replicas)
    assert all(scheduled(cell, workload, added.get(cell.name, 0)) == added.get(cell.name, 0) for cell in fleet)


@given(WORKLOADS, ANY_FLEET, CURRENT)
def test_what_has_data_stays_with_it(workload: Workload, fleet: Fleet, current: dict[str, int]) -> None:
    """A replica of a StatefulSet that moved would leave its claims behind, whatever the spread asks for."""
    stateful = workload.model_copy(update={"kind": "StatefulSet"})
    before = kept(stateful, fleet, current)
    assume(sum(before.values()) <= workload.replicas)
    after = place(stateful, fleet, current).replicas
    assert all(after[name] >= count for name, count in before.items())


@given(WORKLOADS, ANY_FLEET, CURRENT)
def test_nothing_is_where_it_may_not_be(workload: Workload, fleet: Fleet, current: dict[str, int]) -> None:
    found = place(workload, fleet, current)
    views = {cell.name: cell for cell in fleet}
    assert all(may_keep(views[name], workload) for name in found.replicas)
    assert all(may_grow(views[name], workload) for name in grown(current, found.replicas))
    assert found.reasons.keys() == found.replicas.keys()


@given(WORKLOADS, ANY_FLEET, CURRENT)
def test_every_replica_is_placed_or_short(workload: Workload, fleet: Fleet, current: dict[str, int]) -> None:
    found = place(workload, fleet, current)
    assert sum(found.replicas.values()) == workload.replicas - found.shortfall
    assert found.shortfall >= 0


@given(SOFTLY_SPREAD, ANY_FLEET, CURRENT)
def test_a_shortfall_leaves_no_room_unused_and_every_cell_says_why(
    workload: Workload, fleet: Fleet, current: dict[str, int]
) -> None:
    found = place(workload, fleet, current)
    assume(found.shortfall)
    added = grown(current, found.replicas)
    assert found.refusals.keys() >= {cell.name for cell in fleet}
    for cell in fleet:
        if may_grow(cell, workload):
            more = added.get(cell.name, 0) + 1
            assert scheduled(cell, workload, more) < more, f"Cell {cell.name} had room for one more"


def settled(workload: Workload, fleet: Fleet, current: Mapping[str, int]) -> tuple[Placement, Fleet]:
    """Place, and return the fleet with the new pods on its nodes, as the next sweep sees it."""
    found = place(workload, fleet, current)
    return found, reserve(workload, fleet, grown(current, found.replicas))


@given(WORKLOADS, ANY_FLEET, CURRENT)
def test_placing_again_moves_nothing(workload: Workload, fleet: Fleet, current: dict[str, int]) -> None:
    found, later = settled(workload, fleet, current)
    again = place(workload, later, found.replicas)
    assert (again.replicas, again.shortfall) == (found.replicas, found.shortfall)


@given(WORKLOADS, ANY_FLEET, CURRENT)
def test_placing_again_before_the_pods_are_seen_moves_nothing(
    workload: Workload, fleet: Fleet, current: dict[str, int]
) -> None:
    fitting = workload.replicas - place(workload, fleet, current).shortfall
    smaller = workload.model_copy(update={"replicas": fitting})
    found = place(smaller, fleet, current)
    assert found.shortfall == 0
    assert place(smaller, fleet, found.replicas).replicas == found.replicas


@given(WORKLOADS, ANY_FLEET, CURRENT, st.randoms())
def test_order_means_nothing(workload: Workload, fleet: Fleet, current: dict[str, int], chance: Random) -> None:
    shuffled, items = list(fleet), list(current.items())
    chance.shuffle(shuffled)
    chance.shuffle(items)
    first, second = place(workload, fleet, current), place(workload, shuffled, dict(items))
    assert repr(first) == repr(second), "the same to the last byte, order of mappings included"


@given(WORKLOADS, ANY_FLEET, CURRENT, st.integers(0, 9))
def test_growth_moves_nothing(workload: Workload, fleet: Fleet, current: dict[str, int], more: int) -> None:
    found, later = settled(workload, fleet, current)
    larger = workload.model_copy(update={"replicas": workload.replicas + more})
    grew = place(larger, later, found.replicas)
    assert all(grew.replicas.get(name, 0) >= count for name, count in found.replicas.items())


@given(workloads(smallest=1, min_domains=1), ANY_FLEET, CURRENT)
def test_without_a_minimum_of_domains_only_what_must_move_moves(
    workload: Workload, fleet: Fleet, current: dict[str, int]
) -> None:
    before = kept(workload, fleet, current)
    after = place(workload, fleet, current).replicas
    assert not grown(before, after) or not grown(after, before), "nothing is added while something is taken away"


@given(WORKLOADS, ANY_FLEET, CURRENT)
def test_the_minimum_of_domains_is_reached_where_it_can_be(
    workload: Workload, fleet: Fleet, current: dict[str, int]
) -> None:
    before = kept(workload, fleet, current)
    frozen = [cell for cell in fleet if before.get(cell.name) and not may_grow(cell, workload)]
    assume(not frozen)
    open_to_it = {
        cell.failure_domain
        for cell in fleet
        if before.get(cell.name) or (may_grow(cell, workload) and scheduled(cell, workload, 1))
    }
    found = place(workload, fleet, current)
    possible = min(workload.placement.spread.min_domains, workload.replicas, len(open_to_it))
    assert len(used(fleet, found.replicas)) >= possible
    short = workload.replicas and possible < min(workload.placement.spread.min_domains, workload.replicas)
    assert all(("fewer than the minDomains" in reason) == bool(short) for reason in found.reasons.values())


@given(workloads(skews=st.just({"maxSkew": 1})), ANY_FLEET)
def test_a_fresh_placement_of_skew_1_is_as_even_as_room_allows(workload: Workload, fleet: Fleet) -> None:
    counts: dict[str, int] = {}
    roomy: set[str] = set()
    for cell in fleet:
        mine = place(workload, fleet, {}).replicas.get(cell.name, 0)
        counts[cell.failure_domain] = counts.get(cell.failure_domain, 0) + mine
        if may_grow(cell, workload) and scheduled(cell, workload, mine + 1) > mine:
            roomy.add(cell.failure_domain)
    assert all(counts[domain] >= max(counts.values()) - 1 for domain in roomy), "a domain behind by two has no room"


HARD = st.integers(1, 3).map(lambda skew: {"maxSkew": skew, "whenUnsatisfiable": "DoNotSchedule"})


@given(workloads(skews=HARD), ANY_FLEET, CURRENT)
def test_a_hard_spread_holds_wherever_something_is_added(
    workload: Workload, fleet: Fleet, current: dict[str, int]
) -> None:
    found = place(workload, fleet, current)
    eligible = {cell.failure_domain for cell in fleet if may_keep(cell, workload)}
    counts = dict.fromkeys(eligible, 0)
    for cell in fleet:
        counts[cell.failure_domain] = counts.get(cell.failure_domain, 0) + found.replicas.get(cell.name, 0)
    wanted = workload.placement.spread
    least = 0 if len(eligible) < wanted.min_domains else min((counts[domain] for domain in eligible), default=0)
    domains = {cell.name: cell.failure_domain for cell in fleet}
    for name in grown(kept(workload, fleet, current), found.replicas):
        assert counts[domains[name]] - least <= (wanted.max_skew or 0), f"one more in {name} goes beyond the skew"


@given(workloads(skews=HARD), ANY_FLEET, CURRENT)
def test_what_a_hard_spread_keeps_out_is_told(workload: Workload, fleet: Fleet, current: dict[str, int]) -> None:
    found = place(workload, fleet, current)
    assume(found.shortfall)
    added = grown(current, found.replicas)
    for cell in fleet:
        more = added.get(cell.name, 0) + 1
        if may_grow(cell, workload) and scheduled(cell, workload, more) == more:
            assert found.refusals[cell.name].startswith("would go against spread")


PROBE = """
from pilothouse.desired.placement.accelerators import MODEL
from pilothouse.desired.placement.filters import Peer, Peers
from pilothouse.desired.placement.packing.shapes import Shape
from pilothouse.desired.placement.replicas import Terms, place
from pilothouse.desired.placement.score import Wishes
from pilothouse.desired.placement.unblock import Question, unblocking
from tests.unit.desired.fleets import cell, node, template, workload
names, prices = ("a1", "a2", "b1", "c1", "d1"), {"a1": 3, "b1": 2}
fleet = [cell(n, node(cpu=2500), failure_domain=n[0], cordoned=n == "d1", price=prices.get(n)) for n in names]
current = {"b1": 1, "gone2": 1, "gone1": 2, "d1": 1}
peers = Peers(apart=(Peer("p", "cell", frozenset("ab")),))
terms = Terms(wishes=Wishes(frozenset("xyz"), frozenset("mn")), peers=peers)
hard = {"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
for asked in (workload(20, 3), workload(20, 3, spread=hard)):
    found = place(asked, fleet, current, namespace="shop", terms=terms)
    print(found)
    change = unblocking(Question(asked, fleet, current, "shop", terms), found)
    print(change and change.text)
gpu, pods = {"nvidia.com/gpu": 2}, template("1")
pods["spec"]["containers"][0]["resources"]["requests"] |= {"nvidia.com/gpu": "1"}
popularity = {Shape(1, 1, 2, 1000, (model, "")): 1 for model in "xyz"}
torn = [cell(n, *(node(i, cpu=9000, free=gpu, labels={MODEL: i}) for i in "xy")) for n in "ab"]
print(place(workload(5, pods=pods), torn, {}, terms=Terms(popularity=popularity)))
"""


def test_the_same_bytes_under_any_hash_seed() -> None:
    assert printed(PROBE).startswith("Placement(")
