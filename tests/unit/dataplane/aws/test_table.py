"""awsTable without AWS: the calls it makes, and the rules of its settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import last_backup, marks
from pilothouse.dataplane.aws.table_spec import TableSpec
from pilothouse.dataplane.aws.types.table import Table
from pilothouse.dataplane.errors import NotFound, NotYet
from pilothouse.dataplane.types import Call, HealthState, Listed, Reading
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

TABLE = Table()
NAME = TABLE.name(OWNER, "orders")
ARN = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{NAME}"
ID, DAY = ({"attributeName": name, "attributeType": "S"} for name in ("id", "day"))
SMALL = {"readCapacityUnits": 1, "writeCapacityUnits": 1}
PAID = {"billingMode": "PROVISIONED", "provisionedThroughput": SMALL}
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
BASIC: dict[str, Any] = {
    "TableName": NAME,
    "TableArn": ARN,
    "TableStatus": "ACTIVE",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "day")],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
}
PROVISIONED = {"BillingModeSummary": {}, "ProvisionedThroughput": UNITS}


def described(name: str, status: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    """An index as DynamoDB shows it."""
    schema = [{"AttributeName": "day", "KeyType": "HASH"}]
    return {
        "IndexName": name,
        "IndexStatus": status,
        "KeySchema": schema,
        "Projection": {"ProjectionType": "ALL"},
        **more,
    }


def index(name: str, **more: Any) -> dict[str, Any]:
    """The same index as people want it."""
    return {"indexName": name, "hashKey": DAY, "projection": {"projectionType": "ALL"}, **more}


def read(
    tags: Any = None,
    ttl: Any = None,
    recovery: Any = None,
    backups: Any = None,
    **more: Any,
) -> Reading:
    """Read a table that DynamoDB describes so; tags and backups come in two pages."""

    def answer(call: Call) -> Any:
        match call.operation:
            case "DescribeTable":
                return {"Table": {**BASIC, **more}}
            case "ListTagsOfResource":
                pairs = marks.as_pairs(tags or {})
                rest = "NextToken" in call.parameters
                return {"Tags": pairs[1:]} if rest else {"Tags": pairs[:1], "NextToken": "more"}
            case "DescribeTimeToLive":
                return {"TimeToLiveDescription": ttl or {"TimeToLiveStatus": "DISABLED"}}
            case "DescribeContinuousBackups":
                return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": recovery or {}}}
            case _:
                found = [{"BackupName": name, "BackupStatus": state} for name, state in (backups or {}).items()]
                rest = "ExclusiveStartBackupArn" in call.parameters
                more_ = {} if rest else {"LastEvaluatedBackupArn": "more"}
                return {"BackupSummaries": found[1:] if rest else found[:1], **more_}

    reading, _ = drive(TABLE.read(NAME), answer)
    assert isinstance(reading, Reading)
    return reading


def sent(have: Reading, applied: Any = frozenset(), **settings: Any) -> list[Any]:
    """What an update would send, without the table's name."""
    calls = TABLE.update(have, want(TABLE, hashKey=ID, **settings), applied)
    named = ("TableName", "ResourceArn")
    return [{key: value for key, value in call.parameters.items() if key not in named} for call in calls]


def test_a_create_says_what_can_be_said_at_once() -> None:
    number = {"attributeName": "n", "attributeType": "N"}
    some = {"projectionType": "INCLUDE", "nonKeyAttributes": ["z", "y"]}
    wanted = want(
        TABLE,
        hashKey=ID,
        rangeKey=DAY,
        **PAID,
        globalSecondaryIndexes=[index("by-day", provisionedThroughput=SMALL)],
        localSecondaryIndexes=[{"indexName": "by-n", "rangeKey": number, "projection": some}],
        sseEnabled=True,
        streamViewType="NEW_IMAGE",
        timeToLiveAttribute="gone",
        tags={"team": "a"},
    )
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    assert TABLE.create(wanted) == Call(
        "dynamodb",
        "CreateTable",
        {
            "TableName": NAME,
            "AttributeDefinitions": [
                {"AttributeName": "day", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "n", "AttributeType": "N"},
            ],
            "KeySchema": [*keys, {"AttributeName": "day", "KeyType": "RANGE"}],
            "BillingMode": "PROVISIONED",
            "DeletionProtectionEnabled": False,
            "TableClass": "STANDARD",
            "ProvisionedThroughput": UNITS,
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-day",
                    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                    "ProvisionedThroughput": UNITS,
                }
            ],
            "LocalSecondaryIndexes": [
                {
                    "IndexName": "by-n",
                    "KeySchema": [*keys, {"AttributeName": "n", "KeyType": "RANGE"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["y", "z"]},
                }
            ],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
            "Tags": marks.as_pairs({"team": "a", **marks.mark_tags(MARK)}),
        },
    )
    assert TABLE.created({"TableDescription": {"TableName": NAME}}) == NAME


