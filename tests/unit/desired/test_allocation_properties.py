"""What holds for the workloads of an Application together, whatever the fleet looks like."""

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import Placed
from pilothouse.api.workload import Workload
from pilothouse.desired.allocation import Around, allocate
from pilothouse.desired.cells import CellView
from pilothouse.desired.housing import Housing, Tenant
from pilothouse.desired.placement.filters import topology
from pilothouse.desired.placement.nodes import pod_of, room, with_pods
from tests.unit.desired.fleets import cell, on_nodes_of, template

NAMES = ("web", "api", "db")
KEYS = st.sampled_from(["cell", "failureDomain", "region"])


@st.composite
def cells(draw: st.DrawFn) -> tuple[CellView, ...]:
    names = draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=5))
    return tuple(
        cell(
            name,
            *on_nodes_of(draw(st.integers(0, 6))),
            failure_domain=draw(st.sampled_from(["", "x", "y"])),
            region=draw(st.sampled_from(["", "eu", "us"])),
            jurisdiction=draw(st.sampled_from(["EU", ""])),
            cordoned=draw(st.sampled_from([False, False, False, True])),
            barred=draw(st.sampled_from(["", "", "", "kept for silo acme"])),
        )
        for name in names
    )


@st.composite
def applications(draw: st.DrawFn) -> tuple[Workload, ...]:
    def placing(name: str) -> Mapping[str, Any]:
        others = [other for other in NAMES if other != name]
        term = st.builds(lambda other, key: {"workload": other, "topologyKey": key}, st.sampled_from(others), KEYS)
        terms = st.lists(term, max_size=1)
        return {
            "affinity": {"workloads": draw(terms)},
            "antiAffinity": {"workloads": draw(terms)},
            "residency": draw(st.sampled_from([None, None, {"jurisdictions": ["EU"]}])),
            "priority": draw(st.integers(0, 2)),
            "group": draw(st.sampled_from([None, None, "g"])),
        }

    wire = (
        {"name": name, "template": template(), "replicas": draw(st.integers(0, 5)), "placement": placing(name)}
        for name in NAMES
    )
    return tuple(Workload.model_validate(one) for one in wire)


Homes = dict[str, dict[str, int]]


def found(workloads: tuple[Workload, ...], fleet: tuple[CellView, ...], before: Homes | None = None) -> Homes:
    placed = [
        Placed(workload=name, cell=where, replicas=count)
        for name, homes in (before or {}).items()
        for where, count in homes.items()
    ]
    answers = allocate(workloads, fleet, Tenant("checkout", "shop", {}, placed), Around())
    return {
        name: {one.cell: one.replicas for one in answer.placed}
        for name, answer in answers.items()
        if isinstance(answer, Housing)
    }


@given(applications(), cells())
def test_every_constraint_holds_for_what_is_placed(
    workloads: tuple[Workload, ...], fleet: tuple[CellView, ...]
) -> None:
    homes, views = found(workloads, fleet), {one.name: one for one in fleet}
    for workload in workloads:
        for name in homes[workload.name]:
            assert not views[name].barred
            assert not views[name].cordoned
            assert workload.placement.residency is None or views[name].jurisdiction == "EU"
        for term in workload.placement.anti_affinity.workloads:
            mine, theirs = (
                {topology(views[one], term.topology_key) for one in homes[name]}
                for name in (workload.name, term.workload)
            )
            assert not (mine & theirs) - {""}


@given(applications(), cells())
def test_affinity_holds_or_both_ask_for_it(workloads: tuple[Workload, ...], fleet: tuple[CellView, ...]) -> None:
    homes, views = found(workloads, fleet), {one.name: one for one in fleet}
    named = {one.name: {term.workload for term in one.placement.affinity.workloads} for one in workloads}
    for workload in workloads:
        for term in workload.placement.affinity.workloads:
            circle = {
                term.workload,
                *named[term.workload],
                *(far for near in named[term.workload] for far in named[near]),
            }
            if workload.name not in circle:
                theirs = {topology(views[one], term.topology_key) for one in homes[term.workload]}
                assert all(topology(views[one], term.topology_key) in theirs - {""} for one in homes[workload.name])


@given(applications(), cells())
def test_all_of_them_together_fit(workloads: tuple[Workload, ...], fleet: tuple[CellView, ...]) -> None:
    homes, pod = found(workloads, fleet), pod_of(template())
    for one in fleet:
        count = sum(here.get(one.name, 0) for here in homes.values())
        assert room(one, pod) - room(with_pods(one, pod, count), pod) == count


@given(applications(), cells())
def test_a_group_is_whole_or_not_there(workloads: tuple[Workload, ...], fleet: tuple[CellView, ...]) -> None:
    homes = found(workloads, fleet)
    parts = [(one.replicas, sum(homes[one.name].values())) for one in workloads if one.placement.group]
    assert all(count == wanted for wanted, count in parts) or not any(count for _, count in parts)


@given(applications(), cells())
def test_placing_again_moves_nothing(workloads: tuple[Workload, ...], fleet: tuple[CellView, ...]) -> None:
    homes, pod = found(workloads, fleet), pod_of(template())
    later = tuple(with_pods(one, pod, sum(here.get(one.name, 0) for here in homes.values())) for one in fleet)
    again = found(workloads, later, homes)
    for name, here in homes.items():
        assert all(again[name].get(where, 0) >= count for where, count in here.items())


@given(applications(), cells(), st.randoms())
def test_order_of_cells_means_nothing(
    workloads: tuple[Workload, ...], fleet: tuple[CellView, ...], chance: Random
) -> None:
    shuffled = list(fleet)
    chance.shuffle(shuffled)
    assert found(workloads, fleet) == found(workloads, tuple(shuffled))
