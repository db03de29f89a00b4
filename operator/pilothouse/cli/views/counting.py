"""How many pods of a workload were placed, in the words of its kind."""

from collections.abc import Iterable

from pilothouse.api.application import Placed
from pilothouse.api.workload import Workload


def counted(workload: Workload, placements: Iterable[Placed], *, wanted: str = "") -> tuple[str, bool]:
    """Return what is placed of what is wanted, and whether that is all. placements: of this workload.

    wanted: in front of the number wanted, for another order of words.
    """
    placed = sum(each.replicas for each in placements)
    match workload.kind:
        case "DaemonSet":
            return f"{placed} pods, one a node", True
        case "Job" | "CronJob":
            return "placed" if placed else "not placed", bool(placed)
        case _ if wanted:
            return f"{workload.replicas} {wanted}, {placed} placed", placed == workload.replicas
        case _:
            return f"{placed} of {workload.replicas} replicas placed", placed == workload.replicas
