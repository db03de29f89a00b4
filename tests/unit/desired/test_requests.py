"""What a pod takes is counted as kube-scheduler counts it; else pods are sent where they stay pending."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.quantities import InvalidQuantityError, amount, millionths, shown
from pilothouse.desired.cells import NodeFree, Taint
from pilothouse.desired.requests import node_free, pod_requests
from tests.unit.desired.fleets import GI

QUANTITIES: dict[str, tuple[str, str | float, int]] = {
    "millicores": ("cpu", "1500m", 1500),
    "a YAML integer": ("cpu", 2, 2000),
    "a YAML float": ("cpu", 0.5, 500),
    "less than a millicore is rounded up": ("cpu", "100u", 1),
    "nanos are rounded up": ("memory", "1n", 1),
    "bytes in millis, as autoscalers write them": ("memory", "128974848000m", 128_974_848),
    "binary": ("memory", "1.5Gi", 3 * GI // 2),
    "decimal": ("memory", "500M", 500_000_000),
    "exa, not an exponent": ("memory", "1E", 10**18),
    "an exponent": ("memory", "12e6", 12_000_000),
    "a capital exponent": ("memory", "12E+6", 12_000_000),
    "a negative exponent": ("cpu", "5e-1", 500),
    "no digits before the point": ("cpu", ".5", 500),
    "no digits after the point": ("cpu", "2.", 2000),
    "a plus sign": ("cpu", "+1", 1000),
    "extended resources are counts": ("example.com/gpu", "3", 3),
}


@pytest.mark.parametrize(("resource", "text", "value"), QUANTITIES.values(), ids=QUANTITIES)
def test_a_quantity_is_read_as_kubernetes_reads_it(resource: str, text: str | float, value: int) -> None:
    assert amount(resource, text, "here") == value


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "1ki", "-1", "1GiB", "e3", ".", "1e999999999", "nan", True])
def test_what_is_no_quantity_is_refused_with_its_place(text: str | float) -> None:
    with pytest.raises(
        InvalidQuantityError, match=r"^spec\.cpu: found .*, expected a Kubernetes quantity.* such as 500m"
    ):
        amount("cpu", text, "spec.cpu")


SHOWN = {
    "whole cpus": ("cpu", 4000, "4"),
    "parts of a cpu": ("cpu", 1500, "1500m"),
    "nothing": ("memory", 0, "0"),
    "bytes": ("memory", 1023, "1023"),
    "whole gibibytes": ("memory", 8 * GI, "8Gi"),
    "rounded down, never to look like enough": ("memory", 8 * GI - 1, "7.9Gi"),
    "hugepages are bytes": ("hugepages-2Mi", 4 * 1024**2, "4Mi"),
    "local disk is bytes": ("ephemeral-storage", 1024, "1Ki"),
    "accelerators are counts": ("example.com/gpu", 2, "2"),
}


@pytest.mark.parametrize(("resource", "value", "text"), SHOWN.values(), ids=SHOWN)
def test_an_amount_is_shown_as_people_write_it(resource: str, value: int, text: str) -> None:
    assert shown(resource, value) == text


@given(st.sampled_from(["cpu", "memory", "example.com/gpu"]), st.integers(0, 2**60))
def test_what_is_shown_reads_back_as_no_more(resource: str, value: int) -> None:
    back = amount(resource, shown(resource, value), "here")
    assert back <= value + 1
    assert back > value * 0.9 - 1
    assert resource == "memory" or back == value


def container(name: str = "main", limits: Any = None, restart: str | None = None, **requests: str) -> dict[str, Any]:
    resources = {"requests": requests} | ({"limits": limits} if limits else {})
    return {"name": name, "resources": resources} | ({"restartPolicy": restart} if restart else {})


def sidecar(cpu: str) -> dict[str, Any]:
    return container("proxy", cpu=cpu, restart="Always")


class Case(NamedTuple):
    spec: dict[str, Any]
    takes: dict[str, int]
    reason: str


PODS = {
    "nothing asked": Case(
        {"containers": [{"name": "main"}]},
        {"pods": 1},
        "a pod that asks for nothing still takes one of the node's places",
    ),
    "no containers yet": Case({}, {"pods": 1}, "a template that the API server will refuse must not stop the others"),
    "containers run together": Case(
        {"containers": [container(cpu="1", memory="1Gi"), container(cpu="500m")]},
        {"pods": 1, "cpu": 1500, "memory": GI},
        "their requests add up",
    ),
    "a limit alone": Case(
        {"containers": [container(limits={"cpu": "2", "memory": "1Gi"}, cpu="1")]},
        {"pods": 1, "cpu": 1000, "memory": GI},
        "the API server makes a limit without a request the request",
    ),
    "a large init container": Case(
        {"containers": [container(cpu="1")], "initContainers": [container(cpu="3"), container(cpu="2")]},
        {"pods": 1, "cpu": 3000},
        "init containers run one by one before the others: the largest counts, not the sum",
    ),
    "a small init container": Case(
        {"containers": [container(cpu="1")], "initContainers": [container(cpu="500m")]},
        {"pods": 1, "cpu": 1000},
        "what is done before costs nothing more",
    ),
    "a sidecar": Case(
        {"containers": [container(cpu="1")], "initContainers": [sidecar("500m")]},
        {"pods": 1, "cpu": 1500},
        "a restartable init container runs beside the others for good",
    ),
    "init containers around a sidecar": Case(
        {
            "containers": [container(cpu="1")],
            "initContainers": [container(cpu="1900m"), sidecar("500m"), container(cpu="2")],
        },
        {"pods": 1, "cpu": 2500},
        "an init container runs beside the sidecars that were started before it",
    ),
    "init containers before a sidecar": Case(
        {"containers": [container(cpu="1")], "initContainers": [container(cpu="1400m"), sidecar("500m")]},
        {"pods": 1, "cpu": 1500},
        "a sidecar that starts later does not count against an earlier init container",
    ),
    "overhead": Case(
        {"containers": [container(cpu="1")], "overhead": {"cpu": "250m", "memory": "1Gi"}},
        {"pods": 1, "cpu": 1250, "memory": GI},
        "a sandboxed runtime takes its own share",
    ),
    "pod-level requests": Case(
        {
            "containers": [container(cpu="1", memory="1Gi")],
            "resources": {"requests": {"cpu": "3"}},
            "overhead": {"cpu": "1"},
        },
        {"pods": 1, "cpu": 4000, "memory": GI},
        "a request for the whole pod replaces the sum, resource by resource, and overhead comes on top",
    ),
    "pod-level limits beside containers": Case(
        {"containers": [container(cpu="1")], "resources": {"limits": {"cpu": "3", "memory": "2Gi"}}},
        {"pods": 1, "cpu": 1000, "memory": 2 * GI},
        "a pod-level limit becomes the request only where no container asks",
    ),
    "pod-level hugepages": Case(
        {"containers": [container(**{"hugepages-2Mi": "2Mi"})], "resources": {"limits": {"hugepages-2Mi": "4Mi"}}},
        {"pods": 1, "hugepages-2Mi": 4 * 1024**2},
        "hugepages cannot be overcommitted: the pod's limit is what it takes",
    ),
    "pod-level devices": Case(
        {"containers": [container(**{"example.com/gpu": "1"})], "resources": {"requests": {"example.com/gpu": "8"}}},
        {"pods": 1, "example.com/gpu": 1},
        "only cpu, memory and hugepages can be asked for by the whole pod",
    ),
    "zeros": Case(
        {"containers": [container(cpu="0", **{"example.com/gpu": "0"})]},
        {"pods": 1},
        "asking for 0 needs no node that has it",
    ),
}


@pytest.mark.parametrize("case", PODS.values(), ids=PODS)
def test_a_pod_takes_what_kube_scheduler_says(case: Case) -> None:
    assert pod_requests(case.spec) == case.takes, case.reason


WRONG = {
    "a container": ({"containers": [container(cpu="lots")]}, r"t\.spec\.containers\[main\]\.resources\.requests\.cpu"),
    "a limit": (
        {"containers": [container(limits={"cpu": "x"})]},
        r"t\.spec\.containers\[main\]\.resources\.limits\.cpu",
    ),
    "an init container": (
        {"initContainers": [sidecar("x")]},
        r"t\.spec\.initContainers\[proxy\]\.resources\.requests\.cpu",
    ),
    "overhead": ({"overhead": {"memory": "x"}}, r"t\.spec\.overhead\.memory"),
    "the pod": ({"resources": {"limits": {"memory": "x"}}}, r"t\.spec\.resources\.limits\.memory"),
}


@pytest.mark.parametrize(("spec", "path"), WRONG.values(), ids=WRONG)
def test_a_wrong_quantity_is_named_by_its_path(spec: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidQuantityError, match=f"^{path}: found '(lots|x)'"):
        pod_requests(spec, "t.spec")


def test_a_node_has_free_what_its_unfinished_pods_leave() -> None:
    node = {
        "metadata": {"name": "n1", "labels": {"zone": "a"}},
        "spec": {
            "unschedulable": True,
            "taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}, {"key": "k", "effect": "NoExecute"}],
        },
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    }
    asks = {"containers": [container(cpu="1", memory="1Gi")]}
    pods = [{"spec": asks, "status": {"phase": phase}} for phase in ("Running", "Pending", "Succeeded", "Failed")]
    assert node_free(node, [*pods, {"spec": asks}]) == NodeFree(
        "n1",
        {"zone": "a"},
        {"cpu": 1000, "memory": 5 * GI, "pods": 107},
        schedulable=False,
        taints=(Taint("gpu", "yes"), Taint("k", effect="NoExecute")),
    ), "a pod not started yet holds its place; a finished one that nobody has removed holds none"


def test_a_node_that_has_not_reported_has_nothing_free() -> None:
    assert node_free({"metadata": {"name": "new"}}, []) == NodeFree("new")


def test_a_node_with_more_pods_than_it_should_have_is_short_not_empty() -> None:
    node = {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "1"}}}
    free = node_free(node, [{"spec": {"containers": [container(cpu="3", **{"example.com/gpu": "1"})]}}]).free
    assert free == {"cpu": -2000, "example.com/gpu": -1, "pods": -1}, "a shortage must not count as room"


def test_prices_are_compared_as_whole_numbers() -> None:
    found = [millionths(text) for text in ("12", "0.0416", "3.000001", None)]
    assert found == [12_000_000, 41_600, 3_000_001, None]
