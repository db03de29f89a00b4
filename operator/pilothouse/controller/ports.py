"""What the Controller needs of the process around it, handed in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from pilothouse.api.application import ApplicationStatus, Placed
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.api.reasons import Severity
from pilothouse.applying.ports import Clock
from pilothouse.dataplane.types import Owner
from pilothouse.desired.cells import CellView
from pilothouse.planning.breaker import Thing

Object = Mapping[str, Any]
"""A Kubernetes object as JSON."""


NOT_LEADING: Final = "this process does not lead any more"
FLEET_SUSPENDED: Final = "the fleet is suspended; set FleetPolicy default spec.suspend to false to go on"


class Key(NamedTuple):
    """Names an Application."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Spell it namespace/name."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A Plan as it is on the API server."""

    name: str
    namespace: str
    uid: str
    spec: PlanSpec
    status: PlanStatus = field(default_factory=PlanStatus)
    annotations: Mapping[str, str] = field(default_factory=dict)


class PlanRefused(Exception):
    """The API server does not take a Plan: a policy engine or a quota said no. The message is its."""


class NamespaceTerminating(Exception):
    """Nothing new can be created in the namespace."""


class Timer(Clock, Protocol):
    """Time that can be waited for."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""


class Store(Protocol):
    """The kinds on the API server. Reads answer from memory; writes raise `applying.ports.Overtaken` when outdated."""

    def application(self, key: Key) -> Object | None:
        """Return the newest version known; None when there is none."""

    def importers(self, key: Key) -> Sequence[Key]:
        """Return the Applications that refer to resources of this one."""

    async def set_finalizer(self, application: Object, *, present: bool) -> Object:
        """Add or remove our finalizer; returns the new version."""

    async def write_status(self, application: Object, status: ApplicationStatus) -> Object:
        """Replace the status of exactly this version; returns the new one."""

    def plan(self, namespace: str, name: str) -> StoredPlan | None:
        """Return an unfinished Plan; None when there is none of that name."""

    async def create_plan(self, application: Object, name: str, spec: PlanSpec) -> StoredPlan:
        """Store a Plan, or return the one of that name; raises PlanRefused or NamespaceTerminating."""

    async def write_plan_status(self, plan: StoredPlan, status: PlanStatus) -> StoredPlan:
        """Replace a Plan's status; a Plan that has vanished is no error."""


class Stop(NamedTuple):
    """Why nothing is created or destroyed in a Cell. open: whether it waits for a person, else for looks."""

    message: str
    open: bool


class Breakers(Protocol):
    """What keeps creates and destructive steps in a Cell back where much is missing at once."""

    def saw(self, cell: str, things: Iterable[Thing]) -> None:
        """Take note of things that a pass has seen."""

    def dooms(self, key: Key, cells: Mapping[str, Collection[Thing]]) -> None:
        """Take note of all that a pass of one Application would destroy although nobody asked for it, by Cell."""

    def stop(self, cell: str) -> Stop | None:
        """Return why nothing may be created or destroyed in a Cell now; None when it may."""

    def resumed_at(self, cell: str) -> float:
        """Return when a person last let a Cell go on, seconds since the epoch; 0 for never."""


class Fleet(Protocol):
    """The Cells and the fleet's policy as they are now."""

    def cells(self, namespace: str) -> Sequence[CellView]:
        """Return every Cell as the Applications of `namespace` see it."""

    def placed(self, owner: Owner) -> Iterable[Placed]:
        """Return where workloads of `owner` are seen to run, whatever its status remembers."""

    def labels(self, namespace: str) -> Mapping[str, str]:
        """Return the labels of a namespace; none while they are not known."""

    def policy(self) -> FleetPolicySpec:
        """Return the fleet's policy; the defaults where there is none."""


class Notices(Protocol):
    """Who tells the outside what happens to Applications."""

    def consider(self, application: Object, status: ApplicationStatus) -> None:
        """Take note of what a status that is written gives to tell; never fails and never waits."""


class Recorder(Protocol):
    """Where Events go."""

    def event(self, involved: Object, severity: Severity, reason: str, message: str) -> None:
        """Record an Event about `involved`; never fails and never waits."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """When to look at an Application again. after: seconds; None: when something changes. failed: back off instead.

    afresh: failures before this pass count no more.
    """

    after: float | None = None
    failed: bool = False
    afresh: bool = False
