"""Room is counted node by node, and only on nodes that would take the pod."""

from typing import Any, NamedTuple

import pytest

from pilothouse.desired.cells import CellView, NodeFree, Taint
from pilothouse.desired.placement.nodes import pod_of, room, shortage, with_pods
from tests.unit.desired.fleets import GI, cell, node, template


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def needs(operator: str, *values: str, key: str = "disk", where: str = "matchExpressions") -> dict[str, Any]:
    return template(affinity=affinity({where: [{"key": key, "operator": operator, "values": list(values)}]}))


class Case(NamedTuple):
    pods: dict[str, Any]
    node: NodeFree
    takes: bool
    reason: str = "as Kubernetes documents the operator"


SSD = node(cpu=1000, labels={"disk": "ssd", "gen": "7"})
PLAIN = node(cpu=1000)
GPU = node(cpu=1000, taints=(Taint("gpu", "yes"),))
HAS_DISK, NO_SUCH_LABEL = ({"key": key, "operator": "Exists"} for key in ("disk", "no"))
DRAINED = node(cpu=1000, schedulable=False)

CASES = {
    "selector that matches": Case(template(nodeSelector={"disk": "ssd"}), SSD, takes=True),
    "selector with another value": Case(template(nodeSelector={"disk": "hdd"}), SSD, takes=False),
    "selector on a missing label": Case(template(nodeSelector={"arch": "arm64"}), PLAIN, takes=False),
    "In": Case(needs("In", "hdd", "ssd"), SSD, takes=True),
    "In, not among them": Case(needs("In", "hdd"), SSD, takes=False),
    "In, no such label": Case(needs("In", "ssd"), PLAIN, takes=False),
    "NotIn": Case(needs("NotIn", "hdd"), SSD, takes=True),
    "NotIn, among them": Case(needs("NotIn", "ssd"), SSD, takes=False),
    "NotIn, no such label": Case(needs("NotIn", "ssd"), PLAIN, takes=True),
    "Exists": Case(needs("Exists"), SSD, takes=True),
    "Exists, no such label": Case(needs("Exists"), PLAIN, takes=False),
    "DoesNotExist": Case(needs("DoesNotExist"), PLAIN, takes=True),
    "DoesNotExist, but it does": Case(needs("DoesNotExist"), SSD, takes=False),
    "Gt": Case(needs("Gt", "6", key="gen"), SSD, takes=True),
    "Gt, equal": Case(needs("Gt", "7", key="gen"), SSD, takes=False),
    "Lt": Case(needs("Lt", "10", key="gen"), SSD, takes=True, reason="numbers are compared, not texts"),
    "Lt, equal": Case(needs("Lt", "7", key="gen"), SSD, takes=False),
    "Lt on a text": Case(needs("Lt", "7"), SSD, takes=False, reason="what is no number matches nothing"),
    "Gt on a missing label": Case(needs("Gt", "6", key="gen"), PLAIN, takes=False),
    "Gt with two values": Case(needs("Gt", "5", "6", key="gen"), SSD, takes=False),
    "an unknown operator": Case(
        needs("Near", "ssd"), SSD, takes=False, reason="the API server refuses it; promise nothing"
    ),
    "a field that matches": Case(needs("In", "n", key="metadata.name", where="matchFields"), SSD, takes=True),
    "a field that does not": Case(needs("NotIn", "n", key="metadata.name", where="matchFields"), SSD, takes=False),
    "one of two terms": Case(
        template(affinity=affinity({"matchExpressions": [NO_SUCH_LABEL]}, {"matchExpressions": [HAS_DISK]})),
        SSD,
        takes=True,
        reason="terms are alternatives",
    ),
    "one of two requirements": Case(
        template(affinity=affinity({"matchExpressions": [HAS_DISK, NO_SUCH_LABEL]})),
        SSD,
        takes=False,
        reason="requirements of one term must all hold",
    ),
    "an empty term": Case(
        template(affinity=affinity({})), SSD, takes=False, reason="a term that requires nothing matches nothing"
    ),
    "no terms": Case(
        template(affinity=affinity()), SSD, takes=False, reason="required, and nothing that could satisfy it"
    ),
    "preferred only": Case(
        template(affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}),
        SSD,
        takes=True,
        reason="a preference keeps no pod off",
    ),
    "a taint": Case(template(), GPU, takes=False),
    "a taint that only prefers": Case(
        template(), node(cpu=1000, taints=(Taint("x", effect="PreferNoSchedule"),)), takes=True
    ),
    "NoExecute": Case(template(), node(cpu=1000, taints=(Taint("x", effect="NoExecute"),)), takes=False),
    "tolerated by value": Case(
        template(tolerations=[{"key": "gpu", "value": "yes"}]), GPU, takes=True, reason="Equal is the default"
    ),
    "tolerated with Equal": Case(
        template(tolerations=[{"key": "gpu", "operator": "Equal", "value": "yes"}]), GPU, takes=True
    ),
    "another value": Case(template(tolerations=[{"key": "gpu", "value": "no"}]), GPU, takes=False),
    "tolerated by existence": Case(template(tolerations=[{"key": "gpu", "operator": "Exists"}]), GPU, takes=True),
    "everything tolerated": Case(
        template(tolerations=[{"operator": "Exists"}]), GPU, takes=True, reason="no key: every key"
    ),
    "another key": Case(template(tolerations=[{"key": "tpu", "operator": "Exists"}]), GPU, takes=False),
    "another effect": Case(
        template(tolerations=[{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}]), GPU, takes=False
    ),
    "an alpha operator": Case(template(tolerations=[{"key": "gpu", "operator": "Gt", "value": "1"}]), GPU, takes=False),
    "one of two taints tolerated": Case(
        template(tolerations=[{"key": "gpu", "operator": "Exists"}]),
        node(cpu=1000, taints=(Taint("gpu"), Taint("x"))),
        takes=False,
    ),
    "a cordoned node": Case(template(), DRAINED, takes=False),
    "a cordoned node, tolerated": Case(
        template(tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]),
        DRAINED,
        takes=True,
        reason="kube-scheduler treats it as a taint",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_node_takes_a_pod_as_kube_scheduler_says(case: Case) -> None:
    assert room(cell("a", case.node), pod_of(case.pods)) == int(case.takes), case.reason


