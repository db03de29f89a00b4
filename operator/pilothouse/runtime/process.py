"""What runs, in which order it starts, and how it stops.

Watches run from the start, on every replica. Only the leader reconciles. Whatever ends that should not ends the
process: Kubernetes starts it again, and nothing is lost, for nothing is kept here.
"""

import asyncio
import gc
import logging
import os
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

from pilothouse.api.meta import API_VERSION
from pilothouse.applying.ports import NotLeader
from pilothouse.controller.fleet import POLICY
from pilothouse.controller.queue import Priority
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import Selection
from pilothouse.runtime import leader, pages
from pilothouse.runtime.canary import Canary
from pilothouse.runtime.compose import Ground, Operator, compose
from pilothouse.runtime.home import NAME, HomeCluster, own_kubeconfig
from pilothouse.runtime.options import Options

GRACE_SECONDS: Final = 3.0
"""What passes under way are given to end after SIGTERM, while nobody takes up anything else. A call that takes longer
is on record, and the next leader looks what became of it, as it does after a crash."""
RELIST_SECONDS: Final = 900.0
RESYNC_SECONDS: Final = 600.0
PRUNE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 15.0
"""How long Cells are waited for before the first pass: one that does not answer must not keep the others waiting."""
_GUARD_SECONDS: Final = 5.0
_OBJECTS_A_ROUND: Final = 20_000
_KOPF_SECONDS: Final = 0.5
"""Kopf has nothing to finish: it writes nothing."""

_log = logging.getLogger(__name__)


async def run(options: Options) -> int:
    """Run the operator until SIGTERM; returns the exit code. Does not return at all when leadership is lost."""
    async with AsyncExitStack() as stack:
        ground = await _ground(stack, options)
        operator = compose(options, ground)
        stack.push_async_callback(operator.informers.close)
        servers = pages.servers(operator)
        for server in servers:
            await server.start()
            stack.push_async_callback(server.stop)
        return await _Life(operator, ground.api).live()


async def _ground(stack: AsyncExitStack, options: Options) -> Ground:
    kubeconfig = own_kubeconfig()
    api = await stack.enter_async_context(await KubernetesProvider.connect(NAME, kubeconfig))
    lease_api = await KubernetesProvider.connect(NAME, kubeconfig, request_seconds=leader.REQUEST_SECONDS)
    await stack.enter_async_context(lease_api)
    home = HomeCluster(api, options.namespace, Canary(), lambda: False)
    control_plane = options.control_plane_id or await home.control_plane()
    return Ground(api, lease_api, control_plane, await home.hash_key())


