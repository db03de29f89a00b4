"""Let the Controller make one thing of each type in the emulated AWS, and count what it asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.cell import AwsCell
from pilothouse.applying.executor import Executor
from pilothouse.catalog.kinds import Catalog
from pilothouse.catalog.registry import TYPES
from pilothouse.controller.breakers import Breakers, Senses
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.destroying import Destruction
from pilothouse.controller.fleet import Cell, Fleet
from pilothouse.controller.holdings import Holdings
from pilothouse.controller.observing import Observer
from pilothouse.controller.reconcile import Reconciler
from pilothouse.controller.sweep import SWEEP_SECONDS
from pilothouse.controller.tools import Tools
from pilothouse.dataplane.aws.client import AwsProvider
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import Call, Listed, ResourceType, Sensitive
from pilothouse.planning.hashes import Hasher, edition
from tests.aws.server import DEFAULT_ACCOUNT, DEFAULT_REGION, AwsServer
from tests.contract.aws.example import Example, placed
from tests.contract.aws.examples import EXAMPLES
from tests.contract.aws.stage import Stage
from tests.crash.lives import Life
from tests.crash.server import KEY, Server, Store
from tests.crash.world import CONTROL_PLANE, Silence

CELL = "aws"
AT_ONCE = {"transition_seconds": 0.0, "queue_deleted_seconds": 0.0}
MOST_PASSES = 60
_PAUSE = 0.02
_WHO_AM_I = Call("sts", "GetCallerIdentity")

Answers = Mapping[str, Any]
"""Replies, or errors, by the spelling of the call that they are to."""


@dataclass(frozen=True)
class Made:
    """What was seen of one type.

    calls: how often each operation was asked for until the Application was Ready; line: how a listing shows the thing;
    identifier: what it is read by; answers: AWS's replies to a read of it.
    """

    type: ResourceType[Any]
    calls: Mapping[str, int]
    line: Listed
    identifier: str
    answers: Answers

    @property
    def check(self) -> int:
        """How many calls it takes to read one."""
        return len(self.answers)

    @property
    def listed_in_full(self) -> bool:
        """Whether a listing shows all that a read does."""
        return self.line.reading is not None


class Unmeasured:
    """A meter that nobody reads."""

    def called(self, *_: object) -> None:
        """Count nothing."""

    def swept(self, *_: object) -> None:
        """Count nothing."""


class Clock:
    """Time as it is; nobody waits long for an AWS that does everything at once."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Sleep, though not for long."""
        await asyncio.sleep(min(seconds, _PAUSE))


class Leading:
    """The right to change things, for good."""

    epoch = 1

    def check(self) -> None:
        """Let it pass."""


def spelled(call: Call) -> str:
    """Return what tells a call from others."""
    return f"{call.service}:{call.operation} {call.parameters}"


def made() -> list[Made]:
    """Make one thing of every type, each in an AWS of its own."""
    with AwsServer() as aws, _connected(aws) as provider:
        kinds = [kind for kind in TYPES.values() if kind.provider == "aws"]
        return [asyncio.run(_make(aws, provider, EXAMPLES[kind.kind])) for kind in kinds]


@contextmanager
def _connected(aws: AwsServer) -> Iterator[AwsProvider]:
    keys = aws.credentials()
    place = AwsCell(account_id=DEFAULT_ACCOUNT, region=DEFAULT_REGION, endpoint_url=aws.url)
    provider = AwsProvider(place, AccessKey(keys.access_key_id, Sensitive(keys.secret_access_key)))
    asyncio.run(provider.send(_WHO_AM_I))
    try:
        yield provider
    finally:
        provider.close()


