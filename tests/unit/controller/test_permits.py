"""Whether a change window keeps what runs from being moved is asked before anybody plans to move it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from pilothouse.controller.fleet import Fleet
from pilothouse.controller.passes import Pass, read
from pilothouse.controller.permits import still
from pilothouse.controller.ports import Key
from tests.unit.controller.test_fleet import Changes, Silent

LABELS: Final[Mapping[str, Mapping[str, str]]] = {"shop": {"team": "shop"}, "lab": {"team": "lab"}}
NIGHT, NOON = (datetime(2026, 3, 10, hour, tzinfo=UTC).timestamp() for hour in (23, 12))
AT_NIGHT: Final[Mapping[str, Any]] = {"name": "nights", "kind": "Allow", "schedule": "0 22 * * *", "duration": "4h"}
NOT_AT_NIGHT = {**AT_NIGHT, "kind": "Deny"}
OF_SHOP: Final[Mapping[str, Any]] = {"namespaceSelector": {"matchLabels": {"team": "shop"}}}


def fleet(*windows: Mapping[str, Any]) -> Fleet:
    made = Fleet(lambda namespace: LABELS.get(namespace, {}), Changes().changed, Silent(), lambda: True)
    made.policy_told({"metadata": {"name": "default"}, "spec": {"changeWindows": list(windows)}}, deleted=False)
    return made


def checkout(namespace: str = "shop") -> Pass:
    raw = {"metadata": {"name": "checkout", "namespace": namespace, "uid": "app-1"}, "spec": {"workloads": []}}
    return read(Key(namespace, "checkout"), raw)


CASES: dict[str, tuple[tuple[Mapping[str, Any], ...], set[float]]] = {
    "no window": ((), set()),
    "changes at night only": ((AT_NIGHT,), {NOON}),
    "no changes at night": ((NOT_AT_NIGHT,), {NIGHT}),
    "no changes at night but moves": (({**NOT_AT_NIGHT, "except": ["Rebalance"]},), set()),
    "no changes at night but repairs": (({**NOT_AT_NIGHT, "except": ["Repair"]},), {NIGHT}),
    "of its namespace": (({**NOT_AT_NIGHT, **OF_SHOP},), {NIGHT}),
    "of it": (({**NOT_AT_NIGHT, "applications": ["check*"]},), {NIGHT}),
    "of another": (({**NOT_AT_NIGHT, "applications": ["billing"]},), set()),
    "one that cannot be read": (({**NOT_AT_NIGHT, "schedule": "at any time"},), {NOON, NIGHT}),
}


@pytest.mark.parametrize(("windows", "kept"), CASES.values(), ids=CASES)
def test_nothing_is_moved_while_a_window_says_so(windows: tuple[Mapping[str, Any], ...], kept: set[float]) -> None:
    assert {now for now in (NOON, NIGHT) if still(fleet(*windows), checkout(), now)} == kept


def test_a_window_of_another_namespace_keeps_nothing_from_being_moved() -> None:
    only = fleet({**NOT_AT_NIGHT, **OF_SHOP})
    kept = [namespace for namespace in ("shop", "lab", "unknown") if still(only, checkout(namespace), NIGHT)]
    assert kept == ["shop"]


def test_it_is_said_which_window_keeps_it_and_nothing_where_none_does() -> None:
    assert still(fleet(NOT_AT_NIGHT), checkout(), NOON) == ""
    assert re.match("it waits for .*nights", still(fleet(NOT_AT_NIGHT), checkout(), NIGHT))
