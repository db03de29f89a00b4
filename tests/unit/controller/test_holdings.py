"""What ledgers say of a Cell: what should be there, and what vanished without anybody meaning it."""

from typing import Any

import pytest

from pilothouse.controller.holdings import Holdings
from pilothouse.controller.ports import Key
from pilothouse.planning.breaker import Loss, Thing

KEY = Key("shop", "checkout")
LOST: dict[str, Any] = {"id": "", "lostAt": "2023-11-14T22:13:20.500Z"}
AT = 1_700_000_000.5


def entry(name: str, cell: str = "sky", **fields: Any) -> dict[str, Any]:
    return {"name": name, "type": "thing", "cell": cell, "id": f"{name}-1", **fields}


def application(*entries: dict[str, Any], spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "spec": spec or {}, "status": {"resources": list(entries)}}


def holdings(*entries: dict[str, Any], **more: Any) -> Holdings:
    made = Holdings()
    made.put(KEY, application(*entries, **more))
    return made


def test_what_exists_is_counted_by_cell_as_ledgers_change() -> None:
    made = holdings(entry("a"), entry("b"), entry("c", cell="sea"), entry("d", id=""))
    made.put(Key("shop", "other"), application(entry("e")))
    assert (made.count("sky"), made.count("sea"), made.count("moon")) == (3, 1, 0)
    made.put(KEY, application(entry("a")))
    assert (made.count("sky"), made.count("sea")) == (2, 0)
    made.put(KEY, None)
    assert [str(each.key) for each in made.of("sky")] == ["shop/other"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": ""}, "nothing of it exists"),
        ({"state": "Created"}, "nobody has seen it yet"),
        ({"observedOnly": True}, "it is somebody else's"),
        ({"underWay": {"action": "Delete"}}, "we are removing it"),
        ({"underWay": {"action": "Replace"}}, "we are removing it to make it anew"),
    ],
)
def test_what_is_just_coming_or_going_should_not_be_anywhere(fields: dict[str, Any], reason: str) -> None:
    assert [each.resource for each in holdings(entry("a", **fields), entry("b")).of("sky")] == ["b"], reason


def test_what_is_changed_in_place_stays() -> None:
    (found,) = holdings(entry("a", underWay={"action": "Update"}, changedAt="2023-11-14T22:13:20Z")).of("sky")
    assert (found.thing, found.id, found.changed_at) == (Thing("shop/checkout", "thing", "a"), "a-1", AT - 0.5)


def test_what_vanished_is_a_loss_also_after_it_was_made_again() -> None:
    made = holdings(entry("a", **LOST), entry("b", **{**LOST, "id": "b-2"}), entry("c"), entry("d", "sea", **LOST))
    assert list(made.losses("sky")) == [
        Loss(Thing("shop/checkout", "thing", "a"), AT),
        Loss(Thing("shop/checkout", "thing", "b"), AT, repaired=True),
    ]
    made.put(KEY, None)
    assert not list(made.losses("sky"))


@pytest.mark.parametrize("going", [{"deletionTimestamp": "2026-01-01T00:00:00Z"}, {"spec": {"suspend": True}}])
def test_what_goes_of_an_application_that_goes_or_rests_is_no_surprise(going: dict[str, Any]) -> None:
    made = holdings(entry("a", **LOST), entry("b"), **going)
    assert not list(made.losses("sky"))
    assert not list(made.of("sky"))
    assert made.count("sky") == 1


def test_what_goes_with_its_namespace_is_no_surprise() -> None:
    """Its objects can be gone long before its Applications are deleted."""
    made = holdings(entry("a", **LOST), entry("b"))
    made.leave("shop", leaving=True)
    assert not list(made.losses("sky"))
    assert not list(made.of("sky"))
    made.leave("shop", leaving=False)
    assert [each.resource for each in made.of("sky")] == ["b"]
