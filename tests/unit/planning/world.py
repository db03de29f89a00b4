"""A cloud that does what Plans say, one round of steps at a time, and strategies for what people ask of it."""

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from pilothouse.api.application import DeletionPolicy, LedgerEntry
from pilothouse.api.plan import Step
from pilothouse.api.times import rfc3339
from pilothouse.applying import ledger as books
from pilothouse.applying.ledger import Book
from pilothouse.dataplane.types import Mark, Reading, TargetKey
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Evidence, Look, Sighting, Snapshot, sight
from pilothouse.planning.diff import Draft, mark_of, settings_applied
from pilothouse.planning.outputs import missing
from pilothouse.planning.plan import Policy, Proposal, Subject, make_plan
from tests.unit.planning.things import GADGET, NOW, OWNER, SETTLED, SUBJECT, THING, TYPES, UID, target


@dataclass(frozen=True, slots=True)
class Made:
    """One thing in the cloud."""

    cell: str
    kind: str
    name: str
    reading: Reading


@dataclass
class World:
    """The cloud, the ledger, and what was done, in order, as (action, resource)."""

    wanted: DesiredState = field(default_factory=DesiredState)
    things: dict[str, Made] = field(default_factory=dict)
    book: Book = field(default_factory=Book)
    done: list[tuple[str, str]] = field(default_factory=list)
    subject: Subject = SUBJECT
    policy: Policy = field(default_factory=Policy)
    blind: frozenset[TargetKey] = frozenset()
    serial: int = 0

    def look(self, key: TargetKey) -> Sighting:
        """Read the thing that the ledger knows, or look for its name."""
        known = self.book.entries.get(key)
        if key in self.blind:
            return sight(known, Evidence(unreachable="the Cell does not answer"), _mark(key, known), NOW, 0)
        identifier = known.id if known else ""
        found = [thing.reading for thing in self.things.values() if _is_at(thing, key, identifier)]
        evidence = Evidence(look=Look(tuple(found), NOW, identifier))
        return sight(known, evidence, _mark(key, known), NOW, 0)

    def observe(self) -> Snapshot:
        """Look at everything wanted or remembered, and write down the facts."""
        keys = sorted({*self.wanted.targets, *self.book.entries})
        snapshot = Snapshot(NOW, {key: self.look(key) for key in keys})
        self.book = books.forget(books.record(self.book, snapshot), self.wanted.targets, snapshot)
        return snapshot

    def propose(self) -> Proposal:
        """Observe, plan, and take note of what was found."""
        snapshot = self.observe()
        proposal = make_plan(self.subject, self.wanted, self.book.entries, snapshot, self.policy, TYPES.__getitem__)
        targets = self.wanted.targets
        self.book = books.describe(self.book, proposal.findings, snapshot, targets, rfc3339(NOW), SETTLED)
        return proposal

    def advance(self, proposal: Proposal, at_most: int = 200) -> list[Step]:
        """Do up to so many of the steps that can be done now, and return them."""
        open_steps = {step.name for step in proposal.steps}
        free = [step for step in proposal.steps if not open_steps & set(step.depends_on)]
        runnable = [step for step in free if self._may(proposal.drafts[step.name])][:at_most]
        for step in runnable:
            self._do(proposal.drafts[step.name])
        return runnable

    def settle(self) -> None:
        """Go on until nothing is left to do."""
        for _ in range(60):
            proposal = self.propose()
            if proposal.empty:
                return
            self.advance(proposal)
        raise AssertionError(f"not at rest: {self.done[-9:]}")

    def _may(self, draft: Draft) -> bool:
        if draft.action not in {"Create", "Update", "Adopt"}:
            return True
        ready = all(books.is_ready(self.book.entries.get(key)) for key in draft.after)
        return ready and draft.want is not None and not missing(draft.want.spec, late=draft.action != "Create")

    def _do(self, draft: Draft) -> None:
        self.done.append((draft.action, draft.key.resource))
        entries = dict(self.book.entries)
        match draft.action:
            case "Create":
                entries[draft.key] = self._create(draft)
            case "Update":
                entries[draft.key] = self._update(draft, entries[draft.key])
            case "Adopt":
                entries[draft.key] = self._adopt(draft)
            case "Release" if draft.have is not None:
                del entries[draft.key]
                self._mark(draft.have.id, replace(draft.have.mark, uid="") if draft.have.mark else None)
            case "Delete" | "Replace" if draft.have is not None:
                del self.things[draft.have.id]
            case _:
                raise AssertionError(draft)
        self.book = Book(entries)

    def _create(self, draft: Draft) -> LedgerEntry:
        assert draft.want is not None
        self.serial += 1
        identifier = f"{draft.key.resource}-{self.serial}"
        found = Reading(identifier, draft.want.mark, draft.want.spec, {"address": f"addr-{identifier}"})
        self.things[identifier] = Made(draft.key.cell, draft.key.type, draft.want.name, found)
        known = self.book.entries.get(draft.key) or _blank(draft)
        keys = settings_applied(draft.want)
        made = books.created(known, identifier, NOW)
        remembered = {"applied_keys": keys, "applied_fields": dict(draft.applied_fields)}
        return made.model_copy(update={"state": "Ready", **remembered})

    def _update(self, draft: Draft, known: LedgerEntry) -> LedgerEntry:
        assert draft.want is not None
        assert draft.have is not None
        self._put(draft.have.id, draft.want.spec)
        keys = {*known.applied_keys, *settings_applied(draft.want)}
        return known.model_copy(update={"applied_keys": tuple(sorted(keys))})

    def _adopt(self, draft: Draft) -> LedgerEntry:
        assert draft.want is not None
        assert draft.have is not None
        self._mark(draft.have.id, draft.want.mark)
        known = self.book.entries.get(draft.key) or _blank(draft)
        return known.model_copy(update={"id": draft.have.id, "state": "Ready"})

    def _mark(self, identifier: str, mark: Mark | None) -> None:
        made = self.things[identifier]
        self.things[identifier] = replace(made, reading=replace(made.reading, mark=mark))

    def change(self, identifier: str, **settings: Any) -> None:
        """Change a thing behind the Controller's back."""
        spec = self.things[identifier].reading.spec
        assert spec is not None
        self._put(identifier, spec.model_copy(update=settings))

    def _put(self, identifier: str, spec: Any) -> None:
        made = self.things[identifier]
        self.things[identifier] = replace(made, reading=replace(made.reading, spec=spec))


