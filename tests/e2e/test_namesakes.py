"""An Application is deleted and made again under the same name at once: the next one is another, and gets its own."""

import json
from typing import Final

from tests.e2e import manifests
from tests.e2e.stage import Stage

ROUNDS: Final = 6


def test_one_that_is_replaced_by_force_is_made_anew_and_nothing_twice(stage: Stage) -> None:
    stage.apply(manifests.checkout())
    first = stage.ready()
    named = manifests.checkout()
    named["metadata"]["namespace"] = stage.namespace
    stage.kubectl("replace", "--force", "--filename=-", stdin=json.dumps(named))
    second = stage.ready()
    assert second.uid != first.uid
    assert len(stage.aws.live_resources()) == 2
    assert all(each.tags["pilothouse.dev/application-uid"] == second.uid for each in stage.aws.live_resources())


def test_one_that_is_deleted_and_applied_again_and_again_ends_ready_and_whole(stage: Stage) -> None:
    """What is applied while the last one goes is lost with it, as for any Kubernetes object: it is applied again."""
    made = set()
    for number in range(ROUNDS):
        settings = {"visibilityTimeoutSeconds": 30 + number}
        whole = manifests.checkout(resources=[manifests.orders(settings), manifests.instance()])
        stage.until("it is taken", lambda whole=whole: applied(stage, whole))  # type: ignore[misc]
        made.add(stage.seen().uid)
        if number % 2:
            stage.until("something is made", stage.aws.live_resources)
        if number < ROUNDS - 1:
            stage.delete()
    last = stage.ready()
    assert len(made) == ROUNDS
    live = stage.aws.live_resources()
    assert sorted(each.type for each in live) == ["instance", "queue"]
    assert {each.tags["pilothouse.dev/application-uid"] for each in live} == {last.uid}
    remembered = {entry.id.rpartition("/")[2] for entry in last.status.resources if entry.type.startswith("aws")}
    assert remembered == {each.id for each in live}
    owners = {each["metadata"]["annotations"]["pilothouse.dev/application-uid"] for each in stage.items("deployments")}
    assert owners == {last.uid}


def applied(stage: Stage, whole: object) -> bool:
    """Apply it unless the last one is still going; whether that made a new one."""
    known = stage.find("applications", "checkout")
    if known is not None and known["metadata"].get("deletionTimestamp"):
        return False
    stage.apply(whole)  # type: ignore[arg-type]
    found = stage.find("applications", "checkout")
    return found is not None and not found["metadata"].get("deletionTimestamp")
