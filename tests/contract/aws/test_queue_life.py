"""Queues: two names for one resource, and names that are taken."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.errors import Conflict
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.queue import EXAMPLE
from tests.contract.aws.flight import Flight


@pytest.fixture
def example() -> Example:
    return EXAMPLE


async def test_a_fifo_queue_is_found_after_its_spec_became_another(flight: Flight) -> None:
    """The reply to its create was lost, then somebody took `fifo` out again: it must not be left behind."""
    have = await flight.create(flight.want({"fifo": True}))
    assert have.outputs["name"].endswith(".fifo")
    assert [found.id for found in await flight.find(flight.want())] == [have.id]
    assert flight.paths(flight.want(), have) == {"fifo"}


async def test_both_kinds_beside_each_other_are_found(flight: Flight) -> None:
    readings = [await flight.create(flight.want({"fifo": fifo})) for fifo in (False, True)]
    assert [found.id for found in await flight.find(flight.want())] == [reading.id for reading in readings]


async def test_a_create_under_a_name_with_other_settings_is_a_conflict_and_changes_nothing(flight: Flight) -> None:
    have = await flight.create(flight.want())
    with pytest.raises(Conflict):
        await flight.provider.send(flight.example.type.create(flight.want({"delaySeconds": 7})))
    assert await flight.read(have.id) == have


async def test_a_queue_of_somebody_else_is_shown_as_theirs_by_a_create_that_seems_to_work(
    flight: Flight, aws: AwsServer
) -> None:
    """SQS returns a queue of the same name and settings whoever made it: only a read tells whose it is."""
    want = flight.want()
    call = flight.example.type.create(want)
    aws.client("sqs").create_queue(QueueName=want.name, Attributes=dict(call.parameters["Attributes"]))
    url = flight.example.type.created(await flight.provider.send(call))
    assert (await flight.read(url)).mark is None
