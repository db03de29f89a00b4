"""Load balancers: their coming, their listeners, their protection, and what keeps their target groups."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.errors import Denied
from pilothouse.dataplane.types import HealthState
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.load_balancer import EXAMPLE, NOT_FOUND, PLAIN, SECURE
from tests.contract.aws.flight import Flight, applied

TWO = {"listeners": [PLAIN, {**SECURE, "defaultAction": {"targetGroup": {"id": "$web"}}}]}


@pytest.fixture
def example() -> Example:
    return EXAMPLE


async def test_it_is_not_ready_while_it_is_provisioned(flight: Flight, aws: AwsServer) -> None:
    aws.configure(transition_seconds=60.0)
    kind, want = flight.example.type, flight.want()
    identifier = kind.created(await flight.provider.send(kind.create(want)))
    assert (await flight.read(identifier)).health.state is HealthState.PROGRESSING
    aws.finish_transitions()
    assert (await flight.read(identifier)).health.state is HealthState.READY


async def test_a_protected_one_is_not_deleted_and_the_message_names_the_mend(flight: Flight) -> None:
    have = await flight.create(flight.want({"deletionProtectionEnabled": True}))
    with pytest.raises(Denied, match=r"OperationNotPermitted.*deletionProtectionEnabled"):
        await flight.delete(have)
    assert await flight.look(have.id) == have


@pytest.mark.parametrize("lost", ["CreateListener", "ModifyListener", "DeleteListener"])
async def test_listeners_are_made_once_whatever_reply_is_lost(flight: Flight, aws: AwsServer, lost: str) -> None:
    first = flight.want({"listeners": [{**PLAIN, "defaultAction": NOT_FOUND}, {**PLAIN, "port": 81}]})
    have = await flight.create(first)
    aws.inject("error", f"elbv2:{lost}", count=1, executed=True)
    want = flight.want(TWO)
    with pytest.raises(Exception, match="InternalFailure"):
        await flight.update(have, want, applied(first))
    await flight.settle(have.id, want, applied(first))
    heard = aws.client("elbv2").describe_listeners(LoadBalancerArn=have.id)["Listeners"]
    assert sorted(each["Port"] for each in heard) == [80, 443]
    assert len(aws.journal(f"elbv2:{lost}")) == {"CreateListener": 3, "ModifyListener": 1, "DeleteListener": 1}[lost]


async def test_a_balancer_goes_with_its_listeners_and_frees_its_target_groups(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(TWO))
    await flight.delete(have)
    aws.client("elbv2").delete_target_group(TargetGroupArn=flight.stage["$web"])
