"""What the demonstration claims, each checked against the API server and the emulated AWS: no output is believed.

Each function returns the sentence that may then be said, or raises ClaimError.
"""

from collections import Counter
from typing import Any, Final

from pilothouse.api.application import LedgerEntry
from tests.aws.journal import Entry
from tests.demo.world import NAMESPACE, OURS, TookTooLongError, World, until

ZONE: Final = "topology.kubernetes.io/zone"
OF_EVERY_NAMESPACE: Final = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}
RECORDS: Final = {"events"}
NUMBERS: Final = {2: "two", 3: "three", 4: "four"}
"""Kinds that tell of what was: they run out by themselves."""


class ClaimError(Exception):
    """A claim does not hold: what was expected, and what was seen."""


def expect(what: str, seen: object, expected: object) -> None:
    """Raise ClaimError unless `seen` equals `expected`."""
    if seen != expected:
        raise ClaimError(f"{what}\n  expected: {expected}\n  seen:     {seen}")


def cells_ready(world: World) -> str:
    """The Cells answer, each Kubernetes Cell in a failure domain of its own."""
    cells = _cells(world)
    expect("Cells", sorted(cell["metadata"]["name"] for cell in cells), ["aws-eu-west-1", *world.zones])
    expect("Cells that are not Ready", cells_without_answer(world), [])
    domains = {cell["spec"].get("failureDomain") for cell in cells if "kubernetes" in cell["spec"]}
    expect("failure domains of Kubernetes Cells", domains, set(world.zones))
    every, zones = NUMBERS[len(cells)], NUMBERS[len(domains)]
    return f"{every} Cells answer: {zones} zones of Kubernetes, and an AWS account whose credentials are right"


def nothing_sent(world: World) -> str:
    """Before the approval, neither AWS nor the cluster was changed."""
    plan = world.plans()[-1]
    expect("steps that wait for approval", len(plan.gated), len(plan.spec.steps))
    expect("changes that AWS was asked for", [entry.name for entry in world.aws.journal("*", None)], [])
    expect("Deployments", [each["metadata"]["name"] for each in world.items("apis/apps/v1", "deployments")], [])
    return f"all {len(plan.gated)} steps wait, and so far AWS was asked to change nothing and no Deployment exists"


def spread_over_zones(world: World) -> str:
    """The pods run where the placements say, by the zone of the node that each was scheduled to."""
    nodes = {node["metadata"]["name"]: node["metadata"]["labels"][ZONE] for node in world.get("/api/v1/nodes")["items"]}
    pods = [pod for pod in world.items("api/v1", "pods") if not pod["metadata"].get("deletionTimestamp")]
    zones = Counter(nodes[pod["spec"]["nodeName"]] for pod in pods if _container(pod)["name"] == "web")
    expect("pods of web by zone", dict(zones), dict.fromkeys(world.zones, 1))
    return "the scheduler put one pod of web into each of the three zones"


def outputs_read(world: World) -> str:
    """The queue's real URL is in the ConfigMap that the pods of worker take their environment from."""
    carrier = world.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/orders")
    expect("ORDERS_URL in ConfigMap orders", carrier["data"]["ORDERS_URL"], _queue_url(world))
    pods = [_container(pod) for pod in world.items("api/v1", "pods")]
    sources = [each["envFrom"] for each in pods if each["name"] == "worker"]
    expect("envFrom of the pods of worker", sources, [[{"configMapRef": {"name": "orders"}}]] * 2)
    return "ORDERS_URL, which the pods of worker read by envFrom, is the URL that AWS gave the queue"


def drift_repaired(world: World, instance: str) -> str:
    """Both changes were noticed as drift, told of as Events, and undone without making anything anew."""
    told = " ".join(event["message"] for event in world.items("api/v1", "events") if event["reason"] == "Drift")
    for changed in ("awsQueue/orders: visibilityTimeoutSeconds", "awsInstance/receipts: state"):
        expect(f"an Event Drift that names {changed}", changed in told, expected=True)
    expect("visibility timeout of the queue, in seconds", visibility_timeout(world), "30")
    expect("living instances", instances(world), {instance: "running"})
    return "both changes were seen, told of in Events, and undone: 30 seconds again, and the same instance runs"


def queue_made_again(world: World, url: str) -> str:
    """The queue that was deleted exists again, with its settings, as the next incarnation of the same resource."""
    expect("URL of the queue", _queue_url(world), url)
    expect("visibility timeout of the queue, in seconds", visibility_timeout(world), "30")
    expect("executed CreateQueue", len(world.aws.journal("sqs:CreateQueue")), 2)
    expect("incarnation of the queue in the ledger", owned(world, "orders").incarnation, 1)
    return "the queue exists again under its name and URL, with its settings, recorded as its second life"


def only_the_gated_waits(world: World, instance: str) -> str:
    """What destroys waits; what does not was done without asking."""
    plan = world.plans()[-1]
    expect("steps that wait for approval", [step.name for step in plan.gated], ["replace-receipts"])
    until(lambda: web_replicas(world) == 5, "5 replicas of web wanted by Deployments")
    expect("living instances", instances(world), {instance: "running"})
    return "web grew to 5 replicas without asking; the instance is untouched until a person approves"


