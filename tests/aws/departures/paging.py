"""Listings that moto always answers in one page, whatever was asked for."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from botocore.loaders import Loader

from tests.aws.departures import Proceed, departure
from tests.aws.staleness import identity
from tests.aws.wire import AwsError, Call, Reply, parsed
from tests.aws.world import World


@departure(
    "ec2",
    "DescribeInternetGateways",
    "DescribeLaunchTemplates",
    "DescribeNatGateways",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVolumes",
    "DescribeVpcs",
)
@departure("elbv2", "DescribeTargetGroups")
@departure("rds", "DescribeDBClusters", "DescribeDBSubnetGroups")
def every_listing_has_pages(call: Call, _world: World, proceed: Proceed) -> object:
    """A page is as long as was asked for, and its token stays good while things come and go."""
    pager = _pager(call.service, call.operation)
    limit, token = call.parameters.get(pager["limit_key"]), call.parameters.get(pager["input_token"])
    reply = proceed()
    if not reply.ok or limit is None:
        return reply
    return _cut(call, reply, int(limit), _after(token))


def _cut(call: Call, reply: Reply, limit: int, after: str) -> dict[str, Any]:
    pager, result = _pager(call.service, call.operation), parsed(call, reply)
    result.pop("ResponseMetadata", None)
    rest = [each for each in sorted(result.get(pager["result_key"], ()), key=identity) if identity(each) > after]
    result[pager["result_key"]] = rest[:limit]
    if len(rest) > limit:
        last = f"after {identity(rest[limit - 1])}"
        result[pager["output_token"]] = base64.urlsafe_b64encode(last.encode()).decode()
    return result


@cache
def _pager(service: str, operation: str) -> dict[str, Any]:
    pagers: dict[str, Any] = Loader().load_service_model(service, "paginators-1")["pagination"]
    return dict(pagers[operation])


def _after(token: str | None) -> str:
    if token is None:
        return ""
    try:
        return base64.urlsafe_b64decode(token).decode().removeprefix("after ")
    except ValueError:
        raise AwsError("InvalidNextToken", f"The token '{token}' is not valid.") from None
