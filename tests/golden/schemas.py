"""Whether everything that an API server stores under the old schema of a kind is as valid, and means the same, now.

Stored objects are validated anew whenever anybody writes them, and what their schema does not have is dropped.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.operating import CRDS

Schema = Mapping[str, Any]

NONE: Final[Schema] = {}
_MOST: Final = ("maximum", "maxLength", "maxItems", "maxProperties")
_LEAST: Final = ("minimum", "minLength", "minItems", "minProperties")
_SAME: Final = ("pattern", "format", "exclusiveMaximum", "exclusiveMinimum", "multipleOf", "uniqueItems")
_KEPT: Final = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "nullable")
_SHAPES: Final = ("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type")
_CONSIDERED: Final = frozenset({
    *_MOST, *_LEAST, *_SAME, *_KEPT, *_SHAPES, "type", "enum", "required", "default", "properties", "items",
    "additionalProperties", "x-kubernetes-validations",
})  # fmt: skip
FILE: Final = "schemas.json"


def present() -> dict[str, Schema]:
    """Return the committed kinds by name, without words for people."""
    found = [yaml.load(file.read_text(), yaml.CSafeLoader) for file in sorted(CRDS.glob("*.yaml"))]
    return {each["spec"]["names"]["kind"]: _wordless(each["spec"]) for each in found}


def write(folder: Path) -> None:
    """Keep them as those of a release, one line for each kind."""
    lines = ",\n".join(f"{json.dumps(kind)}: {json.dumps(spec, sort_keys=True)}" for kind, spec in present().items())
    (folder / FILE).write_text(f"{{\n{lines}\n}}\n")


def read(folder: Path) -> dict[str, Schema]:
    """Return what was kept."""
    found: dict[str, Schema] = json.loads((folder / FILE).read_text())
    return found


def harm(old: Schema, new: Schema) -> Iterator[str]:
    """Tell, kind by kind, what of an old one is no longer valid, or means something else."""
    if (old["scope"], old["names"]["plural"]) != (new["scope"], new["names"]["plural"]):
        yield ": scope or name is another"
    versions = {each["name"]: each for each in new["versions"]}
    for each in old["versions"]:
        version = versions.get(each["name"])
        if version is None or not version["served"] or not set(each["subresources"]) <= set(version["subresources"]):
            yield f": version {each['name']}, or a part of it, is not served any more"
        else:
            yield from narrowed(each["schema"]["openAPIV3Schema"], version["schema"]["openAPIV3Schema"], "")


def narrowed(old: Schema, new: Schema, path: str) -> Iterator[str]:
    """Tell what of a schema is narrower than it was, or means something else, by the path of the field."""
    unknown = (old.keys() | new.keys()) - _CONSIDERED
    assert not unknown, f"{path}: nobody has thought of what {sorted(unknown)} does to stored objects"
    yield from (f"{path}: {what}" for what in _of_itself(old, new))
    for name, inner in old.get("properties", NONE).items():
        if name in new.get("properties", NONE):
            yield from narrowed(inner, new["properties"][name], f"{path}.{name}")
        elif not new.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{path}.{name}: removed"
    for inner, place in (("items", "[]"), ("additionalProperties", "{}")):
        if inner in old and inner in new:
            yield from narrowed(old[inner], new[inner], f"{path}{place}")
        elif inner in old and not new.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{path}{place}: removed"


def _of_itself(old: Schema, new: Schema) -> Iterator[str]:
    if old.get("type") != new.get("type"):
        yield f"type {old.get('type')} -> {new.get('type')}"
    yield from (f"{name} -> {new[name]}" for name in _MOST if name in new and new[name] < old.get(name, float("inf")))
    yield from (f"{name} -> {new[name]}" for name in _LEAST if name in new and new[name] > old.get(name, -float("inf")))
    yield from (f"{name} -> {new[name]}" for name in _SAME if name in new and new[name] != old.get(name))
    yield from (f"{name} dropped" for name in _KEPT if name in old and name not in new)
    yield from (f"{name} changed" for name in _SHAPES if old.get(name) != new.get(name))
    if "enum" in new and not set(old.get("enum", [None])) <= set(new["enum"]):
        yield f"enum without {sorted(set(old.get('enum', ['others'])) - set(new['enum']))}"
    if old.get("default") != new.get("default"):
        yield f"default {old.get('default')} -> {new.get('default')}"
    for name in sorted({*new.get("required", ())} - {*old.get("required", ())}):
        if "default" not in new["properties"][name]:
            yield f"{name} required"
    known = {each["rule"] for each in old.get("x-kubernetes-validations", ())}
    rules = (each["rule"] for each in new.get("x-kubernetes-validations", ()))
    yield from (f"rule {rule}" for rule in rules if rule not in known)


def _wordless(value: Any, *, fields: bool = False) -> Any:
    """Return a schema without descriptions, and without the columns that kubectl shows.

    fields: whether `value` is of fields by name, one of which may be called that.
    """
    match value:
        case dict():
            dropped = () if fields else ("description", "additionalPrinterColumns")
            return {
                key: _wordless(item, fields=key == "properties" and not fields)
                for key, item in value.items()
                if key not in dropped
            }
        case list():
            return [_wordless(item) for item in value]
        case _:
            return value
