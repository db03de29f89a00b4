"""What RBAC lets the operator and people do: what is given is needed, and what could do harm is not given."""

import time
from collections.abc import Iterator

import pytest

from tests.chart.fixtures import InstalledChart
from tests.chart.installing import render
from tests.cluster import RunningCluster
from tests.cluster.rights import Right, allowed

pytestmark = pytest.mark.cluster

OWN, OTHER = "own", "default"
"""The operator's namespace, and one it has nothing to do with but Applications."""

AGGREGATION_SECONDS = 30.0


def rights(verbs: str, resources: str, *namespaces: str) -> Iterator[Right]:
    for namespace in namespaces or ("",):
        for resource in resources.split():
            for verb in verbs.split():
                yield Right(verb, resource, namespace)


READ, FOLLOW = "get list watch", "list watch"
MADE_OF = (
    "deployments.apps statefulsets.apps daemonsets.apps jobs.batch cronjobs.batch services configmaps secrets "
    "serviceaccounts ingresses.networking.k8s.io"
)
"""What workloads are made of, whatever their kind."""
OPERATOR_MUST = [
    # Its kinds.
    *rights(f"{READ} patch", "applications.pilothouse.dev"),
    *rights(f"{READ} create delete", "plans.pilothouse.dev"),
    *rights(FOLLOW, "cells.pilothouse.dev fleetpolicies.pilothouse.dev"),
    *rights("update", "applications/status.pilothouse.dev"),
    *rights("patch", "plans/status.pilothouse.dev cells/status.pilothouse.dev"),
    # The room it needs: capacity, allow.namespaceSelector, the UID of kube-system.
    *rights(FOLLOW, "nodes pods"),
    *rights(READ, "namespaces"),
    # Workloads, and the outputs that they read: Secrets among them, in every namespace.
    *rights(f"{READ} create patch delete", MADE_OF, OTHER),
    *rights("create patch", "events", OTHER),
    # Leadership, the key of hashes, credentials of Cells.
    *rights(f"{READ} create patch", "leases.coordination.k8s.io", OWN),
    *rights(f"{READ} create", "secrets", OWN),
]
OPERATOR_MUST_NOT = [
    # It may not want what a person has not asked for, nor approve what it proposes itself.
    *rights("create update delete deletecollection", "applications.pilothouse.dev"),
    *rights("patch update approve", "plans.pilothouse.dev"),
    *rights("create patch update delete", "cells.pilothouse.dev fleetpolicies.pilothouse.dev"),
    # Nor take more than it was given.
    *rights(
        "create patch update delete bind escalate",
        "roles.rbac.authorization.k8s.io clusterroles.rbac.authorization.k8s.io "
        "rolebindings.rbac.authorization.k8s.io clusterrolebindings.rbac.authorization.k8s.io",
    ),
    *rights(
        "create patch update delete",
        "validatingadmissionpolicies.admissionregistration.k8s.io "
        "validatingadmissionpolicybindings.admissionregistration.k8s.io "
        "customresourcedefinitions.apiextensions.k8s.io",
    ),
    *rights("impersonate", "users groups serviceaccounts"),
    *rights("create", "serviceaccounts/token pods/exec pods/ephemeralcontainers", OTHER, OWN),
    *rights("create patch delete", "pods nodes namespaces"),
    *rights("get patch", "nodes/proxy nodes/status"),
    # Nor what no Application has unless the chart's value `manifests.rules` says so.
    *rights("get create patch", "networkpolicies.networking.k8s.io roles.rbac.authorization.k8s.io", OTHER),
    # Nor what it has no use for.
    *rights("get", "nodes pods cells.pilothouse.dev fleetpolicies.pilothouse.dev"),
    *rights("get patch update", "fleetpolicies/status.pilothouse.dev"),
    *rights("update deletecollection", "secrets configmaps services deployments.apps", OTHER, OWN),
    *rights("get create patch", "leases.coordination.k8s.io", OTHER),
    *rights("*", "*.*"),
]