class _Life:
    """One life of an operator, from its first watch to its last request."""

    def __init__(self, operator: Operator, api: KubernetesProvider) -> None:
        self._operator, self._api = operator, api
        self._asked_to_stop = asyncio.Event()

    async def live(self) -> int:
        """Start everything, wait for an end, stop everything; returns the exit code."""
        operator = self._operator
        self._on_signals()
        stopping = asyncio.create_task(self._asked_to_stop.wait(), name="until asked to stop")
        leading = asyncio.create_task(self._work(), name="work")
        guard = asyncio.create_task(self._guard_watches(), name="a watch")
        works = [
            asyncio.create_task(operator.custodian.run(), name="custodian"),
            asyncio.create_task(operator.events.run(), name="events"),
            asyncio.create_task(operator.kopf.run(), name="kopf"),
            leading,
            guard,
        ]
        done, _ = await asyncio.wait([stopping, *works], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            _log.error("%s ended, so this process ends", task.get_name(), exc_info=task.exception())
        guard.cancel()  # From now on watches end because they are to.
        await self._stop(leading)
        await _ended([stopping, *works])
        return 0 if stopping in done else 1

    async def _work(self) -> None:
        operator = self._operator
        await self._prepare()
        await operator.leadership.acquire()
        operator.resume(operator.store.under_way())
        operator.everyone()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(operator.leadership.hold())
                group.create_task(operator.queue.run())
                group.create_task(operator.notifier.run())
                group.create_task(operator.custodian.report())
                group.create_task(_every(RELIST_SECONDS, operator.store.relist))
                group.create_task(_every(RELIST_SECONDS, self._relist_fleet))
                group.create_task(_every(PRUNE_SECONDS, self._prune))
                group.create_task(_every(operator.options.sweep_seconds, operator.collector.collect))
                group.create_task(_every(operator.options.rebalance_seconds, operator.rebalancer.look))
                group.create_task(_every(RESYNC_SECONDS, self._resync))
        except* NotLeader as lost:
            _log.critical("%s; this process ends at once", lost.exceptions[0])
            logging.shutdown()
            # Nothing may be sent any more, not even by what would run on the way out.
            os._exit(1)

    async def _prepare(self) -> None:
        """Know the policy, the Cells and every Application before the first pass."""
        operator = self._operator
        await operator.kopf.started()
        self._on_signals()  # Kopf has put its own in their place
        await operator.informers.wait_synced()
        for kind, told in (("FleetPolicy", operator.fleet.policy_told), ("Cell", operator.fleet.cell_told)):
            async for page in self._api.list_pages(Selection(API_VERSION, kind)):
                for raw in page.items:
                    told(raw, deleted=False)
        await operator.store.relist()
        await operator.custodian.attempted(_PATIENCE_SECONDS)
        _spare_the_collector()
        operator.ready.set()
        _log.info("ready: %d Applications, %d Cells", len(operator.applications), len(list(operator.fleet)))

    async def _relist_fleet(self) -> None:
        """Drop Cells and the policy that are gone: when Kopf has to list anew, it tells only of what is there."""
        fleet, shown = self._operator.fleet, dict[str, list[Mapping[str, Any]]]()
        before = fleet.known()
        for kind in ("Cell", "FleetPolicy"):
            pages = self._api.list_pages(Selection(API_VERSION, kind))
            shown[kind] = [item["metadata"] async for page in pages for item in page.items]
        policy = any(metadata["name"] == POLICY for metadata in shown["FleetPolicy"])
        fleet.relisted(before, {metadata["uid"] for metadata in shown["Cell"]}, policy=policy)

    async def _guard_watches(self) -> None:
        """End when a watch has ended: nobody starts it again, and what people change would go unseen."""
        while not (problem := self._operator.dead_watch()):  # noqa: ASYNC110 - a task that ends tells nobody
            await asyncio.sleep(_GUARD_SECONDS)
        _log.error("%s", problem)

    async def _prune(self) -> None:
        operator = self._operator
        await operator.store.prune(operator.fleet.policy().plan_history, operator.leadership.check)

    async def _resync(self) -> None:
        """Look at everything again, spread over half of the time until the next round."""
        for key in self._operator.applications:
            later = random.uniform(0, RESYNC_SECONDS / 2)  # noqa: S311 - it guards nothing
            self._operator.queue.add_after(key, later, Priority.BACKGROUND)

    async def _stop(self, leading: asyncio.Task[None]) -> None:
        """Stop taking work, let passes end, tell what there is to tell, and let another one lead."""
        operator = self._operator
        await operator.queue.stop(GRACE_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(operator.events.flush(), 1.0)
        leading.cancel()  # Else a renewal that comes after the release would take it for a loss.
        await asyncio.wait([leading], timeout=1.0)
        await operator.leadership.release()
        operator.kopf.stop()

    def _on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop.set)


def _spare_the_collector() -> None:
    """Take what is here to stay out of the garbage collector's rounds, and let it go round less often.

    A pass makes many short-lived objects without cycles; by default the collector took a tenth of the CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_ROUND, 50, 100)


async def _every(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    """Do a job again and again, the first time after `seconds`; what goes wrong is told, and tried the next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except DataplaneError as error:
            _log.warning("%s", error)


async def _ended(tasks: list[asyncio.Task[Any]]) -> None:
    _, late = await asyncio.wait(tasks, timeout=_KOPF_SECONDS)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=1.0)