class Rooms(NamedTuple):
    nodes: tuple[NodeFree, ...]
    room: int
    reason: str


ROOMS = {
    "fragments": Rooms((node(cpu=900), node(cpu=900)), 0, "1.8 cpu are free in the sum, and on no node is one free"),
    "whole pods": Rooms((node(cpu=2900), node(cpu=1000)), 3, "each node takes whole pods"),
    "scarcest resource": Rooms((node(cpu=9000, pods=2),), 2, "the resource that runs out first decides"),
    "overcommitted": Rooms((node(cpu=-5000), node(cpu=1000)), 1, "what one node lacks does not count against another"),
    "no such resource": Rooms((NodeFree("n", free={"pods": 9}),), 0, "a node that reports no cpu has none"),
    "no nodes": Rooms((NodeFree("n"),), 0, "an empty node is no error"),
}


@pytest.mark.parametrize("case", ROOMS.values(), ids=ROOMS)
def test_room_is_counted_node_by_node(case: Rooms) -> None:
    assert room(cell("a", *case.nodes), pod_of(template())) == case.room, case.reason


def test_a_cell_counts_only_the_nodes_that_its_node_selector_cuts_out() -> None:
    nodes = (node("in", cpu=2000, labels={"pool": "a"}), node("out", cpu=5000, labels={"pool": "b"}))
    sliced = cell("a", *nodes, node_selector={"pool": "a"})
    assert room(sliced, pod_of(template())) == 2
    assert [n.free["cpu"] for n in with_pods(sliced, pod_of(template()), 3).nodes] == [0, 5000]


def test_a_cell_that_gets_nothing_is_not_copied() -> None:
    """Most Cells get nothing in most passes, and a fleet has thousands of nodes."""
    one = cell("a", node(cpu=500))
    assert with_pods(one, pod_of(template()), 0) is one
    assert with_pods(one, pod_of(template()), 2) is one


MEMORY = {"containers": [{"name": "main", "resources": {"requests": {"cpu": "4", "memory": "8Gi"}}}]}

