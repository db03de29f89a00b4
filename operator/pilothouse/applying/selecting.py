"""Which steps may be sent now, and what each of the others waits for. Pure: a chain of small reasons."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pilothouse.api.plan import PlanSpec, Reason, Step
from pilothouse.api.times import seconds
from pilothouse.applying import ledger as books
from pilothouse.applying.ledger import Book
from pilothouse.dataplane.types import Call, Creation, TargetKey
from pilothouse.observed.snapshot import Snapshot
from pilothouse.planning.breaker import DESTRUCTIVE, stoppable
from pilothouse.planning.diff import Draft
from pilothouse.planning.outputs import missing
from pilothouse.planning.plan import Proposal
from pilothouse.planning.validity import covering

LASTING: Final = 3
"""Incarnations after which making the next one at once is no repair any more."""
LONGEST_PAUSE: Final = 600.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to carry out in this pass.

    stored: the Plan that people see, which every step sent must be part of; fresh: the proposal made just now;
    approved: whether the stored Plan's gated steps are approved; looked_since: looks newer than this (seconds since
    the epoch) count as made just before sending; retrying: whether a person asked for no more pauses;
    closed: what steps of a reason wait for, where it is not the time; stopped: why nothing is created or destroyed in a
    Cell now; unwritten: what is gone, as this pass alone knows; namespace: whose turns its changes take;
    destructions: how many more destructive steps may be begun, None for any number.
    """

    stored: PlanSpec
    fresh: Proposal
    book: Book
    snapshot: Snapshot
    approved: bool
    looked_since: float
    retrying: bool = False
    closed: Mapping[Reason, str] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    unwritten: frozenset[TargetKey] = frozenset()
    namespace: str = ""
    destructions: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One step to send: as people see it in the stored Plan, what stands behind it, and its calls.

    again: whether it was sent before, and it is not known what came of that.
    """

    step: Step
    draft: Draft
    calls: tuple[Call, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fresh step, the stored one that covers it, and the moment (seconds since the epoch)."""

    fresh: Step
    stored: Step
    draft: Draft
    order: Order
    now: float


def runnable(order: Order, now: float) -> tuple[list[Job], tuple[str, ...]]:
    """Return what may be sent now, and why the rest may not."""
    jobs, waiting, begun = [], [], 0
    for fresh in order.fresh.steps:
        stored, draft = covering(order.stored.steps, fresh), order.fresh.drafts[fresh.name]
        if stored is None:
            waiting.append(f"{fresh.name} is not part of Plan revision {order.stored.revision}")
        elif reason := obstacle(Candidate(fresh, stored, draft, order, now)):
            waiting.append(f"{stored.name} waits for {reason}")
        elif (counts := destroys(draft, order.book)) and begun == order.destructions:
            waiting.append(f"{stored.name} waits for FleetPolicy budgets.destructiveStepsPerHour to allow one more")
        else:
            begun += counts
            jobs.append(Job(stored, draft, draft.calls(), again=order.book.intent(draft.key) is not None))
    return jobs, tuple(waiting)


def destroys(draft: Draft, book: Book) -> bool:
    """Tell whether to send a step begins to destroy something. What goes on was counted when it began."""
    entry = book.entries.get(draft.key)
    way = entry.under_way if entry is not None else None
    begun = way is not None and (way.action, way.desired) == (draft.action, draft.desired)
    destructive = draft.action in DESTRUCTIVE or draft.impact == "Destructive"
    return destructive and not begun and not draft.extra


def destroying(order: Order, now: float) -> list[Job]:
    """Return the jobs by which something would begin to be destroyed, however many may be."""
    jobs, _ = runnable(order, now)
    return [job for job in jobs if destroys(job.draft, order.book)]


def obstacle(candidate: Candidate) -> str:
    """Return what a step waits for; empty when it may be sent."""
    return next((reason for check in _CHECKS if (reason := check(candidate))), "")


def _approval(candidate: Candidate) -> str:
    return "approval" if candidate.fresh.gated and not candidate.order.approved else ""


def _breaker(candidate: Candidate) -> str:
    stopped = candidate.order.stopped.get(candidate.draft.key.cell, "")
    return stopped if stoppable(candidate.draft.action, candidate.draft.impact) else ""


