"""Send what may be sent: write ahead, check leadership, call, and write down what came of it.

A pass sends at most one round of calls for each target and waits for nothing: the next pass sees what became of it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pilothouse.api.application import EXHAUSTED, Intent, LedgerEntry, UnderWay
from pilothouse.api.plan import StepState, StepStatus
from pilothouse.api.times import rfc3339
from pilothouse.applying import ledger as books
from pilothouse.applying.ledger import Book
from pilothouse.applying.ports import Cells, Clock, Journal, Leadership, Witness
from pilothouse.applying.selecting import Job, Order, runnable
from pilothouse.applying.spent import is_anothers
from pilothouse.dataplane import errors
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import Call, Creation, Reading, Want
from pilothouse.dataplane.understood import answer_to, understood
from pilothouse.planning import diff
from pilothouse.planning.breaker import DESTRUCTIVE
from pilothouse.planning.contest import corrected
from pilothouse.planning.diff import Draft
from pilothouse.planning.hashes import Hasher, sealed

OLDEST_INTENT: Final = 8.0
"""Seconds after which no further call is handed to a provider for an intent: to write it down took long, or the call
before."""
_MOST_HOLDERS: Final = 5


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one step in this pass."""

    step: str
    state: StepState
    message: str = ""
    external_id: str = ""
    attempts: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a pass: the new ledger, results by stored step, and whether anything was sent."""

    book: Book
    results: Mapping[str, Result] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    sent: bool = False


class Executor:
    """Carries Plans out. Holds no state of its own but its tools."""

    def __init__(self, cells: Cells, leadership: Leadership, clock: Clock, hasher: Hasher) -> None:
        """Take the providers of Cells, the right to change things, the clock, and the hasher of this installation."""
        self._cells, self._leadership, self._clock, self._hasher = cells, leadership, clock, hasher

    async def advance(self, order: Order, journal: Journal, witness: Witness) -> Outcome:
        """Send every step that may be sent now, and return what came of it.

        Raises NotLeader before anything is sent if leadership is lost, Overtaken if the Application was changed.
        """
        jobs, waiting = runnable(order, self._clock.now())
        checked = await asyncio.gather(*(self._checked(job, order, witness) for job in jobs))
        unsure = {result.step: result for result in checked if result is not None}
        jobs = [job for job, result in zip(jobs, checked, strict=True) if result is None]
        if not jobs:
            return Outcome(order.book, unsure, waiting, sent=bool(unsure))
        began = self._clock.now()
        book = self._with_intents(order.book, jobs, rfc3339(began))
        await journal.write_ahead(book.entries, book.in_flight)
        done = await asyncio.gather(
            *(self._send(job, order, book.entries[job.draft.key], witness, began) for job in jobs)
        )
        entries, in_flight = dict(book.entries), list(book.in_flight)
        results = unsure | {result.step: result for _, result, _ in done if result is not None}
        written = book.in_flight[-len(jobs) :]
        for job, intent, (entry, result, settled) in zip(jobs, written, done, strict=True):
            entries[job.draft.key] = entry
            if job.draft.action == "Release" and result is not None and result.state == "Succeeded":
                del entries[job.draft.key]
            if settled:
                in_flight.remove(intent)
        return Outcome(Book(entries, tuple(in_flight)), results, waiting, sent=True)

    async def _checked(self, job: Job, order: Order, witness: Witness) -> Result | None:
        """Look once more at what is about to be changed, unless that was done in this very pass or the call does it.

        Returns None when the basis holds, else what to say of the step: nothing where another look settles it.
        """
        draft = job.draft
        looked = order.snapshot.sighting(draft.key).looked_at >= order.looked_since
        watched = draft.type.provider == "kubernetes" and draft.action != "Create"
        itself = draft.action == "Create" and draft.type.create_looks and draft.key not in order.book.entries
        if watched or itself or (looked and not draft.extra):
            return None
        try:
            found = await self._look(draft)
        except errors.DataplaneError as error:
            return Result(job.step.name, "Running", f"cannot be checked before it is sent: {error}")
        if found == ((draft.have,) if draft.have is not None else ()):
            return None
        if draft.extra and draft.have is not None:
            if found and found[0].mark == draft.have.mark:
                return None
            witness.missed(draft.key, draft.have.id)
        else:
            witness.saw(draft.key, found, draft.have.id if draft.have is not None else "")
        return Result(job.step.name, "Running")

    async def _look(self, draft: Draft) -> tuple[Reading, ...]:
        send = self._cells.provider(draft.key.cell).send
        if draft.have is not None:
            reading = await run(draft.type.read(draft.have.id), send)
            return () if reading is None else (reading,)
        assert draft.want is not None  # noqa: S101 - a draft without a have is a Create, which has a want
        return await run(draft.type.find(draft.want), send)

    def _with_intents(self, book: Book, jobs: Sequence[Job], now: str) -> Book:
        entries = dict(book.entries)
        intents = list(book.in_flight)
        for job in jobs:
            key = job.draft.key
            entry = entries.get(key) or _begun(job.draft)
            way = UnderWay(step=job.step.name, action=job.draft.action, desired=job.draft.desired, since=now)
            entries[key] = entry if job.draft.extra else books.begun(entry, way)
            intent = Intent(
                step=job.step.name,
                target=str(key),
                action=job.draft.action,
                token=job.draft.token,
                sent_at=now,
                epoch=self._leadership.epoch,
            )
            intents.append(intent)
        return Book(entries, tuple(intents))

    async def _send(
        self, job: Job, order: Order, entry: LedgerEntry, witness: Witness, began: float
    ) -> tuple[LedgerEntry, Result | None, bool]:
        """Send the calls of one job, for its intent of `began`.

        Returns its entry, its result, and whether the intent is settled. What never left has no result: its turn comes.
        """
        witness.wrote(job.draft.key)
        as_it_was = order.book.entries.get(job.draft.key, books.rests(entry))
        try:
            for call in job.calls:
                self._may_leave(call, began)
                reply = await self._cells.provider(job.draft.key.cell, order.namespace).send(call)
                with understood(answer_to(call)):
                    answered = self._answered(job.draft, entry, reply, witness)
                _check_new(job.draft, answered, order.book, witness)
                entry = as_it_was = answered
            entry = self._put_right(job.draft, entry)
        except errors.Postponed:
            return as_it_was, None, True
        except errors.DataplaneError as error:
            entry, result, settled = self._failed(job, entry, error)
            return entry, replace(result, message=result.message + await self._held(job.draft, error)), settled
        state: StepState = "Succeeded" if job.draft.action == "Release" else "Running"
        return entry, replace(self._result(job, state), external_id=entry.id), True

    def _may_leave(self, call: Call, began: float) -> None:
        """Raise NotLeader if this process leads no more, Postponed if the intent of `began` is too old."""
        self._leadership.check()
        if (age := self._clock.now() - began) > OLDEST_INTENT:
            raise errors.Postponed(f"{call.operation} was meant to be sent {age:.0f} s ago")

    async def _held(self, draft: Draft, error: errors.DataplaneError) -> str:
        """Return who keeps a thing from being deleted, to be said after the refusal; empty where nobody can tell."""
        too_early = isinstance(error, errors.NotYet) and not isinstance(error, errors.Throttled)
        if not too_early or draft.action not in DESTRUCTIVE or draft.have is None:
            return ""
        try:
            found = await run(draft.type.holders(draft.have), self._cells.provider(draft.key.cell).send)
        except errors.DataplaneError:
            return ""
        more = f" and {len(found) - _MOST_HOLDERS} more" if len(found) > _MOST_HOLDERS else ""
        return f" It is used by {', '.join(sorted(found)[:_MOST_HOLDERS])}{more}." if found else ""

    def _failed(self, job: Job, entry: LedgerEntry, error: errors.DataplaneError) -> tuple[LedgerEntry, Result, bool]:
        """Return what an error means for the entry, for people, and for the intent: whether it is settled."""
        match error:
            case errors.TokenSpent():
                spent = entry.model_copy(update={"incarnation": entry.incarnation + 1, "state": "Gone"})
                return spent, self._result(job, "Running", f"{error}; making the next"), True
            case errors.TokenMismatch():
                # This one made nothing. What the token made is looked for as long as an intent stays.
                refused = entry.model_copy(update={"spent_at": rfc3339(self._clock.now())})
                message = f"{error}; looking for what it made; if that is not found, another one is made"
                return refused, self._result(job, "OutcomeUnknown", message), job.again
            case errors.OutcomeUnknown() | errors.Unreadable():
                return entry, self._result(job, "OutcomeUnknown", str(error)), False
            case errors.Conflict() | errors.NotNow():
                return entry, self._result(job, "Running", str(error)), True
            case errors.Exhausted() if job.draft.action == "Create" and job.draft.type.provider != "kubernetes":
                full = entry.model_copy(update={"state": EXHAUSTED, "message": str(error)})
                return full, replace(self._result(job, "Failed", str(error)), refused=True), True
            case errors.NotFound() if job.draft.action != "Create":
                return entry, self._result(job, "Running", f"{error}; looking again"), True
            case _:
                return books.rests(entry), replace(self._result(job, "Failed", str(error)), refused=True), True

    def _answered(self, draft: Draft, entry: LedgerEntry, reply: object, witness: Witness) -> LedgerEntry:
        """Return the entry after a call was answered. Only what a reading confirms counts as applied."""
        want: Want[object] | None = draft.want  # type: ignore[type-var]
        now = self._clock.now()
        if want is None or draft.action not in {"Create", "Update", "Adopt"}:
            return entry.model_copy(update={"changed_at": rfc3339(now)})
        keys = diff.settings_applied(want) if draft.type.provider != "kubernetes" else ()
        if draft.action == "Create":
            entry = books.created(entry, draft.type.identified(want, reply), now)
            entry = entry.model_copy(update={"applied_fields": dict(draft.applied_fields)})
        elif draft.action == "Adopt" and draft.have is not None:
            entry = entry.model_copy(update={"id": draft.have.id})
        keys = tuple(sorted({*entry.applied_keys, *keys}))
        entry = entry.model_copy(update={"changed_at": rfc3339(now), "applied_keys": keys})
        reading = draft.type.replied(reply)
        if reading is None:
            return entry
        witness.saw(draft.key, (reading,))
        if draft.action == "Create" and is_anothers(reading.mark, want.mark):
            return entry
        entry = books.replied(entry, sealed(reading, self._hasher), asked_again=draft.left)
        if draft.action == "Adopt":
            return entry
        return entry.model_copy(update={"applied_hash": draft.resolved or self._hasher.hash(want.spec)})

    def _put_right(self, draft: Draft, entry: LedgerEntry) -> LedgerEntry:
        """Return the entry after a step was answered: with what it put right, or from a clean sheet."""
        paths, before = [change.path for change in draft.changes], entry.corrections
        remembered = corrected(before, paths, self._clock.now()) if draft.drift else ()
        return entry.model_copy(update={"corrections": remembered})

    @staticmethod
    def _result(job: Job, state: StepState, message: str = "") -> Result:
        return Result(job.step.name, state, message, attempts=1)


def _check_new(draft: Draft, entry: LedgerEntry, book: Book, witness: Witness) -> None:
    """Raise where a create was answered with what is on record under another name, and had this one before.

    TokenSpent where another token makes another thing; Conflict where only another name would.
    """
    tokened = draft.type.creation is Creation.TOKENED
    if draft.action != "Create" or not (tokened or draft.type.creation is Creation.NAMED):
        return
    for key, other in book.entries.items():
        same = (key.type, other.id) == (draft.key.type, entry.id) and key != draft.key and not other.observed_only
        # The same name is another thing in another account or region.
        if same and (tokened or key.cell == draft.key.cell):
            witness.wrote(draft.key)
            message = f"{entry.id} is what is {key} by now"
            raise errors.TokenSpent(message) if tokened else errors.Conflict(message)


def _begun(draft: Draft) -> LedgerEntry:
    """Return the entry of something about to be made: what its removal must know, should it come at once."""
    key, after = draft.key, tuple(sorted(map(str, draft.after)))
    begun = LedgerEntry(name=key.resource, type=key.type, cell=key.cell, after=after)
    return begun.model_copy(update={"deletion_policy": draft.deletion_policy})


def as_status(result: Result, now: str) -> StepStatus:
    """Return a result as the status of its step."""
    finished = now if result.state in {"Succeeded", "NotNeeded"} else ""
    return StepStatus(
        name=result.step,
        state=result.state,
        attempts=result.attempts,
        external_id=result.external_id,
        started_at=now,
        finished_at=finished,
        message=result.message,
    )
