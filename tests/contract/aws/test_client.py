"""The client: whose credentials it takes, what each answer of AWS and the network means, and what errors say."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.api.cell import AwsCell, WebIdentity
from pilothouse.controller.pacing import FAILURES_TO_GIVE_UP, Gate, GatedProvider
from pilothouse.dataplane.aws import client, sessions
from pilothouse.dataplane.aws.client import AwsProvider
from pilothouse.dataplane.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    NotNow,
    OutcomeUnknown,
    Postponed,
    TokenMismatch,
)
from pilothouse.dataplane.types import Call, Digest, Ref, Sensitive
from tests.aws.server import AwsServer
from tests.bench.reads.creating import Unmeasured
from tests.contract.aws.conftest import Connect
from tests.integration.kubernetes.waiting import until

LIST = Call("sqs", "ListQueues", {"MaxResults": 1000})
CREATE = Call("sqs", "CreateQueue", {"QueueName": "orders"})
LAUNCH = Call("ec2", "RunInstances", {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "ClientToken": "token"})


@pytest.fixture
def provider(connect: Connect) -> AwsProvider:
    return connect()


async def test_credentials_of_another_account_are_refused_before_anything_is_sent(
    connect: Connect, aws: AwsServer
) -> None:
    provider = connect(account="999999999999")
    with pytest.raises(Denied, match=r"of account 999999999999; expected account 123456789012.*spec\.aws\.accountID"):
        await provider.send(CREATE)
    with pytest.raises(Denied, match="999999999999"):
        _ = [page async for page in provider.pages(LIST)]
    assert set(aws.counts()) == {"sts:GetCallerIdentity"}


async def test_the_account_is_asked_once(provider: AwsProvider, aws: AwsServer) -> None:
    await asyncio.gather(*(provider.send(LIST) for _ in range(5)))
    assert aws.counts() == {"sts:GetCallerIdentity": 1, "sqs:ListQueues": 5}


async def test_the_account_is_asked_again_after_that_failed(provider: AwsProvider, aws: AwsServer) -> None:
    aws.inject("throttle", "sts:*", count=1)
    with pytest.raises(NotNow, match="sts GetCallerIdentity"):
        await provider.send(LIST)
    assert await provider.send(LIST) == {}


async def test_wrong_keys_are_denied_and_the_message_names_the_mend(connect: Connect) -> None:
    with pytest.raises(Denied, match=r"InvalidClientTokenId.*credentialsSecretRef"):
        await connect(wrong=True).send(LIST)


async def test_without_credentials_the_message_says_where_to_give_them(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    provider = AwsProvider(AwsCell(account_id="123456789012", region="eu-west-1", endpoint_url=aws.url))
    with pytest.raises(Denied, match="credentialsSecretRef"):
        await provider.send(LIST)
    provider.close()


async def test_ambient_credentials_are_taken_where_the_cell_names_none(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = aws.credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
    provider = AwsProvider(AwsCell(account_id="123456789012", region="eu-west-1", endpoint_url=aws.url))
    assert await provider.send(LIST) == {}
    provider.close()


async def test_a_role_is_assumed_and_its_account_is_what_counts(connect: Connect, aws: AwsServer) -> None:
    role = "arn:aws:iam::210987654321:role/pilothouse"
    provider = connect(role_arn=role, account_id="210987654321")
    await provider.send(CREATE)
    assert [(each.type, each.account) for each in aws.live_resources()] == [("queue", "210987654321")]
    assert aws.counts()["sts:AssumeRole"] == 1


async def test_a_chain_of_roles_ends_in_the_account_of_the_last(connect: Connect, aws: AwsServer) -> None:
    hub, spoke = "arn:aws:iam::111111111111:role/hub", "arn:aws:iam::210987654321:role/spoke"
    chain = [{"role_arn": hub}, {"role_arn": spoke, "external_id": "agreed"}]
    await connect(assume_role_chain=chain, account_id="210987654321").send(CREATE)
    assert [(each.type, each.account) for each in aws.live_resources()] == [("queue", "210987654321")]
    assert aws.counts()["sts:AssumeRole"] == 2


async def test_a_web_identity_needs_no_key_and_its_token_is_read_anew(
    aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kubelet replaces the token before it expires; nobody restarts the operator for that."""
    token = tmp_path / "token"
    monkeypatch.setenv(sessions.TOKEN_FILE, str(token))
    role = WebIdentity(role_arn="arn:aws:iam::210987654321:role/pilothouse")
    cell = AwsCell(account_id="210987654321", region="eu-west-1", endpoint_url=aws.url, web_identity=role)
    provider = AwsProvider(cell)
    try:
        with pytest.raises(Denied, match=f"{token} cannot be read: No such file.*eks.amazonaws.com/role-arn"):
            await provider.send(CREATE)
        token.write_text("header.payload.signature")
        await provider.send(CREATE)
    finally:
        provider.close()
    assert [(each.type, each.account) for each in aws.live_resources()] == [("queue", "210987654321")]


