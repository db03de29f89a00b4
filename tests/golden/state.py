"""The state of a fleet at rest, as it is kept: read from and written to a folder of JSON."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from pilothouse.controller.ports import Key
from tests.e2e.seen import Object

RELEASED: Final = Path(__file__).parent / "released"
_FILES: Final = ("fleet", "kinds", "objects", "answers")


@dataclass(frozen=True)
class Answer:
    """What a provider answered to one read: a reply, the pages of a listing, or an error by its name and message."""

    call: str
    reply: Any = None
    pages: Sequence[Any] | None = None
    error: tuple[str, str] | None = None


@dataclass(frozen=True)
class State:
    """A fleet that has come to rest.

    version: of the operator; control_plane, key: its identity, and what its hashes are keyed with; namespaces: labels
    by name; kinds: every object of our own kinds; objects: every object with our mark, the nodes and the pods; answers:
    of the cloud, to whatever the operator asked when it started again.
    """

    version: str
    control_plane: str
    key: bytes
    namespaces: dict[str, dict[str, str]]
    kinds: list[Object]
    objects: list[Object]
    answers: list[Answer] = field(default_factory=list)

    def of(self, kind: str) -> list[Object]:
        """Every object of one of our kinds."""
        return [raw for raw in self.kinds if raw["kind"] == kind]

    def applications(self) -> dict[Key, Object]:
        """Every Application."""
        return {Key(raw["metadata"]["namespace"], raw["metadata"]["name"]): raw for raw in self.of("Application")}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` wrote."""
        fleet, kinds, objects, answers = (json.loads((folder / f"{name}.json").read_text()) for name in _FILES)
        key = base64.b64decode(fleet.pop("key"))
        return cls(**fleet, key=key, kinds=kinds, objects=objects, answers=[Answer(**each) for each in _back(answers)])

    def write(self, folder: Path) -> None:
        """Write a file for each part, one line for each object or answer."""
        folder.mkdir(parents=True, exist_ok=True)
        fleet = {
            "version": self.version,
            "control_plane": self.control_plane,
            "key": base64.b64encode(self.key).decode(),
            "namespaces": self.namespaces,
        }
        (folder / "fleet.json").write_text(json.dumps(fleet, indent=2) + "\n")
        _write(folder / "kinds.json", self.kinds)
        _write(folder / "objects.json", self.objects)
        answers = sorted(self.answers, key=lambda answer: answer.call)
        _write(folder / "answers.json", [_given(vars(answer)) for answer in answers])


def releases() -> Iterator[str]:
    """The versions of which the state is kept."""
    return (folder.name for folder in sorted(RELEASED.iterdir()))


def _write(file: Path, items: Sequence[Any]) -> None:
    lines = ",\n".join(json.dumps(_forth(item), sort_keys=True) for item in items)
    file.write_text(f"[\n{lines}\n]\n")


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _forth(value: Any) -> Any:
    """Return what JSON has no word for in a word of its own."""
    match value:
        case dict():
            return {key: _forth(item) for key, item in value.items()}
        case list() | tuple():
            return [_forth(item) for item in value]
        case datetime():
            return {"$time": value.isoformat()}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case _:
            return value


def _back(value: Any) -> Any:
    match value:
        case {"$time": str(text)}:
            return datetime.fromisoformat(text)
        case {"$bytes": str(text)}:
            return base64.b64decode(text)
        case dict():
            return {key: _back(item) for key, item in value.items()}
        case list():
            return [_back(item) for item in value]
        case _:
            return value
