"""One pass for one Application: from whatever state the world is in, take the one next step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pydantic import ValidationError

from pilothouse.api.application import ApplicationSpec, ApplicationStatus, Intent, LedgerEntry, PlanSummary
from pilothouse.api.conditions import merged
from pilothouse.api.meta import FINALIZER
from pilothouse.api.plan import PlanSpec, PlanStatus, StepStatus
from pilothouse.api.times import rfc3339
from pilothouse.applying import ledger as books
from pilothouse.applying.executor import Executor, as_status
from pilothouse.applying.ledger import Book
from pilothouse.applying.ports import Clock
from pilothouse.applying.selecting import Order
from pilothouse.controller import announcing, plans
from pilothouse.controller.conditions import Facts, conditions
from pilothouse.controller.observing import Memory, Observer, Subject
from pilothouse.controller.ports import (
    Fleet,
    Key,
    NamespaceTerminating,
    Object,
    PlanRefused,
    Recorder,
    Requeue,
    Store,
    StoredPlan,
)
from pilothouse.controller.reporting import Report, summary, totals
from pilothouse.controller.slots import Slots
from pilothouse.dataplane.types import Creation, Owner, ResourceType, TargetKey
from pilothouse.desired.resolve import World, resolve
from pilothouse.desired.state import DesiredState, Problem, Types
from pilothouse.observed.snapshot import Snapshot, key_of
from pilothouse.planning.approval import approved, strictest
from pilothouse.planning.hashes import Hasher
from pilothouse.planning.plan import Policy, Proposal, make_plan, plan_name
from pilothouse.planning.plan import Subject as PlanSubject
from pilothouse.planning.validity import progress

POLL_SECONDS = 2.0
"""How long until a thing that a provider is working on is looked at again."""
LONGEST_CALL_SECONDS = 30.0
"""How long after it was sent a call may still have its effect, whatever became of its sender."""


class Catalog(Types, Protocol):
    """Every type there is."""

    def of(self, kind: str) -> ResourceType[Any]:
        """Return the type of a type block or Kubernetes kind."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a Reconciler works with."""

    store: Store
    fleet: Fleet
    observer: Observer
    executor: Executor
    recorder: Recorder
    catalog: Catalog
    hasher: Hasher
    clock: Clock
    control_plane: str
    wake: Callable[[Key], None]


@dataclass(slots=True)
class Pass:
    """One Application on its way through a pass. `raw` is replaced by what each write returns."""

    key: Key
    raw: Object
    spec: ApplicationSpec | None
    before: ApplicationStatus
    problem: str = ""
    revision: int = 0
    plan: StoredPlan | None = None

    @property
    def uid(self) -> str:
        """The UID of this incarnation of the Application."""
        return str(self.raw["metadata"]["uid"])

    @property
    def generation(self) -> int:
        """The generation of the spec that this pass speaks of."""
        return int(self.raw["metadata"].get("generation", 0))

    @property
    def deleting(self) -> bool:
        """Whether a person deleted the Application."""
        return bool(self.raw["metadata"].get("deletionTimestamp"))

    @property
    def finalizers(self) -> list[str]:
        """The finalizers that hold the Application."""
        return list(self.raw["metadata"].get("finalizers") or [])


