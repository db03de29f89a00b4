"""Whatever is wanted, remembered and seen: conditions say no more than is known, and Ready only of what is so."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.api.application import Intent, LedgerEntry
from pilothouse.api.application_reasons import APPLICATION
from pilothouse.api.conditions import Condition, find
from pilothouse.api.drift import DriftPolicy
from pilothouse.api.times import rfc3339
from pilothouse.applying.ledger import Book, describe
from pilothouse.controller.conditions import conditions
from pilothouse.controller.reporting import Report
from pilothouse.dataplane.types import HealthState, Listed, Reading, TargetKey
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Evidence, Look, Outdated, Sighting, Snapshot, Tidings, outdated, sight
from pilothouse.planning.plan import Policy, make_plan
from tests.unit.planning.things import HASHER, NOW, SETTLED, SUBJECT, TYPES, entry, key, mark, reading, target

GENERATION = 7
SETTLES_IN = 300.0
LONG_AGO = NOW - 10_000.0


class Seen(NamedTuple):
    """All there is to know of one thing. tidings: what sweeps say of themselves."""

    evidence: Evidence
    tidings: Tidings


@dataclass(frozen=True)
class Scene:
    """A world, and what the Controller knows of it."""

    wanted: DesiredState
    ledger: dict[TargetKey, LedgerEntry]
    seen: dict[TargetKey, Seen]
    in_flight: tuple[Intent, ...] = ()
    drift: DriftPolicy = "Correct"
    halted: str = ""
    in_line: bool = False

    def sightings(self) -> dict[TargetKey, Sighting]:
        """What is concluded of each thing."""
        return {
            one: sight(self.ledger.get(one), seen.evidence, mark(one.resource), NOW, SETTLES_IN)
            for one, seen in self.seen.items()
        }

    def outdated(self) -> dict[TargetKey, Outdated]:
        """What nobody tells the changes of."""
        found = ((one, sighting) for one, sighting in self.sightings().items() if sighting.reading is not None)
        told = ((one, self.seen[one].tidings, sighting.looked_at) for one, sighting in found)
        late = ((one, outdated(tidings, at, NOW)) for one, tidings, at in told)
        return {one: each for one, each in late if each is not None and one in self.wanted.targets}

    def conditions(self) -> tuple[Condition, ...]:
        """What people are told."""
        snapshot = Snapshot(NOW, self.sightings(), {}, self.outdated())
        proposal = make_plan(SUBJECT, self.wanted, self.ledger, snapshot, Policy(drift=self.drift), TYPES.__getitem__)
        book = Book(self.ledger, self.in_flight)
        book = describe(book, proposal.findings, snapshot, self.wanted.targets, rfc3339(NOW), SETTLED)
        report = Report("checkout", GENERATION, book, self.wanted, proposal, halted=self.halted)
        report = replace(report, outdated=snapshot.outdated, in_line=self.in_line, at=NOW)
        return conditions(report.facts(None, complete=False))


class Flaw(StrEnum):
    """One way in which a thing is not as it should be, or not known to be."""

    UNWANTED = "nobody wants it"
    NOT_ON_RECORD = "the ledger does not know it"
    NO_IDENTIFIER = "the ledger knows that it is gone, or was never made"
    NOT_LISTED = "no listing shows it"
    LOOKED_AT = "it was looked at, a while ago"
    LOOKED_AT_LONG_AGO = "it was looked at, long ago"
    SEEN_TO_BE_GONE = "it was looked for in vain"
    WRITTEN = "it was changed by us and not looked at since"
    UNREACHABLE = "its Cell does not answer"
    STOPPED = "sweeps have stopped"
    FORBIDDEN = "its kind may not be listed"
    CHANGED = "it is not as it is wanted"
    UNAPPLIED = "it is wanted otherwise than it was"
    UNWELL = "it is not Ready"
    UNMARKED = "it bears no mark"
    STATE = "the ledger remembers that it was not Ready"
    IN_FLIGHT = "a step was sent and nobody knows what became of it"


NAMES = ("a", "b")
FLAWS = st.sets(st.sampled_from(Flaw), max_size=2)
SICK = st.sampled_from([state for state in HealthState if state is not HealthState.READY])
UNREADY = st.sampled_from(["Progressing", "Failed", "Created", "Unknown", "Deleting"])


@st.composite
def things(draw: st.DrawFn, name: str) -> tuple[Target, LedgerEntry | None, Seen, frozenset[Flaw]]:
    """A thing that is as it is wanted, but for its flaws."""
    flaws = frozenset(draw(FLAWS))
    wanted = target(name, size=2 if Flaw.UNAPPLIED in flaws else 1)
    state = draw(SICK) if Flaw.UNWELL in flaws else HealthState.READY
    found = reading(name, state=state, size=3 if Flaw.CHANGED in flaws else 1)
    found = replace(found, mark=None) if Flaw.UNMARKED in flaws else found
    known = entry(name, applied_hash=HASHER.hash(target(name, size=1).spec), applied_keys=("size",))
    known = known.model_copy(update={"state": draw(UNREADY) if Flaw.STATE in flaws else "Ready"})
    known = known.model_copy(update={"id": ""}) if Flaw.NO_IDENTIFIER in flaws else known
    return wanted, None if Flaw.NOT_ON_RECORD in flaws else known, _seen(found, flaws), flaws


def _seen(found: Reading, flaws: frozenset[Flaw]) -> Seen:
    listed = () if Flaw.NOT_LISTED in flaws else (Listed(found.id, found, found.mark),)
    at = LONG_AGO if Flaw.STOPPED in flaws else NOW
    look = None
    if Flaw.WRITTEN not in flaws:
        if Flaw.SEEN_TO_BE_GONE in flaws:
            look = Look((), NOW, found.id)
        elif flaws & {Flaw.LOOKED_AT, Flaw.LOOKED_AT_LONG_AGO}:
            look = Look((found,), NOW - 60 if Flaw.LOOKED_AT in flaws else LONG_AGO, found.id)
    unreachable = "the Cell does not answer" if Flaw.UNREACHABLE in flaws else ""
    refused = Flaw.FORBIDDEN in flaws
    tidings = Tidings(at, "forbidden" if refused else "", refused)
    return Seen(Evidence(listed, at, look, Flaw.WRITTEN in flaws, unreachable), tidings)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Any scene of two things."""
    drawn = {key(name): draw(things(name)) for name in NAMES}
    sent = [one for one, (*_, flaws) in drawn.items() if Flaw.IN_FLIGHT in flaws]
    return Scene(
        DesiredState({one: wanted for one, (wanted, *_, flaws) in drawn.items() if Flaw.UNWANTED not in flaws}),
        {one: known for one, (_, known, *_) in drawn.items() if known is not None},
        {one: seen for one, (*_, seen, _) in drawn.items()},
        tuple(Intent(step="s", target=str(one), action="Create", sent_at=rfc3339(NOW), token="t") for one in sent),
        draw(st.sampled_from(["Correct", "Report"])),
        draw(st.sampled_from(["", "", "", "spec.suspend is true"])),
        in_line=draw(st.sampled_from([False, False, False, True])),
    )