async def test_a_web_identity_without_a_token_file_says_what_is_missing(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(sessions.TOKEN_FILE, raising=False)
    role = WebIdentity(role_arn="arn:aws:iam::123456789012:role/pilothouse")
    provider = AwsProvider(
        AwsCell(account_id="123456789012", region="eu-west-1", endpoint_url=aws.url, web_identity=role)
    )
    with pytest.raises(Denied, match=f"the file that {sessions.TOKEN_FILE} names, but it is not set"):
        await provider.send(CREATE)
    provider.close()


async def test_a_role_that_cannot_be_assumed_is_denied_by_the_name_of_that_call(
    connect: Connect, aws: AwsServer
) -> None:
    aws.inject("deny", "sts:AssumeRole")
    with pytest.raises(Denied, match=r"sts AssumeRole.*allow sts:AssumeRole"):
        await connect(role_arn="arn:aws:iam::123456789012:role/pilothouse").send(CREATE)


async def test_a_lost_answer_to_assume_role_leaves_no_doubt_about_the_call(connect: Connect, aws: AwsServer) -> None:
    """Nothing was sent that could have changed anything, so nothing need be looked for."""
    aws.inject("drop", "sts:AssumeRole")
    with pytest.raises(NotNow):
        await connect(role_arn="arn:aws:iam::123456789012:role/pilothouse").send(CREATE)


@pytest.mark.parametrize("fault", ["error", "drop"])
async def test_a_lost_answer_is_unknown_for_a_change_and_harmless_for_a_read(
    provider: AwsProvider, aws: AwsServer, fault: str
) -> None:
    aws.inject(fault, "sqs:*")  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown, match="sqs CreateQueue in eu-west-1 of account 123456789012"):
        await provider.send(CREATE)
    with pytest.raises(NotNow):
        await provider.send(LIST)


async def test_the_sdk_repeats_nothing_by_itself(provider: AwsProvider, aws: AwsServer) -> None:
    """A repeated call inside the SDK could hide that the first had its effect."""
    aws.inject("error", "ec2:*")
    with pytest.raises(OutcomeUnknown):
        await provider.send(LAUNCH)
    assert aws.counts()["ec2:RunInstances"] == 1


