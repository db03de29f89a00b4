"""What a person asks of an Application by `kubectl pilothouse` is done, once, and shown before and after."""

import time

from tests.e2e import manifests
from tests.e2e.stage import Stage

WORKER = "checkout-worker-eu-1-a"
PATIENT_TRIES = 6
"""So many failures in a row keep a key waiting for 16 seconds."""
AT_ONCE_SECONDS = 12.0


def uid(stage: Stage) -> str:
    """Of the Deployment of `worker` as it is now; none while there is none."""
    found = stage.find("deployments", WORKER)
    return str(found["metadata"]["uid"]) if found else ""


def planned(stage: Stage) -> int:
    """How many steps its active Plan has; 0 while it has none."""
    name = stage.seen().status.plan.name
    return len(stage.one("plans", name)["spec"]["steps"]) if name else 0


def test_what_is_asked_for_is_made_anew_once(stage: Stage) -> None:
    """Also where the next one has the same identifier, as a queue and an object of a cluster have."""
    stage.apply(manifests.checkout())
    before, old = stage.ready(), uid(stage)
    for thing in ("cache-node", "orders", f"Deployment/{WORKER}"):
        stage.plugin("replace", "checkout", thing, "--yes")
    stage.until("all three wait in one Plan", lambda: planned(stage) == 3)
    stage.stalled("ApprovalNeeded")
    shown = stage.plugin("plan", "checkout")
    assert "Why: somebody asked for it (Requested)" in shown
    assert shown.count('+ replace: "asked for by annotation pilothouse.dev/replace"') == 3
    assert (stage.seen().instance.id, uid(stage)) == (before.instance.id, old), "nothing may happen before the approval"

    stage.plugin("approve", "checkout", "--yes")
    after = stage.ready()
    assert after.instance.id != before.instance.id
    assert after.queue.id == before.queue.id
    made = uid(stage)
    assert made not in ("", old)
    entries = (after.instance, after.queue, after.entry("Deployment", WORKER))
    assert [entry.incarnation for entry in entries] == [1, 1, 1]
    assert len(after.status.replaced) == 3

    stage.operator.stop()
    stage.operator.start()
    stage.spec("checkout", manifests=[manifests.config_map(mode="slow")])
    again = stage.ready()
    same = (again.instance.identity, again.queue.identity, uid(stage))
    assert same == (after.instance.identity, after.queue.identity, made), "the requests still stand there, and are done"
    asked = [entry.operation for entry in stage.aws.journal()]
    assert sorted(asked) == sorted(
        ["CreateQueue", "RunInstances", "DeleteQueue", "TerminateInstances", "CreateQueue", "RunInstances"]
    )


def test_what_was_mended_elsewhere_is_tried_at_once_when_asked(stage: Stage) -> None:
    stage.aws.inject("deny", "sqs:CreateQueue")
    stage.apply(manifests.application(resources=[manifests.queue()]))
    stage.stalled("StepFailed")
    stage.until("it has failed often", lambda: len(stage.aws.journal("sqs:CreateQueue", outcome=None)) >= PATIENT_TRIES)
    stage.aws.clear_faults()
    mended = time.monotonic()
    stage.plugin("retry", "checkout")
    stage.ready()
    assert time.monotonic() - mended < AT_ONCE_SECONDS, "without being asked it would have waited longer"
