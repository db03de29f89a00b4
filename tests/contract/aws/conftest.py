"""An empty AWS for each test, what examples refer to, and a provider for it; or an account of AWS, see README.md."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

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
from tests.contract.aws.place import PLACE
from tests.contract.aws.real import RealAws, RealProvider, take_back
from tests.contract.aws.stage import Stage

Connect = Callable[..., AwsProvider]

SHARED = "test_types.py"
"""The one module that is run against an account of AWS: what it makes, `real` can take back."""
_LEFT = list[str]()
"""What the run left behind in an account of AWS, to be told at its end."""


@dataclass
class Account:
    """An account of AWS for a whole run: what examples refer to is made once, by the kind of type."""

    provider: RealProvider
    lasting: RealAws
    stages: dict[str, Stage] = field(default_factory=dict)
    common: dict[str, str] = field(default_factory=dict)
    tried: dict[str, Example] = field(default_factory=dict)

    def stage(self, example: Example) -> Stage:
        """Return what the example refers to."""
        kind = example.type.kind
        self.tried[kind] = example
        return self.stages.setdefault(kind, Stage(self.lasting, example.stage, self.common))

    def remains(self) -> list[str]:
        """Return what listings still show of this run, as soon as it is nothing or patience ends."""
        end = time.monotonic() + PLACE.patience
        while (found := asyncio.run(self._listed())) and time.monotonic() < end:
            time.sleep(PLACE.pause)
        return found

    async def _listed(self) -> list[str]:
        found = []
        for kind, example in self.tried.items():
            self.provider.type = example.type
            found += [f"{kind} {identifier}" for identifier in await self.provider.listed()]
        return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Against an account of AWS run what takes back all that it makes."""
    for item in items:
        if PLACE.real and item.path.parent.name == "aws" and item.path.name != SHARED:
            item.add_marker(pytest.mark.skip(reason="makes what only a reset of the emulated AWS takes back"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what is left in the account."""
    if PLACE.real:
        left = ", ".join(_LEFT) or "nothing"
        where = f"account {PLACE.account}, {PLACE.region}, under the mark {PLACE.control_plane}"
        terminalreporter.section("left in AWS")
        terminalreporter.write_line(f"{where}: {left}")


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """The account of AWS that the environment names."""
    here = Account(RealProvider(PLACE), RealAws(PLACE))
    yield here
    try:
        take_back(PLACE, here.provider, here.lasting)
    finally:
        _LEFT.extend(here.remains())
        here.provider.close()
    assert not _LEFT, f"this is left in AWS: {_LEFT}"


@pytest.fixture
def aws(request: pytest.FixtureRequest) -> Iterator[AwsServer]:
    """An empty emulated AWS, or the account."""
    if not PLACE.real:
        yield request.getfixturevalue("aws")
        return
    here: Account = request.getfixturevalue("account")
    during = RealAws(PLACE)
    yield during
    take_back(PLACE, here.provider, during)


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
    aws: AwsServer,
    *,
    account: str = DEFAULT_ACCOUNT,
    wrong: bool = False,
    threads: int = THREADS,
    halted: Callable[[], str] = str,
    **cell: Any,
) -> AwsProvider:
    """Return a provider for the emulated AWS."""
    keys = aws.credentials(account, wrong=wrong)
    given = {"account_id": DEFAULT_ACCOUNT, "region": DEFAULT_REGION, "endpoint_url": aws.url, **cell}
    secret = Sensitive(keys.secret_access_key)
    return AwsProvider(AwsCell(**given), AccessKey(keys.access_key_id, secret), threads=threads, halted=halted)


@pytest.fixture(scope="session")
def provider(request: pytest.FixtureRequest) -> Iterator[AwsProvider]:
    """The provider that all tests of types share: making one takes longer than most tests."""
    if PLACE.real:
        yield cast(AwsProvider, request.getfixturevalue("account").provider)
        return
    shared = connected(request.getfixturevalue("aws_server"))
    yield shared
    shared.close()


@pytest.fixture(params=[kind for kind, each in TYPES.items() if each.provider == "aws"])
def example(request: pytest.FixtureRequest) -> Example:
    """Each type of the catalog in turn."""
    assert request.param in EXAMPLES, f"write tests/contract/aws/examples/*.py for {request.param}"
    return EXAMPLES[request.param]


@pytest.fixture
def stage(request: pytest.FixtureRequest, aws: AwsServer, example: Example) -> Stage:
    """What example settings refer to. Delays are short."""
    if PLACE.real and example.emulated:
        pytest.skip(f"{example.emulated}: only the emulated AWS takes it")
    if PLACE.real:
        return cast(Account, request.getfixturevalue("account")).stage(example)
    aws.configure(transition_seconds=0.03, queue_deleted_seconds=0.0, volume_rest_seconds=0.0)
    return Stage(aws, example.stage)


@pytest.fixture
def flight(provider: AwsProvider, stage: Stage, example: Example) -> Flight:
    """A type, a provider, and what the type's examples refer to."""
    made = Flight(example, provider, stage, PLACE.owner)
    if isinstance(provider, RealProvider):
        create = example.type.create(made.want())
        provider.type, provider.create = example.type, f"{create.service}:{create.operation}"
    return made
