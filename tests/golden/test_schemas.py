"""What is stored under the kinds of released versions stays valid under the present ones."""

import copy
from typing import Any, Final, NamedTuple

import pytest

from pilothouse.api.placement import Spread
from pilothouse.api.workload import itself
from tests.golden import schemas
from tests.golden.state import RELEASED, releases

WORKLOAD: Final = ".spec.workloads[]"
NEW: Final = "it speaks of a field that is newer than what is stored, and holds where that is absent"
EXCEPTIONS: Final[dict[tuple[str, str], str]] = {
    ("Application", f"{WORKLOAD}: rule {itself('affinity')[0]}"): NEW,
    ("Application", f"{WORKLOAD}: rule {itself('antiAffinity')[0]}"): NEW,
    ("Application", f"{WORKLOAD}.placement.spread: rule {Spread.rules[0][0]}"): NEW,
}
"""What is narrower than it was, by kind and complaint, and why no stored object can be harmed by it."""

KINDS: Final = [(version, kind) for version in releases() for kind in schemas.read(RELEASED / version)]


def complaints(version: str, kind: str) -> set[tuple[str, str]]:
    old, new = schemas.read(RELEASED / version)[kind], schemas.present().get(kind)
    return {(kind, what) for what in (schemas.harm(old, new) if new else [": removed"])}


@pytest.mark.parametrize(("version", "kind"), KINDS)
def test_whatever_is_stored_is_valid_and_means_the_same(version: str, kind: str) -> None:
    """Add to the schemas, or say in EXCEPTIONS why nothing that is stored is harmed."""
    assert complaints(version, kind) - EXCEPTIONS.keys() == set()


def test_every_exception_is_one() -> None:
    found = set[tuple[str, str]]().union(*(complaints(version, kind) for version, kind in KINDS))
    assert EXCEPTIONS.keys() - found == set()


OLD: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["name"],
    "x-kubernetes-validations": [{"rule": "has(self.size)", "message": "give a size"}],
    "properties": {
        "name": {"type": "string", "maxLength": 9},
        "size": {"type": "integer", "minimum": 1, "default": 3},
        "mode": {"type": "string", "enum": ["a", "b"]},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-map-type": "granular"},
        "list": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}}}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


class Change(NamedTuple):
    """What is changed, by the path of a schema in OLD (None removes it), and what is said of it."""

    path: str
    to: Any
    told: list[str]


CHANGES: Final = {
    "nothing": Change("type", "object", []),
    "a new field": Change("properties.new", {"type": "string", "pattern": "x", "default": "x"}, []),
    "a field removed": Change("properties.list.items.properties.key", None, [".list[].key: removed"]),
    "another type": Change("properties.name.type", "integer", [".name: type string -> integer"]),
    "shorter": Change("properties.name.maxLength", 8, [".name: maxLength -> 8"]),
    "longer": Change("properties.name.maxLength", 10, []),
    "a bound where there was none": Change("properties.mode.maxLength", 1, [".mode: maxLength -> 1"]),
    "larger": Change("properties.size.minimum", 2, [".size: minimum -> 2"]),
    "a pattern": Change("properties.name.pattern", "^x$", [".name: pattern -> ^x$"]),
    "a value less": Change("properties.mode.enum", ["a"], [".mode: enum without ['b']"]),
    "a value more": Change("properties.mode.enum", ["a", "b", "c"], []),
    "an enum where there was none": Change("properties.name.enum", ["x"], [".name: enum without ['others']"]),
    "newly required": Change("required", ["name", "mode"], [": mode required"]),
    "required, with a default": Change("required", ["name", "size"], []),
    "another default": Change("properties.size.default", 4, [".size: default 3 -> 4"]),
    "a default where there was none": Change("properties.mode.default", "a", [".mode: default None -> a"]),
    "a rule more": Change("x-kubernetes-validations", [{"rule": "has(self.mode)"}], [": rule has(self.mode)"]),
    "a rule less": Change("x-kubernetes-validations", None, []),
    "other words for a rule": Change("x-kubernetes-validations", [{"rule": "has(self.size)"}], []),
    "another shape": Change(
        "properties.tags.x-kubernetes-map-type", "atomic", [".tags: x-kubernetes-map-type changed"]
    ),
    "values of another type": Change(
        "properties.tags.additionalProperties.type", "integer", [".tags{}: type string -> integer"]
    ),
    "no free keys": Change("properties.tags.additionalProperties", None, [".tags{}: removed"]),
    "what is unknown is dropped": Change(
        "properties.any.x-kubernetes-preserve-unknown-fields",
        None,
        [".any: x-kubernetes-preserve-unknown-fields dropped"],
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_harms_stored_objects_is_told(change: Change) -> None:
    new = copy.deepcopy(OLD)
    *way, last = change.path.split(".")
    place = new
    for step in way:
        place = place[step]
    if change.to is None:
        del place[last]
    else:
        place[last] = change.to
    assert list(schemas.narrowed(OLD, new, "")) == change.told


def test_a_keyword_that_nobody_has_thought_of_is_told() -> None:
    with pytest.raises(AssertionError, match="oneOf"):
        list(schemas.narrowed(OLD, OLD | {"oneOf": []}, ""))


WHOLE: Final[dict[str, Any]] = {
    "scope": "Namespaced",
    "names": {"plural": "things"},
    "versions": [
        {
            "name": "v1",
            "served": True,
            "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object"}},
        }
    ],
}
WHOLES: Final[dict[str, dict[str, Any]]] = {
    "scope": {"scope": "Cluster"},
    "name": {"names": {"plural": "others"}},
    "version": {"versions": []},
    "served": {"versions": [WHOLE["versions"][0] | {"served": False}]},
    "status": {"versions": [WHOLE["versions"][0] | {"subresources": {}}]},
}


@pytest.mark.parametrize("change", WHOLES.values(), ids=WHOLES)
def test_what_harms_a_whole_kind_is_told(change: dict[str, Any]) -> None:
    assert len(list(schemas.harm(WHOLE, WHOLE | change))) == 1
    assert list(schemas.harm(WHOLE, WHOLE)) == []