def test_a_reading_shows_settings_mark_and_outputs() -> None:
    local = {**described("by-n"), "KeySchema": [*BASIC["KeySchema"], {"AttributeName": "day", "KeyType": "RANGE"}]}
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, "LatestStreamArn": "s"}
    reading = read(
        {"team": "a", **marks.mark_tags(MARK)},
        ttl={"TimeToLiveStatus": "ENABLING", "AttributeName": "gone"},
        recovery={"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7},
        SSEDescription={"Status": "ENABLED", "KMSMasterKeyArn": "k"},
        TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"},
        LocalSecondaryIndexes=[local],
        **stream,
    )
    assert reading.mark == MARK
    assert reading.outputs == {"arn": ARN, "name": NAME, "streamARN": "s"}
    assert reading.health.state is HealthState.READY
    found = TableSpec.model_validate(
        {
            "hashKey": ID,
            "rangeKey": DAY,
            "timeToLiveAttribute": "gone",
            "pointInTimeRecoveryEnabled": True,
            "recoveryPeriodInDays": 7,
            "sseEnabled": True,
            "tableClass": "STANDARD_INFREQUENT_ACCESS",
            "streamViewType": "NEW_IMAGE",
            "localSecondaryIndexes": [{"indexName": "by-n", "rangeKey": DAY, "projection": {"projectionType": "ALL"}}],
            "tags": {"team": "a"},
        }
    )
    assert [change.path for change in TABLE.diff(found, reading, frozenset())] == ["rangeKey"]


@pytest.mark.parametrize("missing", ["DescribeTable", "ListTagsOfResource"])
def test_a_table_that_goes_while_it_is_read_is_gone(missing: str) -> None:
    found, _ = drive(TABLE.read(NAME), lambda call: NotFound() if call.operation == missing else {"Table": BASIC})
    assert found is None


def test_a_table_that_has_hardly_come_is_not_taken_for_nobodys() -> None:
    """Its tags, which say whose it is, may be there a moment later."""
    new = {"Table": {**BASIC, "TableStatus": "CREATING"}}
    with pytest.raises(NotYet, match="is being made, its tags cannot be read yet"):
        drive(TABLE.read(NAME), lambda call: NotFound() if call.operation == "ListTagsOfResource" else new)


def test_it_is_looked_for_by_its_name() -> None:
    assert drive(TABLE.find(want(TABLE, hashKey=ID)), lambda _: NotFound())[0] == ()
    replies = {"Table": {**BASIC, "TableStatus": "DELETING"}, "Tags": []}
    ((found,), asked) = drive(TABLE.find(want(TABLE, hashKey=ID)), lambda _: replies)
    assert (found.id, found.health.state) == (NAME, HealthState.DELETING)
    assert [call.operation for call in asked] == ["DescribeTable", "ListTagsOfResource"]


def test_a_listing_shows_marks() -> None:
    page = {"ResourceTagMappingList": [{"ResourceARN": ARN, "Tags": marks.as_pairs(marks.mark_tags(MARK))}]}
    assert list(TABLE.listed(page)) == [Listed(NAME, mark=MARK)]
    assert TABLE.listing("control-plane-1").parameters["ResourceTypeFilters"] == ["dynamodb:table"]


@pytest.mark.parametrize(
    ("status", "state"),
    [("UPDATING", HealthState.PROGRESSING), ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", HealthState.FAILED)],
)
def test_health_is_what_the_table_does(status: str, state: HealthState) -> None:
    have = read(TableStatus=status)
    assert (have.health.state, have.health.message) == (state, f"the table is {status}")
    assert sent(have, deletionProtectionEnabled=True) == []
    assert bool(TABLE.delete(have)) == (state is HealthState.FAILED)


def test_only_the_first_of_many_changes_is_sent() -> None:
    have = read(GlobalSecondaryIndexes=[described("old"), described("gone", "DELETING")])
    settings = {**PAID, "deletionProtectionEnabled": True, "tableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert sent(have, **settings) == [], "while an index goes no other is touched"
    have = read(GlobalSecondaryIndexes=[described("old")])
    assert sent(have, **settings, tags={"a": "b"}) == [
        {"Tags": [{"Key": "a", "Value": "b"}]},
        {"DeletionProtectionEnabled": True},
    ]
    assert sent(have, **PAID) == [
        {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": UNITS,
            "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "old", "ProvisionedThroughput": UNITS}}],
        }
    ]


def test_capacity_of_one_index_changes_alone() -> None:
    have = read(GlobalSecondaryIndexes=[described("abc", ProvisionedThroughput=UNITS)], **PROVISIONED)
    more = {"readCapacityUnits": 9, "writeCapacityUnits": 1}
    (change,) = sent(have, **PAID, globalSecondaryIndexes=[index("abc", provisionedThroughput=more)])
    assert list(change) == ["GlobalSecondaryIndexUpdates"]
    assert sent(have, **PAID) == [{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "abc"}}]}]
    assert sent(have) == [{"BillingMode": "PAY_PER_REQUEST"}]


