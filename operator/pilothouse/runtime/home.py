"""The operator's own cluster and namespace: where its kinds, its Lease and its Secrets are."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pilothouse.api.cell import CellStatus
from pilothouse.api.meta import API_VERSION
from pilothouse.dataplane.errors import Conflict, Invalid, NotFound
from pilothouse.dataplane.kubernetes import credentials
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.credentials import Credentials
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.runtime.canary import Canary
from pilothouse.runtime.merging import merge_patch, wire

NAME: Final = "operator"
"""How messages name the operator's own connection, which is no Cell's."""
HASH_KEY_SECRET: Final = "pilothouse-hash-key"  # noqa: S105 - the name of a Secret
HASH_KEY_BYTES: Final = 32
DEFAULT_NAMESPACE: Final = "pilothouse-system"
_ACCOUNT_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class HomeCluster:
    """The operator's own cluster, through one connection; `connect` opens others."""

    def __init__(self, api: KubernetesProvider, namespace: str, canary: Canary, leading: Callable[[], bool]) -> None:
        self.api, self.namespace = api, namespace
        self._canary, self._leading = canary, leading

    @property
    def leading(self) -> bool:
        """Whether this process leads now."""
        return self._leading()

    async def connect(self, cell: str, kubeconfig: Mapping[str, Any] | None) -> KubernetesProvider:
        """Return a connection to the cluster of a kubeconfig; to the operator's own when None."""
        return await KubernetesProvider.connect(cell, own_kubeconfig() if kubeconfig is None else kubeconfig)

    async def secret(self, name: str) -> Mapping[str, str]:
        """Return the data of a Secret in the operator's namespace, in base64; raises NotFound."""
        found = await self.api.get(ObjectID("v1", "Secret", self.namespace, name))
        return found.get("data") or {}

    async def write_cell_status(self, cell: str, before: CellStatus, status: CellStatus) -> None:
        """Replace the status of a Cell, if this process leads."""
        patch = merge_patch(wire(before), wire(status))
        if not patch or not self.leading:
            return
        identifier = ObjectID(API_VERSION, "Cell", "", cell)
        raw = await self.api.patch(identifier, {"status": patch}, subresource="status")
        self._canary.sent("Cell", int(raw["metadata"]["resourceVersion"]))

    async def control_plane(self) -> str:
        """Return the UID of namespace kube-system: the default identity of a control plane."""
        found = await self.api.get(ObjectID("v1", "Namespace", "", "kube-system"))
        return str(found["metadata"]["uid"])

    async def hash_key(self) -> bytes:
        """Return the secret that hashes of this installation are keyed by; it is made when there is none yet.

        Raises Invalid when the Secret was tampered with: with another key, everything would look changed.
        """
        identifier = ObjectID("v1", "Secret", self.namespace, HASH_KEY_SECRET)
        try:
            found = await self.api.get(identifier)
        except NotFound:
            found = await self._new_hash_key(identifier)
        key = base64.b64decode((found.get("data") or {}).get("key", ""))
        if len(key) < HASH_KEY_BYTES:
            raise Invalid(
                f"{identifier.title}: data.key: found {len(key)} bytes, expected {HASH_KEY_BYTES}. "
                "Restore it from a backup, or delete the Secret to have a new one made and everything compared anew."
            )
        return key

    async def _new_hash_key(self, identifier: ObjectID) -> dict[str, Any]:
        key = base64.b64encode(secrets.token_bytes(HASH_KEY_BYTES)).decode()
        metadata = {"name": identifier.name, "namespace": identifier.namespace}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "immutable": True, "data": {"key": key}}
        try:
            return await self.api.create(body)
        except Conflict:
            return await self.api.get(identifier)


def own_kubeconfig() -> Path | None:
    """Return the kubeconfig to use, as kubectl chooses it; None in a pod that is given none."""
    if named := os.environ.get("KUBECONFIG", ""):
        return Path(named.split(os.pathsep)[0]).expanduser()
    return None if "KUBERNETES_SERVICE_HOST" in os.environ else Path("~/.kube/config").expanduser()


async def own_credentials() -> Credentials:
    """Return who the operator is to its own cluster. Raises Denied or Invalid."""
    kubeconfig = own_kubeconfig()
    return credentials.in_cluster(NAME) if kubeconfig is None else await credentials.by_kubeconfig(NAME, kubeconfig)


def own_namespace() -> str:
    """Return the namespace of the operator's pod; `pilothouse-system` outside of a pod."""
    if named := os.environ.get("POD_NAMESPACE", ""):
        return named
    return _ACCOUNT_NAMESPACE.read_text().strip() if _ACCOUNT_NAMESPACE.exists() else DEFAULT_NAMESPACE