SHORTAGES = {
    "no nodes at all": ((), {}, template(), "it has no nodes"),
    "no nodes of the slice": (
        (node(),),
        {"pool": "a", "az": "1"},
        template(),
        "it has no nodes with labels az=1,pool=a",
    ),
    "every node has a reason of its own": (
        (node("a"), node("b"), GPU, DRAINED),
        {},
        template(nodeSelector={"disk": "ssd"}),
        "none of its 4 nodes takes the pods: 4 without labels disk=ssd of nodeSelector",
    ),
    "reasons are counted": (
        (GPU, GPU, DRAINED, SSD),
        {},
        template(affinity=affinity({"matchExpressions": [{"key": "disk", "operator": "DoesNotExist"}]})),
        (
            "none of its 4 nodes takes the pods: 1 outside the required nodeAffinity, 2 with the untolerated taint "
            "gpu=yes:NoSchedule, 1 with the untolerated taint node.kubernetes.io/unschedulable:NoSchedule"
        ),
    ),
    "short of one resource": (
        (node(cpu=1500), node(cpu=900)),
        {},
        template("4"),
        "needs 4 cpu a pod; the largest free node has 1500m",
    ),
    "nothing left": ((node(cpu=-100),), {}, template("4"), "needs 4 cpu a pod; the largest free node has 0"),
    "short of two resources": (
        (node(cpu=1500, free={"memory": GI // 2}),),
        {},
        {"spec": MEMORY},
        "needs 4 cpu a pod; the largest free node has 1500m; needs 8Gi memory a pod; the largest free node has 512Mi",
    ),
    "no such device": (
        (node(cpu=9000),),
        {},
        {"spec": {"containers": [{"name": "m", "resources": {"limits": {"example.com/gpu": 2}}}]}},
        "needs 2 example.com/gpu a pod; the largest free node has 0",
    ),
    "places for pods": ((node(cpu=9000, pods=0),), {}, template(), "every node is at its limit of pods"),
    "everything somewhere, but not together": (
        (node("a", cpu=5000, free={"memory": 6 * GI}), node("b", cpu=1000, free={"memory": 9 * GI})),
        {},
        {"spec": MEMORY},
        "needs 4 cpu and 8Gi memory a pod on one node; a comes closest and lacks 2Gi memory",
    ),
    "the closest lacks the fewest": (
        (
            node("a", cpu=5000, pods=1, free={"memory": 6 * GI, "example.com/gpu": 0}),
            node("b", cpu=9000, free={"example.com/gpu": 0}),
            node("c", cpu=1, free={"example.com/gpu": 8}),
        ),
        {},
        {
            "spec": {
                "containers": [*MEMORY["containers"], {"name": "m", "resources": {"limits": {"example.com/gpu": 2}}}]
            }
        },
        (
            "needs 4 cpu and 2 example.com/gpu and 8Gi memory a pod on one node; "
            "b comes closest and lacks 2 example.com/gpu"
        ),
    ),
    "together, but for a place": (
        (node("a", cpu=5000, pods=0), node("b", cpu=0, pods=5)),
        {},
        template(),
        "needs 1 cpu a pod on one node; a comes closest and lacks a place for a pod",
    ),
}


@pytest.mark.parametrize(("nodes", "selector", "pods", "text"), SHORTAGES.values(), ids=SHORTAGES)
def test_a_shortage_says_what_is_short_and_by_how_much(
    nodes: tuple[NodeFree, ...], selector: dict[str, str], pods: dict[str, Any], text: str
) -> None:
    cut = cell("a", nodes=nodes, node_selector=selector)
    assert room(cut, pod_of(pods)) == 0
    assert shortage(cut, pod_of(pods)) == text


def test_reserved_pods_fill_node_after_node_and_no_node_twice() -> None:
    full = with_pods(cell("a", node("1", cpu=2500), GPU, node("2", cpu=4000)), pod_of(template()), 3)
    assert [n.free["cpu"] for n in full.nodes] == [500, 1000, 3000]
    assert [n.free["pods"] for n in full.nodes] == [108, 110, 109]


def reserved_cell(*free: int, headroom: int) -> CellView:
    nodes = (node(f"n{i}", cpu=cpu, allocatable={"cpu": 4000, "pods": 110}) for i, cpu in enumerate(free))
    return cell("a", *nodes, headroom=headroom)


def test_headroom_is_kept_of_what_the_nodes_can_allocate_together() -> None:
    pod = pod_of({"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "1"}}}]}})
    assert room(reserved_cell(4000, 3000, headroom=0), pod) == 7
    assert room(reserved_cell(4000, 3000, headroom=30), pod) == 4, "of 8 cpu, 2.4 stay free"
    assert room(reserved_cell(1000, 0, headroom=30), pod) == 0, "what is used up is used up"


def test_a_cell_whose_headroom_is_reached_says_so() -> None:
    pod = pod_of({"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "1"}}}]}})
    told = "keeps 30 % free (headroomPercent), and has 600m cpu above that, needs 1 a pod"
    assert shortage(reserved_cell(2000, 1000, headroom=30), pod) == told
    assert "and has 0 cpu above that" in shortage(reserved_cell(1000, 0, headroom=30), pod)


def test_a_shortage_counts_the_nodes_that_take_no_such_pods_as_well() -> None:
    taint = Taint("gpu", "yes")
    nodes = (node("n1", cpu=500), node("n2", cpu=4000, taints=(taint,)), node("n3", cpu=4000, schedulable=False))
    told = shortage(cell("a", *nodes), pod_of(template("1")))
    unschedulable = "1 with the untolerated taint node.kubernetes.io/unschedulable:NoSchedule"
    assert told == (
        "needs 1 cpu a pod; the largest free node has 500m"
        f" (of 3 nodes not: 1 with the untolerated taint gpu=yes:NoSchedule, {unschedulable})"
    ), "who sees free nodes in that Cell asks why they do not count"
