"""Subnet groups of Amazon RDS: where databases may be. See `subnet_groups`."""

from typing import ClassVar

from pilothouse.dataplane.aws.subnet_groups import SubnetGroupType


class DatabaseSubnetGroup(SubnetGroupType):
    """A subnet group of RDS."""

    kind = "awsDatabaseSubnetGroup"
    service: ClassVar[str] = "rds"
    prefix: ClassVar[str] = "DB"
    arn_key: ClassVar[str] = "DBSubnetGroupArn"
