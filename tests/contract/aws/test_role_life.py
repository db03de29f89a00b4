"""Roles: changes of several calls interrupted anywhere, instance profiles, and Cells of other regions."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from pilothouse.dataplane.errors import NotFound, NotYet
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.conftest import Connect
from tests.contract.aws.example import Example
from tests.contract.aws.examples.role import EXAMPLE, SETTINGS
from tests.contract.aws.flight import Flight, applied

EVERYTHING: dict[str, Any] = {
    path: SETTINGS[path].first
    for path in ("description", "permissionsBoundary", "managedPolicyARNs", "inlinePolicies", "instanceProfile")
}


@pytest.fixture
def example() -> Example:
    return EXAMPLE


async def _end_after(flight: Flight, calls: tuple[Call, ...], number: int) -> None:
    for call in calls[:number]:
        with suppress(NotFound):
            await flight.provider.send(call)


async def test_a_change_interrupted_after_any_call_is_finished(flight: Flight) -> None:
    bare, whole = flight.want(), flight.want(EVERYTHING)
    have = await flight.create(bare)
    for there, back in ((whole, bare), (bare, whole)):
        start = await flight.settle(have.id, back, applied(whole))
        for number in range(len(flight.example.type.update(start, there, applied(whole)))):
            start = await flight.settle(have.id, back, applied(whole))
            await _end_after(flight, flight.example.type.update(start, there, applied(whole)), number)
            assert (await flight.settle(have.id, there, applied(whole))).mark == bare.mark


async def test_a_delete_interrupted_after_any_call_is_finished(flight: Flight, aws: AwsServer) -> None:
    want, number, calls = flight.want(EVERYTHING), 0, 1
    while number < calls:
        have = await flight.create(want)
        calls = len(flight.example.type.delete(have))
        await _end_after(flight, flight.example.type.delete(have), number)
        await flight.delete(await flight.read(have.id))
        assert [each.id for each in aws.live_resources()] == []
        number += 1


async def test_what_an_instance_is_launched_with_may_be_too_new(flight: Flight, aws: AwsServer) -> None:
    """IAM has made the profile, EC2 has not heard of it: that is no mistake of a person."""
    launch = {"ImageId": "ami-12345678", "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1}
    call = Call("ec2", "RunInstances", {**launch, "IamInstanceProfile": {"Name": flight.want().name}})
    with pytest.raises(NotYet, match="Invalid IAM Instance Profile name"):
        await flight.provider.send(call)
    have = await flight.create(flight.want({"instanceProfile": True}))
    named = {"IamInstanceProfile": {"Name": have.outputs["instanceProfileName"]}}
    await flight.provider.send(Call("ec2", "RunInstances", {**launch, **named}))
    assert len([each for each in aws.live_resources() if each.type == "instance"]) == 1


async def test_a_profile_that_others_put_the_role_into_is_theirs_to_take_it_out_of(
    flight: Flight, aws: AwsServer
) -> None:
    have = await flight.create(flight.want(EVERYTHING))
    assert callable(flight.example.in_use)
    flight.example.in_use(aws, have)
    with pytest.raises(NotYet, match="take it out of the instance profiles"):
        await flight.delete(await flight.read(have.id))
    aws.client("iam").remove_role_from_instance_profile(InstanceProfileName="theirs", RoleName=have.id)
    await flight.delete(await flight.read(have.id))


async def test_a_cell_of_another_region_lists_and_reads_the_same_role(flight: Flight, connect: Connect) -> None:
    have = await flight.create(flight.want())
    elsewhere = Flight(flight.example, connect(region="us-west-2"), flight.stage)
    assert [line.id for line in await elsewhere.list()] == [have.id]
    assert await elsewhere.read(have.id) == have


async def test_a_role_made_anew_by_somebody_else_is_not_ours(flight: Flight, aws: AwsServer) -> None:
    """Names can be used again at once: only the mark tells whose a role is."""
    have = await flight.create(flight.want())
    await flight.delete(have)
    trust = flight.example.type.create(flight.want()).parameters["AssumeRolePolicyDocument"]
    aws.client("iam").create_role(RoleName=have.id, AssumeRolePolicyDocument=trust)
    found = await flight.read(have.id)
    assert isinstance(found, Reading)
    assert (found.mark, [line.id for line in await flight.list()]) == (None, [])
