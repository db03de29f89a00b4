"""EC2 DescribeInstances: filters and pages. moto's page tokens break when anything changes between two pages."""

from __future__ import annotations

import base64
from typing import Any

from moto.ec2.utils import filter_dict_attribute_mapping, is_tag_filter

from tests.aws.departures import Proceed, departure
from tests.aws.departures.lifecycle import named_instances
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World, ec2

LARGEST_PAGE = 1000

# moto answers 500 to this filter.
filter_dict_attribute_mapping["client-token"] = "client_token"


@departure("ec2", "DescribeInstances")
def listings_stay_true(call: Call, world: World, _proceed: Proceed) -> object:
    """A page token stays good when instances change state or vanish meanwhile; moto answers 500.

    Without MaxResults there is one page, MaxResults is 5 or more, and the filter `client-token` works.
    """
    ids, filters, limit = named_instances(call), _filters(call), _page_size(call)
    backend = ec2(call)
    for each in backend.reservations:
        world.position(each)
    if ids:
        found = backend.get_reservations_by_instance_ids(ids, filters=filters)
    else:
        found = backend.describe_instances(filters=filters)
    after = _after(call.parameters.get("NextToken"))
    rest = [each for each in found if world.position(each.id) > after]
    result: dict[str, Any] = {"Reservations": rest[:limit]}
    if len(rest) > limit:
        last = world.position(rest[limit - 1].id)
        result["NextToken"] = base64.urlsafe_b64encode(f"after {last}".encode()).decode()
    return result


def _filters(call: Call) -> dict[str, list[str]]:
    filters = {each["Name"]: each.get("Values", []) for each in call.parameters.get("Filters", ())}
    unknown = [each for each in filters if not is_tag_filter(each) and each not in filter_dict_attribute_mapping]
    if unknown:
        raise NotEmulatedError(f"the filter {unknown[0]}")
    return filters


def _page_size(call: Call) -> int:
    limit: int = call.parameters.get("MaxResults", LARGEST_PAGE)
    if "MaxResults" in call.parameters and "InstanceIds" in call.parameters:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
    if limit < 5:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ( {limit} ) for parameter maxResults is invalid. Expecting a value greater than 5.",
        )
    return min(limit, LARGEST_PAGE)


def _after(token: str | None) -> int:
    if not token:
        return -1
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("after "))
    except ValueError:
        raise AwsError("InvalidNextToken", f"The token '{token}' is not valid.") from None
