"""The one type of all Kubernetes objects: what it sends, and what it concludes from the answers."""

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.api.application import LedgerEntry
from pilothouse.dataplane.errors import Conflict, DataplaneError, Invalid, NotFound
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject, Manifest, listed, reading_of
from pilothouse.dataplane.types import Call, Flow, Health, HealthState, Reading, TargetKey, Want
from tests.unit.dataplane.kubernetes.samples import MARK, MARK_ANNOTATIONS, MARK_LABELS, deployment, our_fields

ID = "apps/v1/Deployment/shop/checkout-web-a"
NAMED = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "checkout-web-a"}
BODY = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "checkout-web-a"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}},
}
MARKED = {
    **BODY,
    "metadata": {
        "name": "checkout-web-a",
        "namespace": "shop",
        "labels": MARK_LABELS,
        "annotations": MARK_ANNOTATIONS,
    },
}
BOUND = {**MARKED, "metadata": {**MARKED["metadata"], "uid": "6f1c"}}  # type: ignore[dict-item]
WANT = Want(TargetKey("a", "Deployment", "web"), Manifest(body=BODY), ID, MARK, "token")
KIND = KubernetesObject("Deployment", "apps/v1")
HAVE = Reading(ID, MARK, outputs={"uid": "6f1c"}, fingerprint="f00d")
LEAVING = Reading(ID, MARK, outputs={"uid": "6f1c"}, health=Health(HealthState.DELETING))


def play(flow: Flow[Any], *replies: Any) -> tuple[Any, list[Call]]:
    """Answer a flow's calls with `replies`, raising those that are errors; returns its result and its calls."""
    calls: list[Call] = [next(flow)]
    for reply in replies:
        try:
            call = flow.throw(reply) if isinstance(reply, DataplaneError) else flow.send(reply)
        except StopIteration as stop:
            return stop.value, calls
        calls.append(call)
    raise AssertionError(f"the flow wants more than {len(replies)} replies: {calls[-1]}")


def test_an_object_is_made_by_an_apply_that_takes_nothing_from_others() -> None:
    assert KIND.create(WANT) == Call("kubernetes", "apply", {"manifest": MARKED, "force": False})


def test_the_reply_to_a_create_names_the_object() -> None:
    assert KIND.created(deployment()) == ID


def test_the_reply_to_an_apply_is_as_good_as_a_read() -> None:
    assert KIND.replied(deployment()) == reading_of(deployment())


def test_an_object_is_changed_by_an_apply_that_is_bound_to_its_uid() -> None:
    (call,) = KIND.update(HAVE, WANT, frozenset())
    assert call == Call("kubernetes", "apply", {"manifest": BOUND, "force": True})


def test_an_object_is_deleted_by_its_uid() -> None:
    expected = {**NAMED, "uid": "6f1c", "propagationPolicy": "Background"}
    assert KIND.delete(HAVE) == (Call("kubernetes", "delete", expected),)


def test_nothing_is_sent_to_an_object_that_is_being_deleted() -> None:
    assert KIND.update(LEAVING, WANT, frozenset()) == ()
    assert KIND.delete(LEAVING) == ()


def test_adoption_writes_the_mark_and_touches_nothing_else() -> None:
    patch = {"metadata": {"uid": "6f1c", "labels": MARK_LABELS, "annotations": MARK_ANNOTATIONS}}
    assert KIND.adopt(HAVE, WANT) == (Call("kubernetes", "patch", {**NAMED, "patch": patch}),)


def test_a_listing_asks_for_what_the_control_plane_marked() -> None:
    expected = {"apiVersion": "apps/v1", "kind": "Deployment", "labelSelector": "pilothouse.dev/control-plane=fleet-1"}
    assert KIND.listing("fleet-1") == Call("kubernetes", "list", expected)


def test_a_page_of_a_listing_is_read_object_by_object() -> None:
    (found,) = KIND.listed({"items": [deployment()]})
    assert found.id == ID
    assert found.reading == reading_of(deployment())
    assert found == listed(deployment())


def test_an_object_is_found_by_its_name_whoever_it_belongs_to() -> None:
    (found,), calls = play(KIND.find(WANT), deployment())
    assert calls == [Call("kubernetes", "get", NAMED)]
    assert (found.id, found.mark, found.outputs) == (ID, None, {"uid": "6f1c"})


def test_what_is_not_there_is_not_found() -> None:
    assert play(KIND.find(WANT), NotFound("no"))[0] == ()
    assert play(KIND.read(ID), NotFound("no"))[0] is None


