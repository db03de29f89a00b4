"""What is found by an id, a tag or a VPC, and which type each thing is of."""

from typing import Any, TypeVar

import pytest

from pilothouse.catalog.registry import TYPES
from pilothouse.dataplane.errors import DataplaneError, NotFound
from pilothouse.dataplane.types import Call, Flow
from pilothouse.importing import arns, finding
from pilothouse.importing.finding import Found

T = TypeVar("T")

VPC = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "InstanceTenancy": "default", "State": "available"}
ATTRIBUTES = {name: {"Value": False} for name in ("EnableDnsSupport", "EnableDnsHostnames")}
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
URL = "https://sqs.example/orders"


def answer(call: Call) -> Any:
    """A small account: a VPC and a queue."""
    asked = call.parameters
    match call.operation:
        case "DescribeVpcs":
            return {"Vpcs": [VPC] if asked["VpcIds"] == ["vpc-1"] else []}
        case "DescribeVpcAttribute":
            return {**ATTRIBUTES, "EnableNetworkAddressUsageMetrics": {"Value": False}}
        case "GetQueueUrl":
            return {"QueueUrl": URL} if asked["QueueName"] == "orders" else NotFound("no")
        case "GetQueueAttributes":
            return {"Attributes": {"QueueArn": QUEUE, "VisibilityTimeout": "77"}}
        case "ListQueueTags":
            return {"Tags": {"team": "shop"}}
        case "GetResources" if "PaginationToken" not in asked:
            lines = [{"ResourceARN": QUEUE}, {"ResourceARN": "arn:aws:kms:eu-west-1:123456789012:key/1"}]
            return {"ResourceTagMappingList": lines, "PaginationToken": "more"}
        case "GetResources":
            line = {"ResourceARN": "arn:aws:kms:eu-west-1:123456789012:key/2"}
            return {"ResourceTagMappingList": [line], "PaginationToken": ""}
        case _:
            return {}


def drive(flow: Flow[T]) -> T:
    """Answer every call of a flow."""
    reply: Any = None
    while True:
        try:
            call = flow.throw(reply) if isinstance(reply, DataplaneError) else flow.send(reply)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        reply = answer(call)


def ids(found: list[Found]) -> list[tuple[str, str]]:
    return [(one.type.kind, one.reading.id) for one in found]


ARNS = {
    "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1": ("awsSubnet", "subnet-1"),
    "arn:aws:ec2:eu-west-1:123456789012:key-pair/key-1": None,
    "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/web/1": (
        "awsLoadBalancer",
        "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/web/1",
    ),
    "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/web/1/2": None,
    QUEUE: ("awsQueue", URL),
    "arn:aws:sqs:eu-west-1:123456789012:gone": None,
    "arn:aws:sns:eu-west-1:1:news": ("awsTopic", "arn:aws:sns:eu-west-1:1:news"),
    "arn:aws:s3:::images": ("awsBucket", "images"),
    "arn:aws:dynamodb:eu-west-1:1:table/cart": ("awsTable", "cart"),
    "arn:aws:dynamodb:eu-west-1:1:backup/cart": None,
    "arn:aws:iam::1:role/pilothouse/ph1a2b3c/reader": ("awsRole", "reader"),
    "arn:aws:iam::1:policy/reader": None,
    "arn:aws:rds:eu-west-1:1:db:catalog": ("awsDatabase", "catalog"),
    "arn:aws:rds:eu-west-1:1:cluster:catalog": ("awsDatabaseCluster", "catalog"),
    "arn:aws:rds:eu-west-1:1:subgrp:catalog": ("awsDatabaseSubnetGroup", "catalog"),
    "arn:aws:rds:eu-west-1:1:snapshot:catalog": None,
    "arn:aws:elasticache:eu-west-1:1:replicationgroup:cart": ("awsCache", "cart"),
    "arn:aws:elasticache:eu-west-1:1:user:cart": None,
}


@pytest.mark.parametrize(("arn", "expected"), ARNS.items())
def test_an_arn_tells_type_and_identifier(arn: str, expected: tuple[str, str] | None) -> None:
    assert drive(arns.identify(arn)) == expected


def test_one_thing_is_read_by_its_id() -> None:
    assert ids(drive(finding.by_id(TYPES["awsVPC"], "vpc-1"))) == [("awsVPC", "vpc-1")]
    assert drive(finding.by_id(TYPES["awsVPC"], "vpc-2")) == []


def test_everything_with_a_tag_is_found_page_by_page_and_what_has_no_type_is_told() -> None:
    found, others = drive(finding.by_tag(TYPES, "team", "shop"))
    assert ids(found) == [("awsQueue", URL)]
    assert others == [f"arn:aws:kms:eu-west-1:123456789012:key/{number}" for number in (1, 2)]


def test_a_vpc_is_found_with_what_is_in_it() -> None:
    """Nothing is in this one."""
    assert ids(drive(finding.by_vpc(TYPES, "vpc-1"))) == [("awsVPC", "vpc-1")]
