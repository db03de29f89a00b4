"""The whole operator, put together: what is connected to what. What runs when is in `process.py`."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from operator import attrgetter
from typing import Any, Final

from pilothouse.applying.executor import Executor
from pilothouse.catalog.kinds import Catalog
from pilothouse.catalog.registry import TYPES
from pilothouse.controller.breakers import Breakers, Senses
from pilothouse.controller.clusters import TIMING
from pilothouse.controller.connecting import Connections, Scope
from pilothouse.controller.destroying import Destruction
from pilothouse.controller.fleet import Fleet
from pilothouse.controller.garbage import Collector
from pilothouse.controller.observing import Observer
from pilothouse.controller.ports import Key, Requeue
from pilothouse.controller.queue import Priority, WorkQueue
from pilothouse.controller.rebalancing import Rebalancer
from pilothouse.controller.reconcile import Reconciler
from pilothouse.controller.rooms import Rooms
from pilothouse.controller.sweep import Custodian
from pilothouse.controller.sweep import Tools as Custody
from pilothouse.controller.tools import Tools
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import Selection
from pilothouse.dataplane.kubernetes.watching import Informers
from pilothouse.planning.hashes import Hasher, edition
from pilothouse.runtime import namespaces, planbook
from pilothouse.runtime.applications import Applications, version_of
from pilothouse.runtime.canary import Canary
from pilothouse.runtime.events import Events
from pilothouse.runtime.home import HomeCluster, own_credentials
from pilothouse.runtime.leader import LEASE, LeaseLeadership
from pilothouse.runtime.logs import about
from pilothouse.runtime.metrics import Metrics, Samples
from pilothouse.runtime.notifier import Around, Notifier
from pilothouse.runtime.options import Options
from pilothouse.runtime.planbook import Planbook
from pilothouse.runtime.shell import Shell
from pilothouse.runtime.store import APPLICATION, ApiStore

ECHO_SECONDS: Final = 0.1
"""How long a change in a Cell waits for others of the same Application: one apply causes several."""

OUTAGE_PACE: Final = 50.0
"""Applications a second that are looked at again because a Cell answers no longer, or again: each may write its status,
and an outage of a Cell with thousands of them must leave the API server to others."""
NEW_CELL_SECONDS: Final = 3.0
"""How long passes wait for a Cell that was made just now: who makes a Cell and an Application at once means them so."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything stands on. lease_api: a connection of its own, whose requests end before a renewal is due."""

    api: KubernetesProvider
    lease_api: KubernetesProvider
    control_plane: str
    hash_key: bytes


@dataclass(frozen=True, slots=True)
class Operator:
    """Every part that is started, stopped or asked how it is."""

    options: Options
    metrics: Metrics
    canary: Canary
    applications: Applications
    store: ApiStore
    queue: WorkQueue[Key]
    fleet: Fleet
    custodian: Custodian
    collector: Collector
    rebalancer: Rebalancer
    leadership: LeaseLeadership
    informers: Informers
    events: Events
    notifier: Notifier
    kopf: Shell
    everyone: Callable[[], None]
    """Has every Application looked at again, when there is time."""
    resume: Callable[[Iterable[Key]], None]
    """Tells whose Plans a former leader has begun."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once everything there is to know before the first pass is known."""

    def dead_watch(self) -> str:
        """Return which watch has ended and will not begin again; empty while all run."""
        alive = self.informers.alive and self.fleet.alive
        return self.kopf.problem() or ("" if alive else "an informer has ended")


