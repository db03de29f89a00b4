"""Paths to fields as Plans and status spell them: spec.template.spec.containers[name=web].image, tags[cost.center].

What stands in brackets is one step, dots and slashes included: in a mapping the key; in a list the fields that tell
the item apart from the others, or its position.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from pilothouse.api.meta import Wire

Path = tuple[str, ...]

_STEP: Final = re.compile(r"\[([^\[\]]+)\]|([^.\[\]]+)")
_WHOLE: Final = re.compile(r"([^.\[\]]+|\[[^\[\]]+\])(\.[^.\[\]]+|\[[^\[\]]+\])*")
_NOWHERE: Final = object()


def parsed(text: str) -> Path:
    """Return the steps of a path; none when it is not spelled as one."""
    if not _WHOLE.fullmatch(text):
        return ()
    return tuple(key or name for key, name in _STEP.findall(text))


def within(path: Path, outer: Path) -> bool:
    """Tell whether `path` is `outer` or below it."""
    return path[: len(outer)] == outer


def touch(one: Path, other: Path) -> bool:
    """Tell whether one of them is the other or below it."""
    return within(one, other) or within(other, one)


def at(value: Any, path: Path) -> Any:
    """Return what is at `path` in a model, mapping or list; None when there is nothing."""
    found = value
    for step in path:
        found = _below(found, step)
        if found is _NOWHERE:
            return None
    return found


def put(into: Any, path: Path, source: Any) -> Any:
    """Return `into`, at `path` as `source` is there. Unchanged where one of them has nothing that `path` leads through.

    Both are models of one class, or mappings.
    """
    step, *rest = path
    if rest:
        inner, outer = _below(into, step), _below(source, step)
        if not all(isinstance(one, Wire | Mapping) for one in (inner, outer)):
            return into
        return _with(into, step, put(inner, tuple(rest), outer))
    return _with(into, step, _below(source, step))


def without(value: Any, path: Path) -> Any:
    """Return mappings and lists as they are, but for what is at `path`."""
    step, *rest = path
    below = _below(value, step)
    if below is _NOWHERE:
        return value
    kept = without(below, tuple(rest)) if rest else _NOWHERE
    if isinstance(value, list):
        items = ((item, kept if item is below else item) for item in value)
        return [new for _, new in items if new is not _NOWHERE]
    return _with(value, step, kept)


def unknown(model: type[Wire], path: Path) -> str:
    """Return which step of `path` the model has no field for, and those that it has; empty when there is one."""
    annotation: Any = model
    for number, step in enumerate(path):
        kind = _plain(annotation)
        if get_origin(kind) is dict:
            annotation = get_args(kind)[1]
        elif isinstance(kind, type) and issubclass(kind, Wire):
            fields = _fields(kind)
            if step not in fields:
                return f"{_place(path[:number])}there is no field {step}; there is: {', '.join(sorted(fields))}"
            annotation = fields[step].annotation
        else:
            return f"{_place(path[:number])}there are no fields below; name the whole of it"
    return ""


def missing_in(value: Any, path: Path) -> str:
    """Return which step of `path` mappings and lists do not have, and what they have; empty when it is there."""
    for number, step in enumerate(path):
        below = _below(value, step)
        if below is _NOWHERE:
            there = ", ".join(sorted(_steps(value))) or "nothing"
            return f"{_place(path[:number])}{step} is not set, so it is left alone anyway; set are: {there}"
        value = below
    return ""


def _below(value: Any, step: str) -> Any:
    match value:
        case Wire():
            name = next((name for name, info in type(value).model_fields.items() if (info.alias or name) == step), "")
            return getattr(value, name) if name else _NOWHERE
        case Mapping():
            return value.get(step, _NOWHERE)
        case list() | tuple():
            return next((item for number, item in enumerate(value) if _is(item, number, step)), _NOWHERE)
        case _:
            return _NOWHERE


def _is(item: Any, number: int, step: str) -> bool:
    """Tell whether a step such as containerPort=80,protocol=TCP names an item of a list."""
    if step == str(number):
        return True
    pairs = [pair.partition("=") for pair in step.split(",")]
    keyed = isinstance(item, Mapping) and all(mark for _, mark, _ in pairs)
    return keyed and all(str(item.get(key)) == value for key, _, value in pairs)


def _with(value: Any, step: str, new: Any) -> Any:
    if isinstance(value, Wire):
        name = next(name for name, info in type(value).model_fields.items() if (info.alias or name) == step)
        return value.model_copy(update={name: new})
    others = {key: item for key, item in value.items() if key != step}
    return others if new is _NOWHERE else {key: new if key == step else value[key] for key in (*value, step)}


def _steps(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from map(str, value)
    elif isinstance(value, list):
        yield from (f"[name={item['name']}]" for item in value if isinstance(item, Mapping) and "name" in item)


def _fields(model: type[Wire]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _plain(annotation: Any) -> Any:
    """Return the annotation without what is said beside it, and without None."""
    if hasattr(annotation, "__metadata__"):
        return _plain(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType):
        return _plain(next((one for one in get_args(annotation) if one is not type(None)), None))
    return annotation


def _place(path: Iterable[str]) -> str:
    text = ".".join(path)
    return f"in {text} " if text else ""
