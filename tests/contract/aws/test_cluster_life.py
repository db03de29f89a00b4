"""Clusters: instances made and removed one by one, interrupted anywhere, and kept where the deletion is refused."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.aws.types.database import Database
from pilothouse.dataplane.errors import Conflict, Invalid
from pilothouse.dataplane.types import HealthState, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.database_cluster import EXAMPLE
from tests.contract.aws.flight import OWNER, Flight


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def members(aws: AwsServer) -> list[str]:
    """The instances that live."""
    return [each.id for each in aws.live_resources() if each.type == "database"]


async def test_instances_are_made_after_the_cluster_each_once(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"instances": 3}))
    assert members(aws) == [f"{have.id}-{number}" for number in (1, 2, 3)]
    assert len(aws.journal("rds:CreateDBInstance")) == 3


async def test_a_process_that_dies_between_two_instances_makes_no_more_than_were_wanted(
    flight: Flight, aws: AwsServer
) -> None:
    want = flight.want({"instances": 3})
    have = await flight.create(flight.want({"instances": 0}))
    for _ in range(3):
        first = flight.example.type.update(await flight.read(have.id), want, frozenset())[0]
        await flight.provider.send(first)
        with pytest.raises(Conflict):
            await flight.provider.send(first)
    await flight.settle(have.id, want)
    assert len(members(aws)) == 3


async def test_a_reader_goes_before_the_writer(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"instances": 3}))
    aws.client("rds").failover_db_cluster(DBClusterIdentifier=have.id, TargetDBInstanceIdentifier=f"{have.id}-3")
    await flight.settle(have.id, flight.want({"instances": 1}))
    assert members(aws) == [f"{have.id}-3"]


async def test_an_instance_that_somebody_removed_is_made_again(flight: Flight, aws: AwsServer) -> None:
    want = flight.want({"instances": 2})
    have = await flight.create(want)
    aws.client("rds").delete_db_instance(DBInstanceIdentifier=f"{have.id}-1")
    assert flight.paths(want, await flight.read(have.id)) == {"instances"}
    await flight.settle(have.id, want)
    assert len(members(aws)) == 2


async def test_an_instance_that_somebody_added_is_removed(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.client("rds").create_db_instance(
        DBInstanceIdentifier="theirs",
        DBClusterIdentifier=have.id,
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
    )
    await flight.settle(have.id, flight.want())
    assert members(aws) == [f"{have.id}-1"]


async def test_instances_are_no_databases_of_their_own(flight: Flight) -> None:
    await flight.create(flight.want())
    kind = Database()
    lines = [
        line async for page in flight.provider.pages(kind.listing(OWNER.control_plane)) for line in kind.listed(page)
    ]
    assert lines == []


async def test_a_protected_one_loses_no_instance(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"deletionProtection": True}))
    for calls in (flight.example.type.delete(have), flight.example.type.delete_but_snapshot(have)):
        with pytest.raises(Invalid, match="set deletionProtection to false"):
            await flight.provider.send(calls[0])
    assert members(aws) == [f"{have.id}-1"]


async def test_a_deletion_is_finished_after_a_crash_behind_any_call(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"instances": 2}))
    aws.configure(transition_seconds=0.5)
    seen: Reading | None = have
    while seen is not None and (calls := flight.example.type.delete_but_snapshot(seen)):
        await flight.provider.send(calls[0])
        seen = await flight.look(have.id)
    assert seen is not None
    assert seen.health.state is HealthState.DELETING
    await flight.until(have.id, lambda reading: reading is None)
    assert {each.type for each in aws.live_resources()} == {"database-cluster-snapshot"}


async def test_a_version_waits_for_the_window(flight: Flight) -> None:
    have = await flight.create(flight.want({"engineVersion": "16.3"}))
    want = flight.want({"engineVersion": "16.4", "applyImmediately": False})
    await flight.update(have, want, frozenset())
    waiting = await flight.read(have.id)
    assert flight.paths(want, waiting) == set()
    assert "engineVersion: RDS applies this in the maintenance window" in waiting.health.message
    now = flight.want({"engineVersion": "16.4"})
    assert flight.paths(now, waiting) == {"engineVersion"}
    await flight.settle(have.id, now)


async def test_a_class_waits_for_the_window_of_each_instance(flight: Flight) -> None:
    have = await flight.create(flight.want({"instances": 2}))
    later = flight.want({"instances": 2, "dbInstanceClass": "db.r8g.large", "applyImmediately": False})
    await flight.update(have, later, frozenset())
    waiting = await flight.read(have.id)
    assert flight.paths(later, waiting) == set()
    assert f"its instance {have.id}-1 dbInstanceClass: RDS applies this" in waiting.health.message
    await flight.settle(have.id, flight.want({"instances": 2, "dbInstanceClass": "db.r8g.large"}))


async def test_one_that_somebody_stopped_is_started(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.client("rds").stop_db_cluster(DBClusterIdentifier=have.id)
    assert flight.paths(flight.want(), await flight.read(have.id)) == {"status"}
    await flight.settle(have.id, flight.want())


async def test_how_changes_are_made_is_no_change(flight: Flight) -> None:
    """RDS keeps nothing of it, so a difference could never be mended."""
    have = await flight.create(flight.want())
    others = {"applyImmediately": False, "allowMajorVersionUpgrade": True, "generatePassword": False}
    assert flight.paths(flight.want(others), have) == set()
