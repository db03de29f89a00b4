"""The custodian: connects Cells, sweeps each on a fixed cadence whatever happens elsewhere, and writes Cell status.

Every Cell has tasks of its own, so one that hangs or fails keeps nobody waiting.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pilothouse.api.cell import Breaker, CellStatus
from pilothouse.api.conditions import Condition, find
from pilothouse.controller import announcing
from pilothouse.controller.breakers import opened
from pilothouse.controller.cell_status import status_of, untold
from pilothouse.controller.connecting import Connections, Home
from pilothouse.controller.fleet import Cell, Fleet
from pilothouse.controller.ports import Key, Recorder
from pilothouse.dataplane.errors import DataplaneError, Denied, NotFound, NotNow
from pilothouse.dataplane.types import Call, Provider
from pilothouse.desired.node_classes import node_classes

SWEEP_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 2.0
"""How often it is looked whether a Cell became Ready or ceased to be, or room became free in it."""
_FIRST_LOOK_SECONDS: Final = 0.2
_ROOM_SECONDS: Final = 10.0
"""How often at most those who found no room are told that some became free in a Cell."""
_RETRY_SECONDS: Final = 5.0
"""How soon a Cell that does not answer is tried again, the first time; twice as long after each time in vain."""
_LONGEST_RETRY: Final = 2.5
"""In sweeps. An outage of many Cells must not end in a storm of questions."""
_SHORTEST_GAP: Final = 0.05
"""Seconds between two detail reads, so that a first round of many is spread out."""
_IDLE_SECONDS: Final = 1.0
_ANYBODY_THERE: Final = Call("kubernetes", "get", {"apiVersion": "v1", "kind": "Namespace", "name": "kube-system"})

_log = logging.getLogger(__name__)


class Meter(Protocol):
    """Where measurements of sweeps go."""

    def swept(self, cell: str, seconds: float) -> None:
        """Count a sweep."""


class Breakers(Protocol):
    """What keeps creates and destructive steps back where much is missing."""

    def record(self, cell: str) -> Breaker:
        """Return what the status of a Cell is to say of its breaker."""

    def swept(self, cell: str) -> None:
        """Take note of a newer listing."""

    def judge(self, cell: str) -> bool:
        """Open a breaker if it is time; tell whether there is news."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a custodian works with.

    room: called when the nodes of a Cell have more to give than before; users: tells how many things each Application
    has in a Cell; recorder: where Events about Cells go; held: tells what the status of a Cell is to say of what is to
    leave it and stays, given what it says; labels: tells the keys of node labels that pods ask for.
    """

    meter: Meter
    breakers: Breakers
    recorder: Recorder
    room: Callable[[], None]
    users: Callable[[str], Mapping[Key, int]]
    held: Callable[[str, Condition | None], Condition | None]
    labels: Callable[[], Collection[str]] = frozenset


class Custodian:
    """Keeps the Cells of a fleet connected, listed and described.

    tools: what it works with. seconds: from one sweep of a Cell to the next.
    """

    def __init__(self, fleet: Fleet, connections: Connections, home: Home, tools: Tools, seconds: float) -> None:
        self._fleet, self._connections, self._home = fleet, connections, home
        self._tools, self._seconds = tools, seconds
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._anew: dict[str, asyncio.TimerHandle] = {}
        """When a custodian that failed is to begin anew, unless there is news of its Cell before."""
        self._news: asyncio.Queue[str] = asyncio.Queue()
        fleet.respecified = self._news.put_nowait

    async def run(self) -> None:
        """Look after Cells until cancelled."""
        try:
            while True:
                name = await self._news.get()
                await self._end(name)
                if (cell := self._fleet.cell(name)) is not None:
                    self._keepers[name] = asyncio.create_task(self._keep(cell), name=f"custodian of {name}")
        finally:
            for name in tuple(self._keepers):
                await self._end(name)

    def secret_changed(self, name: str) -> None:
        """Connect anew the Cells whose credentials come from this Secret."""
        for cell in self._fleet:
            if cell.secret == name:
                self._news.put_nowait(cell.name)

    async def report(self) -> None:
        """Write the status of every Cell: who has begun to lead finds what the one before it wrote."""
        for cell in self._fleet:
            await self._report(cell)

    async def attempted(self, patience: float) -> None:
        """Wait until every Cell was connected and listed, or failed to be, or is older than `patience` seconds.

        Only Cells that are new can be waited for, so one that never answers delays nobody for long.
        """
        while any(self._is_new(cell, patience) for cell in self._fleet):  # noqa: ASYNC110 - several things end it
            await asyncio.sleep(_FIRST_LOOK_SECONDS / 4)

    @staticmethod
    def _is_new(cell: Cell, patience: float) -> bool:
        tried = cell.listed or cell.trouble()[0] in _TRIED
        return not tried and time.monotonic() - cell.born < patience

    async def _end(self, name: str) -> None:
        if (timer := self._anew.pop(name, None)) is not None:
            timer.cancel()
        task = self._keepers.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep(self, cell: Cell) -> None:
        try:
            if not cell.problem:
                await self._connect(cell)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch(cell))
                if cell.provider is not None:
                    group.create_task(self._sweep(cell))
                if cell.cloud is not None:
                    group.create_task(self._read(cell))
        except asyncio.CancelledError:
            raise
        except BaseException:  # noqa: BLE001 - whatever it is, the other Cells go on
            _log.exception("Cell %s: its custodian failed and starts anew", cell.name)
            await self._failed(cell)
        finally:
            await self._connections.close(cell)

    async def _failed(self, cell: Cell) -> None:
        """Begin anew later, and tell of it: until then nobody knows what becomes of the Cell."""
        cell.failures += 1
        later = asyncio.get_running_loop().call_later
        self._anew[cell.name] = later(self._pause(cell.failures), self._news.put_nowait, cell.name)
        cell.error = NotNow(f"Cell {cell.name}: what looks after it failed, and is tried again: see the operator's log")
        self._fleet.readiness_changed(cell.name)
        await self._report(cell)

    async def _connect(self, cell: Cell) -> None:
        while cell.provider is None:
            try:
                await self._connections.open(cell)
            except DataplaneError as error:
                cell.error = error
                await self._report(cell)
                await self._connections.close(cell)
                await asyncio.sleep(self._spread(cell, _RETRY_SECONDS))
            else:
                cell.error = None

    async def _sweep(self, cell: Cell) -> None:
        assert cell.inner is not None  # noqa: S101 - it is connected
        provider = self._fleet.gated(cell, cell.inner, background=True)
        in_vain = 0
        while True:
            began = time.monotonic()
            await (self._list_cloud(cell, provider) if cell.cloud is not None else _ask(cell, provider))
            self._tools.breakers.swept(cell.name)
            reached = not (cell.error or cell.gap)
            self._tools.meter.swept(cell.name, time.monotonic() - began)
            if cell.error is None:  # what a part of it hides, is told of that part
                cell.observed_at = time.time()
                cell.failures = 0
            await self._report(cell)
            in_vain = 0 if reached else in_vain + 1
            await self._rest(cell, self._seconds if reached else self._pause(in_vain))

    def _pause(self, in_vain: int) -> float:
        """Return seconds until a Cell is tried again that did not answer in full so many times in a row."""
        return min(_RETRY_SECONDS * 2.0 ** min(in_vain - 1, 16), self._seconds * _LONGEST_RETRY)

    async def _rest(self, cell: Cell, seconds: float) -> None:
        """Wait until the next sweep is due, which is soon once the Cell has ceased to answer."""
        until, silent = time.monotonic() + self._spread(cell, seconds), bool(cell.gate.trouble)
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _RETRY_SECONDS))
            if (cell.gate.trouble and not silent) or (cell.cloud is not None and cell.cloud.doubted):
                return

    @staticmethod
    async def _list_cloud(cell: Cell, provider: Provider) -> None:
        assert cell.cloud is not None  # noqa: S101 - asked for Cells of clouds only
        outcomes = (await cell.cloud.sweep(provider, lambda: not cell.gate.trouble)).values()
        first = next((error for error in outcomes if error is not None), None)
        cell.error, cell.gap = (first, None) if all(outcomes) else (None, first)

    async def _read(self, cell: Cell) -> None:
        """Read in full, one after the other, what listings show too little of."""
        assert cell.inner is not None and cell.cloud is not None  # noqa: S101, PT018 - a connected Cell of a cloud
        provider = self._fleet.gated(cell, cell.inner, background=True)
        while True:
            distance = cell.cloud.distance(self._seconds, self._fleet.policy().budgets.reads_per_sweep_per_cell)
            thing = None if cell.out_of_reach()[0] else cell.cloud.next_to_read(distance)
            if thing is None:
                await asyncio.sleep(min(distance, _IDLE_SECONDS))
                continue
            try:
                await cell.cloud.read(provider, thing)
            except DataplaneError as error:
                _log.debug("Cell %s: cannot read %s %s: %s", cell.name, *thing, error)
            await asyncio.sleep(_SHORTEST_GAP)

    async def _watch(self, cell: Cell) -> None:
        """Report a Cell that becomes Ready or ceases to be, or hides more or less; a stopped one; room that is free."""
        known: tuple[str, str, frozenset[str]] | None = None
        room_at = 0.0
        while True:
            if self._home.leading and self._tools.breakers.judge(cell.name):
                await self._report(cell)
            record = self._tools.breakers.record(cell.name)
            now = cell.trouble()[0], record.opened_at if record.is_open else "", cell.denied
            if now != known:
                self._announce(cell, known[1] if known is not None else None, record)
                known = now
                await self._report(cell)
                self._fleet.readiness_changed(cell.name)
            if cell.cluster is not None and time.monotonic() >= room_at:
                cell.cluster.nodes()
                if cell.cluster.freed:
                    cell.cluster.freed, room_at = False, time.monotonic() + _ROOM_SECONDS
                    self._tools.room()
            await asyncio.sleep(_LOOK_SECONDS if cell.listed else _FIRST_LOOK_SECONDS)

    def _announce(self, cell: Cell, known: str | None, record: Breaker) -> None:
        """Tell by an Event of a breaker that opened, or that a person closed. known: when it opened, as told so far."""
        if not self._home.leading or known is None or known == (record.opened_at if record.is_open else ""):
            return
        if record.is_open:
            self._tools.recorder.event(_involved(cell), "Warning", "BreakerOpened", opened(cell.name, record))
        else:
            message = "a person has agreed to go on: creates and destructive steps are sent again"
            self._tools.recorder.event(_involved(cell), "Normal", "BreakerResumed", message)

    async def _report(self, cell: Cell) -> None:
        """Write the status of a Cell; what goes wrong with that is told and nothing else.

        Nothing is written over what cannot be read: it was the record of whether its breaker is open. An Event tells.
        """
        if cell.unreadable:
            if self._home.leading:
                self._tools.recorder.event(_involved(cell), "Warning", "UnreadableStatus", cell.unreadable)
            return
        try:
            before, after = cell.status, self._concluded(cell)
            await self._home.write_cell_status(cell.name, before, after)
            if self._home.leading:
                announcing.held(self._tools.recorder, _involved(cell), before, after)
        except NotFound:
            return
        except DataplaneError as error:
            _log.warning("Cell %s: its status was not written: %s", cell.name, error)
        except Exception:  # noqa: BLE001 - whatever it is, the Cell is looked after
            _log.exception("Cell %s: its status was not written", cell.name)

    def _concluded(self, cell: Cell) -> CellStatus:
        """Return what the status of a Cell is to say: at least that this cannot be concluded."""
        try:
            users, record = self._tools.users(cell.name), self._tools.breakers.record(cell.name)
            held = self._tools.held(cell.name, find(cell.status.conditions, "MovesHeld"))
            said = status_of(cell, cell.status, users, record, time.time(), self._fleet.uncovered(cell), held)
            nodes = cell.cluster.offered(cell.node_selector) if cell.cluster is not None else ()
            return said.model_copy(update={"node_classes": node_classes(nodes, self._tools.labels())})
        except Exception:  # noqa: BLE001 - what stands there must not go on to stand
            _log.exception("Cell %s: what its status is to say cannot be concluded", cell.name)
            return untold(cell, cell.status, time.time())

    def _spread(self, cell: Cell, seconds: float) -> float:
        """Return `seconds` give or take a tenth, so that the Cells of a fleet do not move in step."""
        share = zlib.crc32(f"{cell.uid} {time.monotonic()}".encode()) / (1 << 32)
        return seconds * (0.9 + share / 5)


_TRIED: Final = frozenset({"InvalidSpec", "UnreadableStatus", "Unreachable", "CredentialsRefused", "PartlyUnreadable"})


def _involved(cell: Cell) -> Mapping[str, Any]:
    """Return a Cell as Events refer to it."""
    return {"kind": "Cell", "metadata": {"name": cell.name, "uid": cell.uid}}


async def _ask(cell: Cell, provider: Provider) -> None:
    """Find out whether a cluster answers; what it holds is kept current by watches."""
    assert cell.cluster is not None  # noqa: S101 - asked for Cells of clusters only
    try:
        await provider.send(_ANYBODY_THERE)
    except (Denied, NotFound):
        cell.error = None  # it answers; which rights are missing, its watches tell
    except DataplaneError as error:
        cell.error = error
    else:
        cell.error = None
    cell.gap = cell.cluster.gap
    cell.cluster.remind()
