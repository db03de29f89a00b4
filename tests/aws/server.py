"""The emulated AWS as a child process, and everything a test asks of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack, overload
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from tests.aws.faults import Fault, Kind
from tests.aws.journal import Entry, Outcome
from tests.aws.settings import Settings

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_sqs import SQSClient
    from types_boto3_sts import STSClient

TREE = Path(__file__).parents[2]
DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "eu-west-1"


class Whose(TypedDict, total=False):
    """Whose keys a client signs with: a 12-digit account's, or `wrong` ones that AWS does not know."""

    account: str
    wrong: bool


@dataclass(frozen=True)
class Credentials:
    """A static AWS key pair."""

    access_key_id: str
    secret_access_key: str = "test"


@dataclass(frozen=True)
class Resource:
    """A thing that lives and that AWS did not make by itself. `type` and `id` are those of `tests.aws.inventory`."""

    type: str
    id: str
    account: str
    region: str
    state: str
    token: str
    tags: dict[str, str]


class AwsServer:
    """A context manager around one emulated AWS on a free loopback port; it never outlives this process.

    `bare` leaves out the layer: moto alone, for tests that show what the layer corrects.
    """

    def __init__(self, *, port: int = 0, settings: Settings | None = None, bare: bool = False) -> None:
        self.url = ""
        self.bare = bare
        self._command = [sys.executable, "-m", "tests.aws", "--die-with-parent", "--port", str(port)]
        self._command += ["--bare"] if bare else []
        for name, value in asdict(settings or Settings()).items():
            self._command += [f"--{name.replace('_', '-')}", str(value)]
        self._process: subprocess.Popen[str] | None = None
        self._clients: dict[tuple[str, str, Credentials], Any] = {}

    def __enter__(self) -> Self:
        """Start the server and wait until it listens."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, cwd=TREE, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            status = self._process.wait()
            raise RuntimeError(f"the emulated AWS ended with {status} before it listened; see stderr above")
        self.url = json.loads(ready)["url"]
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the server."""
        process = self._process
        if process is not None:
            process.kill()
            process.communicate()

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def credentials(self, account: str = DEFAULT_ACCOUNT, *, wrong: bool = False) -> Credentials:
        """Keys that belong to a 12-digit account; or keys that AWS does not know."""
        return Credentials("AKIAWRONGXXXXXXXXXXX" if wrong else f"AKIA{account}TEST")

    @overload
    def client(self, service: Literal["ec2"], region: str = ..., **whose: Unpack[Whose]) -> EC2Client: ...
    @overload
    def client(self, service: Literal["sqs"], region: str = ..., **whose: Unpack[Whose]) -> SQSClient: ...
    @overload
    def client(self, service: Literal["sts"], region: str = ..., **whose: Unpack[Whose]) -> STSClient: ...
    @overload
    def client(self, service: str, region: str = ..., **whose: Unpack[Whose]) -> Any: ...
    def client(self, service: Any, region: str = DEFAULT_REGION, **whose: Unpack[Whose]) -> Any:
        """A boto3 client of this AWS that never retries by itself; the same one for the same arguments."""
        credentials = self.credentials(**whose)
        known = service, region, credentials
        if known not in self._clients:
            self._clients[known] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=60, proxies={}),
            )
        return self._clients[known]

    def journal(self, operation: str = "*", outcome: Outcome | None = "executed") -> list[Entry]:
        """Mutating calls in order whose `service:operation` matches the glob; all outcomes when that is None."""
        entries = [Entry(**entry) for entry in self._control("GET", "journal")]
        return [each for each in entries if fnmatchcase(each.name, operation) and outcome in {None, each.outcome}]

    def counts(self) -> Counter[str]:
        """How often each `service:operation` was asked for, reads and refused calls included."""
        return Counter(self._control("GET", "counts"))

    def inject(self, kind: Kind, operation: str = "*", **more: Any) -> None:
        """Inject a fault; the keyword arguments are the fields of `tests.aws.faults.Fault`."""
        fault = Fault(kind, operation, **more)
        self._control("POST", "faults", {each.name: getattr(fault, each.name) for each in fields(fault) if each.init})

    def clear_faults(self) -> None:
        """Let nothing strike any more."""
        self._control("DELETE", "faults")

    def configure(self, **changes: float) -> None:
        """Change delays (the fields of `Settings`, seconds) until the next reset."""
        self._control("POST", "settings", changes)

    def finish_transitions(self) -> None:
        """Let every instance that is starting, stopping or shutting down arrive there now."""
        self._control("POST", "transitions")

    def live_resources(self) -> list[Resource]:
        """Everything that was made and still lives, of all accounts and regions."""
        return [Resource(**each) for each in self._control("GET", "resources")]

    def take_failures(self) -> list[str]:
        """What was asked that the emulator does not do, or broke on; each is told once."""
        failures: list[str] = self._control("GET", "failures")
        self._control("DELETE", "failures")
        return failures

    def reset(self) -> None:
        """Back to an empty cloud: no resources, tokens, faults, journal or counts, and the delays of the start."""
        if self.bare:
            self._request("POST", "/moto-api/reset", None)
        else:
            self._control("POST", "reset")

    def _control(self, method: str, path: str, body: object = None) -> Any:
        return json.loads(self._request(method, f"/_control/{path}", body))

    def _request(self, method: str, path: str, body: object) -> bytes:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, json.dumps(body))
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise ValueError(f"{method} {path} was refused: {text.decode()}")
        return text