class WallClock:
    """Time, in seconds since the epoch."""

    def now(self) -> float:
        """Return the time now."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)


def compose(options: Options, ground: Ground) -> Operator:
    """Return the operator, with nothing running yet but informers. It must be called in an event loop."""
    metrics, canary, clock, hasher, kinds = Metrics(), Canary(), WallClock(), Hasher(ground.hash_key), Catalog()

    async def reconcile(key: Key) -> Requeue:
        await custodian.attempted(NEW_CELL_SECONDS)
        with about(application=str(key)):
            return await reconciler.reconcile(key)

    def changed_in_cell(key: Key) -> None:
        if key in applications:
            queue.add_after(key, ECHO_SECONDS)

    def everyone() -> None:
        for key in applications:
            queue.add(key, Priority.BACKGROUND)

    def everyone_in_turn(cell: str) -> None:
        concerned = [*applications.holdings.users(cell), *applications.stalled()]
        queue.add_in_turn(dict.fromkeys([*concerned, *applications]), OUTAGE_PACE)

    def stalled() -> None:
        for key in applications.stalled():
            queue.add(key, Priority.BACKGROUND)

    queue: WorkQueue[Key] = WorkQueue(reconcile, metrics, whose=attrgetter("namespace"), workers=options.workers)
    applications = Applications(queue.add)
    plans = Planbook(queue.add)
    store = ApiStore(ground.api, applications, plans, metrics, canary)
    leadership = LeaseLeadership(ground.lease_api, options.namespace, canary, options.identity)
    events = Events(ground.api, leadership.identity)

    informers = Informers(ground.api, TIMING)
    informers.want(planbook.SELECTION, planbook.project, plans.on_change)
    namespace = namespaces.follow(informers, applications, queue)
    fleet = Fleet(lambda name: namespace(name).labels, everyone, metrics, lambda: leadership.leading)
    home = HomeCluster(ground.api, options.namespace, canary, lambda: leadership.leading)
    agent = f"pilothouse by/{leadership.identity}"
    scope = Scope(ground.control_plane, tuple(TYPES.values()), changed_in_cell, agent)
    connections = Connections(fleet, home, scope)
    senses = Senses(lambda: fleet.policy().breaker, fleet.missed, changed_in_cell, clock)
    breakers = Breakers(applications.holdings, senses, options.sweep_seconds)
    fleet.breaker_told, fleet.readiness_changed = breakers.told, everyone_in_turn
    destruction = Destruction(lambda: fleet.policy().budgets.destructive_steps_per_hour, clock)
    applications.destroyed_told = destruction.told
    rooms = Rooms()
    rebalancer = Rebalancer(fleet, rooms, applications, queue.add, clock, metrics)
    asked = rooms.residents.labels_asked
    custody = Custody(metrics, breakers, events, stalled, applications.holdings.users, rebalancer.told, asked)
    custodian = Custodian(fleet, connections, home, custody, options.sweep_seconds)
    text = "Whether the breaker of a Cell is open."
    metrics.family("pilothouse_cell_breaker_open", text, ("cell",), lambda: _open_breakers(fleet, breakers))
    _secrets(informers, options.namespace, custodian)
    _lease(informers, options.namespace, canary)

    notifier = Notifier(Around(fleet.policy, fleet.labels, home.secret, clock, metrics, ground.control_plane))
    observer = Observer(fleet, fleet, kinds, hasher, clock)
    executor = Executor(fleet, leadership, clock, hasher)
    tools = Tools(
        store=store,
        fleet=fleet,
        observer=observer,
        executor=executor,
        breakers=breakers,
        destruction=destruction,
        recorder=events,
        notices=notifier,
        catalog=kinds,
        hasher=hasher,
        clock=clock,
        control_plane=ground.control_plane,
        edition=edition(version("pilothouse"), hasher),
        wake=queue.add,
        rooms=rooms,
    )
    reconciler = Reconciler(tools)
    collector = Collector(fleet, kinds, leadership, applications.get, breakers.stop, 2 * options.sweep_seconds)
    return Operator(
        options=options,
        metrics=metrics,
        canary=canary,
        applications=applications,
        store=store,
        queue=queue,
        fleet=fleet,
        custodian=custodian,
        collector=collector,
        rebalancer=rebalancer,
        leadership=leadership,
        informers=informers,
        events=events,
        notifier=notifier,
        kopf=Shell(own_credentials, _told(applications, fleet, canary)),
        everyone=everyone,
        resume=reconciler.resume,
    )


def _told(applications: Applications, fleet: Fleet, canary: Canary) -> Any:
    """Return what takes in every change that Kopf tells."""

    def told(plural: str, raw: dict[str, Any], deleted: bool) -> None:  # noqa: FBT001 - Kopf's event, passed on
        match plural:
            case "applications":
                canary.heard(APPLICATION, version_of(raw))
                applications.told(raw, deleted=deleted)
            case "cells":
                canary.heard("Cell", version_of(raw))
                fleet.cell_told(raw, deleted=deleted)
            case _:
                fleet.policy_told(raw, deleted=deleted)

    return told


def _open_breakers(fleet: Fleet, breakers: Breakers) -> Samples:
    """Return 1 for each Cell whose breaker is open, 0 for the others."""
    return [((cell.name,), float(breakers.record(cell.name).is_open)) for cell in fleet]


def _secrets(informers: Informers, namespace: str, custodian: Custodian) -> None:
    """Follow which version each Secret in the operator's namespace is of: credentials of Cells are among them."""

    def project(raw: Mapping[str, Any]) -> tuple[str, str]:
        return raw["metadata"]["name"], raw["metadata"]["resourceVersion"]

    def changed(old: tuple[str, str] | None, new: tuple[str, str] | None) -> None:
        if (row := new or old) is not None:
            custodian.secret_changed(row[0])

    informers.want(Selection("v1", "Secret", namespace), project, changed)


def _lease(informers: Informers, namespace: str, canary: Canary) -> None:
    """Follow the Lease: each renewal must come back."""

    def changed(old: int | None, new: int | None) -> None:
        del old
        if new is not None:
            canary.heard("Lease", new)

    selection = Selection("coordination.k8s.io/v1", "Lease", namespace, field_selector=f"metadata.name={LEASE}")
    informers.want(selection, version_of, changed)
