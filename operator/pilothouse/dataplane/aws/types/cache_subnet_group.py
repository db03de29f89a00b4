"""Subnet groups of Amazon ElastiCache: where caches may be. See `subnet_groups`."""

from typing import ClassVar

from pilothouse.dataplane.aws.subnet_groups import SubnetGroupType


class CacheSubnetGroup(SubnetGroupType):
    """A subnet group of ElastiCache."""

    kind = "awsCacheSubnetGroup"
    service: ClassVar[str] = "elasticache"
    prefix: ClassVar[str] = "Cache"
    arn_key: ClassVar[str] = "ARN"
