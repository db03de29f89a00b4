"""What is to be imported: one thing by its id, everything with a tag, or everything in a VPC."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pilothouse.catalog.registry import AnyType, Types
from pilothouse.dataplane.aws.ec2 import Ec2Type
from pilothouse.dataplane.types import Call, Flow, Reading
from pilothouse.importing import arns


@dataclass(frozen=True, slots=True)
class Found:
    """One thing, as its type reads it."""

    type: AnyType
    reading: Reading


def by_id(kind: AnyType, identifier: str) -> Flow[list[Found]]:
    """Read one thing; nothing when there is none."""
    reading = yield from kind.read(identifier)
    return [] if reading is None else [Found(kind, reading)]


def by_tag(types: Types, key: str, value: str) -> Flow[tuple[list[Found], list[str]]]:
    """Find everything with a tag. Returns also the ARNs of what no type of ours is."""
    found: list[Found] = []
    others: list[str] = []
    token: str = ""
    while True:
        page = yield _tagged(key, value, token)
        for line in page["ResourceTagMappingList"]:
            named = yield from arns.identify(line["ResourceARN"])
            things = (yield from by_id(types[named[0]], named[1])) if named and named[0] in types else []
            found += things
            others += [] if things else [line["ResourceARN"]]
        token = page.get("PaginationToken", "")
        if not token:
            return found, others


def _tagged(key: str, value: str, token: str) -> Call:
    parameters: dict[str, Any] = {"TagFilters": [{"Key": key, "Values": [value]}]}
    return Call("resourcegroupstaggingapi", "GetResources", parameters | ({"PaginationToken": token} if token else {}))


def by_vpc(types: Types, vpc: str) -> Flow[list[Found]]:
    """Find a VPC and everything of EC2 in it, what AWS makes by itself left out."""
    found = yield from by_id(types["awsVPC"], vpc)
    for kind in _within_vpcs(types):
        readings = yield from kind.found([{"Name": kind.vpc_filter, "Values": [vpc]}])
        found += [Found(kind, reading) for reading in readings if not kind.made_by_aws(reading)]
    return found


def _within_vpcs(types: Types) -> Iterator[Ec2Type[Any]]:
    for kind in types.values():
        if isinstance(kind, Ec2Type) and kind.vpc_filter:
            yield kind
