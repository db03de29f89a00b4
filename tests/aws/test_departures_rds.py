"""RDS: what moto does otherwise than the Amazon RDS API Reference says."""

from __future__ import annotations

import time
from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import rds_arguments, rds_changes, rds_lifecycle, rds_subnet_groups
from tests.aws.server import AwsServer

NAME = "orders"
CLUSTER = "orders-cluster"


def made(cloud: AwsServer, name: str = NAME, **more: Any) -> Any:
    """Make a database; returns RDS's client once it is available."""
    rds = cloud.client("rds")
    wanted = {"Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "EngineVersion": "16.3"}
    user = {"MasterUsername": "orders", "MasterUserPassword": "not-so-secret"}
    if "DBClusterIdentifier" in more:
        wanted, user = {"Engine": "aurora-postgresql", "DBInstanceClass": "db.serverless"}, {}
    rds.create_db_instance(DBInstanceIdentifier=name, **{**wanted, **user, **more})
    return rds


def made_cluster(cloud: AwsServer, **more: Any) -> Any:
    """Make a cluster; returns RDS's client once it is available."""
    rds = cloud.client("rds")
    user = {"MasterUsername": "orders", "MasterUserPassword": "not-so-secret"}
    rds.create_db_cluster(DBClusterIdentifier=CLUSTER, Engine="aurora-postgresql", **{**user, **more})
    settle(cloud)
    return rds


def settle(cloud: AwsServer) -> None:
    """Let everything under way end."""
    if not cloud.bare:
        cloud.finish_transitions()


def look(rds: Any, name: str = NAME) -> Any:
    """Describe a database."""
    return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def slow(cloud: AwsServer) -> None:
    """Let nothing end by itself."""
    if not cloud.bare:
        cloud.configure(transition_seconds=60.0)


@corrects(rds_arguments.no_parameter_of_rds_is_ignored)
def test_a_parameter_that_nobody_honours_is_an_error(cloud: AwsServer) -> None:
    refused("NotEmulated", made, cloud=cloud, ProcessorFeatures=[{"Name": "coreCount", "Value": "2"}])
    if not cloud.bare:
        assert "ProcessorFeatures" in str(cloud.take_failures())


@corrects(rds_arguments.what_rds_refers_to_must_exist)
def test_security_groups_must_exist(cloud: AwsServer) -> None:
    refused("InvalidParameterValue", made, cloud=cloud, VpcSecurityGroupIds=["sg-00000000000000000"])


@corrects(rds_lifecycle.databases_come_with_time, rds_lifecycle.only_what_is_there_is_shown)
def test_a_database_is_creating_and_listens_nowhere_before_it_is_available(cloud: AwsServer) -> None:
    slow(cloud)
    rds = made(cloud, StorageEncrypted=True, EnablePerformanceInsights=True)
    new = look(rds)
    assert new["DBInstanceStatus"] == "creating"
    assert not {"Endpoint", "MaxAllocatedStorage"} & set(new)
    assert new["KmsKeyId"].startswith("arn:")
    assert new["PerformanceInsightsRetentionPeriod"] == 7
    settle(cloud)
    assert look(rds)["Endpoint"]["Port"] == 5432
    made(cloud, "other")
    assert look(rds, "other")["DbiResourceId"] != new["DbiResourceId"]


@corrects(rds_lifecycle.databases_go_with_time)
def test_a_database_is_deleting_before_it_is_gone_and_cannot_be_deleted_twice(cloud: AwsServer) -> None:
    rds = made(cloud)
    settle(cloud)
    slow(cloud)
    refused("InvalidParameterCombination", rds.delete_db_instance, DBInstanceIdentifier=NAME)
    rds.create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier="last")
    taken = {"DBInstanceIdentifier": NAME, "FinalDBSnapshotIdentifier": "last"}
    refused("DBSnapshotAlreadyExists", rds.delete_db_instance, **taken)
    rds.delete_db_instance(DBInstanceIdentifier=NAME, FinalDBSnapshotIdentifier="very-last")
    assert look(rds)["DBInstanceStatus"] == "deleting"
    refused("InvalidDBInstanceState", rds.delete_db_instance, DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
    settle(cloud)
    refused("DBInstanceNotFound", look, rds=rds)


@corrects(rds_lifecycle.databases_go_with_time)
def test_a_last_snapshot_of_a_database_that_changes_is_refused_and_so_is_a_protected_deletion(cloud: AwsServer) -> None:
    slow(cloud)
    rds = made(cloud)
    last = {"DBInstanceIdentifier": NAME, "FinalDBSnapshotIdentifier": "last"}
    refused("InvalidDBInstanceState", rds.delete_db_instance, **last)
    settle(cloud)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=True)
    refused("InvalidParameterCombination", rds.delete_db_instance, DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)


