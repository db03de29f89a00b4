"""Kopf as the process's informer for our kinds. It decides nothing, keeps nothing on objects, and writes nothing."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import kopf

from pilothouse.api.meta import GROUP, VERSION
from pilothouse.dataplane.kubernetes.credentials import Credentials
from pilothouse.runtime.canary import missing_tasks

PLURALS: Final = ("applications", "cells", "fleetpolicies")
WATCHES: Final = tuple(f"watcher for {plural}.{VERSION}.{GROUP}" for plural in PLURALS)
"""What the names of Kopf's tasks begin with."""
NO_FINALIZER: Final = f"{GROUP}/never-used"
"""Kopf removes the finalizer that it takes for its own from every object that none of its handlers needs it for."""

Told = Callable[[str, dict[str, Any], bool], None]
"""Takes a plural, an object as JSON, and whether it was deleted."""

_log = logging.getLogger(__name__)


# ruff: noqa: ARG002 - what Kopf hands to its storages is of no use to those that store nothing


class _NoDiffBase(kopf.DiffBaseStorage):
    """Remembers no last-handled state: our handlers do not ask what changed."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None, ignored_fields: Any = None) -> kopf.BodyEssence:
        return kopf.BodyEssence({})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        pass


class _NoProgress(kopf.ProgressStorage):
    """Remembers no progress of handlers: ours have none."""

    def fetch(self, *, key: Any, body: kopf.Body) -> Any:
        return None

    def store(self, *, key: Any, record: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        pass

    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        pass

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        pass

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


class _Backoffs:
    """Delays after failures, without an end: capped, jittered, and new at each iteration."""

    def __iter__(self) -> Iterator[float]:
        delay = 1.0
        while True:
            yield delay * random.uniform(0.75, 1.25)  # noqa: S311 - it guards nothing
            delay = min(30.0, delay * 2)


def settings() -> kopf.OperatorSettings:
    """Return the settings that suit an informer for 10,000 objects."""
    chosen = kopf.OperatorSettings()
    chosen.persistence.finalizer = NO_FINALIZER
    chosen.persistence.diffbase_storage = _NoDiffBase()
    chosen.persistence.progress_storage = _NoProgress()
    chosen.posting.enabled = False
    chosen.posting.loggers = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = True
    chosen.watching.server_timeout = 300
    chosen.watching.client_timeout = 330
    chosen.watching.connect_timeout = 10
    chosen.watching.inactivity_timeout = 70
    chosen.watching.initial_streaming = False
    chosen.watching.chunk_size = 500
    chosen.watching.reconnect_backoff = 1
    chosen.networking.request_timeout = 30
    chosen.networking.connect_timeout = 5
    chosen.networking.error_backoffs = _Backoffs()
    chosen.queueing.idle_timeout = 1
    chosen.queueing.exit_timeout = 1
    chosen.process.ultimate_exiting_timeout = 30
    chosen.execution.default_backoff = 10
    return chosen


class Shell:
    """Kopf's operator, telling `told` of every change of an Application, Cell or FleetPolicy."""

    def __init__(self, login: Callable[[], Any], told: Told) -> None:
        self._registry = kopf.OperatorRegistry()
        self._stop, self._ready = asyncio.Event(), asyncio.Event()
        self._login, self._told, self._begun = login, told, False
        kopf.on.login(registry=self._registry)(self._credentials)
        for plural in PLURALS:
            kopf.on.event(GROUP, VERSION, plural, registry=self._registry, id=plural)(self._handler(plural))

    async def run(self) -> None:
        """Run until `stop`."""
        await kopf.operator(
            registry=self._registry,
            settings=settings(),
            standalone=True,
            clusterwide=True,
            ready_flag=self._ready,
            stop_flag=self._stop,
        )

    async def started(self) -> None:
        """Wait until Kopf has begun to watch."""
        await self._ready.wait()

    def stop(self) -> None:
        """Let `run` end."""
        self._stop.set()

    @property
    def watching(self) -> bool:
        """Whether every watch has begun."""
        self._begun = self._begun or not missing_tasks(WATCHES)
        return self._begun

    def problem(self) -> str:
        """Return which of Kopf's watches has ended: it does not start them again. Empty before they have begun."""
        ended = missing_tasks(WATCHES) if self.watching else []
        return f"ended: {', '.join(ended)}" if ended else ""

    def _handler(self, plural: str) -> Any:
        async def changed(event: kopf.RawEvent, **_: Any) -> None:
            raw: Any = event["object"]
            self._told(plural, raw, event["type"] == "DELETED")

        return changed

    async def _credentials(self, **_: Any) -> kopf.ConnectionInfo:
        return await connection_info(await self._login())


async def connection_info(credentials: Credentials) -> kopf.ConnectionInfo:
    """Return the credentials of our own connection as Kopf takes them."""
    found = credentials.configuration
    header = await credentials.authorization()
    scheme, _, token = header.partition(" ")
    return kopf.ConnectionInfo(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
        scheme=scheme or None,
        token=token or None,
        proxy_url=found.proxy,
    )
