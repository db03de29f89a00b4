"""The resource types that an Application may ask for: one line each, in alphabetical order.

Types are pure, so knowing them all costs nothing; the SDKs that carry out their calls are loaded with the first Cell
of their cloud.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pilothouse.api.application import Resource
from pilothouse.dataplane.aws.types.auto_scaling_group import AutoScalingGroup
from pilothouse.dataplane.aws.types.bucket import Bucket
from pilothouse.dataplane.aws.types.cache import Cache
from pilothouse.dataplane.aws.types.cache_subnet_group import CacheSubnetGroup
from pilothouse.dataplane.aws.types.database import Database
from pilothouse.dataplane.aws.types.database_cluster import DatabaseCluster
from pilothouse.dataplane.aws.types.database_subnet_group import DatabaseSubnetGroup
from pilothouse.dataplane.aws.types.elastic_ip import ElasticIP
from pilothouse.dataplane.aws.types.instance import Instance
from pilothouse.dataplane.aws.types.internet_gateway import InternetGateway
from pilothouse.dataplane.aws.types.launch_template import LaunchTemplate
from pilothouse.dataplane.aws.types.load_balancer import LoadBalancer
from pilothouse.dataplane.aws.types.nat_gateway import NATGateway
from pilothouse.dataplane.aws.types.queue import Queue
from pilothouse.dataplane.aws.types.role import Role
from pilothouse.dataplane.aws.types.route_table import RouteTable
from pilothouse.dataplane.aws.types.security_group import SecurityGroup
from pilothouse.dataplane.aws.types.subnet import Subnet
from pilothouse.dataplane.aws.types.table import Table
from pilothouse.dataplane.aws.types.target_group import TargetGroup
from pilothouse.dataplane.aws.types.topic import Topic
from pilothouse.dataplane.aws.types.volume import Volume
from pilothouse.dataplane.aws.types.vpc import VPC
from pilothouse.dataplane.types import ResourceType

AnyType = ResourceType[Any]
Types = Mapping[str, AnyType]


class UnknownTypeError(LookupError):
    """No resource type has that name. The message names those that exist."""


class TypeClashError(ValueError):
    """A resource type has a name that is taken, or that no type block can have."""


def registry(types: Iterable[AnyType]) -> Types:
    """Return `types` by kind, sorted. Raises TypeClashError."""
    found: dict[str, AnyType] = {}
    reserved = {field.alias or name for name, field in Resource.model_fields.items()}
    for one in types:
        if one.kind in reserved:
            raise TypeClashError(
                f"{type(one).__name__}.kind: {one.kind!r} is a field of every resource: choose another"
            )
        if one.kind in found:
            other = type(found[one.kind]).__name__
            raise TypeClashError(f"{type(one).__name__}.kind: {one.kind!r} is {other}'s already: choose another")
        found[one.kind] = one
    return MappingProxyType(dict(sorted(found.items())))


TYPES: Final = registry((
    AutoScalingGroup(),
    Bucket(),
    Cache(),
    CacheSubnetGroup(),
    Database(),
    DatabaseCluster(),
    DatabaseSubnetGroup(),
    ElasticIP(),
    Instance(),
    InternetGateway(),
    LaunchTemplate(),
    LoadBalancer(),
    NATGateway(),
    Queue(),
    Role(),
    RouteTable(),
    SecurityGroup(),
    Subnet(),
    Table(),
    TargetGroup(),
    Topic(),
    VPC(),
    Volume(),
))  # fmt: skip
"""Every registered type by kind: the type block's name, such as awsQueue."""


def resource_type(kind: str, types: Types = TYPES) -> AnyType:
    """Return the type whose block is called `kind`. Raises UnknownTypeError."""
    if kind not in types:
        raise UnknownTypeError(f"type {kind!r} does not exist: use one of {', '.join(types)}")
    return types[kind]
