"""DynamoDB as the API Reference has it; each test fails on bare moto."""

from __future__ import annotations

from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import table_settings, tables
from tests.aws.server import AwsServer

KEY = {"AttributeName": "id", "KeyType": "HASH"}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
BY_DAY = {
    "IndexName": "by-day",
    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


def definitions(*names: str) -> list[dict[str, str]]:
    """Attributes, all of them strings."""
    return [{"AttributeName": name, "AttributeType": "S"} for name in ("id", *names)]


def table(cloud: AwsServer, **more: Any) -> Any:
    """Create a table, which moves on only when `rest` says so; returns the client."""
    client = cloud.client("dynamodb")
    if not cloud.bare:
        cloud.configure(transition_seconds=60.0)
    given = {"AttributeDefinitions": definitions(), "KeySchema": [KEY], "BillingMode": "PAY_PER_REQUEST", **more}
    client.create_table(TableName="orders", **given)
    return client


def rest(cloud: AwsServer) -> Any:
    """Let everything that moves arrive; returns the table's description."""
    if not cloud.bare:
        cloud.finish_transitions()
    found = cloud.client("dynamodb").describe_table(TableName="orders")["Table"]
    assert found["TableStatus"] == "ACTIVE"
    return found


def update(cloud: AwsServer, **change: Any) -> Any:
    """Change the table and let that be done; returns its description."""
    cloud.client("dynamodb").update_table(TableName="orders", **change)
    return rest(cloud)


@corrects(tables.a_table_is_created_over_time, tables.a_table_shows_its_state)
def test_a_table_is_made_over_time_and_shows_what_it_has(cloud: AwsServer) -> None:
    """Who takes it for ready at once gets errors from AWS."""
    client = table(cloud, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert client.describe_table(TableName="orders")["Table"]["TableStatus"] == "CREATING"
    shown = rest(cloud)
    assert shown["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert not {"GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification"} & set(shown)


@corrects(tables.a_table_is_created_over_time)
def test_index_names_are_taken_once(cloud: AwsServer) -> None:
    """Whatever kind of index it is."""
    day = {"AttributeName": "day", "KeyType": "RANGE"}
    local = {**BY_DAY, "KeySchema": [KEY, day]}
    client = cloud.client("dynamodb")
    given = {"TableName": "orders", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": definitions("day")}
    indexes = {"GlobalSecondaryIndexes": [BY_DAY], "LocalSecondaryIndexes": [local]}
    refused("ValidationException", client.create_table, **given, KeySchema=[KEY, day], **indexes)


@corrects(tables.unknown_parameters_are_refused)
def test_what_nobody_honours_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """A setting that is ignored would look like one that works."""
    limits = {"MaxReadRequestUnits": 5}
    try:
        refused("NotEmulated", table, cloud=cloud, OnDemandThroughput=limits)
    finally:
        if not cloud.bare:
            cloud.take_failures()


@corrects(tables.a_table_is_deleted_over_time)
def test_a_table_goes_over_time_and_takes_nothing_meanwhile(cloud: AwsServer) -> None:
    """Its name is not free before it is gone."""
    client = table(cloud)
    refused("ResourceInUseException", client.delete_table, TableName="orders")
    rest(cloud)
    client.delete_table(TableName="orders")
    assert client.describe_table(TableName="orders")["Table"]["TableStatus"] == "DELETING"
    refused("ResourceInUseException", client.update_table, TableName="orders", DeletionProtectionEnabled=True)


@corrects(tables.one_change_after_the_other)
def test_a_table_takes_one_change_at_a_time(cloud: AwsServer) -> None:
    """Who sends the next before the first is done is refused."""
    client = table(cloud)
    rest(cloud)
    create = {"AttributeDefinitions": definitions("day"), "GlobalSecondaryIndexUpdates": [{"Create": BY_DAY}]}
    client.update_table(TableName="orders", **create)
    assert client.describe_table(TableName="orders")["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    refused("ResourceInUseException", client.update_table, TableName="orders", TableClass="STANDARD")
    assert rest(cloud)["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"
    shown = update(cloud, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-day"}}])
    assert "GlobalSecondaryIndexes" not in shown
    assert shown["AttributeDefinitions"] == definitions()


@corrects(tables.one_change_after_the_other)
def test_what_cannot_be_is_refused_and_nothing_is_changed(cloud: AwsServer) -> None:
    """moto breaks on some, and takes the others."""
    client = table(cloud)
    before = rest(cloud)
    two = [{"Create": BY_DAY}, {"Create": {**BY_DAY, "IndexName": "two"}}]
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("ValidationException", {"AttributeDefinitions": definitions("day"), "GlobalSecondaryIndexUpdates": two}),
        ("ValidationException", {"GlobalSecondaryIndexUpdates": two[:1]}),
        ("ValidationException", {"BillingMode": "PROVISIONED"}),
        ("ValidationException", {"ProvisionedThroughput": UNITS}),
        ("ValidationException", {"StreamSpecification": {"StreamEnabled": False}}),
        ("ValidationException", {"SSESpecification": {"Enabled": False}}),
        ("ResourceNotFoundException", {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "none"}}]}),
    ]
    for code, change in wrong:
        refused(code, client.update_table, TableName="orders", **change)
    assert client.describe_table(TableName="orders")["Table"] == before


@corrects(tables.one_change_after_the_other)
def test_encryption_class_capacity_and_stream_can_be_changed(cloud: AwsServer) -> None:
    """These are what a table type manages: each must come back as it was set."""
    client = table(cloud)
    rest(cloud)
    assert update(cloud, SSESpecification={"Enabled": True, "SSEType": "KMS"})["SSEDescription"]["Status"] == "ENABLED"
    assert "SSEDescription" not in update(cloud, SSESpecification={"Enabled": False})
    shown = update(cloud, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    assert (shown["ProvisionedThroughput"]["ReadCapacityUnits"], "BillingModeSummary" in shown) == (5, False)
    refused("ValidationException", client.update_table, TableName="orders", ProvisionedThroughput=UNITS)
    shown = update(cloud, BillingMode="PAY_PER_REQUEST")
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    for view in ("KEYS_ONLY", "NEW_IMAGE"):
        stream = {"StreamEnabled": True, "StreamViewType": view}
        assert update(cloud, StreamSpecification=stream)["StreamSpecification"] == stream
        refused("ValidationException", client.update_table, TableName="orders", StreamSpecification=stream)
        assert "StreamSpecification" not in update(cloud, StreamSpecification={"StreamEnabled": False})


@corrects(table_settings.time_to_live_takes_its_time)
def test_time_to_live_takes_its_time(cloud: AwsServer) -> None:
    """On AWS up to an hour."""
    client = table(cloud)
    rest(cloud)

    def change(name: str, *, on: bool) -> None:
        client.update_time_to_live(TableName="orders", TimeToLiveSpecification={"Enabled": on, "AttributeName": name})

    refused("ValidationException", change, name="gone", on=False)
    change("gone", on=True)
    assert client.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLING"
    refused("ValidationException", change, name="gone", on=False)
    rest(cloud)
    assert client.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    refused("ValidationException", change, name="over", on=True)
    refused("ValidationException", change, name="over", on=False)
    change("gone", on=False)


@corrects(table_settings.a_tag_is_replaced)
def test_a_tag_has_one_value(cloud: AwsServer) -> None:
    """The mark of ownership lives in the tags."""
    client = table(cloud, Tags=[{"Key": "owner", "Value": "them"}])
    arn = rest(cloud)["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "us"}])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "us"}]
    refused("ResourceNotFoundException", client.tag_resource, ResourceArn=f"{arn}s", Tags=[])


@corrects(table_settings.a_backup_is_made_over_time)
def test_a_backup_is_made_over_time(cloud: AwsServer) -> None:
    """Who deletes the table before it is there loses the data."""
    client = table(cloud)
    refused("TableInUseException", client.create_backup, TableName="orders", BackupName="last")
    rest(cloud)
    assert client.create_backup(TableName="orders", BackupName="last")["BackupDetails"]["BackupStatus"] == "CREATING"
    rest(cloud)
    assert client.list_backups(TableName="orders")["BackupSummaries"][0]["BackupStatus"] == "AVAILABLE"
    refused("TableNotFoundException", client.create_backup, TableName="absent", BackupName="last")


@corrects(table_settings.backups_are_listed_in_pages)
def test_backups_are_listed_in_pages(cloud: AwsServer) -> None:
    """The one that is looked for may be on the second."""
    client = table(cloud)
    rest(cloud)
    for number in range(3):
        client.create_backup(TableName="orders", BackupName=f"backup-{number}")
    first = client.list_backups(TableName="orders", Limit=2)
    assert len(first["BackupSummaries"]) == 2
    more = client.list_backups(TableName="orders", ExclusiveStartBackupArn=first["LastEvaluatedBackupArn"])
    names = {each["BackupName"] for each in [*first["BackupSummaries"], *more["BackupSummaries"]]}
    assert (names, "LastEvaluatedBackupArn" in more) == ({"backup-0", "backup-1", "backup-2"}, False)
