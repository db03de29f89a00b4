"""Volumes: plugged in and out, changed while EC2 rests, and deleted with a snapshot or without."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from pilothouse.dataplane.errors import Invalid, NotFound, NotNow, NotYet, OutcomeUnknown
from pilothouse.dataplane.types import Call, HealthState, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.volume import EXAMPLE
from tests.contract.aws.flight import Flight, applied

AT_A = {"attachment": {"instance": {"id": "$web-a"}, "device": "/dev/sdf"}}
AT_B = {"attachment": {"instance": {"id": "$web-b"}, "device": "/dev/sdf"}}


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def changes(aws: AwsServer) -> list[str]:
    """What changed volumes or snapshots, in order."""
    return [each.operation for each in aws.journal("ec2:*") if "Volume" in each.operation or "Snap" in each.operation]


async def delete_with_snapshot(flight: Flight, identifier: str) -> None:
    """Send what a deletion sends, pass by pass, until the volume is gone; replies that are lost do not stop it."""
    for _ in range(300):
        have = await flight.look(identifier)
        if have is None:
            return
        with suppress(NotNow, NotFound, OutcomeUnknown):
            for call in flight.example.type.delete_but_snapshot(have):
                await flight.provider.send(call)
        await asyncio.sleep(0.01)
    raise AssertionError(f"{identifier} is still there")


async def test_it_is_moved_by_one_detachment_and_one_attachment(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(AT_A))
    aws.configure(transition_seconds=0.1)
    await flight.settle(have.id, flight.want(AT_B))
    assert changes(aws)[1:] == ["AttachVolume", "DetachVolume", "AttachVolume"]


async def test_it_waits_for_an_instance_that_is_not_running_yet(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    want = flight.want(AT_A)
    aws.configure(transition_seconds=0.3)
    aws.client("ec2").stop_instances(InstanceIds=[flight.stage["$web-a"]])
    (attach,) = flight.example.type.update(have, want, frozenset())
    with pytest.raises(NotYet, match="IncorrectState"):
        await flight.provider.send(attach)
    assert (await flight.settle(have.id, want)).health.state is HealthState.READY


async def test_one_that_lost_its_instance_is_attached_to_the_next(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(AT_A))
    aws.client("ec2").terminate_instances(InstanceIds=[flight.stage["$web-a"]])
    await flight.until(have.id, lambda seen: "attachment" in flight.paths(flight.want(AT_A), read(seen)))
    await flight.settle(have.id, flight.want(AT_B))


def read(seen: Reading | None) -> Reading:
    assert seen is not None
    return seen


async def test_several_changes_are_one_modification_and_the_next_waits_for_its_end(
    flight: Flight, aws: AwsServer
) -> None:
    have = await flight.create(flight.want())
    await flight.settle(have.id, flight.want({"size": 20, "volumeType": "gp3", "iops": 4_000, "throughput": 300}))
    assert changes(aws).count("ModifyVolume") == 1
    aws.configure(volume_rest_seconds=0.5)
    await flight.settle(have.id, flight.want({"size": 30, "volumeType": "gp3"}))
    refused = [entry.error for entry in aws.journal("ec2:ModifyVolume", outcome="refused")]
    assert set(refused) <= {"VolumeModificationRateExceeded"}, "one that is under way is seen, and nothing is sent"


async def test_the_rest_after_a_modification_is_something_to_wait_for(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.configure(volume_rest_seconds=60.0, transition_seconds=0.5)
    want = flight.want({"size": 30})
    await flight.settle(have.id, flight.want({"size": 20}))
    assert flight.example.type.update(await flight.read(have.id), want, frozenset()) == (), "it is still optimizing"
    aws.finish_transitions()
    (modify,) = flight.example.type.update(await flight.read(have.id), want, frozenset())
    with pytest.raises(NotYet, match=r"VolumeModificationRateExceeded.*6 hours"):
        await flight.provider.send(modify)


async def test_a_smaller_size_is_refused_with_ec2s_reason(flight: Flight) -> None:
    have = await flight.create(flight.want({"size": 20}))
    (call,) = flight.example.type.update(have, flight.want(), frozenset())
    with pytest.raises(Invalid, match="New size cannot be smaller"):
        await flight.provider.send(call)


async def test_an_attached_one_is_detached_and_then_deleted(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(AT_A))
    kind = flight.example.type
    assert [call.operation for call in kind.delete(have)] == ["DetachVolume"]
    await flight.provider.send(kind.delete(have)[0])
    assert kind.delete(await flight.read(have.id)) == ()
    free = await flight.until(have.id, lambda seen: bool(kind.delete(read(seen))))
    await flight.delete(read(free))
    assert changes(aws)[-2:] == ["DetachVolume", "DeleteVolume"]


@pytest.mark.parametrize("lost", ["", "DetachVolume", "CreateSnapshot", "DeleteVolume"])
async def test_one_snapshot_is_kept_whatever_reply_is_lost(flight: Flight, aws: AwsServer, lost: str) -> None:
    have = await flight.create(flight.want({**AT_A, "tags": {"team": "orders"}}))
    if lost:
        aws.inject("drop", f"ec2:{lost}", count=1)
    await delete_with_snapshot(flight, have.id)
    (kept,) = aws.client("ec2").describe_snapshots(Filters=[{"Name": "volume-id", "Values": [have.id]}])["Snapshots"]
    assert kept["State"] == "completed"
    tags = {tag["Key"]: tag["Value"] for tag in kept["Tags"]}
    assert (tags["team"], tags["pilothouse.dev/resource"]) == ("orders", "orders")


async def test_nothing_is_deleted_before_the_snapshot_is_complete(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.configure(transition_seconds=60.0)
    (take,) = flight.example.type.delete_but_snapshot(have)
    await flight.provider.send(take)
    assert flight.example.type.delete_but_snapshot(await flight.read(have.id)) == ()
    aws.finish_transitions()
    (last,) = flight.example.type.delete_but_snapshot(await flight.read(have.id))
    assert last.operation == "DeleteVolume"


async def test_the_snapshot_of_a_deletion_that_was_called_off_does_not_serve_a_later_one(
    flight: Flight, aws: AwsServer
) -> None:
    """Between the two the volume may have been written to for months."""
    want = flight.want()
    have = await flight.create(want)
    (take,) = flight.example.type.delete_but_snapshot(have)
    await flight.provider.send(take)
    seen = await flight.read(have.id)
    assert flight.paths(want, seen) == {"lastSnapshot"}
    await flight.settle(have.id, want, applied(want))
    await delete_with_snapshot(flight, have.id)
    assert changes(aws).count("CreateSnapshot") == 2


async def test_one_that_somebody_else_attached_is_left_there(flight: Flight, aws: AwsServer) -> None:
    """A driver in a cluster attaches volumes as it needs them."""
    have = await flight.create(flight.want())
    attach = {"VolumeId": "$id", "InstanceId": "$web-a", "Device": "/dev/sdf"}
    await flight.meddle((Call("ec2", "AttachVolume", attach),), have, flight.want())
    await flight.settle(have.id, flight.want(), applied(flight.want()))
    assert changes(aws)[-1] == "AttachVolume"
