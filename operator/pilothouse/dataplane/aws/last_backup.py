"""The backup that is made before a table is deleted: once, although replies may be lost, and never an older one.

The name that it is to have is kept in a tag of the table. A deletion that is called off takes the tag away, so that
what was saved for it does not pass for what a later deletion has to save. Only a table with the tag has its backups
listed.
"""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.api.meta import GROUP
from pilothouse.dataplane.types import Call, Flow

TAG: Final = f"{GROUP}/last-backup"
ASKED: Final = "asked"
"""What the tag holds until the backups are known that there are already."""

Backups = tuple[tuple[str, str], ...]
"""Names and states, sorted."""


def backups(table: str) -> Flow[Backups]:
    """Ask for the backups of a table that people and we made, page by page."""
    found: list[Mapping[str, Any]] = []
    more: dict[str, str] | None = {}
    while more is not None:
        page = yield Call("dynamodb", "ListBackups", {"TableName": table, "Limit": 100, **more})
        found += page["BackupSummaries"]
        last = page.get("LastEvaluatedBackupArn")
        more = {"ExclusiveStartBackupArn": last} if last else None
    return tuple(sorted((each["BackupName"], each["BackupStatus"]) for each in found))


def next_step(table: str, arn: str, incarnation: int, tag: str, found: Backups) -> tuple[Call, ...] | None:
    """Return what is to be sent now for the backup, nothing while it is being made; None when it is there."""
    if not tag:
        return (_note(arn, ASKED),)
    if tag == ASKED:
        prefix = f"{table}-{incarnation}-"
        number = sum(name.startswith(prefix) for name, _ in found) + 1
        return (_note(arn, f"{prefix}{number}"),)
    states = {state for name, state in found if name == tag}
    if "AVAILABLE" in states:
        return None
    return () if "CREATING" in states else (_make(table, tag),)


def called_off(arn: str) -> Call:
    """Return the call that forgets about it."""
    return Call("dynamodb", "UntagResource", {"ResourceArn": arn, "TagKeys": [TAG]})


def _note(arn: str, name: str) -> Call:
    return Call("dynamodb", "TagResource", {"ResourceArn": arn, "Tags": [{"Key": TAG, "Value": name}]})


def _make(table: str, name: str) -> Call:
    return Call("dynamodb", "CreateBackup", {"TableName": table, "BackupName": name})
