"""Bring the fake nodes of a cluster to life: their objects, the rights of kwok, and waiting until all are Ready."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.cluster.api import Api
from tests.cluster.errors import ApiError, ClusterError

KWOK_USER = "kwok"
Probe = Callable[[], bool]
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.3  # seconds between two looks
EVERY_ACCESS = ("get", "list", "watch", "create", "update", "patch", "delete")

KWOK_ROLE: dict[str, Any] = {
    "metadata": {"name": KWOK_USER},
    "rules": [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods", "events"], "verbs": EVERY_ACCESS},
        {"apiGroups": [""], "resources": ["nodes/status", "pods/status"], "verbs": ["patch", "update"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": EVERY_ACCESS},
    ],
}
KWOK_BINDING: dict[str, Any] = {
    "metadata": {"name": KWOK_USER},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": KWOK_USER},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": KWOK_USER}],
}


def grant_kwok(api: Api) -> None:
    """Give the user `kwok` the rights it needs and no others."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    api.create(f"{rbac}/clusterroles", KWOK_ROLE)
    api.create(f"{rbac}/clusterrolebindings", KWOK_BINDING)


def create_nodes(api: Api, manifests: Iterable[dict[str, Any]]) -> None:
    """Create these Nodes."""
    for manifest in manifests:
        api.create("/api/v1/nodes", manifest)


def drop_leases(api: Api) -> None:
    """Free the nodes from a kwok that was killed: the next one would wait until its Leases run out."""
    api.request("DELETE", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")


def nodes_ready(api: Api) -> bool:
    """Whether every node is Ready and pods may be scheduled on it."""
    return all(is_ready(node) for node in api.get("/api/v1/nodes?resourceVersion=0")["items"])


def is_ready(node: dict[str, Any]) -> bool:
    """Whether a Node says that it is Ready and its controller has noticed."""
    conditions = {condition["type"]: condition["status"] for condition in node["status"].get("conditions", ())}
    taints = {taint["key"] for taint in node["spec"].get("taints", ())}
    return conditions.get("Ready") == "True" and "node.kubernetes.io/not-ready" not in taints


def exists(api: Api, path: str) -> bool:
    """Whether there is an object at `path`."""
    try:
        api.get(path)
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    return True


def until(done: Probe, what: str, seconds: float, check: Callable[[], None] = lambda: None) -> None:
    """Look again and again until `done`; no answer and an error answer count as not yet. `check` may raise in between.

    Raises ClusterError, which names `what` was awaited and the last failure.
    """
    deadline, pause, reason = time.monotonic() + seconds, FIRST_PAUSE, ""
    while time.monotonic() < deadline:
        try:
            if done():
                return
        except (OSError, ApiError) as error:
            reason = f": {error}"
        check()
        time.sleep(pause)
        pause = min(pause * 1.3, LONGEST_PAUSE)
    raise ClusterError(f"{what}: not within {seconds:.0f} s{reason}")
