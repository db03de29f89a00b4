"""Why a Cell is not for a workload: small questions asked in a fixed order, of which the first answer counts.

The last question, whether there is room, is put to the nodes (`nodes.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pilothouse.api.selectors import LabelSelector, LabelSelectorRequirement
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every Cell: a home for this workload. namespace: for messages, may be empty."""

    workload: Workload
    namespace: str


Filter = Callable[[CellView, Asked], str | None]
"""Says why a Cell is not for a workload; None when it may be."""


def not_kubernetes(cell: CellView, asked: Asked) -> str | None:
    """Workloads run in clusters."""
    del asked
    return None if cell.provider == "kubernetes" else f"a Cell of {cell.provider}; workloads run in Kubernetes Cells"


def abandoned(cell: CellView, asked: Asked) -> str | None:
    """What ran in an abandoned Cell was declared gone."""
    del asked
    return "abandoned: spec.abandoned declares gone what ran there" if cell.abandoned else None


def not_allowed(cell: CellView, asked: Asked) -> str | None:
    """A tenant uses only what spec.allow gives its namespace."""
    who = f"namespace {asked.namespace}" if asked.namespace else "this namespace"
    if not cell.allowed:
        return f"not allowed for {who}: add it to spec.allow of Cell {cell.name}"
    if not cell.allows(kind := asked.workload.kind):
        return f"{kind} is not allowed for {who}: add it to types in spec.allow of Cell {cell.name}"
    return None


def not_selected(cell: CellView, asked: Asked) -> str | None:
    """The customer chose by labels."""
    unmet = _unmet(asked.workload.placement.cell_selector, cell)
    return f"labels do not match placement.cellSelector {','.join(unmet)}" if unmet else None


def not_ready(cell: CellView, asked: Asked) -> str | None:
    """Nothing can be made where nobody answers."""
    del asked
    return None if cell.ready else f"not ready: {cell.message or 'it has not been reached yet'}"


def cordoned(cell: CellView, asked: Asked) -> str | None:
    """A cordoned Cell takes nothing new."""
    del asked
    return f"cordoned: takes nothing new while spec.cordoned of Cell {cell.name} is true" if cell.cordoned else None


LEAVE: Final[tuple[Filter, ...]] = (not_kubernetes, abandoned, not_allowed, not_selected)
"""A Cell with such a reason keeps nothing."""
STAY: Final[tuple[Filter, ...]] = (not_ready, cordoned)
"""A Cell with such a reason keeps what it has and gets nothing new."""


def refusal(filters: Iterable[Filter], cell: CellView, asked: Asked) -> str | None:
    """Return the first reason that `filters` give against `cell`."""
    return next((reason for check in filters if (reason := check(cell, asked)) is not None), None)


def _unmet(selector: LabelSelector, cell: CellView) -> list[str]:
    """Return the requirements that the Cell's labels do not satisfy, as kubectl writes them."""
    exact = [f"{key}={value}" for key, value in sorted(selector.match_labels.items()) if cell.labels.get(key) != value]
    return exact + [_spelled(rule) for rule in selector.match_expressions if not rule.matches(cell.labels)]


def _spelled(rule: LabelSelectorRequirement) -> str:
    match rule.operator:
        case "Exists":
            return rule.key
        case "DoesNotExist":
            return f"!{rule.key}"
        case _:
            return f"{rule.key} {rule.operator.lower()} ({','.join(rule.values)})"
