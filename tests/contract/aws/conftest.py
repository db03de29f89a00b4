"""An empty AWS for each test, what examples refer to, and a provider for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pilothouse.api.cell import AwsCell
from pilothouse.catalog.registry import TYPES
from pilothouse.dataplane.aws.client import THREADS, AwsProvider
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.types import Sensitive
from tests.aws.server import DEFAULT_ACCOUNT, DEFAULT_REGION, AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples import EXAMPLES
from tests.contract.aws.flight import Flight
from tests.contract.aws.stage import Stage

Connect = Callable[..., AwsProvider]


@pytest.fixture
def connect(aws: AwsServer) -> Iterator[Connect]:
    """Make providers for the emulated AWS; keywords are fields of the Cell, `account` and `wrong` choose the keys."""
    made: list[AwsProvider] = []

    def make(**choices: Any) -> AwsProvider:
        made.append(connected(aws, **choices))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


def connected(
    aws: AwsServer, *, account: str = DEFAULT_ACCOUNT, wrong: bool = False, threads: int = THREADS, **cell: Any
) -> AwsProvider:
    """Return a provider for the emulated AWS."""
    keys = aws.credentials(account, wrong=wrong)
    given = {"account_id": DEFAULT_ACCOUNT, "region": DEFAULT_REGION, "endpoint_url": aws.url, **cell}
    return AwsProvider(
        AwsCell(**given), AccessKey(keys.access_key_id, Sensitive(keys.secret_access_key)), threads=threads
    )


@pytest.fixture(scope="session")
def provider(aws_server: AwsServer) -> Iterator[AwsProvider]:
    """The provider that all tests of types share: making one takes longer than most tests."""
    shared = connected(aws_server)
    yield shared
    shared.close()


@pytest.fixture(params=[kind for kind, each in TYPES.items() if each.provider == "aws"])
def example(request: pytest.FixtureRequest) -> Example:
    """Each type of the catalog in turn."""
    assert request.param in EXAMPLES, f"write tests/contract/aws/examples/*.py for {request.param}"
    return EXAMPLES[request.param]


@pytest.fixture
def stage(aws: AwsServer, example: Example) -> Stage:
    """What example settings refer to. Delays are short."""
    aws.configure(transition_seconds=0.03, queue_deleted_seconds=0.0, volume_rest_seconds=0.0)
    return Stage(aws, example.stage)


@pytest.fixture
def flight(provider: AwsProvider, stage: Stage, example: Example) -> Flight:
    """A type, a provider, and what the type's examples refer to."""
    return Flight(example, provider, stage)
