"""Every kind of workload, through its life on a real API server: made, Ready, changed, drifted, deleted."""

from typing import Any

import pytest

from tests.cluster import RunningCluster
from tests.crds.workload_kind_rules import CLAIM
from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

ONE_CELL = {"placement": {"cellSelector": {"matchLabels": {"zone": "zone-a"}}}}
PLURALS = {
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "Job": "jobs",
    "CronJob": "cronjobs",
}
OWN: dict[str, dict[str, Any]] = {
    "StatefulSet": {"replicas": 2, "service": {"name": "main", "ports": [{"port": 80}]}},
    "DaemonSet": {},
    "Job": {"backoffLimit": 0},
    "CronJob": {"schedule": "0 3 1 1 *", "concurrencyPolicy": "Forbid"},
}
DRIFT: dict[str, tuple[Object, Object]] = {
    "StatefulSet": ({"spec": {"replicas": 1}}, {"replicas": 2}),
    "DaemonSet": ({"metadata": {"labels": {"app.kubernetes.io/name": "stolen"}}}, {}),
    "Job": ({"metadata": {"labels": {"app.kubernetes.io/name": "stolen"}}}, {}),
    "CronJob": ({"spec": {"concurrencyPolicy": "Allow"}}, {"concurrencyPolicy": "Forbid"}),
}
"""What somebody changes, and what of the spec is to be read again afterwards."""


@pytest.fixture(autouse=True)
def on_fake_nodes(cluster: RunningCluster) -> None:
    """The image of these pods exists nowhere."""
    if not cluster.fake_nodes:
        pytest.skip("these pods run on fake nodes only")


def main(kind: str, image: str = "app:1", **fields: Any) -> Object:
    """A workload of this kind in one Cell."""
    template = manifests.pods(image=image)
    return {"name": "main", "kind": kind, "template": template, **ONE_CELL, **OWN[kind], **fields}


def live(stage: Stage, kind: str) -> Object:
    """What runs it."""
    return stage.one(PLURALS[kind], "checkout-main-eu-1-a")


def image_of(found: Object) -> str:
    """The image that it runs."""
    spec = found["spec"].get("jobTemplate", found)["spec"]
    return str(spec["template"]["spec"]["containers"][0]["image"])


@pytest.mark.parametrize("kind", PLURALS)
def test_a_kind_is_made_changed_put_right_and_removed(stage: Stage, kind: str) -> None:
    stage.apply(manifests.application(workloads=[main(kind)]))
    assert stage.ready().status.workloads_ready == "1/1"
    first = live(stage, kind)
    assert image_of(first) == "app:1"

    stage.spec("checkout", workloads=[main(kind, "app:2")])
    stage.ready()
    second = live(stage, kind)
    assert image_of(second) == "app:2"
    replaced = second["metadata"]["uid"] != first["metadata"]["uid"]
    assert replaced == (kind == "Job"), "a Job alone cannot be changed"

    patch, expected = DRIFT[kind]
    stage.patch(PLURALS[kind], "checkout-main-eu-1-a", patch)

    def right() -> bool:
        found = live(stage, kind)
        named = found["metadata"]["labels"]["app.kubernetes.io/name"] == "main"
        return named and {name: found["spec"][name] for name in expected} == expected

    stage.until("what was changed is put right", right)
    stage.ready()

    stage.delete()
    stage.gone(PLURALS[kind], "checkout-main-eu-1-a")
    stage.gone("applications", "checkout")


def test_a_daemon_set_has_a_pod_on_every_node_of_the_cells_it_may_use(stage: Stage) -> None:
    everywhere = main("DaemonSet", placement={"cellSelector": {"matchLabels": {"tier": "prod"}}})
    stage.apply(manifests.application(workloads=[everywhere]))
    placed = {each.cell: each.replicas for each in stage.ready().status.placements}
    assert placed.keys() == manifests.ZONES.keys()
    made = {each["metadata"]["name"]: each["status"]["numberReady"] for each in stage.items("daemonsets")}
    assert made == {f"checkout-main-{cell}": count for cell, count in placed.items()}
    assert all(made.values())