@corrects(rds_changes.changes_take_their_time)
def test_a_change_at_once_takes_its_time_and_no_other_is_taken_meanwhile(cloud: AwsServer) -> None:
    rds = made(cloud)
    settle(cloud)
    slow(cloud)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, DBInstanceClass="db.m7g.large", ApplyImmediately=True)
    now = look(rds)
    assert (now["DBInstanceStatus"], now["DBInstanceClass"]) == ("modifying", "db.t4g.micro")
    assert now["PendingModifiedValues"] == {"DBInstanceClass": "db.m7g.large"}
    refused("InvalidDBInstanceState", rds.modify_db_instance, DBInstanceIdentifier=NAME, MultiAZ=True)
    settle(cloud)
    then = look(rds)
    assert (then["DBInstanceClass"], then.get("PendingModifiedValues", {})) == ("db.m7g.large", {})


@corrects(rds_changes.changes_take_their_time)
def test_a_change_waits_for_the_window_or_for_one_that_does_not(cloud: AwsServer) -> None:
    rds = made(cloud)
    settle(cloud)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, MultiAZ=True, CopyTagsToSnapshot=True)
    waiting = look(rds)
    assert waiting["PendingModifiedValues"] == {"MultiAZ": True}
    assert (waiting["MultiAZ"], waiting["CopyTagsToSnapshot"]) == (False, True)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, MultiAZ=True, ApplyImmediately=True)
    settle(cloud)
    assert look(rds)["MultiAZ"] is True


@corrects(rds_changes.changes_take_their_time)
def test_the_window_opens(cloud: AwsServer) -> None:
    rds = made(cloud)
    settle(cloud)
    if not cloud.bare:
        cloud.configure(window_seconds=0.05)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, BackupRetentionPeriod=7)
    assert look(rds)["BackupRetentionPeriod"] == 1
    time.sleep(0.1)
    assert look(rds)["BackupRetentionPeriod"] == 7


@corrects(rds_changes.changes_take_their_time)
def test_what_cannot_be_changed_is_refused(cloud: AwsServer) -> None:
    rds = made(cloud)
    settle(cloud)
    this = {"DBInstanceIdentifier": NAME, "ApplyImmediately": True}
    refused("InvalidParameterCombination", rds.modify_db_instance, **this, EngineVersion="16.2")
    refused("InvalidParameterCombination", rds.modify_db_instance, **this, EngineVersion="17.1")
    refused("InvalidParameterCombination", rds.modify_db_instance, **this, AllocatedStorage=19)
    refused("DBParameterGroupNotFound", rds.modify_db_instance, **this, DBParameterGroupName="absent")
    rds.modify_db_instance(**this, EngineVersion="17.1", AllowMajorVersionUpgrade=True)


@corrects(rds_lifecycle.clusters_come_with_time)
def test_a_cluster_is_creating_before_it_is_available_and_its_name_is_taken(cloud: AwsServer) -> None:
    rds = made_cluster(cloud, StorageType="aurora-iopt1", StorageEncrypted=True)
    cluster = rds.describe_db_clusters()["DBClusters"][0]
    assert cluster["StorageType"] == "aurora-iopt1"
    assert cluster["KmsKeyId"].startswith("arn:")
    assert len(cluster["VpcSecurityGroups"]) == 1
    refused("DBClusterAlreadyExistsFault", made_cluster, cloud=cloud)


@corrects(rds_lifecycle.databases_come_with_time)
def test_a_cluster_that_is_being_created_takes_no_instance(cloud: AwsServer) -> None:
    slow(cloud)
    rds = cloud.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier=CLUSTER, Engine="aurora-postgresql", MasterUsername="orders", MasterUserPassword="none-such"
    )
    assert rds.describe_db_clusters()["DBClusters"][0]["Status"] == "creating"
    refused("InvalidDBClusterStateFault", made, cloud=cloud, DBClusterIdentifier=CLUSTER)


