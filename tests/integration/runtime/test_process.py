"""The process as a cluster meets it: it leads, stands by, stops, is fenced; one bad Cell is its own trouble."""

import base64
import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster import RunningCluster
from tests.cluster.fleet import until
from tests.operating import NAMESPACE, Operator

CELLS = ("near", "far", "silent")
WAIT_SECONDS = 30.0
Get = Callable[..., Any]


@pytest.fixture
def get(kinds: RunningCluster) -> Get:
    """Read an object as JSON; None when there is none."""

    def read(*words: str) -> Any:
        found = kinds.kubectl("get", *words, "-o", "json", "--ignore-not-found").stdout
        return json.loads(found) if found else None

    return read


@pytest.fixture
def operator(kinds: RunningCluster) -> Iterator[Operator]:
    """A running operator of one Cell, `near`, which is the whole cluster."""
    apply(kinds, cell("near"))
    with Operator(kinds, "--sweep-seconds", "2", "--log-format", "json", "--identity", "pod-0") as running:
        yield running
    kinds.kubectl("delete", "phcell", *CELLS, "--ignore-not-found")


def apply(cluster: RunningCluster, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(listed))


def cell(name: str, **kubernetes: Any) -> dict[str, Any]:
    spec = {"kubernetes": kubernetes, "allow": [{"types": ["*"]}], "failureDomain": name}
    return {
        "apiVersion": "pilothouse.dev/v1alpha1",
        "kind": "Cell",
        "metadata": {"name": name, "labels": {"is": name}},
        "spec": spec,
    }


def application(namespace: str, cells: str = "near", name: str = "checkout") -> dict[str, Any]:
    workload = {
        "name": "web",
        "replicas": 1,
        "template": {"spec": {"containers": [{"name": "web", "image": "nginx:1"}]}},
        "placement": {"cellSelector": {"matchLabels": {"is": cells}}},
    }
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "pilothouse.dev/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": {"workloads": [workload]},
    }


def condition(found: Any, kind: str) -> dict[str, str]:
    conditions = (found or {}).get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {"status": "", "reason": "", "message": ""})


def is_ready(found: Any) -> bool:
    return condition(found, "Ready")["status"] == "True"


def ended(operator: Operator) -> int | None:
    code: int | None = operator._processes.states()[operator.name].code
    return code


def lease(get: Get) -> dict[str, Any]:
    """What the Lease says; that nobody holds it where it was never made."""
    found = get("lease", "pilothouse", "-n", NAMESPACE)
    spec: dict[str, Any] = found["spec"] if found else {"holderIdentity": ""}
    return spec


def test_sigterm_ends_it_with_0_and_gives_the_lease_back(operator: Operator, get: Get) -> None:
    until(lambda: lease(get)["holderIdentity"] == "pod-0", "it leads", WAIT_SECONDS)
    began = time.monotonic()
    operator.kill(signal.SIGTERM)
    until(lambda: ended(operator) is not None, "it ends", WAIT_SECONDS)
    assert ended(operator) == 0, operator.log_tail()
    assert time.monotonic() - began < 20, "nothing was under way"
    assert lease(get)["holderIdentity"] == ""


def test_a_standby_is_ready_and_takes_over_within_seconds(
    operator: Operator, kinds: RunningCluster, get: Get, namespace: str
) -> None:
    until(lambda: lease(get)["holderIdentity"] == "pod-0", "the first leads", WAIT_SECONDS)
    epoch = lease(get)["leaseTransitions"]
    with Operator(kinds, "--sweep-seconds", "2", "--identity", "pod-1") as standby:
        assert "pilothouse_leader 0.0" in standby.metrics()
        assert "pilothouse_leader 1.0" in operator.metrics()
        operator.kill(signal.SIGTERM)
        until(lambda: "pilothouse_leader 1.0" in standby.metrics(), "the standby leads", WAIT_SECONDS)
        assert lease(get)["leaseTransitions"] == epoch + 1
        apply(kinds, application(namespace))
        until(lambda: is_ready(get("phapp", "checkout", "-n", namespace)), "the standby works", WAIT_SECONDS)
        kinds.kubectl("delete", "phapp", "checkout", "-n", namespace)


def test_a_leader_whose_lease_was_taken_is_gone_at_once(operator: Operator, kinds: RunningCluster, get: Get) -> None:
    until(lambda: lease(get)["holderIdentity"] == "pod-0", "it leads", WAIT_SECONDS)
    taken = {"spec": {"holderIdentity": "thief", "leaseTransitions": 99}}
    kinds.kubectl("patch", "lease", "pilothouse", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(taken))
    until(lambda: ended(operator) is not None, "it ends", WAIT_SECONDS)
    assert ended(operator) == 1
    assert "ends at once" in operator.log_tail()
    kinds.kubectl("delete", "lease", "pilothouse", "-n", NAMESPACE)


