"""ElastiCache: subnet groups, which moto makes of any subnets, and can neither change nor delete."""

from __future__ import annotations

from typing import Any

from moto.elasticache.models import CacheSubnetGroup

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, ec2, elasticache


@departure("elasticache", "CreateCacheSubnetGroup", "ModifyCacheSubnetGroup")
def subnets_must_exist(call: Call, _world: World, proceed: Proceed) -> object:
    """Subnets that do not exist are refused; moto makes some up."""
    known = {subnet.id for zone in ec2(call).subnets.values() for subnet in zone.values()}
    missing = [each for each in call.parameters["SubnetIds"] if each not in known]
    if missing:
        raise AwsError("InvalidSubnet", f"The subnet {missing[0]} is invalid.")
    return proceed()


@departure("elasticache", "ModifyCacheSubnetGroup")
def subnet_groups_can_be_changed(call: Call, _world: World, _proceed: Proceed) -> object:
    """Description and subnets can be changed; moto does not have the operation."""
    group, given = _group(call), call.parameters
    new = CacheSubnetGroup(
        call.account,
        call.region,
        given["CacheSubnetGroupName"],
        given.get("CacheSubnetGroupDescription", group.cache_subnet_group_description),
        given["SubnetIds"],
        group.tags,
    )
    elasticache(call).cache_subnet_groups[new.cache_subnet_group_name] = new
    return {"CacheSubnetGroup": new}


@departure("elasticache", "DeleteCacheSubnetGroup")
def subnet_groups_can_be_deleted(call: Call, _world: World, _proceed: Proceed) -> object:
    """A group that nothing lives in can be deleted; moto does not have the operation."""
    group, backend = _group(call), elasticache(call)
    name = group.cache_subnet_group_name
    if any(each.cache_subnet_group_name == name for each in backend.replication_groups.values()):
        raise AwsError("CacheSubnetGroupInUse", f"Cache Subnet Group {name} is currently in use by a cache cluster.")
    del backend.cache_subnet_groups[name]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    return {}


def _group(call: Call) -> Any:
    name, groups = call.parameters["CacheSubnetGroupName"], elasticache(call).cache_subnet_groups
    if name not in groups:
        raise AwsError("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist.")
    return groups[name]