@corrects(rds_lifecycle.clusters_go_with_time)
def test_a_cluster_goes_once_its_instances_are_going(cloud: AwsServer) -> None:
    rds = made_cluster(cloud)
    made(cloud, DBClusterIdentifier=CLUSTER)
    settle(cloud)
    slow(cloud)
    gone = {"DBClusterIdentifier": CLUSTER, "SkipFinalSnapshot": True}
    refused("InvalidDBClusterStateFault", rds.delete_db_cluster, **gone)
    rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
    rds.delete_db_cluster(DBClusterIdentifier=CLUSTER, FinalDBSnapshotIdentifier="last")
    refused("InvalidDBClusterStateFault", rds.delete_db_cluster, **gone)
    assert rds.describe_db_clusters()["DBClusters"][0]["Status"] == "deleting"
    settle(cloud)
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert [each["DBClusterSnapshotIdentifier"] for each in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]][
        -1:
    ] == ["last"]


@corrects(rds_changes.changes_take_their_time)
def test_a_cluster_keeps_what_a_change_does_not_name(cloud: AwsServer) -> None:
    rds = made_cluster(cloud, ServerlessV2ScalingConfiguration={"MinCapacity": 1.0, "MaxCapacity": 2.0})
    rds.modify_db_cluster(
        DBClusterIdentifier=CLUSTER,
        EnableIAMDatabaseAuthentication=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5},
        ApplyImmediately=True,
    )
    cluster = rds.describe_db_clusters()["DBClusters"][0]
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 2.0}
    assert cluster["IAMDatabaseAuthenticationEnabled"] is True


def group(cloud: AwsServer, *zones: str) -> dict[str, Any]:
    """Parameters of a subnet group in zones of the default VPC."""
    subnets = cloud.client("ec2").describe_subnets()["Subnets"]
    chosen = [each["SubnetId"] for each in subnets if each["AvailabilityZone"][-1] in zones]
    return {"DBSubnetGroupName": "mine", "DBSubnetGroupDescription": "mine", "SubnetIds": chosen}


@corrects(rds_subnet_groups.subnet_groups_cover_two_zones_of_one_vpc)
def test_a_subnet_group_covers_two_zones_of_one_vpc(cloud: AwsServer) -> None:
    rds, ec2 = cloud.client("rds"), cloud.client("ec2")
    refused("DBSubnetGroupDoesNotCoverEnoughAZs", rds.create_db_subnet_group, **group(cloud, "a"))
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24", AvailabilityZone="eu-west-1b")["Subnet"]["SubnetId"]
    mixed = group(cloud, "a")
    refused("InvalidSubnet", rds.create_db_subnet_group, **{**mixed, "SubnetIds": [*mixed["SubnetIds"], other]})
    refused("InvalidSubnet", rds.create_db_subnet_group, **{**mixed, "SubnetIds": ["subnet-00000000"]})


@corrects(rds_subnet_groups.subnet_group_names_are_taken)
def test_the_name_of_a_subnet_group_is_taken(cloud: AwsServer) -> None:
    rds = cloud.client("rds")
    rds.create_db_subnet_group(**group(cloud, "a", "b"))
    refused("DBSubnetGroupAlreadyExists", rds.create_db_subnet_group, **group(cloud, "a", "c"))


@corrects(rds_subnet_groups.subnet_groups_survive_a_change)
def test_a_subnet_group_is_still_there_after_a_change(cloud: AwsServer) -> None:
    rds = cloud.client("rds")
    rds.create_db_subnet_group(**group(cloud, "a", "b"))
    rds.modify_db_subnet_group(**group(cloud, "a", "b", "c"))
    assert len(rds.describe_db_subnet_groups(DBSubnetGroupName="mine")["DBSubnetGroups"][0]["Subnets"]) == 3


@corrects(rds_subnet_groups.subnet_groups_in_use_stay)
def test_a_subnet_group_in_use_is_not_deleted(cloud: AwsServer) -> None:
    rds = cloud.client("rds")
    rds.create_db_subnet_group(**group(cloud, "a", "b"))
    made(cloud, DBSubnetGroupName="mine")
    refused("InvalidDBSubnetGroupStateFault", rds.delete_db_subnet_group, DBSubnetGroupName="mine")
