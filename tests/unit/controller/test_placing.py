"""What one Application asks for is known when another one is placed."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from pilothouse.api.application import ApplicationSpec
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.applying.ledger import Book
from pilothouse.catalog.kinds import Catalog
from pilothouse.controller.passes import Pass, read
from pilothouse.controller.placing import Placing
from pilothouse.controller.ports import Key
from pilothouse.controller.rooms import Rooms
from pilothouse.dataplane.types import Owner
from pilothouse.desired.placement.nodes import pod_of, room
from tests.unit.desired.placement.test_accelerators import PAIR, PAIRED, SINGLE, asking

ONE, OTHER = Key("shop", "one"), Key("shop", "other")


class Tools(SimpleNamespace):
    """What placing needs of the tools, over two Cells with as much free, one of them in pairs."""

    def __init__(self) -> None:
        fleet = SimpleNamespace(
            cells=lambda _: (PAIRED, SINGLE), policy=FleetPolicySpec, placed=lambda _: (), halted=lambda: ""
        )
        super().__init__(
            control_plane="cp-1",
            breakers=SimpleNamespace(stop=lambda _: None),
            rooms=Rooms(),
            fleet=fleet,
            clock=SimpleNamespace(now=lambda: 0.0),
            observer=SimpleNamespace(strays=lambda _: ()),
            store=SimpleNamespace(application=lambda _: None),
            catalog=Catalog(),
        )


def taking(accelerators: int, replicas: int = 1, **metadata: str) -> Pass:
    """A pass of an Application with one workload."""
    workload = {"name": "web", "template": asking(accelerators), "replicas": replicas}
    return read(ONE, {"metadata": {"uid": "u", **metadata}, "spec": {"workloads": [workload]}})


def homes(tools: Any, accelerators: int, replicas: int = 1, **metadata: str) -> list[str]:
    """Take a pass of an Application, and return the Cells that it is given."""
    current = taking(accelerators, replicas, **metadata)
    desired = Placing(tools).desired(current, Owner("cp-1", ONE.namespace, ONE.name), Book())
    return [one.cell for one in desired.placements]


def test_accelerators_are_left_together_for_who_asks_for_several() -> None:
    tools = Tools()
    assert homes(tools, 1) == ["paired"], "nobody else asks for anything: by name"
    tools = Tools()
    tools.rooms.demand.note(OTHER, Counter({PAIR: 1}))
    assert homes(tools, 1) == ["single"]


def test_what_is_being_deleted_is_not_likely_to_come() -> None:
    tools = Tools()
    homes(tools, 2, replicas=3)
    assert tools.rooms.demand.popularity == {PAIR: 3}
    homes(tools, 2, replicas=3, deletionTimestamp="2026-01-01T00:00:00Z")
    assert tools.rooms.demand.popularity == {}


def test_a_move_is_not_offered_the_room_of_pods_that_its_own_application_starts_there() -> None:
    """It was asked for, and declined for an hour by the Application itself."""
    tools: Any = Tools()
    (workload,) = spec_of(taking(1)).workloads
    pod = pod_of(workload.template)

    def offered() -> dict[str, int]:
        cells = Placing(tools)._open_to(ONE, spec_of(taking(1)), Book(), (), workload)
        return {cell.name: room(cell, pod) for cell in cells}

    before = offered()
    assert homes(tools, 1) == ["paired"]
    assert offered() == {**before, "paired": before["paired"] - 1}


def spec_of(current: Pass) -> ApplicationSpec:
    """The spec of a pass that has one."""
    assert current.spec is not None
    return current.spec
