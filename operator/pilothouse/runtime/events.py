"""core/v1 Events about Applications and Cells: counted up when they repeat, slowed down when one object has too many.

As in client-go (k8s.io/client-go, tools/record/events_cache.go): the same Event again within ten minutes raises the
count of the first one; each object has a burst of 25 and then one every five minutes. Posting happens in the background
and an Event that cannot be posted is dropped: nothing waits for Events.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.api.meta import API_VERSION
from pilothouse.api.reasons import Severity, announced
from pilothouse.api.times import rfc3339
from pilothouse.api.vocabularies import vocabulary_of
from pilothouse.controller.ports import Object
from pilothouse.dataplane.errors import DataplaneError, NotFound
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID

COMPONENT: Final = "pilothouse"
LONGEST_MESSAGE: Final = 1024
"""What the API server accepts."""
CLUSTER_WIDE: Final = "default"
"""The namespace of Events about what is in none."""
REMEMBERED_SECONDS: Final = 600.0
MOST_WAITING: Final = 1000
MOST_REMEMBERED: Final = 4096
BURST: Final = 25.0
REFILL_PER_SECOND: Final = 1 / 300

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Series:
    """An Event and how often it happened."""

    body: dict[str, Any]
    count: int
    last: float
    posted: bool = False


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Events:
    """`controller.ports.Recorder`. `run` posts what `event` records."""

    def __init__(self, api: KubernetesProvider, identity: str) -> None:
        self._api, self._identity = api, identity
        self._series: OrderedDict[tuple[str, ...], _Series] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._waiting: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._wake = asyncio.Event()

    def event(self, involved: Object, severity: Severity, reason: str, message: str) -> None:
        """Record an Event about `involved`; never fails and never waits."""
        announced(vocabulary_of(involved), severity, reason)
        metadata, now = involved["metadata"], time.time()
        text = message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 3] + "..."
        key = (metadata.get("namespace", ""), metadata["name"], metadata["uid"], severity, reason, text)
        series = self._series.get(key)
        if series is not None and now - series.last < REMEMBERED_SECONDS:
            series.count, series.last = series.count + 1, now
        elif not self._allowed(metadata["uid"], now):
            return
        else:
            self._series[key] = _Series(self._body(involved, key, now), 1, now)
            _bounded(self._series, MOST_REMEMBERED)
        self._series.move_to_end(key)
        if len(self._waiting) < MOST_WAITING:
            self._waiting[key] = None
            self._wake.set()

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Post everything recorded so far."""
        while self._waiting:
            key, _ = self._waiting.popitem(last=False)
            if (series := self._series.get(key)) is None:
                continue
            try:
                await self._post(series)
            except DataplaneError as error:
                _log.debug("an Event is dropped: %s", error)

    async def _post(self, series: _Series) -> None:
        metadata = series.body["metadata"]
        counted = {"count": series.count, "lastTimestamp": rfc3339(series.last)}
        if series.posted:
            try:
                await self._api.patch(ObjectID("v1", "Event", metadata["namespace"], metadata["name"]), counted)
            except NotFound:
                series.posted = False
        if not series.posted:
            await self._api.create(series.body | counted)
            series.posted = True

    def _body(self, involved: Object, key: tuple[str, ...], now: float) -> dict[str, Any]:
        namespace, name, uid, severity, reason, message = key
        digest = hashlib.sha256("\0".join([*key, repr(now)]).encode()).hexdigest()[:16]
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.{digest}", "namespace": namespace or CLUSTER_WIDE},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": vocabulary_of(involved).kind,
                "namespace": namespace,
                "name": name,
                "uid": uid,
                "resourceVersion": involved["metadata"].get("resourceVersion", ""),
            },
            "type": severity,
            "reason": reason,
            "message": message,
            "firstTimestamp": rfc3339(now),
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._identity,
        }

    def _allowed(self, uid: str, now: float) -> bool:
        bucket = self._buckets.setdefault(uid, _Bucket(BURST, now))
        self._buckets.move_to_end(uid)
        _bounded(self._buckets, MOST_REMEMBERED)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at) * REFILL_PER_SECOND)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _bounded(memory: "OrderedDict[Any, Any]", most: int) -> None:
    while len(memory) > most:
        memory.popitem(last=False)