class Reconciler:
    """Takes the one next step for an Application, whatever state it is in. Passes of one key never overlap."""

    def __init__(self, tools: Tools) -> None:
        """Take the tools; what is remembered between passes can be lost at any time."""
        self._tools = tools
        self._memories: dict[Key, tuple[str, Memory]] = {}
        self._slots = Slots(lambda: tools.fleet.policy().budgets.plans_in_flight, tools.wake)

    async def reconcile(self, key: Key) -> Requeue:
        """Take the next step for the Application at `key`.

        Raises Overtaken when it was changed meanwhile (take the pass again) and NotLeader when leadership is lost.
        """
        raw = self._tools.store.application(key)
        if raw is None:
            self._forget(key)
            return Requeue()
        current = _read(key, raw)
        if current.deleting and FINALIZER not in current.finalizers:
            return Requeue()
        if not current.deleting and FINALIZER not in current.finalizers:
            current.raw = await self._tools.store.set_finalizer(current.raw, present=True)
        return await self._advance(current)

    async def _advance(self, current: Pass) -> Requeue:
        tools, now = self._tools, self._tools.clock.now()
        owner = Owner(tools.control_plane, current.key.namespace, current.key.name)
        book = Book({key_of(entry): entry for entry in current.before.resources}, current.before.in_flight)
        desired = self._desired(current, owner, book)
        if desired.problems:
            return await self._stall(current, book, desired.problems)
        book = books.claim(book, tools.observer.strays(owner), desired.targets, current.uid)
        memory = self._memory(current)
        snapshot = await tools.observer.snapshot(Subject(owner, current.uid, desired, book), memory)
        book = self._settled(book, desired, snapshot)
        policy = self._policy(current)
        subject = PlanSubject(owner, current.uid, tools.hasher, deleting=current.deleting)
        proposal = make_plan(subject, desired, book.entries, snapshot, policy, tools.catalog.of)
        book = books.describe(book, proposal.findings, snapshot, desired.targets, rfc3339(now))
        report = Report(current.key.name, current.generation, book, desired, proposal, deleting=current.deleting)
        return await self._carry_out(current, report, snapshot, memory, now)

    async def _carry_out(
        self, current: Pass, report: Report, snapshot: Snapshot, memory: Memory, started: float
    ) -> Requeue:
        tools = self._tools
        report = replace(report, halted=self._halted(current))
        try:
            current.plan = await self._plan(current, report.proposal)
        except PlanRefused as error:
            return await self._publish(current, replace(report, refused=f"the API server refused the Plan: {error}"))
        stored = current.plan
        spec = stored.spec if stored else self._unwritten(current, report.proposal)
        approval = self._approval(current, stored)
        report = replace(report, plan=spec, approved_by=approval)
        if spec is not None and not report.proposal.empty and not report.halted:
            if self._slots.take(current.key):
                order = Order(spec, report.proposal, report.book, snapshot, bool(approval), started)
                outcome = await tools.executor.advance(order, _Journal(self, current), memory)
                report = replace(report, book=outcome.book, outcome=outcome)
            else:
                report = replace(report, in_line=True)
        return await self._publish(current, report)

    def _desired(self, current: Pass, owner: Owner, book: Book) -> DesiredState:
        if current.deleting:
            return DesiredState()
        if current.spec is None:
            return DesiredState(problems=(Problem("InvalidSpec", current.problem),))
        cells = self._tools.fleet.cells(current.key.namespace)
        return resolve(current.spec, World(owner, cells, self._tools.catalog, book.entries, current.before.placements))

    def _settled(self, book: Book, desired: DesiredState, snapshot: Snapshot) -> Book:
        """Return the book with intents resolved, facts recorded, and what is gone and unwanted dropped."""
        kinds = {key: self._tools.catalog.of(key.type) for key in {*desired.targets, *book.entries}}
        harmless = frozenset(key for key, kind in kinds.items() if kind.creation is not Creation.TOKENLESS)
        window = max((kind.settles_in for kind in kinds.values()), default=0.0)
        rules = books.Rules(frozenset(desired.targets), harmless, max(window, LONGEST_CALL_SECONDS))
        book = books.record(books.settle(book, snapshot, rules), snapshot)
        return books.forget(book, desired.targets, snapshot)

    def _policy(self, current: Pass) -> Policy:
        fleet = self._tools.fleet.policy()
        if current.spec is None:
            return Policy(fleet.approval_floor)
        own = current.spec.change_policy
        return Policy(strictest(own.approval, fleet.approval_floor), own.drift)

    def _halted(self, current: Pass) -> str:
        """Return why nothing may be changed now; empty when it may."""
        if self._tools.fleet.policy().suspend:
            return "the fleet is suspended; set FleetPolicy default spec.suspend to false to go on"
        spec = current.spec
        if current.deleting and spec is not None and spec.deletion_protection:
            return "spec.deletionProtection is true; set it to false to let the deletion go on"
        if not current.deleting and spec is not None and spec.suspend:
            return "spec.suspend is true; set it to false to go on"
        return ""

    async def _plan(self, current: Pass, proposal: Proposal) -> StoredPlan | None:
        """Return the active Plan: the stored one while it stands, else a new one; None when there is nothing to do."""
        store, now = self._tools.store, rfc3339(self._tools.clock.now())
        current.revision = current.before.plan_revision
        name = current.before.plan.name
        stored = store.plan(current.key.namespace, name) if name else None
        if stored is not None:
            verdict = plans.judge(stored, current.key.name, current.uid, proposal)
            if not verdict.superseded:
                return stored
            await store.write_plan_status(stored, plans.superseded_status(stored.status, verdict.superseded, now))
        if proposal.empty:
            return None
        current.revision += 1
        return await self._new_plan(current, proposal, stored)

    async def _new_plan(self, current: Pass, proposal: Proposal, old: StoredPlan | None) -> StoredPlan | None:
        spec = proposal.spec(current.key.name, current.uid, current.revision)
        try:
            plan = await self._tools.store.create_plan(current.raw, plan_name(current.key.name, spec), spec)
        except NamespaceTerminating:
            if current.deleting:
                return None
            raise PlanRefused("the namespace is being deleted") from None
        self._tools.recorder.event(current.raw, "Normal", "PlanMade", announcing.plan_made(plan))
        if old is not None and plans.inherits(old, proposal):
            carried = f"approval carried over from {old.name}"
            course = plans.Course(
                tuple(StepStatus(name=step.name, state="Pending") for step in spec.steps), carried, ""
            )
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
        facts = Facts(current.generation, stalled=tuple((p.reason, p.message) for p in problems))
        now = rfc3339(self._tools.clock.now())
        status = current.before.model_copy(
            update={
                "observed_generation": current.generation,
                "conditions": merged(current.before.conditions, conditions(facts), now),
                "resources": tuple(entry for _, entry in sorted(book.entries.items())),
            }
        )
        await self._write(current, status)
        return Requeue()

    async def _publish(self, current: Pass, report: Report) -> Requeue:
        """Write what became of this pass: the Plan's status, then the Application's, and Events for what changed."""
        tools, now = self._tools, rfc3339(self._tools.clock.now())
        complete = False
        if current.plan is not None:
            plan_status = self._plan_status(current.plan, report, now)
            if plan_status != current.plan.status:
                announcing.plan_progress(tools.recorder, current.raw, current.plan, plan_status)
                current.plan = await tools.store.write_plan_status(current.plan, plan_status)
            complete = plans.is_complete(current.plan)
        if complete or report.proposal.empty or (report.unapproved and not report.book.in_flight):
            self._slots.give_back(current.key)
        status = self._status(current, report, complete=complete, now=now)
        if current.deleting and not status.resources and not status.in_flight:
            await tools.store.set_finalizer(current.raw, present=False)
            self._forget(current.key)
            return Requeue()
        await self._write(current, status)
        return report.requeue(poll=POLL_SECONDS)

    def _plan_status(self, plan: StoredPlan, report: Report, now: str) -> PlanStatus:
        results = report.outcome.results if report.outcome else {}
        sent = {name: as_status(result, now) for name, result in results.items()}
        before = {status.name: status for status in plan.status.steps}
        steps = progress(plan.spec, before, report.proposal.steps, sent, report.unsettled(), now)
        waiting = "; ".join(report.waiting()[:3])
        stalled = "; ".join(message for _, message in report.stalled())
        return plans.status_of(plan, plans.Course(steps, report.approved_by, waiting, stalled), now)

    def _status(self, current: Pass, report: Report, *, complete: bool, now: str) -> ApplicationStatus:
        facts = report.facts(current.plan, complete=complete)
        fields: dict[str, Any] = {
            "observed_generation": current.generation,
            "plan_revision": current.revision,
            "conditions": merged(current.before.conditions, conditions(facts), now),
            "plan": summary(current.plan, report) if not complete else PlanSummary(),
            "in_flight": report.book.in_flight,
            "resources": tuple(entry for _, entry in sorted(report.book.entries.items())),
        }
        if not current.deleting:
            fields |= {"placements": report.desired.placements} | totals(report)
        return current.before.model_copy(update=fields)

    async def _write(self, current: Pass, status: ApplicationStatus) -> None:
        """Write the status if its meaning has changed."""
        if status == current.before:
            return
        current_raw = await self._tools.store.write_status(current.raw, status)
        announcing.transitions(self._tools.recorder, current_raw, current.before, status)
        current.raw, current.before = current_raw, status

    async def write_ahead(self, current: Pass, book: Book) -> None:
        """Store ledger, intents and the pointer to the Plan before anything is sent."""
        pointer = PlanSummary(name=current.plan.name, state="Applying") if current.plan else PlanSummary()
        known = current.before.plan
        status = current.before.model_copy(
            update={
                "plan_revision": current.revision,
                "plan": known if known.name == pointer.name else pointer,
                "in_flight": book.in_flight,
                "resources": tuple(entry for _, entry in sorted(book.entries.items())),
            }
        )
        current.raw = await self._tools.store.write_status(current.raw, status)
        current.before = status

    def _forget(self, key: Key) -> None:
        self._memories.pop(key, None)
        self._slots.give_back(key)

    def _memory(self, current: Pass) -> Memory:
        uid, memory = self._memories.get(current.key, ("", None))
        if memory is None or uid != current.uid:
            memory = Memory(self._tools.clock)
            self._memories[current.key] = (current.uid, memory)
        return memory


class _Journal:
    """The executor's way to write ahead for the Application of one pass."""

    def __init__(self, reconciler: Reconciler, current: Pass) -> None:
        self._reconciler, self._current = reconciler, current

    async def write_ahead(self, ledger: Mapping[TargetKey, LedgerEntry], in_flight: Sequence[Intent]) -> None:
        await self._reconciler.write_ahead(self._current, Book(ledger, tuple(in_flight)))


def _read(key: Key, raw: Object) -> Pass:
    """Return a fresh Pass. A spec that does not fit the model is kept as a problem, for a deletion needs no spec."""
    status = ApplicationStatus.model_validate(raw.get("status") or {})
    try:
        spec = ApplicationSpec.model_validate(raw.get("spec") or {})
    except ValidationError as error:
        found = "; ".join(f"spec.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        return Pass(key, raw, None, status, problem=found)
    return Pass(key, raw, spec, status)
