"""Leadership by a coordination.k8s.io/v1 Lease, fenced by its epoch and by a deadline.

What is sent carries the epoch, and a leader that cannot renew stops before another one can start. The deadline is
reckoned on the monotonic clock from the moment before a renewal was sent, so neither a jump of the wall clock nor a
slow answer makes it later than the API server may think. Requests end well before the next renewal is due.
"""

import asyncio
import logging
import os
import socket
import time
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from pilothouse.applying.ports import NotLeader
from pilothouse.dataplane.errors import Conflict, DataplaneError, NotFound
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.runtime.canary import Canary

API_VERSION: Final = "coordination.k8s.io/v1"
LEASE: Final = "pilothouse"
DURATION_SECONDS: Final = 15
RENEW_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 2.5
"""For the connection handed in: a request that hangs must leave time for another one before the deadline."""
CALL_SECONDS: Final = 5.0
"""Nothing is sent in the last seconds of a leadership, in which most calls end. Those that take longer are in ledgers
as intents, which the next leader waits for."""
_RETRY_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class LeaseLeadership:
    """The right to change things, while this process holds the Lease.

    identity: of this process, and of no other that may live at the same time. A holder of the same identity is known to
    be dead (a container that was started again in its pod), so its Lease is taken over without waiting.
    """

    def __init__(self, api: KubernetesProvider, namespace: str, canary: Canary, identity: str = "") -> None:
        self._api, self._canary = api, canary
        self._lease = ObjectID(API_VERSION, "Lease", namespace, LEASE)
        self.identity = identity or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._epoch, self._version, self._deadline = 0, "", float("-inf")
        self._seen: tuple[str, float] = ("", float("-inf"))

    @property
    def epoch(self) -> int:
        """The number of this leadership: the Lease's leaseTransitions."""
        return self._epoch

    @property
    def leading(self) -> bool:
        """Whether this process may change things now."""
        return time.monotonic() < self._deadline - CALL_SECONDS

    def check(self) -> None:
        """Raise NotLeader unless this process leads, and will for as long as most calls take."""
        if not self.leading:
            raise NotLeader(f"{self.identity} no longer holds {self._lease.title}")

    async def acquire(self) -> None:
        """Wait until the Lease is ours."""
        while True:
            try:
                if await self._try():
                    _log.info("%s: leading as %s, epoch %d", self._lease.title, self.identity, self._epoch)
                    return
            except DataplaneError as error:
                _log.warning("cannot take the Lease: %s", error)
            await asyncio.sleep(_POLL_SECONDS)

    async def hold(self) -> None:
        """Renew until leadership is lost, then raise NotLeader."""
        due = time.monotonic() + RENEW_SECONDS
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            started = time.monotonic()
            try:
                await self._renew(started)
                due = started + RENEW_SECONDS
            except DataplaneError as error:
                _log.warning("cannot renew the Lease: %s", error)
                due = time.monotonic() + _RETRY_SECONDS
            self.check()

    async def release(self) -> None:
        """Give the Lease back, so that the next leader need not wait for it to expire. `hold` must have ended."""
        if not self.leading:
            return
        self._deadline = float("-inf")
        given_back = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
        try:
            # From no moment on: once it is given back no deadline lies ahead, whatever is written.
            await self._write_ours(float("-inf"), given_back)
        except DataplaneError as error:
            _log.warning("cannot give the Lease back; it expires by itself: %s", error)

    async def _renew(self, started: float) -> None:
        if not await self._write_ours(started, {"renewTime": _now()}):
            self._deadline = float("-inf")

    async def _write_ours(self, started: float, spec: dict[str, Any]) -> bool:
        """Write to the Lease that we hold; returns False, with nothing written, when another one holds it.

        A version that moved although the Lease is still ours was our own write, its answer lost.
        """
        try:
            await self._write(started, spec)
        except (Conflict, NotFound):
            found = await self._api.get(self._lease)
            known = found["spec"]
            if (known.get("holderIdentity"), known.get("leaseTransitions")) != (self.identity, self._epoch):
                return False
            self._version = found["metadata"]["resourceVersion"]
            await self._write(started, spec)
        return True

    async def _try(self) -> bool:
        started = time.monotonic()
        try:
            found = await self._api.get(self._lease)
        except NotFound:
            return await self._create(started)
        spec, self._version = found.get("spec") or {}, found["metadata"]["resourceVersion"]
        if not self._free(spec, started):
            return False
        taken = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "leaseTransitions": int(spec.get("leaseTransitions") or 0) + 1,
            "acquireTime": _now(),
            "renewTime": _now(),
        }
        try:
            await self._write(started, taken)
        except Conflict:
            return False
        return True

    def _free(self, spec: dict[str, Any], now: float) -> bool:
        """Tell whether nobody else can hold the Lease: given back, ours, or unchanged for as long as it lasts."""
        if spec.get("holderIdentity") in (None, "", self.identity):
            return True
        if self._seen[0] != self._version:
            self._seen = self._version, now
        return now - self._seen[1] > float(spec.get("leaseDurationSeconds") or DURATION_SECONDS)

    async def _create(self, started: float) -> bool:
        spec = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "leaseTransitions": 1,
            "acquireTime": _now(),
            "renewTime": _now(),
        }
        metadata = {"name": self._lease.name, "namespace": self._lease.namespace}
        try:
            made = await self._api.create(
                {"apiVersion": API_VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}
            )
        except Conflict:
            return False
        self._held(made, started)
        return True

    async def _write(self, started: float, spec: dict[str, Any]) -> None:
        self._held(await self._api.patch(self._lease, {"spec": spec}, resource_version=self._version), started)

    def _held(self, lease: dict[str, Any], started: float) -> None:
        self._version = lease["metadata"]["resourceVersion"]
        self._epoch = int(lease["spec"]["leaseTransitions"])
        self._deadline = started + DURATION_SECONDS
        self._canary.sent("Lease", int(self._version))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
