"""Find room for the workloads of one Application, one after the other, so that no two are promised the same room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pilothouse.api.application import LedgerEntry, Placed
from pilothouse.api.names import workload_name
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import HealthState, TargetKey
from pilothouse.desired.cells import CellView
from pilothouse.desired.everywhere import place_everywhere
from pilothouse.desired.placement import Placement, place, reserve


@dataclass(frozen=True, slots=True)
class Housing:
    """Where a workload goes. shortage: what does not fit, and why, Cell by Cell; cells: with its room taken off."""

    placed: tuple[Placed, ...]
    shortage: str
    cells: tuple[CellView, ...]


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who asks for room: the Application, and what it has already. placed: where its workloads were put before."""

    application: str
    namespace: str
    ledger: Mapping[TargetKey, LedgerEntry]
    placed: Sequence[Placed]

    def before(self, workload: str) -> dict[str, Placed]:
        """Return where a workload was put before, by Cell."""
        return {placed.cell: placed for placed in self.placed if placed.workload == workload}

    def unbound(self, workload: Workload) -> dict[str, int]:
        """Return replicas by Cell whose pods nodes may not show yet: those of objects that are not Ready."""
        kind = workload.kind
        return {
            cell: placed.replicas
            for cell, placed in self.before(workload.name).items()
            if not self._is_ready(TargetKey(cell, kind, workload_name(self.application, workload.name, cell, kind)))
        }

    def _is_ready(self, key: TargetKey) -> bool:
        entry = self.ledger.get(key)
        return entry is not None and entry.state == HealthState.READY.value


def house(workload: Workload, cells: Sequence[CellView], tenant: Tenant) -> Housing:
    """Return where `workload` goes. Raises InvalidQuantityError where its template asks for what is no quantity."""
    before = tenant.before(workload.name)
    current = {cell: placed.replicas for cell, placed in before.items()}
    if workload.kind == "DaemonSet":
        everywhere = place_everywhere(workload, cells, current, namespace=tenant.namespace)
        return Housing(_all_placed(workload, everywhere, before), _shortage(workload, everywhere), tuple(cells))
    moving = sum(current.values()) != workload.pieces
    free = reserve(workload, cells, tenant.unbound(workload)) if moving else tuple(cells)
    placement = place(workload, free, current, namespace=tenant.namespace)
    growth = {cell: max(0, count - current.get(cell, 0)) for cell, count in placement.replicas.items()}
    placed = _all_placed(workload, placement, before)
    return Housing(placed, _shortage(workload, placement), reserve(workload, free, growth))


def _all_placed(workload: Workload, placement: Placement, before: Mapping[str, Placed]) -> tuple[Placed, ...]:
    return tuple(_placed(workload, cell, placement, before) for cell in sorted(placement.replicas))


def _placed(workload: Workload, cell: str, placement: Placement, before: Mapping[str, Placed]) -> Placed:
    """Return one placement; where the count is what it was, so is the reason."""
    count, old = placement.replicas[cell], before.get(cell)
    if old is not None and old.replicas == count and old.reason:
        return old
    return Placed(workload=workload.name, cell=cell, replicas=count, reason=placement.reasons.get(cell, ""))


def _shortage(workload: Workload, placement: Placement) -> str:
    blocked = (
        "; ".join(f"{cell}: {why}" for cell, why in sorted(placement.refusals.items()))
        or "There is no Cell yet: create one"
    )
    if placement.shortfall:
        return f"workload {workload.name}: {placement.shortfall} of {workload.pieces} replicas fit nowhere. {blocked}"
    if not placement.replicas:
        return f"workload {workload.name}: no Cell can take it. {blocked}"
    return ""
