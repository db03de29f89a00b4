"""The world of one history: an API server in memory, a clock, a fuse that kills, and the lives of the Controller."""

import asyncio
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.cell import Allow, Breaker
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.meta import APPROVED_ANNOTATION, FINALIZER, GROUP
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.applying.executor import Executor
from pilothouse.applying.ports import NotLeader, Overtaken
from pilothouse.controller.breakers import Breakers, Senses
from pilothouse.controller.destroying import Destruction
from pilothouse.controller.holdings import Holding, Holdings
from pilothouse.controller.observing import Listing, Observer
from pilothouse.controller.ports import Key, Object, StoredPlan
from pilothouse.controller.reconcile import Reconciler, Tools
from pilothouse.dataplane.types import Listed, Owner, Provider, ResourceSpec, ResourceType, TargetKey
from pilothouse.desired.cells import CellView
from pilothouse.planning.hashes import Hasher
from tests.crash.cloud import TYPES, Cloud, CloudProvider, Thing

CONTROL_PLANE = "cp-1"
CELL = "sky"
SWEEP_SECONDS = 60.0
KEY = Key("shop", "checkout")


class Killed(BaseException):
    """SIGKILL: no code of this life runs any more."""


@dataclass(frozen=True, slots=True)
class Blow:
    """When to kill: at the n-th effect of a life, before it happens or after it happened but before the reply."""

    effect: int
    after: bool


