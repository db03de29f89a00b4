"""Instances: what runs, what was stopped by somebody else, and changes that need a stop, interrupted anywhere."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.errors import Denied, TokenMismatch, TokenSpent
from pilothouse.dataplane.types import Call, HealthState, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.instance import EXAMPLE
from tests.contract.aws.flight import Flight


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def operations(aws: AwsServer) -> list[str]:
    """What changed anything, in order."""
    return [entry.operation for entry in aws.journal("ec2:*")]


def state(reading: Reading | None) -> str:
    return str(getattr(reading and reading.spec, "state", ""))


async def test_one_that_somebody_stopped_is_seen_and_started(flight: Flight, aws: AwsServer) -> None:
    want = flight.want()
    have = await flight.create(want)
    await flight.meddle((Call("ec2", "StopInstances", {"InstanceIds": ["$id"]}),), have, want)
    stopped = await flight.until(have.id, lambda reading: state(reading) == "stopped")
    assert stopped is not None
    assert stopped.health.state is HealthState.PROGRESSING
    assert "the instance is stopped" in stopped.health.message
    assert flight.paths(want, stopped) == {"state"}
    await flight.settle(have.id, want)
    assert operations(aws)[-1] == "StartInstances"


async def test_one_that_somebody_terminated_is_going_and_then_gone(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.configure(transition_seconds=1.0)
    await flight.provider.send(Call("ec2", "TerminateInstances", {"InstanceIds": [have.id]}))
    going = await flight.read(have.id)
    assert going.health.state is HealthState.DELETING
    assert flight.example.type.delete(going) == ()
    assert flight.example.type.update(going, flight.want(), frozenset()) == ()
    await flight.until(have.id, lambda reading: reading is None)


async def test_a_new_type_takes_one_stop_one_change_and_one_start(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.configure(transition_seconds=0.1)
    await flight.settle(have.id, flight.want({"instanceType": "t3.large", "ebsOptimized": True}))
    changes = [name for name in operations(aws) if name != "RunInstances"]
    assert changes == ["StopInstances", "ModifyInstanceAttribute", "ModifyInstanceAttribute", "StartInstances"]


@pytest.mark.parametrize("after", ["StopInstances", "ModifyInstanceAttribute", "StartInstances"])
async def test_a_new_type_is_finished_after_a_crash_behind_any_step(flight: Flight, aws: AwsServer, after: str) -> None:
    """Nothing is remembered between calls: the reading alone says which step comes next."""
    have = await flight.create(flight.want())
    want = flight.want({"instanceType": "t3.large"})
    while after not in operations(aws):
        await flight.update(await flight.read(have.id), want, frozenset())
    reborn = Flight(flight.example, flight.provider, flight.stage)
    await reborn.settle(have.id, want)
    assert operations(aws).count("StopInstances") == operations(aws).count("StartInstances") == 1


async def test_a_protected_one_is_not_terminated_and_the_message_names_the_mend(flight: Flight) -> None:
    have = await flight.create(flight.want({"disableAPITermination": True}))
    with pytest.raises(Denied, match=r"OperationNotPermitted.*set disableAPITermination to false"):
        await flight.delete(have)
    assert await flight.look(have.id) == have


async def test_a_token_with_other_settings_proves_the_first_create(flight: Flight) -> None:
    have = await flight.create(flight.want())
    other = flight.want({"instanceType": "t3.large"})
    with pytest.raises(TokenMismatch):
        await flight.provider.send(flight.example.type.create(other))
    assert [reading.id for reading in await flight.find(other)] == [have.id]


async def test_the_token_of_one_that_was_terminated_is_spent(flight: Flight) -> None:
    want = flight.want()
    await flight.delete(await flight.create(want))
    with pytest.raises(TokenSpent):
        await flight.provider.send(flight.example.type.create(want))


async def test_it_is_found_by_its_token_when_its_mark_was_taken_away(flight: Flight) -> None:
    have = await flight.create(flight.want())
    tags = [{"Key": f"pilothouse.dev/{key}"} for key in ("control-plane", "owner", "resource")]
    await flight.provider.send(Call("ec2", "DeleteTags", {"Resources": [have.id], "Tags": tags}))
    assert [(found.id, found.mark) for found in await flight.find(flight.want())] == [(have.id, None)]


async def test_what_its_token_made_is_anothers_once_it_bears_another_name(flight: Flight) -> None:
    """Else nothing would ever be made for it: what has its token is in its way, and cannot be had."""
    have = await flight.create(flight.want())
    renamed = [{"Key": "pilothouse.dev/resource", "Value": "another"}]
    await flight.provider.send(Call("ec2", "CreateTags", {"Resources": [have.id], "Tags": renamed}))
    assert await flight.find(flight.want()) == ()


async def test_every_incarnation_that_still_lives_is_found(flight: Flight) -> None:
    first = await flight.create(flight.want())
    second = flight.want(incarnation=1)
    later = await flight.create(Flight(flight.example, flight.provider, flight.stage).want(incarnation=1))
    assert {reading.id for reading in await flight.find(second)} == {first.id, later.id}


async def test_the_console_shows_a_readable_name_unless_people_chose_one(flight: Flight, aws: AwsServer) -> None:
    named = await flight.create(flight.want())
    chosen = await flight.create(flight.want({"tags": {"Name": "mine"}}, resource="other"))
    shown = {
        instance["InstanceId"]: tag["Value"]
        for reservation in aws.client("ec2").describe_instances()["Reservations"]
        for instance in reservation["Instances"]
        for tag in instance["Tags"]
        if tag["Key"] == "Name"
    }
    assert shown[named.id].startswith("ph")
    assert "checkout-orders" in shown[named.id]
    assert shown[chosen.id] == "mine"