def test_an_object_is_read_with_its_health_and_fingerprint() -> None:
    found, _ = play(KIND.read(ID), {**deployment(), "metadata": {**deployment()["metadata"], "generation": 2}})
    assert found.health.state is HealthState.PROGRESSING
    assert found.fingerprint == reading_of(deployment()).fingerprint
    assert found.spec is None


def test_a_read_that_fails_otherwise_fails() -> None:
    with pytest.raises(Conflict):
        play(KIND.read(ID), Conflict("no"))


def test_a_preview_compares_the_object_with_a_dry_run_bound_to_its_uid() -> None:
    live, after = deployment(), deployment()
    live["spec"]["replicas"] = 5
    (change,), calls = play(KIND.preview(WANT), live, after)
    assert calls == [
        Call("kubernetes", "get", NAMED),
        Call("kubernetes", "dryRun", {"manifest": BOUND, "force": True}),
    ]
    assert (change.path, change.old, change.new) == ("spec.replicas", 5, 2)


def test_a_preview_of_something_new_shows_all_of_it() -> None:
    changes, calls = play(KIND.preview(WANT), NotFound("no"), deployment())
    assert calls[1] == Call("kubernetes", "dryRun", {"manifest": MARKED, "force": True})
    assert "spec.replicas" in {change.path for change in changes}


def test_a_preview_that_is_refused_for_immutable_fields_shows_these_fields() -> None:
    live = deployment()
    live["spec"]["selector"] = {"matchLabels": {"app": "shop"}}
    (change,), _ = play(KIND.preview(WANT), live, Invalid("field is immutable"))
    assert change.path == "spec.selector"
    assert KIND.immutable(change.path)


def test_a_preview_that_is_refused_for_other_reasons_is_refused() -> None:
    with pytest.raises(Invalid, match="image"):
        play(KIND.preview(WANT), deployment(), Invalid("image: Required value"))
    with pytest.raises(Invalid, match="image"):
        play(KIND.preview(WANT), NotFound("no"), Invalid("image: Required value"))


UNCHANGED = {
    "nothing moved": ("h1", "f00d", "h1", True),
    "the manifest moved": ("h0", "f00d", "h1", False),
    "the object moved": ("h1", "beef", "h1", False),
    "the object was never stored": ("h1", "", "h1", False),
}


@pytest.mark.parametrize(("applied", "stored", "desired", "spared"), UNCHANGED.values(), ids=UNCHANGED)
def test_a_preview_is_spared_only_where_nothing_moved(applied: str, stored: str, desired: str, spared: bool) -> None:  # noqa: FBT001
    entry = LedgerEntry(name="web", type="Deployment", cell="a", applied_hash=applied, stored_hash=stored)
    assert KIND.unchanged(HAVE, entry, desired) is spared


def test_a_preview_is_not_spared_for_an_object_without_fields_of_ours() -> None:
    entry = LedgerEntry(name="web", type="Deployment", cell="a", applied_hash="h1", stored_hash="")
    assert not KIND.unchanged(Reading(ID, MARK), entry, "h1")


def test_only_a_preview_can_tell_a_difference() -> None:
    assert KIND.diff(WANT.spec, HAVE, frozenset()) == ()


IMPACTS = {
    ("Deployment", "spec.template.spec.containers[name=web].image"): "None",
    ("Deployment", "spec.replicas"): "None",
    ("StatefulSet", "spec.template.spec.containers[name=web].image"): "Disruptive",
    ("StatefulSet", "spec.replicas"): "None",
    ("DaemonSet", "spec.template.spec.containers[name=web].image"): "Disruptive",
    ("Service", "spec.selector"): "Disruptive",
    ("Service", "spec.ports[port=80,protocol=TCP].targetPort"): "Disruptive",
    ("Service", "metadata.labels.team"): "None",
    ("ConfigMap", "data.mode"): "None",
}


@pytest.mark.parametrize(("kind", "path"), IMPACTS)
def test_an_impact_is_what_users_notice(kind: str, path: str) -> None:
    assert KubernetesObject(kind).impact(path) == IMPACTS[kind, path]


def test_what_holds_data_is_not_lightly_deleted() -> None:
    assert KubernetesObject("PersistentVolumeClaim").delete_impact == "Destructive"
    assert KubernetesObject("PersistentVolumeClaim").deletion_policy == "Retain"
    assert KubernetesObject("StatefulSet").delete_impact == "Destructive"
    assert KubernetesObject("Deployment").delete_impact == "Disruptive"
    assert KubernetesObject("Deployment").deletion_policy == "Delete"