def test_an_index_whose_key_changes_is_built_anew() -> None:
    have = read(GlobalSecondaryIndexes=[described("abc")])
    wanted = {"globalSecondaryIndexes": [index("abc", rangeKey=ID)]}
    assert sent(have, **wanted) == [{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "abc"}}]}]
    (change,) = sent(read(), **wanted)
    assert list(change["GlobalSecondaryIndexUpdates"][0]) == ["Create"]
    assert [each["AttributeName"] for each in change["AttributeDefinitions"]] == ["day", "id"]


def test_stream_encryption_and_class_change_one_by_one() -> None:
    streaming = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, "LatestStreamArn": "s"}
    ended = {"StreamSpecification": {"StreamEnabled": False}}
    assert sent(read(**streaming), streamViewType="NEW_IMAGE") == [ended]
    assert sent(read(**streaming), frozenset({"streamViewType"})) == [ended]
    begun = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert sent(read(), streamViewType="NEW_IMAGE") == [{"StreamSpecification": begun}]
    key = "arn:aws:kms:eu-west-1:123456789012:key/one"
    encrypted = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    assert sent(read(), sseEnabled=True, kmsMasterKeyARN=key) == [{"SSESpecification": encrypted}]
    on = read(SSEDescription={"Status": "ENABLED", "KMSMasterKeyArn": key})
    assert sent(on) == [{"SSESpecification": {"Enabled": False}}]
    assert sent(read(), tableClass="STANDARD_INFREQUENT_ACCESS") == [{"TableClass": "STANDARD_INFREQUENT_ACCESS"}]


def test_time_to_live_goes_off_before_it_goes_on_for_another_attribute() -> None:
    def specification(name: str, *, on: bool) -> list[Any]:
        return [{"TimeToLiveSpecification": {"Enabled": on, "AttributeName": name}}]

    on, turning = ({"TimeToLiveStatus": status, "AttributeName": "gone"} for status in ("ENABLED", "DISABLING"))
    assert sent(read(), timeToLiveAttribute="over") == specification("over", on=True)
    assert sent(read(ttl=on), timeToLiveAttribute="over") == specification("gone", on=False)
    assert sent(read(ttl=turning), timeToLiveAttribute="over") == []
    assert sent(read(ttl=on)) == [], "nobody of us set it"
    assert sent(read(ttl=on), frozenset({"timeToLiveAttribute"})) == specification("gone", on=False)