def made_unseen(world: World, died: float) -> Entry:
    """AWS made the instance after the operator's death, and nothing of ours knows its id; returns AWS's own record.

    died: when the operator was dead, seconds since the epoch.
    """
    until(lambda: len(world.aws.journal("ec2:RunInstances")) == 2, "RunInstances executed a second time")
    launch = world.aws.journal("ec2:RunInstances")[-1]
    expect("whether AWS launched it after the operator had died", launch.time > died, expected=True)
    application = world.application()
    assert application is not None
    [intent] = application.status.in_flight
    expect("token of the intent, and of the launch", intent.token, launch.token)
    expect("id of the instance in the ledger", owned(world, "receipts").id in launch.ids, expected=False)
    return launch


def no_duplicate(world: World, launch: Entry) -> str:
    """The instance that was launched as the operator died is the one there is."""
    launches = world.aws.journal("ec2:RunInstances")
    expect(
        "launches executed, one for each life of the instance", len({each.token for each in launches}), len(launches)
    )
    expect("launches executed", len(launches), 2)
    expect("living instances", instances(world), {launch.ids[0]: "running"})
    expect("id of the instance in the ledger", owned(world, "receipts").id, launch.ids[0])
    expect("queues and instances in all of AWS", len(world.aws.live_resources()), 2)
    return (
        f"no duplicate: AWS's journal shows 2 launches in all, each with a token of its own, and {launch.ids[0]}, "
        "launched as the operator died, was found and taken into the ledger"
    )


def nothing_left(world: World) -> str:
    """Neither AWS nor the cluster holds anything any more."""
    expect("what lives in all of AWS", world.aws.live_resources(), [])
    kinds = _namespaced_kinds(world)
    try:
        until(lambda: not _left(world, kinds), "")
    except TookTooLongError:
        expect(f"objects in namespace {NAMESPACE}", sorted(_left(world, kinds)), [])
    return (
        f"nothing is left: nothing in any account or region of AWS, and of the {len(kinds)} kinds "
        f"that the API server serves in namespace {NAMESPACE} no object but what every namespace has, and Events"
    )


def emulator_complete(world: World) -> str:
    """The emulated AWS was asked for nothing that it does not do."""
    expect("what the emulated AWS does not do, but was asked for", world.aws.take_failures(), [])
    return (
        f"the emulated AWS executed {len(world.aws.journal())} changes, and was asked for nothing that it does not do"
    )


def owned(world: World, resource: str) -> LedgerEntry:
    """Return what the ledger says of a cloud resource."""
    application = world.application()
    found = [entry for entry in application.status.resources if entry.name == resource] if application else []
    found = [entry for entry in found if entry.type.startswith("aws")]
    expect(f"entries of the ledger for {resource}", len(found), 1)
    return found[0]


def instances(world: World) -> dict[str, str]:
    """Return the state of every instance that is not terminated, by id, in all of AWS."""
    return {each.id: each.state for each in world.aws.live_resources() if each.type == "instance"}


def cells_without_answer(world: World) -> list[str]:
    """Return the names of the Cells that are not Ready."""
    return [cell["metadata"]["name"] for cell in _cells(world) if _condition(cell, "Ready") != "True"]


def queues(world: World) -> int:
    """Return how many queues there are in all of AWS."""
    return sum(each.type == "queue" for each in world.aws.live_resources())


def visibility_timeout(world: World) -> str:
    """Return what AWS says of the queue."""
    sqs, url = world.aws.client("sqs"), _queue_url(world)
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"][
        "VisibilityTimeout"
    ]


def web_replicas(world: World) -> int:
    """Return how many pods of web the Deployments ask for."""
    deployments = world.items("apis/apps/v1", "deployments")
    return sum(each["spec"]["replicas"] for each in deployments if each["metadata"]["name"].startswith("checkout-web-"))


def _cells(world: World) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = world.get(f"/{OURS}/cells")["items"]
    return cells


def _queue_url(world: World) -> str:
    urls = world.aws.client("sqs").list_queues().get("QueueUrls", [])
    expect("queues in AWS", len(urls), 1)
    return urls[0]


def _condition(raw: dict[str, Any], kind: str) -> str:
    conditions = raw.get("status", {}).get("conditions", ())
    return next((str(each["status"]) for each in conditions if each["type"] == kind), "")


def _container(pod: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = pod["spec"]["containers"][0]
    return container


def _namespaced_kinds(world: World) -> dict[str, str]:
    """Return every kind that can be listed in a namespace: its path, such as apis/apps/v1, by its plural."""
    groups = [f"apis/{group['preferredVersion']['groupVersion']}" for group in world.get("/apis")["groups"]]
    kinds = {}
    for group in ("api/v1", *groups):
        for kind in world.get(f"/{group}")["resources"]:
            if kind["namespaced"] and "list" in kind["verbs"] and kind["name"] not in RECORDS:
                kinds[kind["name"]] = group
    return kinds


def _left(world: World, kinds: dict[str, str]) -> set[str]:
    found = set()
    for plural, group in kinds.items():
        listing = world.get(f"/{group}/namespaces/{NAMESPACE}/{plural}")
        kind = listing["kind"].removesuffix("List")
        found |= {f"{kind}/{each['metadata']['name']}" for each in listing["items"]}
    return found - OF_EVERY_NAMESPACE
