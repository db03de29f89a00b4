"""From what a Cell's spec says to a provider that works: credentials from Secrets, SDKs loaded when first needed.

Cells that are parts of one cluster share its watches; each has connections of its own, so that one that is slow does
not hold up the others.
"""

import asyncio
import base64
import hashlib
import importlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import yaml

from pilothouse.api.cell import AwsCell, CellStatus, SecretKeyRef
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.clusters import Cluster
from pilothouse.controller.fleet import KUBECONFIG, Cell, Fleet
from pilothouse.controller.ports import Key
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.errors import Conflict, Denied, Invalid, NotFound
from pilothouse.dataplane.kubernetes.answers import NamespaceMissing
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types import marks
from pilothouse.dataplane.types import Call, Provider, ResourceType


class Home(Protocol):
    """The operator's own cluster and namespace."""

    @property
    def leading(self) -> bool:
        """Whether this process leads now."""

    async def connect(self, cell: str, kubeconfig: Mapping[str, Any] | None) -> KubernetesProvider:
        """Return a connection to the cluster of a kubeconfig; to the operator's own when None."""

    async def secret(self, name: str) -> Mapping[str, str]:
        """Return the data of a Secret in the operator's namespace, in base64; raises NotFound."""

    async def write_cell_status(self, cell: str, before: CellStatus, status: CellStatus) -> None:
        """Replace the status of a Cell, if this process leads."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a Cell is of interest, and to whom.

    changed: told of Applications whose things are not as they were; agent: what this process calls itself to clouds.
    """

    control_plane: str
    types: Iterable[ResourceType[Any]]
    changed: Callable[[Key], None]
    agent: str


@dataclass(slots=True)
class _Shared:
    """A cluster and the Cells that are parts of it."""

    opening: asyncio.Task[Cluster]
    cells: set[str] = field(default_factory=set)


class Connections:
    """Opens and closes what Cells are reached through."""

    def __init__(self, fleet: Fleet, home: Home, scope: Scope) -> None:
        self._fleet, self._home, self._scope = fleet, home, scope
        self._clusters: dict[str, _Shared] = {}

    async def open(self, cell: Cell) -> None:
        """Connect a Cell. Raises DataplaneError when that fails; nothing is left open then."""
        if cell.spec is not None and cell.spec.aws is not None:
            await self._open_aws(cell, cell.spec.aws)
        elif cell.spec is not None and cell.spec.kubernetes is not None:
            ref = cell.spec.kubernetes.kubeconfig_secret_ref
            await self._open_kubernetes(cell, await self._kubeconfig(ref) if ref else None)

    async def close(self, cell: Cell) -> None:
        """Close what was opened for a Cell."""
        inner, cell.inner, cell.provider, cell.cloud, cell.cluster = cell.inner, None, None, None, None
        if inner is not None:
            closing = inner.close()
            if closing is not None:
                await closing
        for identity, shared in tuple(self._clusters.items()):
            shared.cells.discard(cell.uid)
            if not shared.cells:
                del self._clusters[identity]
                await _closed(shared.opening)

    async def _open_aws(self, cell: Cell, spec: AwsCell) -> None:
        ref = spec.credentials_secret_ref
        credentials = AccessKey.from_secret(ref.name, _decoded(ref.name, await self._secret(ref.name))) if ref else None
        try:
            # Half a second and 50 MB that only those pay who have such a Cell.
            module = await asyncio.to_thread(importlib.import_module, "pilothouse.dataplane.aws.client")
        except ImportError as error:
            raise Invalid(f"Cell {cell.name}: {error}. Install pilothouse[aws].") from error
        types = [kind for kind in self._scope.types if kind.provider == "aws"]
        cell.inner = module.AwsProvider(spec, credentials, halted=self._fleet.halted, agent=self._scope.agent)
        cell.cloud = Cloud(types, self._scope.control_plane, self._scope.changed)
        cell.provider = self._fleet.gated(cell, cell.inner)

    async def _open_kubernetes(self, cell: Cell, kubeconfig: Mapping[str, Any] | None) -> None:
        cell.cluster = await self._cluster(cell, kubeconfig)
        inner = await self._home.connect(cell.name, kubeconfig)
        cell.inner = inner
        place = cell.spec.kubernetes if cell.spec else None
        sender: Provider = WithNamespaces(inner) if place is not None and place.create_namespace else inner
        cell.provider = self._fleet.gated(cell, sender)

    async def _cluster(self, cell: Cell, kubeconfig: Mapping[str, Any] | None) -> Cluster:
        identity = identity_of(cell.cluster_name, kubeconfig)
        shared = self._clusters.get(identity)
        if shared is None:
            shared = _Shared(asyncio.create_task(self._opened(cell.cluster_name, kubeconfig)))
            self._clusters[identity] = shared
        shared.cells.add(cell.uid)
        try:
            return await asyncio.shield(shared.opening)
        except Exception:
            self._clusters.pop(identity, None)
            raise

    async def _opened(self, name: str, kubeconfig: Mapping[str, Any] | None) -> Cluster:
        return Cluster(await self._home.connect(name, kubeconfig), self._scope.control_plane, self._scope.changed)

    async def _kubeconfig(self, ref: SecretKeyRef) -> Mapping[str, Any]:
        key, data = ref.key or KUBECONFIG, _decoded(ref.name, await self._secret(ref.name))
        if key not in data:
            found = ", ".join(sorted(data)) or "none"
            raise Denied(f"Secret {ref.name}: key {key} is missing (keys found: {found}); write a kubeconfig there")
        try:
            parsed = yaml.safe_load(data[key])
        except (yaml.YAMLError, ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise Invalid(f"Secret {ref.name}: key {key}: expected a kubeconfig in YAML; write one there")
        return parsed

    async def _secret(self, name: str) -> Mapping[str, str]:
        try:
            return await self._home.secret(name)
        except NotFound as error:
            raise Denied(f"{error}. Create it in the operator's namespace.") from error


class WithNamespaces:
    """A cluster in which the namespace of an Application is made when something is to be made in it.

    It bears no mark and is never deleted: others may live there by then, and a namespace takes all of them along.
    """

    def __init__(self, inner: KubernetesProvider) -> None:
        self._inner = inner

    async def send(self, call: Call) -> Any:
        """Send one call; an apply that finds no namespace makes it and tries once more."""
        try:
            return await self._inner.send(call)
        except NamespaceMissing:
            if call.operation != "apply":
                raise
        name = call.parameters["manifest"]["metadata"]["namespace"]
        metadata = {"name": name, "labels": {marks.MANAGED_BY: "pilothouse"}}
        with suppress(Conflict):
            await self._inner.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return await self._inner.send(call)

    def pages(self, call: Call) -> AsyncIterator[Any]:
        """Send a listing and yield its pages."""
        return self._inner.pages(call)


def identity_of(cluster: str, kubeconfig: Mapping[str, Any] | None) -> str:
    """Return what Cells share a connection by: the name of their cluster, and their credentials for it."""
    return f"{cluster} {hashlib.sha256(yaml.safe_dump(kubeconfig).encode()).hexdigest()}"


async def _closed(opening: asyncio.Task[Cluster]) -> None:
    opening.cancel()
    done, _ = await asyncio.wait([opening])
    for task in done:
        if not task.cancelled() and task.exception() is None:
            await task.result().close()


def _decoded(name: str, data: Mapping[str, str]) -> dict[str, bytes]:
    try:
        return {key: base64.b64decode(text, validate=True) for key, text in data.items()}
    except ValueError as error:
        raise Denied(f"Secret {name}: {error}") from error
