"""Caches as values: states, what waits, tokens, and what is sent in which order."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import passwords
from pilothouse.dataplane.aws.types.cache import Cache
from pilothouse.dataplane.aws.types.cache_subnet_group import CacheSubnetGroup
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, HealthState, Listed, Reading, Sensitive
from tests.unit.dataplane.aws.replies import MARK, drive, want

CACHE, PASSWORD = Cache(), Sensitive("P4ssw0rd")
GROUP: dict[str, Any] = {
    "ReplicationGroupId": "cart",
    "ARN": "arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:cart",
    "Description": "Made by Pilothouse",
    "Status": "available",
    "Engine": "redis",
    "CacheNodeType": "cache.t4g.micro",
    "AutomaticFailover": "disabled",
    "MultiAZ": "disabled",
    "SnapshotRetentionLimit": 0,
    "AtRestEncryptionEnabled": True,
    "TransitEncryptionEnabled": True,
    "AuthTokenEnabled": True,
    "AutoMinorVersionUpgrade": True,
    "ReplicationGroupCreateTime": dt.datetime(2026, 11, 25, 12, 30, 15, 250, tzinfo=dt.UTC),
    "MemberClusters": ["cart-001"],
    "NodeGroups": [
        {
            "NodeGroupId": "0001",
            "NodeGroupMembers": [{}],
            "PrimaryEndpoint": {"Address": "master.cart", "Port": 6379},
        }
    ],
}
NODE: dict[str, Any] = {"EngineVersion": "7.1.0", "PreferredMaintenanceWindow": "sun:05:00-sun:06:00"}
MINIMAL = {"cacheNodeType": "cache.t4g.micro"}


def cache(node: dict[str, Any] | None = None, digest: str = "", **changed: Any) -> Reading:
    """Read a cache that ElastiCache describes so."""
    tag = {"Key": passwords.TAG, "Value": digest or passwords.digest(PASSWORD)}
    replies: dict[str, Any] = {
        "DescribeReplicationGroups": {"ReplicationGroups": [GROUP | changed]},
        "ListTagsForResource": {"TagList": [tag]},
        "DescribeCacheClusters": {"CacheClusters": [NODE | (node or {})]},
    }
    reading, _ = drive(CACHE.read("cart"), lambda call: replies[call.operation])
    assert isinstance(reading, Reading)
    return reading


def reply(call: Call) -> Any:
    """Answer as ElastiCache does of the cache as it is."""
    tag = {"Key": passwords.TAG, "Value": passwords.digest(PASSWORD)}
    return {
        "DescribeReplicationGroups": {"ReplicationGroups": [GROUP]},
        "ListTagsForResource": {"TagList": [tag]},
        "DescribeCacheClusters": {"CacheClusters": [NODE]},
    }[call.operation]


def wanted(**settings: Any) -> Any:
    return replace(want(CACHE, **{**MINIMAL, **settings}), password=PASSWORD)


def paths(have: Reading, **settings: Any) -> list[str]:
    return [change.path for change in CACHE.changes(wanted(**settings), have, frozenset())]


def sends(have: Reading, **settings: Any) -> tuple[Call, ...]:
    return CACHE.update(have, wanted(**settings), frozenset())


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("available", HealthState.READY),
        ("snapshotting", HealthState.READY),
        ("creating", HealthState.PROGRESSING),
        ("modifying", HealthState.PROGRESSING),
        ("create-failed", HealthState.FAILED),
        ("deleting", HealthState.DELETING),
    ],
)
def test_a_state_is_told_in_our_words(status: str, state: HealthState) -> None:
    assert cache(Status=status).health.state is state


def test_nothing_is_sent_while_elasticache_would_refuse_it() -> None:
    busy = cache(Status="modifying")
    assert sends(busy, multiAZEnabled=True, automaticFailoverEnabled=True, replicasPerNodeGroup=1) == ()
    assert CACHE.delete_but_snapshot(busy) == ()
    assert CACHE.delete(cache(Status="deleting")) == ()


def test_a_new_one_has_no_nodes_and_listens_nowhere() -> None:
    new = cache(Status="creating", MemberClusters=[], NodeGroups=[])
    assert set(new.outputs) == {"id", "arn"}


def test_a_clustered_one_is_reached_by_its_configuration() -> None:
    endpoint = {"Address": "clustercfg.cart", "Port": 6379}
    outputs = cache(ConfigurationEndpoint=endpoint, ClusterEnabled=True).outputs
    assert (outputs["address"], outputs["readerAddress"]) == ("clustercfg.cart", "clustercfg.cart")


def test_what_waits_is_no_difference_unless_it_is_wanted_now() -> None:
    waiting = cache({"PendingModifiedValues": {"CacheNodeType": "cache.m7g.large"}})
    assert "cacheNodeType: ElastiCache applies this" in waiting.health.message
    assert paths(waiting, cacheNodeType="cache.m7g.large") == []
    assert paths(waiting, cacheNodeType="cache.m7g.large", applyImmediately=True) == ["cacheNodeType"]
    assert paths(waiting) == ["cacheNodeType"], "it is called off"


def test_a_version_of_another_engine_is_another() -> None:
    assert paths(cache(), engineVersion="7.1") == []
    assert paths(cache(), engine="valkey", engineVersion="7") == ["engine", "engineVersion"]


def test_settings_come_before_tokens_and_replicas_before_what_needs_them() -> None:
    theirs = cache(digest="0000")
    (call,) = sends(theirs, snapshotRetentionLimit=3)
    assert "AuthToken" not in call.parameters
    (call,) = sends(cache(), replicasPerNodeGroup=1, automaticFailoverEnabled=True)
    assert call.operation == "IncreaseReplicaCount"
    (call,) = sends(
        cache(AutomaticFailover="enabled", NodeGroups=[{"NodeGroupId": "0001", "NodeGroupMembers": [{}, {}]}])
    )
    assert call.operation == "ModifyReplicationGroup"


def test_security_groups_have_no_order() -> None:
    have = cache({"SecurityGroups": [{"SecurityGroupId": "sg-2"}, {"SecurityGroupId": "sg-1"}]})
    assert paths(have, securityGroups=[{"id": "sg-2"}, {"id": "sg-1"}]) == []
    (call,) = sends(have, securityGroups=[{"id": "sg-1"}])
    assert call.parameters["SecurityGroupIds"] == ["sg-1"]


def test_a_last_snapshot_is_of_this_very_cache() -> None:
    (call,) = CACHE.delete_but_snapshot(cache())
    assert call.parameters["FinalSnapshotIdentifier"] == "cart-final-20261125123015"


def test_a_create_asks_for_a_token_only_where_the_transit_is_encrypted() -> None:
    with_token, without = CACHE.create(wanted()), CACHE.create(wanted(transitEncryptionEnabled=False))
    assert with_token.parameters["AuthToken"] == PASSWORD
    assert passwords.TAG in {tag["Key"] for tag in with_token.parameters["Tags"]}
    assert "AuthToken" not in without.parameters
    assert passwords.TAG not in {tag["Key"] for tag in without.parameters["Tags"]}


def test_a_token_that_is_left_alone_is_no_output() -> None:
    theirs = cache(digest="0000")
    assert paths(theirs) == ["authToken"]
    assert paths(theirs, generateAuthToken=False) == []
    assert CACHE.secrets(wanted(generateAuthToken=False)) == {"password": ""}
    assert (CACHE.impact("authToken"), CACHE.impact("snapshotWindow")) == ("Disruptive", "None")


def test_what_is_gone_reads_as_nothing_and_names_tell_whose_it_is() -> None:
    assert drive(CACHE.find(wanted()), lambda _: NotFound("gone"))[0] == ()
    lines = [*CACHE.listed({"ReplicationGroups": [GROUP]}), Listed(CACHE.name(MARK.owner, "cart"))]
    assert [CACHE.ours(line, MARK.owner.control_plane) for line in lines] == [False, True]
    assert CacheSubnetGroup().kind == "awsCacheSubnetGroup"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"numNodeGroups": 2}, "numNodeGroups"),
        ({"clusterMode": "enabled"}, "automaticFailoverEnabled"),
        ({"automaticFailoverEnabled": True}, "replicasPerNodeGroup"),
        ({"multiAZEnabled": True}, "multiAZEnabled"),
        (
            {"atRestEncryptionEnabled": False, "kmsKeyID": "arn:aws:kms:eu-west-1:123456789012:key/1"},
            "kmsKeyID",
        ),
    ],
)
def test_a_rule_that_is_broken_is_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=f"{message}: "):
        wanted(**settings)


def test_a_token_is_rotated_and_then_alone() -> None:
    modify, tag = sends(cache(digest="0000"))
    digest = passwords.digest(PASSWORD)
    assert modify.parameters["AuthTokenUpdateStrategy"] == "ROTATE"
    assert tag.parameters["Tags"] == [{"Key": passwords.TAG, "Value": f"rotating:{digest}"}]
    modify, tag = sends(cache(digest=f"rotating:{digest}"))
    assert modify.parameters["AuthTokenUpdateStrategy"] == "SET"
    assert tag.parameters["Tags"] == [{"Key": passwords.TAG, "Value": digest}]
    assert sends(cache(digest="0000", AuthTokenEnabled=False))[0].parameters["AuthTokenUpdateStrategy"] == "SET"
    assert sends(cache()) == ()


def test_it_is_listed_created_deleted_and_adopted() -> None:
    assert CACHE.listing("control-plane-1").operation == "DescribeReplicationGroups"
    assert CACHE.created({"ReplicationGroup": GROUP}) == "cart"
    (gone,) = CACHE.delete(cache())
    assert gone.parameters == {"ReplicationGroupId": "cart"}
    found, _ = drive(CACHE.find(wanted()), reply)
    assert [each.spec for each in found] == [cache().spec]
    (tagged,) = CACHE.adopt(cache(), wanted())
    assert {"Key": "pilothouse.dev/resource", "Value": "orders"} in tagged.parameters["Tags"]
