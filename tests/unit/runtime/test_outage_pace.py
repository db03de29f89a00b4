"""The outage of one Cell does not have thousands of statuses written at once."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from pilothouse.controller import queue
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import NotNow
from pilothouse.runtime.compose import OUTAGE_PACE, Ground, Operator, compose
from pilothouse.runtime.options import Options
from tests.bench.reads import virtual

APPLICATIONS = 1_000
SECONDS = 0.5


class Nobody:
    """An API server that does not answer."""

    async def list_pages(self, _selection: object) -> AsyncGenerator[Any, None]:
        pages: tuple[Any, ...] = ()
        for page in pages:
            yield page
        raise NotNow("nobody there")


def composed() -> Operator:
    nobody: Any = Nobody()
    operator = compose(Options("pilothouse-system"), Ground(nobody, nobody, "cp-1", b"key"))
    operator.applications._objects.update({Key("shop", f"app-{number}"): {} for number in range(APPLICATIONS)})
    return operator


async def ended(operator: Operator) -> None:
    await operator.informers.close()
    await operator.queue.stop(0.0)


def test_when_a_cell_falls_silent_its_applications_come_in_turn() -> None:
    async def silenced() -> tuple[int, int]:
        operator = composed()
        operator.fleet.readiness_changed("sky")
        await asyncio.sleep(SECONDS)
        in_turn = operator.queue.depth
        operator.everyone()
        at_once = operator.queue.depth
        await ended(operator)
        return in_turn, at_once

    in_turn, at_once = virtual.run(silenced(), queue)
    assert in_turn == pytest.approx(OUTAGE_PACE * SECONDS, abs=1)
    assert at_once == APPLICATIONS, "what people change about Cells is for all, and at once"


def test_whom_a_cell_concerns_hears_of_it_first() -> None:
    user, stuck = Key("shop", "zoo"), Key("shop", "stuck")
    queue_there = {"cell": "sky", "id": "q-1", "type": "awsQueue", "name": "q"}
    found = {
        user: {"resources": [queue_there, {**queue_there, "id": "q-2"}]},
        Key("shop", "elsewhere"): {"resources": [{**queue_there, "cell": "sea"}]},
        stuck: {"conditions": [{"type": "Stalled", "status": "True"}]},
    }

    async def silenced() -> list[Key]:
        operator = composed()
        for key, status in found.items():
            operator.applications._put(key, {"metadata": {"name": key.name}, "status": status})
        operator.fleet.readiness_changed("sky")
        await asyncio.sleep(SECONDS)
        in_line = list(operator.queue._waiting)
        await ended(operator)
        return in_line

    in_line = virtual.run(silenced(), queue)
    assert in_line[:2] == [user, stuck]
    assert len(in_line) == pytest.approx(OUTAGE_PACE * SECONDS, abs=1), "whoever waits for room in it hears of it too"
