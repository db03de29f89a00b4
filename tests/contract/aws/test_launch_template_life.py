"""Launch templates: each change is one version more, whatever reply is lost."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.errors import OutcomeUnknown
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.launch_template import EXAMPLE, version
from tests.contract.aws.flight import Flight, applied


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def versions(aws: AwsServer, identifier: str) -> list[tuple[int, bool, dict[str, object]]]:
    """All versions: number, whether it is the default, and what it holds."""
    found = aws.client("ec2").describe_launch_template_versions(LaunchTemplateId=identifier)["LaunchTemplateVersions"]
    return [(each["VersionNumber"], each["DefaultVersion"], dict(each["LaunchTemplateData"])) for each in found]


async def test_a_change_makes_a_new_default_version_and_keeps_the_old_one(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"instanceType": "t3.small"}))
    after = await flight.settle(have.id, flight.want({"instanceType": "t3.large"}))
    assert [(number, default) for number, default, _ in versions(aws, have.id)] == [(1, False), (2, True)]
    assert (after.outputs["defaultVersion"], after.outputs["latestVersion"]) == ("2", "2")


@pytest.mark.parametrize("lost", ["CreateLaunchTemplateVersion", "ModifyLaunchTemplate"])
async def test_a_lost_reply_makes_no_version_more(flight: Flight, aws: AwsServer, lost: str) -> None:
    have = await flight.create(flight.want())
    want = flight.want({"instanceType": "t3.large"})
    aws.inject("drop", f"ec2:{lost}", count=1)
    for call in flight.example.type.update(have, want, frozenset()):
        if call.operation == lost:
            with pytest.raises(OutcomeUnknown):
                await flight.provider.send(call)
            await flight.provider.send(call)
    if lost == "ModifyLaunchTemplate":
        with pytest.raises(OutcomeUnknown):
            await flight.settle(have.id, want)
    await flight.settle(have.id, want)
    assert len(versions(aws, have.id)) == 2


async def test_tags_make_no_version(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    await flight.settle(have.id, flight.want({"tags": {"team": "orders"}}))
    assert len(versions(aws, have.id)) == 1


async def test_what_somebody_else_put_into_the_default_version_is_taken_out(flight: Flight, aws: AwsServer) -> None:
    want = flight.want()
    have = await flight.create(want)
    await flight.meddle(version(KeyName="theirs"), have, want)
    assert flight.paths(want, await flight.read(have.id), applied(want)) == {"keyName"}
    await flight.settle(have.id, want, applied(want))
    assert versions(aws, have.id)[-1] == (3, True, {"ImageId": "ami-12345678"})


async def test_a_default_that_somebody_moved_back_is_replaced_by_the_newest(flight: Flight, aws: AwsServer) -> None:
    """What is wanted is there already: it need not be made again."""
    have = await flight.create(flight.want())
    want = flight.want({"instanceType": "t3.large"})
    await flight.settle(have.id, want)
    aws.client("ec2").modify_launch_template(LaunchTemplateId=have.id, DefaultVersion="1")
    await flight.settle(have.id, want)
    assert [(number, default) for number, default, _ in versions(aws, have.id)] == [(1, False), (2, True)]


async def test_user_data_that_we_never_set_goes_on_into_later_versions(flight: Flight, aws: AwsServer) -> None:
    """Whoever takes a template over is not shown it, and must not lose it by a change of something else."""
    have = await flight.create(flight.want({"userData": "#!/bin/sh"}))
    await flight.settle(have.id, flight.want({"instanceType": "t3.large"}))
    assert "UserData" in versions(aws, have.id)[-1][2]
    assert "#!/bin/sh" not in repr(await flight.read(have.id))
