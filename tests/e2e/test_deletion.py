"""Deletion: what uses goes before what is used, everything of ours goes, and nothing else."""

import time
from collections.abc import Iterator

import pytest

from tests.chart.fixtures import InstalledChart
from tests.cluster import RunningCluster
from tests.crds.manifests import fleet_policy
from tests.e2e import manifests
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.stage import Stage
from tests.operating import Operator

HOLD = "tests.pilothouse.dev/hold"
MISTAKEN_SECONDS = 6.0
"""Three sweeps."""


@pytest.fixture
def held(stage: Stage) -> Iterator[str]:
    """A Deployment of the Application whose end somebody else holds up; let go at the end at the latest."""
    stage.apply(manifests.checkout())
    stage.ready()
    name = "checkout-worker-eu-1-a"
    stage.patch("deployment", name, {"metadata": {"finalizers": [HOLD]}})
    yield name
    if stage.find("deployments", name):
        stage.patch("deployment", name, {"metadata": {"finalizers": None}})


def test_what_uses_goes_before_what_is_used_and_nothing_is_left(stage: Stage, held: str) -> None:
    stage.delete()
    stage.gone("deployments", "checkout-web-eu-1-a")
    stage.until("it tells whose finalizer it waits for", lambda: HOLD in stage.seen().condition("Ready").message)
    ready = stage.seen().condition("Ready")
    assert (ready.status, ready.reason) == ("Unknown", "Deleting")
    assert held in ready.message
    assert stage.find("configmaps", "orders"), "what the held pods read must outlive them"
    assert "queue" in {each.type for each in stage.aws.live_resources()}

    stage.patch("deployment", held, {"metadata": {"finalizers": None}})
    stage.gone("applications", "checkout")
    assert stage.aws.live_resources() == []
    assert {item["metadata"]["name"] for item in stage.items("configmaps")} == {"kube-root-ca.crt"}
    assert [stage.items(plural) for plural in ("deployments", "services")] == [[], []]
    stage.until("Plans go with their Application", lambda: not stage.items("plans"))


def test_a_namespace_can_be_deleted_with_all_that_is_in_it(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    stage.ready()
    stage.kubectl("delete", "namespace", stage.namespace, "--wait=false")
    stage.gone("namespaces", stage.namespace, seconds=120)
    assert stage.aws.live_resources() == [], "what is in the cloud goes with the namespace"


def test_what_is_to_be_retained_stays_and_keeps_its_mark(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue(deletionPolicy="Retain"), manifests.instance()]))
    stage.ready()
    stage.delete()
    stage.gone("applications", "checkout")
    (kept,) = stage.aws.live_resources()
    assert kept.type == "queue"
    assert kept.tags["pilothouse.dev/owner"] == f"{stage.namespace}/checkout", "so that it can be found and adopted"


def test_what_is_to_be_retained_keeps_what_it_stands_on_and_the_rest_goes(stage: Stage) -> None:
    """A cloud does not let go of a subnet that something is in: without it the deletion would never end."""
    subnet = {"vpc": {"ref": "network"}, "cidrBlock": "10.0.0.0/20"}
    network = {"name": "network", "cell": manifests.CLOUD, "awsVPC": {"cidrBlock": "10.0.0.0/16"}}
    place = {"name": "place", "cell": manifests.CLOUD, "awsSubnet": subnet}
    box = manifests.instance(settings={**manifests.INSTANCE, "subnet": {"ref": "place"}}, deletionPolicy="Retain")
    stage.apply(manifests.application(resources=[network, place, box, manifests.queue()]))
    stage.ready()
    stage.delete()
    stage.gone("applications", "checkout")
    left = {each.type: each.tags["pilothouse.dev/application-uid"] for each in stage.aws.live_resources()}
    assert left == {"vpc": "", "subnet": "", "instance": ""}, "all of them are let go"


def test_what_was_retained_is_taken_over_by_the_next_of_the_same_name_once_approved(stage: Stage) -> None:
    retained = manifests.application(resources=[manifests.queue(deletionPolicy="Retain")])
    stage.apply(retained)
    url = stage.ready().queue.id
    stage.delete()
    stage.gone("applications", "checkout")

    stage.apply(retained)
    condition = stage.stalled("ApprovalNeeded")
    assert "adopt-orders" in condition.message
    stage.plugin("approve", "checkout", "--yes")
    seen = stage.ready()
    assert seen.queue.id == url
    assert len({tuple(entry.ids) for entry in stage.aws.journal("sqs:CreateQueue")}) == 1, "it was not made anew"
    (kept,) = stage.aws.live_resources()
    assert kept.tags["pilothouse.dev/application-uid"] == seen.uid


