"""Namespaces decide who may use a Cell: who lives in one looks again when it changes, and goes when it goes."""

from collections.abc import Callable
from typing import Any

import pytest

from pilothouse.controller.holdings import Holdings
from pilothouse.controller.ports import Key
from pilothouse.runtime import namespaces
from pilothouse.runtime.namespaces import Namespace

SHOP, LAB = Key("shop", "checkout"), Key("lab", "checkout")


def raw(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}}


BARE, LABELLED, LEAVING = (
    raw("shop"),
    raw("shop", labels={"team": "shop"}),
    raw("shop", deletionTimestamp="2026-01-01T00:00:00Z"),
)


class Doubles:
    """Informers that keep what they are given, Applications of two namespaces, and a queue that keeps its keys."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Namespace] = {}
        self.queued: list[Key] = []
        self.holdings = Holdings()
        for key in (SHOP, LAB):
            entry = {"name": "a", "type": "thing", "cell": "sky", "id": "a-1"}
            self.holdings.put(key, {"metadata": {}, "status": {"resources": [entry]}})

    def want(self, _selection: Any, project: Callable[[Any], Namespace], changed: Callable[..., None]) -> "Doubles":
        self.project, self.changed = project, changed
        return self

    def __iter__(self) -> Any:
        return iter((SHOP, LAB))

    def add(self, key: Key, _priority: Any) -> None:
        self.queued.append(key)

    def tell(self, old: Any, new: Any) -> None:
        self.changed(*(None if each is None else self.project(each) for each in (old, new)))

    @property
    def staying(self) -> list[Key]:
        return [each.key for each in self.holdings.of("sky")]


@pytest.fixture
def doubles() -> Doubles:
    return Doubles()


@pytest.fixture
def namespace(doubles: Doubles) -> Callable[[str], Namespace]:
    anything: Any = doubles
    return namespaces.follow(anything, anything, anything)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(BARE, LABELLED, [SHOP], id="changed"),
        pytest.param(None, LABELLED, [SHOP], id="heard of after its Applications"),
        pytest.param(BARE, None, [], id="gone"),
        pytest.param(None, raw("other"), [], id="of nobody"),
    ],
)
@pytest.mark.usefixtures("namespace")
def test_who_lives_there_looks_again(doubles: Doubles, old: Any, new: Any, told: list[Key]) -> None:
    doubles.tell(old, new)
    assert doubles.queued == told


def test_its_labels_are_told_by_its_name(doubles: Doubles, namespace: Callable[[str], Namespace]) -> None:
    doubles.items["", "shop"] = doubles.project(LABELLED)
    assert namespace("shop").labels == {"team": "shop"}
    assert namespace("elsewhere").labels == {}


@pytest.mark.usefixtures("namespace")
def test_what_is_lost_with_a_namespace_that_goes_is_no_surprise_until_it_is_there_again(doubles: Doubles) -> None:
    doubles.tell(None, BARE)
    assert doubles.staying == [SHOP, LAB]
    doubles.tell(BARE, LEAVING)
    assert doubles.staying == [LAB]
    doubles.tell(LEAVING, None)
    assert doubles.staying == [SHOP, LAB], "one of the same name may come, and this one's Applications are gone"
