"""A cloud in memory: it forgets nothing, lags in its listings on demand, and keeps the journal that judges us."""

import copy
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
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


class Trouble(StrEnum):
    """What one call meets."""

    THROTTLED = "Throttled"
    DOWN = "Down"
    DENIED = "Denied"
    FAILED = "Failed"
    """The next change has no effect, and nobody learns that: an answer of 500, say."""
    LOST = "Lost"
    """The next change has its effect, and nobody learns that."""

    def error(self, call: Call) -> errors.DataplaneError:
        """Return what the sender is told."""
        match self:
            case Trouble.THROTTLED:
                return errors.Throttled(f"{call.operation}: too many calls")
            case Trouble.DENIED:
                return errors.Denied(f"{call.operation}: not permitted")
            case Trouble.FAILED | Trouble.LOST:
                return errors.OutcomeUnknown(f"{call.operation}: no answer")
            case Trouble.DOWN:
                return errors.NotNow(f"{call.operation}: nobody answers")


@dataclass
class Cloud:
    """The cloud's truth, its past, and its journal.

    lag: how many writes its listings are behind, each for `catch_up` seconds at most; `now` tells the time.
    random_tokens: it sees another token with each call, as if the SDK made them up; blind: looking for what a create
    made finds nothing. Both take a safeguard away, and must make duplicates. draining: what deletions wait for.
    lies_until: until when it says of everything that there is no such thing; denied: of what it said so when asked for
    just that, by identifier or mark. troubles: what its next calls meet. versions: of each thing since our last change;
    confirmed: the settings of those that somebody saw.
    """

    lag: int = 0
    catch_up: float = 100.0
    random_tokens: bool = False
    blind: bool = False
    draining: str = ""
    lies_until: float = 0.0
    now: Callable[[], float] = lambda: 0.0
    things: dict[str, Thing] = field(default_factory=dict)
    past: list[tuple[float, dict[str, Thing]]] = field(default_factory=list)
    """When each write was, and what there was before it."""
    tokens: dict[str, tuple[str, ThingSpec]] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    snapshots: dict[str, Thing] = field(default_factory=dict)
    serial: int = 0
    denied: set[str] = field(default_factory=set)
    troubles: list[Trouble | None] = field(default_factory=list)
    versions: dict[str, list[Thing]] = field(default_factory=dict)
    confirmed: dict[str, list[ThingSpec]] = field(default_factory=dict)

    def answer(self, call: Call) -> Any:
        """Carry out one call, at once and wholly, unless it meets trouble."""
        trouble = next(iter(self.troubles), None)
        if trouble in {Trouble.FAILED, Trouble.LOST} and call.operation not in MUTATIONS:
            return self._carry_out(call)
        self.troubles = self.troubles[1:]
        if trouble is None:
            return self._carry_out(call)
        if trouble is Trouble.LOST:
            with suppress(errors.DataplaneError):
                self._carry_out(call)
        raise trouble.error(call)

    def meddle(self, identifier: str, thing: Thing | None) -> None:
        """Let somebody else change a thing, or remove it."""
        self._remember()
        if thing is None:
            del self.things[identifier]
        else:
            self.things[identifier] = thing
            self.versions.setdefault(identifier, []).append(thing)

    def _carry_out(self, call: Call) -> Any:
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
            self._remember()
        result = operations[call.operation](**call.parameters)
        if call.operation in MUTATIONS:
            changed = result or call.parameters["id"]
            if self.things.get(changed) is not self.past[-1][1].get(changed):  # a create may be answered with the first
                self.versions[changed] = [self.things[changed]] if changed in self.things else []
                self.confirmed.pop(changed, None)
        return result

    def _remember(self) -> None:
        self.past.append((self.now(), copy.copy(self.things)))

    def _shown(self, thing: Thing) -> Thing:
        """Take note of what somebody sees, if it is how the thing is, or was since our last change of it."""
        if any(version is thing for version in self.versions.get(thing.id, ())):
            self.confirmed.setdefault(thing.id, []).append(thing.settings)
        return thing

    @property
    def lies(self) -> bool:
        """Whether it says of everything that there is no such thing."""
        return self.now() < self.lies_until

    def stale(self) -> dict[str, Thing]:
        """Return what listings show: the truth of `lag` writes ago, or since the last that is old enough to show."""
        if self.lies:
            return {}
        unseen = self.past[-self.lag :] if self.lag else []
        return next((before for at, before in unseen if self.now() - at <= self.catch_up), self.things)

    def _list(self, kind: str, controlPlane: str) -> list[Thing]:  # noqa: N803 - a wire name
        """List things in full: those with a tag of that control plane, or all."""
        return [self._shown(thing) for thing in self._listed(kind, controlPlane)]

    def _list_tags(self, kind: str, controlPlane: str) -> list[tuple[str, Mark | None]]:  # noqa: N803 - a wire name
        return [(thing.id, thing.tag) for thing in self._listed(kind, controlPlane)]

    def _list_names(self, kind: str) -> list[str]:
        return [thing.id for thing in self._listed(kind, "")]

    def _listed(self, kind: str, control_plane: str) -> list[Thing]:
        shown = [thing for thing in self.stale().values() if thing.kind == kind]
        return [t for t in shown if not control_plane or (t.tag and t.tag.owner.control_plane == control_plane)]

    def _find(self, kind: str, name: str, mark: Mark) -> list[Thing]:
        if self.blind:
            return []
        found = self._matching(kind, name, mark)
        if self.lies:
            self.denied |= {thing.id for thing in found}
            return []
        return [self._shown(thing) for thing in found]

    def _matching(self, kind: str, name: str, mark: Mark) -> list[Thing]:
        if TYPES[kind].creation is Creation.NAMED:
            return [thing for thing in self.things.values() if (thing.kind, thing.name) == (kind, name)]
        ours = (mark.owner, mark.resource)
        listed = self.things.values() if self.lies else self._listed(kind, "")
        marks = ((thing, TYPES[kind].marked(thing)[0]) for thing in listed if thing.kind == kind)
        return [thing for thing, found in marks if found and (found.owner, found.resource) == ours]

    def _read(self, id: str) -> Thing:  # noqa: A002 - a wire name
        if self.lies and id in self.things:
            self.denied.add(id)
        return self._shown(self._there(id))

    def _there(self, identifier: str) -> Thing:
        """Return what is to be changed."""
        if identifier not in self.things or self.lies:
            raise errors.NotFound(f"there is no {identifier}")
        return self.things[identifier]

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
        if first != spec:
            raise errors.TokenMismatch(f"the token made {known} with other settings")
        if known not in self.things:
            raise errors.TokenSpent(f"{known} was destroyed")
        return known

    def _update(self, id: str, spec: ThingSpec) -> None:  # noqa: A002 - a wire name
        old = self._there(id)
        if old.spec.shape != spec.shape:
            raise errors.Invalid("the shape of a thing cannot change")
        self.things[id] = replace(old, spec=spec)
        self.journal.append(Entry("Update", id, old.kind, old.mark))

    def _delete(self, id: str) -> None:  # noqa: A002 - a wire name
        old = self._there(id)
        if self.draining:
            self.things[id] = replace(old, health=Health(HealthState.DELETING, self.draining))
        else:
            del self.things[id]
        self.journal.append(Entry("Delete", id, old.kind, old.mark))

    def _photograph(self, id: str) -> None:  # noqa: A002 - a wire name
        self.snapshots[id] = self._there(id)

    def _mark(self, id: str, tag: Mark | None, description: str) -> None:  # noqa: A002 - a wire name
        old = self._there(id)
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
