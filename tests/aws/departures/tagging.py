"""The Resource Groups Tagging API: listing by tag what other services list without tags."""

from __future__ import annotations

import base64
from typing import Any

from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World

HONOURED = {"PaginationToken", "ResourceTypeFilters", "ResourcesPerPage", "TagFilters"}


@departure("resourcegroupstaggingapi", "GetResources")
def pages_stay_true(call: Call, _world: World, _proceed: Proceed) -> object:
    """A page is as long as was asked for, and its token stays good while things come and go.

    moto ends a page with its hundredth tag, keeps an iterator for each token, and breaks when anything is made or goes
    meanwhile.
    """
    unknown = sorted(set(call.parameters) - HONOURED)
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    limit, after = call.parameters.get("ResourcesPerPage", 50), _after(call.parameters.get("PaginationToken"))
    if not 1 <= limit <= 100:
        raise AwsError("InvalidParameterException", "ResourcesPerPage must be between 1 and 100")
    backend: Any = resourcegroupstaggingapi_backends[call.account][call.region]
    found = backend._get_resources_generator(
        tag_filters=call.parameters.get("TagFilters", []),
        resource_type_filters=call.parameters.get("ResourceTypeFilters", []),
    )
    tags = {each.arn: dict(each.tags) for each in found}
    rest = sorted(arn for arn in tags if arn > after)
    page = [{"ResourceARN": arn, "Tags": _pairs(tags[arn])} for arn in rest[:limit]]
    last = rest[limit - 1] if len(rest) > limit else ""
    return {"ResourceTagMappingList": page, "PaginationToken": base64.b64encode(last.encode()).decode()}


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _after(token: str | None) -> str:
    try:
        return base64.b64decode(token or "", validate=True).decode()
    except ValueError:
        raise AwsError("PaginationTokenExpiredException", "Token does not exist") from None
