"""The only place that talks to AWS: carries out calls through boto3 and says what came of them.

boto3 is synchronous, so each provider has threads of its own. The SDK retries nothing: a second attempt inside it could
hide that the first one had its effect. Import this module only where an AWS Cell exists: it costs half a second.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
    UnknownServiceError,
)

from pilothouse.api.cell import AwsCell
from pilothouse.dataplane.aws import codes, sessions
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.aws.parameters import plain, without_secrets
from pilothouse.dataplane.aws.places import Place, located
from pilothouse.dataplane.errors import DataplaneError, Denied, Invalid, NotNow, NotYet, Postponed
from pilothouse.dataplane.types import Call
from pilothouse.dataplane.understood import answer_to, understood

T = TypeVar("T")

THREADS: Final = 8
"""Calls of one provider that can be under way at once."""

LONGEST_IN_LINE: Final = 3.0
"""Seconds from the moment a change is handed in to that at which it leaves: it may wait for a thread, behind calls that
nobody answers, and for credentials."""
LONGEST_CALL: Final = 12.0
"""Seconds from the moment a call leaves to that at which its reply is given up."""
_CONNECT_TIMEOUT: Final = 3.0
_READ_TIMEOUT: Final = LONGEST_CALL - _CONNECT_TIMEOUT
_MAX_MESSAGE: Final = 600
_READS: Final = ("Describe", "Get", "List", "Head")
_WHO_AM_I: Final = Call("sts", "GetCallerIdentity")

_NOT_SENT: Final = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
_NO_CREDENTIALS: Final = (
    CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, SSOError, TokenRetrievalError
)  # fmt: skip
_INVALID: Final = (ParamValidationError, UnknownServiceError)
_FORBIDDEN: Final[Any] = {"HTTPStatusCode": 403}


class AwsProvider:
    """The provider of one AWS Cell. It does nothing before AWS has said that the credentials are of the Cell's account.

    credentials: a key pair; the process's ambient credentials when None. threads: calls under way at once.
    halted: tells why nothing may be changed; empty when it may. agent: what the process calls itself: AWS notes it with
    every call (`userAgent` in CloudTrail).
    """

    def __init__(
        self,
        cell: AwsCell,
        credentials: AccessKey | None = None,
        *,
        threads: int = THREADS,
        halted: Callable[[], str] = str,
        agent: str = "pilothouse",
    ) -> None:
        self._cell, self._credentials, self._halted = cell, credentials, halted
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"aws-{cell.account_id}-{cell.region}")
        self._config = Config(
            region_name=cell.region,
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"total_max_attempts": 1},
            max_pool_connections=threads,
            tcp_keepalive=True,
            user_agent_extra=agent,
            # A bucket's name before the host's would be another host, which an endpoint of one's own does not have.
            s3={"addressing_style": "path" if cell.endpoint_url else "auto"},
        )
        self._session: boto3.Session | None = None
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()
        self._of_thread = threading.local()
        """handed_in: when the call was handed in that this thread is about to send, monotonic."""
        self._closed = False
        self._verified = False
        self._verifying = asyncio.Lock()

    async def send(self, call: Call) -> Any:
        """Send one call and return its reply; raises the errors of `dataplane.errors` and nothing else."""
        handed_in = time.monotonic()
        await self._verify()
        return await self._in_thread(call, partial(self._send, call, handed_in))

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        """Send a listing and yield its pages as they are asked for; raises like `send`."""
        await self._verify()
        pages = await self._in_thread(call, partial(self._pages, call))
        while (page := await self._in_thread(call, partial(next, pages, None))) is not None:
            yield page

    def close(self) -> None:
        """Send nothing more, and let go of threads and connections; calls under way are not waited for."""
        self._closed = True
        self._threads.shutdown(wait=False)
        for client in self._clients.values():
            client.close()

    async def _verify(self) -> None:
        """Ask AWS once whose the credentials are. Raises Denied when they are of another account."""
        if self._verified:
            return
        async with self._verifying:
            if not self._verified:
                identity = await self._in_thread(_WHO_AM_I, partial(self._send, _WHO_AM_I, time.monotonic()))
                with understood(answer_to(_WHO_AM_I)):
                    self._check_account(identity)
                self._verified = True

    def _check_account(self, identity: Any) -> None:
        found, expected = identity["Account"], self._cell.account_id
        if found != expected:
            raise Denied(
                f"the credentials are {identity['Arn']} of account {found}; expected account {expected}, which the "
                f"Cell's spec.aws.accountID names: give credentials of {expected}, or make a Cell for {found}"
            )

    async def _in_thread(self, call: Call, work: Callable[[], T]) -> T:
        self._refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._translated, call, work)

    def _translated(self, call: Call, work: Callable[[], T]) -> T:
        self._refuse_when_closed()
        try:
            return work()
        except DataplaneError:
            raise
        except Exception as error:  # noqa: BLE001 - a provider raises the errors of dataplane.errors and nothing else
            kind, text = _explain(call, error)
            said = without_secrets(text, call.parameters)[:_MAX_MESSAGE]
            where = f"{call.service} {call.operation} in {self._cell.region} of account {self._cell.account_id}"
        # Outside the handler: what the SDK raised may repeat secrets, and a traceback would show it.
        raise kind(f"{where}: {said}")

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Postponed(
                f"the provider of account {self._cell.account_id} was closed: its Cell was changed or removed"
            )

    def _send(self, call: Call, handed_in: float) -> Any:
        self._of_thread.handed_in = handed_in
        client, method = self._client(call.service), xform_name(call.operation)
        if not hasattr(client, method):
            raise Invalid(f"{call.service} has no operation {call.operation}")
        reply = getattr(client, method)(**self._parameters(call, client))
        reply.pop("ResponseMetadata", None)
        _refuse_failures(call, reply)
        return reply

    def _pages(self, call: Call) -> Any:
        client, method = self._client(call.service), xform_name(call.operation)
        if not client.can_paginate(method):
            return iter((self._send(call, time.monotonic()),))
        return iter(client.get_paginator(method).paginate(**self._parameters(call, client)))

    def _parameters(self, call: Call, client: Any) -> Any:
        place = Place(self._cell.account_id, self._cell.region, client.meta.partition)
        return located(plain(call.parameters, call.operation), place)

    def _client(self, service: str) -> Any:
        """Return the client of a service: using one is thread-safe, making one is not and takes a tenth of a second."""
        with self._making:
            if service not in self._clients:
                self._session = self._session or self._open()
                self._clients[service] = self._make(self._session.client, service)
            return self._clients[service]

    def _make(self, factory: Callable[..., Any], service: str, *, config: Config | None = None) -> Any:
        settings = self._config if config is None else self._config.merge(config)
        try:
            client = factory(service, config=settings, endpoint_url=self._cell.endpoint_url)
        except ValueError as error:
            raise Invalid(
                f"the Cell's spec.aws.endpointURL: {error}; expected a URL such as https://host:port"
            ) from None
        client.meta.events.register("before-send", self._leaves)
        return client

    def _leaves(self, event_name: str, **_: Any) -> None:
        """Stop a change that is late or may not be made: asked when its request is complete and about to leave."""
        operation = event_name.rpartition(".")[2]
        if not _changes(operation):
            return
        if why := self._halted():
            raise Postponed(why)
        if time.monotonic() - self._of_thread.handed_in > LONGEST_IN_LINE:
            raise Postponed(f"{operation} had to wait for others, or for credentials; its turn comes later")

    def _open(self) -> boto3.Session:
        found = sessions.opened(self._cell, self._credentials, self._make, self._ask)
        return boto3.Session(botocore_session=found)

    def _ask(self, client: Any, call: Call) -> Any:
        method = getattr(client, xform_name(call.operation))
        return self._translated(call, partial(method, **call.parameters))


def _changes(operation: str) -> bool:
    """Tell whether an operation changes anything. STS only gives credentials for what follows."""
    return not operation.startswith((*_READS, "AssumeRole"))


def _refuse_failures(call: Call, reply: Any) -> None:
    """Raise what S3 says of objects that it did not delete: the reply as a whole is a success."""
    if call.operation == "DeleteObjects" and (failed := reply.get("Errors")):
        said = f"{failed[0].get('Message', '')} ({failed[0]['Key']}, {len(failed)} objects in all)"
        error: Any = {"Code": failed[0]["Code"], "Message": said}
        raise ClientError({"Error": error, "ResponseMetadata": _FORBIDDEN}, call.operation)


def _explain(call: Call, error: Exception) -> tuple[type[DataplaneError], str]:
    """Return what an error of the SDK means, and tells a person."""
    reading = not _changes(call.operation)
    if isinstance(error, ClientError):
        return _reply(call, error, reading=reading)
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, _NO_CREDENTIALS):
        return Denied, f"{text}; give the Cell a credentialsSecretRef, or the operator's pod credentials"
    if isinstance(error, _NOT_SENT):
        return NotNow, f"{text}; is the endpoint reachable from the operator?"
    if isinstance(error, _INVALID):
        return Invalid, text
    return codes.lost(reading=reading), text


def _reply(call: Call, error: ClientError, *, reading: bool) -> tuple[type[DataplaneError], str]:
    """Read an error reply."""
    message = error.response["Error"].get("Message", "")
    code = codes.normal(error.response["Error"].get("Code", ""), message)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    mend = codes.mend(code, codes.action(call.service, call.operation)) or codes.advice(message)
    text = f"{code} (HTTP {status}): {message}{mend and '; '}{mend}"
    if codes.too_early(code, message):
        return NotYet, text
    return codes.meaning(code, status, reading=reading, operation=call.operation), text
