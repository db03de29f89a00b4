"""The order of steps: makers before users, and for removal the other way round."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from graphlib import CycleError, TopologicalSorter

from pilothouse.dataplane.types import TargetKey
from pilothouse.planning.diff import Draft

NOTHING: Mapping[TargetKey, AbstractSet[TargetKey]] = {}
REMOVALS = frozenset({"Delete", "Release"})


def named(drafts: Sequence[Draft]) -> dict[str, Draft]:
    """Return the drafts by the names of their steps: such as a person recognises, unique in a Plan."""
    taken = Counter(_short_name(draft) for draft in drafts)
    return {
        _short_name(draft) if taken[_short_name(draft)] == 1 else _step_name(draft, _long(draft.key)): draft
        for draft in drafts
    }


def _short_name(draft: Draft) -> str:
    kubernetes = draft.type.provider == "kubernetes"
    return _step_name(draft, _long(draft.key) if kubernetes else draft.key.resource)


def _long(key: TargetKey) -> str:
    return f"{key.type.lower()}-{key.resource}-in-{key.cell}"


def _step_name(draft: Draft, what: str) -> str:
    if draft.extra and draft.have is not None:
        return f"retire-{what}-{draft.have.id}"
    return f"{draft.action.lower()}-{what}"


def dependencies(
    drafts: Mapping[str, Draft],
    users: Mapping[TargetKey, frozenset[TargetKey]],
    handovers: Mapping[TargetKey, AbstractSet[TargetKey]] = NOTHING,
) -> dict[str, frozenset[str]]:
    """Return for each step the names of those that come before it.

    users: for each target, those that used it when they were last applied: they are changed or removed before it is;
    handovers: for each that gives something up, those that take it over before.
    """
    names = {draft.key: name for name, draft in drafts.items() if not draft.extra}
    before = {}
    for name, draft in drafts.items():
        first = users.get(draft.key, frozenset()) if draft.action in REMOVALS else draft.after
        first |= handovers.get(draft.key, frozenset())
        before[name] = frozenset() if draft.extra else frozenset(names[key] for key in first if key in names) - {name}
    return before


def ordered(before: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """Return each name with its dependencies, after all of them; ties by name.

    A circle, which only ledger entries of different times can hold, is cut open at the last of its names.
    """
    graph = {name: sorted(first) for name, first in sorted(before.items())}
    while True:
        sorter = TopologicalSorter(graph)
        try:
            sorter.prepare()
        except CycleError as error:
            circle = error.args[1]
            graph[max(circle)] = [name for name in graph[max(circle)] if name not in circle]
            continue
        return {name: tuple(graph[name]) for name in _drained(sorter)}


def _drained(sorter: TopologicalSorter[str]) -> list[str]:
    names: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        names += ready
        sorter.done(*ready)
    return names
