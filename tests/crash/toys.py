"""Types over a cloud in memory: every way to make a repeated create harmless, to be listed, and to bear a mark."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from pydantic import Field

from pilothouse.dataplane import errors
from pilothouse.dataplane.types import (
    IMMUTABLE,
    Call,
    Creation,
    Flow,
    Health,
    Listed,
    Mark,
    Owner,
    Ownership,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
)

SERVICE: Final = "double"
WELL: Final = Health()
_SIGN: Final = "owned by "


class ThingSpec(ResourceSpec):
    """Settings of a thing: one that can change, one that cannot, and what people write on it."""

    size: int = Field(1, description="Can change.")
    shape: str = Field("round", description="Cannot change.", json_schema_extra=IMMUTABLE)
    description: str | None = Field(None, description="Left alone where it is not given.")


def described(mark: Mark, text: str) -> str:
    """Return a description: what people wrote, and a mark as its last line."""
    owner = mark.owner
    fields = (owner.control_plane, owner.namespace, owner.application, mark.resource, mark.uid, mark.incarnation)
    return f"{text}\n{_SIGN}{json.dumps(fields)}"


def told(description: str) -> tuple[Mark | None, str]:
    """Read a description: the mark in its last line, and what people wrote. No other line is a mark."""
    text, _, last = description.rpartition("\n")
    if not last.startswith(_SIGN):
        return None, description
    control_plane, namespace, application, resource, uid, incarnation = json.loads(last.removeprefix(_SIGN))
    return Mark(Owner(control_plane, namespace, application), resource, uid, incarnation), text


WORDS: Final = described(Mark(Owner("cp-2", "shop", "billing"), "z", "app-9"), "In stock.")
"""What people write on things: it looks like the mark of somebody else."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing in the cloud. tag: the mark, where it is a tag; where not, the description in `spec` holds it too."""

    id: str
    kind: str
    name: str
    tag: Mark | None
    spec: ThingSpec
    health: Health = WELL

    @property
    def mark(self) -> Mark | None:
        """Whose it is in truth, whatever its type makes of it."""
        return self._split()[0]

    @property
    def settings(self) -> ThingSpec:
        """What people set of it, in truth."""
        return reworded(self.spec, self._split()[1])

    def _split(self) -> tuple[Mark | None, str]:
        text = self.spec.description or ""
        return told(text) if TYPES[self.kind].ownership is Ownership.DESCRIPTION else (self.tag, text)


def reworded(spec: ThingSpec, description: str) -> ThingSpec:
    """Return `spec` with another description; an empty one is none."""
    return spec.model_copy(update={"description": description or None})


