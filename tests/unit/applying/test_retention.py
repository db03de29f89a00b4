"""What is retained keeps what it stands on, and nothing else."""

from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import DeletionPolicy, Resource
from pilothouse.applying.ledger import Book
from pilothouse.applying.retention import keeping, sparing
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject
from pilothouse.dataplane.types import TargetKey
from tests.unit.planning.things import THING, entry, key


class Case(NamedTuple):
    wanted: set[TargetKey]
    kept: set[str]
    reason: str


def chain() -> Book:
    """A store on shelves in a house; a lamp in the house; a shop window that the store waited for."""
    window = TargetKey("eu", "Deployment", "window")
    entries = {
        key("house"): entry("house"),
        key("shelves"): entry("shelves", after=(str(key("house")),)),
        key("store"): entry("store", after=(str(key("shelves")), str(window)), deletion_policy="Retain"),
        key("lamp"): entry("lamp", after=(str(key("house")),)),
        window: entry("window").model_copy(update={"type": "Deployment", "cell": "eu"}),
    }
    return Book(entries)


EVERYTHING = {key("house"), key("shelves"), key("store"), key("lamp")}
CASES = {
    "all of it goes": Case(
        set(), {"house", "shelves", "store"}, "shelves cannot go while the store is there, nor the house"
    ),
    "nothing goes": Case(EVERYTHING, {"store"}, "what is wanted has the policy that its spec says"),
    "the house is wanted": Case({key("house")}, {"shelves", "store"}, "what is wanted stays anyway"),
    "the store is wanted": Case({key("store")}, {"store"}, "what something wanted stands on was taken out on purpose"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_a_retained_thing_stands_on_stays(case: Case) -> None:
    found = keeping(chain(), case.wanted, lambda kind: THING if kind == "thing" else KubernetesObject(kind))
    kept = {one.resource for one, known in found.entries.items() if known.deletion_policy == "Retain"}
    assert kept == case.kept, case.reason


def test_what_was_never_made_or_is_only_read_keeps_nothing() -> None:
    entries = dict(chain().entries)
    for change in ({"id": ""}, {"observed_only": True}):
        entries[key("store")] = chain().entries[key("store")].model_copy(update=change)
        found = keeping(Book(entries), set(), lambda _: THING)
        assert found.entries[key("shelves")].deletion_policy == "Delete"


class Wish(NamedTuple):
    said: dict[str, Any]
    known: DeletionPolicy
    then: DeletionPolicy
    reason: str
    keeps: bool = False
    snapshots: bool = False
    observed_only: bool = False


WISHES = {
    "retain": Wish({"deletionPolicy": "Retain"}, "Delete", "Retain", "a person said so before anything was removed"),
    "retain, under a new name": Wish(
        {"deletionPolicy": "Retain", "name": "z", "renamedFrom": "a"}, "Delete", "Retain", "it is the same thing"
    ),
    "delete": Wish({"deletionPolicy": "Delete"}, "Retain", "Retain", "it may be kept for what stands on it"),
    "nothing": Wish({}, "Delete", "Delete", "the type has no default of its own"),
    "nothing, of what holds data": Wish({}, "Delete", "Retain", "that is its type's default", keeps=True),
    "snapshot": Wish({"deletionPolicy": "Snapshot"}, "Delete", "Snapshot", "it can be taken", snapshots=True),
    "a snapshot that cannot be taken": Wish(
        {"deletionPolicy": "Snapshot"}, "Delete", "Delete", "that is what is wrong with the spec"
    ),
    "to be read only": Wish({"id": "a-1"}, "Delete", "Retain", "what is only read is not removed"),
    "of what was only read": Wish(
        {"deletionPolicy": "Retain"}, "Delete", "Delete", "nothing becomes of it anyway", observed_only=True
    ),
    "of another one": Wish({"deletionPolicy": "Retain", "name": "b"}, "Delete", "Delete", "it does not say it of this"),
}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_what_a_spec_wants_spared_is_spared_whatever_else_is_the_matter(
    wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(THING), "deletion_policy", "Retain" if wish.keeps else "Delete")
    monkeypatch.setattr(type(THING), "snapshots", wish.snapshots)
    said = Resource.model_validate({"name": "a", "cell": "sky", "thing": {}} | wish.said)
    book = Book({key("a"): entry("a", deletion_policy=wish.known, observed_only=wish.observed_only)})
    assert sparing(book, [said], lambda _: THING).entries[key("a")].deletion_policy == wish.then, wish.reason
