"""Whatever happens to what looks after a Cell, its status does not go on saying that all is well."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from pilothouse.api.cell import OUTDATED_SECONDS, Breaker, CellStatus
from pilothouse.api.conditions import Condition, find
from pilothouse.controller import clouds, fleet, sweep
from pilothouse.controller.cell_status import status_of
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.fleet import Cell, Fleet
from pilothouse.controller.sweep import SWEEP_SECONDS, Custodian, Tools
from pilothouse.dataplane.errors import Denied
from pilothouse.dataplane.types import Call
from tests.bench.reads import virtual
from tests.unit.controller.test_clouds import Things
from tests.unit.controller.test_fleet import CLOUD, Silent, cell

HOUR = 3_600.0
ANOTHER = "is another"
KINDS = [f"kind{number}" for number in range(2 * clouds.IDLE_SWEEPS)]


@dataclass
class Sky:
    """A cloud in which there is nothing, the connection to it, and the operator's own cluster.

    ill: how it fails; held: why nothing leaves it.
    """

    leading = True
    ill: str = ""
    opened: int = 0
    held: str = ""
    fleet: Fleet | None = None
    written: list[CellStatus] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, call: Call) -> None: ...

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        if self.ill == "hangs":
            await asyncio.Event().wait()
        if self.ill == "is misread":
            raise KeyError("a mistake of ours")
        if self.ill.startswith("denies") and call.operation in self.ill:
            raise Denied(f"{call.operation}: not authorized")
        yield []

    def close(self) -> None: ...

    def record(self, name: str) -> Breaker:
        return Breaker()

    def judge(self, name: str) -> bool:
        return False

    def swept(self, *_: object) -> None: ...

    def event(self, _involved: object, _severity: str, reason: str, message: str) -> None:
        self.events.append((reason, message))

    async def write_cell_status(self, name: str, before: CellStatus, status: CellStatus) -> None:
        if self.ill == "is miswritten":
            raise KeyError("a mistake of ours")
        self.written.append(status)
        if self.fleet is not None and (one := self.fleet.cell(name)) is not None:
            one.status = status  # as the watch tells

    def moves_held(self, _cell: str, before: Condition | None) -> Condition | None:
        told = Condition(type="MovesHeld", status="True", reason=self.held, message="why")
        return told if self.held else before

    @property
    def ready(self) -> Condition:
        """What the Cell says of itself."""
        found = find(self.written[-1].conditions, "Ready")
        assert found is not None
        return found


class Kind(Things):
    """One of several types."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def listing(self, control_plane: str) -> Call:
        return Call("aws", self.kind, {})


@dataclass
class Connections:
    """How the Cell is reached."""

    fleet: Fleet
    sky: Sky

    async def open(self, one: Cell) -> None:
        kinds: Any = [Kind(name) for name in KINDS]
        self.sky.opened += 1
        one.inner, one.cloud = self.sky, Cloud(kinds, "cp", lambda _key: None, elapsed=lambda: 0.0)
        one.provider = self.fleet.gated(one, self.sky)

    async def close(self, one: Cell) -> None:
        one.inner, one.provider, one.cloud = None, None, None


def lived(
    sky: Sky, *acts: tuple[str, float], status: Mapping[str, Any] | None = None
) -> list[tuple[Condition, int, int]]:
    """Let the cloud be ill in one way after the other, each for some seconds. status: what is stored of the Cell.

    At `ANOTHER`, the Cell is replaced by one of the same name, and the cloud stays as ill as it is.
    Returns what the Cell said at the end of each, how often everybody was told, and how often it was connected.
    """

    async def live() -> list[tuple[Condition, int, int]]:
        told, found = list[None](), list[tuple[Condition, int, int]]()
        cells = Fleet(lambda _namespace: {}, lambda: told.append(None), Silent(), lambda: True)
        sky.fleet, wired = cells, cast(Any, sky)
        users: Mapping[Any, int] = {}
        tools = Tools(wired, wired, wired, lambda: None, lambda _cell: users, sky.moves_held)
        connections: Any = Connections(cells, sky)
        custodian = Custodian(cells, connections, wired, tools, SWEEP_SECONDS)
        cells.cell_told(cell("aws", CLOUD) | {"status": status or {}}, deleted=False)
        task = asyncio.create_task(custodian.run())
        for ill, seconds in acts:
            before, opened = len(told), sky.opened
            if ill == ANOTHER:
                cells.cell_told(cell("aws", CLOUD), deleted=True)
                cells.cell_told(cell("aws", CLOUD, uid=ANOTHER), deleted=False)
            else:
                sky.ill = ill
            await asyncio.sleep(seconds)
            if sky.written:
                found.append((sky.ready, len(told) - before, sky.opened - opened))
        task.cancel()
        await asyncio.wait([task])
        return found

    return virtual.run(live(), clouds, fleet, sweep)


