"""What may be sent now, where things refer to each other."""

from dataclasses import replace
from typing import Any

import pytest

from pilothouse.api.application import Intent, UnderWay
from pilothouse.applying.ledger import Book
from pilothouse.applying.selecting import Order, destroying, runnable
from pilothouse.dataplane.types import Creation
from pilothouse.observed.snapshot import Presence, Sighting, Snapshot
from tests.unit.planning.things import (
    ABSENT,
    HASHER,
    NOW,
    Thing,
    desired,
    entry,
    key,
    ledger,
    plan,
    reading,
    seen,
    target,
)

MUTUAL = desired(target("a", buddy={"ref": "b"}), target("b", buddy={"ref": "a"}))


def sendable(known: str = "") -> tuple[list[str], tuple[str, ...]]:
    """The steps that may be sent, and what the others wait for. known: what is there already, one letter each."""
    entries, snapshot = (
        ledger(*(entry(name) for name in known)),
        Snapshot(NOW, seen(*(reading(name) for name in known))),
    )
    fresh = plan(MUTUAL, entries, snapshot.sightings)
    order = Order(fresh.spec("shop", "uid-1", 1), fresh, Book(entries), snapshot, approved=True, looked_since=0.0)
    jobs, waiting = runnable(order, NOW)
    return [job.step.name for job in jobs], waiting


def test_both_of_two_that_refer_to_each_other_are_created_at_once() -> None:
    assert sendable() == (["create-a", "create-b"], ())


def test_one_that_is_there_is_changed_only_when_the_other_is_known() -> None:
    assert sendable("a") == (["create-b"], ())
    assert sendable("ab") == (["update-a", "update-b"], ())


LOST = entry("a", id="", incarnation=1, state="Gone", lost_at="2023-11-14T22:13:20.000Z")
LISTED_AT = NOW
"""The time at which LOST was missed."""


def making_again(listed_at: float, **fields: Any) -> tuple[list[str], tuple[str, ...]]:
    """What may be sent where `a` vanished, and the newest listing that shows nothing of it was taken at `listed_at`."""
    entries, sighting = ledger(LOST), Sighting(Presence.ABSENT, looked_at=NOW, unlisted_at=listed_at)
    snapshot = Snapshot(NOW, {key("a"): sighting, key("b"): ABSENT})
    fresh = plan(desired(target("a"), target("b")), entries, snapshot.sightings)
    order = Order(fresh.spec("shop", "uid-1", 1), fresh, Book(entries), snapshot, approved=True, looked_since=0.0)
    jobs, waiting = runnable(replace(order, **fields), NOW)
    return [job.step.name for job in jobs], waiting


def test_what_vanished_is_made_again_once_a_listing_misses_it_too() -> None:
    assert making_again(LISTED_AT) == (["create-a", "create-b"], ())
    why = "create-a waits for the next listing of Cell sky, which has to miss it too"
    assert making_again(LISTED_AT - 0.001) == (["create-b"], (why,))
    assert making_again(0.0) == (["create-b"], (why,))


def test_what_vanished_is_made_again_when_that_is_on_record() -> None:
    why = "create-a waits for its loss to be written down"
    assert making_again(LISTED_AT, unwritten=frozenset({key("a")})) == (["create-b"], (why,))


def test_nothing_is_created_or_destroyed_in_a_cell_that_is_stopped() -> None:
    entries = ledger(entry("a"), entry("b"), entry("c"))
    wanted = desired(target("a", size=2), target("b", shape="square"), target("d"))
    fresh = plan(wanted, entries, {**seen(reading("a"), reading("b"), reading("c")), key("d"): ABSENT})
    order = Order(fresh.spec("shop", "uid-1", 1), fresh, Book(entries), Snapshot(NOW), approved=True, looked_since=0.0)
    stopped = {"sky": "a person", "elsewhere": "nobody"}
    jobs, waiting = runnable(replace(order, stopped=stopped), NOW)
    assert [job.step.name for job in jobs] == ["update-a"], "what destroys nothing goes on"
    assert set(waiting) == {f"{step} waits for a person" for step in ("replace-b", "delete-c", "create-d")}
    assert len(runnable(replace(order, stopped={"elsewhere": "nobody"}), NOW)[0]) == 4, "other Cells go on"


def destructions(allowed: int | None, **known: Any) -> tuple[list[str], tuple[str, ...]]:
    """What may be sent where `a` is to be replaced, `b` is unwanted, and `c` is to be changed."""
    entries = ledger(entry("a", **known), entry("b"), entry("c"))
    fresh = plan(
        desired(target("a", shape="square"), target("c", size=2)),
        entries,
        seen(reading("a"), reading("b"), reading("c")),
    )
    order = Order(fresh.spec("shop", "uid-1", 1), fresh, Book(entries), Snapshot(NOW), approved=True, looked_since=0.0)
    assert len(destroying(order, NOW)) == 2 - bool(known), "whatever is allowed, this is what is wanted"
    jobs, waiting = runnable(replace(order, destructions=allowed), NOW)
    return sorted(job.step.name for job in jobs), waiting


def test_no_more_is_begun_to_be_destroyed_than_is_allowed() -> None:
    assert destructions(None) == (["delete-b", "replace-a", "update-c"], ())
    assert destructions(2) == (["delete-b", "replace-a", "update-c"], ())
    jobs, (why,) = destructions(1)
    assert len(jobs) == 2
    assert why.endswith("waits for FleetPolicy budgets.destructiveStepsPerHour to allow one more")
    assert destructions(0)[0] == ["update-c"], "what destroys nothing goes on"


def test_what_was_begun_to_be_destroyed_was_counted_then() -> None:
    begun = UnderWay(
        step="replace-a", action="Replace", desired=HASHER.hash(target("a", shape="square").spec), since=""
    )
    assert destructions(0, under_way=begun)[0] == ["replace-a", "update-c"]


@pytest.mark.parametrize(("creation", "sent"), [(Creation.NAMED, []), (Creation.TOKENLESS, ["delete-a"])])
def test_a_deletion_is_sent_again_where_it_cannot_hit_the_next_one_of_that_name(
    creation: Creation, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Thing, "creation", creation)
    entries, snapshot = ledger(entry("a")), Snapshot(NOW, seen(reading("a")))
    fresh = plan(desired(), entries, snapshot.sightings)
    ahead = Intent(step="delete-a", target=str(key("a")), action="Delete", sent_at="2023-11-14T22:13:20Z")
    order = Order(
        fresh.spec("shop", "uid-1", 1), fresh, Book(entries, (ahead,)), snapshot, approved=True, looked_since=0.0
    )
    jobs, _ = runnable(order, NOW)
    assert [job.step.name for job in jobs] == sent


@pytest.mark.parametrize(("spent_at", "sent"), [("", ["create-b"]), ("2023-11-14T22:13:20Z", [])])
def test_what_was_refused_for_its_token_is_not_sent_again(spent_at: str, sent: list[str]) -> None:
    entries = ledger(entry("b", id="", state="", spent_at=spent_at))
    fresh = plan(desired(target("b")), entries, {})
    order = Order(fresh.spec("shop", "uid-1", 1), fresh, Book(entries), Snapshot(NOW), approved=True, looked_since=0.0)
    jobs, waiting = runnable(order, NOW)
    assert [job.step.name for job in jobs] == sent
    why = "what its token had made, with other settings, to be found; if it is not, another one is made"
    assert [*waiting] == ([] if sent else [f"create-b waits for {why}"])
