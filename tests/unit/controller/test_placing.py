"""What one Application asks for is known when another one is placed."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.applying.ledger import Book
from pilothouse.catalog.kinds import Catalog
from pilothouse.controller.passes import read
from pilothouse.controller.placing import Placing
from pilothouse.controller.ports import Key
from pilothouse.controller.rooms import Rooms
from pilothouse.dataplane.types import Owner
from tests.unit.desired.placement.test_accelerators import PAIR, PAIRED, SINGLE, asking

ONE, OTHER = Key("shop", "one"), Key("shop", "other")


class Tools(SimpleNamespace):
    """What placing needs of the tools, over two Cells with as much free, one of them in pairs."""

    def __init__(self) -> None:
        fleet = SimpleNamespace(
            cells=lambda _: (PAIRED, SINGLE), policy=FleetPolicySpec, placed=lambda _: (), halted=lambda: ""
        )
        super().__init__(
            rooms=Rooms(),
            fleet=fleet,
            clock=SimpleNamespace(now=lambda: 0.0),
            observer=SimpleNamespace(strays=lambda _: ()),
            store=SimpleNamespace(application=lambda _: None),
            catalog=Catalog(),
        )


def homes(tools: Any, accelerators: int, replicas: int = 1, **metadata: str) -> list[str]:
    """Take a pass of an Application, and return the Cells that it is given."""
    workload = {"name": "web", "template": asking(accelerators), "replicas": replicas}
    raw = {"metadata": {"uid": "u", **metadata}, "spec": {"workloads": [workload]}}
    desired = Placing(tools).desired(read(ONE, raw), Owner("cp-1", ONE.namespace, ONE.name), Book())
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
