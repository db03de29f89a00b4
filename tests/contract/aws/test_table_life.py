"""Tables: everything takes its time, one change after the other, and the last backup is made once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from pilothouse.dataplane.aws.table_spec import TableSpec
from pilothouse.dataplane.errors import Conflict, Invalid, NotYet, OutcomeUnknown
from pilothouse.dataplane.types import HealthState, Reading, Want
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.table import DAY, EXAMPLE, SETTINGS, index, units
from tests.contract.aws.flight import PATIENCE, Flight

SLOW = 0.3


@pytest.fixture
def example() -> Example:
    return EXAMPLE


async def test_a_table_that_is_being_made_takes_no_change_and_is_not_deleted(flight: Flight, aws: AwsServer) -> None:
    aws.configure(transition_seconds=SLOW)
    want = flight.want({"timeToLiveAttribute": "gone"})
    await flight.provider.send(flight.example.type.create(want))
    have = await flight.read(want.name)
    assert have.health.state is HealthState.PROGRESSING
    assert flight.example.type.update(have, want, frozenset()) == ()
    assert flight.example.type.delete(have) == ()


async def test_indexes_come_and_go_one_after_the_other(flight: Flight, aws: AwsServer) -> None:
    """DynamoDB takes one at a time, and says that the table is there while an index is still being built."""
    have = await flight.create(flight.want({"globalSecondaryIndexes": [index("a-one"), index("b-two")]}))
    aws.configure(transition_seconds=SLOW)
    want = flight.want({"globalSecondaryIndexes": [index("c-one"), index("d-two")]})
    await flight.update(have, want, frozenset())
    moving = await flight.read(have.id)
    assert (moving.health.state, moving.health.message) == (HealthState.PROGRESSING, "the table is UPDATING")
    assert flight.example.type.update(moving, want, frozenset()) == ()
    await flight.settle(have.id, want)
    assert len(aws.journal("dynamodb:UpdateTable")) == 4


async def test_capacity_of_a_table_and_its_indexes_changes_at_once(flight: Flight, aws: AwsServer) -> None:
    """Beside them an index is removed, which needs capacity until it is gone."""
    have = await flight.create(flight.want({"globalSecondaryIndexes": [index("stays"), index("goes")]}))
    paid = {"billingMode": "PROVISIONED", "provisionedThroughput": units(5, 4)}
    stays = index("stays", provisionedThroughput=units(3, 2))
    await flight.settle(have.id, flight.want({**paid, "globalSecondaryIndexes": [stays]}))
    changes = [entry.parameters for entry in aws.journal("dynamodb:UpdateTable")]
    assert [sorted(change) for change in changes] == [
        ["BillingMode", "GlobalSecondaryIndexUpdates", "ProvisionedThroughput", "TableName"],
        ["GlobalSecondaryIndexUpdates", "TableName"],
    ]
    await flight.settle(have.id, flight.want())


async def test_a_change_that_is_interrupted_after_each_call_ends_where_it_should(flight: Flight) -> None:
    everything = {path: each.first for path, each in SETTINGS.items() if path != "provisionedThroughput"}
    want = flight.want({**everything, "pointInTimeRecoveryEnabled": True, "sseEnabled": True})
    have = await flight.create(flight.want())
    end = time.monotonic() + PATIENCE
    while flight.paths(want, have := await flight.read(have.id)):
        for call in flight.example.type.update(have, want, frozenset())[:1]:
            await flight.provider.send(call)
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_create_of_a_name_that_is_taken_is_a_conflict(flight: Flight) -> None:
    want = flight.want()
    await flight.create(want)
    with pytest.raises(Conflict):
        await flight.provider.send(flight.example.type.create(flight.want({"rangeKey": DAY})))


async def test_a_protected_table_is_neither_deleted_nor_backed_up(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"deletionProtectionEnabled": True}))
    for calls in (flight.example.type.delete(have), flight.example.type.delete_but_snapshot(have)):
        with pytest.raises(Invalid, match="set deletionProtectionEnabled to false"):
            await flight.provider.send(calls[0])
    assert [each.type for each in aws.live_resources()] == ["table"]


async def test_the_last_backup_is_made_once_although_replies_are_lost(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(incarnation=2))
    aws.configure(transition_seconds=0.1)
    aws.inject("drop", "dynamodb:CreateBackup", count=1)
    aws.inject("drop", "dynamodb:TagResource", count=1)
    await delete_but_snapshot(flight, have)
    assert [(each.type, each.id, each.state) for each in aws.live_resources()] == [
        ("table-backup", f"{have.id}-2-1", "AVAILABLE")
    ]


async def test_what_a_deletion_that_was_called_off_saved_does_not_pass_for_the_last_backup(
    flight: Flight, aws: AwsServer
) -> None:
    """Between the two, people went on writing into the table."""
    want = flight.want()
    have = await flight.create(want)
    while not aws.journal("dynamodb:CreateBackup"):
        await send(flight, await flight.read(have.id))
    assert flight.paths(want, await flight.read(have.id)) == {"lastBackup"}
    await flight.settle(have.id, want)
    await delete_but_snapshot(flight, have)
    assert [each.id for each in aws.live_resources()] == [f"{have.id}-0-1", f"{have.id}-0-2"]


async def test_a_table_that_is_replaced_is_replaced_although_its_backup_is_being_made(flight: Flight) -> None:
    """The approval was for what changes; a difference more would ask for another."""
    want: Want[TableSpec] = flight.want({"rangeKey": DAY})
    have = await flight.create(flight.want())
    await send(flight, have)
    assert flight.paths(want, await flight.read(have.id)) == {"rangeKey"}
    assert flight.paths(replace(want, spec=flight.want().spec), await flight.read(have.id)) == {"lastBackup"}


async def delete_but_snapshot(flight: Flight, have: Reading) -> None:
    """Do what passes do until it is gone."""
    end = time.monotonic() + PATIENCE
    while (now := await flight.look(have.id)) is not None:
        assert time.monotonic() < end
        if now.health.state is not HealthState.DELETING:
            await send(flight, now)
        await asyncio.sleep(0.01)


async def send(flight: Flight, have: Reading) -> None:
    """Send what a deletion with a backup can send now."""
    try:
        for call in flight.example.type.delete_but_snapshot(have):
            await flight.provider.send(call)
    except (NotYet, OutcomeUnknown):
        pass
