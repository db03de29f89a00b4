"""A cloud in memory: it forgets nothing, lags in its listings on demand, and keeps the journal that judges us."""

import copy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pilothouse.dataplane import errors
from pilothouse.dataplane.types import Call, Creation, Health, HealthState, Mark
from tests.crash.toys import TYPES, Thing, ThingSpec, reworded


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: what a call really did."""

    operation: str
    id: str
    kind: str
    mark: Mark | None


MUTATIONS = frozenset({"Create", "Update", "Delete", "Mark", "Photograph"})


@dataclass
class Cloud:
    """The cloud's truth, its past, and its journal.

    lag: how many writes its listings are behind, until `catch_up` seconds after the last one; `now` tells the time.
    random_tokens: it sees another token with each call, as if the SDK made them up; blind: looking for what a create
    made finds nothing. Both take a safeguard away, and must make duplicates. draining: what deletions wait for.
    lies_until: until when it says of everything that there is no such thing.
    """

    lag: int = 0
    catch_up: float = 100.0
    random_tokens: bool = False
    blind: bool = False
    draining: str = ""
    lies_until: float = 0.0
    now: Callable[[], float] = lambda: 0.0
    written_at: float = 0.0
    things: dict[str, Thing] = field(default_factory=dict)
    past: list[dict[str, Thing]] = field(default_factory=list)
    tokens: dict[str, tuple[str, ThingSpec]] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    snapshots: dict[str, Thing] = field(default_factory=dict)
    serial: int = 0

    def answer(self, call: Call) -> Any:
        """Carry out one call, at once and wholly."""
        operations: dict[str, Callable[..., Any]] = {
            "List": self._list,
            "ListTags": self._list_tags,
            "ListNames": self._list_names,
            "Find": self._find,
            "Read": self._read,
            "Create": self._create,
            "Update": self._update,
            "Delete": self._delete,
            "Mark": self._mark,
            "Photograph": self._photograph,
        }
        if call.operation in MUTATIONS:
            self.past.append(copy.copy(self.things))
            self.written_at = self.now()
        return operations[call.operation](**call.parameters)

    @property
    def lies(self) -> bool:
        """Whether it says of everything that there is no such thing."""
        return self.now() < self.lies_until

    def stale(self) -> dict[str, Thing]:
        """Return what listings show: the truth of `lag` writes ago."""
        if self.lies:
            return {}
        if self.lag == 0 or self.now() - self.written_at > self.catch_up or not self.past:
            return self.things
        return self.past[max(0, len(self.past) - self.lag)]

    def _list(self, kind: str, controlPlane: str) -> list[Thing]:  # noqa: N803 - a wire name
        """List things in full: those with a tag of that control plane, or all."""
        shown = [thing for thing in self.stale().values() if thing.kind == kind]
        return [t for t in shown if not controlPlane or (t.tag and t.tag.owner.control_plane == controlPlane)]

    def _list_tags(self, kind: str, controlPlane: str) -> list[tuple[str, Mark | None]]:  # noqa: N803 - a wire name
        return [(thing.id, thing.tag) for thing in self._list(kind, controlPlane)]

    def _list_names(self, kind: str) -> list[str]:
        return [thing.id for thing in self._list(kind, "")]

    def _find(self, kind: str, name: str, mark: Mark) -> list[Thing]:
        if self.blind or self.lies:
            return []
        if TYPES[kind].creation is Creation.NAMED:
            return [thing for thing in self.things.values() if thing.kind == kind and thing.name == name]
        ours = (mark.owner, mark.resource)
        marks = ((thing, TYPES[kind].marked(thing)[0]) for thing in self._list(kind, ""))
        return [thing for thing, found in marks if found and (found.owner, found.resource) == ours]

    def _read(self, id: str) -> Thing:  # noqa: A002 - a wire name
        if id not in self.things or self.lies:
            raise errors.NotFound(f"there is no {id}")
        return self.things[id]

    def _create(self, kind: str, name: str, tag: Mark | None, spec: ThingSpec, token: str) -> str:
        creation = TYPES[kind].creation
        token = f"random-{len(self.journal)}" if self.random_tokens else token
        if creation is Creation.NAMED:
            for thing in self.things.values():
                if (thing.kind, thing.name) == (kind, name):
                    if thing.spec != spec:
                        raise errors.Conflict(f"{name} exists with other settings")
                    return thing.id
        if creation is Creation.TOKENED and token in self.tokens:
            return self._again(token, spec)
        self.serial += 1
        identifier = name if creation is Creation.NAMED else f"{kind}-{self.serial}"
        thing = Thing(identifier, kind, name, tag, spec)
        self.things[thing.id] = thing
        self.tokens[token] = (thing.id, spec)
        self.journal.append(Entry("Create", thing.id, kind, thing.mark))
        return thing.id

    def _again(self, token: str, spec: ThingSpec) -> str:
        known, first = self.tokens[token]
        if known not in self.things:
            raise errors.TokenSpent(f"{known} was destroyed")
        if first != spec:
            raise errors.TokenMismatch(f"the token made {known} with other settings")
        return known

    def _update(self, id: str, spec: ThingSpec) -> None:  # noqa: A002 - a wire name
        old = self._read(id)
        if old.spec.shape != spec.shape:
            raise errors.Invalid("the shape of a thing cannot change")
        self.things[id] = replace(old, spec=spec)
        self.journal.append(Entry("Update", id, old.kind, old.mark))

    def _delete(self, id: str) -> None:  # noqa: A002 - a wire name
        old = self._read(id)
        if self.draining:
            self.things[id] = replace(old, health=Health(HealthState.DELETING, self.draining))
        else:
            del self.things[id]
        self.journal.append(Entry("Delete", id, old.kind, old.mark))

    def _photograph(self, id: str) -> None:  # noqa: A002 - a wire name
        self.snapshots[id] = self._read(id)

    def _mark(self, id: str, tag: Mark | None, description: str) -> None:  # noqa: A002 - a wire name
        old = self._read(id)
        self.things[id] = replace(old, tag=tag, spec=reworded(old.spec, description))
        self.journal.append(Entry("Mark", id, old.kind, self.things[id].mark))


class CloudProvider:
    """The provider of one life of the Controller: every call is an effect that may kill it."""

    def __init__(self, cloud: Cloud, effect: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._cloud, self._effect = cloud, effect

    async def send(self, call: Call) -> Any:
        return await self._effect(f"cloud {call.operation}", lambda: self._cloud.answer(call))

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        yield await self._effect(f"cloud {call.operation}", lambda: self._cloud.answer(call))
