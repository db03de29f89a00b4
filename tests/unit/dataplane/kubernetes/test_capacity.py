"""What is free on a node is what the scheduler would find free: requests of all pods count, ours and others'."""

from typing import Any

import pytest

from pilothouse.dataplane.kubernetes.capacity import Capacity, NodeFacts, PodUse, Taint, node_facts, pod_use, requests

GI = 1024**3


def container(name: str = "web", cpu: str = "", memory: str = "", **more: Any) -> dict[str, Any]:
    wanted = {key: value for key, value in {"cpu": cpu, "memory": memory}.items() if value}
    return {"name": name, "resources": {"requests": wanted}, **more}


def pod(
    containers: list[dict[str, Any]],
    init: list[dict[str, Any]] | None = None,
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    return {
        "spec": {"containers": containers, "initContainers": init, "nodeName": "n1", **spec},
        "status": {"phase": "Running", **(status or {})},
    }


INFEASIBLE = [{"type": "PodResizePending", "reason": "Infeasible"}]
DEFERRED = [{"type": "PodResizePending", "reason": "Deferred"}]


def resizing(conditions: list[dict[str, str]], allocated: str | None, actual: str | None) -> dict[str, Any]:
    """A pod that asks for 2 cores, of which a kubelet has allocated and actuated something else."""
    status: dict[str, Any] = {"name": "web"}
    if allocated:
        status["allocatedResources"] = {"cpu": allocated}
    if actual:
        status["resources"] = {"requests": {"cpu": actual}}
    return pod([container(cpu="2")], status={"conditions": conditions, "containerStatuses": [status]})


def whole(status: dict[str, Any], **requested: str) -> dict[str, Any]:
    """A pod whose requests are for all its containers together."""
    return pod([container(cpu="3")], resources={"requests": requested}, status=status)


SIDECAR = container("mesh", cpu="1", restartPolicy="Always")

REQUESTS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "nothing asked": (pod([{"name": "web"}]), {}),
    "containers add up": (
        pod([container(cpu="100m", memory="1Gi"), container("log", cpu="50m")]),
        {"cpu": 150, "memory": GI},
    ),
    "a large init container counts at its highest": (
        pod([container(cpu="1", memory="1Gi")], [container("a", cpu="3"), container("b", cpu="2", memory="2Gi")]),
        {"cpu": 3000, "memory": 2 * GI},
    ),
    "a small one does not count": (pod([container(cpu="2")], [container("a", cpu="1")]), {"cpu": 2000}),
    "a sidecar runs beside the containers": (pod([container(cpu="2")], [SIDECAR]), {"cpu": 3000}),
    "and beside the init containers after it": (
        pod([container(cpu="1")], [SIDECAR, container("migrate", cpu="4")]),
        {"cpu": 5000},
    ),
    "but not beside those before it": (
        pod([container(cpu="1")], [container("migrate", cpu="4"), SIDECAR]),
        {"cpu": 4000},
    ),
    "overhead comes on top": (
        pod([container(cpu="1")], overhead={"cpu": "250m", "memory": "1Gi"}),
        {"cpu": 1250, "memory": GI},
    ),
    "requests of the pod stand in for those of its containers": (
        whole({}, cpu="1", memory="1Gi"),
        {"cpu": 1000, "memory": GI},
    ),
    "of cpu, memory and huge pages only": (
        whole({}, **{"hugepages-2Mi": "4Mi", "x.io/y": "1"}),
        {"cpu": 3000, "hugepages-2Mi": 4194304},
    ),
    "a pod that shrinks holds what it has": (whole({"resources": {"requests": {"cpu": "2"}}}, cpu="1"), {"cpu": 2000}),
    "or what it was promised": (
        whole({"resources": {"requests": {"cpu": "1"}}, "allocatedResources": {"cpu": "4"}}, cpu="1"),
        {"cpu": 4000},
    ),
    "a pod that cannot grow holds what it has": (
        whole({"resources": {"requests": {"cpu": "2"}}, "conditions": INFEASIBLE}, cpu="9"),
        {"cpu": 2000},
    ),
    "a container that shrinks holds what it has": (resizing([], "1", "3"), {"cpu": 3000}),
    "a container that grows takes what it wants": (resizing(DEFERRED, "1", "1"), {"cpu": 2000}),
    "a container that cannot grow takes what it has": (resizing(INFEASIBLE, "1", "1"), {"cpu": 1000}),
    "a container that cannot grow, of which nothing more is known": (resizing(INFEASIBLE, "1", None), {"cpu": 1000}),
    "a new container": (resizing([], None, None), {"cpu": 2000}),
}


