"""The suite against an account of AWS, here an emulated one that it takes for real: it takes back all that it makes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.aws.server import DEFAULT_ACCOUNT, DEFAULT_REGION, TREE, AwsServer
from tests.contract.aws import place
from tests.contract.aws.place import Place
from tests.contract.aws.real import BACK, RealAws

BEHAVIOURS = "back_equal or (changed_in_place and redrive) or deleted or adopting or page_by_page or lost"
CHOSEN = f"(awsQueue and ({BEHAVIOURS})) or a_fifo_queue_is_found"


def run(aws: AwsServer, chosen: str, patience: str = "20") -> subprocess.CompletedProcess[str]:
    """Run a part of the suite as a person would against an account, without any word of the emulator."""
    keys = aws.credentials()
    ours = {
        place.ACCOUNT: DEFAULT_ACCOUNT,
        place.REGION: DEFAULT_REGION,
        place.PAUSE: "0.05",
        place.PATIENCE: patience,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", chosen, "tests/contract/aws"]
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, cwd=TREE, env={**os.environ, **ours}, stdout=subprocess.PIPE, text=True, check=False)


def test_everything_made_is_taken_back_and_what_aws_cannot_do_is_skipped(aws: AwsServer) -> None:
    done = run(aws, CHOSEN)
    assert done.returncode == 0, done.stdout
    assert "AWS cannot be made to fail, here by 'drop': only the emulated AWS can" in done.stdout
    assert "makes what only a reset of the emulated AWS takes back" in done.stdout
    assert f"account {DEFAULT_ACCOUNT}, {DEFAULT_REGION}, under the mark contract-" in done.stdout
    assert done.stdout.count(": nothing\n") == 1, done.stdout
    made = Counter(entry.operation for entry in aws.journal("sqs:*"))
    assert made["CreateQueue"] > 8, "a run that made nothing proves nothing"
    assert made["DeleteQueue"] >= made["CreateQueue"]
    assert aws.live_resources() == []


def test_what_a_failing_test_made_is_taken_back_too(aws: AwsServer) -> None:
    aws.inject("deny", "sqs:SetQueueAttributes")
    done = run(aws, "awsQueue and changed_in_place and redrivePolicy")
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
    assert [entry.operation for entry in aws.journal("sqs:*")].count("CreateQueue") == 3
    assert aws.live_resources() == []


def test_what_cannot_be_taken_back_is_told_and_fails(aws: AwsServer) -> None:
    aws.inject("deny", "sqs:DeleteQueue")
    done = run(aws, "awsQueue and back_equal", patience="1")
    assert done.returncode == 1, done.stdout
    (left,) = aws.live_resources()
    assert f": awsQueue {aws.url}/{DEFAULT_ACCOUNT}/{left.id}\n" in done.stdout


def test_a_maker_that_nothing_takes_back_makes_nothing(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an example of a new type would leave something behind in somebody's account, and nobody would know."""
    keys = aws.credentials()
    environment = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    real = RealAws(Place(region=DEFAULT_REGION))
    assert "ec2:CreatePlacementGroup" not in BACK
    with pytest.raises(LookupError, match="ec2:CreatePlacementGroup is not sent to AWS: say in"):
        real.client("ec2").create_placement_group(GroupName="never")
    assert aws.journal("ec2:CreatePlacementGroup", outcome=None) == []


@pytest.mark.parametrize("name", sorted(BACK))
def test_what_takes_back_exists(aws: AwsServer, name: str) -> None:
    service, _, operation = name.partition(":")
    client: Any = aws.client(service)
    method, parameters = BACK[name]
    known = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    assert set(parameters) <= set(known.members)
    assert operation in client.meta.service_model.operation_names


ONE_OF_TWO = {place.ACCOUNT: DEFAULT_ACCOUNT}, {place.REGION: DEFAULT_REGION}


@pytest.mark.parametrize("environment", ONE_OF_TWO)
def test_half_an_account_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(pytest.UsageError, match=r"is set and .* is not: set both"):
        place.place(environment)


def test_without_an_account_it_is_the_emulated_one() -> None:
    assert place.place({}) == Place()
    assert not Place().real
