"""Caches: tokens that are rotated before the old one goes, several changes one after the other, and last snapshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilothouse.dataplane.errors import Conflict
from pilothouse.dataplane.types import HealthState, Sensitive
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.cache import CLUSTERED, EXAMPLE, FAILOVER
from tests.contract.aws.flight import Flight

OTHERS = Sensitive("of-another-installation")


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def sent(aws: AwsServer) -> list[str]:
    """What changed the cache, in order, tags left out."""
    names = [entry.operation for entry in aws.journal("elasticache:*")]
    return [name for name in names if "Tags" not in name and not name.startswith("Create")]


def strategies(aws: AwsServer) -> list[Any]:
    """How tokens were set."""
    entries = aws.journal("elasticache:ModifyReplicationGroup")
    return [entry.parameters["AuthTokenUpdateStrategy"] for entry in entries]


async def test_a_token_of_another_installation_is_rotated_and_then_taken_no_more(
    flight: Flight, aws: AwsServer
) -> None:
    """Clients that still have the old one are served until the new one is there."""
    want = flight.want()
    have = await flight.create(replace(want, password=OTHERS))
    assert flight.paths(want, have) == {"authToken"}
    await flight.settle(have.id, want)
    assert strategies(aws) == ["ROTATE", "SET"]


@pytest.mark.parametrize("calls", [1, 2, 3])
async def test_a_rotation_is_finished_after_a_crash_behind_any_call(flight: Flight, aws: AwsServer, calls: int) -> None:
    want = flight.want()
    have = await flight.create(replace(want, password=OTHERS))
    for _ in range(calls):
        first, *_rest = flight.example.type.update(have, want, frozenset())
        await flight.provider.send(first)
        seen = await flight.until(have.id, lambda now: now is not None and now.health.state is HealthState.READY)
        assert seen is not None
        have = seen
    await flight.settle(have.id, want)
    tokens = {entry.parameters["AuthToken"] for entry in aws.journal("elasticache:ModifyReplicationGroup")}
    assert tokens == {str(want.password)}
    assert strategies(aws)[-1] == "SET"


async def test_one_without_a_token_gets_one_at_once(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"generateAuthToken": False}))
    assert flight.paths(flight.want({"generateAuthToken": False}), have) == set()
    await flight.settle(have.id, flight.want())
    assert strategies(aws) == ["SET"]


async def test_without_encrypted_transit_there_is_no_token(flight: Flight) -> None:
    want = flight.want({"transitEncryptionEnabled": False})
    await flight.create(want)
    assert flight.example.type.secrets(want) == {"password": ""}
    assert flight.example.type.secrets(flight.want()) == {"password": flight.want().password}


async def test_a_replica_comes_before_what_needs_it_and_goes_after(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    await flight.settle(have.id, flight.want({**FAILOVER, "multiAZEnabled": True}))
    await flight.settle(have.id, flight.want())
    once = list(dict.fromkeys(sent(aws)))
    assert once == ["IncreaseReplicaCount", "ModifyReplicationGroup", "DecreaseReplicaCount"]


async def test_node_groups_come_and_go(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want(CLUSTERED))
    await flight.settle(have.id, flight.want({**CLUSTERED, "numNodeGroups": 3, "replicasPerNodeGroup": 1}))
    after = await flight.settle(have.id, flight.want({**CLUSTERED, "replicasPerNodeGroup": 1}))
    assert after.outputs["address"].startswith("clustercfg.")
    removed = aws.journal("elasticache:ModifyReplicationGroupShardConfiguration")[-1].parameters["NodeGroupsToRemove"]
    assert removed == ["0002", "0003"]


async def test_what_waits_for_the_window_is_neither_drift_nor_done(flight: Flight) -> None:
    have = await flight.create(flight.want())
    want = flight.want({"cacheNodeType": "cache.m7g.large", "applyImmediately": False})
    await flight.update(have, want, frozenset())
    waiting = await flight.read(have.id)
    assert flight.paths(want, waiting) == set()
    assert waiting.health.state is HealthState.PROGRESSING
    assert "cacheNodeType: ElastiCache applies this in the maintenance window" in waiting.health.message
    now = flight.want({"cacheNodeType": "cache.m7g.large"})
    assert flight.paths(now, waiting) == {"cacheNodeType"}
    await flight.settle(have.id, now)


async def test_one_that_is_deleted_leaves_a_last_snapshot(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    (call,) = flight.example.type.delete_but_snapshot(have)
    aws.configure(transition_seconds=60.0)
    await flight.provider.send(call)
    assert flight.example.type.delete_but_snapshot(await flight.read(have.id)) == ()
    aws.finish_transitions()
    await flight.until(have.id, lambda seen: seen is None)
    assert [each.type for each in aws.live_resources()] == ["cache-snapshot"]


async def test_a_snapshot_that_has_the_name_keeps_the_cache(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    (call,) = flight.example.type.delete_but_snapshot(have)
    name = call.parameters["FinalSnapshotIdentifier"]
    aws.client("elasticache").create_snapshot(ReplicationGroupId=have.id, SnapshotName=name)
    with pytest.raises(Conflict, match="remove that snapshot"):
        await flight.provider.send(call)
    assert await flight.look(have.id) == have


async def test_how_changes_are_made_is_no_change(flight: Flight) -> None:
    """ElastiCache keeps nothing of it, so a difference could never be mended."""
    have = await flight.create(flight.want())
    others = {"applyImmediately": False, "generateAuthToken": False}
    assert flight.paths(flight.want(others), have) == set()
