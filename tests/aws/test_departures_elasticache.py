"""ElastiCache: what moto does otherwise than the Amazon ElastiCache API Reference says."""

from __future__ import annotations

import time
from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import (
    elasticache_arguments,
    elasticache_changes,
    elasticache_lifecycle,
    elasticache_subnet_groups,
)
from tests.aws.server import AwsServer

NAME = "cart"
THIS = {"ReplicationGroupId": NAME}
NOW = {**THIS, "ApplyImmediately": True}


def made(cloud: AwsServer, **more: Any) -> Any:
    """Make a group; returns ElastiCache's client."""
    client = cloud.client("elasticache")
    wanted = {"ReplicationGroupDescription": "Cart", "CacheNodeType": "cache.t4g.micro", "Engine": "redis"}
    client.create_replication_group(**{**THIS, **wanted, **more})
    return client


def settled(cloud: AwsServer, **more: Any) -> Any:
    """Make a group and wait until it is available."""
    client = made(cloud, **more)
    finish(cloud)
    return client


def finish(cloud: AwsServer) -> None:
    """Let everything under way end."""
    if not cloud.bare:
        cloud.finish_transitions()


def slow(cloud: AwsServer) -> None:
    """Let nothing end by itself."""
    if not cloud.bare:
        cloud.configure(transition_seconds=60.0)


def look(client: Any) -> Any:
    """Describe the group."""
    return client.describe_replication_groups(**THIS)["ReplicationGroups"][0]


def node(client: Any) -> Any:
    """Describe one of its nodes."""
    return client.describe_cache_clusters(CacheClusterId=look(client)["MemberClusters"][0])["CacheClusters"][0]


@corrects(elasticache_arguments.no_parameter_of_elasticache_is_ignored)
def test_a_parameter_that_nobody_honours_is_an_error(cloud: AwsServer) -> None:
    refused("NotEmulated", made, cloud=cloud, NotificationTopicArn="arn:aws:sns:eu-west-1:123456789012:topic")
    if not cloud.bare:
        assert "NotificationTopicArn" in str(cloud.take_failures())


@corrects(elasticache_arguments.what_elasticache_refers_to_must_exist)
def test_what_is_referred_to_must_exist(cloud: AwsServer) -> None:
    refused("CacheParameterGroupNotFound", made, cloud=cloud, CacheParameterGroupName="absent")
    refused("CacheSubnetGroupNotFoundFault", made, cloud=cloud, CacheSubnetGroupName="absent")
    refused("InvalidParameterValue", made, cloud=cloud, SecurityGroupIds=["sg-00000000000000000"])


@corrects(elasticache_arguments.parameter_groups_can_be_made)
def test_a_parameter_group_can_be_made_and_used(cloud: AwsServer) -> None:
    client = cloud.client("elasticache")
    client.create_cache_parameter_group(
        CacheParameterGroupName="fast", CacheParameterGroupFamily="redis7", Description="-"
    )
    settled(cloud, CacheParameterGroupName="fast")
    assert node(client)["CacheParameterGroup"]["CacheParameterGroupName"] == "fast"


@corrects(elasticache_lifecycle.groups_come_with_time, elasticache_lifecycle.a_new_group_listens_nowhere)
def test_a_group_is_creating_and_listens_nowhere_before_it_is_available(cloud: AwsServer) -> None:
    slow(cloud)
    client = made(cloud, AutoMinorVersionUpgrade=False, ReplicasPerNodeGroup=1)
    new = look(client)
    assert (new["Status"], new["NodeGroups"]) == ("creating", [])
    finish(cloud)
    group = look(client)
    assert group["NodeGroups"][0]["ReaderEndpoint"]["Port"] == 6379
    assert group["AutoMinorVersionUpgrade"] is False
    assert len(group["MemberClusters"]) == 2


@corrects(elasticache_lifecycle.groups_come_with_time)
def test_what_does_not_go_together_is_refused(cloud: AwsServer) -> None:
    refused("InvalidParameterCombination", made, cloud=cloud, AuthToken="a-token-of-length")
    refused("InvalidParameterValue", made, cloud=cloud, ClusterMode="enabled")
    refused("InvalidParameterCombination", made, cloud=cloud, AutomaticFailoverEnabled=True)


@corrects(elasticache_lifecycle.nodes_of_groups_can_be_described)
def test_a_node_shows_what_the_group_does_not(cloud: AwsServer) -> None:
    client = settled(cloud, EngineVersion="7.1", PreferredMaintenanceWindow="sun:04:00-sun:05:00")
    assert (node(client)["EngineVersion"], node(client)["PreferredMaintenanceWindow"]) == (
        "7.1.0",
        "sun:04:00-sun:05:00",
    )


@corrects(elasticache_lifecycle.groups_go_with_time)
def test_a_group_is_deleting_before_it_is_gone(cloud: AwsServer) -> None:
    slow(cloud)
    client = made(cloud)
    refused("InvalidReplicationGroupState", client.delete_replication_group, **THIS)
    finish(cloud)
    client.create_snapshot(**THIS, SnapshotName="last")
    refused("SnapshotAlreadyExistsFault", client.delete_replication_group, **THIS, FinalSnapshotIdentifier="last")
    client.delete_replication_group(**THIS, FinalSnapshotIdentifier="very-last")
    assert look(client)["Status"] == "deleting"
    finish(cloud)
    refused("ReplicationGroupNotFoundFault", look, client=client)
    assert {each["SnapshotName"] for each in client.describe_snapshots()["Snapshots"]} == {"last", "very-last"}


