"""What goes waits for what takes its place: by the order of steps, and after those by what is seen."""

from dataclasses import replace

import pytest

from pilothouse.dataplane.types import HealthState
from pilothouse.observed.snapshot import Sighting
from pilothouse.planning import handover
from pilothouse.planning.plan import Proposal
from tests.unit.planning.things import (
    ABSENT,
    UNKNOWN,
    applied,
    desired,
    entry,
    key,
    ledger,
    plan,
    present,
    reading,
    steps,
    target,
)

OLD, NEW = key("old"), key("new")
THERE = present(reading("new"))
STARTING = present(reading("new", state=HealthState.PROGRESSING))


@pytest.fixture(autouse=True)
def _sized(monkeypatch: pytest.MonkeyPatch) -> None:
    """Things have a size where Deployments have replicas."""
    monkeypatch.setattr(handover, "REPLICAS", "size")


def proposed(new: Sighting, *, stays: bool = False, size: int = 1) -> Proposal:
    """`old` is made smaller, or is not wanted any more; `new` takes over from it, and is wanted of a size."""
    wanted = [target("new", size=size), *([target("old", size=1)] if stays else [])]
    known = ledger(entry("old"), *([] if new is ABSENT else [applied(target("new"))]))
    state = replace(desired(*wanted), handovers={OLD: frozenset({NEW})})
    return plan(state, known, {OLD: present(reading("old", size=2)), NEW: new})


@pytest.mark.parametrize(("stays", "step"), [(True, "update-old"), (False, "delete-old")])
def test_what_goes_comes_after_what_takes_its_place(stays: bool, step: str) -> None:  # noqa: FBT001 - a case
    made = proposed(ABSENT, stays=stays)
    assert {one.name: one.depends_on for one in made.steps} == {"create-new": (), step: ("create-new",)}
    grown = proposed(THERE, stays=stays, size=3)
    assert {one.name: one.depends_on for one in grown.steps} == {"update-new": (), step: ("update-new",)}


@pytest.mark.parametrize("stays", [True, False])
def test_it_waits_while_that_is_not_ready_or_not_seen(stays: bool) -> None:  # noqa: FBT001 - a case
    for sighting in (STARTING, UNKNOWN):
        found = proposed(sighting, stays=stays)
        assert steps(found) == []
        assert found.findings[OLD].waiting == f"{OLD}: its replicas go once {NEW}, which takes their place, is Ready"


def test_it_goes_once_that_is_ready() -> None:
    assert steps(proposed(THERE)) == ["delete-old"]
    assert steps(proposed(THERE, stays=True)) == ["update-old"]


def test_what_has_nothing_to_do_waits_for_nothing() -> None:
    state = replace(
        desired(target("old"), target("new")), handovers={OLD: frozenset({NEW}), key("x"): frozenset({NEW})}
    )
    found = plan(state, ledger(applied(target("old"))), {OLD: present(reading("old"))})
    assert steps(found) == ["create-new"]


@pytest.mark.parametrize(
    ("old", "step"),
    [
        (ABSENT, "create-old"),
        (present(reading("old", size=1)), "update-old"),
        (present(reading("old", size=2, speed=3)), "update-old"),
    ],
    ids=["deleted by hand", "scaled up", "another image"],
)
def test_what_gives_nothing_up_waits_for_nobody(old: Sighting, step: str) -> None:
    """A Deployment that was deleted by hand must not stay away because another one cannot become Ready."""
    state = replace(desired(target("old", size=2), target("new")), handovers={OLD: frozenset({NEW})})
    known = ledger(*([] if old is ABSENT else [applied(target("old", size=2))]), applied(target("new")))
    assert steps(plan(state, known, {OLD: old, NEW: STARTING})) == [step]


def test_what_grows_while_it_was_to_go_is_not_in_a_circle_with_what_takes_over() -> None:
    """It goes there and back again before the first is over: the way back counts, for that is where replicas go."""
    state = replace(
        desired(target("new", size=1), target("old", size=3)),
        handovers={OLD: frozenset({NEW}), NEW: frozenset({OLD})},
    )
    known = ledger(applied(target("old")), applied(target("new")))
    seen = {OLD: present(reading("old", size=2)), NEW: present(reading("new", size=2))}
    assert {one.name: one.depends_on for one in plan(state, known, seen).steps} == {
        "update-old": (),
        "update-new": ("update-old",),
    }


def test_what_waits_for_what_waits_itself_waits_as_well() -> None:
    """From one to the next and on to a third: neither of them goes before the third is Ready, in whatever order."""
    last = key("last")
    state = replace(
        desired(target("old", size=1), target("new", size=1), target("last")),
        handovers={OLD: frozenset({NEW}), NEW: frozenset({last})},
    )
    known = ledger(*(applied(target(name)) for name in ("old", "new", "last")))
    starting = {name: present(reading(name, size=2, state=HealthState.PROGRESSING)) for name in ("old", "new")}
    seen = {OLD: starting["old"], NEW: starting["new"], last: present(reading("last", state=HealthState.PROGRESSING))}
    assert steps(plan(state, known, seen)) == []
