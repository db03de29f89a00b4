"""What a Cell's status says: every reason that is declared, and no other."""

import time
from collections.abc import Callable

import pytest

from pilothouse.api.cell import OUTDATED_SECONDS, Breaker, CellSpec, CellStatus, Evidence
from pilothouse.api.cell_reasons import CELL
from pilothouse.api.conditions import Condition, Truth
from pilothouse.api.times import rfc3339
from pilothouse.controller.cell_status import status_of, untold
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.fleet import Cell
from pilothouse.controller.pacing import Gate, GatedProvider
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import Denied, Invalid, NotNow
from pilothouse.planning.rebalance.holds import SAID
from tests.unit.controller.test_fleet import CLOUD, Silent

NOW = 1_800_000_000.0
OPEN = Breaker(opened_at="2026-01-01T00:00:00Z", evidence=Evidence(known=9, missing=3))


class Nobody:
    """A provider that nobody asks anything."""

    async def send(self, call: object) -> None: ...

    def pages(self, call: object) -> None: ...

    def close(self) -> None: ...


def cell() -> Cell:
    """One that was just told of."""
    gate = Gate("aws", Silent(), 10, 10, lambda: "")
    return Cell("aws", "uid-1", gate, generation=3, spec=CellSpec.model_validate(CLOUD))


def reached() -> Cell:
    found = cell()
    inner: object = Nobody()
    found.provider = GatedProvider(found.gate, inner)  # type: ignore[arg-type]  # nothing is sent
    found.cloud = Cloud((), "cp-1", lambda _key: None)
    return found


def listed() -> Cell:
    found = reached()
    found.cloud = Swept((), "cp-1", lambda _key: None)
    return found


class Swept(Cloud):
    """A cloud whose types were all listed a while ago."""

    swept_at = NOW - 60.0


def invalid() -> Cell:
    found = cell()
    found.problem = "spec.aws: wrong"
    return found


def failing(error: Denied | Invalid | NotNow) -> Cell:
    found = reached()
    found.error = error
    return found


def outdated() -> Cell:
    found = listed()
    found.observed_at = time.time() - OUTDATED_SECONDS - 1
    return found


def never_seen() -> Cell:
    found = listed()
    found.born = time.monotonic() - OUTDATED_SECONDS - 1
    return found


def partly() -> Cell:
    found = listed()
    found.gap = Denied("ListQueues")
    return found


CELLS: dict[str, Callable[[], Cell]] = {
    "NotReachedYet": cell,
    "NotListedYet": reached,
    "Reachable": listed,
    "InvalidSpec": invalid,
    "CredentialsRefused": lambda: failing(Denied("no")),
    "Unreachable": lambda: failing(NotNow("silence")),
    "PartlyUnreadable": partly,
    "ObservationOutdated": outdated,
}
"""By its reason, a Cell made anew: what one is told of grows old."""


def conditions(
    one: Cell,
    breaker: Breaker = Breaker(),  # noqa: B008 - it never changes
    short: str | None = None,
    held: Condition | None = None,
) -> tuple[Condition, ...]:
    return status_of(one, CellStatus(), {Key("shop", "checkout"): 2}, breaker, NOW, short, held).conditions


@pytest.mark.parametrize(("reason", "made"), CELLS.items(), ids=CELLS)
def test_a_cell_says_why_it_is_not_ready(reason: str, made: Callable[[], Cell]) -> None:
    ready = conditions(made())[0]
    assert (ready.type, ready.reason, ready.observed_generation) == ("Ready", reason, 3)
    assert ready.message


def test_a_cell_that_was_seen_long_ago_says_since_when() -> None:
    one = outdated()
    ready = conditions(one)[0]
    assert (ready.status, rfc3339(one.observed_at) in ready.message) == ("Unknown", True)


def test_a_cell_that_is_listed_and_was_never_looked_at_whole_is_not_ready() -> None:
    assert [conditions(one)[0].status for one in (listed(), never_seen())] == ["True", "Unknown"]


def test_everything_that_is_declared_of_a_cell_is_said_and_nothing_else() -> None:
    said = [each for made in CELLS.values() for breaker in (Breaker(), OPEN) for each in conditions(made(), breaker)]
    said += [each for short in ("", "3 cpu") for each in conditions(listed(), short=short)]
    reasons: list[tuple[Truth, str]] = [("False", "NothingHeld"), *(("True", str(reason)) for reason in SAID)]
    held = [Condition(type="MovesHeld", status=status, reason=reason) for status, reason in reasons]
    said += [each for one in held for each in conditions(listed(), held=one)]
    assert {(each.type, each.status, each.reason) for each in said} == CELL.combinations


def test_what_a_fault_of_ours_hides_stays_as_it_was_but_for_ready() -> None:
    before = status_of(listed(), CellStatus(), {Key("shop", "checkout"): 2}, OPEN, NOW)
    told = untold(listed(), before, NOW + 60)
    assert [(one.type, one.status) for one in told.conditions] == [("Ready", "False"), ("BreakerOpen", "True")]
    assert told.conditions[1] == before.conditions[1]
    assert told.model_copy(update={"conditions": before.conditions}) == before


def test_what_is_held_is_said_of_the_generation_that_there_is() -> None:
    *_, told = conditions(listed(), held=Condition(type="MovesHeld", status="True", reason="Gain", message="why"))
    assert (told.type, told.message, told.observed_generation) == ("MovesHeld", "why", 3)


def test_a_loss_that_is_not_covered_says_what_is_short() -> None:
    *_, told = conditions(listed(), short="3 cpu and 1Gi memory")
    assert told.message == "if its failure domain is lost, 3 cpu and 1Gi memory of what runs there fit nowhere else"
