"""Whether a Plan can be approved, and what to tell who asks."""

from dataclasses import dataclass
from enum import Enum, auto

from pilothouse.cli.objects import Found


class Answer(Enum):
    """What becomes of a wish to approve."""

    ASK = auto()
    """There is something to approve."""
    DONE = auto()
    """There is nothing left to do, which is as good as done."""
    REFUSED = auto()
    """What was meant is not what would be approved."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, and why for people; empty when there is something to approve."""

    answer: Answer
    why: str = ""


def verdict(found: Found, named: str | None) -> Verdict:
    """Return whether the Plan that was found can be approved.

    named: the Plan that the person looked at; a newer one in its place is refused, for nobody has looked at that.
    """
    plan, owner = found.plan, found.application
    if owner is not None and named and owner.status.plan.name != named:
        newer = owner.status.plan.name
        instead = f"its active Plan is {newer}" if newer else "it has no active Plan"
        look = f"kubectl pilothouse plan {owner.metadata.name} -n {owner.metadata.namespace}"
        return Verdict(
            Answer.REFUSED,
            f"Plan {named}: it is superseded or complete: {owner.label}: {instead}: "
            f"look with `{look}`, then approve what you see",
        )
    if plan is None:
        return Verdict(Answer.DONE, f"Nothing to approve: {owner.label if owner else 'it'} has no Plan.")
    if plan.complete:
        return Verdict(Answer.DONE, f"Nothing to approve: {plan.label} is complete.")
    if plan.superseded or not found.active:
        return Verdict(
            Answer.REFUSED,
            f"{plan.label}: it is superseded, so approving it would change nothing: "
            f"look with `kubectl pilothouse plan {plan.spec.application_ref.name} -n {plan.metadata.namespace}`",
        )
    if not plan.gated:
        return Verdict(Answer.DONE, f"Nothing to approve: no step of {plan.label} waits for approval.")
    if found.approved:
        return Verdict(Answer.DONE, f"{plan.label} is already approved.")
    return Verdict(Answer.ASK)
