"""What holds for every placement, whatever the fleet looks like."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement import Placement, place, reserve
from tests.unit.desired.fleets import CURRENT, cells, workloads

Fleet = tuple[CellView, ...]
ANY_FLEET = cells()
WORKLOADS = workloads()


def may_keep(cell: CellView, workload: Workload) -> bool:
    usable = cell.provider == "kubernetes" and not cell.abandoned and cell.allows("Deployment")
    return usable and workload.placement.cell_selector.matches(cell.labels)


def may_grow(cell: CellView, workload: Workload) -> bool:
    return may_keep(cell, workload) and cell.ready and not cell.cordoned


def scheduled(cell: CellView, workload: Workload, count: int) -> int:
    """How many of `count` pods a scheduler gets onto the nodes, one after the other, by the plainest means."""
    spec = workload.template["spec"]
    cpu = {"1": 1000, "700m": 700, "500m": 500}[spec["containers"][0]["resources"]["requests"]["cpu"]]
    tolerated = {toleration["key"] for toleration in spec.get("tolerations", ())}
    left = [[node.free["cpu"], node.free["pods"]] for node in cell.nodes if takes(node, cell, spec, tolerated)]
    for done in range(count):
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


@given(WORKLOADS, ANY_FLEET, CURRENT)
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


@given(WORKLOADS, ANY_FLEET)
def test_a_fresh_placement_is_as_even_as_room_allows(workload: Workload, fleet: Fleet) -> None:
    counts: dict[str, int] = {}
    roomy: set[str] = set()
    for cell in fleet:
        mine = place(workload, fleet, {}).replicas.get(cell.name, 0)
        counts[cell.failure_domain] = counts.get(cell.failure_domain, 0) + mine
        if may_grow(cell, workload) and scheduled(cell, workload, mine + 1) > mine:
            roomy.add(cell.failure_domain)
    assert all(counts[domain] >= max(counts.values()) - 1 for domain in roomy), "a domain behind by two has no room"


PROBE = """
from pilothouse.desired.placement import place
from tests.unit.desired.fleets import cell, node, workload
fleet = [cell(n, node(cpu=2500), failure_domain=n[0], cordoned=n == "d1") for n in ("a1", "a2", "b1", "c1", "d1")]
print(place(workload(20, 3), fleet, {"b1": 1, "gone2": 1, "gone1": 2, "d1": 1}, namespace="shop"))
"""


def test_the_same_bytes_under_any_hash_seed() -> None:
    root = Path(__file__).resolve().parents[3]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROBE],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{root}:{root / 'operator'}"},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "2")
    ]
    assert outputs[0].startswith("Placement("), json.dumps(outputs)
    assert len(set(outputs)) == 1
