"""The story of the Application `checkout`, act by act, and what other stories share with it."""

import time
from collections.abc import Callable
from typing import Any, Final

from tests.demo import claims
from tests.demo.progress import Progress
from tests.demo.stage import Stage
from tests.demo.world import SWEEP_SECONDS, World, until

Act = Callable[[Stage, World], None]
FIRST: Final = "tests/demo/checkout/application.yaml"
SECOND: Final = "tests/demo/checkout/application-v2.yaml"
SLOW_SECONDS: Final = 3.0
"""How long AWS takes to begin with a launch in the act in which the operator dies: time enough to kill it."""


def ground(stage: Stage, world: World) -> None:
    stage.act(
        "The world it runs on",
        "Cells are slices of the world, each of which fails on its own: an Application names what it needs, and "
        "where it may run.",
    )
    with stage.waiting("every Cell is looked at"):
        until(lambda: claims.cells_without_answer(world) == [], "every Cell is Ready")
    stage.run("kubectl get nodes -L topology.kubernetes.io/zone")
    stage.run("kubectl get phcell")
    stage.verified(claims.cells_ready(world))


def plan(stage: Stage, world: World) -> None:
    stage.act(
        "First the Plan",
        "Two workloads, a queue whose URL one of them needs, and an instance are applied, and all that happens is"
        " a Plan: nobody should have to guess what a control plane is about to do.",
    )
    stage.run(f"cat {FIRST}")
    stage.run(f"kubectl apply --server-side -f {FIRST}")
    with stage.waiting("the operator plans"):
        until(lambda: waits_for_approval(world), "the Plan waits for approval")
    stage.run("kubectl pilothouse plan checkout")
    stage.verified(claims.nothing_sent(world))


def approval(stage: Stage, world: World) -> None:
    stage.act(
        "A person approves, and it comes to life",
        "The approval names this very Plan; each step then runs as soon as what it needs is there: the ConfigMap "
        "once the queue has a URL, the worker once there is the ConfigMap.",
    )
    progress = Progress(stage)
    stage.run(f"kubectl pilothouse approve checkout --plan={world.plans()[-1].metadata.name} --yes >/dev/null")
    with progress:
        until(lambda: converging(world, progress), "the Application is Ready")
    stage.run("kubectl get phapp,phplan,phcell")
    stage.run("kubectl pilothouse status checkout")
    stage.run("kubectl pilothouse why web")
    stage.verified(claims.spread_over_zones(world))
    stage.run("kubectl get configmap orders -o jsonpath='{.data.ORDERS_URL}{\"\\n\"}'")
    stage.verified(claims.outputs_read(world))


def drift(stage: Stage, world: World) -> None:
    stage.act(
        "Changed behind its back",
        "Somebody changes a setting of the queue, and somebody stops the instance, straight in AWS: the next look"
        f" at the Cell (here every {SWEEP_SECONDS} s) sees it, says so, and puts it right.",
    )
    stage.lead("From here on, only what destroys needs a person:")
    stage.run("kubectl patch phapp checkout --type=merge -p 'spec: {changePolicy: {approval: Destructive}}'")
    names = _aws(world)
    stage.python("sqs.set_queue_attributes(QueueUrl=orders, Attributes={'VisibilityTimeout': '900'})", names)
    with stage.waiting("the operator looks"):
        until(lambda: claims.visibility_timeout(world) == "30", "the queue's visibility timeout is 30 s again")
        until(lambda: ready(world), "the Application is Ready again")
    stage.run(f"kubectl pilothouse plan {world.plans()[-1].metadata.name}")
    stage.python("ec2.stop_instances(InstanceIds=[receipts])", names)
    with stage.waiting("the operator looks"):
        until(lambda: len(world.aws.journal("ec2:StartInstances")) == 1, "the instance is started again")
        until(lambda: ready(world), "the Application is Ready again")
    stage.run("kubectl get events --field-selector reason=Drift -o custom-columns=DRIFT:.message")
    stage.verified(claims.drift_repaired(world, names["receipts"]))


