"""The few requests the cluster itself needs, over one kept-alive connection: kubectl would cost a process for each."""

import http.client
import json
import ssl
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.cluster.errors import ApiError

REQUEST_SECONDS = 15


@dataclass
class Api:
    """JSON requests with a bearer token to an API server that proves itself by `ca`. One thread at a time."""

    url: str
    ca: Path
    token: str
    _connection: http.client.HTTPSConnection | None = field(default=None, init=False, repr=False)

    def get(self, path: str) -> Any:
        """The object or list at `path`; a plain-text answer comes as a string.

        A kept connection may have ended since it was last used: then it is asked once more, over a new one.
        """
        kept = self._connection is not None
        try:
            return self.request("GET", path)
        except ConnectionError:
            if not kept:
                raise
            return self.request("GET", path)

    def create(self, path: str, body: dict[str, Any]) -> Any:
        """Create an object in the collection `path`; returns it as the server has it."""
        return self.request("POST", path, body)

    def watch(self, path: str, silent_seconds: float, **parameters: str) -> Generator[Any]:
        """Each event of a watch of the collection `path`, which has begun when this returns.

        It has a connection of its own until it is closed. Raises ApiError for an error status, and OSError where no
        server answers or nothing has come for so long.
        """
        connection = self._connect(silent_seconds)
        query = urlencode({"watch": "1", **parameters})
        connection.request("GET", f"{path}?{query}", headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            with closing(connection):
                raise ApiError(f"GET {path}?{query}", response.status, response.read().decode())
        return _events(connection, response)

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request. Raises ApiError for an error status and OSError when no server answers."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = self._open()
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            content = response.read().decode()
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise ConnectionError(f"{method} {self.url}{path}: {error}") from error
        is_json = response.headers.get_content_type() == "application/json"
        answer = json.loads(content) if is_json else content
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            message = answer.get("message", content) if isinstance(answer, dict) else content
            raise ApiError(f"{method} {path}", response.status, message)
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> http.client.HTTPSConnection:
        if self._connection is None:
            self._connection = self._connect(REQUEST_SECONDS)
        return self._connection

    def _connect(self, seconds: float) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.ca))
        return http.client.HTTPSConnection(urlsplit(self.url).netloc, timeout=seconds, context=context)


def _events(connection: http.client.HTTPSConnection, response: http.client.HTTPResponse) -> Generator[Any]:
    with closing(connection), response:
        for line in response:
            yield json.loads(line)
