"""Applications: the newest version wins, and only what a pass would see differently starts one."""

from contextlib import suppress
from typing import Any

import pytest

from pilothouse.api.application import Destroyed
from pilothouse.controller.ports import Key
from pilothouse.runtime.applications import Applications

KEY = Key("shop", "checkout")


def raw(version: int, uid: str = "u1", status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    meta = {"namespace": "shop", "name": "checkout", "uid": uid, "resourceVersion": str(version), "generation": 1}
    return {"metadata": {**meta, "managedFields": ["heavy"], **metadata}, "spec": {}, "status": status or {}}


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
def applications(told: list[Key]) -> Applications:
    return Applications(told.append)


def version(applications: Applications) -> str:
    found = applications.get(KEY)
    assert found is not None
    return str(found["metadata"]["resourceVersion"])


def test_a_new_one_starts_a_pass_and_is_kept_without_what_nobody_reads(
    applications: Applications, told: list[Key]
) -> None:
    applications.told(raw(1), deleted=False)
    found = applications.get(KEY)
    assert told == [KEY]
    assert found is not None
    assert "managedFields" not in found["metadata"]


def test_an_event_older_than_our_own_write_is_dropped(applications: Applications, told: list[Key]) -> None:
    applications.told(raw(1), deleted=False)
    applications.replied(raw(5, status={"planRevision": 1}))
    applications.told(raw(3), deleted=False)
    applications.told(raw(5, status={"planRevision": 1}), deleted=False)
    assert version(applications) == "5"
    assert told == [KEY]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"generation": 2}, "the spec changed"),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, "a person deletes it"),
        ({"finalizers": []}, "somebody took our finalizer off"),
        ({"status": {"planRevision": 7}}, "somebody wrote our status"),
        ({"uid": "u2"}, "it is another one of the same name"),
    ],
)
def test_what_others_change_starts_a_pass(
    applications: Applications, told: list[Key], change: dict[str, Any], why: str
) -> None:
    applications.told(raw(1, finalizers=["ours"]), deleted=False)
    applications.told(raw(2, **{"finalizers": ["ours"], **change}), deleted=False)
    assert told == [KEY, KEY], why


@pytest.mark.parametrize("what", ["pilothouse.dev/retry", "pilothouse.dev/replace"])
def test_what_people_ask_by_annotation_starts_a_pass_each_time(
    applications: Applications, told: list[Key], what: str
) -> None:
    asked = [{}, {what: "1"}, {what: "1", "other": "x"}, {what: "2"}, {}]
    for number, annotations in enumerate(asked):
        applications.told(raw(number + 1, annotations=annotations), deleted=False)
    assert len(told) == 1 + 3, "new, asked, asked again, taken back"


def test_labels_and_annotations_start_nothing(applications: Applications, told: list[Key]) -> None:
    applications.told(raw(1), deleted=False)
    applications.told(raw(2, labels={"a": "b"}), deleted=False)
    assert told == [KEY]
    assert version(applications) == "2"


def test_the_echo_of_a_write_that_comes_before_its_answer_starts_nothing(
    applications: Applications, told: list[Key]
) -> None:
    applications.told(raw(1), deleted=False)
    with applications.writing(KEY):
        applications.told(raw(2, status={"planRevision": 1}), deleted=False)
        applications.replied(raw(2, status={"planRevision": 1}))
    assert told == [KEY]


def test_what_others_write_during_our_write_starts_a_pass_after_it(applications: Applications, told: list[Key]) -> None:
    applications.told(raw(1), deleted=False)
    with applications.writing(KEY):
        applications.told(raw(3, generation=2), deleted=False)
        applications.replied(raw(2, status={"planRevision": 1}))
        assert told == [KEY]
    assert told == [KEY, KEY]
    assert version(applications) == "3"


def test_a_write_that_failed_keeps_nothing_back(applications: Applications, told: list[Key]) -> None:
    applications.told(raw(1), deleted=False)
    with suppress(OSError), applications.writing(KEY):
        applications.told(raw(2, generation=2), deleted=False)
        raise OSError("lost")
    assert told == [KEY, KEY]


def test_the_deletion_of_a_namesake_before_it_is_no_deletion(applications: Applications) -> None:
    applications.told(raw(5, uid="u2"), deleted=False)
    applications.told(raw(4, uid="u1"), deleted=True)
    assert KEY in applications
    applications.told(raw(6, uid="u2"), deleted=True)
    assert KEY not in applications


