"""The benchmark of reads counts what the Controller would send: its clock, its pages and its rota are the real ones."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from pilothouse.dataplane.aws.types.queue import Queue
from pilothouse.dataplane.aws.types.vpc import VPC
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import Call, Listed, Reading
from tests.bench.reads import virtual
from tests.bench.reads.creating import Made, spelled
from tests.bench.reads.watching import Echo, Many, an_hour, page_size, polled

URL = "https://sqs.example/orders"
ATTRIBUTES = {"QueueArn": "arn:aws:sqs:eu-west-1:123456789012:orders"}


def queues() -> Made:
    """A queue: a listing shows its name, and two calls the rest."""
    answers: dict[str, Any] = {
        spelled(Call("sqs", "GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": ["All"]})): {
            "Attributes": ATTRIBUTES
        },
        spelled(Call("sqs", "ListQueueTags", {"QueueUrl": URL})): {},
    }
    return Made(Queue(), {}, Listed(URL), URL, answers)


def vpcs() -> Made:
    """A VPC that a listing shows in full."""
    return Made(VPC(), {}, Listed("vpc-1", Reading("vpc-1", None)), "vpc-1", {"describe": {}})


def test_what_a_listing_shows_in_full_costs_a_page_a_sweep() -> None:
    calls = an_hour([vpcs()], {"awsVPC": 1_000})
    assert 55 <= calls <= 66, "sixty sweeps, give or take a tenth"
    assert an_hour([vpcs()], {"awsVPC": 1_001}) > 1.8 * calls, "one more is another page"


def test_what_a_listing_shows_by_name_is_read_within_the_budget() -> None:
    calls = an_hour([queues()], {"awsQueue": 400})
    assert 0.95 <= (calls - 60) / (2 * 8 * 60) <= 1.05, "eight a minute, by two calls each"
    calls = an_hour([queues()], {"awsQueue": 900})
    assert 0.95 <= (calls - 60) / (2 * 10 * 60) <= 1.05, "ten, so that each is read within ninety minutes"


def test_a_type_of_which_there_is_nothing_is_listed_now_and_then() -> None:
    calls = an_hour([queues(), vpcs()], {"awsVPC": 1})
    assert 69 <= calls <= 82, "sixty times what there is, and fifteen times the other"


def test_polling_is_reckoned_by_the_calls_of_a_check() -> None:
    assert polled([queues(), vpcs()], {"awsQueue": 10}, 60.0) == 10 * 2 * 60


def test_an_hour_of_waiting_takes_no_time() -> None:
    began = time.monotonic()
    virtual.run(asyncio.sleep(3600))
    assert time.monotonic() - began < 10


def test_a_listing_that_aws_does_not_cut_is_one_page() -> None:
    assert page_size(Call("ec2", "DescribeAddresses")) == 0
    assert page_size(Queue().listing("cp")) == 1_000
    assert page_size(Call("iam", "ListRoles")) == 50


async def test_an_answer_that_was_an_error_is_one_again() -> None:
    """What AWS refused when it was asked is refused each time, and counted."""
    refused = Made(Queue(), {}, Listed(URL), URL, {call: NotFound("gone") for call in queues().answers})
    many = Many(refused, 3)
    echo = Echo([many], [refused])
    assert await run(many.read(f"{URL}-2"), echo.send) is None
    assert echo.calls == 1
