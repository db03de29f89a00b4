"""What people do while a Plan is carried out, and Applications of a size that nobody meant."""

import pytest

from tests.e2e import manifests
from tests.e2e.stage import Stage

SLOW_SECONDS = 3.0
MOST_PLAN_BYTES = 700_000
SLOW = {"transition_seconds": SLOW_SECONDS}


@pytest.fixture
def launching(stage: Stage) -> Stage:
    """An Application whose instance is being launched, which takes its time."""
    stage.aws.configure(**SLOW)
    stage.apply(manifests.application(resources=[manifests.queue(), manifests.instance()]))
    stage.until("the instance is pending", lambda: "pending" in {each.state for each in stage.aws.live_resources()})
    return stage


def test_a_spec_that_is_changed_while_a_plan_runs_is_what_comes_out(launching: Stage) -> None:
    stage = launching
    first = stage.plan()["metadata"]["name"]
    changed = [
        manifests.queue(settings={"visibilityTimeoutSeconds": 60}),
        manifests.instance(),
        manifests.queue("more"),
    ]
    stage.spec("checkout", resources=changed)
    stage.until("there is another Plan", lambda: stage.one("plans", first)["status"]["state"] == "Superseded")
    stage.aws.configure(transition_seconds=0.2)
    stage.aws.finish_transitions()
    seen = stage.ready()

    assert {entry.name for entry in seen.status.resources} == {"orders", "more", "cache-node"}
    made = [entry.operation for entry in stage.aws.journal() if entry.operation in {"CreateQueue", "RunInstances"}]
    assert sorted(made) == ["CreateQueue", "CreateQueue", "RunInstances"], "nothing is made twice"
    assert [plan["spec"]["revision"] for plan in stage.plans()] == sorted({*range(1, seen.status.plan_revision + 1)})


def test_an_application_that_is_deleted_while_a_plan_runs_leaves_nothing(launching: Stage) -> None:
    stage = launching
    stage.delete()
    stage.gone("applications", "checkout")
    assert stage.aws.live_resources() == []
    assert len(stage.aws.journal("ec2:RunInstances")) == 1


def test_a_plan_that_is_deleted_while_it_runs_is_made_anew(launching: Stage) -> None:
    stage = launching
    stage.kubectl("delete", "phplan", "--all", "--wait=false")
    stage.ready()
    made = [entry.operation for entry in stage.aws.journal()]
    assert sorted(made) == ["CreateQueue", "RunInstances"], "what is remembered is not in the Plan"


def test_a_plan_that_waits_for_approval_is_made_anew_when_it_is_deleted(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue()], changePolicy={"approval": "Always"}))
    stage.stalled("ApprovalNeeded")
    old = stage.plan()["metadata"]
    stage.kubectl("delete", "phplan", old["name"], "--wait=false")

    def made_anew() -> bool:
        name = stage.seen().status.plan.name
        plan = stage.find("plans", name) if name else None
        return plan is not None and plan["metadata"]["uid"] != old["uid"]

    stage.until("there is another Plan", made_anew)
    assert stage.aws.journal() == [], "a Plan that is gone approves nothing"
    stage.plugin("approve", "checkout", "--yes")
    stage.ready()


def test_a_plan_cannot_be_edited(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue()], changePolicy={"approval": "Always"}))
    stage.stalled("ApprovalNeeded")
    name = stage.plan()["metadata"]["name"]
    done = stage.kubectl("patch", "phplan", name, "--type=merge", '--patch={"spec":{"steps":[]}}', check=False)
    assert done.returncode != 0
    assert "a Plan never changes: change the Application" in done.stderr


def test_a_change_that_needs_another_one_waits_and_can_be_taken_back(stage: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.instance()]))
    before = stage.ready().instance
    stage.spec("checkout", resources=[manifests.instance(settings={**manifests.INSTANCE, "imageID": "ami-2"})])
    condition = stage.stalled("ApprovalNeeded")
    assert "kubectl pilothouse approve checkout" in condition.message
    stage.spec("checkout", resources=[manifests.instance()])
    assert stage.ready().instance.id == before.id
    assert [entry.operation for entry in stage.aws.journal()] == ["RunInstances"]


def test_a_spec_of_a_megabyte_is_carried_out_by_small_plans(stage: Stage) -> None:
    big = [manifests.config_map(f"big-{number}", text="x" * 100_000) for number in range(10)]
    spec = manifests.application(workloads=[manifests.at_rest()], manifests=big)
    told = stage.refused(spec)
    assert "Too long" in told, "kubectl itself says that a client-side apply cannot carry it"
    stage.apply(spec, flags=("--server-side",))
    stage.ready()
    assert {f"big-{number}" for number in range(10)} <= {each["metadata"]["name"] for each in stage.items("configmaps")}
    assert all(len(str(plan)) < 20_000 for plan in stage.plans()), "Plans hold no manifests"


def test_200_resources_are_made_while_another_application_goes_on(stage: Stage) -> None:
    queues = [manifests.queue(f"q-{number}") for number in range(200)]
    stage.aws.inject("latency", "sqs:ListQueueTags", seconds=0.2)
    stage.apply(manifests.application("many", resources=queues))
    stage.until("it has begun", stage.aws.live_resources)
    stage.apply(manifests.application("one", workloads=[manifests.at_rest()], resources=[manifests.queue()]))
    stage.ready("one")
    assert not stage.seen("many").is_ready, "else this says nothing about the one that had to wait"
    stage.ready("many", seconds=120)
    assert len(stage.aws.live_resources()) == 201
    assert all(len(str(plan)) < MOST_PLAN_BYTES for plan in stage.plans("many"))
