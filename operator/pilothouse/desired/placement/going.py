"""Whether a replica that runs may go to another Cell: the same questions as for a new one, put to that Cell alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.moves import fixed
from pilothouse.desired.placement.filters import LEAVE, STAY, Asked, refusal
from pilothouse.desired.placement.nodes import pod_of, room, shortage
from pilothouse.desired.placement.replicas import PLAIN, Terms


def takers(
    workload: Workload, cells: Sequence[CellView], namespace: str = "", terms: Terms = PLAIN
) -> tuple[CellView, ...]:
    """Return the Cells that may be given a replica of `workload`, as far as nothing but room is asked."""
    asked = Asked(workload, namespace, terms.peers)
    return tuple(cell for cell in cells if refusal((*LEAVE, *STAY), cell, asked) is None)


def objection(
    workload: Workload,
    cells: Sequence[CellView],
    current: Mapping[str, int],
    route: tuple[str, str],
    namespace: str = "",
    terms: Terms = PLAIN,
) -> str:
    """Say why no replica of `workload` may go from one Cell to another; empty when one may.

    current: replicas by Cell; route: where from and where to. Raises InvalidQuantityError where the template asks for
    what is no quantity.
    """
    source, destination = route
    if why := fixed(workload):
        return f"workload {workload.name}: {why}"
    cell = next((one for one in cells if one.name == destination), None)
    if not current.get(source):
        return f"no replica of workload {workload.name} is in {source}"
    if cell is None:
        return f"there is no Cell {destination}"
    asked, pod = Asked(workload, namespace, terms.peers), pod_of(workload.template)
    refused = refusal((*LEAVE, *STAY), cell, asked)
    if refused is not None:
        return f"{destination}: {refused}"
    if not room(cell, pod):
        return f"{destination}: {shortage(cell, pod)}"
    uneven = _uneven(workload, cells, current, route, asked)
    return f"{destination}: {uneven}" if uneven else ""


def _uneven(
    workload: Workload, cells: Sequence[CellView], current: Mapping[str, int], route: tuple[str, str], asked: Asked
) -> str:
    """Say how the replicas would be spread less evenly than is asked for; empty when they would not."""
    source, destination = route
    live = (cell for cell in cells if cell.ready and refusal(LEAVE, cell, asked) is None)
    homes = {cell.name: cell.failure_domain for cell in live}
    used = Counter(dict.fromkeys(homes.values(), 0))
    for name, count in current.items():
        if name in homes:
            used[homes[name]] += count
    to, left = homes[destination], homes.get(source)
    if to == left:
        return ""
    after = used + Counter({to: 1})
    if left is not None:
        after[left] -= 1
    return _fewer_domains(workload, len(+used), len(+after)) or _skewed(workload, used, after, to)


def _fewer_domains(workload: Workload, before: int, after: int) -> str:
    wanted = min(workload.placement.spread.min_domains, workload.pieces)
    if after >= min(wanted, before):
        return ""
    return f"it would be in {after} failure domains, and spread.minDomains is {wanted}"


def _skewed(workload: Workload, domains: Iterable[str], after: Counter[str], to: str) -> str:
    spread = workload.placement.spread
    if spread.max_skew is None or spread.when_unsatisfiable != "DoNotSchedule":
        return ""
    known = sorted(domains)
    fewest = min(known, key=lambda domain: (after[domain], domain))
    least = after[fewest] if len(known) >= spread.min_domains else 0  # as where there is a domain more, with none
    if after[to] - least <= spread.max_skew:
        return ""
    return f"its failure domain {to} would have {after[to]} replicas, that of {fewest} {after[fewest]}"