@pytest.mark.parametrize(("found", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_requests_are_counted_as_the_scheduler_counts_them(found: dict[str, Any], expected: dict[str, int]) -> None:
    assert requests(found) == expected


def test_a_pod_is_remembered_by_its_node_and_requests_alone() -> None:
    assert pod_use(pod([container(cpu="1")])) == PodUse("n1", (("cpu", 1000), ("pods", 1)))


def test_pods_of_one_shape_share_their_memory() -> None:
    first, second = (pod_use(pod([container(cpu="1")])) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.requests is second.requests


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_takes_nothing(phase: str) -> None:
    assert pod_use(pod([container(cpu="1")], status={"phase": phase})) is None


def test_a_pod_without_a_node_takes_nothing_of_any() -> None:
    assert pod_use({"spec": {"containers": []}}) is None


def node(name: str, *, cpu: str = "4", zone: str = "a", ready: str = "True", **spec: Any) -> NodeFacts:
    return node_facts(
        {
            "metadata": {"name": name, "labels": {"zone": zone}},
            "spec": spec,
            "status": {
                "allocatable": {"cpu": cpu, "pods": "2"},
                "conditions": [{"type": "Ready", "status": ready}],
            },
        }
    )


def test_a_node_is_remembered_by_what_placement_asks() -> None:
    taints = [{"key": "gpu", "effect": "NoSchedule"}, {"key": "team", "value": "a", "effect": "NoExecute"}]
    assert node("n1", taints=taints) == NodeFacts(
        "n1",
        {"zone": "a"},
        {"cpu": 4000, "pods": 2},
        schedulable=True,
        taints=(Taint("gpu", "", "NoSchedule"), Taint("team", "a", "NoExecute")),
    )


def test_a_node_that_is_cordoned_or_not_ready_takes_no_pods() -> None:
    assert not node("n1", unschedulable=True).schedulable
    assert not node("n1", ready="Unknown").schedulable
    assert not node_facts({"metadata": {"name": "new"}}).schedulable


def use(name: str, cpu: int) -> PodUse:
    return PodUse(name, (("cpu", cpu), ("pods", 1)))


def free(capacity: Capacity, **selector: str) -> dict[str, dict[str, int]]:
    return {found.name: dict(found.free) for found in capacity.nodes(selector)}


def test_what_is_free_follows_every_change() -> None:
    capacity = Capacity()
    capacity.pod_changed(None, use("n1", 1000))
    capacity.node_changed(None, node("n1"))
    assert free(capacity) == {"n1": {"cpu": 3000, "pods": 1}}, "pods may be seen before their node"
    capacity.pod_changed(None, use("n1", 500))
    assert free(capacity) == {"n1": {"cpu": 2500, "pods": 0}}
    capacity.pod_changed(use("n1", 500), use("n1", 700))
    assert free(capacity) == {"n1": {"cpu": 2300, "pods": 0}}
    capacity.pod_changed(use("n1", 700), None)
    capacity.node_changed(node("n1"), node("n1", cpu="8"))
    assert free(capacity) == {"n1": {"cpu": 7000, "pods": 1}}
    capacity.node_changed(node("n1", cpu="8"), None)
    assert free(capacity) == {}
    capacity.node_changed(None, node("n1"))
    assert free(capacity) == {"n1": {"cpu": 3000, "pods": 1}}, "a node that comes back still has its pods"
    capacity.pod_changed(use("n1", 1000), None)
    assert free(capacity) == {"n1": {"cpu": 4000, "pods": 2}}


def test_requests_for_what_a_node_does_not_have_are_left_out() -> None:
    capacity = Capacity()
    capacity.node_changed(None, node("n1"))
    capacity.pod_changed(None, PodUse("n1", (("pods", 1), ("x.io/y", 1))))
    assert free(capacity) == {"n1": {"cpu": 4000, "pods": 1}}


def test_a_cell_has_the_nodes_that_its_selector_names_by_name() -> None:
    capacity = Capacity()
    for name, zone in (("n2", "a"), ("n3", "b"), ("n1", "a")):
        capacity.node_changed(None, node(name, zone=zone))
    assert [found.name for found in capacity.nodes({"zone": "a"})] == ["n1", "n2"]
    assert [found.name for found in capacity.nodes({})] == ["n1", "n2", "n3"]
    assert capacity.nodes({"zone": "a", "disk": "ssd"}) == ()


def test_the_totals_of_a_cell_are_of_its_own_nodes() -> None:
    capacity = Capacity()
    for name, zone in (("n1", "a"), ("n2", "a"), ("n3", "b")):
        capacity.node_changed(None, node(name, zone=zone))
        capacity.pod_changed(None, use(name, 500))
    assert capacity.totals({"zone": "a"}) == ({"cpu": 8000, "pods": 4}, {"cpu": 1000, "pods": 2})
    assert capacity.totals({"zone": "c"}) == ({}, {})


def test_a_node_that_did_not_change_is_not_counted_anew() -> None:
    capacity = Capacity()
    for name in ("n1", "n2"):
        capacity.node_changed(None, node(name))
    before = capacity.nodes({})
    capacity.pod_changed(None, use("n2", 500))
    after = capacity.nodes({})
    assert before[0] is after[0]
    assert before[1] != after[1]


def sharing(group: str | None, part: str | None) -> PodUse | None:
    found = pod([container(cpu="1")])
    found["spec"]["nodeName"] = "n1"
    labels = {"runai-gpu-group": group} if group else {}
    annotations = {"gpu-fraction": part} if part else {}
    found["metadata"] = {**found.get("metadata", {}), "labels": labels, "annotations": annotations}
    return pod_use(found)


@pytest.mark.parametrize(("group", "part"), [(None, "0.5"), ("g1", None), ("g1", "half"), ("g1", "nan")])
def test_a_pod_that_shares_no_accelerator_that_is_known_takes_no_part(group: str | None, part: str | None) -> None:
    found = sharing(group, part)
    assert found is not None
    assert found.share is None, "what others write by hand stops nothing"


def test_what_is_left_of_a_shared_accelerator_follows_its_pods() -> None:
    capacity = Capacity()
    capacity.node_changed(None, node("n1"))
    one, other, third = sharing("g1", "0.25"), sharing("g1", "0.5"), sharing("g2", "0.9")
    for use_of in (one, other, third):
        capacity.pod_changed(None, use_of)
    assert [found.shared for found in capacity.nodes({})] == [(100, 250)]
    capacity.pod_changed(other, None)
    capacity.pod_changed(third, None)
    assert [found.shared for found in capacity.nodes({})] == [(750,)]
    capacity.pod_changed(one, None)
    assert [found.shared for found in capacity.nodes({})] == [()]


def test_what_placements_put_there_is_told_apart_from_what_others_run() -> None:
    ours = pod([container(cpu="1")])
    ours["metadata"] = {"labels": {"pilothouse.dev/cell": "a"}}
    daemon = pod([container(cpu="500m")])
    daemon["metadata"] = {**ours["metadata"], "ownerReferences": [{"kind": "DaemonSet"}]}
    capacity = Capacity()
    capacity.node_changed(None, node("n1"))
    for live in (ours, daemon):
        capacity.pod_changed(None, pod_use(live))
    assert free(capacity) == {"n1": {"cpu": 2500, "pods": 0}}
    assert [dict(found.free) for found in capacity.offered({})] == [{"cpu": 3500, "pods": 1}]
    capacity.pod_changed(pod_use(ours), None)
    assert [dict(found.free) for found in capacity.offered({})] == [{"cpu": 3500, "pods": 1}]
    assert capacity.offered({"zone": "b"}) == ()
