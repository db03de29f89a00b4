"""An Application that takes over what was found: its Plan shows nothing that would change."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pilothouse.api.meta import API_VERSION, Wire
from pilothouse.dataplane.types import Reference, Sensitive
from pilothouse.importing.finding import Found

_LONGEST: Final = 40
Names = Mapping[tuple[str, str], str]
"""The names of resources by type and identifier."""


def application(name: str, namespace: str, cell: str, found: Sequence[Found]) -> dict[str, Any]:
    """Return the manifest. What refers to another thing that was found refers to it by name."""
    names = _names(found)
    resources = [
        {
            "name": names[one.type.kind, one.reading.id],
            "cell": cell,
            "adopt": {"id": one.reading.id},
            one.type.kind: settings(one, names),
        }
        for one in found
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"resources": resources},
    }


def settings(one: Found, names: Names) -> dict[str, Any]:
    """Return the type block: what differs from the defaults, and nothing that is sensitive."""
    return _block(one.type.model, one.reading.spec, names)


def left_out(one: Found) -> tuple[str, ...]:
    """Return the fields that are set and sensitive: they are never shown, and stay as they are while not given."""
    model, spec = one.type.model, one.reading.spec
    return tuple(path for path, name, _ in _fields(model) if isinstance(getattr(spec, name), Sensitive))


def _block(model: type[BaseModel], spec: Any, names: Names) -> dict[str, Any]:
    found = {}
    for path, name, info in _fields(model):
        value = getattr(spec, name, None)
        given = info.is_required() or value != info.get_default(call_default_factory=True)
        if value is not None and given and not isinstance(value, Sensitive):
            found[path] = _plain(value, names)
    return found


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, str, FieldInfo]]:
    for name, info in model.model_fields.items():
        yield info.alias or name, name, info


def _plain(value: Any, names: Names) -> Any:
    match value:
        case Reference():
            name = names.get((value.to, value.id or ""))
            return {"ref": name} if name else {"id": value.id}
        case Wire():
            return _block(type(value), value, names)
        case Mapping():
            return {key: _plain(item, names) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item, names) for item in value]
        case _:
            return value


def _names(found: Iterable[Found]) -> dict[tuple[str, str], str]:
    """Name things by their tag Name, else by their kind, each differently."""
    names: dict[tuple[str, str], str] = {}
    for one in found:
        tags = getattr(one.reading.spec, "tags", {})
        wanted = _label(tags.get("Name", "")) or _label(one.type.kind.removeprefix(one.type.provider))
        taken, number = set(names.values()), 2
        name = wanted
        while name in taken:
            name, number = f"{wanted}-{number}", number + 1
        names[one.type.kind, one.reading.id] = name
    return names


def _label(text: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()
    return re.sub(r"[^a-z0-9]+", "-", spaced).strip("-")[: _LONGEST - 4].strip("-")
