"""Buckets: names that are everybody's, tags that are set all at once, and emptying before deleting."""

from __future__ import annotations

import asyncio
import time

import pytest

from pilothouse.dataplane.aws import buckets
from pilothouse.dataplane.aws.types.bucket import FORCE
from pilothouse.dataplane.errors import Conflict, Denied, NotYet, OutcomeUnknown
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.conftest import Connect
from tests.contract.aws.example import Example
from tests.contract.aws.examples.bucket import EXAMPLE, SETTINGS, fill
from tests.contract.aws.flight import PATIENCE, Flight

ELSEWHERE = {"LocationConstraint": "us-west-2"}


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def tags(aws: AwsServer, name: str) -> dict[str, str]:
    """The tags of a bucket."""
    return {each["Key"]: each["Value"] for each in aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]}


async def test_a_bucket_is_marked_from_birth_and_safe(flight: Flight, aws: AwsServer) -> None:
    """A process that dies right after leaves nothing that nobody knows."""
    have = await flight.create(flight.want())
    assert {call.operation for call in aws.journal("s3:*")} == {"CreateBucket"}
    assert have.outputs["regionalDomainName"] == f"{have.id}.s3.eu-west-1.amazonaws.com"


async def test_a_bucket_of_the_oldest_region_has_no_location(connect: Connect, flight: Flight) -> None:
    virginia = Flight(flight.example, connect(region="us-east-1"), flight.stage)
    have = await virginia.create(virginia.want())
    assert have.outputs["region"] == "us-east-1"
    assert [found.id for found in await virginia.find(virginia.want())] == [have.id]


async def test_a_name_that_somebody_else_has_is_theirs(flight: Flight, aws: AwsServer) -> None:
    want = flight.want()
    them = aws.client("s3", account="999999999999")
    them.create_bucket(Bucket=want.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.raises(Conflict):
        await flight.provider.send(flight.example.type.create(want))
    (found,) = await flight.find(want)
    assert (found.id, found.mark) == (want.name, None)
    with pytest.raises(Denied):
        await flight.read(want.name)


async def test_our_bucket_that_we_may_not_read_is_not_taken_for_somebody_elses(flight: Flight, aws: AwsServer) -> None:
    await flight.create(flight.want())
    aws.inject("deny", "s3:GetBucketLocation")
    with pytest.raises(Denied, match="allow s3:GetBucketLocation"):
        await flight.find(flight.want())


async def test_a_bucket_of_ours_in_another_region_is_not_taken_for_one_here(flight: Flight, aws: AwsServer) -> None:
    """The resource moved to another Cell: its new bucket cannot have the name before the old one is gone."""
    want = flight.want()
    aws.client("s3", region="us-west-2").create_bucket(Bucket=want.name, CreateBucketConfiguration=ELSEWHERE)
    with pytest.raises(NotYet, match="delete it there or rename the resource"):
        await flight.find(want)


async def test_tags_of_others_survive_a_change_of_ours(flight: Flight, aws: AwsServer) -> None:
    """S3 takes all tags at once: forgetting one would take it away."""
    have = await flight.create(flight.want({"force": True}))
    changed = {**tags(aws, have.id), "pilothouse.dev/something": "new"}
    await flight.provider.send(buckets.put_tags(have.id, changed))
    await flight.settle(have.id, flight.want({"tags": {"a": "b"}}))
    del changed[FORCE]
    assert tags(aws, have.id) == {**changed, "a": "b"}


async def test_a_bucket_that_is_not_empty_waits_and_the_message_names_the_mend(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    fill(aws, have)
    with pytest.raises(NotYet, match=f"tag it {FORCE}=true to have everything in it destroyed"):
        await flight.delete(have)
    await flight.provider.send(buckets.put_tags(have.id, {**tags(aws, have.id), FORCE: "true"}))
    await empty_and_delete(flight, have)


async def test_every_version_and_delete_marker_goes_a_thousand_at_a_time(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"force": True, "versioning": "Enabled"}))
    s3 = aws.client("s3")
    for number in range(12):
        s3.put_object(Bucket=have.id, Key=f"log/ä&<{number % 4}>", Body=b"x")
    s3.delete_object(Bucket=have.id, Key="log/ä&<0>")
    aws.inject("drop", "s3:DeleteObjects", count=1)
    aws.inject("drop", "s3:PutBucketTagging", count=1)
    await empty_and_delete(flight, have)
    assert aws.live_resources() == []


