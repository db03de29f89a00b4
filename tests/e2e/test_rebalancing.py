"""A fleet of hundreds of nodes in which Cells are lost, come back, are added and emptied, all by kubectl."""

import base64
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

import pytest

from pilothouse.api.cell import CellStatus
from pilothouse.api.conditions import find
from tests.aws.server import AwsServer
from tests.cluster import BuiltCluster, Cluster, Component, NodePool
from tests.crds.manifests import fleet_policy, workload
from tests.e2e import manifests
from tests.e2e.seen import Object, Seen
from tests.e2e.stage import Stage
from tests.e2e.watching import repeatedly
from tests.operating import NAMESPACE, Operator, install_kinds

NODES: Final = 100
"""In each Cell, each for one pod of ours."""
APPLICATIONS: Final = ("one", "two", "three", "four")
REPLICAS: Final = 9
FIRST: Final = ("near-a", "near-b", "far")
RULES: Final = {"mode": "Automatic", "lostAfter": "5s", "cooldown": "1s", "minimumGain": 5}
NEVER_LONGER: Final = 120.0
LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Land:
    """The fleet: where the operator and the near Cells are, and the cluster of the far one."""

    stage: Stage
    home: BuiltCluster
    far: BuiltCluster

    def replicas(self) -> Counter[str]:
        """How many replicas of all Applications are to be in each Cell."""
        counted = Counter[str]()
        for name in APPLICATIONS:
            for placed in self.stage.seen(name).status.placements:
                counted[placed.cell] += placed.replicas
        return +counted

    def at_rest(self) -> list[Seen] | None:
        """Every Application, once each is as it should be and nothing is on its way."""
        found = [self.stage.seen(name) for name in APPLICATIONS]
        moving = any(not move.ended_at for each in found for move in each.status.moves)
        return None if moving or not all(each.is_ready for each in found) else found

    def triggers(self) -> set[str]:
        """What was moved for, of what is still told of."""
        return {move.trigger for name in APPLICATIONS for move in self.stage.seen(name).status.moves}


def pool(count: int, *zones: str) -> NodePool:
    """So many nodes in each zone, each with room for one pod."""
    return NodePool(name=f"in-{zones[0]}", count=count * len(zones), zones=zones, cpu="8")


def far_cell(far: BuiltCluster) -> tuple[Object, Object]:
    """The Cell of the other cluster, and the Secret with its kubeconfig."""
    kubeconfig = {"kubeconfig": base64.b64encode(far.kubeconfig.read_bytes()).decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "far", "namespace": NAMESPACE}}
    place = {"kubeconfigSecretRef": {"name": "far"}, "createNamespace": True}
    return {**secret, "data": kubeconfig}, manifests.kubernetes_cell("far", "far", kubernetes=place)


def near_cell(zone: str, **spec: object) -> Object:
    """A Cell of one zone of the operator's own cluster."""
    return manifests.kubernetes_cell(f"near-{zone}", zone, **spec)


def fills_a_node(**changes: object) -> Object:
    """A workload whose pods are alone on their nodes."""
    return workload("web", template=manifests.pods(cpu="7"), **{"replicas": REPLICAS, **changes})


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """Three Cells of a hundred nodes each, and an operator that looks at them every second."""
    with ExitStack() as stack:
        home = stack.enter_context(Cluster((pool(NODES, "a", "b", "c"),)))
        far = stack.enter_context(Cluster((pool(NODES, "far"),)))
        aws = stack.enter_context(AwsServer())
        install_kinds(home)
        api = stack.enter_context(closing(home.api()))
        operator = Operator(home, "--sweep-seconds=1", "--rebalance-seconds=1")
        home.kubectl("create", "namespace", "shop")
        stage = Stage(home, aws, operator, api, "shop")
        stage.apply(*far_cell(far), near_cell("a"), near_cell("b"), fleet_policy(placement={"rebalancing": RULES}))
        stack.enter_context(operator)
        yield Land(stage, home, far)


