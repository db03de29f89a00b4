"""An Application as it is on the API server at one moment, in the words of its model."""

from dataclasses import dataclass
from typing import Any

from pilothouse.api.application import ApplicationStatus, LedgerEntry
from pilothouse.api.conditions import Condition, find

Object = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """One version of one Application."""

    raw: Object

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.raw["metadata"]["name"])

    @property
    def uid(self) -> str:
        """Its UID."""
        return str(self.raw["metadata"]["uid"])

    @property
    def status(self) -> ApplicationStatus:
        """What the operator says of it."""
        return ApplicationStatus.model_validate(self.raw.get("status") or {})

    def condition(self, kind: str) -> Condition:
        """A condition; of status Unknown while the operator has said nothing, or speaks of an earlier spec."""
        found = find(self.status.conditions, kind)
        if found is None or found.observed_generation != self.raw["metadata"]["generation"]:
            return Condition(type=kind, status="Unknown", reason="NotObservedYet", message="")
        return found

    @property
    def is_ready(self) -> bool:
        """Whether the spec as it is now is carried out, and that is on record."""
        return self.condition("Ready").status == "True"

    def entry(self, kind: str, name: str) -> LedgerEntry:
        """What is remembered of the one thing of this type and name."""
        (entry,) = (entry for entry in self.status.resources if (entry.type, entry.name) == (kind, name))
        return entry

    @property
    def queue(self) -> LedgerEntry:
        """What is remembered of queue `orders`."""
        return self.entry("awsQueue", "orders")

    @property
    def instance(self) -> LedgerEntry:
        """What is remembered of instance `cache-node`."""
        return self.entry("awsInstance", "cache-node")

    def __str__(self) -> str:
        """Say what a person who waits for it wants to know."""
        parts = [f"{c.type}={c.status} ({c.reason}: {c.message})" for c in self.status.conditions]
        metadata = {key: self.raw["metadata"].get(key) for key in ("generation", "deletionTimestamp", "finalizers")}
        sent = [f"{intent.step} at {intent.sent_at}" for intent in self.status.in_flight]
        return f"{self.name} {metadata}: in flight {sent}; plan {self.status.plan}; " + "; ".join(parts)
