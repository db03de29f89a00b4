"""DynamoDB: time to live, tags and backups of a table, each in its own time."""

from __future__ import annotations

from typing import Any

from tests.aws.departures import Proceed, departure
from tests.aws.departures.tables import backend, invalid, rest, status
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World

LARGEST_PAGE = 100


@departure("dynamodb", "UpdateTimeToLive")
def time_to_live_takes_its_time(call: Call, world: World, _proceed: Proceed) -> object:
    """It is ENABLING or DISABLING for up to an hour, in which it takes no change; nor does it take one of no effect.

    moto changes it at once, and its attribute too.
    """
    table, asked = rest(call), call.parameters["TimeToLiveSpecification"]
    now, on = table.ttl["TimeToLiveStatus"], asked["Enabled"]
    if now in {"ENABLING", "DISABLING"}:
        raise invalid("Time to live has been modified multiple times within a fixed interval")
    if on == (now == "ENABLED"):
        raise invalid(f"TimeToLive is already {'enabled' if on else 'disabled'}")
    if not on and asked["AttributeName"] != table.ttl["AttributeName"]:
        raise invalid("TimeToLive is active on a different AttributeName")
    ttl = {"TimeToLiveStatus": "ENABLING" if on else "DISABLING", "AttributeName": asked["AttributeName"]}
    table.ttl = ttl

    def arrive() -> None:
        ttl["TimeToLiveStatus"] = "ENABLED" if on else "DISABLED"
        if not on:
            del ttl["AttributeName"]

    world.later(ttl, arrive)
    return {"TimeToLiveSpecification": asked}


@departure("dynamodb", "TagResource")
def a_tag_is_replaced(call: Call, _world: World, proceed: Proceed) -> object:
    """A tag has one value; moto adds the new one beside the old."""
    arn = call.parameters["ResourceArn"]
    table = next((each for each in backend(call).tables.values() if each.table_arn == arn), None)
    if table is None:
        raise AwsError("ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found")
    keys = {each["Key"] for each in call.parameters["Tags"]}
    table.tags = [each for each in table.tags if each["Key"] not in keys]
    return proceed()


@departure("dynamodb", "CreateBackup")
def a_backup_is_made_over_time(call: Call, world: World, proceed: Proceed) -> object:
    """A backup is CREATING first; a table in motion is not backed up, and one that is not there is not found."""
    name = call.parameters["TableName"]
    table = backend(call).tables.get(name)
    if table is None:
        raise AwsError("TableNotFoundException", f"Table not found: {name}")
    if status(table) != "ACTIVE":
        raise AwsError("TableInUseException", f"Table is being {status(table).lower()}: {name}")
    known = set(backend(call).backups)
    reply = proceed()
    for arn, backup in backend(call).backups.items():
        if arn not in known:
            backup.status = "CREATING"
            world.later(backup, lambda: setattr(backup, "status", "AVAILABLE"))  # noqa: B023 - there is one
            return {"BackupDetails": backup.details}
    return reply


@departure("dynamodb", "ListBackups")
def backups_are_listed_in_pages(call: Call, _world: World, _proceed: Proceed) -> object:
    """A page has as many as were asked for, at most 100; moto shows all."""
    unknown = sorted(set(call.parameters) - {"TableName", "Limit", "ExclusiveStartBackupArn"})
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    limit, after = call.parameters.get("Limit", LARGEST_PAGE), call.parameters.get("ExclusiveStartBackupArn", "")
    found = {each.arn: each.summary for each in backend(call).list_backups(call.parameters.get("TableName"))}
    remaining = sorted(arn for arn in found if arn > after)
    page: dict[str, Any] = {"BackupSummaries": [found[arn] for arn in remaining[:limit]]}
    return page | ({"LastEvaluatedBackupArn": remaining[limit - 1]} if len(remaining) > limit else {})