@contextmanager
def fewest_ready(land: Land) -> Iterator[Counter[str]]:
    """Count the Ready replicas of each Application in both clusters again and again; holds the fewest seen."""
    fewest = Counter(dict.fromkeys(APPLICATIONS, REPLICAS))
    with closing(land.home.api()) as near, closing(land.far.api()) as far:

        def look() -> None:
            ready = Counter[str]()
            for api in (near, far):
                for one in api.get("/apis/apps/v1/namespaces/shop/deployments")["items"]:
                    name = one["metadata"]["labels"]["pilothouse.dev/application"]
                    ready[name] += one.get("status", {}).get("readyReplicas", 0)
            for name in APPLICATIONS:
                fewest[name] = min(fewest[name], ready[name])

        with repeatedly(look, LOOK_SECONDS):
            yield fewest


def test_who_wants_to_be_asked_is_asked_and_who_wants_to_stay_stays(land: Land) -> None:
    stage = land.stage
    here, there = {"matchLabels": {"zone": "a"}}, {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}
    stage.apply(near_cell("b", cordoned=True))
    for name, mode in (("asked", "Propose"), ("never", "Never")):
        placement = {"cellSelector": here, "rebalance": mode}
        stage.apply(manifests.application(name, workloads=[fills_a_node(replicas=2, placement=placement)]))
        stage.ready(name)
        stage.spec(name, workloads=[fills_a_node(replicas=2, placement={"cellSelector": there, "rebalance": mode})])
        stage.ready(name)
    stage.apply(near_cell("b"), near_cell("a", evict=True))

    stage.until("it is proposed", lambda: stage.seen("asked").status.plan.name)
    plan = stage.plan("asked")
    assert plan["spec"]["reason"] == "Rebalance"
    assert stage.seen("asked").condition("PlanApproved").status == "False"
    time.sleep(3)
    assert stage.seen("asked").status.plan.name == plan["metadata"]["name"], "a person reads one Plan, not many"
    assert [(each.cell, each.replicas) for each in stage.seen("asked").status.placements] == [("near-a", 2)]
    assert stage.seen("asked").status.moves == ()

    stage.plugin("approve", "asked", "--yes")
    moved = stage.until("it has moved", lambda: [move for move in stage.seen("asked").status.moves if move.ended_at])
    assert [(move.source, move.replicas, move.trigger) for move in moved] == [("near-a", 1, "Draining")]
    assert [(each.cell, each.replicas) for each in stage.seen("never").status.placements] == [("near-a", 2)]
    stage.delete("asked")
    why = (
        "it is to be emptied, and nothing leaves it: web of shop/never may not move: rebalancing it is forbidden: Never"
    )
    stage.until("the Cell says why the rest stays", lambda: moves_held(stage, "near-a") == ("Forbidden", why))
    stage.delete("never")
    stage.apply(near_cell("a"))
    stage.until("nothing stays any more", lambda: moves_held(stage, "near-a") is None)