def test_a_sweep_that_hangs_is_told_by_the_one_who_does_not_sweep() -> None:
    (well, *_), (soon, *_), (late, told, _) = lived(
        Sky(), ("", 300.0), ("hangs", OUTDATED_SECONDS - 120), ("hangs", 240.0)
    )
    assert (well.status, well.reason) == ("True", "Reachable")
    assert soon.status == "True"
    assert (late.status, late.reason) == ("Unknown", "ObservationOutdated")
    assert told == 1, "Applications have to look at it"


def test_a_custodian_that_fails_is_told_and_not_started_over_and_over(caplog: pytest.LogCaptureFixture) -> None:
    (well, *_), (ill, told, opened), (again, *_) = lived(Sky(), ("", 300.0), ("is misread", HOUR), ("", 300.0))
    assert well.status == "True"
    assert (ill.status, ill.reason) == ("False", "Unreachable")
    assert "see the operator's log" in ill.message
    assert 20 < opened < 60, "once in two minutes and a half, after the first few times"
    assert told <= 3 * opened
    assert again.status == "True", "it ends by itself"
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_a_cell_of_a_name_that_failed_before_starts_afresh() -> None:
    *_, (_, _, soon), (_, _, later) = lived(Sky(), ("is misread", HOUR), (ANOTHER, 40.0), ("is misread", HOUR))
    assert soon == 4, "at once, and after 5, 10 and 20 s"
    assert later < HOUR / 90 + 5, "the old one's attempts have ended"


def test_a_status_that_cannot_be_concluded_does_not_stand_as_it_was(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sky = Sky()

    def concluded(*given: Any) -> CellStatus:
        if sky.ill == "is miscounted":
            raise KeyError("a mistake of ours")
        return status_of(*given)

    monkeypatch.setattr(sweep, "status_of", concluded)
    (well, *_), (ill, _, opened), (again, *_) = lived(sky, ("", 300.0), ("is miscounted", 300.0), ("", 300.0))
    assert [well.status, again.status] == ["True", "True"]
    assert (ill.status, ill.reason) == ("False", "Unreachable")
    assert "see the operator's log" in ill.message
    assert opened == 0, "it goes on to be looked at"
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_a_status_that_cannot_be_written_for_a_fault_of_ours_is_written_later(caplog: pytest.LogCaptureFixture) -> None:
    sky = Sky()
    *_, (well, _, opened) = lived(sky, ("", 300.0), ("is miswritten", 300.0), ("", 300.0))
    assert (well.status, sky.opened, opened) == ("True", 1, 0)
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_a_right_that_is_lost_or_given_back_beside_another_that_is_missing_is_told() -> None:
    one, both, other = (
        ("denies kind0", 300.0),
        ("denies kind0 kind1", 300.0),
        ("denies kind1", 300.0),
    )
    found = lived(Sky(), ("", 300.0), one, both, other, other, ("", 300.0))
    assert [told for _, told, _ in found[1:]] == [1, 1, 1, 0, 1], "whoever has something of that type has to look"
    assert {ready.reason for ready, *_ in found[1:5]} == {"PartlyUnreadable"}


def test_a_cell_that_hides_a_part_is_looked_at_all_the_same() -> None:
    def looks(ill: str) -> int:
        sky = Sky()
        lived(sky, ("", 300.0), (ill, HOUR))
        return len({status.observed_at for status in sky.written})

    assert looks("denies kind0") > 30, "else the reader takes it that nobody looks any more"
    assert looks("denies " + " ".join(KINDS)) < 10, "nothing is seen of it"


def test_a_status_that_cannot_be_read_is_told_by_an_event_and_not_written_over() -> None:
    sky = Sky()
    lived(sky, ("", 300.0), status={"breaker": {"openedAt": "2026-19-39T00:00:00Z"}})
    assert sky.written == []
    (told,) = set(sky.events)
    assert told[0] == "UnreadableStatus"
    assert "status.breaker.openedAt" in told[1]
    assert sky.opened == 1, "it goes on to be looked at"


def test_what_is_to_leave_and_stays_is_said_with_each_sweep_and_told_once() -> None:
    sky = Sky(held="Destination")
    lived(sky, ("", 300.0))
    held = [find(status.conditions, "MovesHeld") for status in sky.written]
    assert {one.reason for one in held if one is not None} == {"Destination"}
    assert None not in held
    assert sky.events == [("MovesHeld", "Destination: why")]
