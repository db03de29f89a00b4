"""A pytest plugin: one emulated AWS a run, an empty one for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.aws.server import AwsServer


@pytest.fixture(scope="session")
def aws_server() -> Iterator[AwsServer]:
    """The emulated AWS of this run, with whatever earlier tests left in it."""
    from tests.aws.server import AwsServer  # noqa: PLC0415 - moto takes a second, and few runs need it

    with AwsServer() as server:
        yield server


@pytest.fixture
def aws(aws_server: AwsServer) -> Iterator[AwsServer]:
    """An empty emulated AWS; the test fails if it was asked for something that is not emulated."""
    aws_server.reset()
    yield aws_server
    failures = aws_server.take_failures()
    assert not failures, f"the emulated AWS was asked for what it does not do: {failures}"