def test_the_data_of_a_stateful_set_outlives_it(stage: Stage) -> None:
    """Kubernetes keeps claims, and so do we; a claim that nobody binds keeps the pods waiting, which is told."""
    one = main("StatefulSet", replicas=1, volumeClaimTemplates=[CLAIM])
    stage.apply(manifests.application(workloads=[one]))
    claim = "data-checkout-main-eu-1-a-0"
    stage.until("there is a claim", lambda: stage.find("persistentvolumeclaims", claim))
    stage.delete()
    stage.gone("applications", "checkout")
    assert stage.find("persistentvolumeclaims", claim) is not None
    stage.kubectl("delete", "pvc", claim, "--wait=false")


def test_replacing_a_stateful_set_waits_for_a_person(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[main("StatefulSet")]))
    stage.ready()
    before = live(stage, "StatefulSet")["metadata"]["uid"]
    stage.spec("checkout", workloads=[main("StatefulSet", podManagementPolicy="Parallel")])
    stage.stalled("ApprovalNeeded", "replace-statefulset-checkout-main-eu-1-a")
    stage.plugin("approve", "checkout", "--yes")
    stage.ready()
    after = live(stage, "StatefulSet")
    assert after["metadata"]["uid"] != before
    assert after["spec"]["podManagementPolicy"] == "Parallel"


def test_the_pods_of_a_stateful_set_have_a_service_that_names_them(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[main("StatefulSet")]))
    stage.ready()
    named = stage.one("services", "checkout-main-pods")["spec"]
    assert (named["clusterIP"], live(stage, "StatefulSet")["spec"]["serviceName"]) == ("None", "checkout-main-pods")
    assert stage.one("services", "main")["spec"]["clusterIP"] != "None"


def test_a_job_that_clears_itself_away_is_not_run_again(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[main("Job", ttlSecondsAfterFinished=0)]))
    stage.gone("jobs", "checkout-main-eu-1-a")
    ended = stage.ready()
    entry = ended.entry("Job", "checkout-main-eu-1-a")
    assert (entry.id, entry.state) == ("", "Ended")
    stage.operator.kill()
    stage.operator.start()
    stage.spec("checkout", workloads=[main("Job", ttlSecondsAfterFinished=0), manifests.at_rest()])
    stage.ready()
    assert stage.items("jobs") == []
    assert stage.seen().entry("Job", "checkout-main-eu-1-a").incarnation == 1, "it ran once"

    stage.spec("checkout", workloads=[main("Job", "app:2")])
    stage.until("another image is another run", lambda: stage.find("jobs", "checkout-main-eu-1-a"))
    stage.ready()


def test_a_job_that_somebody_deletes_is_run_again(stage: Stage) -> None:
    """As with Argo CD and Flux, that is how a Job is run once more."""
    stage.apply(manifests.application(workloads=[main("Job")]))
    stage.ready()
    first = live(stage, "Job")["metadata"]["uid"]
    stage.kubectl("delete", "job", "checkout-main-eu-1-a")

    def another() -> bool:
        found = stage.find("jobs", "checkout-main-eu-1-a")
        return found is not None and found["metadata"]["uid"] != first

    stage.until("there is another", another)
    stage.ready()


def test_what_depends_on_a_job_waits_for_its_end(stage: Stage) -> None:
    after = manifests.at_rest(dependsOn=["main"])
    stage.apply(manifests.application(workloads=[main("Job", activeDeadlineSeconds=60), after]))
    stage.ready()
    made = [stage.one("jobs", "checkout-main-eu-1-a"), *stage.items("deployments")]
    done = made[0]["status"]["completionTime"]
    assert all(each["metadata"]["creationTimestamp"] >= done for each in made[1:])


def test_a_job_that_fails_is_told(stage: Stage) -> None:
    """No fake pod fails by itself: this one never gets a node, and its time runs out."""
    nowhere = main("Job", activeDeadlineSeconds=1, template=manifests.pods(image="app:1"))
    nowhere["template"]["spec"]["schedulingGates"] = [{"name": "example.org/never"}]
    stage.apply(manifests.application(workloads=[nowhere]))
    stage.stalled("Failed", "eu-1-a/Job/checkout-main-eu-1-a", "active longer than specified deadline")
    stage.spec("checkout", workloads=[main("Job")])
    stage.ready()
