"""Let the custodian watch many things for an hour of virtual time, over a provider that repeats what AWS answered."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader

from pilothouse.controller import fleet, pace, pacing, sweep
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.fleet import Cell, Fleet
from pilothouse.controller.sweep import SWEEP_SECONDS, Custodian, Tools
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.types import Call, Flow, Listed, Reading
from tests.bench.reads import virtual
from tests.bench.reads.creating import CELL, Made, Unmeasured, breakers, spelled
from tests.crash.world import CONTROL_PLANE, Silence

HOUR: Final = 3600.0
WARM_UP: Final = 900.0
"""Seconds until everything was read for the first time and the rota goes round."""
UNSAID_PAGE: Final = 50
"""Lines on a page whose length neither we nor AWS name."""
LOADER: Final = Loader()

Counts = Mapping[str, int]
"""How many there are of each type, by its kind."""


class Many:
    """A type of which there are many, all like the one that was made. What is not about their number is that type's."""

    def __init__(self, made: Made, count: int) -> None:
        self._made, self._inner = made, made.type
        self.kind, self.lists = made.type.kind, made.type.listing(CONTROL_PLANE)
        lines = [replace(made.line, id=f"{made.identifier}-{number}") for number in range(count)]
        size = page_size(self.lists) or max(1, count)
        self.pages = [lines[start : start + size] for start in range(0, count, size)] or [[]]

    def __getattr__(self, name: str) -> Any:
        """Return what the type has."""
        return getattr(self._inner, name)

    def listed(self, page: Sequence[Listed]) -> Iterable[Listed]:
        """Read one page."""
        return page

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read the one, whichever is asked for."""
        return self._inner.read(self._made.identifier)


def page_size(listing: Call) -> int:
    """Return how many lines a page of a listing has; 0 where AWS does not cut it."""
    try:
        pagers = LOADER.load_service_model(listing.service, "paginators-1")["pagination"]
    except DataNotFoundError:
        pagers = {}
    pager = pagers.get(listing.operation)
    return 0 if pager is None else int(listing.parameters.get(pager.get("limit_key", ""), UNSAID_PAGE))


class Echo:
    """A provider that counts calls, and answers each as AWS answered it once."""

    def __init__(self, many: Iterable[Many], made: Iterable[Made]) -> None:
        self.calls = 0
        self._pages = {spelled(each.lists): each.pages for each in many}
        self._answers = {call: answer for each in made for call, answer in each.answers.items()}

    async def send(self, call: Call) -> Any:
        """Answer a call."""
        self.calls += 1
        answer = self._answers[spelled(call)]
        if isinstance(answer, DataplaneError):
            raise answer
        return answer

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        """Answer a listing."""
        for page in self._pages[spelled(call)]:
            self.calls += 1
            yield page

    def close(self) -> None:
        """Nothing is open."""


class _Connected:
    """Connections that are made already."""

    def __init__(self, fleet_: Fleet, many: list[Many], echo: Echo) -> None:
        self._fleet, self._many, self._echo = fleet_, many, echo

    async def open(self, cell: Cell) -> None:
        types: Any = self._many
        elapsed = asyncio.get_running_loop().time
        cell.inner, cell.cloud = self._echo, Cloud(types, CONTROL_PLANE, lambda _key: None, elapsed=elapsed)
        cell.provider = self._fleet.gated(cell, self._echo)

    async def close(self, cell: Cell) -> None:
        """Nothing is open."""


class _Home:
    """Where Cell status is written, and nobody reads it."""

    leading = True

    async def write_cell_status(self, *_: object) -> None:
        """Write nothing."""


def an_hour(made: Sequence[Made], counts: Counts) -> int:
    """Return the calls that it takes to watch so many things of each type for an hour in which nothing changes.

    A sweep lists every type, also those of which there is nothing.
    """
    return virtual.run(_watch(made, counts), fleet, pace, pacing, sweep)


async def _watch(made: Sequence[Made], counts: Counts) -> int:
    many = [Many(each, counts.get(each.type.kind, 0)) for each in made]
    echo = Echo(many, made)
    cells = Fleet(lambda _namespace: {}, lambda: None, Unmeasured(), lambda: True)
    connections: Any = _Connected(cells, many, echo)
    home: Any = _Home()
    tools = Tools(Unmeasured(), breakers(cells), Silence(), lambda: None, lambda _cell: {}, lambda _cell, _before: None)
    custodian = Custodian(cells, connections, home, tools, SWEEP_SECONDS)
    spec = {"aws": {"accountID": "123456789012", "region": "eu-west-1"}}
    cells.cell_told({"metadata": {"name": CELL, "uid": "cell-1", "generation": 1}, "spec": spec}, deleted=False)
    task = asyncio.create_task(custodian.run())
    await asyncio.sleep(WARM_UP)
    before = echo.calls
    await asyncio.sleep(HOUR)
    task.cancel()
    await asyncio.wait([task])
    return echo.calls - before


def polled(made: Sequence[Made], counts: Counts, seconds: float) -> int:
    """Return the calls an hour that it takes to read every thing once in so many seconds, each by itself."""
    each_time = sum(each.check * counts.get(each.type.kind, 0) for each in made)
    return math.ceil(each_time * HOUR / seconds)
