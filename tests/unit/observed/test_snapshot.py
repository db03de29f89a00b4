"""What is concluded from evidence, so that an outage never looks like a decision."""

from dataclasses import replace
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import LedgerEntry, UnderWay
from pilothouse.api.cell import OUTDATED_SECONDS
from pilothouse.api.times import rfc3339
from pilothouse.dataplane.types import Health, HealthState, Listed, Owner, Reading
from pilothouse.observed.snapshot import (
    Evidence,
    Look,
    Outdated,
    Presence,
    Sighting,
    Snapshot,
    Tidings,
    key_of,
    known_as,
    needs_look,
    outdated,
    sight,
)
from tests.unit.planning.things import NOW, entry, key, mark, quick, reading

OURS, EXTRA = reading("a"), reading("a", "a-2")
OLD = replace(reading("a", "a-0"), mark=mark("a", uid="app-0"))
THEIRS = replace(reading("a", "a-9"), mark=mark("a", owner=Owner("cp-1", "shop", "other")))
KNOWN, UNKNOWN_ID = entry("a"), entry("a", id="")
VANISHED = entry("a", id="", incarnation=1, lost_at=rfc3339(NOW - 10))
CREATED = entry("a", applied_hash="", state="Created", changed_at=rfc3339(NOW - 10))
LONG_AGO = entry("a", applied_hash="", state="Created", changed_at=rfc3339(NOW - 301))
CHANGING = entry("a", under_way=UnderWay(step="update-a", action="Update", since=rfc3339(NOW - 10)))
UNMARKED = replace(OURS, mark=None)
UNFINISHED = replace(UNMARKED, health=Health(HealthState.PROGRESSING))
LINE, BARE = Listed("a-1", OURS, OURS.mark), Listed("a-1")
EXTRA_LINE = Listed("a-2", EXTRA, EXTRA.mark)
CHANGED = replace(OURS, fingerprint="later")


def look(*found: Reading, of: str = "a-1", at: float = NOW) -> Look:
    return Look(found, at, of)


class Case(NamedTuple):
    known: LedgerEntry | None
    evidence: Evidence
    presence: Presence
    reason: str
    reading: Reading | None = None
    extras: tuple[Reading, ...] = ()
    ours: bool = False
    foreign: bool = False


