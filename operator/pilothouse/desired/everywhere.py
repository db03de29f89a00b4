"""Where the pods of a DaemonSet run: in every Cell that it may use, one on each node that takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.filters import LEAVE, NO_PEERS, STAY, Asked, Peers, refusal
from pilothouse.desired.placement.nodes import Pod, pod_of, takers
from pilothouse.desired.placement.replicas import Placement

REASON: Final = "one pod on each node that takes it"
_TOLERATED: Final[tuple[Mapping[str, Any], ...]] = tuple(
    {"key": f"node.kubernetes.io/{taint}", "operator": "Exists"}
    for taint in ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
)
"""What the DaemonSet controller lets its pods bear. Source: pkg/controller/daemon/util in kubernetes 1.37."""


def place_everywhere(
    workload: Workload,
    cells: Sequence[CellView],
    current: Mapping[str, int],
    *,
    namespace: str = "",
    peers: Peers = NO_PEERS,
) -> Placement:
    """Return the Cells that `workload` runs in, with the nodes of each that take its pods; room is kube-scheduler's.

    A Cell that takes nothing new keeps what it has: `current`, by Cell. namespace: for messages.
    Raises InvalidQuantityError where the template asks for what is no quantity.
    """
    asked, pod = Asked(workload, namespace, peers), _pod(workload)
    counts: dict[str, int] = {}
    refusals: dict[str, str] = {}
    for cell in sorted(cells, key=lambda one: one.name):
        stays = cell.name in current
        leaves, closed = refusal(LEAVE, cell, asked), refusal(STAY, cell, asked)
        if leaves or (closed and not stays):
            refusals[cell.name] = leaves or closed or ""
        else:
            counts[cell.name] = current[cell.name] if closed else takers(cell, pod)
    return Placement(counts, dict.fromkeys(counts, REASON), 0, refusals)


def _pod(workload: Workload) -> Pod:
    pod = pod_of(workload.template, f"spec.workloads[{workload.name}].template")
    return replace(pod, tolerations=(*pod.tolerations, *_TOLERATED))
