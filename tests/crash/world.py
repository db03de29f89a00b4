"""The world of one history: what outlives the Controller, and what each of its lives works with."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from pilothouse.api.application import ApplicationStatus, Placed
from pilothouse.api.cell import Allow, Breaker
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.meta import APPROVED_ANNOTATION, GROUP
from pilothouse.api.reasons import Severity, announced
from pilothouse.api.vocabularies import vocabulary_of
from pilothouse.applying.executor import Executor
from pilothouse.applying.ports import NotLeader, Overtaken
from pilothouse.controller import clouds
from pilothouse.controller.breakers import Breakers, Senses
from pilothouse.controller.destroying import Destruction
from pilothouse.controller.holdings import Holding
from pilothouse.controller.observing import Listing, Observer
from pilothouse.controller.ports import Object, Requeue
from pilothouse.controller.reconcile import Reconciler
from pilothouse.controller.tools import Tools
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.types import Listed, Owner, Provider, ResourceSpec, ResourceType, TargetKey
from pilothouse.desired.cells import CellView
from pilothouse.observed.snapshot import Tidings
from pilothouse.planning.hashes import Hasher, edition
from tests.crash.cloud import Cloud, CloudProvider
from tests.crash.lives import Clock, Killed, Life
from tests.crash.server import KEY, Server, Store
from tests.crash.toys import TYPES, Double, restyled

CONTROL_PLANE = "cp-1"
CELL = "sky"
CADENCE = 60.0
"""Seconds after which what was read is read again, at the next sweep."""
MOMENT = 0.01
"""Seconds that a sweep takes, so that what is read after it is newer than it."""
MANY = 1_000
"""More things than there are: all are read again in that time."""


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


class Custodian:
    """What one life has listed and read, in the real inventory. A death in the middle of it is one before or after.

    What a listing shows too little of is read just before the next one, so that passes meet names that are all there is
    to know of a thing yet.
    """

    def __init__(self, world: "World") -> None:
        self._cloud, self._clock, now = world.cloud, world.clock, world.clock.now
        self._provider = CloudProvider(world.cloud, _spared)
        types = [toy for toy in TYPES.values() if toy.noun == world.style]
        self.seen = clouds.Cloud(types, CONTROL_PLANE, lambda _key: None, now=now, elapsed=now)
        senses = Senses(lambda: world.fleet.breaker, self._missed, lambda _key: None, world.clock)
        self.breakers = Breakers(world.server.holdings, senses, CADENCE)
        self.breakers.told(CELL, world.breaker, world.agreed)

    def _missed(self, _: str, holding: Holding) -> float:
        return self.seen.missed(holding.type, holding.id, holding.changed_at)

    async def sweep(self) -> None:
        while (thing := self.seen.next_to_read(self.seen.distance(CADENCE, MANY))) is not None:
            with suppress(DataplaneError):
                await self.seen.read(self._provider, thing)
        troubled = bool(self._cloud.troubles)
        errors = filter(None, (await self.seen.sweep(self._provider)).values())
        assert troubled or not list(errors), "but for trouble this cloud can be listed at any time"
        self._clock.time += MOMENT
        self.breakers.swept(CELL)


async def _spared(_: str, act: Callable[[], Any]) -> Any:
    return act()


class Around:
    """Cells, inventories and fleet of one life: one open Cell of the double cloud."""

    def __init__(self, world: "World", provider: Provider, seen: clouds.Cloud) -> None:
        self._world, self._provider, self._seen = world, provider, seen

    def provider(self, cell: str, namespace: str = "") -> Provider:
        return self._provider

    def listing(self, key: TargetKey, owner: Owner, identifier: str) -> Listing:
        return self._seen.listing(key, owner, identifier)

    def unlisted(self, key: TargetKey, name: str) -> float:
        return self._seen.unlisted(key.type, name)

    def strays(self, owner: Owner) -> Iterator[tuple[TargetKey, Listed]]:
        for kind, resource, line in self._seen.of(owner):
            yield TargetKey(CELL, kind, resource), line

    def tidings(self, key: TargetKey, owner: Owner, identifier: str) -> Tidings | None:
        return self._seen.tidings(key.type, identifier)

    def unreachable(self, cell: str) -> str:
        return ""

    def abandoned(self, cell: str) -> bool:
        return False

    def cells(self, namespace: str) -> Sequence[CellView]:
        return (CellView(CELL, "double", allowed=(Allow(adopt=True),)),)

    def placed(self, owner: Owner) -> list[Placed]:
        return []

    def labels(self, namespace: str) -> Mapping[str, str]:
        return {"tier": "prod"}

    def policy(self) -> FleetPolicySpec:
        return self._world.fleet


class Silence:
    """Events and notices that nobody reads; but what Events may say is held to the record."""

    def consider(self, application: Object, status: ApplicationStatus) -> None:
        return None

    def event(self, involved: Object, severity: Severity, reason: str, message: str) -> None:
        announced(vocabulary_of(involved), severity, reason)


@dataclass
class World:
    """Everything that outlives the Controller.

    style: that of all things, specs speak of the first style; version, key: of the operator, and of its hashes.
    """

    cloud: Cloud = field(default_factory=Cloud)
    server: Server = field(default_factory=Server)
    clock: Clock = field(default_factory=Clock)
    fleet: FleetPolicySpec = field(default_factory=FleetPolicySpec)
    epoch: int = 0
    uid: int = 0
    stuck: bool = False
    custodian: "Custodian | None" = None
    style: str = Double.noun
    version: str = "1.0.0"
    key: bytes = b"key"
    breaker: Breaker = field(default_factory=Breaker)
    """What the status of the Cell says."""
    agreed: str = ""
    """The opening that a person has agreed to end, as the annotation on the Cell says it."""
    creates_before: list[int] = field(default_factory=list)
    """How much had been made by each time that the person agreed."""

    def __post_init__(self) -> None:
        self.cloud.now = self.clock.now

    def apply(self, spec: Mapping[str, Any]) -> None:
        """kubectl apply."""
        spec = {**spec, "resources": [self._styled(one) for one in spec["resources"]]}
        old = self.server.application
        if old is None:
            self.uid += 1
            metadata = {"name": KEY.name, "namespace": KEY.namespace, "uid": f"app-{self.uid}", "generation": 1}
            self.server.put({"metadata": metadata, "spec": spec})
            return
        new = copy.deepcopy(old)
        new["spec"] = spec
        new["metadata"]["generation"] += 1
        self.server.put(new)

    def _styled(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        return {restyled(key, self.style) if key in TYPES else key: value for key, value in resource.items()}

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

    def approve(self, *names: str) -> None:
        """Approve Plans; with none named every one, as a person would who agrees to everything."""
        for name in names or tuple(self.server.plans):
            plan = self.server.plans[name]
            self.server.plans[name] = replace(plan, annotations={APPROVED_ANNOTATION: plan.spec.approval_hash})

    def born(self, life: Life) -> Reconciler:
        """Start a process of the Controller, which takes over leadership."""
        self.epoch += 1
        provider = CloudProvider(self.cloud, life.effect)
        self.custodian = Custodian(self)
        around, hasher, catalog = Around(self, provider, self.custodian.seen), Hasher(self.key), Catalog()
        leadership = Leadership(self, self.epoch)
        destruction = Destruction(lambda: self.fleet.budgets.destructive_steps_per_hour, self.clock)
        stored = (self.server.application or {}).get("status") or {}
        destruction.told(KEY, ApplicationStatus.model_validate({"destroyed": stored.get("destroyed", ())}).destroyed)
        tools = Tools(
            store=Store(self.server, life),
            fleet=around,
            observer=Observer(around, around, catalog, hasher, self.clock),
            executor=Executor(around, leadership, self.clock, hasher),
            breakers=self.custodian.breakers,
            destruction=destruction,
            recorder=Silence(),
            notices=Silence(),
            catalog=catalog,
            hasher=hasher,
            clock=self.clock,
            control_plane=CONTROL_PLANE,
            edition=edition(self.version, hasher),
            wake=lambda key: None,
        )
        return Reconciler(tools)

    async def sweep(self) -> None:
        """List everything, as the custodian of the newest life does once a minute."""
        assert self.custodian is not None, "nobody was born"
        await self.custodian.sweep()

    def judge(self, breakers: Breakers) -> None:
        """Let the breaker open if it is time, and write that down, as the custodian does."""
        if breakers.judge(CELL):
            self.breaker = breakers.record(CELL)

    def resume(self, breakers: Breakers) -> None:
        """Agree to go on, as `kubectl pilothouse resume` does."""
        self.agreed = self.breaker.opened_at
        self.creates_before.append(sum(entry.operation == "Create" for entry in self.cloud.journal))
        breakers.told(CELL, self.breaker, self.agreed)
        self.breaker = breakers.record(CELL)

    async def passes(self, reconciler: Reconciler, count: int = 3) -> float | None:
        """Take some passes, a second apart, and return when the last wants the next."""
        after = None
        for _ in range(count):
            self.approve()
            self.clock.time += 1
            await self.sweep()
            after = (await reconciler.reconcile(KEY)).after
        return after

    def pause(self, requeue: Requeue) -> float:
        """Return seconds until the next pass; after one that rests, until listings show everything."""
        return 1.0 if requeue.after == 0.0 else 2 * self.cloud.catch_up if _rests(requeue) else 120.0

    async def live(self, life: Life, passes: int = 120, seconds: float = float("inf")) -> bool:
        """Run passes until nothing is left to do (True) or the life ends (False); one that never rests is stuck.

        Once at rest, time passes until listings show everything, as the sweeps would see it. seconds: how long at most.
        """
        end = self.clock.now() + seconds
        reconciler, quiet = self.born(life), 0
        custodian = self.custodian
        assert custodian is not None
        await custodian.sweep()
        for _ in range(passes):
            try:
                self.approve()
                self.judge(custodian.breakers)
                if self.breaker.is_open and not self.cloud.lies:
                    self.resume(custodian.breakers)
                requeue = await reconciler.reconcile(KEY)
            except Overtaken:
                continue
            except (Killed, NotLeader):
                return False
            if self.server.application is None:
                return True
            quiet = quiet + 1 if _rests(requeue) else 0
            if quiet >= 3 or self.clock.now() >= end:
                return True
            self.clock.time += min(self.pause(requeue), seconds / 8)
            if requeue.after != 0.0:
                await custodian.sweep()
        self.stuck = True
        return True


def _rests(requeue: Requeue) -> bool:
    return requeue.after is None and not requeue.failed