def test_the_operator_can_do_what_it_must_and_nothing_else(
    cluster: RunningCluster, installed_chart: InstalledChart
) -> None:
    here = {OWN: installed_chart.namespace}

    def placed(found: list[Right]) -> list[Right]:
        return [Right(each.verb, each.resource, here.get(each.namespace, each.namespace)) for each in found]

    groups = ("system:serviceaccounts", f"system:serviceaccounts:{installed_chart.namespace}", "system:authenticated")
    must, must_not = placed(OPERATOR_MUST), placed(OPERATOR_MUST_NOT)
    answers = allowed(cluster, [*must, *must_not], installed_chart.username, groups)
    assert [right for right in must if not answers[right]] == [], "the operator would stall"
    assert [right for right in must_not if answers[right]] == [], "the operator could do harm"


KINDS = "applications.pilothouse.dev plans.pilothouse.dev cells.pilothouse.dev fleetpolicies.pilothouse.dev"
EDITING = [
    *rights("create update patch delete", "applications.pilothouse.dev"),
    *rights("delete", "plans.pilothouse.dev"),
]
APPROVING = [*rights("patch approve", "plans.pilothouse.dev")]
NOBODY = [
    *rights("create update", "plans.pilothouse.dev"),
    *rights("patch update", "applications/status.pilothouse.dev plans/status.pilothouse.dev"),
    *rights("create patch delete", "cells.pilothouse.dev fleetpolicies.pilothouse.dev"),
]
PEOPLE = {
    "pilothouse-viewer": [],
    "pilothouse-editor": EDITING,
    "pilothouse-approver": APPROVING,
    "view": [],
    "edit": EDITING,
    "admin": EDITING,
}
"""ClusterRoles bound in a namespace, and what they give there besides reading."""


@pytest.mark.parametrize(("role", "given"), PEOPLE.items(), ids=PEOPLE)
@pytest.mark.usefixtures("installed_chart")
def test_a_role_gives_what_its_name_says(
    cluster: RunningCluster, namespace: str, role: str, given: list[Right]
) -> None:
    """The approver edits nothing, the editor approves nothing, and whoever has Kubernetes' own roles is no approver."""
    cluster.kubectl("create", "rolebinding", "jane", f"--clusterrole={role}", "--user=jane", f"--namespace={namespace}")
    reading = [*rights(READ, KINDS)]
    everything = [*reading, *EDITING, *APPROVING, *NOBODY]
    expected = {right: right in reading or right in given for right in everything}
    deadline = time.monotonic() + AGGREGATION_SECONDS
    while (found := in_namespace(cluster, everything, namespace)) != expected and time.monotonic() < deadline:
        time.sleep(0.3)  # Kubernetes' own roles take up ours a moment later
    assert found == expected


def in_namespace(cluster: RunningCluster, asked: list[Right], namespace: str) -> dict[Right, bool]:
    answers = allowed(cluster, [Right(each.verb, each.resource, namespace) for each in asked], "jane")
    return dict(zip(asked, answers.values(), strict=True))


def test_writing_can_be_held_to_some_namespaces(cluster: RunningCluster) -> None:
    """Reading stays cluster-wide: the operator follows what it owns by watches of the whole cluster."""
    rules = [{"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"]}]
    rendered = render(cluster, writeNamespaces=["shop", "search"], manifests={"rules": rules})
    everywhere = rendered.one("ClusterRole", "-cell")
    assert {verb for rule in everywhere["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    roles = [role for role in rendered.all("Role") if role["metadata"]["name"].endswith("-workloads")]
    assert [role["metadata"]["namespace"] for role in roles] == ["shop", "search"]
    for role in roles:
        assert all(rule["verbs"] == ["create", "patch", "delete"] for rule in role["rules"])
        assert {"policy"} in [set(rule["apiGroups"]) for rule in role["rules"]]
    bound = [each for each in rendered.all("RoleBinding") if each["roleRef"]["name"].endswith("-workloads")]
    assert [each["metadata"]["namespace"] for each in bound] == ["shop", "search"]
