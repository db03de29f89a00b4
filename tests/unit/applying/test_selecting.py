"""What may be sent now, where things refer to each other."""

from pilothouse.applying.ledger import Book
from pilothouse.applying.selecting import Order, runnable
from pilothouse.observed.snapshot import Snapshot
from tests.unit.planning.things import NOW, desired, entry, ledger, plan, reading, seen, target

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