def _is_at(thing: Made, key: TargetKey, identifier: str) -> bool:
    if identifier:
        return thing.reading.id == identifier
    return (thing.cell, thing.kind, thing.name) == (key.cell, key.type, THING.name(OWNER, key.resource))


def _mark(key: TargetKey, known: LedgerEntry | None) -> Mark:
    return mark_of(OWNER, UID, key, known)


def _blank(draft: Draft) -> LedgerEntry:
    key, after = draft.key, tuple(sorted(map(str, draft.after)))
    return LedgerEntry(
        name=key.resource, type=key.type, cell=key.cell, deletion_policy=draft.deletion_policy, after=after
    )


POLICIES: list[DeletionPolicy] = ["Delete", "Delete", "Delete", "Retain"]
NAMES = ("a", "b", "c", "d", "e")
SETTINGS = st.fixed_dictionaries(
    {"size": st.integers(1, 2), "speed": st.integers(1, 2), "shape": st.sampled_from(["round", "square"])},
    optional={
        "colour": st.sampled_from(["red", "blue"]),
        "password": st.sampled_from(["hunter2", "swordfish"]),
        "tags": st.dictionaries(st.sampled_from("xyz"), st.sampled_from("uv"), max_size=3),
    },
)


@st.composite
def specs(draw: st.DrawFn, *, retain: bool = True, refer: bool = True) -> DesiredState:
    """Up to five things that refer to and depend on each other, in two Cells and of two kinds."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=len(NAMES)))
    targets: list[Target] = []
    for name in names:
        settings: dict[str, Any] = dict(draw(SETTINGS))
        earlier = [one for one in targets if draw(st.booleans())]
        if earlier and refer and draw(st.booleans()):
            settings["peer"] = {"ref": earlier[0].key.resource}
        one = target(
            name,
            cell=draw(st.sampled_from(["sky", "sky", "sea"])),
            kind=draw(st.sampled_from([THING, THING, GADGET])),
            deletion_policy=draw(st.sampled_from(POLICIES)) if retain else "Delete",
            **settings,
        )
        targets.append(replace(one, after=frozenset(other.key for other in earlier)))
    return DesiredState({one.key: one for one in targets})


@st.composite
def worlds(draw: st.DrawFn, *, retain: bool = True, refer: bool = True) -> World:
    """A world at rest after one spec, whose things were changed and removed by others, and another spec to go to.

    It can be met: what says Retain is to keep the shape that it has.
    """
    world = World(wanted=draw(specs(retain=retain, refer=refer)))
    world.settle()
    for identifier in sorted(world.things):
        match draw(st.sampled_from(["leave", "leave", "change", "remove"])):
            case "change":
                world.change(identifier, size=draw(st.integers(1, 3)))
            case "remove":
                del world.things[identifier]
            case _:
                pass
    after = draw(st.one_of(specs(retain=retain, refer=refer), st.just(world.wanted)))
    world.wanted = _spared(after, world.wanted)
    world.done.clear()
    return world


def shaped(one: Target, shape: str) -> Target:
    """The same in a shape that only another one can have."""
    return replace(one, spec=one.spec.model_copy(update={"shape": shape}))


def _spared(after: DesiredState, before: DesiredState) -> DesiredState:
    """Leave what says Retain in the shape that it has."""
    targets = dict(after.targets)
    for key in targets.keys() & before.targets.keys():
        if targets[key].deletion_policy == "Retain":
            targets[key] = shaped(targets[key], getattr(before.targets[key].spec, "shape"))  # noqa: B009 - a Thing's
    return DesiredState(targets)