def deleted(stage: Stage, world: World) -> None:
    stage.act(
        "Deleted behind its back",
        "Somebody deletes the queue: a listing that lacks it proves nothing, for listings lie on a bad day, and "
        "only when AWS says of this very queue that it does not exist is it made again.",
    )
    names = _aws(world)
    stage.python("sqs.delete_queue(QueueUrl=orders)", names)
    with stage.waiting("the operator looks"):
        until(lambda: claims.queues(world) == 1, "the queue exists again")
        until(lambda: ready(world), "the Application is Ready again")
    stage.run("kubectl get phplan")
    stage.verified(claims.queue_made_again(world, names["orders"]))


def killed(stage: Stage, world: World) -> None:
    stage.act(
        "Killed in the middle",
        "With a new spec, web grows, which asks nobody, and the instance gets another image, which destroys it "
        "and so waits for a person; then the operator is killed at the worst moment, while AWS launches the new "
        "one.",
    )
    instance = claims.owned(world, "receipts").id
    stage.run(f"diff {FIRST} {SECOND}", ends=(0, 1))
    stage.run(f"kubectl apply --server-side -f {SECOND}")
    with stage.waiting("the operator plans"):
        until(lambda: waits_for_approval(world), "the Plan waits for approval")
    stage.verified(claims.only_the_gated_waits(world, instance))
    stage.run("kubectl pilothouse approve checkout --yes")
    world.aws.inject("latency", "ec2:RunInstances", count=1, seconds=SLOW_SECONDS)
    with stage.waiting("the old instance ends, the new one is asked for"):
        until(lambda: world.aws.counts()["ec2:RunInstances"] == 2, "AWS was asked for the new instance")
    stage.run(f"kill -9 {world.operator.pid}")
    world.operator.kill()  # returns when it is gone
    died = time.time()
    stage.lead("What the operator wrote down before it sent anything is all that is left of it:")
    stage.run("kubectl pilothouse status checkout | grep 'in flight'")
    with stage.waiting("AWS launches the instance"):
        launch = claims.made_unseen(world, died)
    stage.verified(f"AWS launched {launch.ids[0]} for a caller that was dead already: nothing of ours knows of it")
    with stage.starting("the operator, started again as the kubelet would"):
        world.operator.start()
    with stage.waiting("the operator looks before it repeats anything"):
        until(lambda: ready(world), "the Application is Ready again")
    stage.run("kubectl get phapp,phplan")
    stage.verified(claims.no_duplicate(world, launch))


def deletion(stage: Stage, world: World) -> None:
    stage.act(
        "Gone, all of it",
        "The Application is deleted in reverse order, and stays until the last thing is proven gone: what is "
        "forgotten in a cloud is paid for.",
    )
    stage.run("kubectl delete phapp checkout")
    names = _aws(world)
    stage.python("sqs.list_queues().get('QueueUrls', [])", names)
    states = "{i['State']['Name'] for r in ec2.describe_instances()['Reservations'] for i in r['Instances']}"
    stage.python(states, names)
    with stage.waiting("Kubernetes collects pods and Plans"):
        sentence = claims.nothing_left(world)
    stage.run("kubectl get phapp,phplan,deployments,services,pods")
    stage.verified(sentence)
    stage.verified(claims.emulator_complete(world))


CHECKOUT: Final[tuple[Act, ...]] = (ground, plan, approval, drift, deleted, killed, deletion)
"""What is played."""


def waits_for_approval(world: World) -> bool:
    application = world.application()
    return application is not None and not application.unseen and application.status.plan.waiting_for == "approval"


def ready(world: World) -> bool:
    application = world.application()
    return application is not None and not application.unseen and application.is_true("Ready")


def converging(world: World, progress: Progress) -> bool:
    done = ready(world)
    progress.show(world.plans()[-1])
    return done


def _aws(world: World) -> dict[str, Any]:
    """Return what lines of Python may name: boto3 clients, the URL of the queue and the id of the instance."""
    names = {"sqs": world.aws.client("sqs"), "ec2": world.aws.client("ec2")}
    if world.application() is None:
        return names
    return names | {name: claims.owned(world, name).id for name in ("orders", "receipts")}