def test_kopf_leaves_no_trace_and_our_finalizer_survives_a_restart(
    operator: Operator, kinds: RunningCluster, get: Get, namespace: str
) -> None:
    apply(kinds, application(namespace))
    until(lambda: is_ready(get("phapp", "checkout", "-n", namespace)), "it converges", WAIT_SECONDS)
    before = get("phapp", "checkout", "-n", namespace)
    assert before["metadata"]["finalizers"] == ["pilothouse.dev/cleanup"]
    assert "annotations" not in before["metadata"]
    operator.kill()
    operator.start()
    operator.wait_ready()
    until(lambda: "pilothouse_leader 1.0" in operator.metrics(), "it leads again", WAIT_SECONDS)
    time.sleep(3)
    assert get("phapp", "checkout", "-n", namespace) == before, "a restart writes nothing"
    kinds.kubectl("delete", "phapp", "checkout", "-n", namespace)


def test_a_status_that_somebody_else_wrote_is_put_right(
    operator: Operator, kinds: RunningCluster, get: Get, namespace: str
) -> None:
    assert operator.pid
    apply(kinds, application(namespace))
    until(lambda: is_ready(get("phapp", "checkout", "-n", namespace)), "it converges", WAIT_SECONDS)
    lie = {"status": {"workloadsReady": "9/9"}}
    where = ("phapp", "checkout", "-n", namespace)
    kinds.kubectl("patch", *where, "--subresource=status", "--type=merge", "-p", json.dumps(lie))
    until(lambda: get(*where)["status"]["workloadsReady"] == "1/1", "the truth is back", WAIT_SECONDS)
    kinds.kubectl("delete", *where)


def test_a_cell_that_never_answers_says_so_and_holds_nobody_up(
    operator: Operator, kinds: RunningCluster, get: Get, namespace: str
) -> None:
    assert operator.pid
    apply(kinds, secret("silent", kubeconfig(kinds, "https://127.0.0.1:9")))
    apply(kinds, cell("silent", kubeconfigSecretRef={"name": "silent"}), application(namespace))
    until(lambda: is_ready(get("phapp", "checkout", "-n", namespace)), "the others go on", WAIT_SECONDS)
    until(lambda: condition(get("phcell", "silent"), "Ready")["reason"] == "Unreachable", "it is told", WAIT_SECONDS)
    assert "cannot reach the API server" in condition(get("phcell", "silent"), "Ready")["message"]
    assert is_ready(get("phcell", "near"))
    kinds.kubectl("delete", "phapp", "checkout", "-n", namespace)


def test_a_cluster_by_kubeconfig_is_a_cell_like_any_other_and_a_new_secret_is_taken_up(
    operator: Operator, kinds: RunningCluster, get: Get, namespace: str
) -> None:
    assert operator.pid
    apply(kinds, cell("far", kubeconfigSecretRef={"name": "far"}), application(namespace, "far"))
    until(lambda: "Secret" in condition(get("phcell", "far"), "Ready")["message"], "the Secret is missed", WAIT_SECONDS)
    assert condition(get("phcell", "far"), "Ready")["reason"] == "CredentialsRefused"
    assert "Create it in the operator's namespace" in condition(get("phcell", "far"), "Ready")["message"]
    apply(kinds, secret("far", kubeconfig(kinds, kinds.url)))
    until(lambda: is_ready(get("phcell", "far")), "the Cell is Ready", WAIT_SECONDS)
    until(lambda: is_ready(get("phapp", "checkout", "-n", namespace)), "the Application too", WAIT_SECONDS)
    assert get("deployment", "checkout-web-far", "-n", namespace)
    kinds.kubectl("delete", "phapp", "checkout", "-n", namespace)


def test_probes_and_logs_can_be_read_by_machines(
    operator: Operator, kinds: RunningCluster, get: Get, namespace: str
) -> None:
    apply(kinds, application(namespace))
    until(lambda: is_ready(get("phapp", "checkout", "-n", namespace)), "it converges", WAIT_SECONDS)
    assert operator._answers("healthz")
    records = [json.loads(line) for line in operator.log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= record.keys() for record in records)
    text = operator.metrics()
    assert 'pilothouse_applications{state="Ready"}' in text
    assert 'pilothouse_cell_ready{cell="near"} 1.0' in text
    assert 'pilothouse_plans_total{reason="SpecChanged"}' in text
    kinds.kubectl("delete", "phapp", "checkout", "-n", namespace)


def kubeconfig(cluster: RunningCluster, server: str) -> str:
    ca = base64.b64encode(cluster.ca.read_bytes()).decode()
    found = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
        "clusters": [{"name": "here", "cluster": {"server": server, "certificate-authority-data": ca}}],
        "users": [{"name": "here", "user": {"token": cluster.token}}],
    }
    return json.dumps(found)


def secret(name: str, config: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"kubeconfig": config}}