def _loss(candidate: Candidate) -> str:
    """Make again what vanished when that is on record, and the newest listing of a cloud misses it as well.

    Else an endpoint that lies could have something made before anybody has noticed how much it hides.
    """
    order, draft = candidate.order, candidate.draft
    entry = order.book.entries.get(draft.key)
    if draft.action != "Create" or entry is None or entry.id or not entry.lost_at:
        return ""
    if draft.key in order.unwritten:
        return "its loss to be written down"
    listed = draft.type.provider == "kubernetes" or order.snapshot.sighting(draft.key).unlisted_at >= seconds(
        entry.lost_at
    )
    return "" if listed else f"the next listing of Cell {draft.key.cell}, which has to miss it too"


def _refused(candidate: Candidate) -> str:
    """Ask no more with a token that was refused: what it made is found, or `applying.spent` takes the next one."""
    entry = candidate.order.book.entries.get(candidate.draft.key)
    if candidate.draft.action != "Create" or entry is None or not entry.spent_at:
        return ""
    return "what its token had made, with other settings, to be found; if it is not, another one is made"


def _outcome(candidate: Candidate) -> str:
    """Send nothing while it is open what came of a call before, but for the same again where that hits the same."""
    draft, sent = candidate.draft, candidate.order.book.intents(candidate.draft.key)
    match draft.action:
        case "Create":
            harmless = draft.type.creation is not Creation.TOKENLESS
        case "Delete" | "Replace":
            harmless = not draft.type.create_looks  # else its name may be the next one's by then
        case action:
            harmless = action == "Adopt"
    again = harmless and all(intent.action == draft.action for intent in sent)
    return "the outcome of what was sent" if sent and not again else ""


def _steps_before(candidate: Candidate) -> str:
    unfinished = {step.name for step in candidate.order.fresh.steps}
    return next((name for name in candidate.fresh.depends_on if name in unfinished), "")


def _things_before(candidate: Candidate) -> str:
    draft, entries = candidate.draft, candidate.order.book.entries
    if draft.action not in {"Create", "Update", "Adopt"}:
        return ""
    unready = (key for key in sorted(draft.after) if key != draft.key and not books.is_ready(entries.get(key)))
    return next((f"{key} to be Ready" for key in unready), "")


def _outputs(candidate: Candidate) -> str:
    draft = candidate.draft
    needed = draft.want is not None and draft.action in {"Create", "Update"}
    unknown = missing(draft.want.spec, late=draft.action != "Create") if needed and draft.want is not None else ()
    return str(unknown[0]) if unknown else ""


def _window(candidate: Candidate) -> str:
    """Begin nothing at the wrong time, but finish what was begun: a thing half changed or replaced serves nobody."""
    order, draft = candidate.order, candidate.draft
    entry = order.book.entries.get(draft.key)
    way = entry.under_way if entry is not None and not draft.extra else None
    begun = way is not None and (way.action, way.desired) == (draft.action, draft.desired)
    replacing = candidate.stored.action == "Replace" and candidate.fresh.action == "Create"
    return "" if begun or replacing else order.closed.get(order.fresh.reasons[candidate.fresh.name], "")


def _its_own_thing(candidate: Candidate) -> str:
    """Let the thing itself be settled before its extras are retired."""
    draft, drafts = candidate.draft, candidate.order.fresh.drafts.values()
    busy = draft.extra and any(other.key == draft.key and not other.extra for other in drafts)
    return f"{draft.key} itself to be settled" if busy else ""


def _a_pause(candidate: Candidate) -> str:
    """Make something that keeps vanishing again after a pause that grows each time."""
    entry = candidate.order.book.entries.get(candidate.draft.key)
    again = candidate.fresh.action == candidate.stored.action == "Create"
    if not again or candidate.order.retrying or entry is None or entry.incarnation < LASTING:
        return ""
    left = seconds(entry.changed_at) + min(LONGEST_PAUSE, 2.0**entry.incarnation) - candidate.now
    return f"{left:.0f} s, because those before did not last, or were not to be had" if left > 0 else ""


def _rest(candidate: Candidate) -> str:
    draft = candidate.draft
    in_motion = draft.action != "Release" and not draft.calls()
    return f"{draft.key} to come to rest" if in_motion else ""


_CHECKS: Final[tuple[Callable[[Candidate], str], ...]] = (
    _approval,
    _window,
    _breaker,
    _loss,
    _refused,
    _outcome,
    _steps_before,
    _things_before,
    _outputs,
    _its_own_thing,
    _a_pause,
    _rest,
)
