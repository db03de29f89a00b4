"""What settings of AWS types refer to: each says which type a `ref` must be of, and which output it stands for."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from pilothouse.dataplane.types import Reference

R = TypeVar("R", bound=Reference)


def ordered(found: Iterable[R]) -> tuple[R, ...]:
    """Sort references: AWS keeps no order of what a thing refers to."""
    return tuple(sorted(found, key=lambda each: str(each.value)))


class VPC(Reference):
    """A VPC."""

    to: ClassVar[str] = "awsVPC"


class Subnet(Reference):
    """A subnet."""

    to: ClassVar[str] = "awsSubnet"


class InternetGateway(Reference):
    """An internet gateway."""

    to: ClassVar[str] = "awsInternetGateway"


class NATGateway(Reference):
    """A NAT gateway."""

    to: ClassVar[str] = "awsNATGateway"


class ElasticIP(Reference):
    """An Elastic IP address, by its allocation id."""

    to: ClassVar[str] = "awsElasticIP"


class SecurityGroup(Reference):
    """A security group."""

    to: ClassVar[str] = "awsSecurityGroup"


class PeerGroup(SecurityGroup):
    """A security group that a rule names. Rules come after groups, so groups may name each other and themselves."""

    late: ClassVar[bool] = True


class Instance(Reference):
    """An instance."""

    to: ClassVar[str] = "awsInstance"


class LaunchTemplate(Reference):
    """A launch template."""

    to: ClassVar[str] = "awsLaunchTemplate"


class LaunchTemplateVersion(Reference):
    """A launch template's default version, by its number."""

    to: ClassVar[str] = "awsLaunchTemplate"
    output: ClassVar[str] = "defaultVersion"


class TargetGroup(Reference):
    """A target group, by its ARN, which is its identifier."""

    to: ClassVar[str] = "awsTargetGroup"


class Bucket(Reference):
    """A bucket, by its name, which is its identifier."""

    to: ClassVar[str] = "awsBucket"


class QueueARN(Reference):
    """A queue, by its ARN."""

    to: ClassVar[str] = "awsQueue"
    output: ClassVar[str] = "arn"


class InstanceProfile(Reference):
    """The instance profile of a role, by its name."""

    to: ClassVar[str] = "awsRole"
    output: ClassVar[str] = "instanceProfileName"


class DatabaseSubnetGroup(Reference):
    """A subnet group of RDS, by its name, which is its identifier."""

    to: ClassVar[str] = "awsDatabaseSubnetGroup"


class CacheSubnetGroup(Reference):
    """A subnet group of ElastiCache, by its name, which is its identifier."""

    to: ClassVar[str] = "awsCacheSubnetGroup"


class RoleARN(Reference):
    """A role, by its ARN."""

    to: ClassVar[str] = "awsRole"
    output: ClassVar[str] = "arn"
