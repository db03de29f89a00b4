"""Manifests of any kind: those that no Application may have are told, custom resources live by what they say."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chart.fixtures import InstalledChart
from tests.cluster import RunningCluster
from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

GROUP = "example.org"
WIDGETS = f"widgets.{GROUP}"
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
DEFINITION: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": WIDGETS},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": OPEN, "status": OPEN}}},
            }
        ],
    },
}
SINGLE, MANY = ("get", "create", "patch", "delete"), ("list", "watch")
"""What may be done to one object of a kind, and to all of them at once."""
WATCHED_SECONDS = 60.0
"""The kind was not there when its watch began: that is tried again ever more rarely."""


def widget(**spec: Any) -> Object:
    """A custom resource."""
    return {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": spec}


def with_manifest(one: Object) -> Object:
    """An Application that holds it."""
    return manifests.application(workloads=[manifests.at_rest()], manifests=[one])


@pytest.fixture
def widgets(cluster: RunningCluster, stage: Stage, installed_chart: InstalledChart) -> Iterator[Stage]:
    """A cluster where the operator may have Widgets (the chart's `manifests.rules`), of which nobody knows yet."""
    _grant(cluster, *SINGLE, *MANY)
    user = f"--user={installed_chart.username}"
    cluster.kubectl("create", "clusterrolebinding", "widgets", "--clusterrole=widgets", user)
    yield stage
    stage.clear()
    cluster.kubectl("delete", "clusterrolebinding,clusterrole", "widgets")
    cluster.kubectl("delete", "crd", WIDGETS, "--ignore-not-found", "--wait=false")


def _grant(cluster: RunningCluster, *verbs: str) -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "widgets"},
        "rules": [{"apiGroups": [GROUP], "resources": ["widgets"], "verbs": verbs}],
    }
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps(role))


def test_an_object_without_a_namespace_is_refused_and_told(stage: Stage) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "all"}}
    stage.apply(with_manifest({**role, "rules": []}))
    stage.stalled("ObservationFailed", "ClusterRole", "live in no namespace", "only objects that live in a namespace")
    stage.spec("checkout", manifests=[manifests.config_map()])
    stage.ready()


def test_a_kind_that_the_operator_was_not_given_is_told(stage: Stage) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": {}}}
    stage.apply(with_manifest(quota))
    stage.stalled("ObservationFailed", "ResourceQuota", "cannot get resource", "Grant this to the user in that cluster")
    stage.spec("checkout", manifests=[])
    stage.ready()


def test_a_custom_resource_waits_for_its_kind_and_lives_by_what_it_says(widgets: Stage) -> None:
    stage = widgets
    stage.apply(with_manifest(widget(size=1)))
    stage.stalled("ObservationFailed", "Widget", "install the CustomResourceDefinition")

    stage.apply(DEFINITION)
    stage.until("it is made", lambda: _is_known(stage) and stage.find("widgets", "one"), WATCHED_SECONDS)
    stage.ready(seconds=WATCHED_SECONDS)

    _say(stage, "Ready", "False", "no peers yet")
    told = "Widget/one: no peers yet"
    stage.until("it is not Ready", lambda: told in stage.seen().condition("Ready").message, WATCHED_SECONDS)
    assert stage.seen().condition("Ready").status == "Unknown"
    _say(stage, "Stalled", "True", "no room for peers")
    stage.stalled("Failed", "no room for peers")
    _say(stage, "Ready", "True", "")
    stage.ready()

    stage.kubectl("patch", "widget", "one", "--type=merge", '--patch={"spec": {"size": 7}}')
    stage.until("its size is put right", lambda: stage.one("widgets", "one")["spec"] == {"size": 1})
    stage.spec("checkout", manifests=[widget(size=2)])
    stage.until("its size is changed", lambda: stage.one("widgets", "one")["spec"] == {"size": 2})
    stage.spec("checkout", manifests=[])
    stage.gone("widgets", "one")
    stage.ready()


def test_a_kind_that_may_be_made_and_not_watched_is_not_ready_for_nobody_tells_what_becomes_of_it(
    cluster: RunningCluster, widgets: Stage
) -> None:
    stage = widgets
    _grant(cluster, *SINGLE)
    stage.apply(DEFINITION)
    stage.until("the kind is known", lambda: _is_known(stage))
    stage.apply(with_manifest(widget(size=1)))
    stage.stalled("ObservationFailed", "Widget", "nobody may tell what becomes of it", "Grant this to the user")
    assert stage.one("widgets", "one")["spec"] == {"size": 1}, "it is made all the same"
    _grant(cluster, *SINGLE, *MANY)
    stage.ready(seconds=WATCHED_SECONDS)


def _say(stage: Stage, kind: str, status: str, message: str) -> None:
    """Write the status of the Widget as its controller would."""
    condition = {"type": kind, "status": status, "reason": "Told", "message": message}
    patch = json.dumps({"status": {"conditions": [condition]}})
    stage.kubectl("patch", "widget", "one", "--subresource=status", "--type=merge", f"--patch={patch}")


def _is_known(stage: Stage) -> bool:
    found = stage.kubectl("get", "crd", WIDGETS, "-o=jsonpath={.status.conditions[*].type}", check=False).stdout
    return "Established" in found
