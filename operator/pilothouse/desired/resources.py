"""Cloud resources: from a type block to the spec of its type, in a Cell that exists and is open to the namespace."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import BaseModel, ValidationError

from pilothouse.api.application import Resource
from pilothouse.dataplane.types import Observed, Reference, ResourceSpec, ResourceType
from pilothouse.desired.cells import CellView
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
) -> str | Problem:
    """Return the Cell that `resource` lives in, or why there is none.

    current: the Cell it lives in already, empty if in none; it stays there while that Cell is allowed. full: those that
    had no room for it: another one is tried while there is any.
    """
    if resource.cell is not None:
        return _named(resource, kind, cells, namespace, current)
    selector = resource.cell_selector
    fit = sorted(
        cell.name
        for cell in cells
        if selector is not None and selector.matches(cell.labels)
        if not _obstacle(cell, kind, namespace, new=cell.name != current)
        if cell.ready or cell.name == current
    )
    if not fit:
        where = f"spec.resources[{resource.name}].cellSelector"
        asked = f"no Cell of {kind.provider} with these labels is ready, open to namespace {namespace} and not cordoned"
        return Problem("NoCell", f"{where}: {asked}.")
    return current if current in fit else next((cell for cell in fit if cell not in full), fit[0])


def _named(
    resource: Resource, kind: ResourceType[Any], cells: Sequence[CellView], namespace: str, current: str
) -> str | Problem:
    where = f"spec.resources[{resource.name}].cell"
    cell = next((cell for cell in cells if cell.name == resource.cell), None)
    if cell is None:
        known = ", ".join(sorted(cell.name for cell in cells if cell.allows(kind.kind))) or "none"
        message = f"{where}: there is no Cell {resource.cell}. Cells open to namespace {namespace}: {known}."
        return Problem("CellNotFound", message)
    if obstacle := _obstacle(cell, kind, namespace, new=cell.name != current):
        return Problem("CellNotUsable", f"{where}: {obstacle}")
    return cell.name


def _obstacle(cell: CellView, kind: ResourceType[Any], namespace: str, *, new: bool) -> str:
    if cell.provider != kind.provider:
        return f"Cell {cell.name} is of {cell.provider}, but {kind.kind} needs one of {kind.provider}."
    if not cell.allows(kind.kind):
        return f"Cell {cell.name} does not allow {kind.kind} for namespace {namespace}; its spec.allow must list both."
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
