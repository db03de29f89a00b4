"""Conditions as the Kubernetes API conventions and kstatus read them, and the rule for when one has changed."""

from collections.abc import Iterable
from typing import Final, Literal

from pydantic import Field

from pilothouse.api.meta import Record

LONGEST: Final = 32768
"""Letters of a message that the Kubernetes API takes, see metav1.Condition."""
Truth = Literal["True", "False", "Unknown"]


class Condition(Record):
    """metav1.Condition: one aspect of an object's state, with a reason for machines and a message for people."""

    type: str = Field(description="Which aspect, in CamelCase.", max_length=316)
    status: Truth = Field(description="True, False or Unknown.")
    reason: str = Field(description="Why, in CamelCase, for machines.", max_length=1024)
    message: str = Field("", description="Why, and what to do next, for people.", max_length=LONGEST)
    observed_generation: int = Field(0, ge=0, description="metadata.generation that this condition speaks of.")
    last_transition_time: str = Field("", description="When `status` last changed, RFC 3339 in UTC.")


def merged(old: Iterable[Condition], new: Iterable[Condition], now: str) -> tuple[Condition, ...]:
    """Return `new`, each keeping the transition time of the `old` one whose status it shares.

    now: RFC 3339 in UTC, taken for every condition whose status is different from before.
    """
    before = {condition.type: condition for condition in old}
    return tuple(_stamped(condition, before.get(condition.type), now) for condition in new)


def _stamped(new: Condition, old: Condition | None, now: str) -> Condition:
    unchanged = old is not None and old.status == new.status and old.last_transition_time
    return new.model_copy(update={"last_transition_time": old.last_transition_time if unchanged and old else now})


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """Return the condition of type `kind`, or None."""
    return next((condition for condition in conditions if condition.type == kind), None)
