"""Small fleets, and every assignment that one has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from hypothesis import strategies as st

from pilothouse.desired.placement.fleet.values import Cell, Fleet, Key, NodeClass, Standing, Workload

Placed = Mapping[Key, Mapping[str, int]]
PRICES = {"cpu": 0.01, "gpu": 1.0}


def cell(name: str, *, cpu: int = 1000, nodes: int = 1, domain: str = "", gpu: int = 0, **more: object) -> Cell:
    """A Cell of nodes alike; its failure domain is its own unless given."""
    amounts = {"cpu": cpu, "gpu": gpu} if gpu else {"cpu": cpu}
    return Cell(name, domain or name, (NodeClass(nodes, amounts),), **more)  # type: ignore[arg-type]


def work(name: str, replicas: int, *, cpu: int = 100, allowed: str = "a b c", gpu: int = 0, **more: object) -> Workload:
    """A workload of an Application of the same name, allowed in the Cells named."""
    requests = {"cpu": cpu, "gpu": gpu} if gpu else {"cpu": cpu}
    return Workload(Key(name, "web"), replicas, requests, tuple(allowed.split()), **more)  # type: ignore[arg-type]


def fleet(cells: list[Cell], *workloads: Workload) -> Fleet:
    return Fleet(tuple(cells), workloads)


@st.composite
def fleets(draw: st.DrawFn, *, placed: bool = False) -> Fleet:
    """At most three Cells and three workloads, tight, with everything that can be said of them."""
    names = ("a", "b", "c")
    cells = [
        Cell(
            name,
            draw(st.sampled_from(("x", "y"))),
            tuple(
                NodeClass(draw(st.integers(1, 2)), {"cpu": draw(st.sampled_from((2, 3, 5))), "gpu": gpu})
                for gpu in draw(st.lists(st.integers(0, 2), max_size=2))
            ),
            {"cpu": draw(st.sampled_from((0.0, 1.0, 2.0)))},
            standing=draw(st.sampled_from((*(Standing.OPEN,) * 5, *Standing))),
        )
        for name in names
    ]
    count = draw(st.integers(0, 3))
    return Fleet(tuple(cells), tuple(draw(_workloads(number, placed=placed)) for number in range(count)))


@st.composite
def _workloads(draw: st.DrawFn, number: int, *, placed: bool) -> Workload:
    names = ("a", "b", "c")
    return Workload(
        key=Key(f"app-{number}", "web"),
        replicas=draw(st.integers(0, 3)),
        requests={"cpu": draw(st.integers(1, 3)), "gpu": draw(st.sampled_from((0, 0, 0, 1)))},
        allowed=tuple(draw(st.permutations(names)))[: draw(st.sampled_from((1, 2, 3, 3)))],
        priority=draw(st.sampled_from((0, 0, 1, 3))),
        min_domains=draw(st.sampled_from((1, 1, 2))),
        closeness=draw(st.dictionaries(st.sampled_from(names), st.sampled_from((0.5, 1.0)))),
        group=draw(st.sampled_from(("", "", "g"))),
        placed=draw(st.dictionaries(st.sampled_from((*names, "gone")), st.integers(0, 3))) if placed else {},
    )


def wrong(subject: Fleet, placed: Placed, *, domains: bool = True) -> str:
    """Say which constraint an assignment breaks, empty for none; reckoned by the plainest means."""
    for one in subject.cells:
        for resource in ("cpu", "gpu", "memory"):
            have = sum(node.count * max(0, node.allocatable.get(resource, 0)) for node in one.nodes)
            asked = sum(placed[w.key].get(one.name, 0) * w.requests.get(resource, 0) for w in subject.workloads)
            if asked > have:
                return f"{one.name}: {asked} of {have} {resource}"
    for workload in subject.workloads:
        if reason := _wrong_of(subject, workload, placed[workload.key], domains=domains):
            return f"{workload.key}: {reason}"
    return _parted(subject, placed)


def _wrong_of(subject: Fleet, workload: Workload, counts: Mapping[str, int], *, domains: bool) -> str:
    cells = {one.name: one for one in subject.cells}
    total = sum(counts.values())
    if total > workload.replicas or any(count <= 0 for count in counts.values()):
        return f"{total} of {workload.replicas}"
    for name, count in counts.items():
        if name not in workload.allowed or cells[name].standing in ("lost", "draining"):
            return f"not allowed in {name}"
        if cells[name].standing == "cordoned" and count > workload.placed.get(name, 0):
            return f"new in the cordoned {name}"
        if count > sum(node.count * _on_node(node, workload) for node in cells[name].nodes):
            return f"more in {name} than its nodes hold"
    used = {cells[name].failure_domain for name in counts}
    return f"in {used} alone" if domains and len(used) < min(workload.min_domains, total) else ""


def _on_node(node: NodeClass, workload: Workload) -> int:
    return min(max(0, node.allocatable.get(name, 0)) // ask for name, ask in workload.requests.items() if ask)


def _parted(subject: Fleet, placed: Placed) -> str:
    missing = {w.group for w in subject.workloads if sum(placed[w.key].values()) < w.replicas}
    there = {w.group for w in subject.workloads if placed[w.key]}
    parted = (missing & there) - {""}
    return f"groups {parted} in part" if parted else ""


def weight(subject: Fleet, placed: Placed) -> int:
    return sum((1 + w.priority) * sum(placed[w.key].values()) for w in subject.workloads)


def all_assignments(subject: Fleet) -> Iterator[Placed]:
    """Every assignment that breaks no constraint."""
    names = [one.name for one in subject.cells]
    choices = [
        [
            {name: count for name, count in zip(names, counts, strict=True) if count}
            for counts in product(range(workload.replicas + 1), repeat=len(names))
            if sum(counts) <= workload.replicas
        ]
        for workload in subject.workloads
    ]
    possible = [
        [counts for counts in choice if not _wrong_of(subject, workload, counts, domains=True)]
        for workload, choice in zip(subject.workloads, choices, strict=True)
    ]
    for chosen in product(*possible):
        placed = {workload.key: counts for workload, counts in zip(subject.workloads, chosen, strict=True)}
        if not wrong(subject, placed):
            yield placed