def is_ready(told: tuple[Condition, ...]) -> bool:
    ready = find(told, "Ready")
    return ready is not None and ready.status == "True"


@given(scenes())
@settings(max_examples=300)
def test_what_is_ready_was_seen_since_our_last_write_and_is_what_is_wanted(scene: Scene) -> None:
    told = scene.conditions()
    if not is_ready(told):
        return
    drifted = find(told, "Drifted")
    assert drifted is not None
    assert scene.in_flight == ()
    for one, wanted in scene.wanted.targets.items():
        evidence, sighting = scene.seen[one].evidence, scene.sightings()[one]
        assert not evidence.unreachable
        assert not evidence.written
        assert sighting.reading is not None
        assert sighting.reading.health.state is HealthState.READY
        assert one not in scene.outdated()
        as_wanted = sighting.reading.spec == wanted.spec
        assert as_wanted or (drifted.status == "True" and str(one) in drifted.message)
        assert sighting.reading.mark == mark(one.resource) or as_wanted
    for one in scene.ledger.keys() - scene.wanted.targets.keys():
        assert scene.sightings()[one].reading is None or not scene.ledger[one].id


@given(scenes())
@settings(max_examples=150)
def test_conditions_are_declared_speak_of_what_was_read_and_name_their_cause(scene: Scene) -> None:
    told = scene.conditions()
    assert {(each.type, each.status, each.reason) for each in told} <= APPLICATION.combinations
    assert {each.observed_generation for each in told} == {GENERATION}
    ready, reconciling, stalled = told[:3]
    assert (ready.status, reconciling.status, stalled.status) in {
        ("True", "False", "False"),
        ("Unknown", "True", "False"),
        ("False", "False", "True"),
    }
    assert ready.message
    assert ready.status == "True" or (ready.reason, ready.message) in {
        (reconciling.reason, reconciling.message),
        (stalled.reason, stalled.message),
    }


def test_a_world_as_it_is_wanted_is_ready() -> None:
    """So that what is said of what is Ready is said of something."""
    one = target("a", size=2)
    known = entry("a", applied_hash=HASHER.hash(one.spec), applied_keys=("size",))
    found = reading("a", size=2)
    seen = Seen(Evidence((Listed(found.id, found, found.mark),), NOW), Tidings(NOW))
    assert is_ready(Scene(DesiredState({one.key: one}), {one.key: known}, {one.key: seen}).conditions())