def test_who_leaves_a_cell_is_who_would_by_a_simulation_that_changes_nothing(land: Land) -> None:
    stage = land.stage
    for name, replicas, domains, cordoned in (("calm", 2, 1, True), ("wide", 4, 3, False)):
        for other in ("near-b", "far"):
            stage.patch("phcell", other, {"spec": {"cordoned": cordoned}})
        spread = {"spread": {"minDomains": domains}}
        stage.apply(manifests.application(name, workloads=[fills_a_node(replicas=replicas, placement=spread)]))
        stage.ready(name)
    stage.until("the nodes are told", lambda: all(cell["status"].get("nodeClasses") for cell in stage.items("cells")))
    stage.operator.kill()
    before, there = versions(stage), {name: in_near_a(stage, name) for name in ("calm", "wide")}
    ended = stage.kubectl("pilothouse", "simulate", "--drain=near-a", "--output=json", check=False)
    assert versions(stage).items() <= before.items(), "the cluster itself may still remove what was deleted"
    stage.operator.start()
    answer = json.loads(ended.stdout)
    assert {move["from"] for move in answer["moves"]} == {"near-a"}
    assert there["calm"] == 2
    left = {one["application"]: one["replicas"] for one in answer["unplaced"]}
    goes = Counter[str]()
    for move in answer["moves"]:
        goes[move["application"]] += move["replicas"]
    assert {name: left.get(name, 0) + goes[name] for name in there} == there
    assert left["wide"] == 1, "or it would be in fewer failure domains than it asks for"
    assert ended.returncode == 2

    stage.apply(near_cell("a", evict=True))
    stage.until("who may has left", lambda: all(in_near_a(stage, name) == left.get(name, 0) for name in there))
    time.sleep(5)
    assert {name: in_near_a(stage, name) for name in there} == {name: left.get(name, 0) for name in there}
    for name in there:
        stage.delete(name)
    stage.apply(near_cell("a"))


def moves_held(stage: Stage, cell: str) -> tuple[str, str] | None:
    """The reason and the message with which a Cell says why nothing leaves it, while that is so."""
    status = CellStatus.model_validate(stage.one("cells", cell).get("status") or {})
    found = find(status.conditions, "MovesHeld")
    return (found.reason, found.message) if found is not None and found.status == "True" else None


def in_near_a(stage: Stage, name: str) -> int:
    """How many replicas of an Application are in that Cell."""
    return sum(placed.replicas for placed in stage.seen(name).status.placements if placed.cell == "near-a")


def versions(stage: Stage) -> dict[str, str]:
    """The version of every object that the plugin reads or could have changed, by its UID."""
    kinds = ("applications", "plans", "cells", "namespaces")
    metadata = [each["metadata"] for kind in kinds for each in stage.items(kind)]
    return {each["uid"]: each["resourceVersion"] for each in metadata}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_cells_are_lost_come_back_are_added_and_emptied_and_nobody_runs_with_less(land: Land) -> None:
    stage = land.stage
    stage.apply(*(manifests.application(name, workloads=[fills_a_node()]) for name in APPLICATIONS))
    stage.until("all are placed", land.at_rest, NEVER_LONGER)
    assert land.replicas() == dict.fromkeys(FIRST, 12), "evenly, and nothing has moved"
    assert land.triggers() == set()

    land.far.kill(Component.API_SERVER)
    stage.until("the lost Cell is left", lambda: not land.replicas()["far"], NEVER_LONGER)
    assert land.replicas() == {"near-a": 18, "near-b": 18}
    assert land.triggers() == {"Missing"}

    land.far.start(Component.API_SERVER)
    stage.until("what is left there is gone", land.at_rest, NEVER_LONGER)
    with fewest_ready(land) as fewest:
        stage.apply(near_cell("c"))
        stage.until("the new Cell is filled", lambda: land.replicas()["near-c"] >= 2, NEVER_LONGER)
        stage.apply(near_cell("a", evict=True))
        stage.until("the Cell is empty", lambda: not land.replicas()["near-a"], NEVER_LONGER)
        stage.until("all is at rest", land.at_rest, NEVER_LONGER)
        time.sleep(3)
        assert land.at_rest(), "and stays at rest"
    assert fewest == dict.fromkeys(APPLICATIONS, REPLICAS), "never fewer Ready than are wanted"
    assert land.replicas().total() == len(APPLICATIONS) * REPLICAS
    assert {"NewCell", "Draining"} <= land.triggers()
    reasons = Counter(plan["spec"]["reason"] for name in APPLICATIONS for plan in stage.plans(name))
    assert set(reasons) <= {"SpecChanged", "Rebalance"}, "every move is a Plan that says what it is for"
    assert reasons["Rebalance"] > 0