async def test_it_takes_as_many_passes_as_it_holds_thousands(
    flight: Flight, monkeypatch: pytest.MonkeyPatch, aws: AwsServer
) -> None:
    monkeypatch.setattr(buckets, "MOST_AT_ONCE", 2)
    have = await flight.create(flight.want({"force": True}))
    for number in range(5):
        aws.client("s3").put_object(Bucket=have.id, Key=str(number), Body=b"x")
    assert len(aws.journal("s3:DeleteObjects")) == 0
    await empty_and_delete(flight, have)
    assert len(aws.journal("s3:DeleteObjects")) == 3


async def test_a_deletion_that_was_called_off_leaves_the_rest_alone(flight: Flight, aws: AwsServer) -> None:
    want = flight.want({"force": True})
    have = await flight.create(want)
    fill(aws, have)
    await flight.provider.send(flight.example.type.delete(have)[0])
    emptying = await flight.read(have.id)
    assert flight.paths(want, emptying) == {"emptying"}
    assert await flight.settle(have.id, want) == have
    assert aws.client("s3").list_objects_v2(Bucket=have.id)["KeyCount"] == 1


async def test_what_is_written_meanwhile_does_not_stop_the_emptying(flight: Flight, aws: AwsServer) -> None:
    """The executor compares two readings before it sends: they must not differ by what is in the bucket."""
    have = await flight.create(flight.want({"force": True}))
    await flight.provider.send(flight.example.type.delete(have)[0])
    before = await flight.read(have.id)
    fill(aws, have)
    assert await flight.read(have.id) == before


async def test_an_object_that_may_not_be_deleted_is_told(flight: Flight, aws: AwsServer) -> None:
    """S3 answers 200, and says in the reply which objects it left."""
    have = await flight.create(flight.want({"force": True}))
    fill(aws, have)
    refuse = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", '
    )
    refuse += f'"Resource": "arn:aws:s3:::{have.id}/*"}}]}}'
    aws.client("s3").put_bucket_policy(Bucket=have.id, Policy=refuse)
    await flight.provider.send(flight.example.type.delete(have)[0])
    with pytest.raises(Denied, match=r"\(a, 1 objects in all\); allow s3:DeleteObjectVersion in the policies"):
        await flight.provider.send(flight.example.type.delete(await flight.read(have.id))[0])


async def test_a_bucket_that_became_somebody_elses_is_left_alone(flight: Flight, aws: AwsServer) -> None:
    """Ours was deleted behind our back, and its name taken: nothing of theirs may be read or changed."""
    have = await flight.create(flight.want())
    aws.client("s3").delete_bucket(Bucket=have.id)
    them = aws.client("s3", account="999999999999")
    them.create_bucket(Bucket=have.id, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for call in (*flight.example.type.delete(have), buckets.put_tags(have.id, {})):
        assert call.parameters["ExpectedBucketOwner"] == "${account}"
        with pytest.raises(Denied):
            await flight.provider.send(call)


async def test_a_change_that_is_interrupted_after_each_call_ends_where_it_should(flight: Flight) -> None:
    want = flight.want({path: each.first for path, each in SETTINGS.items()})
    have, sent = await flight.create(flight.want()), 0
    while calls := flight.example.type.update(await flight.read(have.id), want, frozenset()):
        await flight.provider.send(calls[0])
        sent += 1
    assert sent == len(SETTINGS) - 1, "tags and force are one call"


async def empty_and_delete(flight: Flight, have: Reading) -> None:
    """Do what passes do until it is gone."""
    end = time.monotonic() + PATIENCE
    while (now := await flight.look(have.id)) is not None:
        assert time.monotonic() < end
        await send(flight, flight.example.type.delete(now))
        await asyncio.sleep(0.01)


async def send(flight: Flight, calls: tuple[Call, ...]) -> None:
    """Send what can be sent now."""
    try:
        for call in calls:
            await flight.provider.send(call)
    except OutcomeUnknown:
        pass
