"""Our fields of an object, read from what the API server records of server-side apply (managedFields, fieldsV1).

The API server notes for every manager which fields it applied. So others may own the rest of the object: a field that
is not ours is neither compared nor put right. A field that another manager changed has left our record, and is found
because a dry run of our manifest takes it back.

fieldsV1 is a trie: `f:name` is a field, `k:{"name":"web"}` the list item with these keys, `v:"x"` an item of a set,
`i:0` a position, `.` the item itself; a node without children is owned whole.
Source: sigs.k8s.io/structured-merge-diff, fieldpath/serialize-pe.go.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from pilothouse.api.meta import FIELD_MANAGER
from pilothouse.api.plan import Change
from pilothouse.dataplane.kubernetes.types.sensitive import shown_at

Trie = Mapping[str, Any]
OWNERSHIP: Final = "metadata.managedFields"
"""Path of the change that only takes fields back whose values are right already."""

_ITSELF: Final = "."
_NAMED_IN_MESSAGE: Final = 3


def owned(live: Mapping[str, Any], manager: str = FIELD_MANAGER) -> Trie:
    """Return the fields that `manager` applied, as the API server records them; empty when it applied none."""
    for entry in live.get("metadata", {}).get("managedFields") or ():
        applied = entry.get("operation") == "Apply" and not entry.get("subresource")
        if applied and entry.get("manager") == manager:
            return dict(entry.get("fieldsV1") or {})
    return {}


def project(live: Mapping[str, Any], manager: str = FIELD_MANAGER) -> dict[str, Any]:
    """Return the values of the fields that `manager` applied, by path; list items by key, not by position.

    A path reads spec.template.spec.containers[name=web].image, or metadata.labels[app.kubernetes.io/name].
    """
    return dict(values(live, owned(live, manager)))


def fingerprint(live: Mapping[str, Any], manager: str = FIELD_MANAGER) -> str:
    """Return 16 hexadecimal digits that change with any field of `manager`, and with nothing else."""
    text = json.dumps(project(live, manager), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def changed(
    live: Mapping[str, Any], after_dry_run: Mapping[str, Any], manager: str = FIELD_MANAGER
) -> tuple[Change, ...]:
    """Return what an apply changes, given the object as it is and as a dry run of the apply answers it.

    live: empty where there is no such object yet. Secrets and literals of environment variables are not shown.
    Each change tells who else set the value that is there now, as far as the API server knows.
    Where every value is right but a field is no longer recorded as ours, the one change is at `OWNERSHIP`.
    """
    ours_now, ours_then = owned(live, manager), owned(after_dry_run, manager)
    trie = merged(ours_now, ours_then)
    before, after = dict(values(live, trie)), dict(values(after_dry_run, trie))
    kind = str(after_dry_run.get("kind", ""))
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if paths:
        others = _others(live, manager)
        return tuple(_change(kind, path, before.get(path), after.get(path), others.get(path, "")) for path in paths)
    lost = sorted(dict(values(after_dry_run, ours_then)).keys() - dict(values(live, ours_now)).keys())
    return (_change("", OWNERSHIP, None, _summary(lost)),) if lost else ()


def values(item: Any, trie: Trie, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of every leaf of `trie` that `item` has."""
    find: Callable[[str], Any] | None = None
    for element, below in trie.items():
        if element == _ITSELF:
            continue
        if element[0] == "f":
            name = element[2:]
            if not isinstance(item, Mapping) or name not in item:
                continue
            value, spelled = item[name], _field_path(path, name)
        else:
            find = find or _finder(item)
            value, spelled = find(element), path + _item_path(element)
            if value is None:
                continue
        if len(below) > (_ITSELF in below):
            yield from values(value, below, spelled)
        else:
            yield spelled, value


def merged(one: Trie, other: Trie) -> Trie:
    """Return the union of two tries."""
    if not one or not other:
        return one or other
    return {
        element: merged(one.get(element, {}), other.get(element, {}))
        for element in (*one, *(element for element in other if element not in one))
    }


def _change(kind: str, path: str, old: Any, new: Any, by: str = "") -> Change:
    return Change.model_validate(
        {"path": path, "from": shown_at(kind, path, old), "to": shown_at(kind, path, new), "by": by},
    )


def _others(live: Mapping[str, Any], manager: str) -> dict[str, str]:
    """Return by path who else set a field that is there now, the last of them where there are several."""
    entries = live.get("metadata", {}).get("managedFields") or ()
    theirs = [entry for entry in entries if entry.get("manager") != manager]
    return {
        path: str(entry["manager"])
        for entry in sorted(theirs, key=lambda one: str(one.get("time", "")))
        for path, _ in values(live, entry.get("fieldsV1") or {})
    }


def _summary(paths: list[str]) -> str:
    more = len(paths) - _NAMED_IN_MESSAGE
    return f"owns {', '.join(paths[:_NAMED_IN_MESSAGE])}" + (f" and {more} more" if more > 0 else "") + " again"


def _field_path(path: str, name: str) -> str:
    if "." in name or "/" in name:
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


@lru_cache(maxsize=4096)
def _item_keys(element: str) -> tuple[tuple[str, Any], ...]:
    return tuple(json.loads(element[2:]).items())


@lru_cache(maxsize=4096)
def _item_path(element: str) -> str:
    if element[0] == "k":
        return "[" + ",".join(f"{key}={value}" for key, value in _item_keys(element)) + "]"
    return f"[{element[2:]}]"


def _finder(item: Any) -> Callable[[str], Any]:
    """Return what finds items of a list by their fieldsV1 element; None where there is no such item."""
    items = item if isinstance(item, list) else []
    indexes: dict[tuple[str, ...], dict[tuple[Any, ...], Any]] = {}

    def find(element: str) -> Any:
        match element[0]:
            case "k":
                keys = _item_keys(element)
                names = tuple(key for key, _ in keys)
                if names not in indexes:
                    indexes[names] = {_key_of(entry, names): entry for entry in items if isinstance(entry, Mapping)}
                return indexes[names].get(tuple(value for _, value in keys))
            case "v":
                value = json.loads(element[2:])
                return value if value in items else None
            case _:
                index = int(element[2:])
                return items[index] if index < len(items) else None

    return find


def _key_of(entry: Mapping[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(entry.get(name) for name in names)
