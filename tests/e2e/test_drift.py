"""Changes made behind our back: seen by a sweep or watch, shown, and put right unless the Application says no."""

import time
from typing import Final

from pilothouse.api.conditions import Condition
from tests.e2e import manifests
from tests.e2e.seen import Seen
from tests.e2e.stage import Stage

SWEEP_SECONDS: Final = 3.0
"""More than a sweep: what is lost together would wait for a person."""


def test_a_queue_attribute_that_somebody_changed_is_put_right(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue()]))
    url = stage.ready().queue.id

    _set_timeout(stage, url, "999")
    stage.until("the attribute is as specified again", lambda: _timeout(stage, url) == "45")
    stage.until("the Plan that did it is complete", lambda: stage.reasons() == ["SpecChanged", "Drift"])
    stage.ready()
    told = ("Drift", "aws-eu-west-1/awsQueue/orders: visibilityTimeoutSeconds")
    stage.until("an Event tells of it", lambda: told in stage.events())


def test_a_field_of_a_deployment_that_somebody_changed_is_put_right(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[manifests.web()]))
    stage.ready()
    stage.kubectl("set", "image", "deployment/checkout-web-eu-1-a", "main=somebody-elses:9")
    stage.until("the image is as specified again", lambda: _image(stage) == "app:1")
    stage.kubectl("scale", "deployment/checkout-web-eu-1-a", "--replicas=5")
    stage.until("the replicas are as placed again", lambda: _replicas(stage) == 1)
    stage.ready()
    assert set(stage.reasons()) == {"SpecChanged", "Drift"}


def test_what_others_add_to_our_objects_stays(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[manifests.web()], manifests=[manifests.config_map(mode="fast")]))
    stage.ready()
    stage.kubectl("label", "deployment", "checkout-web-eu-1-a", "team=payments")
    stage.patch("configmap", "settings", {"data": {"theirs": "yes", "mode": "slow"}})
    stage.until("our key is as specified again", lambda: _settings(stage)["mode"] == "fast")
    stage.ready()
    assert _settings(stage) == {"mode": "fast", "theirs": "yes"}
    assert stage.one("deployments", "checkout-web-eu-1-a")["metadata"]["labels"]["team"] == "payments"


def test_drift_is_only_reported_where_the_application_says_so(stage: Stage) -> None:
    stage.apply(
        manifests.application(
            workloads=[manifests.web()], resources=[manifests.queue()], changePolicy={"drift": "Report"}
        )
    )
    url = stage.ready().queue.id
    mutations = len(stage.aws.journal())
    _set_timeout(stage, url, "999")
    stage.kubectl("set", "image", "deployment/checkout-web-eu-1-a", "main=somebody-elses:9")

    def both() -> Seen | None:
        seen = stage.seen()
        message = seen.condition("Drifted").message
        told = "visibilityTimeoutSeconds" in message and "image" in message
        return seen if told and seen.is_ready else None

    seen = stage.until("both differences are told, and once it is rolled out they do not make it unready", both)
    assert seen.condition("Drifted").status == "True"
    (drift,) = seen.queue.drift
    assert (drift.path, drift.desired, drift.observed) == ("visibilityTimeoutSeconds", "45", "999")
    assert stage.reasons() == ["SpecChanged"], "nothing is planned"
    assert len(stage.aws.journal()) == mutations + 1, "only the intruder changed something"

    stage.spec("checkout", changePolicy={"drift": "Correct"})
    stage.until("the attribute is as specified again", lambda: _timeout(stage, url) == "45")
    stage.until("the image is as specified again", lambda: _image(stage) == "app:1")
    stage.until("no drift is told any more", lambda: stage.seen().condition("Drifted").status == "False")


def test_an_instance_that_somebody_stopped_is_started_again(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.instance()]))
    identifier = stage.ready().instance.id
    stage.aws.client("ec2").stop_instances(InstanceIds=[identifier])
    stage.until("it is started", lambda: stage.aws.journal("ec2:StartInstances"))
    stage.ready()
    (alive,) = stage.aws.live_resources()
    assert (alive.id, alive.state) == (identifier, "running")


def test_a_queue_that_somebody_deleted_is_made_again(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[manifests.worker()], resources=[manifests.orders()]))
    url = stage.ready().queue.id
    stage.aws.client("sqs").delete_queue(QueueUrl=url)
    stage.until("the loss is on record", lambda: stage.seen().queue.incarnation == 1)
    assert stage.ready().queue.id == url, "a queue of the same name has the same address"
    assert [each.tags["pilothouse.dev/incarnation"] for each in stage.aws.live_resources()] == ["1"]
    assert stage.reasons() == ["SpecChanged", "Repair"]


def test_an_object_that_somebody_deleted_is_made_again(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[manifests.web()], manifests=[manifests.config_map()]))
    stage.ready()
    lost = {"deployments": "checkout-web-eu-1-b", "configmaps": "settings", "services": "web"}
    for kind, name in lost.items():
        old = stage.one(kind, name)["metadata"]["uid"]
        stage.kubectl("delete", kind, name)
        stage.until(f"{name} is there again", lambda: _another(stage, kind, name, old))  # noqa: B023 - it ends here
        stage.ready()
        time.sleep(SWEEP_SECONDS)
    assert set(stage.reasons()) == {"SpecChanged", "Repair"}


def _another(stage: Stage, kind: str, name: str, old: str) -> bool:
    made = stage.find(kind, name)
    return made is not None and made["metadata"]["uid"] != old


def _timeout(stage: Stage, url: str) -> str:
    asked = stage.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return asked["Attributes"]["VisibilityTimeout"]


def _set_timeout(stage: Stage, url: str, seconds: str) -> None:
    stage.aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": seconds})


def _image(stage: Stage) -> str:
    spec = stage.one("deployments", "checkout-web-eu-1-a")["spec"]["template"]["spec"]
    return str(spec["containers"][0]["image"])


def _replicas(stage: Stage) -> int:
    return int(stage.one("deployments", "checkout-web-eu-1-a")["spec"]["replicas"])


def _settings(stage: Stage) -> dict[str, str]:
    return dict(stage.one("configmaps", "settings")["data"])


def test_what_somebody_insists_on_is_reported_and_not_fought(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=[manifests.at_rest()], manifests=[manifests.config_map(mode="fast")]))
    stage.ready()
    insisted: list[int] = []

    def contested() -> Condition | None:
        if _settings(stage)["mode"] == "fast":
            stage.kubectl("patch", "configmap", "settings", "--patch", '{"data": {"mode": "slow"}}')
            insisted.append(1)
        found = stage.seen().condition("Drifted")
        return found if found.reason == "Contested" else None

    told = stage.until("the rival is recognised", contested)
    assert "ConfigMap/settings: data.mode is set to slow again and again by kubectl-patch" in told.message
    assert _settings(stage)["mode"] == "slow"
    assert len(insisted) == 3, "it was put right twice"
    assert stage.ready().condition("Ready").status == "True", "it is told, and keeps nothing else up"

    stage.spec("checkout", manifests=[manifests.config_map(mode="faster")])
    stage.until("a change of the spec is applied", lambda: _settings(stage)["mode"] == "faster")
    stage.until("and nothing is contested", lambda: stage.seen().condition("Drifted").status == "False")
