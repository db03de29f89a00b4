"""Auto Scaling groups: instances that are replaced, or cannot be, and that go with their group."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.errors import Conflict
from pilothouse.dataplane.types import HealthState
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.auto_scaling_group import EXAMPLE, SECOND, TEMPLATE
from tests.contract.aws.flight import Flight, applied

FIRST = {"launchTemplate": {**TEMPLATE, "version": {"id": "1"}}, "minSize": 2}
REPLACED = {"instanceRefresh": {"preferences": {"minHealthyPercentage": 50}}}


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def instances(aws: AwsServer) -> int:
    """How many instances live."""
    return sum(each.type == "instance" for each in aws.live_resources())


async def test_a_new_version_replaces_the_instances_once(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({**FIRST, **REPLACED}))
    await flight.settle(have.id, flight.want({**FIRST, **REPLACED, "launchTemplate": SECOND}))
    assert [entry.operation for entry in aws.journal("autoscaling:*")] == [
        "CreateAutoScalingGroup",
        "StartInstanceRefresh",
    ]


async def test_without_that_option_a_new_version_is_for_new_instances_only(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(FIRST))
    await flight.settle(have.id, flight.want({**FIRST, "launchTemplate": SECOND}))
    assert aws.journal("autoscaling:StartInstanceRefresh") == []


async def test_a_replacement_that_somebody_cancelled_is_told_and_not_fought(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({**FIRST, **REPLACED}))
    want = flight.want({**FIRST, **REPLACED, "launchTemplate": SECOND})
    aws.configure(transition_seconds=60.0)
    await flight.update(have, want, applied(want))
    going = await flight.read(have.id)
    assert going.health.state is HealthState.PROGRESSING
    assert flight.example.type.update(going, want, applied(want)) == ()
    aws.client("autoscaling").cancel_instance_refresh(AutoScalingGroupName=have.id)
    ended = await flight.read(have.id)
    assert ended.health.state is HealthState.FAILED
    assert "Cancelled due to user request" in ended.health.message
    assert flight.example.type.update(ended, want, applied(want)) == ()
    assert flight.paths(want, ended) == {"launchTemplate"}, "it is still not what is wanted"


async def test_its_instances_go_with_it_and_it_is_shown_until_they_are_gone(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(FIRST))
    assert instances(aws) == 2
    aws.configure(transition_seconds=60.0)
    for call in flight.example.type.delete(have):
        await flight.provider.send(call)
    going = await flight.read(have.id)
    assert going.health.state is HealthState.DELETING
    assert flight.example.type.delete(going) == ()
    aws.finish_transitions()
    assert await flight.look(have.id) is None
    assert instances(aws) == 0


async def test_a_size_that_somebody_scaled_to_is_left_unless_one_is_asked_for(flight: Flight, aws: AwsServer) -> None:
    want = flight.want()
    have = await flight.create(want)
    aws.client("autoscaling").set_desired_capacity(AutoScalingGroupName=have.id, DesiredCapacity=3)
    scaled = await flight.read(have.id)
    assert flight.paths(want, scaled, applied(want)) == set()
    assert flight.paths(flight.want({"desiredCapacity": 1}), scaled) == {"desiredCapacity"}


async def test_instances_never_bear_the_mark(flight: Flight, aws: AwsServer) -> None:
    """They would be taken for instances of ours that nobody wants any more."""
    await flight.create(flight.want({**FIRST, "tags": {"team": "orders"}, "propagateAtLaunch": True}))
    tags = [each.tags for each in aws.live_resources() if each.type == "instance"]
    assert [each.get("team") for each in tags] == ["orders", "orders"]
    assert not any(key.startswith("pilothouse.dev/") for each in tags for key in each)


async def test_a_name_that_is_taken_is_a_conflict_and_makes_no_instance(flight: Flight, aws: AwsServer) -> None:
    await flight.create(flight.want(FIRST))
    with pytest.raises(Conflict, match="AlreadyExists"):
        await flight.send_create(flight.want({**FIRST, "maxSize": 9}))
    assert instances(aws) == 2