def test_a_resource_that_is_taken_out_goes_or_stays_as_its_policy_says(stage: Stage) -> None:
    kept = manifests.queue("kept", deletionPolicy="Retain")
    stage.apply(manifests.application(resources=[kept, manifests.queue("dropped"), manifests.queue("orders")]))
    stage.ready()
    stage.spec("checkout", resources=[manifests.queue("orders")], changePolicy={"approval": "Automatic"})
    seen = stage.ready()
    assert [entry.name for entry in seen.status.resources] == ["orders"]
    names = {each.tags["pilothouse.dev/resource"] for each in stage.aws.live_resources()}
    assert names == {"orders", "kept"}


def test_a_protected_application_is_not_deleted(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue()], deletionProtection=True))
    stage.ready()
    stage.delete()
    condition = stage.stalled("DeletionProtected")
    assert "spec.deletionProtection is true; set it to false" in condition.message
    time.sleep(3.0)
    assert [entry.operation for entry in stage.aws.journal()] == ["CreateQueue"]

    stage.spec("checkout", deletionProtection=False)
    stage.gone("applications", "checkout")
    assert stage.aws.live_resources() == []


def test_what_was_deleted_while_no_operator_ran_is_cleaned_up_by_the_next(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    stage.ready()
    before = len(stage.operator.log.read_text(encoding="utf-8"))
    assert stage.operator.stop() == 0, "SIGTERM is an orderly end"
    assert "ERROR" not in stage.operator.log.read_text(encoding="utf-8")[before:]
    stage.delete()
    time.sleep(1.0)
    assert stage.find("applications", "checkout"), "the finalizer holds it while nobody is there to clean up"
    assert len(stage.aws.live_resources()) == 2

    stage.operator.start()
    stage.gone("applications", "checkout")
    assert stage.aws.live_resources() == []


def test_a_create_that_is_carried_out_late_is_found_and_undone_before_the_application_goes(stage: Stage) -> None:
    stage.aws.inject("drop", "ec2:RunInstances", executed=False)
    stage.apply(manifests.application(resources=[manifests.instance()]))
    stage.until("it was sent, and nobody answered", lambda: stage.seen().status.in_flight)
    (step,) = stage.plan()["spec"]["steps"]
    (call,) = step["calls"]
    stage.delete()

    def told() -> bool:
        message = stage.seen().condition("Ready").message
        return "it is not known yet whether create-cache-node" in message and "made anything" in message

    stage.until("it tells what it waits for", told)
    stage.aws.clear_faults()
    stage.aws.client("ec2").run_instances(**call["parameters"])
    stage.gone("applications", "checkout")
    assert stage.aws.live_resources() == []


def test_an_operator_that_starts_again_leaves_finalizer_and_everything_else_as_they_are(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    stage.ready()
    time.sleep(1.0)
    before, mutations = stage.one("applications", "checkout")["metadata"], len(stage.aws.journal())
    stage.operator.kill()
    stage.operator.start()
    time.sleep(3.0)
    after = stage.one("applications", "checkout")["metadata"]
    assert after["finalizers"] == ["pilothouse.dev/cleanup"]
    assert after["resourceVersion"] == before["resourceVersion"], "a start finds nothing to write"
    assert len(stage.aws.journal()) == mutations


def test_what_an_application_left_behind_is_told_of_and_retired_only_by_policy(policed: Stage) -> None:
    """Somebody takes the finalizer away by hand: nothing is lost track of, and nothing that holds data is deleted."""
    stage, table = (
        policed,
        {
            "name": "carts",
            "cell": manifests.CLOUD,
            "awsTable": {"hashKey": {"attributeName": "id", "attributeType": "S"}},
        },
    )
    stage.apply(manifests.application(resources=[manifests.queue(), table]))
    stage.ready()
    stage.operator.stop()
    stage.patch("phapp", "checkout", {"metadata": {"finalizers": None}})
    stage.delete()
    stage.gone("applications", "checkout")
    stage.operator.start()

    def told() -> set[str]:
        found = stage.one("cells", manifests.CLOUD)["status"].get("orphans") or []
        owners = {one["owner"] for one in found}
        assert owners <= {f"{stage.namespace}/checkout"}
        return {one["resource"] for one in found}

    stage.until("both are told of", lambda: told() == {"orders", "carts"} or None)
    assert stage.aws.journal("sqs:DeleteQueue", outcome=None) == []
    stage.apply(fleet_policy(orphans={"retireAfter": "1s"}))
    stage.until("what may be is deleted", lambda: told() == {"carts"} or None)
    assert [each.type for each in stage.aws.live_resources()] == ["table"], "a table holds data"
    stage.apply(manifests.application(resources=[{**table, "deletionPolicy": "Delete"}]))
    stage.until("the next Application takes it over", lambda: stage.seen().condition("PlanApproved").status == "False")
    stage.plugin("approve", "checkout", "--yes")
    stage.ready()
    stage.until("it is nobody's no more", lambda: not told() or None)


def test_a_fleet_that_is_restored_from_git_takes_over_everything_and_makes_nothing(stage: Stage) -> None:
    """The cluster is lost with its etcd: no ledger, no key, and new UIDs, but the same control plane and manifests."""
    stage.apply(manifests.checkout())
    stage.ready()
    things = {each.id for each in stage.aws.live_resources()}
    uids = {plural: _uids(stage, plural) for plural in ("deployments", "services", "configmaps")}
    made = len(stage.aws.journal())
    stage.operator.stop()
    stage.patch("phapp", "checkout", {"metadata": {"finalizers": None}})
    stage.delete()
    stage.gone("applications", "checkout")
    stage.within(stage.operator.namespace).kubectl("delete", "secret", "pilothouse-hash-key")
    stage.operator.start()

    stage.apply(manifests.checkout())
    stage.stalled("ApprovalNeeded")
    stage.plugin("approve", "checkout", "--yes")
    stage.ready()
    assert {each.id for each in stage.aws.live_resources()} == things
    calls = {entry.operation for entry in stage.aws.journal()[made:]}
    assert calls <= {"TagQueue", "CreateTags"}, "marks are written anew, and nothing else"
    assert {plural: _uids(stage, plural) for plural in uids} == uids


def _uids(stage: Stage, plural: str) -> dict[str, str]:
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in stage.items(plural)}


def test_a_lost_key_of_hashes_changes_nothing_that_is_there(stage: Stage) -> None:
    """As when the operator's namespace was deleted and the chart installed anew."""
    stage.apply(manifests.checkout())
    stage.ready()
    things = {each.id for each in stage.aws.live_resources()}
    before = {plural: _generations(stage, plural) for plural in ("deployments", "services", "configmaps")}
    made, hashes = len(stage.aws.journal(outcome=None)), _hashes(stage)
    stage.operator.stop()
    stage.within(stage.operator.namespace).kubectl("delete", "secret", "pilothouse-hash-key")
    stage.operator.start()
    stage.until("all is remembered by the new key", lambda: _hashes(stage).isdisjoint(hashes))
    stage.ready()
    assert stage.reasons() == ["SpecChanged"], "no Plan was made"
    assert len(stage.aws.journal(outcome=None)) == made
    assert {each.id for each in stage.aws.live_resources()} == things
    assert {plural: _generations(stage, plural) for plural in before} == before


def _hashes(stage: Stage) -> set[str]:
    return {entry.applied_hash for entry in stage.seen().status.resources}


def _generations(stage: Stage, plural: str) -> dict[str, tuple[str, object]]:
    return {
        item["metadata"]["name"]: (item["metadata"]["uid"], item["metadata"].get("generation", item.get("data")))
        for item in stage.items(plural)
    }


def test_another_control_plane_id_by_mistake_makes_and_destroys_nothing(
    stage: Stage, cluster: RunningCluster, account: InstalledChart
) -> None:
    """As when the chart is installed anew without the value: nothing bears the mark of that control plane."""
    stage.apply(manifests.checkout())
    stage.ready()
    things, made = {each.id for each in stage.aws.live_resources()}, len(stage.aws.journal(outcome=None))
    before = {plural: _generations(stage, plural) for plural in ("deployments", "services", "configmaps")}
    stage.operator.stop()
    flags = (*ARGUMENTS, "--control-plane-id=another")
    with Operator(cluster, *flags, kubeconfig=account.kubeconfig, namespace=account.namespace) as mistaken:
        time.sleep(MISTAKEN_SECONDS)
        stage.delete()
        stage.stalled("NameConflict", "and this is another. Put the mark back to have it deleted")
        assert mistaken.stop() == 0
    assert len(stage.aws.journal(outcome=None)) == made
    assert {each.id for each in stage.aws.live_resources()} == things
    assert {plural: _generations(stage, plural) for plural in before} == before
    stage.operator.start()
    stage.gone("applications", "checkout")
    assert stage.aws.live_resources() == []