class Double(ResourceType[ThingSpec]):
    """What all toys share: the mark in a tag, and listed in full. Subclasses are styles; `noun` ends their kinds."""

    noun: ClassVar[str] = "Thing"
    provider: ClassVar[str] = "double"
    model: ClassVar[type[ResourceSpec]] = ThingSpec
    outputs: ClassVar[tuple[str, ...]] = ("address",)
    snapshots: ClassVar[bool] = True

    def name(self, owner: Owner, resource: str) -> str:
        return f"{owner.namespace}-{owner.application}-{resource}"

    def listing(self, control_plane: str) -> Call:
        return Call(SERVICE, "List", {"kind": self.kind, "controlPlane": control_plane})

    def listed(self, page: Any) -> Iterable[Listed]:
        return [Listed(thing.id, self.reading(thing), self.marked(thing)[0]) for thing in page]

    def find(self, want: Want[ThingSpec]) -> Flow[tuple[Reading, ...]]:
        found = yield Call(SERVICE, "Find", {"kind": self.kind, "name": want.name, "mark": want.mark})
        return tuple(self.reading(thing) for thing in found)

    def read(self, identifier: str) -> Flow[Reading | None]:
        try:
            thing = yield Call(SERVICE, "Read", {"id": identifier})
        except errors.NotFound:
            return None
        return self.reading(thing)

    def reading(self, thing: Thing) -> Reading:
        """Describe a thing as a direct read does."""
        mark, text = self.marked(thing)
        return Reading(thing.id, mark, reworded(thing.spec, text), {"address": f"addr-{thing.id}"}, thing.health)

    def marked(self, thing: Thing) -> tuple[Mark | None, str]:
        """Read the mark of a thing, and what people wrote on it."""
        return thing.tag, thing.spec.description or ""

    def marking(self, mark: Mark, text: str) -> tuple[Mark | None, str]:
        """Return the tag and the description that write `mark` on a thing, and `text` as people's words."""
        return mark, text

    def create(self, want: Want[ThingSpec]) -> Call:
        tag, description = self.marking(want.mark, want.spec.description or "")
        spec = reworded(want.spec, description)
        parameters = {"kind": self.kind, "name": want.name, "tag": tag, "spec": spec, "token": want.token}
        return Call(SERVICE, "Create", parameters)

    def created(self, reply: Any) -> str:
        return str(reply)

    def update(self, have: Reading, want: Want[ThingSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        text = want.spec.description
        if text is None:
            text = "" if "description" in applied_keys else _text(have)
        _, description = self.marking(want.mark, text)
        return (Call(SERVICE, "Update", {"id": have.id, "spec": reworded(want.spec, description)}),)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        return (Call(SERVICE, "Delete", {"id": have.id}),)

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        return (Call(SERVICE, "Photograph", {"id": have.id}), *self.delete(have))

    def adopt(self, have: Reading, want: Want[ThingSpec]) -> tuple[Call, ...]:
        tag, description = self.marking(want.mark, _text(have))
        return (Call(SERVICE, "Mark", {"id": have.id, "tag": tag, "description": description}),)


def _text(have: Reading) -> str:
    assert isinstance(have.spec, ThingSpec)
    return have.spec.description or ""


class Badge(Double):
    """Listings show names and tags."""

    noun = "Badge"

    def listing(self, control_plane: str) -> Call:
        return Call(SERVICE, "ListTags", {"kind": self.kind, "controlPlane": control_plane})

    def listed(self, page: Any) -> Iterable[Listed]:
        return [Listed(identifier, mark=tag) for identifier, tag in page]


class Alias(Double):
    """Listings show names alone, of everything there is: whose a thing is, only a reading tells."""

    noun = "Alias"

    def listing(self, control_plane: str) -> Call:
        return Call(SERVICE, "ListNames", {"kind": self.kind})

    def listed(self, page: Any) -> Iterable[Listed]:
        return [Listed(identifier) for identifier in page]


class Note(Double):
    """There are no tags: the mark stands in the description, below what people write there."""

    noun = "Note"
    ownership = Ownership.DESCRIPTION

    def listing(self, control_plane: str) -> Call:
        return Call(SERVICE, "List", {"kind": self.kind, "controlPlane": ""})

    def ours(self, line: Listed, control_plane: str) -> bool:
        return line.mark is not None and line.mark.owner.control_plane == control_plane

    def marked(self, thing: Thing) -> tuple[Mark | None, str]:
        return told(thing.spec.description or "")

    def marking(self, mark: Mark, text: str) -> tuple[Mark | None, str]:
        return None, described(mark, text)


STYLES: Final[Mapping[str, type[Double]]] = {style.noun: style for style in (Double, Badge, Alias, Note)}


def _toy(style: type[Double], creation: Creation) -> Double:
    kind = f"{creation.value.lower()}{style.noun}"
    toy: Double = type(kind, (style,), {"kind": kind, "creation": creation})()
    return toy


TYPES: Final[Mapping[str, Double]] = {
    toy.kind: toy for style in STYLES.values() for toy in (_toy(style, creation) for creation in Creation)
}


def restyled(kind: str, noun: str) -> str:
    """Return the kind of another style that is made like `kind`, a kind of the first style."""
    return kind.removesuffix(Double.noun) + noun
