"""The operator over a fleet that stands still: all of it is real but the API servers, the cloud, and the clock's haste.

Whoever changes anything, or asks what was never asked, is told of by an exception.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.catalog.registry import TYPES
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.clusters import Cluster
from pilothouse.controller.fleet import Fleet
from pilothouse.controller.ports import Key, Object, StoredPlan
from pilothouse.controller.reconcile import Reconciler
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.kubernetes.client import Event, Page
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from pilothouse.dataplane.types import Call, Provider
from tests.bench.reads.creating import Unmeasured, Whose, reconciler
from tests.golden.answers import Answers
from tests.golden.state import State

SYNCED_SECONDS: Final = 30.0
_A_WHILE: Final = 3_600.0


class Untouched(Exception):
    """Something is to be changed that must not be. The message says what."""


class StandingApi:
    """An API server that shows every object of the state, and tells of no change."""

    def __init__(self, state: State) -> None:
        self._objects = state.objects

    async def list_pages(self, selection: Selection) -> AsyncGenerator[Page, None]:
        """Show what is selected."""
        yield Page([raw for raw in self._objects if _selects(selection, raw)], "1")

    async def watch(self, *_: object) -> AsyncGenerator[Event, None]:
        """Tell of nothing."""
        while True:
            await asyncio.sleep(_A_WHILE)
            yield Event("BOOKMARK", {})

    async def close(self) -> None:
        """Nothing is open."""


class StandingCluster:
    """The provider of a Cell of Kubernetes, in which objects can be read."""

    def __init__(self, state: State) -> None:
        self._objects = {ObjectID.of(raw): raw for raw in state.objects}

    async def send(self, call: Call) -> Any:
        """Answer with an object."""
        if call.operation != "get":
            raise Untouched(f"{call}: what was applied is not what would be now, or is not known to be")
        name = ObjectID(*(call.parameters[part] for part in ("apiVersion", "kind", "namespace", "name")))
        if name not in self._objects:
            raise NotFound(name.title)
        return self._objects[name]

    def pages(self, call: Call) -> AsyncIterator[Any]:
        """Refuse: clusters are watched."""
        raise Untouched(str(call))


@dataclass
class StandingStore:
    """The Applications of the state. statuses: what was written of them; there are no Plans under way."""

    applications: Mapping[Key, Object]
    statuses: dict[Key, ApplicationStatus] = field(default_factory=dict)

    def application(self, key: Key) -> Object | None:
        """Return an Application."""
        return self.applications.get(key)

    def importers(self, key: Key) -> list[Key]:
        """Nobody is deleted, so nobody asks."""
        raise Untouched(f"{key} is not deleted")

    async def set_finalizer(self, application: Object, *, present: bool) -> Object:
        """Refuse."""
        raise Untouched(f"the finalizer of {application['metadata']['name']}: {present}")

    async def write_status(self, application: Object, status: ApplicationStatus) -> Object:
        """Take note of what is written."""
        metadata = application["metadata"]
        self.statuses[Key(metadata["namespace"], metadata["name"])] = status
        return application

    def plan(self, namespace: str, name: str) -> StoredPlan | None:
        """Nothing points to a Plan."""
        raise Untouched(f"Plan {namespace}/{name} is not active")

    async def create_plan(self, application: Object, name: str, spec: PlanSpec) -> StoredPlan:
        """Refuse, and tell what was planned."""
        steps = {step.name: [f"{c.path}: {c.old!r} -> {c.new!r}" for c in step.changes] for step in spec.steps}
        raise Untouched(f"{name} of {application['metadata']['name']}, {spec.reason}: {steps}")

    async def write_plan_status(self, plan: StoredPlan, status: PlanStatus) -> StoredPlan:
        """Refuse."""
        raise Untouched(f"Plan {plan.name}: {status}")


@dataclass(frozen=True)
class Standing:
    """The parts that a test asks."""

    reconciler: Reconciler
    store: StandingStore
    fleet: Fleet


@asynccontextmanager
async def standing(state: State, cloud: Provider | None = None) -> AsyncIterator[Standing]:
    """Start the operator of the present over `state`. cloud: the one there is, in place of what it answered once."""
    provider = cloud or Answers(state.answers, state.version)
    api: Any = StandingApi(state)
    cluster = Cluster(api, state.control_plane, lambda _key: None)
    try:
        fleet = await _fleet(state, cluster, provider)
        store = StandingStore(state.applications())
        whose = Whose(state.control_plane, state.key, version("pilothouse"))
        yield Standing(reconciler(fleet, store, whose), store, fleet)
    finally:
        await cluster.close()


async def _fleet(state: State, cluster: Cluster, provider: Provider) -> Fleet:
    """Return the fleet as the custodian leaves it once everything was listed and read."""
    fleet = Fleet(lambda name: state.namespaces.get(name, {}), lambda: None, Unmeasured(), lambda: True)
    for raw in state.of("FleetPolicy"):
        fleet.policy_told(raw, deleted=False)
    for raw in state.of("Cell"):
        fleet.cell_told(raw, deleted=False)
    types = [kind for kind in TYPES.values() if kind.provider == "aws"]
    for cell in fleet:
        sender: Any = provider
        if cell.provider_name == "aws":
            cell.cloud = Cloud(types, state.control_plane, lambda _key: None)
            await cell.cloud.sweep(sender)
            while (thing := cell.cloud.next_to_read(_A_WHILE)) is not None:
                await cell.cloud.read(sender, thing)
        else:
            cell.cluster, sender = cluster, StandingCluster(state)
        cell.inner, cell.provider = sender, fleet.gated(cell, sender)
    async with asyncio.timeout(SYNCED_SECONDS):
        while not cluster.synced:  # noqa: ASYNC110 - informers tell nobody
            await asyncio.sleep(0.01)
    return fleet


def _selects(selection: Selection, raw: Object) -> bool:
    if (raw["apiVersion"], raw["kind"]) != (selection.api_version, selection.kind):
        return False
    labels = raw["metadata"].get("labels") or {}
    wanted = [pair.split("=") for pair in selection.label_selector.split(",") if pair]
    return all(labels.get(name) == value for name, value in wanted)
