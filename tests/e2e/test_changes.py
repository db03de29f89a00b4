"""A changed spec: what can be changed in place is, and what destroys something waits for a person."""

import time

from pilothouse.api.meta import APPROVED_ANNOTATION
from tests.crds.manifests import fleet_policy
from tests.e2e import manifests
from tests.e2e.stage import Stage

APART_SECONDS = 1.0
"""Until what was applied first was heard of first: each kind has a watch of its own."""
OTHER_IMAGE = {**manifests.INSTANCE, "imageID": "ami-2"}


def test_a_setting_is_changed_in_place_and_nothing_else_is_touched(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    before = stage.ready()
    worker = stage.one("deployments", "checkout-worker-eu-1-a")["metadata"]["generation"]

    stage.spec("checkout", resources=[manifests.orders({"visibilityTimeoutSeconds": 60}), manifests.instance()])
    after = stage.ready()

    (done,) = [entry for entry in stage.aws.journal() if entry.operation == "SetQueueAttributes"]
    assert done.parameters["Attributes"] == {"VisibilityTimeout": "60"}, "only what differs is sent"
    assert after.queue.id == before.queue.id
    assert stage.one("deployments", "checkout-worker-eu-1-a")["metadata"]["generation"] == worker
    (update,) = stage.plans()[-1]["spec"]["steps"]
    assert (update["action"], update.get("gated", False)) == ("Update", False)
    assert update["changes"] == [{"path": "visibilityTimeoutSeconds", "from": 45, "to": 60}]


def test_a_replacement_waits_for_the_annotation_that_approves_it(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.instance()]))
    old = stage.ready().instance.id

    stage.spec("checkout", resources=[manifests.instance(settings=OTHER_IMAGE)])
    condition = stage.stalled("ApprovalNeeded")
    assert "replace-cache-node" in condition.message
    assert [each.id for each in stage.aws.live_resources()] == [old], "nothing may happen before the approval"

    plan = stage.plan()
    approval = f"{APPROVED_ANNOTATION}={plan['spec']['approvalHash']}"
    stage.kubectl("annotate", "phplan", plan["metadata"]["name"], approval)
    new = stage.ready().instance
    (alive,) = stage.aws.live_resources()
    assert alive.id == new.id != old
    assert new.incarnation == 1, "the next one is another one, for its token must be another"
    assert [entry.operation for entry in stage.aws.journal()] == ["RunInstances", "TerminateInstances", "RunInstances"]


def test_a_replacement_is_approved_from_git_once(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    before = stage.ready()
    pods = stage.one("deployments", "checkout-worker-eu-1-a")["spec"]["template"]

    stage.spec("checkout", resources=[manifests.orders({"fifo": True}), manifests.instance()])
    stage.stalled("ApprovalNeeded")
    plan = stage.plan()["metadata"]["name"]
    stage.spec("checkout", changePolicy={"approvedPlan": plan})
    after = stage.ready()
    assert after.queue.id == before.queue.id + ".fifo"
    assert stage.one("configmaps", "orders")["data"]["ORDERS_URL"] == after.queue.id
    restarted = stage.one("deployments", "checkout-worker-eu-1-a")["spec"]["template"]
    assert restarted != pods, "pods that read the outputs must get the new ones"

    stage.spec("checkout", resources=[manifests.orders({"fifo": False}), manifests.instance()])
    condition = stage.stalled("ApprovalNeeded")
    assert plan not in condition.message, "an approval is good for one Plan"
    assert stage.aws.client("sqs").list_queues()["QueueUrls"] == [after.queue.id]


def test_nothing_is_changed_while_suspended_but_deletion_works(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue()]))
    stage.ready()
    stage.spec("checkout", suspend=True, resources=[manifests.queue(settings={"visibilityTimeoutSeconds": 60})])
    condition = stage.stalled("Suspended")
    assert "spec.suspend is true; set it to false" in condition.message
    assert [entry.operation for entry in stage.aws.journal()] == ["CreateQueue"]

    stage.spec("checkout", suspend=False)
    stage.ready()
    assert [entry.operation for entry in stage.aws.journal()] == ["CreateQueue", "SetQueueAttributes"]

    stage.spec("checkout", suspend=True)
    stage.delete()
    stage.gone("applications", "checkout")
    assert stage.aws.live_resources() == []


def test_the_fleets_switch_stops_everybody_and_its_floor_binds_everybody(policed: Stage) -> None:
    stage = policed
    stage.apply(fleet_policy(suspend=True))
    time.sleep(APART_SECONDS)
    stage.apply(manifests.application(resources=[manifests.queue()], changePolicy={"approval": "Automatic"}))
    condition = stage.stalled("Suspended")
    assert "set FleetPolicy default spec.suspend to false" in condition.message
    assert stage.aws.journal() == []

    stage.apply(fleet_policy(approvalFloor="Always"))
    stage.stalled("ApprovalNeeded")
    assert stage.aws.journal() == [], "the stricter of both policies holds"
    stage.plugin("approve", "checkout", "--yes")
    stage.ready()