def test_a_kind_knows_no_immutable_fields_of_other_kinds() -> None:
    assert not KubernetesObject("Widget").immutable("spec.selector")


def test_an_object_is_called_as_its_manifest_says() -> None:
    assert KIND.name(MARK.owner, "checkout-web-a") == "checkout-web-a"
    assert KIND.kind == "Deployment"


BAD_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "no apiVersion": ({**BODY, "apiVersion": ""}, "apiVersion"),
    "a kind that is no text": ({**BODY, "kind": 7}, "kind"),
    "no name": ({**BODY, "metadata": {"generateName": "web-"}}, "metadata.name"),
    "no metadata": ({"apiVersion": "v1", "kind": "Secret"}, "metadata.name"),
    "metadata that is none": ({**BODY, "metadata": "web"}, "metadata.name"),
}


@pytest.mark.parametrize(("body", "field"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_manifest_must_name_its_object(body: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=f"{field}: expected the text that every Kubernetes object needs"):
        Manifest(body=body)


def test_a_reading_moves_when_our_fields_move() -> None:
    live = deployment()
    del our_fields(live)["f:spec"]["f:replicas"]
    assert reading_of(live).fingerprint != reading_of(deployment()).fingerprint


def scaled(manager: str, subresource: str = "scale") -> dict[str, Any]:
    """A Deployment whose replicas somebody has set."""
    live = deployment()
    del our_fields(live)["f:spec"]["f:replicas"]
    entry = {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    live["metadata"]["managedFields"].append(entry | ({"subresource": subresource} if subresource else {}))
    return live


SCALERS = {
    "a HorizontalPodAutoscaler": (scaled("kube-controller-manager"), "kube-controller-manager"),
    "KEDA": (scaled("keda-operator"), "keda-operator"),
    "a person": (scaled("kubectl"), ""),
    "an edit": (scaled("kube-controller-manager", ""), ""),
    "nobody": (deployment(), ""),
}


@pytest.mark.parametrize(("live", "scaler"), SCALERS.values(), ids=SCALERS)
def test_replicas_are_an_autoscalers_once_it_has_set_them(live: dict[str, Any], scaler: str) -> None:
    """It would set them again at once, and pods would come and go in between."""
    have = reading_of(live)
    assert have.outputs.get("autoscaler", "") == scaler
    (call,) = KIND.update(have, WANT, frozenset())
    assert ("replicas" in call.parameters["manifest"]["spec"]) == (not scaler)
    asked = KIND.preview(WANT)
    next(asked)
    dry_run = asked.send(live)
    assert dry_run.parameters["manifest"]["spec"] == call.parameters["manifest"]["spec"]


def test_who_decides_on_replicas_is_told_of_what_is_ready() -> None:
    live = scaled("kube-controller-manager")
    assert "decides" not in reading_of(live).health.message, "what is wrong comes first"
    live["status"] = {
        "observedGeneration": 1,
        **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), 2),
        "conditions": [{"type": "Available", "status": "True"}],
    }
    assert reading_of(live).health == Health(message="kube-controller-manager decides on its replicas")


def test_who_changes_a_field_takes_it_over() -> None:
    """What an API server does not record as ours any more was changed by others; what is ours stays to be sent."""
    live = deployment()
    our_fields(live)["f:spec"].pop("f:replicas")
    paths = [("spec", "replicas"), ("spec", "selector", "matchLabels"), ("metadata", "labels")]
    found, calls = play(KIND.foreign(WANT, paths), live)
    assert found == {("spec", "replicas")}
    assert calls == [Call("kubernetes", "get", NAMED)]


def test_nothing_of_what_is_not_there_is_anybody_elses() -> None:
    assert play(KIND.foreign(WANT, [("spec", "replicas")]), NotFound("no"))[0] == frozenset()


def test_what_is_left_to_others_is_not_sent() -> None:
    spec = KIND.without(WANT.spec, frozenset({("spec", "replicas"), ("spec", "paused")}))
    assert spec.body == {**BODY, "spec": {"selector": {"matchLabels": {"app": "web"}}}}
    assert WANT.spec.body == BODY


def test_a_policy_can_name_what_the_manifest_sets() -> None:
    assert KIND.setting(WANT.spec, ("spec", "replicas")) == 2
    assert KIND.unknown_setting(WANT.spec, ("spec", "replicas")) == ""
    assert KIND.unknown_setting(WANT.spec, ("spec", "paused")).startswith("in spec paused is not set")
