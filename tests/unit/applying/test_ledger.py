"""The ledger is all the memory there is: what each observation and outcome does to it."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import Drift, Intent, LedgerEntry, Resource, Settled, UnderWay
from pilothouse.api.plan import Change
from pilothouse.api.timeouts import Timeouts
from pilothouse.api.times import rfc3339, rfc3339_milli
from pilothouse.applying import ledger as books
from pilothouse.applying.ledger import Book, Rules
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject
from pilothouse.dataplane.types import Health, HealthState, Owner, TargetKey
from pilothouse.desired.state import Target
from pilothouse.observed.snapshot import Presence, Sighting, Snapshot
from pilothouse.planning.diff import Finding
from tests.unit.planning.things import (
    ABSENT,
    GONE,
    NOW,
    SETTLED,
    UID,
    UNKNOWN,
    applied,
    desired,
    entry,
    key,
    ledger,
    mark,
    plan,
    present,
    quick,
    reading,
    target,
)

MONDAY, TUESDAY = "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"
A = key("a")
SENT = rfc3339(NOW - 10)
EARLIER = replace(present(replace(reading("a"), mark=mark("a", 7))), ours=False)
RESTORED = replace(present(replace(reading("a"), mark=mark("a", uid="app-0"))), ours=False)
UNMARKED = replace(present(replace(reading("a"), mark=None)), ours=False)
THEIRS = replace(present(replace(reading("a"), mark=mark("a", owner=Owner("cp-1", "shop", "other")))), ours=False)


def intent(action: str = "Create", target_key: TargetKey = A, sent_at: str = SENT) -> Intent:
    return Intent(step=f"{action.lower()}-a", target=str(target_key), action=action, sent_at=sent_at)


def snapshot(**sightings: Sighting) -> Snapshot:
    return Snapshot(NOW, {key(name): sighting for name, sighting in sightings.items()})


class Settling(NamedTuple):
    known: LedgerEntry | None
    sighting: Sighting
    settled: bool
    identifier: str
    reason: str
    action: str = "Create"
    wanted: bool = True
    named: bool = False
    longest_call: float = 30
    window: float = 60


BLANK = entry("a", id="", state="")
SETTLING = {
    "not to be seen": Settling(BLANK, UNKNOWN, settled=False, identifier="", reason="what is not known is not settled"),
    "made": Settling(
        BLANK, present(reading("a")), settled=True, identifier="a-1", reason="the reply was lost, the thing was not"
    ),
    "not made": Settling(
        BLANK, ABSENT, settled=False, identifier="", reason="it may still come, and may not be wanted by then"
    ),
    "not made, and long ago": Settling(
        BLANK, ABSENT, settled=True, identifier="", reason="no call has its effect that late", window=10
    ),
    "not made, and not wanted any more": Settling(
        BLANK,
        ABSENT,
        settled=False,
        identifier="",
        reason="to forget it would leave behind what comes late",
        wanted=False,
    ),
    "somebody else's": Settling(
        BLANK, THEIRS, settled=False, identifier="", reason="a namesake is not what we made, which may still come"
    ),
    "of another incarnation": Settling(
        BLANK, EARLIER, settled=False, identifier="", reason="to take it over is for a person to approve"
    ),
    "of another incarnation, and not wanted any more": Settling(
        BLANK, EARLIER, settled=True, identifier="a-1", reason="nobody else would remove it", wanted=False
    ),
    "another life's, and not wanted any more": Settling(
        BLANK, RESTORED, settled=False, identifier="", reason="that asks a person", wanted=False
    ),
    "nobody's, and not wanted any more": Settling(
        BLANK, UNMARKED, settled=False, identifier="", reason="it is not ours to remove", wanted=False
    ),
    "on record": Settling(
        entry("a"),
        present(reading("a")),
        settled=True,
        identifier="a-1",
        reason="the reply was recorded, the intent left over",
    ),
    "on record, by its name": Settling(
        entry("a"),
        present(reading("a")),
        settled=False,
        identifier="a-1",
        reason="it was made by another call than this one, which may still come and make one more",
        named=True,
    ),
    "on record, by its name, and long enough ago": Settling(
        entry("a"),
        present(reading("a")),
        settled=True,
        identifier="a-1",
        reason="no call has its effect that late",
        named=True,
        longest_call=10,
    ),
    "a deletion": Settling(
        entry("a"), GONE, settled=True, identifier="a-1", reason="nothing else has its identifier", action="Delete"
    ),
    "a deletion of what stands": Settling(
        entry("a"),
        present(reading("a")),
        settled=False,
        identifier="a-1",
        reason="if it comes late, it destroys what may be there to stay by then",
        action="Delete",
    ),
    "a deletion of what stands, and long ago": Settling(
        entry("a"),
        present(reading("a")),
        settled=True,
        identifier="a-1",
        reason="no call has its effect that late",
        action="Replace",
        longest_call=10,
    ),
    "a deletion that came": Settling(
        entry("a"),
        present(replace(reading("a"), health=Health(HealthState.DELETING))),
        settled=True,
        identifier="a-1",
        reason="a look tells that it goes",
        action="Delete",
    ),
    "a deletion by name": Settling(
        entry("a"),
        GONE,
        settled=False,
        identifier="a-1",
        reason="if it comes late, it destroys the next one of that name",
        action="Delete",
        named=True,
    ),
    "a replacement by name": Settling(
        BLANK,
        ABSENT,
        settled=False,
        identifier="",
        reason="if it comes late, it destroys the next one of that name",
        action="Replace",
        named=True,
    ),
    "a change by name": Settling(
        entry("a"),
        present(reading("a")),
        settled=True,
        identifier="a-1",
        reason="if it comes late, it is put right as drift",
        action="Update",
        named=True,
    ),
    "off the record": Settling(None, ABSENT, settled=True, identifier="", reason="there is nothing to settle it with"),
    "a change": Settling(
        entry("a"),
        present(reading("a")),
        settled=True,
        identifier="a-1",
        reason="a look tells how it is",
        action="Update",
    ),
    "an adoption": Settling(
        BLANK,
        present(reading("a")),
        settled=True,
        identifier="a-1",
        reason="the mark was written, so it is ours to remove",
        action="Adopt",
    ),
}


@pytest.mark.parametrize("case", SETTLING.values(), ids=SETTLING)
def test_an_intent_is_settled_by_what_a_look_finds(case: Settling) -> None:
    book = Book(ledger(case.known) if case.known else {}, (intent(case.action),))
    wanted, named = frozenset({A} if case.wanted else ()), frozenset({A} if case.named else ())
    found = books.settle(book, snapshot(a=case.sighting), Rules(UID, wanted, named, case.longest_call, case.window))
    assert (found.in_flight == ()) == case.settled, case.reason
    assert found.entries.get(A, BLANK).id == case.identifier, case.reason


def test_what_is_on_record_settles_no_call_of_another_one() -> None:
    """Its resource had that name before: what was to be made may still come."""
    book = Book(ledger(BLANK, entry("b", id="a-1")), (intent(),))
    after = books.settle(book, snapshot(a=present(reading("a"))), Rules(UID, frozenset({A}), frozenset(), 30, 60))
    assert after == book


def test_what_a_lost_reply_made_is_as_old_as_its_call() -> None:
    book = books.settle(
        Book(ledger(BLANK), (intent(),)),
        snapshot(a=present(reading("a"))),
        Rules(UID, frozenset(), frozenset(), 30, 60),
    )
    assert (book.entries[A].state, book.entries[A].changed_at) == ("Progressing", SENT)


def test_what_is_gone_is_recorded_and_its_next_one_is_another() -> None:
    known = applied(target("a", "b", colour="red")).model_copy(
        update={"drift": (Drift(path="size"),), "settled": SETTLED}
    )
    (found,) = books.record(Book(ledger(known)), snapshot(a=GONE)).entries.values()
    assert (found.id, found.incarnation, found.state, found.message) == ("", 1, "Gone", "a-1 is gone")
    assert (found.applied_hash, found.applied_keys, found.stored_hash, found.drift) == ("", (), "", ())
    assert found.settled == Settled(), "nothing of its next one is as it is wanted yet"
    assert found.after == known.after, "what it used is still to be removed after it"


@pytest.mark.parametrize("sighting", [UNKNOWN, ABSENT, present(reading("a"))], ids=["unknown", "absent", "present"])
def test_nothing_else_makes_a_thing_gone(sighting: Sighting) -> None:
    book = Book(ledger(entry("a")))
    assert books.record(book, snapshot(a=sighting)) == book


MET = entry("a", state="Created")
FOREIGN = Sighting(Presence.PRESENT, replace(reading("a"), mark=None), foreign=True)
UNREADY = Sighting(
    Presence.PRESENT, replace(reading("a"), mark=None, health=Health(HealthState.PROGRESSING)), foreign=True
)


class Met(NamedTuple):
    known: LedgerEntry
    sighting: Sighting
    identifier: str
    reason: str


MEETINGS = {
    "a stranger's": Met(MET, FOREIGN, "", "the create found it; it made nothing"),
    "ours": Met(MET, present(reading("a")), "a-1", "the create made it"),
    "not finished": Met(MET, UNREADY, "a-1", "its mark may be seen later"),
    "as wanted before": Met(applied(target("a")), FOREIGN, "a-1", "it was ours, and somebody took the mark away"),
    "to be read only": Met(entry("a", observed_only=True), FOREIGN, "a-1", "it never is ours"),
    "never answered": Met(entry("a", id=""), FOREIGN, "", "there is nothing to take back"),
}


@pytest.mark.parametrize("met", MEETINGS.values(), ids=MEETINGS)
def test_what_a_create_met_is_not_what_it_made(met: Met) -> None:
    book = books.record(Book(ledger(met.known)), snapshot(a=met.sighting), named={A})
    assert book.entries[A].id == met.identifier, met.reason
    assert book.entries[A].incarnation == met.known.incarnation, "nothing of ours was there"
    assert books.record(Book(ledger(met.known)), snapshot(a=met.sighting)).entries[A] == met.known, "for named things"


def test_what_is_gone_is_recorded_once() -> None:
    """Else the incarnation would rise with every pass, and with it the token of what is being made."""
    once = books.record(Book(ledger(entry("a"))), snapshot(a=GONE))
    assert books.record(once, snapshot(a=GONE)) == once


def test_what_is_gone_or_let_go_and_not_wanted_is_forgotten() -> None:
    entries = ledger(entry("a", id=""), entry("b", id=""), entry("c", id=""), entry("d"), entry("e"), entry("f"))
    book = Book(entries, (intent(target_key=key("b")),))
    let_go = {name: present(replace(reading(name), mark=mark(name, uid=""))) for name in "ef"}
    found = books.forget(book, [key("c"), key("f")], snapshot(d=present(reading("d")), **let_go))
    assert {one.resource for one in found.entries} == {"b", "c", "d", "f"}


CHANGE = Change.model_validate({"path": "size", "from": 7, "to": 1})
LONG = Change.model_validate({"path": "size", "from": None, "to": "x" * 300})


def described(
    known: LedgerEntry, sighting: Sighting, wanted: Target | None = None, now: str = MONDAY, **finding: Any
) -> LedgerEntry:
    """The entry after a pass that found `finding`."""
    targets = {A: wanted} if wanted else {}
    book = books.describe(Book(ledger(known)), {A: Finding(A, **finding)}, snapshot(a=sighting), targets, now, SETTLED)
    return book.entries[A]


ROUND = target("a", "b")
HERE = present(replace(reading("a"), fingerprint="f-1", health=Health(HealthState.PROGRESSING, "starting")))
CONVERGED = described(entry("a", "z", applied_keys=("colour",)), HERE, ROUND, resolved_hash="hmac:1")


def test_what_is_as_it_is_wanted_is_what_was_applied() -> None:
    assert (CONVERGED.applied_hash, CONVERGED.stored_hash, CONVERGED.settled) == ("hmac:1", "f-1", SETTLED)
    assert CONVERGED.after == ("sky/thing/b",)
    assert CONVERGED.applied_keys == ("shape", "size", "speed", "tags"), "what was reset is not ours any more"
    assert (CONVERGED.state, CONVERGED.message) == ("Progressing", "starting")


NOT_YET: dict[str, tuple[dict[str, Any], str]] = {
    "to be changed": ({"draft": plan(desired(target("a"))).drafts["create-a"]}, "it is not applied yet"),
    "blocked": ({"blocked": ("Refused", "no")}, "it could not be compared"),
    "unresolved": ({"resolved_hash": ""}, "a reference in it is not known yet"),
}


@pytest.mark.parametrize(("finding", "reason"), NOT_YET.values(), ids=NOT_YET)
def test_until_then_what_was_before_counts_as_well(finding: dict[str, Any], reason: str) -> None:
    known = entry("a", "z", applied_hash="hmac:0", applied_keys=("colour",))
    found = described(known, HERE, ROUND, **{"resolved_hash": "hmac:1", **finding})
    assert (found.applied_hash, found.applied_keys, found.settled) == ("hmac:0", ("colour",), Settled()), reason
    assert found.after == ("sky/thing/b", "sky/thing/z"), reason


def test_whether_to_retain_counts_at_once_and_also_for_what_is_being_made() -> None:
    """A deletion can come in any pass, and then nobody else remembers."""
    kept = target("a", "b", deletion_policy="Retain")
    assert described(entry("a"), HERE, kept).deletion_policy == "Retain"
    making = described(entry("a", id="", state=""), ABSENT, kept)
    assert (making.deletion_policy, making.after, making.id) == ("Retain", ("sky/thing/b",), "")


def test_what_is_not_wanted_any_more_keeps_what_is_known_of_it() -> None:
    known = entry("a", "b", deletion_policy="Retain", applied_hash="hmac:0")
    found = described(known, HERE)
    assert (found.deletion_policy, found.after, found.applied_hash) == ("Retain", ("sky/thing/b",), "hmac:0")


def test_what_cannot_be_seen_says_so_unless_it_was_made_just_now() -> None:
    assert (described(entry("a"), UNKNOWN).state, described(entry("a"), UNKNOWN).message) == (
        "Unknown",
        UNKNOWN.message,
    )
    assert described(entry("a", state="Created"), UNKNOWN).state == "Created"


def test_what_is_gone_keeps_its_last_state_until_that_is_recorded() -> None:
    assert described(entry("a"), GONE).state == "Ready"


def test_what_nobody_examined_is_left_as_it_is() -> None:
    book = Book(ledger(entry("a")))
    assert books.describe(book, {}, snapshot(a=UNKNOWN), {}, "now", SETTLED) == book


def test_drift_is_remembered_from_when_it_was_first_seen() -> None:
    first = described(entry("a"), HERE, drift=(CHANGE,), now=MONDAY)
    assert first.drift == (Drift(path="size", desired="1", observed="7", first_seen=MONDAY),)
    both = described(first, HERE, drift=(CHANGE, Change(path="tags")), now=TUESDAY)
    assert [(one.path, one.first_seen) for one in both.drift] == [("size", MONDAY), ("tags", TUESDAY)]
    assert described(both, HERE).drift == ()


SINCE = entry("a", drift=(Drift(path="size", desired="1", observed="7", first_seen=MONDAY),), applied_fields={"x": "1"})
NOT_COMPARED: dict[str, tuple[Sighting, dict[str, Any]]] = {
    "not seen": (UNKNOWN, {"blocked": ("ObservationFailed", "no answer")}),
    "not looked at": (replace(UNKNOWN, failed=False), {"waiting": "not read since its last change"}),
    "not to be said": (HERE, {"waiting": "its Cell could not say what applying would change"}),
    "refused": (HERE, {"resolved_hash": "hmac:1", "blocked": ("Refused", "no")}),
}


@pytest.mark.parametrize(("sighting", "finding"), NOT_COMPARED.values(), ids=NOT_COMPARED)
def test_drift_is_as_it_was_until_it_is_looked_at_again(sighting: Sighting, finding: dict[str, Any]) -> None:
    """A restart, and an outage, are no reason to count from the beginning."""
    found = described(SINCE, sighting, ROUND, **finding)
    assert (found.drift, found.applied_fields) == (SINCE.drift, SINCE.applied_fields)


def test_what_is_left_as_others_made_it_is_applied_but_asked_about_again() -> None:
    """Else a policy that says to put it right after all would find that nothing moved."""
    known = entry("a", stored_hash="f-0", applied_hash="hmac:0")
    found = described(known, HERE, ROUND, resolved_hash="hmac:1", left=True, drift=(CHANGE,))
    assert (found.applied_hash, found.stored_hash, len(found.drift)) == ("hmac:1", "f-0", 1)


def test_a_reply_is_what_is_stored_unless_something_is_left_as_others_made_it() -> None:
    answered = replace(reading("a"), fingerprint="f-2")
    assert books.replied(entry("a", stored_hash="f-1"), answered).stored_hash == "f-2"
    assert books.replied(entry("a", stored_hash="f-1"), answered, asked_again=True).stored_hash == ""


def test_a_change_is_under_way_until_its_thing_is_at_rest() -> None:
    """Sent again, it is under way since the first time; another wish, or another change, begins anew."""
    first = UnderWay(step="update-a", action="Update", desired="hmac:1", since=MONDAY)
    begun = books.begun(entry("a"), first)
    assert begun.under_way == first
    assert books.begun(begun, first.model_copy(update={"since": TUESDAY})) == begun
    for other in ({"desired": "hmac:2"}, {"action": "Replace"}):
        wished = first.model_copy(update={"since": TUESDAY, **other})
        assert books.begun(begun, wished).under_way == wished
    ready = replace(HERE, reading=reading("a"))
    assert described(begun, HERE, ROUND, resolved_hash="hmac:1").under_way == first, "it is starting"
    assert described(begun, ready, ROUND, resolved_hash="").under_way == first, "it was not compared"
    assert described(begun, ready, ROUND, resolved_hash="hmac:1").under_way is None
    more = plan(desired(target("a", size=2)), ledger(applied(ROUND)), {A: ready}).drafts["update-a"]
    same = first.model_copy(update={"desired": more.desired})
    goes_on = books.begun(entry("a"), same)
    assert described(goes_on, ready, ROUND, resolved_hash="hmac:1", draft=more).under_way == same
    assert described(begun, ready, ROUND, resolved_hash="hmac:1", draft=more).under_way is None, "that is another one"
    (gone,) = books.record(Book({A: begun}), snapshot(a=GONE)).entries.values()
    assert gone.under_way is None


def test_how_long_a_deletion_may_take_is_remembered() -> None:
    one = replace(ROUND, timeouts=Timeouts(delete="1h"))
    assert described(entry("a"), HERE, one).delete_timeout == "1h"
    assert described(entry("a", delete_timeout="1h"), HERE, ROUND).delete_timeout == ""


def test_a_long_value_is_cut() -> None:
    (found,) = described(entry("a"), HERE, drift=(LONG,)).drift
    assert (len(found.desired), found.desired[-4:], found.observed) == (256, "x...", "")


def test_the_settings_of_an_object_are_remembered_by_its_api_server() -> None:
    one = target("a")
    an_object = replace(one, type=KubernetesObject("ConfigMap"))
    assert described(entry("a"), HERE, an_object, resolved_hash="hmac:1").applied_keys == ()


def test_a_create_that_was_answered_is_on_record() -> None:
    found = books.created(entry("a", id="", message="a-0 is gone", applied_keys=("colour",)), "a-1", NOW)
    assert (found.id, found.state, found.message) == ("a-1", "Created", "")
    assert (found.applied_keys, found.changed_at) == ((), rfc3339(NOW)), (
        "what was given to the last one is gone with it"
    )


def test_a_reply_that_describes_the_thing_spares_a_read() -> None:
    found = books.replied(entry("a", state="Created"), HERE.reading or reading("a"))
    assert (found.stored_hash, found.state, found.message) == ("f-1", "Progressing", "starting")


READY = {
    "ready": (entry("a"), True, "its provider says so"),
    "not yet": (entry("a", state="Created"), False, "it was only asked for"),
    "gone": (entry("a", id=""), False, "there is nothing that could be Ready"),
    "unknown": (None, False, "nothing is known of it"),
}


@pytest.mark.parametrize(("known", "ready", "reason"), READY.values(), ids=READY)
def test_ready_is_what_a_provider_calls_so(known: LedgerEntry | None, ready: bool, reason: str) -> None:  # noqa: FBT001 - a case
    assert books.is_ready(known) == ready, reason


class Ending(NamedTuple):
    known: LedgerEntry
    state: str
    hashed: bool
    reason: str


ENDINGS = {
    "after it was done": Ending(applied(target("a")), "Ended", hashed=True, reason="it is not done again"),
    "before anybody saw the end": Ending(
        applied(target("a")).model_copy(update={"state": "Progressing"}), "Ended", hashed=True, reason="it was begun"
    ),
    "after it failed": Ending(
        applied(target("a")).model_copy(update={"state": "Failed", "message": "no luck"}),
        "Failed",
        hashed=True,
        reason="that it failed is not forgotten because it was cleared away",
    ),
    "never on record": Ending(entry("a", applied_hash=""), "Gone", hashed=False, reason="it may never have begun"),
}


@pytest.mark.parametrize("case", ENDINGS.values(), ids=ENDINGS)
def test_what_comes_to_an_end_by_itself_has_ended_when_it_is_gone(case: Ending) -> None:
    after = books.record(Book(ledger(case.known)), snapshot(a=GONE), {A}).entries[A]
    assert (after.id, after.state, after.incarnation) == ("", case.state, case.known.incarnation + 1), case.reason
    assert bool(after.applied_hash) == case.hashed
    assert books.is_ready(after) == (case.state == "Ended")


def test_what_is_cleared_away_keeps_the_state_that_it_ended_with() -> None:
    leaving = present(reading("a", state=HealthState.DELETING))
    assert described(entry("a"), leaving, replace(target("a"), ends=True)).state == "Ready"
    assert described(entry("a"), leaving, target("a")).state == "Deleting"


def test_what_has_ended_is_remembered_by_the_hash_that_it_was_judged_by() -> None:
    """Else the next pass after an upgrade would do it once more."""
    ended = entry("a", id="", state="Ended", applied_hash="hmac:of another form")
    found = described(ended, ABSENT, replace(target("a"), ends=True), resolved_hash="hmac:now")
    assert (found.state, found.applied_hash) == ("Ended", "hmac:now")


def test_an_intent_is_found_by_its_target() -> None:
    book = Book(in_flight=(intent(target_key=key("b")), intent()))
    assert book.intent(A) == intent()
    assert book.intent(key("c")) is None


def test_keys_read_back() -> None:
    one = TargetKey("eu", "Deployment", "apps/web")
    assert books.parse_key(str(one)) == one


PRESENCES = st.sampled_from([GONE, ABSENT, UNKNOWN, present(reading("a")), THEIRS])


@given(
    st.lists(st.tuples(st.sampled_from(["settle", "record", "describe", "create", "forget"]), PRESENCES), max_size=12)
)
@quick
def test_whatever_happens_the_ledger_never_goes_back(history: list[tuple[str, Sighting]]) -> None:
    """A lower incarnation would bring back a token that was spent."""
    book, wanted = Book(ledger(BLANK), (intent(),)), {A: target("a")}
    for action, sighting in history:
        before, seen = book.entries[A], snapshot(a=sighting)
        match action:
            case "settle":
                book = books.settle(book, seen, Rules(UID, frozenset(wanted), frozenset(wanted), 30, 60))
            case "record":
                book = books.record(book, seen)
            case "describe":
                book = books.describe(book, {A: Finding(A, resolved_hash="hmac:1")}, seen, wanted, "now", SETTLED)
            case "forget":
                book = books.forget(book, wanted, seen)
            case "create" if not before.id:
                book = Book({A: books.created(before, "a-1", NOW)})
            case _:
                pass
        after = book.entries[A]
        gone = action == "record" and sighting.presence is Presence.GONE and bool(before.id)
        assert after.incarnation == before.incarnation + gone
        assert after.id == ("" if gone else after.id or before.id)


WATCHED = replace(target("a"), observed="vpc-1")


@pytest.mark.parametrize(
    ("before", "wanted", "after", "reason"),
    [
        ((), (WATCHED,), [("a", "vpc-1", True)], "it is taken in, to be read"),
        ((entry("a", id="vpc-1", observed_only=True),), (WATCHED,), [("a", "vpc-1", True)], "it is known"),
        ((entry("a", id="vpc-0", observed_only=True),), (WATCHED,), [("a", "vpc-1", True)], "the person named another"),
        ((entry("a", id="vpc-1", observed_only=True),), (), [], "what is not ours can be forgotten"),
        ((entry("a", id="vpc-1"),), (WATCHED,), [("a", "vpc-1", False)], "what is ours has to be let go first"),
        ((entry("a", id="vpc-1", observed_only=True),), (target("a"),), [], "it is to be made, or adopted"),
    ],
)
def test_what_is_only_read_is_on_record_for_as_long_as_it_is_asked_for(
    before: tuple[LedgerEntry, ...], wanted: tuple[Target, ...], after: list[tuple[str, str, bool]], reason: str
) -> None:
    book = books.observing(Book(ledger(*before)), {one.key: one for one in wanted})
    assert [(one.name, one.id, one.observed_only) for one in book.entries.values()] == after, reason


def test_what_is_only_read_and_is_not_there_keeps_its_identifier_and_has_no_next_incarnation() -> None:
    known = entry("a", id="vpc-1", observed_only=True, outputs={"address": "there"})
    (found,) = books.record(Book(ledger(known)), Snapshot(NOW, {A: GONE})).entries.values()
    assert (found.id, found.incarnation, found.state, found.outputs) == ("vpc-1", 0, "Gone", {})


def test_outputs_are_on_record_while_the_thing_is_there() -> None:
    seen = described(entry("a"), HERE)
    assert seen.outputs == {"address": "addr-a-1"}
    assert described(seen, UNKNOWN).outputs == {"address": "addr-a-1"}, "whoever uses them need not wait"
    (gone,) = books.record(Book(ledger(seen)), Snapshot(NOW, {A: GONE})).entries.values()
    assert gone.outputs == {}


def resource(name: str, renamed_from: str = "", kind: str = "thing") -> Resource:
    given = {"name": name, "cell": "sky", kind: {}, **({"renamedFrom": renamed_from} if renamed_from else {})}
    return Resource.model_validate(given)


INTENT = Intent(step="create-a", target="sky/thing/a", action="Create", sent_at="2026-01-01T00:00:00Z")
UPDATING = INTENT.model_copy(update={"action": "Update"})


@pytest.mark.parametrize(
    ("entries", "wanted", "in_flight", "names", "reason"),
    [
        ((entry("a"),), (resource("z", "a"),), (), {"z": "a-1"}, "it goes on under its new name"),
        ((entry("a"),), (resource("z", "a"), resource("a")), (), {"a": "a-1"}, "the old name is still wanted"),
        ((entry("a"), entry("z")), (resource("z", "a"),), (), {"a": "a-1", "z": "z-1"}, "the new name is taken"),
        ((entry("a"),), (resource("z", "a", "other"),), (), {"a": "a-1"}, "it is of another type"),
        ((entry("a"),), (resource("z", "a"),), (INTENT,), {"a": "a-1"}, "what is in flight is settled first"),
        ((entry("a"),), (resource("z", "a"),), (UPDATING,), {"z": "a-1"}, "what changes it goes along"),
        ((entry("a", id=""),), (resource("z", "a"),), (UPDATING,), {"a": ""}, "what may take it over is settled first"),
        ((), (resource("z", "a"),), (), {}, "there is nothing to carry over"),
        ((entry("z", renamed_from="a"),), (resource("a"),), (), {"a": "z-1"}, "the new name is taken back"),
        ((entry("z", renamed_from="a"),), (resource("a"), resource("z")), (), {"z": "z-1"}, "both are wanted"),
        ((entry("z", renamed_from="c"),), (resource("a"),), (), {"z": "z-1"}, "it never had that name"),
        (
            (entry("z", renamed_from="a"), entry("y", renamed_from="a")),
            (resource("a"),),
            (),
            {"z": "z-1", "y": "y-1"},
            "nobody knows which of them",
        ),
        (
            (entry("z", renamed_from="a"), entry("y")),
            (resource("a", "y"),),
            (),
            {"a": "y-1", "z": "z-1"},
            "what the spec says goes first",
        ),
    ],
)
def test_what_is_known_goes_on_under_a_new_name(
    entries: tuple[LedgerEntry, ...],
    wanted: tuple[Resource, ...],
    in_flight: tuple[Intent, ...],
    names: dict[str, str],
    reason: str,
) -> None:
    book = books.renamed(Book(ledger(*entries), in_flight), wanted)
    assert {key.resource: one.id for key, one in book.entries.items()} == names, reason
    assert all(key.resource == one.name for key, one in book.entries.items())
    assert {intent.target for intent in book.in_flight} <= set(map(str, book.entries))


def test_what_is_renamed_is_not_known_to_be_as_it_is_wanted() -> None:
    """What is made from its name, such as a password, is another."""
    known = entry("a").model_copy(update={"settled": SETTLED})
    assert books.renamed(Book(ledger(known)), (resource("z", "a"),)).entries[key("z")].settled == Settled()


def test_what_depends_on_a_renamed_thing_goes_on_to() -> None:
    book = books.renamed(Book(ledger(entry("a"), entry("b", "a", "c"))), (resource("z", "a"),))
    assert book.entries[key("b")].after == ("sky/thing/z", "sky/thing/c")


def test_the_name_before_is_known_until_the_mark_bears_the_new_one() -> None:
    """However often it is renamed meanwhile."""
    book = books.renamed(Book(ledger(entry("b"))), (resource("x", "b"),))
    book = books.renamed(book, (resource("a", "x"),))
    marked = {"b": "b", "a": ""}
    for name, before in marked.items():
        sighting = present(replace(reading("a", "b-1"), mark=mark(name)))
        book = books.describe(book, {A: Finding(A)}, snapshot(a=sighting), {}, "now", SETTLED)
        assert book.entries[A].renamed_from == before


def test_a_name_that_is_taken_back_may_be_on_the_thing_all_the_same() -> None:
    """The call that writes it may still come."""
    book = books.renamed(Book(ledger(entry("z", renamed_from="a"))), (resource("a"),))
    assert book.entries[A].renamed_from == "z"


def test_the_name_before_of_what_vanished_is_known_until_the_next_one_is_seen() -> None:
    """It may be there all the same, under that name."""
    known = entry("a", renamed_from="b")
    gone = books.record(Book(ledger(known)), snapshot(a=Sighting(Presence.GONE, looked_at=NOW)))
    assert gone.entries[A].renamed_from == "b"
    again = replace(gone, entries={A: gone.entries[A].model_copy(update={"id": "a-2", "state": "Created"})})
    seen = books.describe(again, {A: Finding(A)}, snapshot(a=present(reading("a", "a-2"))), {}, "now", SETTLED)
    assert seen.entries[A].renamed_from == ""


FULL = entry("a", id="", state="Exhausted")
ELSEWHERE = entry("a", cell="sea")


@pytest.mark.parametrize(
    ("entries", "wanted", "kept", "reason"),
    [
        ((FULL,), (key("a", "sea"),), ["sky"], "it is tried elsewhere, and must not come back here"),
        ((FULL, ELSEWHERE), (key("a", "sea"),), ["sea"], "it was made elsewhere"),
        ((FULL,), (), [], "nobody wants it any more"),
    ],
)
def test_where_there_was_no_room_is_remembered_until_it_is_made_elsewhere(
    entries: tuple[LedgerEntry, ...], wanted: tuple[TargetKey, ...], kept: list[str], reason: str
) -> None:
    book = books.forget(Book(ledger(*entries)), wanted, Snapshot(NOW))
    assert [key.cell for key in book.entries] == kept, reason


def test_what_moved_is_forgotten_where_it_was_once_it_is_on_record_where_it_is() -> None:
    seen = Snapshot(NOW, {A: HERE, key("a", "sea"): HERE})
    before, after = books.forget(Book(ledger(entry("a"))), [key("a", "sea")], seen), Book(ledger(entry("a"), ELSEWHERE))
    assert [one.cell for one in before.entries] == ["sky"]
    assert [one.cell for one in books.forget(after, [key("a", "sea")], seen).entries] == ["sea"]


LISTED = replace(GONE, unlisted_at=NOW - 5)
REMOVING = UnderWay(step="s", action="Delete", since=SENT)
REPLACING = UnderWay(step="s", action="Replace", since=SENT)
CHANGING = UnderWay(step="s", action="Update", since=SENT)


class Loss(NamedTuple):
    known: LedgerEntry
    sighting: Sighting
    lost_at: str
    reason: str


LOSSES = {
    "a listing missed it": Loss(entry("a"), LISTED, rfc3339_milli(NOW - 5), "it is missing since then"),
    "a look found it gone": Loss(
        entry("a"), GONE, rfc3339_milli(NOW + 0.0011), "a newer listing has to miss it as well"
    ),
    "it was being changed": Loss(entry("a", under_way=CHANGING), LISTED, rfc3339_milli(NOW - 5), "to change is no end"),
    "we removed it": Loss(entry("a", under_way=REMOVING), LISTED, "", "our own deletions never count"),
    "we replaced it": Loss(entry("a", under_way=REPLACING), LISTED, "", "our own deletions never count"),
    "it was lost before, and replaced": Loss(
        entry("a", under_way=REPLACING, lost_at=SENT), LISTED, SENT, "what is remembered is the loss"
    ),
    "its Cell is abandoned": Loss(entry("a"), Sighting(Presence.GONE), "", "a person has said that all of it is gone"),
    "it is only read": Loss(entry("a", observed_only=True), LISTED, "", "it was none of ours"),
    "it is there": Loss(entry("a"), present(reading("a")), "", "it is there"),
    "nobody knows": Loss(entry("a"), UNKNOWN, "", "silence is no loss"),
}


@pytest.mark.parametrize("case", LOSSES.values(), ids=LOSSES)
def test_a_loss_is_what_went_without_our_doing(case: Loss) -> None:
    after = books.record(Book({A: case.known}), snapshot(a=case.sighting))
    assert after.entries[A].lost_at == case.lost_at, case.reason
    assert after.entries[A].lost_id == (case.known.id if case.lost_at not in {"", SENT} else ""), case.reason


@pytest.mark.parametrize("applied_hash", ["", "hmac:1"])
def test_what_comes_to_its_end_by_itself_is_no_loss(applied_hash: str) -> None:
    after = books.record(Book({A: entry("a", applied_hash=applied_hash)}), snapshot(a=LISTED), ending={A})
    assert after.entries[A].lost_at == ""


VANISHED = entry("a", id="", incarnation=3, state="Gone", lost_at=SENT, lost_id="a-1")
FORMER = replace(present(reading("a")), ours=False, former=True)


class Return(NamedTuple):
    known: LedgerEntry
    sighting: Sighting
    back: bool
    reason: str
    sent: bool = False


RETURNS = {
    "it is there as it was": Return(
        VANISHED, FORMER, back=True, reason="it never went: its endpoint had not told the truth"
    ),
    "another one is there": Return(
        VANISHED, replace(FORMER, former=False), back=False, reason="it is not the one that vanished"
    ),
    "the next one may be made": Return(
        VANISHED, FORMER, back=False, reason="what is in flight is settled first", sent=True
    ),
    "it never vanished": Return(entry("a", id=""), FORMER, back=False, reason="it was not taken for gone"),
    "it is not there": Return(VANISHED, ABSENT, back=False, reason="nothing was found"),
}


@pytest.mark.parametrize("case", RETURNS.values(), ids=RETURNS)
def test_what_was_taken_for_gone_and_is_there_all_the_same_is_taken_back(case: Return) -> None:
    book = Book({A: case.known}, (intent(),) if case.sent else ())
    after = books.record(book, snapshot(a=case.sighting)).entries[A]
    assert ((after.id, after.incarnation, after.lost_at, after.lost_id) == ("a-1", 2, "", "")) is case.back, case.reason
    assert (after == case.known) is not case.back


def test_what_is_on_record_under_another_name_is_not_taken_back() -> None:
    book = Book(ledger(VANISHED, entry("b", id="a-1")))
    assert books.record(book, snapshot(a=FORMER, b=present(reading("b", "a-1")))) == book


def test_what_vanished_in_a_cell_that_is_doubted_is_not_forgotten() -> None:
    book, nothing = Book(ledger(VANISHED, entry("b", id=""), entry("c"))), snapshot(c=GONE)
    kept = books.forget(book, (), nothing, doubted={"sky"})
    assert set(kept.entries) == {A, key("c")}
    assert set(books.forget(book, (), nothing, doubted={"sea"}).entries) == {key("c")}
