"""A Cell in a full outage is asked a tenth of what it is asked when all is well, and as often whoever else fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from pilothouse.catalog.registry import TYPES
from pilothouse.controller import clouds, fleet, pace, pacing, queue, sweep
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.fleet import Cell, Fleet
from pilothouse.controller.ports import Requeue
from pilothouse.controller.queue import Priority, WorkQueue
from pilothouse.controller.sweep import SWEEP_SECONDS, Custodian, Tools
from pilothouse.dataplane.errors import DataplaneError, Denied, OutcomeUnknown
from pilothouse.dataplane.types import Call
from tests.bench.reads import virtual
from tests.bench.reads.creating import CELL, Unmeasured, breakers
from tests.crash.world import CONTROL_PLANE, Silence

HOUR: Final = 3_600.0
WARM_UP: Final = 600.0
LOOK: Final = Call("sqs", "GetQueueAttributes")
CHANGE: Final = Call("sqs", "SetQueueAttributes")


class Sky:
    """A cloud in which there is nothing to list, and which can cease to answer. It refuses every change."""

    def __init__(self) -> None:
        self.calls = self.listings = 0
        self.is_down = False

    async def send(self, call: Call) -> Any:
        return self._answer(call)

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        self.listings += 1
        self._answer(call)
        nothing: tuple[Any, ...] = ()
        for page in nothing:
            yield page

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, call: Call) -> Any:
        self.calls += 1
        if self.is_down:
            raise OutcomeUnknown(f"{call.operation} timed out")
        if call == CHANGE:
            raise Denied(f"not allowed to {call.operation}")
        return {}


class Connected:
    """Connections that are made already, and the operator's own cluster, which hears of Cells and says nothing."""

    leading = True

    def __init__(self, cells: Fleet, sky: Sky) -> None:
        self._cells, self._sky = cells, sky

    async def open(self, cell: Cell) -> None:
        types = [kind for kind in TYPES.values() if kind.provider == "aws"]
        cell.inner, cell.cloud = self._sky, Cloud(types, CONTROL_PLANE, lambda _key: None)
        cell.provider = self._cells.gated(cell, self._sky)

    async def close(self, cell: Cell) -> None:
        """Nothing is open."""

    async def write_cell_status(self, *_: object) -> None:
        """Write nothing."""


async def two_hours(applications: int) -> tuple[int, int]:
    """Return the calls of an hour in which all is well, and of one in which nothing is answered."""
    async with working(applications) as sky:
        before = sky.calls
        await asyncio.sleep(HOUR)
        normal, sky.is_down = sky.calls - before, True
        await asyncio.sleep(HOUR)
        return normal, sky.calls - before - normal


async def listings(applications: int, failing: int) -> int:
    """Return the listings of an hour in which so many Applications are refused what they want, each time they try."""
    async with working(applications, failing) as sky:
        before = sky.listings
        await asyncio.sleep(HOUR)
        return sky.listings - before


@asynccontextmanager
async def working(applications: int, failing: int = 0) -> AsyncIterator[Sky]:
    """Let the custodian and the queue work, from when all is known to the end of the block.

    Applications look at something of theirs once a minute, fail, and are backed off from, as by the process; those that
    are failing also ask for a change.
    """
    sky, anybody = Sky(), Silence()
    keys = [f"app-{number}" for number in range(applications)]
    unlucky = set(keys[:failing])

    def everyone() -> None:
        for key in keys:
            work.add(key, Priority.BACKGROUND)

    cells = Fleet(lambda _namespace: {}, everyone, Unmeasured(), lambda: True)

    async def look(key: str) -> Requeue:
        try:
            await cells.provider(CELL).send(LOOK)
            if key in unlucky:
                await cells.provider(CELL).send(CHANGE)
        except DataplaneError:
            return Requeue(failed=True)
        return Requeue(after=60.0)

    work = WorkQueue(look, Unqueued())
    wired: Any = Connected(cells, sky)
    tools = Tools(Unmeasured(), breakers(cells), anybody, lambda: None, lambda _cell: {}, lambda _cell, _before: None)
    custodian = Custodian(cells, wired, wired, tools, SWEEP_SECONDS)
    # The pace is not what is counted here, and a clock that stands still has none.
    policy = {"budgets": {"callsPerSecondPerCell": 100_000}}
    cells.policy_told({"metadata": {"name": "default"}, "spec": policy}, deleted=False)
    spec = {"aws": {"accountID": "123456789012", "region": "eu-west-1"}}
    cells.cell_told({"metadata": {"name": CELL, "uid": "cell-1", "generation": 1}, "spec": spec}, deleted=False)
    tasks = [asyncio.create_task(custodian.run()), asyncio.create_task(work.run())]
    await asyncio.sleep(WARM_UP)
    yield sky
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


class Unqueued:
    """A meter of a queue that nobody reads."""

    def added(self) -> None: ...

    def started(self, waited: float) -> None: ...

    def finished(self, took: float, result: queue.Result) -> None: ...

    def retried(self) -> None: ...


def test_retries_in_an_outage_are_a_tenth_of_what_is_usual() -> None:
    """Of a Cell that nobody uses, sweeps alone ask 345 times an hour, and 30 times in an outage, to notice its end."""
    hours = {
        number: virtual.run(two_hours(number), clouds, fleet, pace, pacing, queue, sweep) for number in (0, 5, 200)
    }
    for number, (normal, outage) in hours.items():
        assert normal >= 5 * 60 + 60 * number * 0.9, "else an outage is measured by nothing"
        assert 0 < outage <= normal / 10, f"{number} Applications: {outage} calls in place of {normal}"


def test_sweeps_ask_the_same_whether_none_half_or_all_applications_fail() -> None:
    """Constant work: else trouble would make more of it, just when there is trouble."""
    none, half, every = (
        virtual.run(listings(200, failing), clouds, fleet, pace, pacing, queue, sweep) for failing in (0, 100, 200)
    )
    assert none >= 5 * 60
    assert abs(half - none) <= none * 0.05
    assert abs(every - none) <= none * 0.05
