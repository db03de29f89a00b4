"""One pass, told to people: what is stuck, what is waited for, what is Ready, and when to look again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import Drift, Intent, LedgerEntry, PlanSummary
from pilothouse.api.plan import PlanStatus
from pilothouse.api.times import rfc3339
from pilothouse.applying.executor import Outcome, Result
from pilothouse.applying.ledger import Book
from pilothouse.controller.ports import Requeue, Stop, StoredPlan
from pilothouse.controller.reporting import Report, summary, totals
from pilothouse.controller.timeouts import Deadline
from pilothouse.controller.windows import Closed
from pilothouse.dataplane.types import Creation, TargetKey
from pilothouse.desired.moves import Move
from pilothouse.desired.state import DesiredState
from pilothouse.observed.snapshot import Outdated, Sighting
from pilothouse.planning.plan import Proposal
from tests.unit.planning.things import (
    UID,
    UNKNOWN,
    Thing,
    applied,
    desired,
    entry,
    key,
    ledger,
    plan,
    present,
    reading,
    target,
)

ROUND, SQUARE = target("a"), target("a", shape="square")
KNOWN = ledger(applied(ROUND))
HERE: Mapping[TargetKey, Sighting] = {key("a"): present(reading("a"))}
MIXED = plan(desired(SQUARE, target("b")), KNOWN, HERE)
REST, GATED, MAKING = plan(desired(ROUND), KNOWN, HERE), plan(desired(SQUARE), KNOWN, HERE), plan(desired(ROUND))
UNSEEN = plan(desired(ROUND), KNOWN, {key("a"): UNKNOWN})
LOST = plan(desired(ROUND), KNOWN, {key("a"): Sighting(UNKNOWN.presence, message="soon")})
SENT_AT = 50.0
YOUNGER = rfc3339(SENT_AT + 10)
INTENT = Intent(step="create-a", target="sky/thing/a", action="Create", sent_at=rfc3339(SENT_AT))
BOOK = Book(KNOWN)


def report(proposal: Proposal = REST, book: Book = BOOK, **fields: Any) -> Report:
    return Report("checkout", 7, book, **{"desired": desired(ROUND), "proposal": proposal, **fields})


def outcome(*results: Result, waiting: tuple[str, ...] = (), sent: bool = True) -> Outcome:
    return Outcome(BOOK, {result.step: result for result in results}, waiting, sent)


REFUSED = Result("create-a", "Failed", "no quota", refused=True)
RETRIED = Result("create-a", "Running", "throttled")
SENT = Result("create-a", "Running")
REPLACING_REFUSED = Result("replace-a", "Failed", "no quota", refused=True)
NAMED, TOKENED, TOKENLESS = Creation.NAMED, Creation.TOKENED, Creation.TOKENLESS
FAILED = applied(ROUND).model_copy(update={"state": "Failed", "message": "deadline exceeded"})
STORED = StoredPlan(
    "checkout-3-x", "shop", "u", GATED.spec("checkout", UID, 3), PlanStatus(state="Applying", progress="0/1")
)

OPEN, HOLDS = Stop("ask a person", open=True), Stop("somebody looks", open=False)
A_LATE, A_SOON = Deadline(key("a"), 90.0, "create-a: too long"), Deadline(key("a"), 130.0, "create-a: too long")
OLD = Outdated(90.0, "", refused=False)
UNTOLD = Outdated(90.0, "list zoo/v1 Wombat: forbidden", refused=True)

STALLED = {
    "nothing": (report(), ()),
    "a Plan that is refused": (report(refused="by policy"), (("Refused", "by policy"),)),
    "what cannot be seen": (report(UNSEEN), (("ObservationFailed", "sky/thing/a: the Cell does not answer"),)),
    "a step that failed": (report(outcome=outcome(REFUSED)), (("StepFailed", "create-a: no quota"),)),
    "what has failed": (report(book=Book(ledger(FAILED))), (("Failed", "sky/thing/a: deadline exceeded"),)),
    "a breaker that is open": (report(MAKING, stopped={"sky": OPEN}), (("BreakerOpen", "ask a person"),)),
    "a breaker that holds": (report(MAKING, stopped={"sky": HOLDS}), ()),
    "what has failed and is unwanted": (report(book=Book(ledger(FAILED)), desired=DesiredState()), ()),
    "a step that is tried again": (report(outcome=outcome(RETRIED)), ()),
    "a step that hangs": (
        report(at=100.0, deadlines=(A_LATE, A_SOON)),
        (("StepTimedOut", "create-a: too long"),),
    ),
    "what does not fit": (
        report(desired=DesiredState(shortages={"web": "web: no room"})),
        (("DoesNotFit", "web: no room"),),
    ),
    "deletion protection": (
        report(deleting=True, held=("DeletionProtected", "spec.deletionProtection is true")),
        (("DeletionProtected", "spec.deletionProtection is true"),),
    ),
    "what nobody may tell the changes of": (
        report(outdated={key("a"): UNTOLD}),
        (("ObservationFailed", "sky/thing/a: nobody may tell what becomes of it: list zoo/v1 Wombat: forbidden"),),
    ),
    "what nobody tells the changes of": (report(outdated={key("a"): OLD}), ()),
    "suspended while deleting": (report(deleting=True, halted="the fleet is suspended"), ()),
    "suspended": (report(halted="spec.deletionProtection is true"), ()),
}


@pytest.mark.parametrize(("found", "stalled"), STALLED.values(), ids=STALLED)
def test_what_only_a_person_can_resolve_is_told(found: Report, stalled: tuple[tuple[str, str], ...]) -> None:
    assert found.stalled() == stalled


WAITING = {
    "nothing": (report(), ()),
    "to see something": (report(LOST), ("sky/thing/a: soon",)),
    "another step": (report(outcome=outcome(waiting=("b waits for a",))), ("b waits for a",)),
    "a breaker, to forget": (report(stopped={"sky": HOLDS, "sea": OPEN}), ("somebody looks",)),
    "a breaker, to make": (report(MAKING, stopped={"sky": HOLDS}), ()),
    "an answer": (report(outcome=outcome(RETRIED)), ("create-a: throttled",)),
    "no answer": (report(outcome=outcome(SENT)), ()),
    "a person": (report(outcome=outcome(REFUSED)), ()),
}


@pytest.mark.parametrize(("found", "waiting"), WAITING.values(), ids=WAITING)
def test_what_the_controller_itself_waits_for_is_told(found: Report, waiting: tuple[str, ...]) -> None:
    assert found.waiting() == waiting


STARTING = applied(ROUND).model_copy(update={"state": "Progressing"})


def test_what_is_wanted_and_not_ready_is_told() -> None:
    assert report(book=Book(ledger(STARTING, entry("old", state="Deleting")))).unready() == (STARTING,)
    assert report(book=Book()).unready() == ()


UNSETTLED = {
    "nothing": (report(), set()),
    "unseen": (report(UNSEEN), {"sky/thing/a"}),
    "waited for": (report(LOST), {"sky/thing/a"}),
    "in flight": (report(book=Book(KNOWN, (INTENT,))), {"sky/thing/a"}),
    "not Ready": (report(book=Book(ledger(STARTING))), {"sky/thing/a"}),
}


@pytest.mark.parametrize(("found", "unsettled"), UNSETTLED.values(), ids=UNSETTLED)
def test_a_step_is_not_done_while_its_target_is_open(found: Report, unsettled: set[str]) -> None:
    assert found.unsettled() == unsettled


def test_nothing_is_left_to_do_of_what_is_wanted_and_ready_or_is_not_there_at_all() -> None:
    assert report().done(key("a"))
    assert report().done(key("never there"))
    assert not report(MAKING).done(key("a")), "it is to be made"
    assert not report(LOST).done(key("a")), "it is to be seen"
    assert not report(book=Book(ledger(STARTING))).done(key("a")), "it is not Ready"


MADE = MAKING.spec("checkout", UID, 3)
SETTLES = {
    "what was sent is found by its name": (report(MAKING, plan=MADE, outcome=outcome(SENT)), NAMED, True),
    "an identifier was chosen for it": (report(MAKING, plan=MADE, outcome=outcome(SENT)), TOKENED, False),
    "nobody remembers it": (report(MAKING, plan=MADE, outcome=outcome(SENT)), TOKENLESS, False),
    "it was refused": (report(MAKING, plan=MADE, outcome=outcome(REFUSED)), NAMED, False),
    "it is to be tried again": (report(MAKING, plan=MADE, outcome=outcome(RETRIED)), NAMED, False),
    "nothing was sent": (report(MAKING, plan=MADE, outcome=outcome(sent=False)), NAMED, False),
    "nothing was to be sent": (report(REST, plan=MADE), NAMED, False),
    "no Plan": (report(MAKING, outcome=outcome(SENT)), NAMED, False),
}


@pytest.mark.parametrize(("found", "creation", "settles"), SETTLES.values(), ids=SETTLES)
def test_only_what_another_look_finds_is_not_written_down_at_once(
    found: Report,
    creation: Creation,
    settles: bool,  # noqa: FBT001 - a case
) -> None:
    class Made(Thing):
        pass

    Made.creation = creation
    assert found.settles(Made) == settles


ONLY_WAITS = {
    "for something to be Ready": (report(book=Book(ledger(STARTING))), True),
    "for nothing": (report(), False),
    "to send more": (report(MAKING, book=Book(ledger(STARTING))), False),
    "for a person": (report(book=Book(ledger(STARTING)), refused="by policy"), False),
}


@pytest.mark.parametrize(("found", "waits"), ONLY_WAITS.values(), ids=ONLY_WAITS)
def test_a_pass_that_only_waits_says_so(found: Report, waits: bool) -> None:  # noqa: FBT001 - a case
    assert found.only_waits == waits


class Approval(NamedTuple):
    report: Report
    plan: StoredPlan | None
    needed: bool
    reason: str


APPROVALS = {
    "gated": Approval(report(GATED), STORED, needed=True, reason="a person is asked"),
    "not stored": Approval(report(GATED), None, needed=False, reason="nobody can approve what is not there"),
    "approved": Approval(report(GATED, approved_by="x"), STORED, needed=False, reason="a person has said yes"),
    "suspended": Approval(report(GATED, halted="x"), STORED, needed=False, reason="nothing would be done anyway"),
    "nothing gated": Approval(report(MAKING), STORED, needed=False, reason="nothing to approve"),
    "under way": Approval(
        report(GATED, outcome=outcome(SENT)), STORED, needed=False, reason="what needs no approval is done first"
    ),
    "nothing under way": Approval(
        report(GATED, outcome=outcome(sent=False)), STORED, needed=True, reason="only the approval is missing"
    ),
}


@pytest.mark.parametrize("case", APPROVALS.values(), ids=APPROVALS)
def test_an_approval_is_asked_for_when_it_alone_is_missing(case: Approval) -> None:
    asked = case.report.facts(case.plan, complete=False).approval
    assert bool(asked) == case.needed, case.reason
    assert not asked or asked.startswith("replace-a of Plan checkout-3-x wait for approval; approve with: kubectl ")


class Changing(NamedTuple):
    report: Report
    plan: StoredPlan | None
    complete: bool
    changing: bool
    reason: str


CHANGING = {
    "at rest": Changing(report(), None, complete=False, changing=False, reason="there is nothing to do"),
    "done": Changing(report(), STORED, complete=True, changing=False, reason="the Plan is carried out"),
    "not done": Changing(report(), STORED, complete=False, changing=True, reason="the Plan is not carried out yet"),
    "something to do": Changing(report(MAKING), None, complete=False, changing=True, reason="it is to be done"),
    "in flight": Changing(
        report(book=Book(KNOWN, (INTENT,))), None, complete=False, changing=True, reason="its outcome is not known"
    ),
}


@pytest.mark.parametrize("case", CHANGING.values(), ids=CHANGING)
def test_something_changes_until_all_is_done_and_known(case: Changing) -> None:
    assert case.report.facts(case.plan, complete=case.complete).changing == case.changing, case.reason


def test_the_facts_are_all_there() -> None:
    drifted = applied(ROUND).model_copy(update={"drift": (Drift(path="size"),), "state": "Failed"})
    found = report(
        book=Book(ledger(drifted)), deleting=True, halted="x", approved_by="y", outcome=outcome(waiting=("z",))
    )
    facts = found.facts(STORED, complete=False)
    assert (facts.generation, facts.deleting, facts.suspended, facts.approved_by) == (7, True, "x", "y")
    assert (facts.waiting, facts.unready, facts.drifted) == (("z",), (drifted,), (drifted,))
    assert found.facts(STORED, complete=True).approved_by == "", "a Plan that is done asks for nothing"


class Again(NamedTuple):
    report: Report
    requeue: Requeue
    reason: str


LOSES = frozenset({key("a")})
SOON, LATER, MUCH_LATER = Requeue(after=0.0), Requeue(after=2.0), Requeue(after=60.0)
NEVER, BACK_OFF = Requeue(), Requeue(failed=True)
AGAIN = {
    "at rest": Again(report(), NEVER, "what happens next is told by a watch, a sweep or a person"),
    "sent": Again(report(outcome=outcome(SENT)), SOON, "what came of it is seen by the next pass"),
    "sent and answered badly": Again(report(outcome=outcome(RETRIED)), BACK_OFF, "the same again would fail again"),
    "not to be seen": Again(report(UNSEEN), BACK_OFF, "a Cell that is down is not helped by many questions"),
    "to be seen": Again(report(LOST), BACK_OFF, "it takes a while"),
    "a cloud at work": Again(report(book=Book(ledger(STARTING))), LATER, "no watch tells when a cloud is done"),
    "in flight": Again(report(book=Book(KNOWN, (INTENT,))), LATER, "its outcome is looked for"),
    "something to do": Again(report(MAKING, outcome=outcome(sent=False)), LATER, "what it waits for will come"),
    "a person is asked": Again(report(GATED, outcome=outcome(sent=False)), NEVER, "the answer comes as an event"),
    "suspended": Again(report(MAKING, halted="x"), NEVER, "the end of it comes as an event"),
    "suspended while in flight": Again(
        report(MAKING, book=Book(KNOWN, (INTENT,)), halted="x"), LATER, "to look for its outcome changes nothing"
    ),
    "a person is asked for another step": Again(
        report(MIXED, outcome=outcome(sent=False)), MUCH_LATER, "nothing tells that a pause is over"
    ),
    "a Plan that is refused": Again(
        report(GATED, refused="by policy"), BACK_OFF, "no watch tells when a webhook changes its mind"
    ),
    "the budget allows no more": Again(
        report(MAKING, rationed=True, outcome=outcome(sent=False)), MUCH_LATER, "nothing tells that an hour is over"
    ),
    "a loss": Again(report(MAKING, losses=LOSES, outcome=outcome(sent=False)), SOON, "now it is on record"),
    "a breaker holds": Again(report(MAKING, stopped={"sky": HOLDS}, outcome=outcome(sent=False)), LATER, "looks come"),
    "a breaker holds what is to be forgotten": Again(report(stopped={"sky": HOLDS}), LATER, "looks come"),
    "a breaker is open": Again(
        report(MAKING, stopped={"sky": OPEN}, outcome=outcome(sent=False)), MUCH_LATER, "its end comes as an event"
    ),
    "nothing tells of changes": Again(report(outdated={key("a"): OLD}), MUCH_LATER, "nor that this is over"),
    "nobody may tell of changes": Again(report(outdated={key("a"): UNTOLD}), MUCH_LATER, "it may be over soon"),
    "no room": Again(
        report(desired=DesiredState(shortages={"web": "no room"})), MUCH_LATER, "room came while it looked"
    ),
}


@pytest.mark.parametrize("case", AGAIN.values(), ids=AGAIN)
def test_the_next_pass_comes_when_it_can_help(case: Again) -> None:
    assert case.report.requeue(poll=2.0, blocked=60.0) == case.requeue, case.reason


AGAIN_IN_TIME = {
    "nothing else would tell": (report(at=100.0, deadlines=(A_SOON,)), Requeue(after=30.0)),
    "something else tells earlier": (
        report(at=100.0, deadlines=(A_SOON,), book=Book(ledger(STARTING))),
        Requeue(after=2.0),
    ),
    "something else tells later": (
        report(at=100.0, deadlines=(A_SOON,), desired=DesiredState(shortages={"web": "no room"})),
        Requeue(after=30.0),
    ),
    "it is backed off from": (report(UNSEEN, at=100.0, deadlines=(A_SOON,)), Requeue(failed=True)),
    "it is late already": (report(at=100.0, deadlines=(A_LATE,), book=Book(ledger(STARTING))), Requeue(after=60.0)),
    "it is late, and others wait for it": (report(MAKING, at=100.0, deadlines=(A_LATE,)), Requeue(after=60.0)),
}


@pytest.mark.parametrize(("found", "requeue"), AGAIN_IN_TIME.values(), ids=AGAIN_IN_TIME)
def test_it_is_looked_when_something_should_be_at_rest(found: Report, requeue: Requeue) -> None:
    assert found.requeue(poll=2.0, blocked=60.0) == requeue


RESTS = {
    "a step that hangs": (report(at=100.0, deadlines=(A_LATE,)), True),
    "nothing sent to wait for": (report(GATED, outcome=outcome(sent=False)), True),
    "suspended in the middle of a Plan": (report(MAKING, halted="x"), True),
    "a Plan that is refused": (report(MAKING, refused="by policy"), True),
    "a step that is refused each time": (report(MAKING, outcome=outcome(REFUSED)), True),
    "a Cell that cannot be seen": (report(UNSEEN, outcome=outcome(sent=False)), True),
    "something sent, something refused": (report(MIXED, outcome=outcome(SENT, REPLACING_REFUSED)), False),
    "something sent, something waits for a person": (report(MIXED, outcome=outcome(SENT)), False),
    "tried again": (report(MAKING, outcome=outcome(RETRIED)), False),
    "in flight": (report(MAKING, at=SENT_AT + 30, book=Book(KNOWN, (INTENT,)), halted="x"), False),
    "lost": (report(MAKING, at=SENT_AT + 31, book=Book(KNOWN, (INTENT,))), True),
    "something lost, something sent": (
        report(MIXED, at=SENT_AT + 31, book=Book(KNOWN, (INTENT,)), outcome=outcome(SENT)),
        False,
    ),
    "something lost, something in flight": (
        report(MAKING, at=SENT_AT + 31, book=Book(KNOWN, (INTENT, INTENT.model_copy(update={"sent_at": YOUNGER})))),
        False,
    ),
    "in line": (report(MIXED, in_line=True), False),
    "under way": (report(MAKING, outcome=outcome(sent=False)), False),
}


@pytest.mark.parametrize(("found", "rests"), RESTS.values(), ids=RESTS)
def test_who_can_do_nothing_keeps_nobody_elses_place(found: Report, rests: bool) -> None:  # noqa: FBT001 - a case
    """A slot that is never given back is one less for the whole fleet; who waits in line for one must stay there."""
    assert found.rests == rests


ALSO_REPAIRS = replace(MIXED, reasons={"replace-a": "SpecChanged", "create-b": "Repair"})


@pytest.mark.parametrize(("proposal", "repairs"), [(REST, False), (MIXED, False), (ALSO_REPAIRS, True)])
def test_a_plan_that_also_repairs_something_repairs(proposal: Proposal, *, repairs: bool) -> None:
    assert ALSO_REPAIRS.reason == "SpecChanged"
    assert report(proposal).repairs == repairs


def test_what_a_plan_is_for_that_others_keep_waiting() -> None:
    assert report(MIXED, in_line=True).kept_waiting == "SpecChanged"
    assert report(MIXED).kept_waiting is None


FOLLOWS = replace(desired(ROUND), moves=(Move("web", "eu", "us"),))
REBALANCED = replace(desired(ROUND), moves=(*FOLLOWS.moves, Move("api", "eu", "us", trigger="Hot")))
PROPOSED = replace(REBALANCED, proposed=True)
NIGHTS = Closed("nights", 200.0)
AWAITS_MOVE = {
    "nothing to move": (report(outcome=outcome(sent=False)), False),
    "a move that follows from the spec": (report(desired=FOLLOWS, outcome=outcome(sent=False)), False),
    "no Plan carried out": (report(MAKING, desired=REBALANCED), True),
    "nothing sent": (report(MAKING, desired=REBALANCED, outcome=outcome(sent=False)), True),
    "sent": (report(MAKING, desired=REBALANCED, outcome=outcome(SENT)), False),
    "something else sent, for its window is closed": (
        report(MIXED, desired=REBALANCED, closed={"Rebalance": NIGHTS}, outcome=outcome(SENT)),
        True,
    ),
    "sent while the window of something else is closed": (
        report(MIXED, desired=REBALANCED, closed={"SpecChanged": NIGHTS}, outcome=outcome(SENT)),
        False,
    ),
    "something else sent, for a person is asked": (report(MIXED, desired=PROPOSED, outcome=outcome(SENT)), True),
    "sent, for a person agreed": (report(MIXED, desired=PROPOSED, approved_by="ann", outcome=outcome(SENT)), False),
    "sent, and no person had to agree": (report(MAKING, desired=PROPOSED, outcome=outcome(SENT)), False),
    "sent, and a person is asked for something else": (
        report(MIXED, desired=REBALANCED, outcome=outcome(SENT)),
        False,
    ),
}


@pytest.mark.parametrize(("found", "awaits"), AWAITS_MOVE.values(), ids=AWAITS_MOVE)
def test_a_move_of_which_nothing_is_sent_has_not_begun(found: Report, awaits: bool) -> None:  # noqa: FBT001 - a case
    """The status tells of none before: another one may be better until a person agrees, or the window opens."""
    assert found.awaits_move == awaits


def test_the_active_plan_is_summarised() -> None:
    assert summary(None, report()) == PlanSummary()
    told = PlanSummary(name="checkout-3-x", state="Applying", steps="0/1")
    assert summary(STORED, report()) == told
    assert summary(STORED, report(GATED)) == told.model_copy(update={"waiting_for": "approval"})
    assert summary(STORED, report(LOST)) == told.model_copy(update={"waiting_for": "sky/thing/a: soon"})


def deployment(cell: str, state: str) -> LedgerEntry:
    return LedgerEntry(name=f"checkout-web-{cell}", type="Deployment", cell=cell, id="x", state=state)


def test_workloads_and_resources_are_counted() -> None:
    """A workload is Ready when it is in all its Cells; one that fits nowhere is not."""
    runners = {"web": tuple(TargetKey(cell, "Deployment", f"checkout-web-{cell}") for cell in ("eu", "us")), "jobs": ()}
    wanted = replace(desired(ROUND, target("b")), runners=runners)
    book = Book(ledger(applied(ROUND), deployment("eu", "Ready"), deployment("us", "Ready")))
    found = report(book=book, desired=wanted)
    assert totals(found) == {"workloads_ready": "1/1", "resources_ready": "1/2"}
    half = Book(ledger(deployment("eu", "Progressing"), deployment("us", "Ready")))
    short = replace(wanted, shortages={"jobs": "no room"})
    assert totals(report(book=half, desired=short)) == {"workloads_ready": "0/2", "resources_ready": "0/2"}


@pytest.mark.parametrize(("trouble", "why"), [("", ""), ("the stream broke", " (the stream broke)")])
def test_since_when_nobody_tells_of_changes_is_told(trouble: str, why: str) -> None:
    found = report(outdated={key("a"): Outdated(90.0, trouble, refused=False)}).facts(None, complete=False)
    said = f"sky/thing/a: since 1970-01-01T00:01:30Z nobody tells what becomes of it{why}; see Cell sky"
    assert found.outdated == (said,)