PRESENT, GONE, ABSENT, UNKNOWN = Presence.PRESENT, Presence.GONE, Presence.ABSENT, Presence.UNKNOWN
CASES = {
    "nothing is known": Case(KNOWN, Evidence(), UNKNOWN, "nobody has looked"),
    "an empty listing": Case(KNOWN, Evidence(listed_at=NOW), UNKNOWN, "an empty listing looks just like an outage"),
    "a short listing": Case(
        KNOWN, Evidence((EXTRA_LINE,), NOW), UNKNOWN, "that others are listed does not make this one gone"
    ),
    "nothing is known of something new": Case(None, Evidence(), UNKNOWN, "to make it blindly may make it twice"),
    "an empty listing of something new": Case(
        None, Evidence(listed_at=NOW), UNKNOWN, "a listing can be a write behind: only a look allows a create"
    ),
    "a listing of something new": Case(
        None, Evidence((LINE,), NOW), UNKNOWN, "what is there under our mark is looked at before it is taken"
    ),
    "a listing without the name of something new": Case(
        None, Evidence(unlisted_at=NOW), ABSENT, "its create is a look itself, and makes nothing if this is wrong"
    ),
    "a listing without the name, before a look": Case(
        None, Evidence(look=look(THEIRS, of=""), unlisted_at=NOW), PRESENT, "what was found counts", THEIRS
    ),
    "a listing without the name of something begun": Case(
        UNKNOWN_ID, Evidence(unlisted_at=NOW), UNKNOWN, "it may be what an earlier create is about to make"
    ),
    "a listing without the name, written since": Case(
        None, Evidence(written=True, unlisted_at=NOW), UNKNOWN, "it may be what the write made"
    ),
    "listed": Case(KNOWN, Evidence((LINE,), NOW), PRESENT, "a full line is as good as a read", OURS, ours=True),
    "listed by name alone": Case(KNOWN, Evidence((BARE,), NOW), UNKNOWN, "a name does not tell the settings"),
    "looked at": Case(KNOWN, Evidence(look=look(OURS)), PRESENT, "it was read", OURS, ours=True),
    "looked at, then listed otherwise": Case(
        KNOWN,
        Evidence((Listed("a-1", CHANGED),), NOW + 1, look(OURS)),
        PRESENT,
        "the newer of the two counts",
        CHANGED,
        ours=True,
    ),
    "looked at, then listed otherwise by what may be behind": Case(
        KNOWN,
        Evidence((Listed("a-1", CHANGED),), NOW + 1, look(OURS), lags=True),
        UNKNOWN,
        "it may be how it was before it was looked at",
    ),
    "looked at, then listed as it is by what may be behind": Case(
        KNOWN, Evidence((LINE,), NOW + 1, look(OURS), lags=True), PRESENT, "both agree", OURS, ours=True
    ),
    "changed, and listed by what may be behind": Case(
        CHANGING, Evidence((LINE,), NOW, lags=True), UNKNOWN, "what is listed may be from before the change"
    ),
    "changed, looked at, and listed by what may be behind": Case(
        CHANGING, Evidence((LINE,), NOW, look(OURS), lags=True), PRESENT, "it was read since", OURS, ours=True
    ),
    "changed, and listed by a watch": Case(
        CHANGING, Evidence((LINE,), NOW), PRESENT, "a watch does not go back", OURS, ours=True
    ),
    "listed, then looked at": Case(
        KNOWN,
        Evidence((Listed("a-1", CHANGED),), NOW - 1, look(OURS)),
        PRESENT,
        "the newer of the two",
        OURS,
        ours=True,
    ),
    "looked at, then not listed": Case(
        KNOWN, Evidence((), NOW + 1, look(OURS)), UNKNOWN, "it is looked at again: it may just have gone"
    ),
    "not listed, then looked at": Case(
        KNOWN, Evidence((), NOW - 1, look(OURS)), PRESENT, "a read wins", OURS, ours=True
    ),
    "looked for by its identifier in vain": Case(KNOWN, Evidence(look=look()), GONE, "its provider says so"),
    "looked for in vain, but listed since": Case(
        KNOWN, Evidence((LINE,), NOW + 1, look()), GONE, "listings show for minutes what is gone"
    ),
    "made just now, and not to be seen": Case(
        CREATED, Evidence(look=look()), UNKNOWN, "a provider may not show it yet, and to make it again makes two"
    ),
    "made a while ago, and not to be seen": Case(
        CREATED.model_copy(update={"changed_at": rfc3339(NOW - 400)}), Evidence(look=look()), GONE, "it never came"
    ),
    "taken for gone, and listed since": Case(
        VANISHED, Evidence((LINE,), NOW + 1, look(of="")), UNKNOWN, "an endpoint may not have told the truth"
    ),
    "listed, then taken for gone": Case(
        VANISHED, Evidence((LINE,), NOW - 1, look(of="")), ABSENT, "listings show for minutes what is gone"
    ),
    "taken for gone, and not listed since": Case(
        VANISHED, Evidence((), NOW + 1, look(of="")), ABSENT, "the listing agrees"
    ),
    "taken for gone before a person let its Cell go on": Case(
        VANISHED, Evidence((), NOW - 1, look(of=""), doubted_at=NOW), UNKNOWN, "what was said until then is doubtful"
    ),
    "found after it was taken for gone": Case(
        VANISHED, Evidence((LINE,), NOW + 1, look(OURS, of="")), PRESENT, "it was looked at again", OURS, ours=True
    ),
    "looked for by its mark in vain": Case(
        KNOWN, Evidence(look=look(of="")), UNKNOWN, "not found by mark is no word on its identifier"
    ),
    "another one was looked at": Case(KNOWN, Evidence(look=look(of="a-7")), UNKNOWN, "that one is gone, not this one"),
    "found by its mark": Case(KNOWN, Evidence(look=look(OURS, of="")), PRESENT, "it is the one", OURS, ours=True),
    "an old look at what was there before": Case(
        UNKNOWN_ID, Evidence(look=look(of="a-1")), UNKNOWN, "that the last one is gone does not show there is no next"
    ),
    "looked for in vain": Case(UNKNOWN_ID, Evidence(look=look(of="")), ABSENT, "it may be made"),
    "found": Case(None, Evidence(look=look(OURS, of="")), PRESENT, "a create had its effect", OURS, ours=True),
    "found twice": Case(
        UNKNOWN_ID,
        Evidence(look=look(EXTRA, OURS, of="")),
        PRESENT,
        "the same one of two every time, and the other is an extra",
        OURS,
        (EXTRA,),
        ours=True,
    ),
    "found among others": Case(
        None, Evidence(look=look(THEIRS, OLD, OURS, of="")), PRESENT, "ours before another life's", OURS, ours=True
    ),
    "found of another life": Case(
        None, Evidence(look=look(THEIRS, OLD, of="")), PRESENT, "the owner's before a stranger's", OLD
    ),
    "found a stranger's": Case(None, Evidence(look=look(THEIRS, of="")), PRESENT, "a conflict, to be told", THEIRS),
    "an extra in the listing": Case(
        KNOWN, Evidence((LINE, EXTRA_LINE), NOW), PRESENT, "it bears the very same mark", OURS, (EXTRA,), ours=True
    ),
    "an extra in the look": Case(
        KNOWN, Evidence(look=look(OURS, EXTRA)), PRESENT, "it bears the very same mark", OURS, (EXTRA,), ours=True
    ),
    "an extra of one that is gone": Case(
        KNOWN, Evidence((EXTRA_LINE,), NOW, look()), GONE, "it is still there", extras=(EXTRA,)
    ),
    "another life's is no extra": Case(
        KNOWN,
        Evidence((LINE, Listed("a-0", OLD), Listed("a-3")), NOW),
        PRESENT,
        "others' marks differ",
        OURS,
        ours=True,
    ),
    "no mark of ours any more": Case(
        KNOWN, Evidence(look=look(UNMARKED)), PRESENT, "it is there", UNMARKED, foreign=True
    ),
    "made just now, without its mark": Case(
        CREATED, Evidence(look=look(UNMARKED)), UNKNOWN, "marks can be hidden for a while, as things can"
    ),
    "made just now, another life's": Case(CREATED, Evidence(look=look(OLD, of="a-0")), UNKNOWN, "another thing"),
    "made long ago, without its mark": Case(
        LONG_AGO, Evidence(look=look(UNMARKED)), PRESENT, "it has none", UNMARKED, foreign=True
    ),
    "being made, without its mark": Case(
        CREATED, Evidence(look=look(UNFINISHED)), PRESENT, "it is told of as it comes", UNFINISHED, foreign=True
    ),
    "made, but bears another life's mark": Case(
        CREATED,
        Evidence(look=look(replace(OLD, id="a-1"))),
        PRESENT,
        "it was met",
        replace(OLD, id="a-1"),
        foreign=True,
    ),
    "written since": Case(
        KNOWN, Evidence((LINE,), NOW, written=True), UNKNOWN, "what was seen before says nothing any more"
    ),
    "unreachable": Case(
        KNOWN, Evidence((LINE,), NOW, look(OURS), unreachable="timeout"), UNKNOWN, "it cannot be asked"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_what_is_proven_is_concluded(case: Case) -> None:
    found = sight(case.known, case.evidence, mark("a"), NOW, settles_in=300)
    assert (found.presence, found.reading) == (case.presence, case.reading), case.reason
    assert found.extras == case.extras, case.reason
    assert (found.ours, found.foreign) == (case.ours, case.foreign), case.reason


def test_an_unknown_tells_why() -> None:
    failed = sight(KNOWN, Evidence(unreachable="timeout"), mark("a"), NOW, 0)
    assert (failed.message, failed.failed) == ("timeout", True)
    unseen = sight(KNOWN, Evidence(), mark("a"), NOW, 0)
    assert (unseen.message, unseen.failed) == ("not read since its last change", False)
    young = sight(CREATED, Evidence(look=look()), mark("a"), NOW, 300)
    assert young.message == "created 10 s ago, not visible yet"
    unmarked = sight(CREATED, Evidence(look=look(UNMARKED)), mark("a"), NOW, 300)
    assert unmarked.message == "created 10 s ago, its mark is not visible yet"


def test_a_sighting_tells_when_it_was_last_looked_at() -> None:
    """What destroys needs a look newer than the last write."""
    found = [
        sight(KNOWN, Evidence(look=look(OURS)), mark("a"), NOW, 0),
        sight(KNOWN, Evidence((LINE,), NOW), mark("a"), NOW, 0),
        sight(None, Evidence(look=look(of="")), mark("a"), NOW, 0),
    ]
    assert [one.looked_at for one in found] == [NOW, 0.0, NOW]


def test_what_is_not_there_tells_whether_the_newest_listing_agrees() -> None:
    """So that what vanished is made again only when that has been told twice."""
    missed, shown = Evidence((), NOW - 1, look()), Evidence((LINE,), NOW - 1, look())
    assert [sight(KNOWN, each, mark("a"), NOW, 0).unlisted_at for each in (missed, shown)] == [NOW - 1, 0.0]
    absent = [replace(each, look=look(of="")) for each in (missed, shown)]
    assert [sight(VANISHED, each, mark("a"), NOW, 0).unlisted_at for each in absent] == [NOW - 1, 0.0]


def test_what_bears_the_mark_of_the_one_before_says_so() -> None:
    next_mark = replace(mark("a"), incarnation=1)
    found = Evidence(look=look(OURS, of=""))
    assert sight(VANISHED, found, next_mark, NOW, 0).former
    assert not sight(VANISHED, found, replace(next_mark, incarnation=2), NOW, 0).former
    assert not sight(VANISHED, found, mark("a"), NOW, 0).former, "it is the one"
    assert not sight(VANISHED, Evidence(look=look(OLD, of="")), next_mark, NOW, 0).former, (
        "it was another Application's"
    )


def test_the_one_before_may_bear_the_name_that_its_resource_had_then() -> None:
    """Its new name was not written on it yet."""
    found = Evidence(look=look(reading("a", "a-1"), of=""))
    mine = replace(mark("z"), incarnation=1)
    for lost, former in {"a-1": True, "a-2": False}.items():
        renamed = VANISHED.model_copy(update={"name": "z", "lost_id": lost})
        assert sight(renamed, found, mine, NOW, 0).former is former


def test_what_bears_no_mark_is_not_the_one_before_whatever_its_identifier_is() -> None:
    vanished = VANISHED.model_copy(update={"lost_id": "a-1"})
    unmarked = Evidence(look=look(replace(reading("a", "a-1"), mark=None), of=""))
    seen = sight(vanished, unmarked, replace(mark("a"), incarnation=1), NOW, 0)
    assert (seen.presence, seen.former, seen.ours) == (Presence.PRESENT, False, False)


class Need(NamedTuple):
    known: LedgerEntry | None
    evidence: Evidence
    in_flight: bool
    needed: bool
    reason: str


NEEDS = {
    "new": Need(None, Evidence(), in_flight=False, needed=True, reason="only a look allows a create"),
    "new and named": Need(
        None, Evidence(unlisted_at=NOW), in_flight=False, needed=False, reason="its create is a look itself"
    ),
    "new and named, in flight": Need(
        None, Evidence(unlisted_at=NOW), in_flight=True, needed=True, reason="what came of it?"
    ),
    "listed": Need(KNOWN, Evidence((LINE,), NOW), in_flight=False, needed=False, reason="most things cost no read"),
    "listed by name": Need(KNOWN, Evidence((BARE,), NOW), in_flight=False, needed=True, reason="a name is too little"),
    "not listed": Need(KNOWN, Evidence((), NOW), in_flight=False, needed=True, reason="is it gone?"),
    "looked at": Need(KNOWN, Evidence(look=look(OURS)), in_flight=False, needed=False, reason="it is known"),
    "looked at by name": Need(
        KNOWN, Evidence((BARE,), NOW + 1, look(OURS)), in_flight=False, needed=False, reason="it is still listed"
    ),
    "looked at, then not listed": Need(
        KNOWN, Evidence((), NOW + 1, look(OURS)), in_flight=False, needed=True, reason="is it gone?"
    ),
    "found gone": Need(KNOWN, Evidence((), NOW + 1, look()), in_flight=False, needed=False, reason="it is known"),
    "found nothing": Need(
        None, Evidence((), NOW + 1, look(of="")), in_flight=False, needed=False, reason="it is known"
    ),
    "found something new": Need(
        None, Evidence((), NOW + 1, look(OURS, of="")), in_flight=False, needed=False, reason="it is known"
    ),
    "written": Need(
        KNOWN, Evidence((LINE,), NOW, written=True), in_flight=False, needed=True, reason="what came of it?"
    ),
    "in flight": Need(
        KNOWN, Evidence((LINE,), NOW, look(OURS)), in_flight=True, needed=True, reason="what came of it?"
    ),
    "unreachable": Need(None, Evidence(unreachable="timeout"), in_flight=True, needed=False, reason="nobody to ask"),
}


@pytest.mark.parametrize("need", NEEDS.values(), ids=NEEDS)
def test_a_read_is_spent_only_where_nothing_else_can_tell(need: Need) -> None:
    assert needs_look(need.known, need.evidence, in_flight=need.in_flight) == need.needed, need.reason


READINGS = st.sampled_from([OURS, CHANGED, EXTRA, OLD, THEIRS, UNMARKED, UNFINISHED])
TIMES = st.sampled_from([NOW - 1, NOW, NOW + 1])
LINES = st.lists(st.one_of(READINGS.map(lambda one: Listed(one.id, one, one.mark)), st.just(BARE)), max_size=3).map(
    tuple
)
LOOKS = st.builds(
    Look,
    st.lists(READINGS, max_size=3, unique_by=lambda one: one.id).map(tuple),
    TIMES,
    st.sampled_from(["", "a-1", "a-7"]),
)
EVIDENCE = st.builds(
    Evidence,
    LINES,
    TIMES,
    st.none() | LOOKS,
    st.booleans(),
    st.sampled_from(["", "", "", "timeout"]),
    st.sampled_from([0.0, NOW]),
)
ENTRIES = st.sampled_from([None, KNOWN, UNKNOWN_ID, CREATED])


@given(ENTRIES, EVIDENCE)
@quick
def test_whatever_the_evidence_only_a_look_proves_that_something_is_not_there(
    known: LedgerEntry | None, evidence: Evidence
) -> None:
    """That nothing has the name of something new is taken from a listing, and proves nothing."""
    found = sight(known, evidence, mark("a"), NOW, 300)
    if found.presence is GONE:
        assert known is not None
        assert evidence.look is not None
        assert known.id in {evidence.look.of, *(one.id for one in evidence.look.found)}
        assert all(one.id != known.id for one in evidence.look.found)
    if found.presence is ABSENT:
        assert known is None or not known.id
        taken = known is None and evidence.unlisted_at and not found.looked_at
        assert taken or evidence.look == Look((), evidence.look.at if evidence.look else 0, "")
    assert (found.reading is not None) == (found.presence is PRESENT)


@given(ENTRIES, EVIDENCE)
@quick
def test_whatever_the_evidence_an_extra_bears_our_very_mark(known: LedgerEntry | None, evidence: Evidence) -> None:
    """Extras are destroyed."""
    found = sight(known, evidence, mark("a"), NOW, 300)
    assert all(one.mark == mark("a") for one in found.extras)
    assert found.reading not in found.extras
    assert known is None or known.id not in {one.id for one in found.extras} - {""}


@given(ENTRIES, EVIDENCE)
@quick
def test_what_needs_a_look_is_unknown_and_what_does_not_is_concluded(
    known: LedgerEntry | None, evidence: Evidence
) -> None:
    found = sight(known, evidence, mark("a"), NOW, 0)
    unknown = bool(evidence.unreachable) or needs_look(known, evidence, in_flight=False)
    assert (found.presence is UNKNOWN) == unknown


@given(ENTRIES, EVIDENCE, st.randoms(use_true_random=False))
@quick
def test_the_order_of_a_listing_is_nothing(known: LedgerEntry | None, evidence: Evidence, random: Random) -> None:
    distinct = {line.id: line for line in evidence.listed}
    lines = list(distinct.values())
    first = sight(known, replace(evidence, listed=tuple(lines)), mark("a"), NOW, 300)
    random.shuffle(lines)
    assert sight(known, replace(evidence, listed=tuple(lines)), mark("a"), NOW, 300) == first


def test_what_nobody_looked_at_is_unknown() -> None:
    assert Snapshot(NOW).sighting(key("a")) == Sighting(UNKNOWN, message="not observed yet")
    assert Snapshot(NOW, {key("a"): Sighting(GONE)}).sighting(key("a")).presence is GONE


def test_a_ledger_entry_names_its_target() -> None:
    assert key_of(entry("a", cell="sea", kind="gadget")) == key("a", "sea", "gadget")


LATE = NOW - OUTDATED_SECONDS - 1
LONG = 5_400.0


class Told(NamedTuple):
    tidings: Tidings
    looked_at: float
    since: float | None
    reason: str


TOLD = {
    "listed just now": Told(Tidings(NOW), 0.0, None, "nothing has changed since"),
    "listed as long ago as counts": Told(Tidings(NOW - OUTDATED_SECONDS), 0.0, None, "sweeps may be late"),
    "listed too long ago": Told(Tidings(LATE), 0.0, LATE, "sweeps have stopped, and nobody said so"),
    "listed too long ago, and looked at": Told(Tidings(LATE), NOW - 1, None, "a look is as good"),
    "looked at once, and never listed": Told(Tidings(0.0), LATE, LATE, "a look does not count for ever"),
    "looked at just now, and not to be listed": Told(
        Tidings(0.0, "forbidden", refused=True), NOW, NOW, "nobody will tell what becomes of it"
    ),
    "listed, and not to be listed any more": Told(Tidings(LATE, "forbidden", refused=True), 0.0, LATE, "likewise"),
    "read in its turn": Told(Tidings(NOW, read_at=NOW - LONG, unread=LONG), 0.0, None, "turns may take so long"),
    "not read in its turn": Told(
        Tidings(NOW, read_at=LATE - LONG, unread=LONG), 0.0, LATE, "its name is listed, and its settings are not known"
    ),
    "not read in its turn, and looked at": Told(
        Tidings(NOW, read_at=LATE - LONG, unread=LONG), LATE, None, "a look shows settings as well"
    ),
}


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
def test_what_was_seen_counts_only_as_long_as_somebody_would_tell_of_a_change(told: Told) -> None:
    found = outdated(told.tidings, told.looked_at, NOW)
    want = None if told.since is None else Outdated(told.since, told.tidings.trouble, told.tidings.refused)
    assert found == want, told.reason


ANOTHER = entry("b", id="a-1")
FOUND = Sighting(PRESENT, OURS, ours=True)


class Holding(NamedTuple):
    """there: what is seen of the others."""

    known: LedgerEntry | None
    others: tuple[LedgerEntry, ...]
    held: bool
    reason: str
    sighting: Sighting = FOUND
    there: Sighting = Sighting(ABSENT)


HOLDINGS = {
    "another's": Holding(None, (entry("c"), ANOTHER), held=True, reason="one thing is one resource's"),
    "another's, where one was": Holding(UNKNOWN_ID, (ANOTHER,), held=True, reason="the next one is another thing"),
    "nobody's": Holding(None, (entry("b"),), held=False, reason="no other entry has its identifier"),
    "nothing": Holding(None, (entry("b", id=""),), held=False, reason="nothing was found", sighting=Sighting(ABSENT)),
    "its own": Holding(KNOWN, (ANOTHER,), held=False, reason="it is on record here"),
    "in another Cell": Holding(
        None, (entry("b", cell="sea", id="a-1"),), held=False, reason="the same name is another thing there, mostly"
    ),
    "only read": Holding(
        None, (ANOTHER.model_copy(update={"observed_only": True}),), held=False, reason="to read it is not to have it"
    ),
}


@pytest.mark.parametrize("case", HOLDINGS.values(), ids=HOLDINGS)
def test_what_is_found_may_be_known_as_another_one(case: Holding) -> None:
    entries = [*([case.known] if case.known else []), *case.others]
    ledger = {key_of(one): one for one in reversed(entries)}
    seen = Snapshot(NOW, {**{key_of(one): case.there for one in case.others}, key("a"): case.sighting})
    found = known_as(ledger, key("a"), seen)
    assert (found is not None and found.resource) == ("b" if case.held else False), case.reason
