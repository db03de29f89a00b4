"""One pass for one Application: from whatever state the world is in, take the one next step."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pilothouse.api.application import (
    ApplicationStatus,
    FinishedPlan,
    Intent,
    LedgerEntry,
    PlanSummary,
    Settled,
)
from pilothouse.api.application_reasons import APPLICATION
from pilothouse.api.conditions import find
from pilothouse.api.meta import FINALIZER
from pilothouse.api.plan import PlanSpec, StepStatus
from pilothouse.api.reasons import stated
from pilothouse.api.times import rfc3339
from pilothouse.applying import ledger as books
from pilothouse.applying import spent
from pilothouse.applying.executor import Outcome, as_status
from pilothouse.applying.ledger import Book
from pilothouse.applying.ports import Overtaken
from pilothouse.applying.retention import keeping, sparing
from pilothouse.applying.selecting import Order, destroying
from pilothouse.applying.spent import Tokens
from pilothouse.applying.strays import claim
from pilothouse.controller import announcing, moving, permits, plans, requests, stops
from pilothouse.controller.conditions import Facts, conditions
from pilothouse.controller.observing import Memory, Subject
from pilothouse.controller.passes import Pass, read
from pilothouse.controller.placing import Placing
from pilothouse.controller.ports import (
    Key,
    NamespaceTerminating,
    Object,
    PlanRefused,
    Requeue,
    StoredPlan,
)
from pilothouse.controller.reporting import Report, summary, totals
from pilothouse.controller.slots import Slots
from pilothouse.controller.timeouts import deadlines
from pilothouse.controller.tools import Tools
from pilothouse.dataplane.errors import Unreadable
from pilothouse.dataplane.types import Creation, Owner, TargetKey
from pilothouse.desired.state import Problem
from pilothouse.observed.snapshot import Snapshot, key_of
from pilothouse.planning.approval import approved
from pilothouse.planning.plan import Proposal, make_plan, plan_name
from pilothouse.planning.plan import Subject as PlanSubject
from pilothouse.planning.validity import progress

POLL_SECONDS = 2.0
"""How long until a thing that a provider is working on is looked at again."""
BLOCKED_SECONDS = 60.0
"""How long until it is looked whether what is wrong with a spec or is short in its Cells still is: most of what may end
that is told, by a watch of ours, but not all of it."""
SETTLE_SECONDS = 0.25
"""How long a watch mostly takes to tell what became of a change."""
LOOKS_AGAIN = 2
"""How often a pass waits so long and looks again before it writes down how far it came."""


class Reconciler:
    """Takes the one next step for an Application, whatever state it is in. Passes of one key never overlap."""

    def __init__(self, tools: Tools) -> None:
        """Take the tools; what is remembered between passes can be lost at any time."""
        self._tools = tools
        self._memories: dict[Key, tuple[str, Memory]] = {}
        self._placing = Placing(tools)
        self._slots = Slots(lambda: tools.fleet.policy().budgets.plans_in_flight, tools.wake)

    def resume(self, keys: Iterable[Key]) -> None:
        """Let Applications keep the slots that they had with the leader before."""
        self._slots.hold(keys)

    async def reconcile(self, key: Key) -> Requeue:
        """Take the next step for the Application at `key`.

        Raises Overtaken when it was changed meanwhile (take the pass again), NotLeader when leadership is lost, and
        Unreadable when its status cannot be read, of which only an Event can tell.
        """
        raw = self._tools.store.application(key)
        if raw is None:
            self._forget(key)
            return Requeue()
        try:
            return await self._reconciled(key, raw)
        finally:
            if self._tools.store.application(key) is not None:
                self._tools.rooms.residents.meet(key)

    async def _reconciled(self, key: Key, raw: Object) -> Requeue:
        try:
            current = read(key, raw)
        except Unreadable as error:
            self._tools.recorder.event(raw, "Warning", "UnreadableStatus", str(error))
            self._tools.rooms.residents.leave_alone(key, "its status cannot be read")
            raise
        if current.deleting and FINALIZER not in current.finalizers:
            return Requeue()
        if not current.deleting and FINALIZER not in current.finalizers:
            current.raw = await self._tools.store.set_finalizer(current.raw, present=True)
        try:
            return await self._advance(current)
        except Overtaken:
            await self._keep(current)
            raise

    async def _advance(self, current: Pass) -> Requeue:
        """Take steps and look what became of them for as long as that is quick; then write down how far it came."""
        owner = Owner(self._tools.control_plane, current.key.namespace, current.key.name)
        book = Book({key_of(entry): entry for entry in current.before.resources}, current.before.in_flight)
        if current.spec is not None and not current.deleting:
            known, book = book.entries.keys(), books.renamed(book, current.spec.resources)
            for key in book.entries.keys() - known:
                # What was seen under that name before is older than what was written under the other.
                self._memory(current).wrote(key)
        if current.spec is not None:
            book = sparing(book, current.spec.resources, self._tools.catalog.of)
        desired = self._placing.desired(current, owner, book)
        if desired.problems:
            return await self._stall(current, book, desired.problems)
        book = books.observing(book, desired.targets)
        book = keeping(book, desired.targets.keys(), self._tools.catalog.of)
        subject = Subject(owner, current.uid, desired, book, standing=current.standing(self._tools.edition))
        report, settling = await self._round(current, subject), False
        for _ in range(LOOKS_AGAIN):
            settling = report.settles(self._tools.catalog.of) or (settling and report.only_waits)
            if not settling:
                break
            await self._tools.clock.sleep(SETTLE_SECONDS)
            report = await self._round(current, replace(subject, book=report.book))
        return await self._publish(current, report)

    async def _round(self, current: Pass, subject: Subject) -> Report:
        """Look, plan, and send what may be sent now."""
        tools, now, desired, memory = self._tools, self._tools.clock.now(), subject.desired, self._memory(current)
        strays = tools.observer.strays(subject.owner)
        book = claim(subject.book, strays, desired.targets, current.uid, tools.catalog.of)
        doubted = {cell: tools.breakers.resumed_at(cell) for cell in stops.losers(book)}
        shut = {cell for cell in {key.cell for key in book.entries} if tools.breakers.stop(cell)}
        subject = replace(subject, book=book, doubted=doubted)
        snapshot = await tools.observer.snapshot(subject, memory)
        book, snapshot = self._settled(subject, snapshot, shut)
        losses = stops.losses(current.before.resources, book)
        policy = current.policy(tools.fleet.policy())
        asked = current.asked(book.entries.values())
        planned = PlanSubject(
            subject.owner,
            current.uid,
            tools.hasher,
            deleting=current.deleting,
            asked=asked,
            standing=subject.standing,
        )
        proposal = make_plan(planned, desired, book.entries, snapshot, policy, tools.catalog.of)
        book = books.describe(book, proposal.findings, snapshot, desired.targets, rfc3339(now), subject.standing.now)
        report = Report(current.key.name, current.generation, book, desired, proposal, deleting=current.deleting)
        report = replace(report, closed=permits.closed(tools.fleet, current, proposal, now))
        ahead = tuple(deadlines(book.entries, desired.targets, tools.catalog.of))
        report = replace(report, at=now, deadlines=ahead, losses=losses, outdated=snapshot.outdated)
        stopped = stops.weighed(tools.breakers, current.key, snapshot, report)
        report = replace(report, stopped=stopped)
        held = permits.held(tools.store, current)
        report = replace(report, held=held, halted=held[1] if held else permits.halted(tools.fleet, current))
        return await self._carried_out(current, report, snapshot, now)

    async def _carried_out(self, current: Pass, report: Report, snapshot: Snapshot, started: float) -> Report:
        """Return `report` with what became of its proposal."""
        try:
            stored = current.plan = await self._plan(current, report)
        except PlanRefused as error:
            return replace(report, refused=f"the API server refused the Plan: {error}")
        spec = stored.spec if stored else self._unwritten(current, report.proposal)
        approval = self._approval(current, stored)
        report = replace(report, plan=spec, approved_by=approval)
        if spec is None or report.proposal.empty or report.halted:
            self._tools.destruction.leave(current.key)
            return report
        if not self._slots.take(current.key):
            return replace(report, in_line=True)
        closed = {reason: str(window) for reason, window in report.closed.items()}
        order = Order(spec, report.proposal, report.book, snapshot, bool(approval), started)
        stopped = {cell: stop.message for cell, stop in report.stopped.items()}
        order = replace(order, retrying=current.retrying, closed=closed, stopped=stopped, unwritten=report.losses)
        order = replace(order, namespace=current.key.namespace)
        report = await self._advanced(current, report, order)
        if stored is not None:
            current.steps = self._progress(stored, current.steps, report)
        return report

    async def _advanced(self, current: Pass, report: Report, order: Order) -> Report:
        """Send what may be sent, and begin to destroy no more than the fleet's budget allows.

        What a person deletes by deleting its Application is not counted.
        """
        destruction, key = self._tools.destruction, current.key
        wanted = [] if current.deleting else destroying(order, self._tools.clock.now())
        taken = destruction.take(key, len(wanted))
        order = order if current.deleting else replace(order, destructions=taken)
        try:
            outcome = await self._tools.executor.advance(order, _Journal(self, current, report), self._memory(current))
        except Overtaken:
            destruction.give_back(key, taken)
            raise
        entries = [outcome.book.entries.get(job.draft.key) for job in wanted[:taken]]
        destruction.give_back(key, sum(entry is not None and entry.under_way is None for entry in entries))
        current.learnt = outcome.book if outcome.sent else current.learnt
        return replace(report, book=outcome.book, outcome=outcome, rationed=taken < len(wanted))

    def _settled(self, subject: Subject, snapshot: Snapshot, shut: AbstractSet[str]) -> tuple[Book, Snapshot]:
        """Return the book with intents resolved, facts recorded, and what is gone and unwanted dropped.

        And the Snapshot without what turned out to be another's. shut: Cells that were stopped when it was looked: what
        a person has agreed to since says nothing of that look.
        """
        targets, book = subject.desired.targets, subject.book
        kinds = {key: self._tools.catalog.of(key.type) for key in {*targets, *book.entries}}
        # Not those of Kubernetes, which is told the UID of what it is to delete.
        named = frozenset(key for key, kind in kinds.items() if kind.create_looks)
        window = max((kind.settles_in for kind in kinds.values()), default=0.0)
        longest = books.LONGEST_CALL_SECONDS
        rules = books.Rules(subject.uid, frozenset(targets), named, longest, max(window, longest))
        ending = {key for key, target in targets.items() if target.ends}
        book = books.record(books.settle(book, snapshot, rules), snapshot, ending, named)
        tokened = {key for key, kind in kinds.items() if kind.creation is Creation.TOKENED}
        book, snapshot = spent.renew(book, snapshot, Tokens(subject.owner, subject.uid, tokened, rules.window))
        doubted = {cell for cell in stops.losers(book) if cell in shut or self._tools.breakers.stop(cell)}
        return books.forget(book, targets, snapshot, doubted), snapshot

    async def _plan(self, current: Pass, report: Report) -> StoredPlan | None:
        """Return the active Plan: the stored one while it stands, else a new one; None when there is nothing to do."""
        store, now, proposal = self._tools.store, rfc3339(self._tools.clock.now()), report.proposal
        current.revision = current.before.plan_revision
        name = current.before.plan.name
        stored = store.plan(current.key.namespace, name) if name else None
        if stored is not None:
            current.steps = self._progress(stored, current.steps or stored.status.steps, report)
            reason = plans.superseded(stored, current.steps, current.key.name, current.uid, proposal)
            if not reason:
                return stored
            await store.write_plan_status(stored, plans.superseded_status(stored.status, current.steps, reason, now))
        if proposal.empty:
            return None
        current.revision += 1
        approval = self._approval(current, stored)
        inherited = stored is not None and plans.inherits(stored, approval, current.steps, proposal)
        return await self._new_plan(current, proposal, stored.name if stored and inherited else "")

    async def _new_plan(self, current: Pass, proposal: Proposal, approved_with: str) -> StoredPlan | None:
        """Store a new Plan. approved_with: the name of the Plan whose approval covers it, if any."""
        spec = proposal.spec(current.key.name, current.uid, current.revision)
        try:
            plan = await self._tools.store.create_plan(current.raw, plan_name(current.key.name, spec), spec)
        except NamespaceTerminating:
            if current.deleting:
                return None
            raise PlanRefused("the namespace is being deleted") from None
        self._tools.recorder.event(current.raw, "Normal", "PlanMade", announcing.plan_made(plan))
        current.steps = tuple(StepStatus(name=step.name, state="Pending") for step in spec.steps)
        if approved_with:
            course = plans.Course(current.steps, f"approval carried over from {approved_with}", "")
            status = plans.status_of(plan, course, rfc3339(self._tools.clock.now()))
            plan = await self._tools.store.write_plan_status(plan, status)
        return plan

    @staticmethod
    def _unwritten(current: Pass, proposal: Proposal) -> PlanSpec | None:
        """Return the Plan of a deletion that cannot be written any more, because its namespace is going."""
        if proposal.empty or not current.deleting:
            return None
        return proposal.spec(current.key.name, current.uid, current.revision)

    @staticmethod
    def _approval(current: Pass, stored: StoredPlan | None) -> str:
        if stored is None:
            return "deletion"
        named = current.spec.change_policy.approved_plan if current.spec else ""
        return approved(stored.name, stored.spec, stored.annotations, stored.status.conditions, named)

    async def _stall(self, current: Pass, book: Book, problems: tuple[Problem, ...]) -> Requeue:
        """Report what is wrong with the spec; what exists is left as it is."""
        self._slots.give_back(current.key)
        self._tools.destruction.leave(current.key)
        self._tools.rooms.residents.leave_alone(current.key, "its spec cannot be carried out")
        facts = Facts(current.generation, stalled=tuple((p.reason, p.message) for p in problems))
        now = rfc3339(self._tools.clock.now())
        status = current.before.model_copy(
            update={
                "observed_generation": current.generation,
                "conditions": stated(APPLICATION, current.before.conditions, conditions(facts), now),
                "resources": tuple(entry for _, entry in sorted(book.entries.items())),
                "retried": requests.retry(current.raw),
            }
        )
        await self._write(current, status)
        return Requeue(after=BLOCKED_SECONDS, afresh=current.retrying)

    async def _publish(self, current: Pass, report: Report) -> Requeue:
        """Write what became of this pass: the Plan's status, then the Application's, and Events for what changed."""
        tools, now = self._tools, rfc3339(self._tools.clock.now())
        complete = False
        if current.plan is not None:
            plan_status = plans.status_of(current.plan, report.course(current.steps), now)
            if plan_status != current.plan.status:
                announcing.plan_progress(tools.recorder, current.raw, current.plan, plan_status)
                current.plan = await tools.store.write_plan_status(current.plan, plan_status)
            complete = plans.is_complete(current.plan)
        rests = complete or report.proposal.empty or report.rests
        if rests:
            self._slots.give_back(current.key)
        status = self._status(current, current.plan, report, complete=complete, now=now)
        if current.deleting and not status.resources and not status.in_flight:
            await tools.store.set_finalizer(current.raw, present=False)
            self._forget(current.key)
            return Requeue()
        await self._write(current, status)
        self._placing.note(current, report, rests=rests)
        return replace(report.requeue(poll=POLL_SECONDS, blocked=BLOCKED_SECONDS), afresh=current.retrying)

    def _progress(self, plan: StoredPlan, before: Iterable[StepStatus], report: Report) -> tuple[StepStatus, ...]:
        """Return how far each step of the Plan is after what `report` tells."""
        now = rfc3339(self._tools.clock.now())
        results = report.outcome.results if report.outcome else {}
        sent = {name: as_status(result, now) for name, result in results.items()}
        known = {status.name: status for status in before}
        return progress(plan.spec, known, report.proposal.steps, sent, report.unsettled(), now)

    def _status(
        self, current: Pass, plan: StoredPlan | None, report: Report, *, complete: bool, now: str
    ) -> ApplicationStatus:
        facts = report.facts(plan, complete=complete)
        fields: dict[str, Any] = {
            "observed_generation": current.generation,
            "plan_revision": current.revision,
            "conditions": stated(APPLICATION, current.before.conditions, conditions(facts), now),
            "plan": summary(plan, report) if not complete else PlanSummary(),
            "destroyed": self._tools.destruction.record(current.key),
            "replaced": current.replaced,
            "retried": requests.retry(current.raw),
        } | _ledger(report.book)
        if complete and plan is not None and plan.name != current.before.last_plan.name:
            fields["last_plan"] = FinishedPlan(name=plan.name, finished_at=now)
        if (ready := find(fields["conditions"], "Ready")) is not None and ready.status == "True":
            fields["settled"] = Settled(generation=current.generation, edition=self._tools.edition)
        if not current.deleting:
            fields |= self._whereabouts(current, report, now, self._is_gone(current)) | totals(report)
        return current.before.model_copy(update=fields)

    @staticmethod
    def _whereabouts(current: Pass, report: Report, now: str, gone: Callable[[str], bool]) -> dict[str, Any]:
        """Return the fields that tell where workloads are: what rebalancing moves, once its first step is sent.

        gone: tells whether there is no Cell of a name any more: nothing there is to be waited for.
        """
        moves, told = report.desired.moves, current.moves_told
        held = {move.workload for move in moves if move.trigger and report.awaits_move}.difference(told)
        begun = [move for move in moves if move.workload not in held | told]
        current.moves_told = told | {move.workload for move in begun}

        def rests(key: TargetKey) -> bool:
            return report.done(key) or gone(key.cell)

        recorded = moving.recorded(current.key.name, current.before.moves, begun, rests, now)
        return {"moves": recorded, "placements": moving.placements(current.before.placements, report.desired, held)}

    def _is_gone(self, current: Pass) -> Callable[[str], bool]:
        return lambda name: all(cell.name != name for cell in self._tools.fleet.cells(current.key.namespace))

    async def _write(self, current: Pass, status: ApplicationStatus) -> None:
        """Write the status if its meaning has changed, and tell whoever wants to know of what stands there."""
        if status != current.before:
            current_raw = await self._tools.store.write_status(current.raw, status)
            announcing.transitions(self._tools.recorder, current_raw, current.before, status)
            current.raw, current.before = current_raw, status
        self._tools.notices.consider(current.raw, status)

    async def _keep(self, current: Pass) -> None:
        """Write down what calls were answered, although a person changed the Application meanwhile.

        Else a create that was refused would count as one of which nobody knows what it made.
        """
        store, learnt, raw = self._tools.store, current.learnt, self._tools.store.application(current.key)
        if learnt is None or raw is None or raw["metadata"]["uid"] != current.uid:
            return
        if raw.get("status") != current.raw.get("status"):
            return
        with suppress(Overtaken):
            await store.write_status(raw, current.before.model_copy(update=_ledger(learnt)))

    async def write_ahead(self, current: Pass, report: Report, book: Book) -> None:
        """Store ledger, intents, the pointer to the Plan and what people should know before anything is sent."""
        now = rfc3339(self._tools.clock.now())
        report = replace(report, book=book, outcome=Outcome(book, sent=True))
        plan = current.plan
        if plan is not None:
            plan = replace(plan, status=plans.status_of(plan, report.course(current.steps), now))
        status = self._status(current, plan, report, complete=False, now=now)
        stalled = find(current.before.conditions, "Stalled")
        if stalled is not None and stalled.status == "True":
            # To try again is not to be better: that is told once it is.
            status = status.model_copy(update={"conditions": current.before.conditions})
        await self._write(current, status)

    def _forget(self, key: Key) -> None:
        self._memories.pop(key, None)
        self._slots.give_back(key)
        self._tools.rooms.forget(key, self._tools.clock.now())
        self._tools.destruction.leave(key)

    def _memory(self, current: Pass) -> Memory:
        uid, memory = self._memories.get(current.key, ("", None))
        if memory is None or uid != current.uid:
            memory = Memory(self._tools.clock)
            self._memories[current.key] = (current.uid, memory)
        return memory


def _ledger(book: Book) -> dict[str, Any]:
    """Return the fields of the status that a book is kept in."""
    return {"resources": tuple(entry for _, entry in sorted(book.entries.items())), "in_flight": book.in_flight}


class _Journal:
    """The executor's way to write ahead for the Application of one pass."""

    def __init__(self, reconciler: Reconciler, current: Pass, report: Report) -> None:
        self._reconciler, self._current, self._report = reconciler, current, report

    async def write_ahead(self, ledger: Mapping[TargetKey, LedgerEntry], in_flight: Sequence[Intent]) -> None:
        await self._reconciler.write_ahead(self._current, self._report, Book(ledger, tuple(in_flight)))
