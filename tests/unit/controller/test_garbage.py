"""What belongs to no Application is told of, and deleted only if the fleet says so and it still belongs to none."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import pytest

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.cell import Orphan
from pilothouse.api.times import rfc3339
from pilothouse.applying.ports import NotLeader
from pilothouse.controller.fleet import Fleet
from pilothouse.controller.garbage import Collector, belongs, orphans
from pilothouse.controller.ports import Key, Stop
from pilothouse.dataplane.errors import Conflict
from pilothouse.dataplane.types import Call, Health, HealthState, Listed, Mark, Owner, Reading
from tests.unit.planning.things import TYPES, Thing

OWNER = Owner("cp", "shop", "checkout")
MARK = Mark(OWNER, "orders", "uid-1")
APPLICATION: dict[str, Any] = {"metadata": {"uid": "uid-1"}}
ANOTHER: dict[str, Any] = {"metadata": {"uid": "uid-2"}, "spec": {"resources": [{"name": "carts"}]}}
NAMING: dict[str, Any] = {"metadata": {"uid": "uid-2"}, "status": {"resources": [{"name": "orders"}]}}
CLOUD: dict[str, Any] = {"aws": {"accountID": "123456789012", "region": "eu-west-1"}}


class Belonging(NamedTuple):
    mark: Mark
    application: dict[str, Any] | None
    belongs: bool
    reason: str
    cloud: bool = True


CASES = {
    "its own": Belonging(MARK, APPLICATION, belongs=True, reason="it is on its record, or will be claimed"),
    "nobody's": Belonging(MARK, None, belongs=False, reason="there is no such Application"),
    "released": Belonging(replace(MARK, uid=""), None, belongs=True, reason="it was left in place on purpose"),
    "named by the next": Belonging(MARK, NAMING, belongs=True, reason="it may be taken over"),
    "not named by the next": Belonging(MARK, ANOTHER, belongs=False, reason="nobody will"),
    "an object of the next": Belonging(MARK, ANOTHER, belongs=True, reason="objects have other names", cloud=False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_an_application_may_decide_on_is_no_orphan(case: Belonging) -> None:
    assert belongs(case.mark, case.application, cloud=case.cloud) == case.belongs, case.reason


def test_an_orphan_is_as_old_as_it_was_seen_first() -> None:
    (first,) = orphans([("queue", "q-1", MARK)], (), 100.0)
    assert (first.owner, first.resource, first.first_seen) == ("shop/checkout", "orders", rfc3339(100.0))
    younger, older = [("queue", "q-0", MARK)], [("queue", "q-1", MARK)]
    assert [one.first_seen for one in orphans(younger + older, [first], 200.0)] == [rfc3339(100.0), rfc3339(200.0)]
    assert orphans([], [first], 300.0) == ()


class Silent:
    """A meter nobody reads."""

    def called(self, *_: object) -> None:
        pass


@dataclass
class World:
    """One Cell, what its listings show, and what a direct read of any of them finds."""

    lines: list[tuple[str, Listed]] = field(default_factory=list)
    reading: Reading | None = None
    applications: dict[Key, Any] = field(default_factory=dict)
    leads: bool = True
    stops: dict[str, Stop] = field(default_factory=dict)
    refuses: bool = False
    deleted: list[str] = field(default_factory=list)
    swept_at: float = 1.0
    epoch: int = 1

    def __post_init__(self) -> None:
        self.fleet = Fleet(lambda _: {}, lambda: None, Silent(), lambda: True)
        self.told("aws")

    def told(self, name: str, spec: dict[str, Any] = CLOUD, **status: Any) -> None:
        metadata = {"name": name, "uid": f"uid-{name}", "generation": 1}
        self.fleet.cell_told({"metadata": metadata, "spec": spec, "status": status}, deleted=False)
        cell, me = self.fleet.cell(name), self
        assert cell is not None
        as_any: Any = me
        cell.provider = cell.cloud = as_any

    def marked(self) -> Iterator[tuple[str, Listed]]:
        return iter(self.lines)

    def of(self, kind: str) -> Any:
        return Kept(kind) if kind == "kept" else TYPES[kind]

    def check(self) -> None:
        if not self.leads:
            raise NotLeader("it is over")

    async def send(self, call: Call) -> Any:
        if call.operation == "Read":
            return self.reading
        if self.refuses:
            raise Conflict("in use")
        self.deleted.append(call.parameters["id"])
        return None

    def on_behalf_of(self, _namespace: str) -> "World":
        return self

    def policy(self, **spec: Any) -> None:
        self.fleet.policy_told({"metadata": {"name": "default"}, "spec": spec}, deleted=False)

    def collector(self, settles_in: float = 0.0) -> Collector:
        as_any: Any = self
        return Collector(self.fleet, as_any, as_any, self.applications.get, self.stops.get, settles_in)

    def seen(self, name: str = "aws") -> list[str]:
        cell = self.fleet.cell(name)
        assert cell is not None
        return [one.id for one in cell.orphans or ()]


class Kept(Thing):
    """A type that holds data."""

    deletion_policy: ClassVar[DeletionPolicy] = "Retain"


def line(identifier: str, kind: str = "thing", mark: Mark = MARK) -> tuple[str, Listed]:
    return kind, Listed(identifier, mark=mark)


SAME = Reading("t-1", MARK)


@pytest.fixture
def world() -> World:
    return World([line("t-1")], SAME)


async def test_orphans_are_told_and_left_alone_unless_the_policy_says_otherwise(world: World) -> None:
    await world.collector().collect()
    assert world.seen() == ["t-1"]
    world.policy(orphans={"retireAfter": "1h"})
    await world.collector().collect()
    assert world.deleted == [], "it is not due"
    world.policy(orphans={"retireAfter": "0s"}, suspend=True)
    await world.collector().collect()
    assert world.deleted == [], "nothing is changed anywhere"
    world.policy(orphans={"retireAfter": "0s"})
    world.stops["aws"] = Stop("its breaker is open", open=True)
    await world.collector().collect()
    assert world.deleted == [], "nothing is destroyed in this Cell"
    world.stops.clear()
    await world.collector().collect()
    assert world.deleted == ["t-1"]


async def test_what_was_only_just_left_is_not_told_of(world: World) -> None:
    """Listings go on to show for a while what was deleted."""
    await world.collector(settles_in=60.0).collect()
    assert world.seen() == []


async def test_how_old_an_orphan_is_outlives_the_process(world: World) -> None:
    known = Orphan(type="thing", id="t-1", owner="shop/checkout", resource="orders", first_seen=rfc3339(1_000.0))
    world.told("aws", orphans=[known.model_dump(by_alias=True)])
    await world.collector(settles_in=60.0).collect()
    assert world.seen() == ["t-1"]


async def test_cells_of_one_account_and_region_tell_of_an_orphan_once(world: World) -> None:
    world.told("twin")
    world.told("elsewhere", {"aws": {**CLOUD["aws"], "region": "eu-west-2"}})
    await world.collector().collect()
    assert [world.seen(name) for name in ("aws", "twin", "elsewhere")] == [["t-1"], [], ["t-1"]]


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        (None, "it is gone"),
        (replace(SAME, mark=None), "it is somebody else's by now"),
        (replace(SAME, mark=replace(MARK, uid="")), "it was released"),
        (replace(SAME, health=Health(HealthState.DELETING)), "it is on its way"),
    ],
)
async def test_an_orphan_is_looked_at_before_it_is_deleted(world: World, reading: Reading | None, reason: str) -> None:
    world.reading = reading
    world.policy(orphans={"retireAfter": "0s"})
    await world.collector().collect()
    assert world.deleted == [], reason


async def test_what_a_type_retains_is_never_deleted(world: World) -> None:
    world.lines = [line("k-1", "kept")]
    world.policy(orphans={"retireAfter": "0s"})
    await world.collector().collect()
    assert (world.seen(), world.deleted) == (["k-1"], [])


async def test_one_is_deleted_at_a_time_and_one_that_cannot_be_keeps_the_others_waiting_for_one_turn(
    world: World,
) -> None:
    world.lines = [line("t-1"), line("t-2")]
    world.policy(orphans={"retireAfter": "0s"})
    collector = world.collector()
    world.refuses = True
    await collector.collect()
    world.refuses, world.reading = False, Reading("t-2", MARK)
    await collector.collect()
    assert world.deleted == ["t-2"]


async def test_who_does_not_lead_deletes_nothing(world: World) -> None:
    world.leads = False
    world.policy(orphans={"retireAfter": "0s"})
    with pytest.raises(NotLeader):
        await world.collector().collect()
    assert world.deleted == []


async def test_a_cell_that_does_not_answer_is_no_evidence(world: World) -> None:
    collector = world.collector()
    await collector.collect()
    cell = world.fleet.cell("aws")
    assert cell is not None
    world.lines, cell.error = [], Conflict("no answer")
    await collector.collect()
    assert world.seen() == ["t-1"], "what was known stays"