def test_days_of_recovery_left_out_again_are_the_most() -> None:
    week = read(recovery={"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7})
    days = frozenset({"recoveryPeriodInDays"})
    assert sent(week, pointInTimeRecoveryEnabled=True) == []
    longest = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}
    assert sent(week, days, pointInTimeRecoveryEnabled=True) == [{"PointInTimeRecoverySpecification": longest}]
    off = [{"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}]
    assert sent(week, days) == off


def test_a_last_backup_is_named_made_waited_for_and_then_the_table_goes() -> None:
    mark = marks.mark_tags(MARK)
    note = {"ResourceArn": ARN, "Tags": [{"Key": last_backup.TAG, "Value": "asked"}]}
    name, older = f"{NAME}-2-2", f"{NAME}-2-1"
    asked, named = ({**mark, last_backup.TAG: value} for value in ("asked", name))
    (first,) = TABLE.delete_but_snapshot(read(mark))
    assert first.parameters == note
    (second,) = TABLE.delete_but_snapshot(read(asked, backups={older: "AVAILABLE", "mine": "AVAILABLE"}))
    assert second.parameters["Tags"] == [{"Key": last_backup.TAG, "Value": name}]
    (third,) = TABLE.delete_but_snapshot(read(named, backups={older: "AVAILABLE"}))
    assert third == Call("dynamodb", "CreateBackup", {"TableName": NAME, "BackupName": name})
    assert TABLE.delete_but_snapshot(read(named, backups={older: "AVAILABLE", name: "CREATING"})) == ()
    (last,) = TABLE.delete_but_snapshot(read(named, backups={older: "AVAILABLE", name: "AVAILABLE"}))
    assert last == Call("dynamodb", "DeleteTable", {"TableName": NAME})


def test_a_table_nobody_marked_is_backed_up_all_the_same() -> None:
    (call,) = TABLE.delete_but_snapshot(read({last_backup.TAG: "asked"}))
    assert call.parameters["Tags"][0]["Value"] == f"{NAME}-0-1"


def test_a_protected_table_is_not_even_backed_up() -> None:
    (call,) = TABLE.delete_but_snapshot(read(DeletionProtectionEnabled=True))
    assert call.operation == "DeleteTable"


def test_a_deletion_that_was_called_off_is_forgotten() -> None:
    have = read({last_backup.TAG: "asked"})
    assert changes(TABLE, want(TABLE, hashKey=ID), have) == {"lastBackup": ("asked", None)}
    assert sent(have) == [{"TagKeys": [last_backup.TAG]}]
    assert changes(TABLE, want(TABLE, hashKey=DAY), have).keys() == {"hashKey"}


def test_adopting_rewrites_the_mark() -> None:
    (call,) = TABLE.adopt(read(), want(TABLE, hashKey=ID))
    assert call.parameters == {"ResourceArn": ARN, "Tags": marks.as_pairs(marks.mark_tags(MARK))}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "capacity that is not paid for": ({"provisionedThroughput": SMALL}, "provisionedThroughput: give it with"),
    "an index without capacity": ({**PAID, "globalSecondaryIndexes": [index("abc")]}, "give each provisionedThr"),
    "a local index without a sort key": (
        {"localSecondaryIndexes": [{"indexName": "abc", "rangeKey": DAY, "projection": {"projectionType": "ALL"}}]},
        "give the table a rangeKey",
    ),
    "days of no recovery": ({"recoveryPeriodInDays": 7}, "set pointInTimeRecoveryEnabled"),
    "a key that encrypts nothing": ({"kmsMasterKeyARN": "arn:aws:kms:a:123456789012:key/b"}, "set sseEnabled"),
    "an attribute of two types": (
        {"rangeKey": {"attributeName": "id", "attributeType": "N"}},
        "id has different types",
    ),
    "attributes beside all": (
        {
            "globalSecondaryIndexes": [
                {**index("abc"), "projection": {"projectionType": "ALL", "nonKeyAttributes": ["a"]}}
            ]
        },
        "nonKeyAttributes: give them",
    ),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=list(WRONG))
def test_settings_that_cannot_be_are_refused_with_the_mend(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TableSpec.model_validate({"hashKey": ID, **settings})