async def _make(aws: AwsServer, provider: AwsProvider, example: Example) -> Made:
    aws.reset()
    aws.configure(**AT_ONCE)
    kind = example.type
    settings = placed(example.minimal, Stage(aws, example.stage))
    fleet, cell = _fleet(provider)
    assert cell.cloud is not None
    await cell.cloud.sweep(provider)
    before = aws.counts()
    status = await _until_ready(_reconciler(fleet), {"name": "orders", "cell": CELL, kind.kind: settings})
    calls = aws.counts() - before
    identifier = status.resources[0].id
    answers: dict[str, Any] = {}

    async def send(call: Call) -> Any:
        try:
            answers[spelled(call)] = await provider.send(call)
        except DataplaneError as error:
            answers[spelled(call)] = error
            raise
        return answers[spelled(call)]

    await run(kind.read(identifier), send)
    pages = [page async for page in provider.pages(kind.listing(CONTROL_PLANE))]
    line = next(line for page in pages for line in kind.listed(page) if line.id == identifier)
    return Made(kind, calls, line, identifier, answers)


def _fleet(provider: AwsProvider) -> tuple[Fleet, Cell]:
    """Return a fleet of one Cell, as the custodian leaves it once it is connected."""
    fleet = Fleet(lambda _namespace: {}, lambda: None, Unmeasured(), lambda: True)
    spec = {"aws": {"accountID": DEFAULT_ACCOUNT, "region": DEFAULT_REGION}, "allow": [{}]}
    fleet.cell_told({"metadata": {"name": CELL, "uid": "cell-1", "generation": 1}, "spec": spec}, deleted=False)
    cell = fleet.cell(CELL)
    assert cell is not None
    types = [kind for kind in TYPES.values() if kind.provider == "aws"]
    cell.inner, cell.cloud = provider, Cloud(types, CONTROL_PLANE, lambda _key: None)
    cell.provider = fleet.gated(cell, provider)
    return fleet, cell


def breakers(fleet: Fleet) -> Breakers:
    """Return breakers that nothing is held against."""
    senses = Senses(lambda: fleet.policy().breaker, fleet.missed, lambda _key: None, Clock())
    return Breakers(Holdings(), senses, SWEEP_SECONDS)


@dataclass(frozen=True)
class Whose:
    """The identity of an operator."""

    control_plane: str = CONTROL_PLANE
    key: bytes = b"key"
    version: str = "1.0.0"


def reconciler(fleet: Fleet, store: Any, whose: Whose) -> Reconciler:
    """Return a Reconciler of which everything is real but its surroundings. store: a `controller.ports.Store`."""
    catalog, hasher, clock = Catalog(), Hasher(whose.key), Clock()
    tools = Tools(
        store=store,
        fleet=fleet,
        observer=Observer(fleet, fleet, catalog, hasher, clock),
        executor=Executor(fleet, Leading(), clock, hasher),
        breakers=breakers(fleet),
        destruction=Destruction(lambda: 1, clock),
        recorder=Silence(),
        notices=Silence(),
        catalog=catalog,
        hasher=hasher,
        clock=clock,
        control_plane=whose.control_plane,
        edition=edition(whose.version, hasher),
        wake=lambda _key: None,
    )
    return Reconciler(tools)


def _reconciler(fleet: Fleet) -> tuple[Reconciler, Server]:
    server = Server()
    return reconciler(fleet, Store(server, Life()), Whose()), server


async def _until_ready(controller: tuple[Reconciler, Server], resource: Mapping[str, Any]) -> ApplicationStatus:
    """Apply an Application of one resource and run passes until it is Ready and there is nothing left to do."""
    reconciler, server = controller
    metadata = {"name": KEY.name, "namespace": KEY.namespace, "uid": "app-1", "generation": 1}
    server.put({"metadata": metadata, "spec": {"resources": [dict(resource)]}})
    status = ApplicationStatus()
    for _ in range(MOST_PASSES):
        requeue = await reconciler.reconcile(KEY)
        assert server.application is not None
        status = ApplicationStatus.model_validate(server.application["status"])
        ready = any(each.type == "Ready" and each.status == "True" for each in status.conditions)
        if ready and requeue.after is None and not requeue.failed:
            return status
        await asyncio.sleep(_PAUSE)
    raise AssertionError(f"{resource} is not Ready after {MOST_PASSES} passes: {status.conditions}")
