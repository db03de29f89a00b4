"""The story of the Application `boutique`, act by act: eleven services, and all that they stand on."""

from typing import Any, Final

from tests.demo import boutique_claims, claims
from tests.demo.acts import Act, converging, ground, ready, waits_for_approval
from tests.demo.progress import Progress
from tests.demo.stage import Stage
from tests.demo.world import SWEEP_SECONDS, World, until

MANIFEST: Final = "tests/applications/boutique.yaml"


def plan(stage: Stage, world: World) -> None:
    stage.act(
        "First the Plan",
        "Google's Online Boutique, with the network, load balancer, table, bucket and queue that it stands on, is "
        "one manifest; what it will become is one Plan.",
    )
    stage.run(f"grep -A15 'name: nat$' {MANIFEST}  # some of it")
    stage.run(f"kubectl apply --server-side -f {MANIFEST}")
    with stage.waiting("the operator plans"):
        until(lambda: waits_for_approval(world), "the Plan waits for approval")
    stage.run("kubectl pilothouse plan boutique | grep -E '^  \\+ aws|^Plan:'")
    stage.verified(claims.nothing_sent(world))


def approval(stage: Stage, world: World) -> None:
    stage.act(
        "A person approves, and it comes to life",
        "Each step runs as soon as what it needs is there: subnets once there is a VPC, the NAT gateway once the "
        "internet can be reached, the checkout once the queue has a URL.",
    )
    progress = Progress(stage)
    stage.run(f"kubectl pilothouse approve boutique --plan={world.plans()[-1].metadata.name} --yes >/dev/null")
    with progress:
        until(lambda: converging(world, progress), "the Application is Ready")
    stage.run("kubectl get phapp,phplan,phcell")
    stage.verified(boutique_claims.services_run(world))
    stage.verified(boutique_claims.network_leads(world))
    stage.verified(boutique_claims.outputs_read(world))


def drift(stage: Stage, world: World) -> None:
    stage.act(
        "Changed behind its back",
        "Somebody opens the bastion to everybody, and cuts the private subnets off from the internet: the next look"
        f" at the Cell (here every {SWEEP_SECONDS} s) sees both, says so, and puts them right.",
    )
    stage.lead("From here on, only what destroys needs a person:")
    stage.run("kubectl patch phapp boutique --type=merge -p 'spec: {changePolicy: {approval: Destructive}}'")
    names = _aws(world)
    everybody = "[{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}]"
    stage.python(f"ec2.authorize_security_group_ingress(GroupId=operators, IpPermissions={everybody})", names)
    stage.python("ec2.delete_route(RouteTableId=private_routes, DestinationCidrBlock='0.0.0.0/0')", names)
    with stage.waiting("the operator looks"):
        until(lambda: boutique_claims.is_as_wanted(world), "the door is shut and the way out is back")
        until(lambda: ready(world), "the Application is Ready again")
    stage.run("kubectl get events --field-selector reason=Drift -o custom-columns=DRIFT:.message")
    stage.verified(boutique_claims.drift_repaired(world))


def deletion(stage: Stage, world: World) -> None:
    stage.act(
        "Gone, all of it",
        "The Application is deleted in reverse order, the VPC last, and stays until the last thing is proven gone: "
        "what is forgotten in a cloud is paid for.",
    )
    stage.run("kubectl delete phapp boutique")
    with stage.waiting("Kubernetes collects pods and Plans"):
        sentence = claims.nothing_left(world)
    stage.run("kubectl get phapp,phplan,deployments,services,pods")
    stage.verified(sentence)
    stage.verified(claims.emulator_complete(world))


BOUTIQUE: Final[tuple[Act, ...]] = (ground, plan, approval, drift, deletion)
"""What is played."""


def _aws(world: World) -> dict[str, Any]:
    """Return what lines of Python may name: a boto3 client, and ids of what they change."""
    ids = {name.replace("-", "_"): claims.owned(world, name).id for name in ("operators", "private-routes")}
    return {"ec2": world.aws.client("ec2"), **ids}