@corrects(elasticache_changes.groups_change_with_time)
def test_a_change_takes_its_time_and_no_other_is_taken_meanwhile(cloud: AwsServer) -> None:
    client = settled(cloud)
    slow(cloud)
    client.modify_replication_group(**NOW, CacheNodeType="cache.m7g.large", SnapshotWindow="03:00-04:00")
    now = look(client)
    assert (now["Status"], now["CacheNodeType"], now["SnapshotWindow"]) == (
        "modifying",
        "cache.t4g.micro",
        "03:00-04:00",
    )
    refused("InvalidReplicationGroupState", client.modify_replication_group, **NOW, SnapshotWindow="05:00-06:00")
    finish(cloud)
    assert look(client)["CacheNodeType"] == "cache.m7g.large"


@corrects(elasticache_changes.groups_change_with_time)
def test_a_change_waits_for_the_window(cloud: AwsServer) -> None:
    client = settled(cloud)
    if not cloud.bare:
        cloud.configure(window_seconds=0.3)
    client.modify_replication_group(**THIS, CacheNodeType="cache.m7g.large")
    assert node(client)["PendingModifiedValues"] == {"CacheNodeType": "cache.m7g.large"}
    assert look(client)["CacheNodeType"] == "cache.t4g.micro"
    time.sleep(0.4)
    assert look(client)["CacheNodeType"] == "cache.m7g.large"


@corrects(elasticache_changes.groups_change_with_time)
def test_what_cannot_be_changed_is_refused(cloud: AwsServer) -> None:
    client = settled(cloud, Engine="valkey", EngineVersion="8.0")
    refused("InvalidParameterCombination", client.modify_replication_group, **NOW, Engine="redis")
    refused("InvalidParameterCombination", client.modify_replication_group, **NOW, EngineVersion="7.2")
    refused("InvalidParameterCombination", client.modify_replication_group, **NOW, AutomaticFailoverEnabled=True)
    rotated = {"AuthToken": "a-token-of-length", "AuthTokenUpdateStrategy": "ROTATE"}
    refused("InvalidParameterCombination", client.modify_replication_group, **NOW, **rotated)


@corrects(elasticache_changes.replicas_come_and_go)
def test_replicas_come_and_go(cloud: AwsServer) -> None:
    client = settled(cloud)
    client.increase_replica_count(**NOW, NewReplicaCount=2)
    finish(cloud)
    assert len(look(client)["MemberClusters"]) == 3
    refused("InvalidParameterValue", client.increase_replica_count, **NOW, NewReplicaCount=1)
    client.modify_replication_group(**NOW, AutomaticFailoverEnabled=True)
    finish(cloud)
    refused("InvalidParameterValue", client.decrease_replica_count, **NOW, NewReplicaCount=0)


@corrects(elasticache_changes.node_groups_come_and_go)
def test_node_groups_come_and_go(cloud: AwsServer) -> None:
    client = settled(cloud, ClusterMode="enabled", AutomaticFailoverEnabled=True)
    client.modify_replication_group_shard_configuration(**NOW, NodeGroupCount=2)
    finish(cloud)
    assert [each["NodeGroupId"] for each in look(client)["NodeGroups"]] == ["0001", "0002"]
    change = client.modify_replication_group_shard_configuration
    refused("InvalidParameterCombination", change, **NOW, NodeGroupCount=1)
    change(**NOW, NodeGroupCount=1, NodeGroupsToRemove=["0002"])


@corrects(elasticache_changes.node_groups_come_and_go)
def test_node_groups_need_cluster_mode(cloud: AwsServer) -> None:
    client = settled(cloud)
    change = client.modify_replication_group_shard_configuration
    refused("InvalidParameterValue", change, **NOW, NodeGroupCount=2)


def group(cloud: AwsServer, *zones: str) -> dict[str, Any]:
    """Parameters of a subnet group in zones of the default VPC."""
    subnets = cloud.client("ec2").describe_subnets()["Subnets"]
    chosen = [each["SubnetId"] for each in subnets if each["AvailabilityZone"][-1] in zones]
    return {"CacheSubnetGroupName": "mine", "CacheSubnetGroupDescription": "mine", "SubnetIds": chosen}


@corrects(elasticache_subnet_groups.subnets_must_exist)
def test_the_subnets_of_a_group_must_exist(cloud: AwsServer) -> None:
    client = cloud.client("elasticache")
    wrong = {**group(cloud), "SubnetIds": ["subnet-00000000000000000"]}
    refused("InvalidSubnet", client.create_cache_subnet_group, **wrong)


@corrects(elasticache_subnet_groups.subnet_groups_can_be_changed)
def test_a_subnet_group_can_be_changed(cloud: AwsServer) -> None:
    client = cloud.client("elasticache")
    client.create_cache_subnet_group(**group(cloud, "a"))
    client.modify_cache_subnet_group(**group(cloud, "a", "b"))
    assert len(client.describe_cache_subnet_groups()["CacheSubnetGroups"][0]["Subnets"]) == 2


@corrects(elasticache_subnet_groups.subnet_groups_can_be_deleted)
def test_a_subnet_group_that_is_not_in_use_can_be_deleted(cloud: AwsServer) -> None:
    client = cloud.client("elasticache")
    this = {"CacheSubnetGroupName": "mine"}
    client.create_cache_subnet_group(**group(cloud, "a"))
    settled(cloud, CacheSubnetGroupName="mine")
    refused("CacheSubnetGroupInUse", client.delete_cache_subnet_group, **this)
    client.delete_replication_group(**THIS)
    finish(cloud)
    client.delete_cache_subnet_group(**this)
    refused("CacheSubnetGroupNotFoundFault", client.delete_cache_subnet_group, **this)
