"""Databases: what waits for the maintenance window, passwords that cannot be read back, and last snapshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilothouse.dataplane.errors import Conflict, Invalid, NotYet
from pilothouse.dataplane.types import HealthState, Reading, Sensitive, Want
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.database import EXAMPLE
from tests.contract.aws.flight import Flight

LATER = {"applyImmediately": False}
OTHERS = Sensitive("of-another-installation")


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def snapshots(aws: AwsServer) -> list[str]:
    """The snapshots that people, or deletions, had taken."""
    return [each.id for each in aws.live_resources() if each.type == "database-snapshot"]


def class_of(reading: Reading) -> str:
    return str(getattr(reading.spec, "db_instance_class", ""))


def theirs(want: Want[Any]) -> Want[Any]:
    """The same as another installation wants it."""
    return replace(want, password=OTHERS)


async def test_what_waits_for_the_window_is_neither_drift_nor_done(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    want = flight.want({**LATER, "dbInstanceClass": "db.m7g.large"})
    await flight.update(have, want, frozenset())
    waiting = await flight.read(have.id)
    assert class_of(waiting) == "db.t4g.micro"
    assert flight.paths(want, waiting) == set()
    assert flight.example.type.update(waiting, want, frozenset()) == ()
    assert waiting.health.state is HealthState.PROGRESSING
    assert "dbInstanceClass: RDS applies this in the maintenance window" in waiting.health.message
    aws.configure(window_seconds=0.05)
    await flight.settle(have.id, flight.want({**LATER, "dbInstanceClass": "db.m7g.xlarge"}))


async def test_what_waits_is_made_at_once_when_somebody_asks_for_that(flight: Flight) -> None:
    have = await flight.create(flight.want())
    await flight.update(have, flight.want({**LATER, "multiAZ": True}), frozenset())
    now = flight.want({"multiAZ": True})
    assert flight.paths(now, await flight.read(have.id)) == {"multiAZ"}
    await flight.settle(have.id, now)


async def test_what_waits_and_is_not_wanted_any_more_is_called_off(flight: Flight) -> None:
    have = await flight.create(flight.want())
    await flight.update(have, flight.want({**LATER, "multiAZ": True}), frozenset())
    assert flight.paths(flight.want(LATER), await flight.read(have.id)) == {"multiAZ"}
    await flight.settle(have.id, flight.want(LATER))


async def test_a_major_version_is_raised_only_when_that_is_allowed(flight: Flight) -> None:
    have = await flight.create(flight.want({"engineVersion": "16.3"}))
    with pytest.raises(Invalid, match="set allowMajorVersionUpgrade to true"):
        await flight.update(have, flight.want({"engineVersion": "17"}), frozenset())
    await flight.settle(have.id, flight.want({"engineVersion": "17", "allowMajorVersionUpgrade": True}))


async def test_one_that_somebody_stopped_is_started(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.client("rds").stop_db_instance(DBInstanceIdentifier=have.id)
    assert flight.paths(flight.want(), await flight.read(have.id)) == {"status"}
    await flight.settle(have.id, flight.want())


async def test_a_password_of_another_installation_is_set_anew(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(theirs(flight.want()))
    want = flight.want()
    assert flight.paths(want, have) == {"masterUserPassword"}
    await flight.settle(have.id, want)
    (sent,) = (entry.parameters for entry in aws.journal("rds:ModifyDBInstance"))
    assert sent["MasterUserPassword"] == want.password


async def test_a_password_is_set_again_when_nobody_knows_whether_it_was(flight: Flight, aws: AwsServer) -> None:
    """The process died after the password was set and before its digest was written."""
    have, want = await flight.create(theirs(flight.want())), flight.want()
    modify, tag = flight.example.type.update(have, want, frozenset())
    assert tag.operation == "AddTagsToResource"
    await flight.provider.send(modify)
    assert flight.paths(want, await flight.read(have.id)) == {"masterUserPassword"}
    await flight.settle(have.id, want)
    passwords = {entry.parameters["MasterUserPassword"] for entry in aws.journal("rds:ModifyDBInstance")}
    assert passwords == {str(want.password)}


async def test_one_that_is_adopted_keeps_its_password_when_asked_to(flight: Flight, aws: AwsServer) -> None:
    aws.client("rds").create_db_instance(
        DBInstanceIdentifier="theirs",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="orders",
        MasterUserPassword="their-own",
        StorageEncrypted=True,
        PubliclyAccessible=False,
    )
    have = await flight.until("theirs", lambda seen: seen is not None and seen.health.state is HealthState.READY)
    assert have is not None
    assert flight.paths(flight.want(), have) == {"masterUserPassword"}
    assert flight.paths(flight.want({"generatePassword": False}), have) == set()


async def test_a_protected_one_stays_and_the_message_names_the_mend(flight: Flight) -> None:
    have = await flight.create(flight.want({"deletionProtection": True}))
    with pytest.raises(Invalid, match="set deletionProtection to false"):
        await flight.delete(have)
    assert await flight.look(have.id) == have


async def test_one_that_is_deleted_leaves_a_last_snapshot_however_often_that_is_asked(
    flight: Flight, aws: AwsServer
) -> None:
    have = await flight.create(flight.want())
    aws.configure(transition_seconds=1.0)
    (call,) = flight.example.type.delete_but_snapshot(have)
    await flight.provider.send(call)
    with pytest.raises(NotYet):
        await flight.provider.send(call)
    going = await flight.read(have.id)
    assert flight.example.type.delete_but_snapshot(going) == ()
    await flight.until(have.id, lambda seen: seen is None)
    assert len(snapshots(aws)) == 1


async def test_the_next_of_the_same_name_leaves_a_snapshot_of_its_own(flight: Flight, aws: AwsServer) -> None:
    for _ in range(2):
        have = await flight.create(flight.want())
        (call,) = flight.example.type.delete_but_snapshot(have)
        await flight.provider.send(call)
        await flight.until(have.id, lambda seen: seen is None)
    assert len(snapshots(aws)) == 2


async def test_a_snapshot_that_has_the_name_keeps_the_database(flight: Flight, aws: AwsServer) -> None:
    """It may be of long ago: what it is taken for would be lost."""
    have = await flight.create(flight.want())
    (call,) = flight.example.type.delete_but_snapshot(have)
    name = call.parameters["FinalDBSnapshotIdentifier"]
    aws.client("rds").create_db_snapshot(DBInstanceIdentifier=have.id, DBSnapshotIdentifier=name)
    with pytest.raises(Conflict, match="remove that snapshot"):
        await flight.provider.send(call)
    assert await flight.look(have.id) == have


async def test_one_that_is_being_changed_is_snapshotted_when_that_is_done(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.configure(transition_seconds=1.0)
    await flight.update(have, flight.want({"multiAZ": True}), frozenset())
    assert flight.example.type.delete_but_snapshot(await flight.read(have.id)) == ()


async def test_its_password_is_told_to_nobody_but_rds(flight: Flight) -> None:
    want = flight.want()
    have = await flight.create(want)
    assert str(want.password) not in repr(have)
    assert flight.example.type.secrets(want) == {"password": want.password}


async def test_how_changes_are_made_is_no_change(flight: Flight) -> None:
    """RDS keeps nothing of it, so a difference could never be mended."""
    have = await flight.create(flight.want())
    others = {"applyImmediately": False, "allowMajorVersionUpgrade": True, "generatePassword": False}
    assert flight.paths(flight.want(others), have) == set()
