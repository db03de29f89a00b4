"""The mark says whose an object is; nothing that merely looks marked may pass for ours, for what is ours is deleted."""

from typing import Any

import pytest

from pilothouse.dataplane.kubernetes.types.marks import annotations, labels, mark_of, marked, selector
from pilothouse.dataplane.types import Mark, Owner
from tests.unit.dataplane.kubernetes.samples import MARK, MARK_ANNOTATIONS, MARK_LABELS

LONG = "an-application-whose-name-is-far-too-long-to-be-the-value-of-a-label-in-kubernetes"
BARE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "b"}}


def test_the_mark_is_labels_to_select_by_and_annotations() -> None:
    assert labels(MARK) == MARK_LABELS
    assert annotations(MARK) == MARK_ANNOTATIONS
    assert selector("fleet-1") == "pilothouse.dev/control-plane=fleet-1"


def test_a_marked_manifest_keeps_all_that_it_says_and_lives_where_its_application_lives() -> None:
    manifest = {**BARE, "metadata": {"name": "web", "labels": {"team": "a"}, "annotations": {"note": "b"}}}
    found = marked(manifest, MARK)
    assert found["data"] == {"a": "b"}
    assert found["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "labels": {"team": "a", **MARK_LABELS},
        "annotations": {"note": "b", **MARK_ANNOTATIONS},
    }
    assert manifest["metadata"] == {"name": "web", "labels": {"team": "a"}, "annotations": {"note": "b"}}


def test_a_manifest_may_choose_its_recommended_labels_but_not_its_mark() -> None:
    chosen = {"app.kubernetes.io/instance": "mine", "pilothouse.dev/application": "someone-else"}
    found = marked({**BARE, "metadata": {"name": "web", "labels": chosen}}, MARK)["metadata"]["labels"]
    assert found["app.kubernetes.io/instance"] == "mine"
    assert found["pilothouse.dev/application"] == "checkout"


@pytest.mark.parametrize(
    "mark", [MARK, Mark(Owner("fleet-1", "shop", LONG), f"{LONG}-web", "u", 0)], ids=["short", "long"]
)
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    live = marked({**BARE, "metadata": {"name": mark.resource}}, mark)
    assert mark_of(live) == mark
    assert all(len(value) <= 63 for value in live["metadata"]["labels"].values())


def test_long_names_that_begin_alike_have_different_labels() -> None:
    first, second = (labels(Mark(Owner("f", "n", f"{LONG}-{end}"), "r", "u")) for end in ("a", "b"))
    assert first["pilothouse.dev/application"] != second["pilothouse.dev/application"]


NOT_OURS: dict[str, dict[str, Any]] = {
    "nothing on it": {},
    "labels that a controller copied": {"labels": MARK_LABELS},
    "annotations alone": {"annotations": MARK_ANNOTATIONS},
    "all of it, copied by a controller to what it makes": {
        "labels": MARK_LABELS,
        "annotations": MARK_ANNOTATIONS,
        "ownerReferences": [{"kind": "Prometheus", "controller": True}],
    },
    "all of it, copied by a person under another name": {
        "name": "web-copy",
        "labels": MARK_LABELS,
        "annotations": MARK_ANNOTATIONS,
    },
    "empty fields": {"labels": None, "annotations": None},
}


@pytest.mark.parametrize("metadata", NOT_OURS.values(), ids=NOT_OURS)
def test_what_does_not_bear_the_whole_mark_is_not_ours(metadata: dict[str, Any]) -> None:
    assert mark_of({"metadata": metadata}) is None


def test_an_owner_that_does_not_control_makes_no_difference() -> None:
    live = marked(BARE, MARK)
    live["metadata"]["ownerReferences"] = [{"kind": "Application"}]
    assert mark_of(live) == MARK


def test_a_spoilt_mark_is_still_of_a_control_plane() -> None:
    """It must end as a conflict that a person sees, not as an object that nobody owns."""
    metadata = {
        "labels": {"pilothouse.dev/control-plane": "fleet-1"},
        "annotations": {"pilothouse.dev/application-uid": "u", "pilothouse.dev/incarnation": "many"},
    }
    assert mark_of({"metadata": metadata}) == Mark(Owner("fleet-1", "", ""), "", "u", 0)
