"""Steps have names that people recognise, and an order in which each finds what it needs."""

from dataclasses import replace
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.plan import Action
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject
from pilothouse.dataplane.types import TargetKey
from pilothouse.planning.diff import Draft
from pilothouse.planning.order import dependencies, named, ordered
from tests.unit.planning.things import GADGET, THING, key, quick, reading

Users = dict[TargetKey, frozenset[TargetKey]]


def draft(name: str, action: Action = "Create", *after: str, cell: str = "sky") -> Draft:
    return Draft(key(name, cell), THING, action, after=frozenset(key(one) for one in after))


def extra(name: str, identifier: str) -> Draft:
    return Draft(key(name), THING, "Delete", have=reading(name, identifier), extra=True)


class Naming(NamedTuple):
    drafts: list[Draft]
    names: list[str]
    reason: str


NAMING = {
    "a cloud resource": Naming([draft("orders")], ["create-orders"], "a resource's name is unique in its Application"),
    "an object": Naming(
        [Draft(TargetKey("eu", "ConfigMap", "orders"), KubernetesObject("ConfigMap"), "Update")],
        ["update-configmap-orders-in-eu"],
        "objects of one name exist in many Cells and of many kinds",
    ),
    "an extra": Naming(
        [draft("orders", "Update"), extra("orders", "q-2")],
        ["update-orders", "retire-orders-q-2"],
        "what is retired beside the thing itself must be told apart from it",
    ),
    "moved twice": Naming(
        [draft("orders", cell="c"), draft("orders", "Delete", cell="a"), draft("orders", "Delete", cell="b")],
        ["create-orders", "delete-thing-orders-in-a", "delete-thing-orders-in-b"],
        "a name that two steps share would lose one of them",
    ),
    "of two types": Naming(
        [draft("orders", "Delete"), Draft(key("orders", kind="gadget"), GADGET, "Delete")],
        ["delete-thing-orders-in-sky", "delete-gadget-orders-in-sky"],
        "a resource whose type changed while its first was still there",
    ),
}


@pytest.mark.parametrize("case", NAMING.values(), ids=NAMING)
def test_every_step_has_a_name_of_its_own(case: Naming) -> None:
    found = named(case.drafts)
    assert list(found) == case.names, case.reason
    assert list(found.values()) == case.drafts, case.reason


class Before(NamedTuple):
    drafts: list[Draft]
    users: Users
    before: dict[str, set[str]]
    reason: str


USES_A: Users = {key("a"): frozenset({key("b")})}
BEFORE = {
    "making": Before(
        [draft("a"), draft("b", "Create", "a")], {}, {"create-a": set(), "create-b": {"create-a"}}, "makers come first"
    ),
    "nothing to do first": Before(
        [draft("b", "Update", "a")], {}, {"update-b": set()}, "what is as it should be needs no step to wait for"
    ),
    "removing": Before(
        [draft("a", "Delete"), draft("b", "Delete", "a")],
        USES_A,
        {"delete-a": {"delete-b"}, "delete-b": set()},
        "users go first",
    ),
    "letting go": Before(
        [draft("a", "Release"), draft("b", "Update")],
        USES_A,
        {"release-a": {"update-b"}, "update-b": set()},
        "a user is changed so that it uses it no more before it is let go",
    ),
    "itself": Before(
        [draft("a", "Delete")], {key("a"): frozenset({key("a")})}, {"delete-a": set()}, "nothing waits for itself"
    ),
    "an extra": Before(
        [extra("a", "a-2"), draft("b", "Delete")],
        USES_A,
        {"retire-a-a-2": set(), "delete-b": set()},
        "nothing ever used an extra",
    ),
    "users are for removals": Before(
        [draft("a", "Replace"), draft("b", "Update", "a")],
        USES_A,
        {"replace-a": set(), "update-b": {"replace-a"}},
        "what stays is changed before those that use it",
    ),
}


@pytest.mark.parametrize("case", BEFORE.values(), ids=BEFORE)
def test_dependencies_follow_use(case: Before) -> None:
    found = dependencies(named(case.drafts), case.users)
    assert {name: set(first) for name, first in found.items()} == case.before, case.reason


GRAPHS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.frozensets(st.sampled_from("abcdefgh"), max_size=4), max_size=8
).map(lambda graph: {name: first & graph.keys() - {name} for name, first in graph.items()})


@given(GRAPHS)
@quick
def test_each_comes_after_all_that_it_still_depends_on_whatever_the_graph(graph: dict[str, frozenset[str]]) -> None:
    found = ordered(graph)
    assert found.keys() == graph.keys()
    earlier: set[str] = set()
    for name, first in found.items():
        assert set(first) <= earlier
        assert set(first) <= graph[name]
        earlier.add(name)


@given(GRAPHS, st.randoms(use_true_random=False))
@quick
def test_the_order_of_a_graph_does_not_depend_on_how_it_is_written_down(
    graph: dict[str, frozenset[str]], random: Random
) -> None:
    names = list(graph)
    random.shuffle(names)
    assert list(ordered({name: graph[name] for name in names}).items()) == list(ordered(graph).items())


def test_no_dependency_is_lost_where_there_is_no_circle() -> None:
    graph = {"c": frozenset("ab"), "b": frozenset("a"), "a": frozenset[str]()}
    assert ordered(graph) == {"a": (), "b": ("a",), "c": ("a", "b")}


def test_a_circle_is_cut_at_the_last_of_its_names_only() -> None:
    """Ledger entries of different times can disagree about who used whom; deletion has to finish all the same."""
    graph = {"a": frozenset("b"), "b": frozenset("a"), "z": frozenset("ab")}
    assert ordered(graph) == {"b": (), "a": ("b",), "z": ("a", "b")}


def test_a_draft_knows_what_it_sends() -> None:
    """A draft without what its action needs sends nothing rather than something else."""
    empty = draft("a")
    assert [replace(empty, action=action).calls() for action in ("Create", "Update", "Adopt", "Delete", "Release")] == [
        ()
    ] * 5