async def test_an_answer_that_takes_too_long_counts_as_lost(
    connect: Connect, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_READ_TIMEOUT", 2.0)
    provider = connect()
    await provider.send(LIST)
    aws.inject("latency", "sqs:*", seconds=4.0)
    with pytest.raises(OutcomeUnknown, match="ReadTimeoutError"):
        await provider.send(CREATE)
    with pytest.raises(NotNow):
        await provider.send(LIST)


def test_an_answer_is_waited_for_less_than_ten_seconds() -> None:
    assert client._CONNECT_TIMEOUT < 10
    assert client._READ_TIMEOUT < 10


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A loopback port that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


async def test_an_endpoint_that_refuses_connections_was_asked_nothing(connect: Connect, closed_port: int) -> None:
    provider = connect(endpoint_url=f"http://127.0.0.1:{closed_port}")
    with pytest.raises(NotNow, match="is the endpoint reachable"):
        await provider.send(CREATE)


async def test_an_endpoint_that_is_no_url_names_the_field(connect: Connect) -> None:
    with pytest.raises(Invalid, match=r"spec\.aws\.endpointURL.*localhost"):
        await connect(endpoint_url="localhost").send(LIST)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (Call("sqs", "ExplodeQueue"), "sqs has no operation ExplodeQueue"),
        (Call("queues", "ListQueues"), "Unknown service"),
        (Call("sqs", "CreateQueue", {"Name": "orders"}), "Unknown parameter"),
        (
            Call("sqs", "CreateQueue", {"QueueName": Ref("orders", "name")}),
            r"QueueName is \$\{orders\.name\}.*not known",
        ),
        (Call("sqs", "TagQueue", {"Tags": [Digest((Ref("a", "b"),))]}), r"TagQueue\.Tags\[0\] is sha256"),
    ],
    ids=["operation", "service", "parameter", "reference", "digest"],
)
async def test_a_call_that_cannot_be_sent_is_invalid(provider: AwsProvider, call: Call, match: str) -> None:
    with pytest.raises(Invalid, match=match):
        await provider.send(call)


async def test_an_operation_without_pages_is_one_page(provider: AwsProvider) -> None:
    """AWS pages most listings, not all: Elastic IP addresses come at once."""
    assert [page async for page in provider.pages(Call("ec2", "DescribeAddresses"))] == [{"Addresses": []}]


SECRET = "hunter2"
DEAD_LETTERS = Sensitive(f'{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:{SECRET}"}}')
TELLING = {
    "the SDK, of a value of the wrong type": Call("ec2", "RunInstances", {"MinCount": Sensitive(SECRET)}),
    "AWS, of a value that it refuses": Call(
        "sqs", "CreateQueue", {"QueueName": "orders", "Attributes": {"RedrivePolicy": DEAD_LETTERS}}
    ),
}


@pytest.mark.parametrize("call", TELLING.values(), ids=TELLING)
async def test_a_secret_that_an_answer_repeats_is_hidden(provider: AwsProvider, call: Call) -> None:
    with pytest.raises(Invalid, match=r"\(sensitive\)") as caught:
        await provider.send(call)
    assert SECRET not in "".join(traceback.format_exception(caught.value)), "a logged traceback must not tell either"


async def test_the_answers_of_both_services_are_told_apart(provider: AwsProvider) -> None:
    await provider.send(CREATE)
    with pytest.raises(Conflict):
        await provider.send(Call("sqs", "CreateQueue", {"QueueName": "orders", "Attributes": {"DelaySeconds": "7"}}))
    with pytest.raises(NotFound):
        await provider.send(Call("sqs", "GetQueueUrl", {"QueueName": "absent"}))
    await provider.send(LAUNCH)
    with pytest.raises(TokenMismatch):
        await provider.send(Call("ec2", "RunInstances", {**LAUNCH.parameters, "InstanceType": "t3.large"}))
    with pytest.raises(NotFound):
        await provider.send(Call("ec2", "DescribeInstances", {"InstanceIds": ["i-00000000000000000"]}))
    with pytest.raises(Invalid):
        await provider.send(Call("ec2", "DescribeInstances", {"InstanceIds": ["orders"]}))


async def test_a_reused_name_waits(provider: AwsProvider) -> None:
    url = (await provider.send(CREATE))["QueueUrl"]
    await provider.send(Call("sqs", "DeleteQueue", {"QueueUrl": url}))
    with pytest.raises(NotNow, match="QueueDeletedRecently"):
        await provider.send(CREATE)


