"""Target groups: targets that come and go while somebody else, or nobody, puts them there."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.errors import Conflict
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.target_group import EXAMPLE, targets
from tests.contract.aws.flight import Flight, applied


@pytest.fixture
def example() -> Example:
    return EXAMPLE


async def test_what_a_group_registers_is_left_alone_while_no_targets_are_asked_for(flight: Flight) -> None:
    want = flight.want()
    have = await flight.create(want)
    await flight.meddle(targets("RegisterTargets", "$web-a"), have, want)
    assert flight.paths(want, await flight.read(have.id), applied(want)) == set()
    assert flight.paths(flight.want({"targets": []}), await flight.read(have.id)) == {"targets"}


async def test_one_that_drains_is_not_a_target_any_more(flight: Flight, aws: AwsServer) -> None:
    first, none = flight.want({"targets": [{"instance": {"id": "$web-a"}}]}), flight.want({"targets": []})
    have = await flight.create(first)
    aws.configure(transition_seconds=60.0)
    await flight.settle(have.id, none, applied(first))
    assert len(aws.journal("elbv2:DeregisterTargets")) == 1


async def test_the_name_of_one_with_other_settings_is_a_conflict(flight: Flight) -> None:
    have = await flight.create(flight.want())
    with pytest.raises(Conflict, match="DuplicateTargetGroupName"):
        await flight.provider.send(flight.example.type.create(flight.want({"port": 81})))
    assert await flight.read(have.id) == have
