"""What exists already: read only, taken over, carried on under another name, moved to another Application."""

from tests.e2e import manifests
from tests.e2e.stage import Stage


def by_hand(stage: Stage) -> str:
    """A queue that somebody made by hand; returns its URL."""
    made = stage.aws.client("sqs").create_queue(QueueName="by-hand", Attributes={"VisibilityTimeout": "77"})
    return made["QueueUrl"]


def timeout(stage: Stage, url: str) -> str:
    """Its visibility timeout."""
    asked = stage.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return asked["Attributes"]["VisibilityTimeout"]


def tags(stage: Stage, url: str) -> dict[str, str]:
    """Its tags."""
    return stage.aws.client("sqs").list_queue_tags(QueueUrl=url).get("Tags", {})


def test_what_is_only_observed_is_used_and_never_changed(stage: Stage) -> None:
    url = by_hand(stage)
    observed = {"name": "orders", "cell": manifests.CLOUD, "awsQueue": {}, "managementPolicy": "Observe", "id": url}
    observed |= {"writeOutputsTo": {"configMap": "orders"}}
    stage.apply(manifests.application(workloads=[manifests.worker(replicas=1)], resources=[observed]))
    seen = stage.ready()
    assert stage.one("configmaps", "orders")["data"]["ORDERS_URL"] == url
    assert (seen.queue.id, seen.queue.observed_only) == (url, True)
    stage.delete()
    stage.gone("applications", "checkout")
    assert (timeout(stage, url), tags(stage, url)) == ("77", {})
    assert [entry.operation for entry in stage.aws.journal("sqs:*")] == ["CreateQueue"]


def test_what_is_observed_and_does_not_exist_is_told_with_its_mend(stage: Stage) -> None:
    url = by_hand(stage).replace("by-hand", "nobody")
    observed = {"name": "orders", "cell": manifests.CLOUD, "awsQueue": {}, "managementPolicy": "Observe", "id": url}
    stage.apply(manifests.application(resources=[observed]))
    stage.stalled("NotFound", f"{url} does not exist; correct its id")


def test_what_a_person_names_is_taken_over_after_they_saw_what_will_change(stage: Stage) -> None:
    url = by_hand(stage)
    stage.apply(manifests.application(resources=[manifests.queue(adopt={"id": url})]))
    stage.stalled("ApprovalNeeded", "adopt-orders")
    assert "visibilityTimeoutSeconds: 77 -> 45" in stage.plugin("plan", "checkout")
    assert (timeout(stage, url), tags(stage, url)) == ("77", {})
    stage.plugin("approve", "checkout", "--yes")
    assert stage.ready().queue.id == url
    assert timeout(stage, url) == "45"
    assert tags(stage, url)["pilothouse.dev/owner"] == f"{stage.namespace}/checkout"
    assert len(stage.aws.journal("sqs:CreateQueue")) == 1, "only the one by hand"


def test_a_resource_goes_on_under_another_name(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue("orders")]))
    before = stage.ready().queue.id
    stage.spec("checkout", resources=[manifests.queue("jobs", renamedFrom="orders")])
    stage.until("its mark says so", lambda: tags(stage, before).get("pilothouse.dev/resource") == "jobs")
    (entry,) = stage.ready().status.resources
    assert (entry.name, entry.id) == ("jobs", before)
    changes = [entry.operation for entry in stage.aws.journal("sqs:*")]
    assert changes == ["CreateQueue", "TagQueue"], "nothing but its mark was touched"


def test_a_resource_moves_to_another_application(stage: Stage) -> None:
    kept = manifests.queue("orders", deletionPolicy="Retain")
    stage.apply(manifests.application(resources=[kept, manifests.queue("other")]))
    url = next(entry.id for entry in stage.ready().status.resources if entry.name == "orders")
    taken = manifests.application("billing", resources=[manifests.queue("invoices", adopt={"id": url})])
    stage.apply(taken)
    stage.stalled("NameConflict", "Remove it there first, with deletionPolicy Retain", name="billing")

    stage.spec("checkout", resources=[manifests.queue("other")])
    stage.until("it is let go", lambda: not tags(stage, url)["pilothouse.dev/application-uid"])
    stage.stalled("ApprovalNeeded", "adopt-invoices", name="billing")
    stage.plugin("approve", "billing", "--yes")
    assert [entry.id for entry in stage.ready("billing").status.resources] == [url]
    assert tags(stage, url)["pilothouse.dev/owner"] == f"{stage.namespace}/billing"
    stage.ready()
    assert [entry.name for entry in stage.seen().status.resources] == ["other"]