async def test_a_slow_listing_does_not_hold_up_anything_else(provider: AwsProvider, aws: AwsServer) -> None:
    await provider.send(CREATE)
    aws.inject("latency", "sqs:ListQueues", seconds=0.3)
    started, ticks = time.monotonic(), 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    pages = [page async for page in provider.pages(LIST)]
    ticking.cancel()
    assert len(pages) == 1
    assert time.monotonic() - started >= 0.3
    assert ticks > 3


async def test_a_change_that_waits_for_a_thread_is_not_sent_once_nothing_may_be_changed(
    connect: Connect, aws: AwsServer
) -> None:
    why = [""]
    provider = connect(threads=1, halted=lambda: why[0])
    await provider.send(LIST)
    aws.inject("latency", "sqs:ListQueues", seconds=1.0)
    under_way = asyncio.create_task(provider.send(LIST))
    queued = asyncio.create_task(provider.send(CREATE))
    await until(lambda: aws.counts()["sqs:ListQueues"] == 2)
    why[0] = "the fleet is suspended"
    with pytest.raises(NotNow, match="the fleet is suspended"):
        await queued
    await under_way
    assert aws.live_resources() == []
    assert await provider.send(LIST) is not None, "observing goes on"


async def test_a_change_is_not_sent_if_it_may_not_be_by_the_time_its_request_is_complete(
    connect: Connect, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To make the client of a service takes a tenth of a second, in which leadership can end."""
    why = [""]
    provider = connect(halted=lambda: why[0])
    await provider.send(LIST)
    parameters = provider._parameters

    def last_moment(call: Call, client: Any) -> Any:
        why[0] = "this process does not lead any more"
        return parameters(call, client)

    monkeypatch.setattr(provider, "_parameters", last_moment)
    with pytest.raises(NotNow, match="does not lead any more"):
        await provider.send(CREATE)
    assert aws.counts()["sqs:CreateQueue"] == 0


async def test_a_change_that_waits_for_a_thread_for_too_long_is_not_sent(
    connect: Connect, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LONGEST_IN_LINE", 0.3)
    provider = connect(threads=1)
    await provider.send(LIST)
    aws.inject("latency", "sqs:ListQueues", seconds=1.0)
    under_way = asyncio.create_task(provider.send(LIST))
    change, read = asyncio.create_task(provider.send(CREATE)), asyncio.create_task(provider.send(LIST))
    with pytest.raises(Postponed, match="CreateQueue had to wait"):
        await change
    assert await read is not None
    await under_way
    assert aws.live_resources() == []


async def test_a_cell_whose_threads_are_busy_answers(
    connect: Connect, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What never left says nothing of the Cell, however often: else it would be given up while it works."""
    monkeypatch.setattr(client, "LONGEST_IN_LINE", 0.3)
    gate = Gate("aws", Unmeasured(), 1_000, 32, str)
    provider = GatedProvider(gate, connect(threads=1))
    await provider.send(LIST)
    aws.inject("latency", "sqs:ListQueues", seconds=1.0)
    under_way = asyncio.create_task(provider.send(LIST))
    changes = [asyncio.create_task(provider.send(CREATE)) for _ in range(FAILURES_TO_GIVE_UP)]
    for outcome in await asyncio.gather(*changes, return_exceptions=True):
        assert isinstance(outcome, Postponed)
    assert gate.trouble == ""
    await under_way


async def test_a_closed_provider_sends_nothing_more(connect: Connect, aws: AwsServer) -> None:
    provider = connect(threads=1)
    await provider.send(LIST)
    aws.inject("latency", "sqs:ListQueues", seconds=2.0)
    under_way = asyncio.create_task(provider.send(LIST))
    queued = asyncio.create_task(provider.send(CREATE))
    await until(lambda: aws.counts()["sqs:ListQueues"] == 2)
    provider.close()
    with pytest.raises(NotNow, match="was closed"):
        await provider.send(CREATE)
    with pytest.raises(NotNow, match="was closed"):
        await queued
    await under_way
    assert aws.live_resources() == []
