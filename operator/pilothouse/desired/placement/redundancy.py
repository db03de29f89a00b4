"""N+1: whether the loss of any one failure domain leaves room for what ran there.

Counted in sums by resource, of all pods, those of daemons too: what is short here is short, and what is not may still
find no node that is large enough.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from pilothouse.api.quantities import shown
from pilothouse.desired.cells import CellView, NodeFree


def uncovered(cells: Sequence[CellView], silos: Mapping[str, str]) -> Mapping[str, Mapping[str, int]]:
    """Return, for each failure domain whose loss would leave too little room elsewhere, how much is short by resource.

    silos: the silo of a Cell, by its name, where it has one: only Cells of the same silo can take over.
    Cells that take nothing new offer nothing; what runs in them still has to go somewhere when they are lost.
    """
    clusters = [cell for cell in cells if cell.provider == "kubernetes" and not cell.abandoned]
    domains = sorted({cell.failure_domain for cell in clusters})
    short: dict[str, Counter[str]] = {domain: Counter() for domain in domains}
    for silo in sorted({silos.get(cell.name, "") for cell in clusters}):
        peers = [cell for cell in clusters if silos.get(cell.name, "") == silo]
        lost, free = _by_domain(peers, _reserved), _by_domain(peers, _free)
        whole = sum(free.values(), Counter[str]())
        for domain, reserved in lost.items():
            short[domain] += reserved - (whole - free[domain])
    return {domain: dict(sorted(lacks.items())) for domain, lacks in short.items() if lacks}


def _by_domain(cells: Sequence[CellView], of: Callable[[CellView], Counter[str]]) -> dict[str, Counter[str]]:
    """Sum over the Cells of each failure domain; every Cell is looked at once, for it may have very many nodes."""
    total: dict[str, Counter[str]] = {}
    for cell in cells:
        total[cell.failure_domain] = total.get(cell.failure_domain, Counter()) + of(cell)
    return total


def spelled(lacks: Mapping[str, int]) -> str:
    """Spell what is short for people."""
    return " and ".join(f"{shown(name, lack)} {name}" for name, lack in lacks.items())


def _nodes(cell: CellView) -> list[NodeFree]:
    return [node for node in cell.nodes if cell.node_selector.items() <= node.labels.items()]


def _reserved(cell: CellView) -> Counter[str]:
    """Return what pods request on the nodes of a Cell."""
    total: Counter[str] = Counter()
    for node in _nodes(cell):
        total.update({name: max(0, whole - node.free.get(name, 0)) for name, whole in node.allocatable.items()})
    return +total


def _free(cell: CellView) -> Counter[str]:
    total: Counter[str] = Counter()
    if cell.ready and not cell.cordoned:
        for node in _nodes(cell):
            total.update({name: max(0, free) for name, free in node.free.items() if node.schedulable})
    return total
