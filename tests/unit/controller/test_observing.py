"""What one pass reads: as little as it can, and always what only a read can tell."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import Intent, LedgerEntry
from pilothouse.api.drift import DriftRule, FieldDrift
from pilothouse.api.paths import Path
from pilothouse.api.plan import Change
from pilothouse.api.times import rfc3339
from pilothouse.applying.ledger import Book
from pilothouse.controller.observing import Listing, Memory, Observer, Subject
from pilothouse.dataplane import errors
from pilothouse.dataplane.types import (
    Call,
    Flow,
    Health,
    HealthState,
    Listed,
    Owner,
    ResourceType,
    TargetKey,
    Want,
)
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Look, Outdated, Presence, Preview, Sighting, Tidings
from tests.unit.planning.things import (
    HASHER,
    NOW,
    OTHERS,
    OWNER,
    TYPES,
    UID,
    Previewed,
    applied,
    desired,
    entry,
    key,
    ledger,
    mark,
    reading,
    target,
)

CHANGE = Change.model_validate({"path": "size", "from": 1, "to": 2})


class Asking(Previewed):
    """A previewed thing that asks its provider."""

    def preview(self, want: Want[Any]) -> Flow[tuple[Change, ...]]:
        asked = {"name": want.name, "peer": want.spec.peer, "colour": want.spec.colour}
        found: tuple[Change, ...] = yield Call("double", "Preview", asked)
        return found

    def foreign(self, want: Want[Any], at: Collection[Path]) -> Flow[frozenset[Path]]:
        found: frozenset[Path] = yield Call("double", "Foreign", {"name": want.name, "at": at})
        return found


ASKING = Asking("asking")
KINDS: dict[str, ResourceType[Any]] = {**TYPES, "asking": ASKING}


@dataclass
class Outside:
    """A clock, a provider that answers by operation, what sweeps have seen, and the catalog."""

    answers: dict[str, Any] = field(default_factory=dict)
    lines: tuple[Listed, ...] = ()
    listed_at: float = 0.0
    unlisted_at: float = 0.0
    why_unreachable: str = ""
    is_abandoned: bool = False
    told: Tidings | None = None
    asked: list[Call] = field(default_factory=list)
    time: float = NOW

    def now(self) -> float:
        return self.time

    def provider(self, cell: str, namespace: str = "") -> "Outside":
        del cell
        return self

    async def send(self, call: Call) -> Any:
        self.asked.append(call)
        answer = self.answers[call.operation]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        yield await self.send(call)

    def listing(self, key: TargetKey, owner: Owner, identifier: str) -> Listing:
        del owner, identifier
        lines = tuple(line for line in self.lines if line.mark is None or line.mark.resource == key.resource)
        return Listing(lines, self.listed_at)

    def unlisted(self, key: TargetKey, name: str) -> float:
        assert name == f"checkout-{key.resource}"
        return self.unlisted_at

    def strays(self, owner: Owner) -> Iterator[tuple[TargetKey, Listed]]:
        assert owner == OWNER
        yield key("stray"), Listed("s-1")

    def tidings(self, key: TargetKey, owner: Owner, identifier: str) -> Tidings | None:
        assert self.told is None or (key, owner, identifier) == (A, OWNER, "a-1")
        return self.told

    def unreachable(self, cell: str) -> str:
        del cell
        return self.why_unreachable

    def abandoned(self, cell: str) -> bool:
        del cell
        return self.is_abandoned

    def of(self, kind: str) -> ResourceType[Any]:
        return KINDS[kind]

    def observer(self) -> Observer:
        return Observer(self, self, self, HASHER, self)

    def operations(self) -> list[str]:
        return [call.operation for call in self.asked]


ROUND = target("a")
A = ROUND.key
HERE = reading("a")
LINE = Listed("a-1", HERE, HERE.mark)
INTENT = Intent(step="create-a", target=str(A), action="Create", sent_at="", token="checkout-a")


def subject(*entries: LedgerEntry, wanted: Iterable[Target] = (ROUND,), in_flight: tuple[Intent, ...] = ()) -> Subject:
    return Subject(OWNER, UID, desired(*wanted), Book(ledger(*entries), in_flight))


class Case(NamedTuple):
    outside: Outside
    subject: Subject
    asked: list[str]
    presence: Presence
    reason: str


KNOWN = applied(ROUND)
MOVING = replace(HERE, health=Health(HealthState.PROGRESSING))
VANISHED = entry("a", id="", incarnation=1, state="Gone", lost_at=rfc3339(NOW - 9), lost_id="a-1")
OF_B = reading("b", "a-1")
CASES = {
    "lost, and there": Case(
        Outside({"Find": (), "Read": HERE}), subject(VANISHED), ["Find", "Read"], Presence.PRESENT, "it was denied"
    ),
    "lost, and another has its name": Case(
        Outside({"Find": (), "Read": OF_B}, (Listed("a-1", OF_B, OF_B.mark),), NOW - 1),
        subject(VANISHED, entry("b", id="a-1")),
        ["Find"],
        Presence.ABSENT,
        "what has that identifier is the other's",
    ),
    "lost, and another has its name before": Case(
        Outside({"Find": (), "Read": OF_B}),
        subject(VANISHED, wanted=(replace(ROUND, renamed_from="b"), target("b"))),
        ["Find", "Read", "Find"],
        Presence.ABSENT,
        "what bears that name is the other's",
    ),
    "new": Case(Outside({"Find": ()}), subject(), ["Find"], Presence.ABSENT, "only a look allows a create"),
    "found": Case(Outside({"Find": (HERE,)}), subject(), ["Find"], Presence.PRESENT, "a reply was lost"),
    "listed": Case(
        Outside(lines=(LINE,), listed_at=NOW), subject(KNOWN), [], Presence.PRESENT, "most things cost no read"
    ),
    "not listed": Case(
        Outside({"Read": HERE}, listed_at=NOW - 1), subject(KNOWN), ["Read"], Presence.PRESENT, "is it gone?"
    ),
    "gone": Case(
        Outside({"Read": None}, listed_at=NOW), subject(KNOWN), ["Read"], Presence.GONE, "its provider says so"
    ),
    "refused": Case(
        Outside({"Read": errors.Denied("no permission")}),
        subject(KNOWN),
        ["Read"],
        Presence.UNKNOWN,
        "not seen, not gone",
    ),
    "unreachable": Case(
        Outside(why_unreachable="down"), subject(KNOWN), [], Presence.UNKNOWN, "there is nobody to ask"
    ),
    "abandoned": Case(Outside(is_abandoned=True), subject(KNOWN), [], Presence.GONE, "a person declared it gone"),
    "in flight": Case(
        Outside({"Read": HERE}, (LINE,), NOW),
        subject(KNOWN, in_flight=(INTENT,)),
        ["Read"],
        Presence.PRESENT,
        "what came?",
    ),
    "unwanted, never made": Case(
        Outside(), subject(entry("a", id=""), wanted=()), [], Presence.UNKNOWN, "there is nothing to look for"
    ),
    "unwanted, in flight": Case(
        Outside({"Find": ()}),
        subject(entry("a", id=""), wanted=(), in_flight=(INTENT,)),
        ["Find"],
        Presence.ABSENT,
        "what comes late has to be found, and removed",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_pass_reads_what_only_a_read_can_tell(case: Case) -> None:
    case.outside.asked.clear()
    snapshot = await case.outside.observer().snapshot(case.subject, Memory(case.outside))
    assert case.outside.operations() == case.asked, case.reason
    assert snapshot.sighting(A).presence is case.presence, case.reason


async def test_what_was_looked_at_is_not_looked_at_again() -> None:
    outside = Outside({"Read": HERE})
    memory = Memory(outside)
    for _ in range(3):
        await outside.observer().snapshot(subject(KNOWN), memory)
    snapshot = await outside.observer().snapshot(subject(KNOWN), memory)
    assert outside.operations() == ["Read"]
    assert snapshot.sighting(A) == Sighting(Presence.PRESENT, HERE, ours=True, looked_at=NOW)


async def test_what_was_just_made_and_is_not_seen_yet_is_looked_for_until_it_is_or_is_gone() -> None:
    """One look that came too early is no proof minutes later: AWS shows nothing of a new thing for a while."""
    made = entry("a", state="Created", changed_at=rfc3339(NOW))
    outside = Outside({"Read": None})
    memory = Memory(outside)
    early = await outside.observer().snapshot(subject(made), memory)
    assert early.sighting(A).presence is Presence.UNKNOWN
    outside.answers["Read"], outside.time = HERE, NOW + 1000
    seen = await outside.observer().snapshot(subject(made), memory)
    assert seen.sighting(A).presence is Presence.PRESENT
    outside.answers["Read"] = None
    memory.wrote(A)
    gone = await outside.observer().snapshot(subject(made), memory)
    assert gone.sighting(A).presence is Presence.GONE


async def test_what_a_cloud_is_working_on_is_looked_at_until_it_is_done() -> None:
    """Nothing tells when an instance runs but another question."""
    outside, memory = Outside({"Read": MOVING}), Memory(Outside())
    for _ in range(3):
        await outside.observer().snapshot(subject(KNOWN), memory)
    outside.answers["Read"] = HERE
    for _ in range(3):
        await outside.observer().snapshot(subject(KNOWN), memory)
    assert len(outside.asked) == 4


async def test_what_was_written_is_read_again_before_anything_is_concluded() -> None:
    outside = Outside({"Read": HERE}, (LINE,), NOW)
    memory = Memory(outside)
    await outside.observer().snapshot(subject(KNOWN), memory)
    memory.wrote(A)
    await outside.observer().snapshot(subject(KNOWN), memory)
    assert outside.operations() == ["Read"]


async def test_a_failure_is_told_and_forgotten_once_it_is_over() -> None:
    outside = Outside({"Read": errors.NotNow("throttled")})
    memory = Memory(outside)
    found = (await outside.observer().snapshot(subject(KNOWN), memory)).sighting(A)
    assert (found.message, found.failed) == ("throttled", True)
    outside.answers["Read"] = HERE
    assert (await outside.observer().snapshot(subject(KNOWN), memory)).sighting(A).presence is Presence.PRESENT


OTHER = target("t", kind=TYPES["gadget"])


@pytest.mark.parametrize(
    ("wanted", "known", "asked", "reason"),
    [
        (ROUND, (), [], "the create of a named thing is a look itself"),
        (OTHER, (), ["Find"], "that of any other makes another one"),
        (ROUND, (entry("a", id=""),), ["Find"], "an earlier create may still have its effect"),
        (replace(ROUND, adopt="a-9"), (), ["Read"], "what is to be taken over has another name"),
    ],
)
async def test_a_listing_without_its_name_spares_the_look_for_something_named(
    wanted: Target, known: tuple[LedgerEntry, ...], asked: list[str], reason: str
) -> None:
    outside = Outside({"Find": (), "Read": None}, unlisted_at=NOW)
    snapshot = await outside.observer().snapshot(subject(*known, wanted=(wanted,)), Memory(outside))
    assert outside.operations() == asked, reason
    assert snapshot.sighting(wanted.key).presence is Presence.ABSENT


async def test_one_things_failure_is_no_others() -> None:
    class Half(Outside):
        async def send(self, call: Call) -> Any:
            if call.parameters == {"id": "a-1"}:
                raise errors.OutcomeUnknown("reset")
            return await super().send(call)

    outside = Half({"Read": reading("b")})
    other = target("b")
    snapshot = await outside.observer().snapshot(subject(KNOWN, applied(other), wanted=(ROUND, other)), Memory(outside))
    assert snapshot.sighting(A).failed
    assert snapshot.sighting(other.key).presence is Presence.PRESENT


async def test_an_extra_that_is_proven_gone_is_not_believed_of_listings_any_more() -> None:
    extra = reading("a", "a-2")
    outside = Outside({"Read": HERE}, (LINE, Listed("a-2", extra, extra.mark)), NOW)
    memory = Memory(outside)
    assert (await outside.observer().snapshot(subject(KNOWN), memory)).sighting(A).extras == (extra,)
    memory.missed(A, "a-2")
    assert (await outside.observer().snapshot(subject(KNOWN), memory)).sighting(A).extras == ()
    memory.saw(A, (HERE, extra))
    assert (await outside.observer().snapshot(subject(KNOWN), memory)).sighting(A).extras == (extra,)


async def test_what_is_sought_is_known_by_its_name_and_mark_also_after_its_spec_is_gone() -> None:
    asked = []
    for wanted in ((ROUND,), ()):
        outside = Outside({"Find": ()})
        await outside.observer().snapshot(
            subject(entry("a", id=""), wanted=wanted, in_flight=(INTENT,)), Memory(outside)
        )
        asked.append(outside.asked)
    assert asked[0] == asked[1] == [Call("double", "Find", {"name": "checkout-a"})]


WANTED = target("p", kind=ASKING, size=2)
P = WANTED.key
LIVE = Listed("p-1", replace(reading("p"), fingerprint="f-1"), mark("p"))
STALE = applied(WANTED).model_copy(update={"applied_hash": "hmac:0"})


class Asked(NamedTuple):
    answer: Any
    known: LedgerEntry
    preview: Preview | None
    asked: int
    reason: str


ASKED = {
    "changes": Asked((CHANGE,), STALE, Preview((CHANGE,)), 1, "a dry run says what would change"),
    "refused": Asked(
        errors.Invalid("too large"), STALE, Preview(refusal="too large"), 1, "and that it would be refused"
    ),
    "no answer": Asked(errors.NotNow("busy"), STALE, None, 1, "no answer is no permission"),
    "nothing moved": Asked(
        (),
        applied(WANTED).model_copy(update={"stored_hash": HASHER.hash("f-1")}),
        None,
        0,
        "a dry run is spared where nothing moved",
    ),
    "never made": Asked((), entry("p", kind="asking", id=""), None, 0, "there is nothing to change"),
}


@pytest.mark.parametrize("case", ASKED.values(), ids=ASKED)
async def test_a_provider_is_asked_what_an_apply_would_change(case: Asked) -> None:
    outside = Outside({"Preview": case.answer, "Find": ()}, (LIVE,), NOW)
    snapshot = await outside.observer().snapshot(subject(case.known, wanted=(WANTED,)), Memory(outside))
    assert snapshot.previews.get(P) == case.preview, case.reason
    assert outside.operations().count("Preview") == case.asked, case.reason


async def test_the_same_question_is_asked_once() -> None:
    outside = Outside({"Preview": (CHANGE,)}, (LIVE,), NOW)
    memory = Memory(outside)
    await outside.observer().snapshot(subject(STALE, wanted=(WANTED,)), memory)
    snapshot = await outside.observer().snapshot(subject(STALE, wanted=(WANTED,)), memory)
    assert (outside.operations(), snapshot.previews) == (["Preview"], {P: Preview((CHANGE,))})
    other = target("p", kind=ASKING, size=3)
    await outside.observer().snapshot(subject(STALE, wanted=(other,)), memory)
    moved = replace(reading("p"), fingerprint="f-2")
    outside.lines = (Listed("p-1", moved, moved.mark),)
    await outside.observer().snapshot(subject(STALE, wanted=(other,)), memory)
    assert outside.operations() == ["Preview"] * 3


IGNORED = DriftRule(fields=(FieldDrift(path="colour", policy="Ignore"), FieldDrift(path="size", policy="Report")))


@pytest.mark.parametrize("foreign", [frozenset(), frozenset({("colour",)})])
async def test_what_is_left_alone_and_others_took_over_is_no_part_of_the_question(foreign: frozenset[Path]) -> None:
    wanted = target("p", kind=ASKING, colour="red")
    outside = Outside({"Preview": (), "Foreign": foreign}, (LIVE,), NOW)
    memory, known = Memory(outside), subject(STALE, wanted=(replace(wanted, drift=IGNORED),))
    snapshot = await outside.observer().snapshot(known, memory)
    assert snapshot.previews == {P: Preview(foreign=foreign)}
    asked, previewed = outside.asked
    assert asked.parameters["at"] == {("colour",)}
    assert previewed.parameters["colour"] == (None if foreign else "red")
    outside.answers["Foreign"] = errors.NotNow("busy")
    await outside.observer().snapshot(known, memory)
    assert outside.operations() == ["Foreign", "Preview"], "the same question is asked once"
    await outside.observer().snapshot(subject(STALE, wanted=(wanted,)), memory)
    assert outside.operations()[2:] == ["Preview"], "under another policy it is another question"
    assert (await outside.observer().snapshot(known, Memory(outside))).previews == {}, "no answer is no permission"


async def test_what_others_took_over_is_no_part_of_the_question_of_another_edition_either() -> None:
    """Its hashes say that a wish about the field was uttered."""
    wanted = replace(target("p", kind=ASKING, colour="red"), drift=IGNORED)
    known = STALE.model_copy(update={"applied_fields": {"colour": "hmac:of another form"}})
    outside = Outside({"Preview": (), "Foreign": frozenset({("colour",)})}, (LIVE,), NOW)
    await outside.observer().snapshot(replace(subject(known, wanted=(wanted,)), standing=OTHERS), Memory(outside))
    assert outside.operations() == ["Foreign", "Preview"]
    await outside.observer().snapshot(subject(known, wanted=(wanted,)), Memory(outside))
    assert outside.operations()[2:] == ["Preview"]


async def test_a_preview_is_asked_with_outputs_and_not_before_they_are_known() -> None:
    wanted = target("p", kind=ASKING, peer={"ref": "a"})
    outside = Outside({"Preview": (), "Read": None, "Find": ()}, (LIVE,), NOW)
    known = subject(STALE, wanted=(ROUND, wanted))
    await outside.observer().snapshot(known, Memory(outside))
    assert "Preview" not in outside.operations()
    outside.answers["Find"] = (HERE,)
    await outside.observer().snapshot(known, Memory(outside))
    assert outside.asked[-1].parameters["peer"].id == "a-1"


def test_strays_are_what_sweeps_have_seen() -> None:
    assert list(Outside().observer().strays(OWNER)) == [(key("stray"), Listed("s-1"))]


def test_memory_keeps_the_last_look() -> None:
    memory = Memory(Outside())
    memory.saw(A, (HERE,), "a-1")
    assert memory.looks == {A: Look((HERE,), NOW, "a-1")}
    memory.wrote(A)
    assert (memory.looks, memory.written) == ({}, {A})
    memory.saw(A, ())
    assert memory.written == set()


async def test_nothing_is_read_for_nothing() -> None:
    outside = Outside()
    snapshot = await outside.observer().snapshot(Subject(OWNER, UID, DesiredState(), Book()), Memory(outside))
    assert (snapshot.sightings, outside.asked) == ({}, [])


STOPPED = Tidings(NOW - 1_000.0, "the stream broke")
LISTED = Outside(lines=(LINE,), listed_at=NOW)
OBSERVED = replace(ROUND, observed="a-1")


class Age(NamedTuple):
    tidings: Tidings | None
    subject: Subject
    reason: str
    outdated: bool = False


AGES = {
    "told": Age(Tidings(NOW), subject(KNOWN), "somebody would tell"),
    "told no longer": Age(STOPPED, subject(KNOWN), "it may have changed since", outdated=True),
    "told by nobody yet": Age(None, subject(KNOWN), "its Cell says that it was not reached yet"),
    "told no longer, and unwanted": Age(STOPPED, subject(KNOWN, wanted=()), "a look decides on its deletion"),
    "told no longer, and only read": Age(STOPPED, subject(KNOWN, wanted=(OBSERVED,)), "it is read again anyway"),
    "told no longer, and not on record": Age(STOPPED, subject(), "it is about to be taken over, or is not ours"),
}


@pytest.mark.parametrize("age", AGES.values(), ids=AGES)
async def test_what_nobody_tells_the_changes_of_is_outdated(age: Age) -> None:
    outside = replace(LISTED, told=age.tidings, answers={"Find": (HERE,)})
    snapshot = await outside.observer().snapshot(age.subject, Memory(outside))
    assert snapshot.sightings[A].reading is not None, "only of what was seen there is something to tell"
    want = {A: Outdated(STOPPED.at, STOPPED.trouble, refused=False)} if age.outdated else {}
    assert snapshot.outdated == want, age.reason


async def test_what_was_just_looked_at_is_not_outdated() -> None:
    outside = Outside({"Read": HERE}, told=STOPPED)
    snapshot = await outside.observer().snapshot(subject(KNOWN), Memory(outside))
    assert snapshot.sightings[A].looked_at == NOW
    assert snapshot.outdated == {}