@dataclass
class Life:
    """One process of the Controller, from its start to its death."""

    blow: Blow | None = None
    effects: list[str] = field(default_factory=list)
    dead: bool = False
    paused_at: int | None = None
    resume: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def effect(self, name: str, act: Callable[[], Any]) -> Any:
        """Let `act` happen, unless this life ends before; die after it if so decided."""
        if self.dead:
            raise Killed(name)
        number = len(self.effects)
        self.effects.append(name)
        await asyncio.sleep(0)
        if self.paused_at == number:
            self.reached.set()
            await self.resume.wait()
        self._strike(name, Blow(number, after=False))
        result = act()
        self._strike(name, Blow(number, after=True))
        return result

    def _strike(self, name: str, moment: Blow) -> None:
        """End here if this is the moment to die, or if this life ended elsewhere while it waited."""
        self.dead = self.dead or self.blow == moment
        if self.dead:
            raise Killed(name)


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Server:
    """The API server's truth: one Application and its Plans."""

    application: dict[str, Any] | None = None
    plans: dict[str, StoredPlan] = field(default_factory=dict)
    version: int = 0
    plans_made: list[str] = field(default_factory=list)
    holdings: Holdings = field(default_factory=Holdings)

    def put(self, application: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        application["metadata"]["resourceVersion"] = str(self.version)
        gone = application["metadata"].get("deletionTimestamp") and not application["metadata"].get("finalizers")
        self.application = None if gone else application
        self.holdings.put(KEY, self.application)
        return copy.deepcopy(application)

    def checked(self, read: Object) -> dict[str, Any]:
        if self.application is None:
            raise Overtaken("the Application is gone")
        if self.application["metadata"]["resourceVersion"] != read["metadata"]["resourceVersion"]:
            raise Overtaken("the Application was changed")
        return copy.deepcopy(self.application)


class Store:
    """controller.ports.Store of one life."""

    def __init__(self, server: Server, life: Life) -> None:
        self._server, self._life = server, life

    def application(self, key: Key) -> Object | None:
        return copy.deepcopy(self._server.application)

    def importers(self, key: Key) -> list[Key]:
        return []

    async def set_finalizer(self, application: Object, *, present: bool) -> Object:
        def act() -> Object:
            new = self._server.checked(application)
            new["metadata"]["finalizers"] = [FINALIZER] if present else []
            return self._server.put(new)

        return await self._life.effect("api finalizer", act)  # type: ignore[no-any-return]

    async def write_status(self, application: Object, status: ApplicationStatus) -> Object:
        def act() -> Object:
            new = self._server.checked(application)
            new["status"] = status.model_dump(mode="json", by_alias=True)
            return self._server.put(new)

        return await self._life.effect("api status", act)  # type: ignore[no-any-return]

    def plan(self, namespace: str, name: str) -> StoredPlan | None:
        return self._server.plans.get(name)

    async def create_plan(self, application: Object, name: str, spec: PlanSpec) -> StoredPlan:
        def act() -> StoredPlan:
            if name not in self._server.plans:
                self._server.plans_made.append(name)
            return self._server.plans.setdefault(name, StoredPlan(name, KEY.namespace, f"uid-{name}", spec))

        return await self._life.effect("api plan", act)  # type: ignore[no-any-return]

    async def write_plan_status(self, plan: StoredPlan, status: PlanStatus) -> StoredPlan:
        def act() -> StoredPlan:
            known = self._server.plans.get(plan.name)
            if known is None:
                return plan
            new = StoredPlan(known.name, known.namespace, known.uid, known.spec, status, known.annotations)
            self._server.plans[plan.name] = new
            return new

        return await self._life.effect("api plan status", act)  # type: ignore[no-any-return]


class Leadership:
    """The right to change things, that another life can take away."""

    def __init__(self, world: "World", epoch: int) -> None:
        self._world, self.epoch = world, epoch

    def check(self) -> None:
        if self._world.epoch != self.epoch:
            raise NotLeader(f"epoch {self.epoch} is over")


class Catalog:
    """The catalog of the double's types."""

    def resource(self, kind: str) -> ResourceType[Any]:
        return TYPES[kind]

    of = resource
    kubernetes = resource

    def manifest(self, body: Mapping[str, Any]) -> ResourceSpec:
        raise NotImplementedError("no Kubernetes here")


class Around:
    """Cells, inventories and fleet of one life: one open Cell of the double cloud."""

    def __init__(self, world: "World", provider: Provider) -> None:
        self._world, self._provider = world, provider

    def provider(self, cell: str, namespace: str = "") -> Provider:
        return self._provider

    def listing(self, key: TargetKey, owner: Owner, identifier: str) -> Listing:
        seen = TYPES[key.type].listed(self._world.swept)
        ours = [
            line
            for line in seen
            if line.id == identifier
            or (line.mark is not None and line.mark.owner == owner and line.mark.resource == key.resource)
        ]
        return Listing(tuple(ours), self._world.swept_at)

    def unlisted(self, key: TargetKey, name: str) -> float:
        return 0.0 if any(thing.name == name for thing in self._world.swept) else self._world.swept_at

    def strays(self, owner: Owner) -> Iterator[tuple[TargetKey, Listed]]:
        for kind in TYPES.values():
            for line in kind.listed([thing for thing in self._world.swept if thing.kind == kind.kind]):
                if line.mark is not None and line.mark.owner == owner:
                    yield TargetKey(CELL, kind.kind, line.mark.resource), line

    def unreachable(self, cell: str) -> str:
        return ""

    def abandoned(self, cell: str) -> bool:
        return False

    def cells(self, namespace: str) -> Sequence[CellView]:
        return (CellView(CELL, "double", allowed=(Allow(adopt=True),)),)

    def labels(self, namespace: str) -> Mapping[str, str]:
        return {"tier": "prod"}

    def policy(self) -> FleetPolicySpec:
        return self._world.fleet


class Silence:
    """Events and notices that nobody reads."""

    def consider(self, application: Object, status: ApplicationStatus) -> None:
        return None

    def event(self, involved: Object, severity: str, reason: str, message: str) -> None:
        return None


@dataclass
class World:
    """Everything that outlives the Controller."""

    cloud: Cloud = field(default_factory=Cloud)
    server: Server = field(default_factory=Server)
    clock: Clock = field(default_factory=Clock)
    fleet: FleetPolicySpec = field(default_factory=FleetPolicySpec)
    epoch: int = 0
    uid: int = 0
    swept: tuple[Thing, ...] = ()
    swept_at: float = 0.0
    stuck: bool = False
    breaker: Breaker = field(default_factory=Breaker)
    """What the status of the Cell says."""
    agreed: str = ""
    """The opening that a person has agreed to end, as the annotation on the Cell says it."""
    creates_before: list[int] = field(default_factory=list)
    """How much had been made by each time that the person agreed."""
    breakers: Breakers = field(init=False)

    def __post_init__(self) -> None:
        self.cloud.now = self.clock.now

    def apply(self, spec: Mapping[str, Any]) -> None:
        """kubectl apply."""
        old = self.server.application
        if old is None:
            self.uid += 1
            metadata = {"name": KEY.name, "namespace": KEY.namespace, "uid": f"app-{self.uid}", "generation": 1}
            self.server.put({"metadata": metadata, "spec": dict(spec)})
            return
        new = copy.deepcopy(old)
        new["spec"] = dict(spec)
        new["metadata"]["generation"] += 1
        self.server.put(new)

    def status(self) -> ApplicationStatus:
        """What the Application's status says now."""
        assert self.server.application is not None
        return ApplicationStatus.model_validate(self.server.application.get("status") or {})

    def annotate(self, **annotations: str) -> None:
        """Set annotations of ours, as a person does; the other ones stay."""
        new = copy.deepcopy(self.server.application)
        assert new is not None
        ours = {f"{GROUP}/{name}": text for name, text in annotations.items()}
        new["metadata"]["annotations"] = new["metadata"].get("annotations", {}) | ours
        self.server.put(new)

    def delete(self) -> None:
        """kubectl delete."""
        if self.server.application is not None:
            new = copy.deepcopy(self.server.application)
            new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            self.server.put(new)

    def approve(self) -> None:
        """Approve every Plan that waits, as a person would who agrees to everything."""
        for name, plan in self.server.plans.items():
            annotations = {APPROVED_ANNOTATION: plan.spec.approval_hash}
            new = StoredPlan(plan.name, plan.namespace, plan.uid, plan.spec, plan.status, annotations)
            self.server.plans[name] = new

    def born(self, life: Life) -> Reconciler:
        """Start a process of the Controller, which takes over leadership."""
        self.epoch += 1
        provider = CloudProvider(self.cloud, life.effect)
        around, hasher, catalog = Around(self, provider), Hasher(b"key"), Catalog()
        senses = Senses(lambda: self.fleet.breaker, self.missed, lambda _key: None, self.clock)
        self.breakers = Breakers(self.server.holdings, senses, SWEEP_SECONDS)
        self.breakers.told(CELL, self.breaker, self.agreed)
        leadership = Leadership(self, self.epoch)
        destruction = Destruction(lambda: self.fleet.budgets.destructive_steps_per_hour, self.clock)
        if self.server.application is not None:
            destruction.told(KEY, self.status().destroyed)
        tools = Tools(
            store=Store(self.server, life),
            fleet=around,
            observer=Observer(around, around, catalog, hasher, self.clock),
            executor=Executor(around, leadership, self.clock, hasher),
            breakers=self.breakers,
            destruction=destruction,
            recorder=Silence(),
            notices=Silence(),
            catalog=catalog,
            hasher=hasher,
            clock=self.clock,
            control_plane=CONTROL_PLANE,
            wake=lambda key: None,
        )
        return Reconciler(tools)

    def sweep(self) -> None:
        """List everything, as the custodian does once a minute."""
        self.swept, self.swept_at = tuple(self.cloud.stale().values()), self.clock.now()
        self.breakers.swept(CELL)

    def missed(self, cell: str, holding: Holding) -> float:
        """Return when the newest sweep was, if it misses what it should show."""
        shown = any(thing.id == holding.id for thing in self.swept)
        return 0.0 if shown or self.swept_at <= holding.changed_at else self.swept_at

    def judge(self) -> None:
        """Let the breaker open if it is time, and write that down, as the custodian does."""
        if self.breakers.judge(CELL):
            self.breaker = self.breakers.record(CELL)

    def resume(self) -> None:
        """Agree to go on, as `kubectl pilothouse resume` does."""
        self.agreed = self.breaker.opened_at
        self.creates_before.append(sum(entry.operation == "Create" for entry in self.cloud.journal))
        self.breakers.told(CELL, self.breaker, self.agreed)
        self.breaker = self.breakers.record(CELL)

    async def live(self, life: Life, passes: int = 120, seconds: float = float("inf")) -> bool:
        """Run passes until nothing is left to do (True) or the life ends (False); one that never rests is stuck.

        Once at rest, time passes until listings show everything, as the sweeps would see it. seconds: how long at most.
        """
        end = self.clock.now() + seconds
        reconciler = self.born(life)
        self.sweep()
        quiet = 0
        for _ in range(passes):
            try:
                self.approve()
                self.judge()
                if self.breaker.is_open and not self.cloud.lies:
                    self.resume()
                requeue = await reconciler.reconcile(KEY)
            except Overtaken:
                continue
            except (Killed, NotLeader):
                return False
            if self.server.application is None:
                return True
            at_rest = requeue.after is None and not requeue.failed
            quiet = quiet + 1 if at_rest else 0
            if quiet >= 3 or self.clock.now() >= end:
                return True
            self.clock.time += 1 if requeue.after == 0.0 else 2 * self.cloud.catch_up if at_rest else 120
            if requeue.after != 0.0:
                self.sweep()
        self.stuck = True
        return True
