"""Cloud resources: from a type block to the spec of its type, in a Cell that exists and is open to the namespace."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import BaseModel, ValidationError

from pilothouse.api.application import Resource
from pilothouse.api.placement import Residency
from pilothouse.dataplane.types import Observed, Reference, ResourceSpec, ResourceType
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.filters import unmet
from pilothouse.desired.state import Problem, Types


def typed(resource: Resource, types: Types) -> tuple[ResourceType[Any], ResourceSpec] | Problem:
    """Return the type and spec of the one type block of `resource`, or what is wrong with it."""
    where = f"spec.resources[{resource.name}]"
    if len(resource.blocks) != 1:
        given = ", ".join(sorted(resource.blocks)) or "none"
        return Problem("InvalidResource", f"{where}: give exactly one type block; found: {given}.")
    kind, block = next(iter(resource.blocks.items()))
    try:
        found = types.resource(kind)
    except LookupError as error:
        return Problem("UnknownType", f"{where}.{kind}: {error.args[0]}")
    if resource.id is not None:
        bare = "one that is only observed has no settings here; leave the block empty."
        return Problem("InvalidResource", f"{where}.{kind}: {bare}") if block else (found, Observed(id=resource.id))
    try:
        return found, found.model.model_validate(block)
    except ValidationError as error:
        return Problem("InvalidResource", "; ".join(_readable(f"{where}.{kind}", detail) for detail in error.errors()))


def _readable(where: str, detail: Mapping[str, Any]) -> str:
    path = ".".join([where, *(str(part) for part in detail["loc"])])
    return f"{path}: {detail['msg']}"


def cell_for(
    resource: Resource,
    kind: ResourceType[Any],
    cells: Sequence[CellView],
    namespace: str,
    current: str,
    full: AbstractSet[str] = frozenset(),
    better: Callable[[CellView], tuple[Any, ...]] = lambda cell: (cell.name,),
) -> str | Problem:
    """Return the Cell that `resource` lives in, or why there is none.

    current: the Cell it lives in already, empty if in none; it stays there while that Cell is allowed. full: those that
    had no room for it: another one is tried while there is any. better: a key by which the best Cell comes first.
    """
    if resource.cell is not None:
        return _named(resource, kind, cells, namespace, current)
    refused: dict[str, str] = {}
    fit: list[str] = []
    for cell in sorted((cell for cell in cells if cell.provider == kind.provider), key=better):
        if why := _refusal(resource, kind, cell, namespace, new=cell.name != current):
            refused[cell.name] = why
        else:
            fit.append(cell.name)
    if not fit:
        where = f"spec.resources[{resource.name}].cellSelector"
        each = "; ".join(f"{name}: {why}" for name, why in sorted(refused.items())) or "there is none: create one"
        return Problem("NoCell", f"{where}: no Cell of {kind.provider} can take it. {each}")
    return current if current in fit else next((cell for cell in fit if cell not in full), fit[0])


def _refusal(resource: Resource, kind: ResourceType[Any], cell: CellView, namespace: str, *, new: bool) -> str:
    """Say why a Cell is not for a resource that may choose; empty when it may be. It stays where it is all the same."""
    if resource.cell_selector is None:
        return "give cell or cellSelector"
    if missed := unmet(resource.cell_selector, cell):
        return f"labels do not match {','.join(missed)}"
    if not cell.allows(kind.kind):
        return f"{kind.kind} is not allowed for namespace {namespace}: add it to spec.allow of Cell {cell.name}"
    if elsewhere := _elsewhere(resource.residency, cell):
        return elsewhere
    if new and cell.cordoned:
        return f"cordoned: takes nothing new while spec.cordoned of Cell {cell.name} is true"
    return f"not ready: {cell.message or 'it has not been reached yet'}" if new and not cell.ready else ""


def _elsewhere(residency: Residency | None, cell: CellView) -> str:
    """Say why what is stored must not be in a Cell: for its tenant's sake, or for that of its data."""
    return cell.barred or (residency.against(cell.region, cell.jurisdiction) if residency is not None else "")


def _named(
    resource: Resource, kind: ResourceType[Any], cells: Sequence[CellView], namespace: str, current: str
) -> str | Problem:
    where = f"spec.resources[{resource.name}].cell"
    cell = next((cell for cell in cells if cell.name == resource.cell), None)
    if cell is None:
        known = ", ".join(sorted(cell.name for cell in cells if cell.allows(kind.kind))) or "none"
        message = f"{where}: there is no Cell {resource.cell}. Cells open to namespace {namespace}: {known}."
        return Problem("CellNotFound", message)
    if obstacle := _obstacle(cell, kind, namespace, resource.residency, new=cell.name != current):
        return Problem("CellNotUsable", f"{where}: {obstacle}")
    return cell.name


def _obstacle(
    cell: CellView, kind: ResourceType[Any], namespace: str, residency: Residency | None, *, new: bool
) -> str:
    if cell.provider != kind.provider:
        return f"Cell {cell.name} is of {cell.provider}, but {kind.kind} needs one of {kind.provider}."
    if not cell.allows(kind.kind):
        return f"Cell {cell.name} does not allow {kind.kind} for namespace {namespace}; its spec.allow must list both."
    if elsewhere := _elsewhere(residency, cell):
        return f"Cell {cell.name}: {elsewhere}."
    if new and cell.cordoned:
        return f"Cell {cell.name} is cordoned and takes nothing new; uncordon it or name another."
    return ""


def references(value: Any) -> Iterator[Reference]:
    """Yield everything in `value` that refers to a resource of the Application by name."""
    match value:
        case Reference():
            if value.ref is not None:
                yield value
        case BaseModel():
            for name in type(value).model_fields:
                yield from references(getattr(value, name))
        case tuple() | list():
            for item in value:
                yield from references(item)
        case dict():
            yield from references(list(value.values()))
        case _:
            return
