"""A real control plane: who may do what, and what admission refuses."""

import json
import subprocess
from typing import Any

import pytest

from tests.cluster.errors import ApiError, CommandError
from tests.cluster.rights import Right, until_allowed
from tests.cluster.running import RunningCluster, ServiceAccount, User

pytestmark = pytest.mark.cluster

NO_EVIL: dict[str, Any] = {
    "validations": [{"expression": "!has(object.data) || !('evil' in object.data)", "message": "evil is refused"}],
    "matchConstraints": {
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        ]
    },
}


def refused(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode != 0 and "forbidden" in done.stderr.lower()


def test_rbac_refuses_a_user_until_a_binding_allows(cluster: RunningCluster, namespace: str) -> None:
    jane = cluster.kubeconfig_for(User("jane", ("developers",)))
    look = ("get", "configmaps", "--namespace", namespace)
    assert refused(cluster.kubectl(*look, as_=jane, check=False))
    cluster.kubectl(
        "create", "rolebinding", "developers", "--clusterrole=view", "--group=developers", "--namespace", namespace
    )
    until_allowed(cluster, [Right("list", "configmaps", namespace)], "jane", ["developers"])
    cluster.kubectl(*look, as_=jane)
    cluster.kubectl("create", "configmap", "kept", "--namespace", namespace)
    assert refused(cluster.kubectl("delete", "configmaps", "--all", "--namespace", namespace, as_=jane, check=False))


def test_a_service_account_acts_with_exactly_its_own_rights(cluster: RunningCluster, namespace: str) -> None:
    cluster.kubectl("create", "serviceaccount", "robot", "--namespace", namespace)
    robot = cluster.kubeconfig_for(ServiceAccount(namespace, "robot"))
    look = ("get", "secrets", "--namespace", namespace)
    assert refused(cluster.kubectl(*look, as_=robot, check=False))
    subject = f"--serviceaccount={namespace}:robot"
    cluster.kubectl("create", "rolebinding", "robot", "--clusterrole=edit", subject, "--namespace", namespace)
    until_allowed(cluster, [Right("list", "secrets", namespace)], f"system:serviceaccount:{namespace}:robot")
    cluster.kubectl(*look, as_=robot)


def test_a_service_account_that_does_not_exist_is_named(cluster: RunningCluster, namespace: str) -> None:
    with pytest.raises(CommandError, match='"ghost" not found') as failure:
        cluster.kubeconfig_for(ServiceAccount(namespace, "ghost"))
    assert failure.value.done.returncode != 0


def test_a_node_may_not_read_what_its_pods_do_not_use(cluster: RunningCluster, namespace: str) -> None:
    node = cluster.kubeconfig_for(User("system:node:general-0", ("system:nodes",)))
    cluster.kubectl("create", "secret", "generic", "keys", "--namespace", namespace)
    done = cluster.kubectl("get", "secret/keys", "--namespace", namespace, as_=node, check=False)
    assert "no relationship found between node 'general-0' and this object" in done.stderr


def test_a_validating_admission_policy_refuses(cluster: RunningCluster, namespace: str) -> None:
    group = "admissionregistration.k8s.io/v1"
    policy = {
        "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": namespace}, "spec": NO_EVIL,
    }  # fmt: skip
    only_here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    binding = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": namespace},
        "spec": {"policyName": namespace, "validationActions": ["Deny"], "matchResources": only_here},
    }
    both = {"apiVersion": "v1", "kind": "List", "items": [policy, binding]}
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps(both))
    try:
        assert any("evil is refused" in try_evil(cluster, namespace, attempt) for attempt in range(100))
        cluster.kubectl("create", "configmap", "fine", "--from-literal=good=1", "--namespace", namespace)
    finally:
        cluster.kubectl("delete", "--filename=-", stdin=json.dumps(both))


def try_evil(cluster: RunningCluster, namespace: str, attempt: int) -> str:
    """What kubectl says to a forbidden ConfigMap; a new policy takes effect after a moment."""
    return cluster.kubectl(
        "create", "configmap", f"try-{attempt}", "--from-literal=evil=1", "--namespace", namespace, check=False
    ).stderr


def test_every_namespace_has_the_certificate_that_verifies_the_server(cluster: RunningCluster, namespace: str) -> None:
    cluster.kubectl("wait", "--for=create", "configmap/kube-root-ca.crt", "--namespace", namespace, "--timeout=30s")
    content = json.loads(
        cluster.kubectl("get", "configmap/kube-root-ca.crt", "--namespace", namespace, "--output=json").stdout
    )
    assert content["data"]["ca.crt"].strip() == cluster.ca.read_text().strip()


def test_a_wrong_token_is_refused(cluster: RunningCluster) -> None:
    if not cluster.token:
        pytest.skip("this kubeconfig does not authenticate by token")
    stranger = cluster.api()
    stranger.token = "wrong"
    with pytest.raises(ApiError, match="Unauthorized") as failure:
        stranger.get("/api/v1/namespaces")
    stranger.close()
    assert failure.value.status == 401


def test_kubectl_and_helm_can_parse_the_servers_version(cluster: RunningCluster) -> None:
    version = json.loads(cluster.kubectl("version", "--output=json").stdout)
    assert version["serverVersion"]["major"] == "1"
    assert int(version["serverVersion"]["minor"].rstrip("+")) >= 30
    assert version["serverVersion"]["gitVersion"].startswith("v1.")
    assert cluster.helm("version", "--template={{.Version}}").stdout.startswith("v4.")


def test_a_chart_that_asks_for_a_server_version_installs(cluster: RunningCluster, namespace: str) -> None:
    chart = cluster.folder / f"chart-{namespace}"
    (chart / "templates").mkdir(parents=True)
    header = {"apiVersion": "v2", "name": "tiny", "version": "0.1.0", "kubeVersion": ">=1.30.0-0"}
    (chart / "Chart.yaml").write_text(json.dumps(header))
    (chart / "templates" / "configmap.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tiny}\n"
        'data: {minor: "{{ .Capabilities.KubeVersion.Minor }}"}\n'
    )
    cluster.helm("install", "tiny", str(chart), "--namespace", namespace)
    minor = cluster.kubectl("get", "configmap/tiny", "--namespace", namespace, "--output=jsonpath={.data.minor}")
    assert int(minor.stdout) >= 30
