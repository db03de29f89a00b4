"""The node file: every field reaches the Node, and a mistake is named with field, found and expected."""

from collections import Counter
from ipaddress import ip_address
from typing import Any

import pytest

from tests.cluster import nodes
from tests.cluster.errors import NodesError

FULL = """
- name: gpu
  count: 3
  zones: [a, b]
  region: north
  instanceType: gpu-16
  cpu: 16
  memory: 128Gi
  pods: 20
  labels: {team: vision}
  taints: [{key: gpu, effect: NoSchedule}]
  accelerator: {resource: amd.com/gpu, count: 4, model: m-80}
"""


def made(text: str) -> list[dict[str, Any]]:
    return list(nodes.manifests(nodes.parse(text)))


def test_every_field_reaches_the_node() -> None:
    node = made(FULL)[1]
    assert node["metadata"]["name"] == "gpu-1"
    assert node["metadata"]["labels"] == {
        "kubernetes.io/hostname": "gpu-1",
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "gpu-16",
        "topology.kubernetes.io/region": "north",
        "topology.kubernetes.io/zone": "b",
        "amd.com/gpu.product": "m-80",
        "team": "vision",
    }
    assert node["spec"]["taints"] == [{"key": "gpu", "effect": "NoSchedule"}]
    assert node["status"]["capacity"] == {"cpu": "16", "memory": "128Gi", "pods": "20", "amd.com/gpu": "4"}
    assert node["status"]["allocatable"] == node["status"]["capacity"]


def test_a_name_alone_is_a_whole_node_file() -> None:
    (node,) = made("- name: one")
    assert node["metadata"]["annotations"] == nodes.FAKE, "without it kwok leaves the node alone"
    assert set(node["status"]["capacity"]) == {"cpu", "memory", "pods"}


def test_nodes_are_dealt_out_over_their_zones_in_turn() -> None:
    zones = Counter(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in made(FULL))
    assert zones == {"a": 2, "b": 1}


def test_ten_thousand_nodes_in_two_pools_have_names_and_addresses_of_their_own() -> None:
    all_nodes = made("- {name: a, count: 5000}\n- {name: b, count: 5000}")
    assert len({node["metadata"]["name"] for node in all_nodes}) == 10_000
    addresses = {ip_address(node["status"]["addresses"][0]["address"]) for node in all_nodes}
    assert len(addresses) == 10_000


def test_a_file_without_pools_is_a_cluster_without_nodes() -> None:
    assert nodes.parse("# nothing yet\n") == ()


def test_the_default_file_has_zones_and_accelerators_to_test_with() -> None:
    default = list(nodes.manifests(nodes.load()))
    assert {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in default} == {
        "zone-a",
        "zone-b",
        "zone-c",
    }
    assert any("nvidia.com/gpu" in node["status"]["capacity"] for node in default)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {name: a, zone: z}", r"nodes.yaml: 0.zone: Extra inputs are not permitted \(found 'z'\)"),
        ("- {count: 2}", "0.name: Field required"),
        ("- {name: a, count: 0}", r"0.count: Input should be greater than or equal to 1 \(found 0\)"),
        ("- {name: Big_Node}", "0.name: String should match pattern"),
        ("- {name: a, memory: lots}", r"0.memory: String should match pattern .* \(found 'lots'\)"),
        ("- {name: a, zones: []}", "0.zones: Tuple should have at least 1 item"),
        ("- {name: a, accelerator: {resource: gpu, count: 1}}", "0.accelerator.resource: String should match pattern"),
        ("- {name: a, taints: [{key: k, effect: Never}]}", "0.taints.0.effect: Input should be 'NoSchedule'"),
        ("name: a", "the file: Input should be a valid tuple"),
        ("- {name: a", "is not YAML"),
        ("- {name: a}\n- {name: a}", "name a is used by more than one pool: give each its own"),
    ],
)
def test_a_mistake_names_the_field_what_was_found_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(NodesError, match=message):
        nodes.parse(text, source="nodes.yaml")
