"""Topics: two names for one resource, and subscriptions that somebody has to confirm or that come and go one by one."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.types import Reading, Want
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.topic import EXAMPLE, SETTINGS, subscriptions
from tests.contract.aws.flight import Flight

MAIL = {"protocol": "email", "endpoint": "ops@example.com"}


@pytest.fixture
def example() -> Example:
    return EXAMPLE


async def test_a_fifo_topic_is_found_after_its_spec_became_another(flight: Flight) -> None:
    """The reply to its create was lost, then somebody took `fifo` out again: it must not be left behind."""
    have = await flight.create(flight.want({"fifo": True}))
    assert have.outputs["name"].endswith(".fifo")
    assert [found.id for found in await flight.find(flight.want())] == [have.id]
    assert flight.paths(flight.want(), have) == {"fifo"}


async def test_what_waits_to_be_confirmed_is_no_drift_and_nobody_is_asked_twice(flight: Flight, aws: AwsServer) -> None:
    """Whoever reads that mailbox would get a mail with every pass."""
    want = flight.want({"subscriptions": [MAIL]})
    have = await flight.create(want)
    assert have.health.message == "not confirmed yet: ops@example.com"
    assert flight.example.type.update(have, want, frozenset()) == ()
    assert len(aws.journal("sns:Subscribe")) == 1


async def test_what_was_confirmed_gets_the_settings_that_changed_meanwhile(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"subscriptions": [MAIL]}))
    later = flight.want({"subscriptions": [{**MAIL, "filterPolicy": '{"urgent": ["yes"]}'}]})
    assert flight.paths(later, have) == set(), "it has no ARN yet by which it could be changed"
    aws.client("sns").confirm_subscription(TopicArn=have.id, Token="ops@example.com")
    assert flight.paths(later, await flight.read(have.id)) == {"subscriptions"}
    assert (await flight.settle(have.id, later)).health.message == ""


async def test_what_nobody_confirms_and_nobody_wants_is_left_to_sns(flight: Flight) -> None:
    """It has no ARN by which to be removed; SNS drops it after some days."""
    have = await flight.create(flight.want({"subscriptions": [MAIL]}))
    await flight.settle(have.id, flight.want({"subscriptions": []}))


async def test_subscriptions_of_others_stay_while_the_application_names_none(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    aws.client("sns").subscribe(TopicArn=have.id, Protocol="sqs", Endpoint=flight.stage["$queue-a"])
    assert flight.paths(flight.want(), await flight.read(have.id)) == set()


async def test_a_change_that_is_interrupted_after_each_call_ends_where_it_should(flight: Flight) -> None:
    """The process may die after any call: the next life goes on from what it finds."""
    first = flight.want({"subscriptions": SETTINGS["subscriptions"].first, "displayName": "One"})
    have: Reading = await flight.create(first)
    second = flight.want({"subscriptions": subscriptions()[1:], "policy": SETTINGS["policy"].first, "tags": {"a": "b"}})
    assert await one_by_one(flight, have, second) == 4
    assert await one_by_one(flight, have, first) == 4


async def one_by_one(flight: Flight, have: Reading, want: Want[object]) -> int:  # type: ignore[type-var]
    """Send one call with each pass until nothing is left; returns how many that took."""
    sent, applied = 0, frozenset({"policy", "tags", "displayName", "subscriptions"})
    while calls := flight.example.type.update(await flight.read(have.id), want, applied):
        await flight.provider.send(calls[0])
        sent += 1
    assert flight.paths(want, await flight.read(have.id), applied) == set()
    return sent
