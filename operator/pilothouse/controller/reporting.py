"""What a pass has to tell: gathered in one value, turned into conditions, totals and the time of the next pass."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pilothouse.api.application import LedgerEntry, PlanSummary
from pilothouse.api.plan import PlanSpec, Reason, StepStatus
from pilothouse.api.times import rfc3339, seconds
from pilothouse.applying.executor import Outcome
from pilothouse.applying.ledger import LONGEST_CALL_SECONDS, Book, is_ready, parse_key
from pilothouse.controller import plans
from pilothouse.controller.conditions import Facts
from pilothouse.controller.ports import Requeue, Stop, StoredPlan
from pilothouse.controller.timeouts import Deadline
from pilothouse.controller.windows import Closed
from pilothouse.dataplane.types import Creation, HealthState, ResourceType, TargetKey
from pilothouse.desired.state import DesiredState
from pilothouse.observed.snapshot import Outdated
from pilothouse.planning.plan import Proposal

LONGEST_WAIT: Final = 3_600.0
"""Seconds until it is looked whether it is time, however far ahead that is: the clock may be set meanwhile."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a pass found and did.

    halted: why nothing may be changed; held: reason and message of why it may not be deleted; refused: why no Plan
    could be stored; plan: the one that is carried out; in_line: whether as many Plans are under way in the fleet as its
    budget allows; at: when (seconds since the epoch); deadlines: of changes under way; closed: by reason, the change
    window that has to open first; stopped: by Cell, why what is to be created or destroyed there is not; losses: what
    this pass found gone, and is to be written down; outdated: what nothing tells the changes of; rationed: whether the
    fleet's budget lets it destroy no more now.
    """

    application: str
    generation: int
    book: Book
    desired: DesiredState
    proposal: Proposal
    plan: PlanSpec | None = None
    outcome: Outcome | None = None
    approved_by: str = ""
    halted: str = ""
    held: tuple[str, str] | None = None
    refused: str = ""
    at: float = 0.0
    deadlines: tuple[Deadline, ...] = ()
    closed: Mapping[Reason, Closed] = field(default_factory=dict)
    stopped: Mapping[str, Stop] = field(default_factory=dict)
    losses: frozenset[TargetKey] = frozenset()
    outdated: Mapping[TargetKey, Outdated] = field(default_factory=dict)
    rationed: bool = False
    in_line: bool = False
    deleting: bool = False

    @property
    def unapproved(self) -> bool:
        """Whether a step that is to be done waits for a person."""
        return not self.approved_by and not self.halted and any(step.gated for step in self.proposal.steps)

    @property
    def repairs(self) -> bool:
        """Whether a step that is to be done repairs something, whatever else there is to do."""
        return "Repair" in self.proposal.reasons.values()

    @property
    def kept_waiting(self) -> Reason | None:
        """What its Plan is for, while others keep it waiting; None while nobody does."""
        return self.proposal.reason if self.in_line else None

    @property
    def awaits_move(self) -> bool:
        """Whether rebalancing is to move something of which nothing is sent: for a person, a window, or others."""
        if not any(move.trigger for move in self.desired.moves):
            return False
        sent = self.outcome is not None and self.outcome.sent
        return not sent or "Rebalance" in self.closed or (self.desired.proposed and self.unapproved)

    @property
    def rests(self) -> bool:
        """Whether nothing of the Plan is under way, and nothing will be before something else has changed.

        To wait until it shows what became of a lost call takes minutes, and is no reason to keep others waiting.
        """
        results = self.outcome.results.values() if self.outcome is not None and self.outcome.sent else ()
        if self.in_line or any(not result.refused for result in results):
            return False
        if self.book.in_flight:
            return all(self.at - seconds(intent.sent_at) > LONGEST_CALL_SECONDS for intent in self.book.in_flight)
        return bool(self.halted or self.unapproved or self.window or self.rationed or self.stalled())

    @property
    def window(self) -> Closed | None:
        """The change window that all that is left to do waits for; None when there is none, or something else is done.

        Where several have to open, that which opens first.
        """
        under_way = self.book.in_flight or self.deadlines or (self.outcome is not None and self.outcome.sent)
        if self.halted or under_way or not set(self.proposal.reasons.values()) <= set(self.closed):
            return None
        return min(self.closed.values(), key=lambda closed: closed.until or 0.0, default=None)

    def stalled(self) -> tuple[tuple[str, str], ...]:
        """Return what only a person can resolve, as (reason, message)."""
        found = [("Refused", self.refused)] if self.refused else []
        found += [finding.blocked for finding in self.proposal.findings.values() if finding.blocked]
        if self.outcome is not None:
            results = self.outcome.results.values()
            found += [("StepFailed", f"{result.step}: {result.message}") for result in results if result.refused]
        found += [
            ("Failed", f"{entry.cell}/{entry.type}/{entry.name}: {entry.message}")
            for entry in self.unready()
            if entry.state == HealthState.FAILED.value
        ]
        found += [
            ("ObservationFailed", f"{key}: nobody may tell what becomes of it: {one.trouble}")
            for key, one in sorted(self.outdated.items())
            if one.refused
        ]
        found += [("StepTimedOut", deadline.message) for deadline in self.late]
        found += [("DoesNotFit", message) for message in self.desired.shortages.values()]
        found += [("BreakerOpen", stop.message) for stop in self.broken]
        found += [self.held] if self.held else []
        return tuple(found)

    @property
    def broken(self) -> tuple[Stop, ...]:
        """The open breakers that something waits for."""
        return tuple(stop for _, stop in sorted(self.stopped.items()) if stop.open)

    @property
    def late(self) -> tuple[Deadline, ...]:
        """The changes under way that should have come to rest by now."""
        return tuple(deadline for deadline in self.deadlines if deadline.at <= self.at)

    def waiting(self) -> tuple[str, ...]:
        """Return what the Controller waits for."""
        found = [finding.waiting for finding in self.proposal.findings.values() if finding.waiting]
        found += [
            f"{intent.target}: it is not known yet whether {intent.step}, sent at {intent.sent_at}, made anything"
            for intent in self.book.in_flight
            if parse_key(intent.target) not in self.desired.targets
        ]
        found += [stop.message for stop in self.stopped.values() if self.proposal.empty and not stop.open]
        if self.in_line:
            found.append("other Plans are carried out first: FleetPolicy budgets.plansInFlight allows no more at once")
        if self.outcome is not None:
            found += self.outcome.waiting
            results = self.outcome.results.values()
            found += [f"{r.step}: {r.message}" for r in results if r.message and not r.refused]
        return tuple(found)

    def unready(self) -> tuple[LedgerEntry, ...]:
        """Return the wanted things that are not Ready."""
        entries = self.book.entries
        return tuple(
            entries[key] for key in sorted(self.desired.targets) if key in entries and not is_ready(entries[key])
        )

    def done(self, key: TargetKey) -> bool:
        """Tell whether nothing is left to do, or to be waited for, of one thing."""
        finding = self.proposal.findings.get(key)
        return not (finding is not None and finding.draft) and str(key) not in self.unsettled()

    def unsettled(self) -> frozenset[str]:
        """Return the targets that are sent, unseen or not Ready: their steps are not done yet."""
        findings = self.proposal.findings
        open_findings = {str(key) for key, finding in findings.items() if finding.waiting or finding.blocked}
        in_flight = {intent.target for intent in self.book.in_flight}
        return frozenset(open_findings | in_flight | {f"{e.cell}/{e.type}/{e.name}" for e in self.unready()})

    def settles(self, types: Callable[[str], ResourceType[Any]]) -> bool:
        """Tell whether what was sent can be looked at again before it is written down.

        So it is with what is found by its name: an answer that is lost costs another look. The identifier that a cloud
        chose is written down at once.
        """
        if self.outcome is None or self.plan is None or not self.outcome.sent:
            return False
        kinds = {step.name: step.target.type for step in self.plan.steps}
        results = self.outcome.results.items()
        return all(not result.message and types(kinds[name]).creation is Creation.NAMED for name, result in results)

    @property
    def only_waits(self) -> bool:
        """Whether all that is missing is that something becomes Ready."""
        return self.proposal.empty and not self.stalled() and bool(self.unready())

    def course(self, steps: tuple[StepStatus, ...]) -> plans.Course:
        """Return how far the Plan has come, as its status is to tell it."""
        stalled = "; ".join(message for _, message in self.stalled())
        return plans.Course(steps, self.approved_by, "; ".join(self.waiting()[:3]), stalled, bool(self.window))

    def facts(self, plan: StoredPlan | None, *, complete: bool) -> Facts:
        """Return what the conditions are concluded from."""
        changing = not self.proposal.empty or (plan is not None and not complete) or bool(self.book.in_flight)
        return Facts(
            self.generation,
            stalled=self.stalled(),
            approval=self._approval_needed(plan),
            approved_by=self.approved_by if plan is not None and not complete else "",
            waiting=self.waiting(),
            changing=changing,
            deleting=self.deleting,
            suspended=self.halted,
            window=f"Waiting for {self.window}" if self.window else "",
            unready=self.unready(),
            outdated=tuple(_not_known(key, one) for key, one in sorted(self.outdated.items())),
            drifted=tuple(entry for _, entry in sorted(self.book.entries.items()) if entry.drift),
            advice=self.desired.advice,
        )

    def _approval_needed(self, plan: StoredPlan | None) -> str:
        if plan is None or not self.unapproved or (self.outcome is not None and self.outcome.sent):
            return ""
        gated = [step.name for step in self.proposal.steps if step.gated]
        return f"{', '.join(gated[:3])} of Plan {plan.name} wait for approval; {plans.approval_command(plan)}"

    def requeue(self, *, poll: float, blocked: float) -> Requeue:
        """Return when to look again: at the latest when a change should be at rest, or a change window opens.

        poll: seconds until what is under way is looked at; blocked: until what no event tells of is, such as room.
        """
        again = self._again(poll, blocked)
        moments = [deadline.at for deadline in self.deadlines] + [
            one.until for one in self.closed.values() if one.until
        ]
        ahead = [min(moment - self.at, LONGEST_WAIT) for moment in moments if moment > self.at]
        if again.failed or not ahead:
            return again
        return Requeue(after=min(again.after, *ahead) if again.after is not None else min(ahead))

    def _again(self, poll: float, blocked: float) -> Requeue:
        findings = self.proposal.findings.values()
        if self.losses:
            return Requeue(after=0.0)
        if self.in_line:
            return Requeue()
        if self.outcome is not None and self.outcome.sent:
            failed = any(result.message for result in self.outcome.results.values())
            return Requeue(failed=True) if failed else Requeue(after=0.0)
        if self.refused or any(finding.waiting or finding.blocked for finding in findings):
            return Requeue(failed=True)
        cloudy = {key for key, target in self.desired.targets.items() if target.type.provider != "kubernetes"}
        unready = {parse_key(f"{e.cell}/{e.type}/{e.name}") for e in self.unready()}
        late = {deadline.key for deadline in self.late}
        open_steps = not self.proposal.empty and not (
            self.unapproved or late or self.window or self.broken or self.rationed
        )
        held = any(not stop.open for stop in self.stopped.values())
        in_motion = self.book.in_flight or (cloudy & unready) - late or open_steps or held
        if in_motion and (self.book.in_flight or not self.halted):
            return Requeue(after=poll)
        paused = self.unapproved and any(not step.gated for step in self.proposal.steps)
        waits = paused or self.desired.shortages or late or self.broken or self.rationed or self.outdated
        return Requeue(after=blocked) if waits else Requeue()


def _not_known(key: TargetKey, one: Outdated) -> str:
    """Return since when it is not known what becomes of a thing, in the same words for as long as that is so."""
    why = f" ({one.trouble})" if one.trouble else ""
    return f"{key}: since {rfc3339(one.since)} nobody tells what becomes of it{why}; see Cell {key.cell}"


def summary(plan: StoredPlan | None, report: Report) -> PlanSummary:
    """Return what the Application's status says of the active Plan."""
    if plan is None:
        return PlanSummary()
    waiting = report.waiting()
    waiting_for = str(report.window) if report.window else waiting[0] if waiting else ""
    waiting_for = "approval" if report.unapproved else waiting_for
    return PlanSummary(name=plan.name, state=plan.status.state, steps=plan.status.progress, waiting_for=waiting_for)


def totals(report: Report) -> dict[str, str]:
    """Return how many workloads and cloud resources are Ready, of all."""
    entries = report.book.entries
    clouds = [key for key, target in report.desired.targets.items() if target.type.provider != "kubernetes"]
    workloads: dict[str, bool] = {}
    for name, runners in report.desired.runners.items():
        if runners:
            workloads[name] = all(is_ready(entries.get(key)) for key in runners)
    for short in report.desired.shortages:
        workloads[short] = False
    return {
        "workloads_ready": _of(workloads.values()),
        "resources_ready": _of(is_ready(entries.get(key)) for key in clouds),
    }


def _of(values: Iterable[bool]) -> str:
    counted = list(values)
    return f"{sum(counted)}/{len(counted)}"
