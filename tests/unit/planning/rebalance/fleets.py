"""Fleets for tests, small to write: Cells of 100 of everything, and workloads with a replica or two."""

from collections.abc import Mapping, Sequence
from typing import Any

from pilothouse.planning.rebalance.fleet import Cell, Fleet, Moved, Subject, Workload

NOW = 1_000_000.0


def cell(name: str, reserved: float = 30.0, **more: Any) -> Cell:
    """A Cell in the failure domain of its first letter, as full at the last three sweeps as now."""
    given: dict[str, Any] = {"samples": (reserved / 100,) * 3, **more}
    return Cell(name, name[0], {"cpu": 100.0}, {"cpu": reserved}, **given)


def workload(name: str, replicas: Mapping[str, int], *, cpu: float = 10.0, to: str = "", **more: Any) -> Workload:
    """A workload `web` of an Application, all ready, whose next replica may go to the Cells in `to`."""
    count = sum(replicas.values())
    given: dict[str, Any] = {"ready": count, "floor": count, "room": dict.fromkeys(to.split(), 1), **more}
    return Workload(Subject(f"shop/{name}", "web"), replicas, {"cpu": cpu}, **given)


def fleet(*parts: Cell | Workload, moved: Sequence[Moved] = (), **more: Any) -> Fleet:
    """A fleet at NOW. Cells that something moves to and that are not given take nothing new."""
    cells = {part.name: part for part in parts if isinstance(part, Cell)}
    others = {one.destination: cell(one.destination, cordoned=True) for one in moved}
    workloads = [part for part in parts if isinstance(part, Workload)]
    return Fleet(NOW, [*(others | cells).values()], workloads, moved, **more)
