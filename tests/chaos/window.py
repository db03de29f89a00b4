"""The window that no check closes: how long it takes from the last question whether to the wire."""

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise
from statistics import median, quantiles

from pilothouse.api.cell import AwsCell
from pilothouse.dataplane.aws.client import AwsProvider
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.types import Call, Sensitive
from tests.aws.server import DEFAULT_ACCOUNT, DEFAULT_REGION, AwsServer

CALLS = 1_000


def measure(calls: int = CALLS) -> list[float]:
    """Return for each of so many calls in a row how long after its last check it had arrived at AWS; seconds."""
    return asyncio.run(_measured(calls))


async def _measured(calls: int) -> list[float]:
    asked: list[float] = []

    def halted() -> str:
        asked.append(time.time())
        return ""

    with AwsServer() as aws:
        keys = aws.credentials()
        cell = AwsCell(account_id=DEFAULT_ACCOUNT, region=DEFAULT_REGION, endpoint_url=aws.url)
        provider = AwsProvider(cell, AccessKey(keys.access_key_id, Sensitive(keys.secret_access_key)), halted=halted)
        for number in range(calls):
            await provider.send(Call("sqs", "CreateQueue", {"QueueName": f"queue-{number}"}))
        provider.close()
        arrived = [entry.arrived for entry in aws.journal()]
    assert len(arrived) == len(asked) == calls
    assert all(before <= after for before, after in pairwise(arrived))
    return [after - before for before, after in zip(asked, arrived, strict=True)]


def told(windows: Sequence[float]) -> str:
    """Say in one line how long they were."""
    of_a_hundred = quantiles(windows, n=100)
    parts = {"median": median(windows), "99 of 100 under": of_a_hundred[98], "longest": max(windows)}
    return ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in parts.items())