def test_one_whose_last_finalizer_we_took_off_is_gone_at_once(applications: Applications, told: list[Key]) -> None:
    applications.told(raw(1, finalizers=["ours"]), deleted=False)
    applications.replied(raw(2, deletionTimestamp="2026-01-01T00:00:00Z"))
    assert KEY not in applications
    assert told == [KEY], "there is nothing left to pass over"


def test_a_relist_drops_what_vanished_without_a_word_and_spares_what_came_meanwhile(
    applications: Applications, told: list[Key]
) -> None:
    applications.told(raw(1), deleted=False)
    applications.told(raw(2, name="stays"), deleted=False)
    before = set(applications)
    applications.told(raw(3, name="new"), deleted=False)
    applications.relisted({Key("shop", "stays")}, before)
    assert set(applications) == {Key("shop", "stays"), Key("shop", "new")}
    assert told[-1] == KEY


def test_the_stalled_are_found(applications: Applications) -> None:
    stalled = {"conditions": [{"type": "Stalled", "status": "True"}]}
    applications.told(raw(1, status=stalled), deleted=False)
    applications.told(raw(2, name="well"), deleted=False)
    assert applications.stalled() == [KEY]


def test_what_applications_have_in_a_cell_is_counted_as_it_changes(applications: Applications) -> None:
    def having(version: int, *cells: str, name: str = "checkout") -> dict[str, Any]:
        entries = [{"cell": cell, "id": "known"} for cell in cells] + [{"cell": "a", "id": ""}]
        return raw(version, status={"resources": entries}, name=name)

    def counts() -> list[dict[str, int]]:
        return [{key.name: things for key, things in applications.holdings.users(cell).items()} for cell in ("a", "b")]

    applications.told(having(1, "a", "a", "b"), deleted=False)
    applications.told(having(1, "b", name="other"), deleted=False)
    assert counts() == [{"checkout": 2}, {"checkout": 1, "other": 1}]
    applications.replied(having(3, "a", "b"))
    applications.told(having(2, "a", "a", "a"), deleted=False)
    assert counts() == [{"checkout": 1}, {"checkout": 1, "other": 1}], "an older version counts nothing"
    applications.told(having(4, "a", "b"), deleted=True)
    assert counts() == [{}, {"other": 1}]


NETWORK = Key("platform", "network")
USES = {
    "resources": [
        {"name": "a", "awsInstance": {"subnet": {"ref": "x", "application": "network", "namespace": "platform"}}}
    ]
}


def network(version: int, **outputs: str) -> dict[str, Any]:
    meta = {"namespace": "platform", "name": "network", "uid": "n1", "resourceVersion": str(version), "generation": 1}
    entries = [{"name": "x", "type": "awsSubnet", "id": "subnet-1", "cell": "aws", "outputs": outputs}]
    return {"metadata": meta, "spec": {"exports": {"to": ["shop"]}}, "status": {"resources": entries}}


def test_whoever_uses_what_another_has_is_told_when_that_changes(applications: Applications, told: list[Key]) -> None:
    """Even by our own write of the other's status, of which nothing else tells."""
    applications.told({**raw(1), "spec": USES}, deleted=False)
    assert applications.importers(NETWORK) == [KEY]
    told.clear()
    applications.told(network(2), deleted=False)
    assert told == [KEY, NETWORK]
    applications.replied(network(3, zone="eu-west-1a"))
    applications.replied(network(4, zone="eu-west-1a"))
    assert told == [KEY, NETWORK, KEY]
    applications.vanished(NETWORK)
    assert told[3:] == [KEY, NETWORK]


def test_who_is_used_no_more_is_told_so_that_its_deletion_can_go_on(
    applications: Applications, told: list[Key]
) -> None:
    applications.told({**raw(1), "spec": USES}, deleted=False)
    applications.told(network(2), deleted=False)
    told.clear()
    applications.told(raw(3, generation=2), deleted=False)
    assert told == [NETWORK, KEY]
    assert applications.importers(NETWORK) == []


def test_what_was_destroyed_lately_is_told_of_as_it_is_stored(applications: Applications) -> None:
    heard = list[tuple[Key, list[Destroyed]]]()
    applications.destroyed_told = lambda key, stored: heard.append((key, stored))
    applications.told(raw(1), deleted=False)
    assert heard == []
    applications.told(raw(2, status={"destroyed": [{"at": "2026-01-01T00:00:00Z", "steps": 3}]}), deleted=False)
    assert heard == [(KEY, [Destroyed(at="2026-01-01T00:00:00Z", steps=3)])]
