"""The server as a process: whom it answers, for which account, and that it never outlives its test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws.comparing import refused
from tests.aws.server import TREE, AwsServer
from tests.aws.steps import launch

OTHER = "222233334444"


def test_an_access_key_tells_its_account(aws: AwsServer) -> None:
    """Cells of several accounts share one emulator and must not see each other."""
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"
    assert aws.client("sts", account=OTHER).get_caller_identity()["Account"] == OTHER
    aws.client("sqs", account=OTHER).create_queue(QueueName="orders")
    assert "QueueUrls" not in aws.client("sqs").list_queues()


def test_an_assumed_role_acts_in_its_own_account(aws: AwsServer) -> None:
    """A Cell with a roleARN works in the role's account, whoever assumes it."""
    role = f"arn:aws:iam::{OTHER}:role/pilothouse"
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    assumed = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "eu-west-1")
    assert assumed.client("sts", endpoint_url=aws.url).get_caller_identity()["Account"] == OTHER
    assumed.client("sqs", endpoint_url=aws.url).create_queue(QueueName="orders")
    assert [(each.id, each.account) for each in aws.live_resources()] == [("orders", OTHER)]


def test_wrong_credentials_are_refused_in_each_services_words(aws: AwsServer) -> None:
    """A Cell with a wrong key must be told from one that is unreachable."""
    refused("AuthFailure", aws.client("ec2", wrong=True).describe_instances)
    refused("InvalidClientTokenId", aws.client("sts", wrong=True).get_caller_identity)
    refused("InvalidClientTokenId", aws.client("sqs", wrong=True).list_queues)
    with pytest.raises(ClientError) as caught:
        aws.client("sqs", wrong=True).create_queue(QueueName="orders")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert aws.live_resources() == []


def test_a_long_poll_does_not_hold_up_others(aws: AwsServer) -> None:
    """A consumer that waits for messages must not stop the emulated cloud."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    received: list[str] = []

    def receive() -> None:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", [])
        received.extend(each["Body"] for each in messages)

    waiting = threading.Thread(target=receive)
    waiting.start()
    time.sleep(0.1)
    begin = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    waiting.join()
    assert received == ["hello"]
    assert time.monotonic() - begin < 3


def test_many_threads_at_once_make_every_resource_once(aws: AwsServer) -> None:
    """moto is not made for threads; behind the layer one mutation runs at a time."""
    launched: list[str] = []

    def launch_some(number: int) -> None:
        launched.extend(launch(aws, ClientToken=f"{number % 4}-{each}") for each in range(5))

    threads = [threading.Thread(target=launch_some, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(launched), len(set(launched)), len(aws.journal("ec2:RunInstances"))) == (40, 20, 20)


def test_the_server_ends_with_its_parent_even_after_sigkill(tmp_path: Path) -> None:
    """No process may outlive its run."""
    told = tmp_path / "pid"
    script = (
        "import pathlib, time\n"
        "from tests.aws.server import AwsServer\n"
        "with AwsServer() as server:\n"
        f"    pathlib.Path({str(told)!r}).write_text(str(server.pid))\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=TREE)
    try:
        _until(lambda: told.exists() and told.read_text() != "")
        server = int(told.read_text())
        assert _alive(server)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    _until(lambda: not _alive(server))


def test_a_control_path_that_does_not_exist_says_which_do(aws: AwsServer) -> None:
    """A typing error must not pass for an empty answer."""
    with pytest.raises(ValueError, match=r"no control path 'GET jornal'; there are: GET journal"):
        aws._control("GET", "jornal")


def test_the_plain_command_tells_how_to_reach_it() -> None:
    """Somebody who starts it by hand must not have to read its source."""
    command = [sys.executable, "-m", "tests.aws"]
    with subprocess.Popen(command, cwd=TREE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        connection = HTTPConnection(urlsplit(lines[2].split()[-1]).netloc)
        connection.request("GET", "/_control/journal")
        assert json.load(connection.getresponse()) == []
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:" in lines[1]
    assert "/_control/journal" in lines[2]


def _until(condition: object, seconds: float = 60.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
