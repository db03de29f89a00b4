"""Databases and clusters of RDS as values: states, versions, what RDS may change by itself, and what is sent when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import engine_versions, passwords
from pilothouse.dataplane.aws.types.database import Database
from pilothouse.dataplane.aws.types.database_cluster import DatabaseCluster
from pilothouse.dataplane.aws.types.database_subnet_group import DatabaseSubnetGroup
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import HealthState, Listed, Mark, Owner, Reading, Sensitive
from tests.unit.dataplane.aws.replies import MARK, drive, want

DATABASE, CLUSTER, GROUP = Database(), DatabaseCluster(), DatabaseSubnetGroup()
PASSWORD = Sensitive("P4ssw0rd")
TAGS = [
    {"Key": "pilothouse.dev/control-plane", "Value": "control-plane-1"},
    {"Key": "pilothouse.dev/owner", "Value": "shop/checkout"},
    {"Key": "pilothouse.dev/resource", "Value": "orders"},
    {"Key": "pilothouse.dev/application-uid", "Value": "uid-1"},
    {"Key": "pilothouse.dev/incarnation", "Value": "2"},
    {"Key": "pilothouse.dev/password", "Value": passwords.digest(PASSWORD)},
]
INSTANCE: dict[str, Any] = {
    "DBInstanceIdentifier": "orders",
    "DBInstanceArn": "arn:aws:rds:eu-west-1:123456789012:db:orders",
    "DbiResourceId": "db-ABC",
    "DBInstanceStatus": "available",
    "DBInstanceClass": "db.t4g.micro",
    "Engine": "postgres",
    "EngineVersion": "16.3",
    "AllocatedStorage": 20,
    "MasterUsername": "orders",
    "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
    "StorageEncrypted": True,
    "AutoMinorVersionUpgrade": True,
    "BackupRetentionPeriod": 1,
    "MultiAZ": False,
    "PubliclyAccessible": False,
    "CopyTagsToSnapshot": False,
    "DeletionProtection": False,
    "PerformanceInsightsEnabled": False,
    "IAMDatabaseAuthenticationEnabled": False,
    "Endpoint": {"Address": "orders.rds", "Port": 5432},
    "TagList": TAGS,
}
MEMBER = {**INSTANCE, "DBInstanceIdentifier": "orders-1", "DBClusterIdentifier": "orders", "TagList": []}
WHOLE: dict[str, Any] = {
    "DBClusterIdentifier": "orders",
    "DBClusterArn": "arn:aws:rds:eu-west-1:123456789012:cluster:orders",
    "DbClusterResourceId": "cluster-ABC",
    "Status": "available",
    "Engine": "aurora-postgresql",
    "EngineVersion": "16.3",
    "MasterUsername": "orders",
    "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
    "StorageEncrypted": True,
    "BackupRetentionPeriod": 1,
    "CopyTagsToSnapshot": False,
    "DeletionProtection": False,
    "IAMDatabaseAuthenticationEnabled": False,
    "Endpoint": "orders.cluster",
    "ReaderEndpoint": "orders.cluster-ro",
    "Port": 5432,
    "DBClusterMembers": [{"DBInstanceIdentifier": "orders-1", "IsClusterWriter": True}],
    "TagList": TAGS,
}
MINIMAL = {
    "engine": "postgres",
    "dbInstanceClass": "db.t4g.micro",
    "allocatedStorage": 20,
    "masterUsername": "orders",
}
AURORA = {"engine": "aurora-postgresql", "masterUsername": "orders", "dbInstanceClass": "db.t4g.micro"}


def database(**changed: Any) -> Reading:
    """Read a database that RDS describes so."""
    reading, _ = drive(DATABASE.read("orders"), lambda _: {"DBInstances": [INSTANCE | changed]})
    assert isinstance(reading, Reading)
    return reading


def test_what_moves_by_itself_is_no_change_in_a_listing_of_clusters() -> None:
    def line(**changed: Any) -> Listed:
        (listed,) = CLUSTER.listed({"DBClusters": [{**WHOLE, **changed}]})
        return listed

    assert line(LatestRestorableTime="12:00") == line(LatestRestorableTime="12:05")
    assert line(BackupRetentionPeriod=7) != line(BackupRetentionPeriod=8)


def cluster(*members: dict[str, Any], **changed: Any) -> Reading:
    """Read a cluster that RDS describes so."""
    replies = {"DescribeDBClusters": {"DBClusters": [WHOLE | changed]}}
    instances = {"DescribeDBInstances": {"DBInstances": list(members or (MEMBER,))}}
    reading, _ = drive(CLUSTER.read("orders"), lambda call: (replies | instances)[call.operation])
    assert isinstance(reading, Reading)
    return reading


def wanted(**settings: Any) -> Any:
    return replace(want(DATABASE, **{**MINIMAL, **settings}), password=PASSWORD)


def wanted_cluster(**settings: Any) -> Any:
    return replace(want(CLUSTER, **{**AURORA, **settings}), password=PASSWORD)


def paths(have: Reading, **settings: Any) -> list[str]:
    return [change.path for change in DATABASE.changes(wanted(**settings), have, frozenset())]


@pytest.mark.parametrize(
    ("engine", "asked", "found", "automatic", "served"),
    [
        ("postgres", "16", "16.3", False, True),
        ("postgres", "16.3", "16.4", True, True),
        ("postgres", "16.3", "16.4", False, False),
        ("postgres", "16.4", "16.3", True, False),
        ("postgres", "16.3", "17.1", True, False),
        ("mysql", "8.0.35", "8.0.36", True, True),
        ("mysql", "8.0.35", "8.4.1", True, False),
        ("aurora-mysql", "8.0.mysql_aurora.3.05.2", "8.0.mysql_aurora.3.06.0", True, True),
        ("postgres", "1", "16.3", False, False),
    ],
)
def test_a_version_serves_what_was_asked_for(
    engine: str, asked: str, found: str, *, automatic: bool, served: bool
) -> None:
    assert engine_versions.serves(engine, asked, found, automatic=automatic) is served


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("available", HealthState.READY),
        ("backing-up", HealthState.READY),
        ("storage-optimization", HealthState.READY),
        ("creating", HealthState.PROGRESSING),
        ("modifying", HealthState.PROGRESSING),
        ("a-state-of-tomorrow", HealthState.PROGRESSING),
        ("storage-full", HealthState.FAILED),
        ("deleting", HealthState.DELETING),
    ],
)
def test_a_state_is_told_in_our_words(status: str, state: HealthState) -> None:
    assert database(DBInstanceStatus=status).health.state is state


def test_one_that_is_full_says_what_helps_and_takes_it() -> None:
    full = database(DBInstanceStatus="storage-full")
    assert "raise allocatedStorage" in full.health.message
    (call,) = DATABASE.update(full, wanted(allocatedStorage=40), frozenset())
    assert call.parameters["AllocatedStorage"] == 40


def test_a_password_under_way_waits_for_no_window() -> None:
    health = database(PendingModifiedValues={"MasterUserPassword": "****"}).health
    assert (health.state, health.message) == (HealthState.PROGRESSING, "its password is being set")


@pytest.mark.parametrize("status", ["creating", "backing-up", "modifying", "deleting"])
def test_nothing_is_sent_while_rds_would_refuse_it(status: str) -> None:
    assert DATABASE.update(database(DBInstanceStatus=status), wanted(multiAZ=True), frozenset()) == ()
    assert CLUSTER.update(cluster(Status=status), wanted_cluster(instances=2), frozenset()) == ()
    assert DATABASE.delete_but_snapshot(database(DBInstanceStatus=status)) == ()
    assert CLUSTER.delete_but_snapshot(cluster(Status=status)) == ()


def test_what_is_going_is_not_deleted_again() -> None:
    assert DATABASE.delete(database(DBInstanceStatus="deleting")) == ()
    assert CLUSTER.delete(cluster(Status="deleting")) == ()


def test_one_that_is_stopped_is_started_first() -> None:
    stopped, off = database(DBInstanceStatus="stopped"), cluster(Status="stopped")
    for calls in (DATABASE.update(stopped, wanted(), frozenset()), DATABASE.delete_but_snapshot(stopped)):
        assert [call.operation for call in calls] == ["StartDBInstance"]
    for calls in (CLUSTER.update(off, wanted_cluster(), frozenset()), CLUSTER.delete_but_snapshot(off)):
        assert [call.operation for call in calls] == ["StartDBCluster"]
    assert paths(stopped) == ["status"]
    assert [each.path for each in CLUSTER.diff(wanted_cluster().spec, off, frozenset())] == ["status"]


def test_storage_that_grew_by_itself_is_no_difference() -> None:
    grown = database(AllocatedStorage=60, MaxAllocatedStorage=100)
    assert paths(grown, maxAllocatedStorage=100) == []
    assert paths(database(AllocatedStorage=60)) == ["allocatedStorage"]
    (call,) = DATABASE.update(grown, wanted(maxAllocatedStorage=100, storageType="gp3"), frozenset())
    assert call.parameters["AllocatedStorage"] == 60, "RDS wants it beside the type, and never less than there is"


def test_a_limit_to_growth_that_is_left_out_again_is_what_there_is() -> None:
    limited = database(MaxAllocatedStorage=100)
    (call,) = DATABASE.update(limited, wanted(), frozenset({"maxAllocatedStorage"}))
    assert call.parameters["MaxAllocatedStorage"] == 20


def test_what_waits_of_another_is_a_difference_unless_nobody_cares() -> None:
    waiting = database(PendingModifiedValues={"EngineVersion": "16.5", "Iops": 3_000, "DBSubnetGroupName": "there"})
    assert paths(waiting) == []
    assert paths(waiting, engineVersion="16.5") == []
    assert paths(waiting, engineVersion="16.5", applyImmediately=True) == ["engineVersion"]
    assert paths(waiting, engineVersion="16.3", autoMinorVersionUpgrade=False) == [
        "engineVersion",
        "autoMinorVersionUpgrade",
    ]
    assert paths(waiting, dbSubnetGroup={"id": "here"}) == ["dbSubnetGroup"]


def test_a_standby_has_no_zone_of_its_own() -> None:
    assert paths(database(MultiAZ=True, AvailabilityZone="eu-west-1b"), multiAZ=True) == []


def test_everything_is_read_before_rds_says_where_it_listens() -> None:
    new = {name: value for name, value in INSTANCE.items() if name != "Endpoint"}
    reading, _ = drive(DATABASE.read("orders"), lambda _: {"DBInstances": [new]})
    assert "address" not in reading.outputs


def test_what_is_gone_reads_as_nothing() -> None:
    for kind in (DATABASE, CLUSTER, GROUP):
        assert drive(kind.read("orders"), lambda _: NotFound("gone"))[0] is None
        assert drive(kind.find(replace(wanted(), name="orders")), lambda _: NotFound("gone"))[0] == ()


def test_a_listing_shows_databases_and_leaves_instances_of_clusters_to_those() -> None:
    lines = list(DATABASE.listed({"DBInstances": [INSTANCE, MEMBER]}))
    assert [line.id for line in lines] == ["orders"]
    assert lines[0].reading == database()
    theirs = Mark(Owner("control-plane-2", "shop", "checkout"), "orders", "uid-1")
    assert [DATABASE.ours(line, "control-plane-1") for line in (*lines, Listed("a"), Listed("b", mark=theirs))] == [
        True,
        False,
        False,
    ]
    (line,) = CLUSTER.listed({"DBClusters": [WHOLE]})
    assert (line.id, line.mark, line.reading) == ("orders", MARK, None)


def test_another_password_interrupts() -> None:
    assert DATABASE.impact("masterUserPassword") == "Disruptive"
    assert DATABASE.impact("copyTagsToSnapshot") == "None"


def test_a_password_that_is_left_alone_is_no_output() -> None:
    assert DATABASE.secrets(wanted(generatePassword=False)) == {"password": ""}
    foreign = database(TagList=[])
    assert paths(foreign, generatePassword=False) == []
    assert paths(foreign) == ["masterUserPassword"]


def test_a_name_has_no_two_dashes_in_a_row() -> None:
    assert "--" not in DATABASE.name(Owner("control-plane-1", "shop", "check--out"), "orders")


def test_a_last_snapshot_is_of_this_very_database() -> None:
    (call,) = DATABASE.delete_but_snapshot(database())
    assert call.parameters["FinalDBSnapshotIdentifier"] == "orders-final-abc"
    (failed,) = DATABASE.delete_but_snapshot(database(DBInstanceStatus="storage-full"))
    assert failed.operation == "DeleteDBInstance"


def test_instances_of_a_cluster_count_while_they_are_not_going() -> None:
    going = {**MEMBER, "DBInstanceStatus": "deleting"}
    have = cluster(going)
    assert [each.path for each in CLUSTER.diff(wanted_cluster().spec, have, frozenset())] == ["instances"]
    calls = CLUSTER.update(have, wanted_cluster(), frozenset())
    assert [call.parameters["DBInstanceIdentifier"] for call in calls] == ["orders-2"], (
        "its name is taken until it went"
    )


def test_the_health_of_a_cluster_is_that_of_the_worst_of_its_instances() -> None:
    assert cluster().health.state is HealthState.READY
    assert cluster({**MEMBER, "DBInstanceStatus": "creating"}).health.message == "its instance orders-1 is creating"
    assert cluster({**MEMBER, "DBInstanceStatus": "failed"}).health.state is HealthState.FAILED
    assert cluster({**MEMBER, "DBInstanceStatus": "deleting"}).health.state is HealthState.PROGRESSING


def test_an_instance_that_differs_counts_for_all_and_is_changed_alone() -> None:
    large = {**MEMBER, "DBInstanceIdentifier": "orders-2", "DBInstanceClass": "db.r8g.large"}
    have = cluster(MEMBER, large)
    spec = wanted_cluster(instances=2)
    assert [each.path for each in CLUSTER.diff(spec.spec, have, frozenset())] == ["dbInstanceClass"]
    (call,) = CLUSTER.update(have, spec, frozenset())
    assert (call.operation, call.parameters["DBInstanceIdentifier"]) == ("ModifyDBInstance", "orders-2")


def test_a_cluster_that_exports_and_scales_otherwise_is_changed_at_once() -> None:
    have = cluster(
        EnabledCloudwatchLogsExports=["error"],
        ServerlessV2ScalingConfiguration={"MinCapacity": 1.0, "MaxCapacity": 2.0},
    )
    spec = wanted_cluster(
        engineVersion="17",
        allowMajorVersionUpgrade=True,
        vpcSecurityGroups=[{"id": "sg-1"}],
        serverlessV2ScalingConfiguration={"minCapacity": 0.5, "maxCapacity": 2},
    )
    (call,) = CLUSTER.update(have, spec, frozenset())
    assert call.parameters["CloudwatchLogsExportConfiguration"]["DisableLogTypes"] == ["error"]
    assert call.parameters["AllowMajorVersionUpgrade"] is True
    assert call.parameters["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 2.0}
    assert call.parameters["VpcSecurityGroupIds"] == ["sg-1"]


def test_a_cluster_without_instances_has_their_defaults() -> None:
    empty, _ = drive(
        CLUSTER.read("orders"),
        lambda call: {"DBClusters": [WHOLE]} if call.operation == "DescribeDBClusters" else {"DBInstances": []},
    )
    assert [each.path for each in CLUSTER.diff(wanted_cluster(instances=0).spec, empty, frozenset())] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"multiAZ": True, "availabilityZone": "eu-west-1a"}, "availabilityZone"),
        ({"storageEncrypted": False, "kmsKeyID": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "kmsKeyID"),
        ({"allocatedStorage": 30, "maxAllocatedStorage": 30}, "maxAllocatedStorage"),
        ({"storageType": "io2"}, "iops"),
        ({"performanceInsightsRetentionPeriod": 7}, "performanceInsightsRetentionPeriod"),
    ],
)
def test_a_rule_that_is_broken_is_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=f"{message}: "):
        wanted(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dbInstanceClass": "db.serverless"}, "serverlessV2ScalingConfiguration"),
        ({"storageEncrypted": False, "kmsKeyID": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "kmsKeyID"),
        ({"serverlessV2ScalingConfiguration": {"minCapacity": 4, "maxCapacity": 2}}, "maxCapacity"),
    ],
)
def test_a_rule_of_clusters_that_is_broken_is_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=f"{message}: "):
        wanted_cluster(**settings)


def test_subnets_of_a_group_have_no_order() -> None:
    group = {
        "DBSubnetGroupName": "orders",
        "DBSubnetGroupArn": "arn",
        "DBSubnetGroupDescription": "Made by Pilothouse",
        "VpcId": "vpc-1",
        "Subnets": [{"SubnetIdentifier": "subnet-2"}, {"SubnetIdentifier": "subnet-1"}],
    }
    replies = {"DescribeDBSubnetGroups": {"DBSubnetGroups": [group]}, "ListTagsForResource": {"TagList": TAGS}}
    have, _ = drive(GROUP.read("orders"), lambda call: replies[call.operation])
    same = want(GROUP, subnets=[{"id": "subnet-1"}, {"id": "subnet-2"}])
    assert GROUP.changes(same, have, frozenset()) == ()
    assert GROUP.update(have, same, frozenset()) == ()
    assert have.outputs["vpcID"] == "vpc-1"
    lines = [Listed("orders"), Listed(GROUP.name(MARK.owner, "orders"))]
    assert [GROUP.ours(line, MARK.owner.control_plane) for line in lines] == [False, True]


def test_a_create_marks_and_sets_the_password() -> None:
    for kind, spec in ((DATABASE, wanted()), (CLUSTER, wanted_cluster())):
        parameters = kind.create(spec).parameters
        tags = {tag["Key"]: tag["Value"] for tag in parameters["Tags"]}
        assert parameters["MasterUserPassword"] == PASSWORD
        assert tags["pilothouse.dev/password"] == passwords.digest(PASSWORD)
        assert (tags["pilothouse.dev/resource"], parameters["StorageEncrypted"]) == ("orders", True)


def test_the_instances_of_a_protected_cluster_are_not_even_tried() -> None:
    protected = cluster(DeletionProtection=True)
    assert [call.operation for call in CLUSTER.delete(protected)] == ["DeleteDBCluster"]
    assert [call.operation for call in CLUSTER.delete_but_snapshot(cluster())] == [
        "DeleteDBInstance",
        "DeleteDBCluster",
    ]
