"""A small API server of ConfigMaps that can misbehave as real ones do when the network does: on demand, at once.

The real one is used wherever it can be made to fail; this is for what it does only after minutes or by bad luck.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DISCOVERY = {"resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}
CONFIG_MAPS = "/api/v1/configmaps"


@dataclass
class Answered:
    """A response to give in place of the usual one. `hang`: seconds before it; `cut`: close the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0
    cut: bool = False


@dataclass
class FakeApi:
    """ConfigMaps by namespace and name, with listings, watches and their resource versions."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    version: int = 10
    log: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    remembered_since: int = 0
    """Watches and continuations from before this version are refused with 410."""
    token: str = ""
    """The only bearer token that is let in; empty lets everybody in."""
    answers: list[Answered] = field(default_factory=list)
    """Taken one by one by the next requests."""
    requests: list[web.Request] = field(default_factory=list)
    deaf: bool = False
    """Streams stay open and say nothing."""
    streams: int = 0
    port: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _hung_up: int = 0

    @property
    def kubeconfig(self) -> dict[str, Any]:
        """A kubeconfig for it."""
        return {
            "current-context": "fake",
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
            "clusters": [{"name": "fake", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "fake", "user": {"token": "first"}}],
        }

    def put(self, name: str, value: str = "", namespace: str = "shop") -> None:
        """Make or change an object, and tell the watches."""
        key, event = (namespace, name), "MODIFIED" if (namespace, name) in self.objects else "ADDED"
        self.version += 1
        metadata = {"namespace": namespace, "name": name, "resourceVersion": str(self.version)}
        self.objects[key] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}
        self._tell(event, self.objects[key])

    def remove(self, name: str, namespace: str = "shop", *, told: bool = True) -> None:
        """Remove an object; the watches learn of it only if `told`."""
        self.version += 1
        gone = self.objects.pop((namespace, name))
        if told:
            self._tell("DELETED", {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}})

    def bookmark(self) -> None:
        """Tell the watches the version, as the API server does every minute."""
        self.version += 1
        self._tell("BOOKMARK", {"kind": "ConfigMap", "metadata": {"resourceVersion": str(self.version)}})

    def say(self, event: str, item: dict[str, Any]) -> None:
        """Tell the watches anything."""
        self.version += 1
        self._tell(event, item)

    def forget(self) -> None:
        """Forget all history."""
        self.version += 1
        self.remembered_since = self.version

    def hang_up(self) -> None:
        """Break every stream in the middle of a line."""
        self._hung_up += 1
        self._wake()

    def asked(self, path: str = CONFIG_MAPS, **query: str) -> list[web.Request]:
        """The requests so far for a path whose query has all of `query`."""
        return [
            request
            for request in self.requests
            if request.path == path and query.items() <= dict(request.query).items()
        ]

    def _tell(self, event: str, item: dict[str, Any]) -> None:
        self.log.append((self.version, event, item))
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve one request."""
        self.requests.append(request)
        if self.answers:
            return await self._answer_as_told(request, self.answers.pop(0))
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return refusal(401, "Unauthorized", "Unauthorized")
        if request.path == "/api/v1":
            return web.json_response(DISCOVERY)
        if request.path != CONFIG_MAPS:
            return web.Response(status=404, text="404 page not found")
        return await (self._watch(request) if "watch" in request.query else self._list(request))

    async def _answer_as_told(self, request: web.Request, told: Answered) -> web.StreamResponse:
        await asyncio.sleep(told.hang)
        if told.cut and request.transport is not None:
            request.transport.abort()
        if isinstance(told.body, str):
            return web.Response(status=told.status, text=told.body, headers=told.headers)
        return web.json_response(told.body or {}, status=told.status, headers=told.headers)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        limit = int(request.query["limit"])
        version, _, start = request.query.get("continue", f"{self.version}/0").partition("/")
        if int(version) < self.remembered_since:
            return refusal(410, "Expired", "The provided continue parameter is too old")
        items = [self.objects[key] for key in sorted(self.objects)]
        end = int(start) + limit
        metadata = {"resourceVersion": version, **({"continue": f"{version}/{end}"} if end < len(items) else {})}
        # Items of a real listing do not say their kind.
        bare = [{name: item[name] for name in ("metadata", "data")} for item in items[int(start) : end]]
        return web.json_response({"metadata": metadata, "items": bare})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        stream, hung_up = web.StreamResponse(), self._hung_up
        await stream.prepare(request)
        if since < self.remembered_since:
            status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await stream.write(line("ERROR", status))
            return stream
        self.streams += 1
        loop = asyncio.get_running_loop()
        end = loop.time() + float(request.query["timeoutSeconds"])
        try:
            while (left := end - loop.time()) > 0:
                news = self._news
                if hung_up != self._hung_up and request.transport is not None:
                    await stream.write(line("MODIFIED", {})[:10])
                    request.transport.close()
                    return stream
                for version, event, item in [] if self.deaf else [entry for entry in self.log if entry[0] > since]:
                    await stream.write(line(event, item))
                    since = version
                try:
                    await asyncio.wait_for(news.wait(), left)
                except TimeoutError:
                    break
        finally:
            self.streams -= 1
        return stream


def refusal(status: int, reason: str, message: str) -> web.Response:
    """A metav1.Status."""
    return web.json_response({"kind": "Status", "code": status, "reason": reason, "message": message}, status=status)


def line(event: str, item: dict[str, Any]) -> bytes:
    """One line of a stream."""
    return json.dumps({"type": event, "object": item}).encode() + b"\n"


@asynccontextmanager
async def serving() -> AsyncIterator[FakeApi]:
    """Run a fake on a free loopback port."""
    api = FakeApi()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.port = runner.addresses[0][1]
    try:
        yield api
    finally:
        await runner.cleanup()
