"""The main job: an Application is applied, its Plan is looked at and approved, and it becomes what it says."""

import time
from collections import Counter

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

IDLE_SECONDS = 20.0
WRITTEN_BY_US = ("applications", "plans", "deployments", "services", "configmaps", "secrets", "events")


def test_nothing_is_done_before_the_plan_is_approved_and_everything_after(stage: Stage) -> None:
    stage.apply(manifests.checkout(changePolicy={"approval": "Always"}))

    condition = stage.stalled("ApprovalNeeded")
    plan = stage.plan()
    assert "kubectl pilothouse approve checkout" in condition.message, "the person must be told what to type"
    assert plan["metadata"]["name"] in condition.message
    assert all(step["gated"] for step in plan["spec"]["steps"])
    assert stage.aws.journal() == [], "a gated step was carried out without approval"
    assert stage.items("deployments") == []
    shown = stage.plugin("plan", "checkout")
    assert "visibilityTimeoutSeconds" in shown, f"the plugin shows what will be made:\n{shown}"

    stage.plugin("approve", "checkout", "--yes", f"--plan={plan['metadata']['name']}")
    stage.ready()
    assert {each.type for each in stage.aws.live_resources()} == {"queue", "instance"}
    done = stage.one("plans", plan["metadata"]["name"])["status"]
    assert done["state"] == "Complete"
    assert {step["state"] for step in done["steps"]} == {"Succeeded"}
    told = {"PlanMade", "ApprovalNeeded", "Converged"}
    stage.until("Events tell of it", lambda: told <= {reason for reason, _ in stage.events()})


def test_an_application_over_three_clusters_and_a_cloud_becomes_what_it_says(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    seen = stage.ready()

    columns = stage.kubectl("get", "phapp", "checkout").stdout.splitlines()
    assert columns[0].split() == ["NAME", "READY", "STATUS", "PLAN", "STEPS", "WORKLOADS", "RESOURCES", "AGE"]
    assert columns[1].split()[:5] == ["checkout", "True", "Converged", "2/2", "2/2"]

    (url,) = stage.aws.client("sqs").list_queues()["QueueUrls"]
    outputs = stage.one("configmaps", "orders")["data"]
    assert outputs["ORDERS_URL"] == url
    assert outputs["ORDERS_ARN"].endswith(outputs["ORDERS_NAME"])

    placed = {(each.workload, each.cell): each.replicas for each in seen.status.placements}
    assert {cell for workload, cell in placed if workload == "web"} == set(manifests.ZONES)
    for (workload, cell), replicas in placed.items():
        pods = _pods(stage, workload, cell)
        assert len(pods) == replicas, f"{workload} in {cell}"
        assert {_zone(stage, pod) for pod in pods} == {manifests.ZONES[cell]}, "pods left the nodes of their Cell"
    assert stage.one("services", "web")["spec"]["selector"]["pilothouse.dev/workload"] == "web"
    assert stage.reasons() == ["SpecChanged"], "one Plan made it all"


def test_an_unchanged_world_is_left_alone(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    stage.ready()
    time.sleep(3.0)  # what the last step caused is over
    before, writes, mutations = _versions(stage), _writes(stage), len(stage.aws.journal())
    plans = _sample(_families(stage.operator.metrics())["pilothouse_plans"])
    time.sleep(IDLE_SECONDS)

    assert _versions(stage) == before, "an object was written although nothing had changed"
    assert _writes(stage) == writes, "the API server was asked to write although nothing had changed"
    assert len(stage.aws.journal()) == mutations, "the cloud was asked to change something"
    assert _sample(_families(stage.operator.metrics())["pilothouse_plans"]) == plans, "a Plan was made"


def test_metrics_tell_what_was_done(stage: Stage) -> None:
    before = _families(stage.operator.metrics())
    stage.apply(manifests.application(resources=[manifests.queue()]))
    stage.ready()
    after = _families(stage.operator.metrics())

    def grown(family: str, **labels: str) -> float:
        return _sample(after[family], **labels) - _sample(before[family], **labels)

    assert grown("pilothouse_plans", reason="SpecChanged") == 1
    assert grown("pilothouse_steps", action="Create", outcome="Succeeded") == 1
    assert grown("pilothouse_api_calls", service="sqs", operation="CreateQueue", code="OK") == 1
    assert grown("controller_runtime_reconcile", controller="application", result="success") > 0
    assert grown("controller_runtime_reconcile_errors") == 0, stage.describe()
    assert _sample(after["workqueue_adds"], name="application") > _sample(before["workqueue_adds"], name="application")
    assert _sample(after["pilothouse_leader"]) == 1
    assert _sample(after["pilothouse_cell_ready"], cell=manifests.CLOUD) == 1


def _pods(stage: Stage, workload: str, cell: str) -> list[Object]:
    mine = {"pilothouse.dev/workload": workload, "pilothouse.dev/cell": cell}
    return [pod for pod in stage.items("pods") if mine.items() <= pod["metadata"]["labels"].items()]


def _zone(stage: Stage, pod: Object) -> str:
    zone: str = stage.one("nodes", pod["spec"]["nodeName"])["metadata"]["labels"]["topology.kubernetes.io/zone"]
    return zone


def _versions(stage: Stage) -> dict[str, str]:
    """The version of everything in the namespace."""
    kinds = ("applications", "plans", "deployments", "services", "configmaps", "secrets", "events")
    return {
        f"{plural}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for plural in kinds
        for item in stage.items(plural)
    }


def _writes(stage: Stage) -> Counter[str]:
    """How often the API server was asked to change something of the kinds that we write, dry runs included.

    Only by patch and apply, which is how we write: the namespaces of other tests are emptied by deletes meanwhile.
    """
    counted: Counter[str] = Counter()
    for found in _families(stage.api.get("/metrics"))["apiserver_request"].samples:
        verb, resource = found.labels["verb"], found.labels["resource"]
        if verb in {"APPLY", "PATCH"} and resource in WRITTEN_BY_US:
            counted[f"{verb} {resource}"] += int(found.value)
    return counted


def _families(text: str) -> dict[str, Metric]:
    """The metrics in a text of Prometheus' format, by the name of the family."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def _sample(family: Metric, **labels: str) -> float:
    """The sum of the samples of a family that bear these labels; what a counter made up to tell its age is left out."""
    return sum(
        found.value
        for found in family.samples
        if labels.items() <= found.labels.items() and not found.name.endswith("_created")
    )
