"""The Desired State of one Application, as values: what should exist, in which Cell, and what stands in the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pilothouse.api.application import DeletionPolicy, Placed
from pilothouse.api.drift import DriftRule
from pilothouse.api.timeouts import Timeouts
from pilothouse.dataplane.types import ResourceSpec, ResourceType, TargetKey
from pilothouse.desired.housing import Waiting
from pilothouse.desired.moves import Move

NO_RULE: Final = DriftRule()
NO_TIMEOUTS: Final = Timeouts()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the spec cannot be carried out: a CamelCase reason and a message that names field and mend."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that should exist. `spec` may still hold references to outputs of others.

    deletion_policy: what becomes of it when it is no longer wanted; after: what must be Ready before it changes;
    observed: identifier of the one that is only read; adopt: of the one to take over; renamed_from: its name before;
    drift: what happens when it is changed by others, where that differs from the Application's policy; timeouts: how
    long its changes may take, where that differs from the type's;
    ends: it comes to an end and is removed then (a Job with a TTL), so that it is gone is no reason to make it again.
    """

    key: TargetKey
    type: ResourceType[Any]
    name: str
    spec: ResourceSpec
    deletion_policy: DeletionPolicy = "Delete"
    after: frozenset[TargetKey] = frozenset()
    observed: str = ""
    adopt: str = ""
    renamed_from: str = ""
    ends: bool = False
    drift: DriftRule = NO_RULE
    timeouts: Timeouts = NO_TIMEOUTS


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Everything that should exist for one Application.

    problems: any one of them stops every change, for what is left out because of it must not look unwanted.
    shortages: workloads that fit nowhere, by name, with what is short in each Cell; the others go on.
    imports: outputs of other Applications' resources that are referred to, by namespace/application/resource.
    runners: by workload, what runs it: one thing for each Cell that it is placed in.
    advice: what works, but not as well as it might, with the mend.
    waiting: what of its workloads fits nowhere yet, for the others to leave it room; moves: what goes from one Cell to
    another and did not before; handovers: by what runs replicas that go, what has to be Ready before they do.
    declined: moves that rebalancing asked for and that cannot be, and why; rebalanced: what runs replicas at
    either end of what rebalancing moves; proposed: whether a person has to agree to that.
    """

    targets: Mapping[TargetKey, Target] = field(default_factory=dict)
    placements: tuple[Placed, ...] = ()
    problems: tuple[Problem, ...] = ()
    shortages: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    runners: Mapping[str, tuple[TargetKey, ...]] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    moves: tuple[Move, ...] = ()
    handovers: Mapping[TargetKey, frozenset[TargetKey]] = field(default_factory=dict)
    declined: tuple[tuple[Move, str], ...] = ()
    rebalanced: frozenset[TargetKey] = frozenset()
    proposed: bool = False


class Types(Protocol):
    """The catalog, as this room needs it."""

    def resource(self, kind: str) -> ResourceType[Any]:
        """Return the type of a block; raises LookupError with a message that names those that exist."""

    def kubernetes(self, kind: str) -> ResourceType[Any]:
        """Return the type of a Kubernetes kind."""

    def manifest(self, body: Mapping[str, Any]) -> ResourceSpec:
        """Wrap a Kubernetes object as the spec of its type."""
