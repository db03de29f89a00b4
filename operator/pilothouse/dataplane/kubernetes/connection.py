"""One cluster's HTTP connection: JSON in, JSON out, and every way it can fail told as an error of the Data Plane.

It uses the TLS context of `kubernetes.aio` but a session of its own: the library's looks for proxies and .netrc in two
threads at every request, and its models cost more than the request (1.0 ms an apply; 0.3 to 0.4 ms here).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson
from kubernetes.aio.client.rest import RESTClientObject
from yarl import URL

from pilothouse.dataplane.errors import DataplaneError, Denied, NotNow, OutcomeUnknown
from pilothouse.dataplane.kubernetes.answers import Answer, Asked, Unacceptable, error_of
from pilothouse.dataplane.kubernetes.credentials import Credentials

REQUEST_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
LONGEST_EVENT: Final = 1 << 25
"""Bytes of one watch event; etcd stores objects of up to 1.5 MB unless told otherwise."""

_LONGEST_QUOTED: Final = 200
_CERTIFICATE_MEND: Final = "Mend the kubeconfig's certificate-authority-data or server."


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries, to be sent as JSON under its media type."""

    content: Any
    media_type: str = "application/json"


class Connection:
    """Requests to one API server over kept-alive connections. Raises errors of `dataplane.errors` and nothing else."""

    def __init__(self, credentials: Credentials, request_seconds: float = REQUEST_SECONDS) -> None:
        configuration = credentials.configuration
        self._credentials = credentials
        self._host = configuration.host.rstrip("/")
        self._seconds = max(1, round(request_seconds))
        self._timeout = aiohttp.ClientTimeout(total=request_seconds, connect=min(CONNECT_SECONDS, request_seconds))
        tls = RESTClientObject(configuration).ssl_context
        self._options: dict[str, Any] = {
            "proxy": configuration.proxy or None,
            "proxy_headers": configuration.proxy_headers,
            "server_hostname": configuration.tls_server_name or None,
            "allow_redirects": False,
        }
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=configuration.connection_pool_maxsize),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "User-Agent": "pilothouse"},
        )

    async def close(self) -> None:
        """Close every connection; streams end with an error."""
        await self._session.close()

    async def request(
        self, asked: Asked, method: str, path: str, query: Mapping[str, str] | None = None, body: Body | None = None
    ) -> Any:
        """Send one request and return its JSON. Raises what the answer, or its absence, means."""
        options: dict[str, Any] = {"timeout": self._timeout, "headers": {}}
        if body is not None:
            options["data"] = orjson.dumps(body.content)
            options["headers"] = {"Content-Type": body.media_type}
        # Past its deadline a call must not have its effect: the server gives up with us.
        bound = {"timeout": f"{self._seconds}s"} if asked.has_effect else {}
        try:
            response = await self._send(method, path, {**(query or {}), **bound}, options)
            async with response:
                content = await response.read()
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise error_of(asked, _answer(response, content))
            return orjson.loads(content)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise unanswered(asked, error) from error

    async def stream(
        self, asked: Asked, path: str, query: Mapping[str, str], silence_seconds: float, opened: Callable[[], None]
    ) -> AsyncGenerator[Any, None]:
        """Yield the JSON lines of an answer without end, until the server ends it.

        silence_seconds: how long the server may say nothing before the stream counts as lost. opened: called when the
        server has agreed to answer, which may be long before it has anything to say.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=silence_seconds)
        try:
            response = await self._send("GET", path, query, {"timeout": timeout, "headers": {}})
            async with response:
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise error_of(asked, _answer(response, await response.read()))
                opened()
                async for line in _lines(asked, response.content):
                    yield orjson.loads(line)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise unanswered(asked, error) from error

    async def _send(
        self, method: str, path: str, query: Mapping[str, str], options: dict[str, Any]
    ) -> aiohttp.ClientResponse:
        """Send a request; once more with a new token when the server refuses the one we had."""
        url = URL(f"{self._host}{path}{_query(tuple(query.items()))}", encoded=True)
        token = await self._credentials.authorization()
        response = await self._attempt(method, url, token, options)
        if response.status == HTTPStatus.UNAUTHORIZED and await self._credentials.renew(token):
            response.release()
            response = await self._attempt(method, url, await self._credentials.authorization(), options)
        return response

    async def _attempt(self, method: str, url: URL, token: str, options: dict[str, Any]) -> aiohttp.ClientResponse:
        headers = {**options["headers"], "Authorization": token} if token else options["headers"]
        return await self._session.request(method, url, **{**self._options, **options, "headers": headers})


def unanswered(asked: Asked, error: Exception) -> DataplaneError:
    """Return the error that a missing answer means: it depends on whether the request left, and what it could do."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Denied(asked.told(f"the API server's identity is in doubt: {said}", _CERTIFICATE_MEND))
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError() | aiohttp.ClientHttpProxyError():
            return NotNow(asked.told(f"cannot reach the API server: {said}"))
        case _ if asked.has_effect:
            return OutcomeUnknown(asked.told(f"the API server did not answer: {said}"))
        case _:
            return NotNow(asked.told(f"the API server did not answer: {said}"))


@lru_cache(maxsize=256)
def _query(parameters: tuple[tuple[str, str], ...]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


async def _lines(asked: Asked, content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        if any(len(line) > LONGEST_EVENT for line in (*lines, rest)):
            raise Unacceptable(asked.told(f"an event is longer than {LONGEST_EVENT} bytes"))
        for line in lines:
            yield line


def _answer(response: aiohttp.ClientResponse, content: bytes) -> Answer:
    body: Any = None
    with suppress(ValueError):
        body = orjson.loads(content)
    if not isinstance(body, dict):
        # Something between us and the API server spoke, or the API server's mux, which knows no such path.
        body = {"message": content.decode(errors="replace")[:_LONGEST_QUOTED].strip()}
    seconds = response.headers.get("Retry-After", "")
    return Answer(response.status, body, float(seconds) if seconds.isdecimal() else 0.0)
