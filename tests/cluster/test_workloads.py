"""A real control plane: what Kubernetes promises holds, on nodes that only pretend."""

import json
from typing import Any

import pytest

from tests.cluster.running import RunningCluster

pytestmark = pytest.mark.cluster

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "1"}}}],
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "topology.kubernetes.io/zone",
                        "whenUnsatisfiable": "DoNotSchedule",
                        "labelSelector": {"matchLabels": {"app": "web"}},
                    }
                ],
            },
        },
    },
}
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "once"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "once", "image": "once:1"}]}}},
}


def pod(**spec: Any) -> dict[str, Any]:
    containers = [{"name": "main", "image": "main:1", **spec.pop("container", {})}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": {"containers": containers, **spec}}


def apply(cluster: RunningCluster, namespace: str, manifest: dict[str, Any]) -> None:
    cluster.kubectl("apply", "--namespace", namespace, "--filename=-", stdin=json.dumps(manifest))


def read(cluster: RunningCluster, *args: str) -> Any:
    return json.loads(cluster.kubectl("get", *args, "--output=json").stdout)


def wait(cluster: RunningCluster, namespace: str, what: str, condition: str) -> None:
    cluster.kubectl("wait", what, f"--for={condition}", f"--namespace={namespace}", "--timeout=30s")


@pytest.fixture(autouse=True)
def needs_fake_nodes(cluster: RunningCluster) -> None:
    if not cluster.fake_nodes:
        pytest.skip("this cluster has no fake nodes: use CLUSTER=built or CLUSTER=kind")


def test_nodes_show_the_zones_labels_sizes_and_accelerators_of_the_node_file(cluster: RunningCluster) -> None:
    nodes = {node["metadata"]["name"]: node for node in read(cluster, "nodes")["items"]}
    zones = [nodes[f"general-{n}"]["metadata"]["labels"]["topology.kubernetes.io/zone"] for n in range(6)]
    assert zones == ["zone-a", "zone-b", "zone-c"] * 2
    accelerated = nodes["accelerated-0"]
    assert accelerated["metadata"]["labels"]["pool"] == "accelerated"
    assert accelerated["metadata"]["labels"]["nvidia.com/gpu.product"] == "fake-80g"
    assert accelerated["status"]["allocatable"] == {
        "cpu": "16",
        "memory": "128Gi",
        "pods": "110",
        "nvidia.com/gpu": "4",
    }


def test_a_deployment_becomes_available_and_is_spread_over_the_zones(cluster: RunningCluster, namespace: str) -> None:
    apply(cluster, namespace, DEPLOYMENT)
    wait(cluster, namespace, "deployment/web", "condition=Available")
    pods = read(cluster, "pods", "--namespace", namespace)["items"]
    zone_of = {
        node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for node in read(cluster, "nodes")["items"]
    }
    assert {zone_of[pod["spec"]["nodeName"]] for pod in pods} == {"zone-a", "zone-b", "zone-c"}
    assert len({pod["status"]["podIP"] for pod in pods}) == 3


def test_a_pod_gets_the_node_that_has_its_accelerator(cluster: RunningCluster, namespace: str) -> None:
    apply(cluster, namespace, pod(container={"resources": {"limits": {"nvidia.com/gpu": 4}}}))
    wait(cluster, namespace, "pod/one", "condition=Ready")
    assert read(cluster, "pod/one", "--namespace", namespace)["spec"]["nodeName"] == "accelerated-0"


def test_a_pod_that_fits_nowhere_stays_pending_for_the_true_reason(cluster: RunningCluster, namespace: str) -> None:
    apply(cluster, namespace, pod(container={"resources": {"limits": {"nvidia.com/gpu": 5}}}))
    wait(cluster, namespace, "pod/one", "condition=PodScheduled=False")
    (condition,) = read(cluster, "pod/one", "--namespace", namespace)["status"]["conditions"]
    assert condition["reason"] == "Unschedulable"
    assert "Insufficient nvidia.com/gpu" in condition["message"]


def test_a_pod_with_init_containers_and_a_readiness_gate_becomes_ready(cluster: RunningCluster, namespace: str) -> None:
    init = [{"name": "once", "image": "i:1"}, {"name": "side", "image": "s:1", "restartPolicy": "Always"}]
    apply(cluster, namespace, pod(initContainers=init, readinessGates=[{"conditionType": "example.com/gate"}]))
    wait(cluster, namespace, "pod/one", "condition=Ready")
    status = read(cluster, "pod/one", "--namespace", namespace)["status"]
    assert "terminated" in status["initContainerStatuses"][0]["state"]
    assert "running" in status["initContainerStatuses"][1]["state"]


def test_a_job_completes(cluster: RunningCluster, namespace: str) -> None:
    apply(cluster, namespace, JOB)
    wait(cluster, namespace, "job/once", "condition=Complete")


def test_deleting_a_deployment_collects_its_pods(cluster: RunningCluster, namespace: str) -> None:
    apply(cluster, namespace, DEPLOYMENT)
    wait(cluster, namespace, "deployment/web", "condition=Available")
    cluster.kubectl("delete", "deployment/web", "--namespace", namespace)
    cluster.kubectl("wait", "--for=delete", "pod", "--selector=app=web", "--namespace", namespace, "--timeout=30s")
    assert read(cluster, "pods", "--namespace", namespace)["items"] == []


def test_a_namespace_that_is_deleted_goes_with_all_in_it(cluster: RunningCluster, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "content", "--namespace", namespace)
    cluster.kubectl("delete", "namespace", namespace, "--timeout=60s")
    assert cluster.kubectl("get", "namespace", namespace, check=False).returncode != 0
