"""Labels of namespaces decide who may use a Cell: whoever lives in one looks again when they are not as they were."""

from typing import Any

import pytest

from pilothouse.controller.ports import Key
from pilothouse.runtime.compose import Labels, follow_namespaces

SHOP, LAB = Key("shop", "checkout"), Key("lab", "checkout")
CASES: dict[str, tuple[Labels | None, Labels | None, list[Key]]] = {
    "changed": (("shop", {}), ("shop", {"team": "shop"}), [SHOP]),
    "heard of after its Applications": (None, ("shop", {"team": "shop"}), [SHOP]),
    "gone": (("shop", {}), None, []),
    "of nobody": (None, ("other", {}), []),
}


@pytest.mark.parametrize(("old", "new", "told"), CASES.values(), ids=CASES)
def test_who_lives_there_looks_again(old: Labels | None, new: Labels | None, told: list[Key]) -> None:
    wanted, queued = list[Any](), list[Key]()

    class Doubles:
        """Informers that keep the callback, and a queue that keeps its keys."""

        def want(self, *words: Any) -> None:
            wanted.append(words[-1])

        def add(self, key: Key, _priority: Any) -> None:
            queued.append(key)

    doubles: Any = Doubles()
    applications: Any = [SHOP, LAB]
    follow_namespaces(doubles, applications, doubles)
    (changed,) = wanted
    changed(old, new)
    assert queued == told
