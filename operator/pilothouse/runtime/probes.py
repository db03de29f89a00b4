"""Liveness, readiness and metrics over HTTP. A probe answers from memory: it asks nobody, so it cannot hang."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

Check = Callable[[], str]
"""Returns what is wrong; empty when nothing is. It must neither wait nor raise."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_log = logging.getLogger(__name__)


class HttpServer:
    """A few read-only pages on one address."""

    def __init__(self, address: str) -> None:
        self._host, self._port = parsed(address)
        self._application = web.Application()
        self._runner = web.AppRunner(self._application, access_log=None)

    def probe(self, path: str, checks: Mapping[str, Check]) -> None:
        """Serve 200 and `ok` while every check finds nothing wrong, else 503 and what is wrong."""

        async def answer(_request: web.Request) -> web.Response:
            wrong = {name: found for name, check in checks.items() if (found := _outcome(check))}
            text = "".join(f"{name}: {found}\n" for name, found in wrong.items())
            return web.Response(text=text or "ok\n", status=503 if wrong else 200)

        self._application.router.add_get(path, answer)

    def page(self, path: str, content: Callable[[], bytes]) -> None:
        """Serve `content` in Prometheus' text format."""

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(body=content(), headers={"Content-Type": CONTENT_TYPE})

        self._application.router.add_get(path, answer)

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, reuse_address=True).start()
        _log.info("listening on %s", ", ".join(f"{host}:{port}" for host, port, *_ in self._runner.addresses))

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def parsed(address: str) -> tuple[str | None, int]:
    """Split `:8080`, `127.0.0.1:8080` or `[::1]:8080` into host (None for all) and port. Raises ValueError."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal():
        raise ValueError(f"found {address!r}, expected an address such as :8080 or 127.0.0.1:8080")
    return host.strip("[]") or None, int(port)


def _outcome(check: Check) -> str:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a check that fails is what a probe is there to tell
        return f"the check itself failed: {error!r}"
