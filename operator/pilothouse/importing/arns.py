"""Which type a thing is of, and what its type knows it by, told from its Amazon Resource Name."""

from collections.abc import Mapping
from typing import Final

from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Flow

_BY_ID: Final[Mapping[str, str]] = {
    "elastic-ip": "awsElasticIP",
    "instance": "awsInstance",
    "internet-gateway": "awsInternetGateway",
    "launch-template": "awsLaunchTemplate",
    "natgateway": "awsNATGateway",
    "route-table": "awsRouteTable",
    "security-group": "awsSecurityGroup",
    "subnet": "awsSubnet",
    "volume": "awsVolume",
    "vpc": "awsVPC",
}
"""Things of EC2: their identifier is the last part of the ARN."""

_WHOLE: Final[Mapping[str, str]] = {"loadbalancer": "awsLoadBalancer", "targetgroup": "awsTargetGroup"}
"""Things of Elastic Load Balancing: their identifier is the ARN."""

_BY_NAME: Final[Mapping[tuple[str, str], str]] = {
    ("cluster", "rds"): "awsDatabaseCluster",
    ("db", "rds"): "awsDatabase",
    ("replicationgroup", "elasticache"): "awsCache",
    ("subgrp", "rds"): "awsDatabaseSubnetGroup",
    ("subnetgroup", "elasticache"): "awsCacheSubnetGroup",
}
"""Things of RDS and ElastiCache: their identifier is their name, the last part of the ARN."""


def identify(arn: str) -> Flow[tuple[str, str] | None]:
    """Return the type block's name and the identifier; None for what no type of ours is."""
    _, _, service, _, _, rest = arn.split(":", 5)
    kind, _, name = rest.partition("/")
    match service:
        case "ec2":
            return (_BY_ID[kind], name) if kind in _BY_ID else None
        case "elasticloadbalancing":
            return (_WHOLE[kind], arn) if kind in _WHOLE else None
        case "sqs":
            return (yield from _queue(rest))
        case "sns":
            return "awsTopic", arn
        case "s3":
            return "awsBucket", rest
        case "dynamodb" if kind == "table":
            return "awsTable", name
        case "iam" if kind == "role":
            return "awsRole", rest.rpartition("/")[2]
        case "rds" | "elasticache":
            kind, _, name = rest.partition(":")
            return (_BY_NAME[kind, service], name) if (kind, service) in _BY_NAME else None
        case _:
            return None


def _queue(name: str) -> Flow[tuple[str, str] | None]:
    """A queue is known by its URL, which only SQS tells."""
    try:
        reply = yield Call("sqs", "GetQueueUrl", {"QueueName": name})
    except NotFound:
        return None
    return "awsQueue", reply["QueueUrl"]
