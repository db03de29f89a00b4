"""A small threaded HTTP/1.1 server for one WSGI application.

Werkzeug's development server closes every connection and waits 10 ms before it does; with connections kept open the
same application answers several times as fast. It is also the place where a reply can be dropped: an application that
raises `ReplyDroppedError` has its connection closed without a byte, as a network would do it.
"""

from __future__ import annotations

import io
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from tests.aws.wire import run_wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class ReplyDroppedError(Exception):
    """The connection ends here: the client learns nothing."""


class WsgiHandler(BaseHTTPRequestHandler):
    """Reads one request after another from a connection and answers each with a single write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: WsgiServer  # type: ignore[mutable-override]

    def _answer(self) -> None:
        try:
            reply = run_wsgi(self.server.app, self._environ())
        except ReplyDroppedError:
            self.close_connection = True
            return
        except Exception as error:  # noqa: BLE001 - a fault of the emulator must reach the client and the log
            traceback.print_exc(file=sys.stderr)
            self._write(500, [("Content-Type", "text/plain")], repr(error).encode())
            return
        self._write(reply.status, reply.headers, reply.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _answer  # noqa: N815 - named by http.server

    def _write(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _environ(self) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed while it sent
            raise ReplyDroppedError
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                environ[f"HTTP_{key}"] = value
        return environ

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Say nothing for each request: counts and journal tell more."""


class WsgiServer(ThreadingHTTPServer):
    """One thread a connection; threads end with the process."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, app: WSGIApplication) -> None:
        self.app = app
        super().__init__(("127.0.0.1", port), WsgiHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that go away in the middle of a request: tests kill them on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
