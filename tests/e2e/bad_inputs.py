"""Bad input that a person can give, what they must be told, and how they mend it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.dataplane.aws.names import cloud_name
from pilothouse.dataplane.types import Owner
from tests.crds.manifests import cell as cell_of
from tests.e2e import manifests
from tests.e2e.manifests import application, at_rest, instance, pods, queue, web
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

Act = Callable[[Stage], None]
OTHER_CLOUD: Final = "aws-other"
OTHER_CLUSTER: Final = "eu-2"
OTHER_SECRET: Final = "other"
NOWHERE: Final = "http://127.0.0.1:9"


def nothing(_stage: Stage) -> None:
    """Change nothing beforehand."""


@dataclass(frozen=True)
class Refused:
    """Input that `kubectl apply` must refuse. told: parts of what people are told; mended: the same without fault."""

    bad: Object
    told: tuple[str, ...]
    mended: Object
    flags: tuple[str, ...] = ()


REFUSED: Final[dict[str, Refused]] = {
    "unknown field": Refused(
        application(workloads=[at_rest(replica=1)]), ("spec.workloads[0].replica",), application(workloads=[at_rest()])
    ),
    "unknown field inside the template": Refused(
        application(workloads=[at_rest(template=pods(imagePullPolcy="Never"))]),
        ("spec.workloads[0].template.spec.containers[0].imagePullPolcy",),
        application(workloads=[at_rest(template=pods(imagePullPolicy="Never"))]),
    ),
    "two type blocks": Refused(
        application(resources=[queue(awsInstance=manifests.INSTANCE)]),
        ("spec.resources[0]", "exactly one"),
        application(resources=[queue()]),
    ),
    "no type block": Refused(
        application(resources=[{"name": "orders", "cell": manifests.CLOUD}]),
        ("spec.resources[0]", "exactly one"),
        application(resources=[queue()]),
    ),
    "setting out of range": Refused(
        application(resources=[queue(settings={"visibilityTimeoutSeconds": 50_000})]),
        ("spec.resources[0].awsQueue.visibilityTimeoutSeconds", "43200"),
        application(resources=[queue(settings={"visibilityTimeoutSeconds": 43_200})]),
    ),
    "201 resources": Refused(
        application(resources=[queue(f"q-{number}") for number in range(201)]),
        ("spec.resources", "200"),
        application(resources=[queue("q-0")]),
    ),
}


@dataclass(frozen=True)
class Stalled:
    """Input that only the operator can find wrong.

    told: what the condition's message must hold, besides the reason: the field, what is wrong with it, and the mend.
    before, mend, after: what is done beforehand, by a person to mend it, and when all is over.
    """

    spec: dict[str, Any]
    reason: str
    told: tuple[str, ...]
    mend: Act
    before: Act = nothing
    after: Act = nothing


def respecified(**fields: Any) -> Act:
    """Mend the spec of the Application itself."""

    def mend(stage: Stage) -> None:
        stage.spec("checkout", **fields)

    return mend


def other_cloud(**spec: Any) -> Act:
    """Apply Cell OTHER_CLOUD, by default one that works, with these fields instead."""

    def act(stage: Stage) -> None:
        stage.apply(manifests.aws_cell(OTHER_CLOUD, stage.aws.url, **spec))

    return act


def unreachable_cloud(stage: Stage) -> None:
    """Apply Cell OTHER_CLOUD with an endpoint that nobody listens on."""
    stage.apply(manifests.aws_cell(OTHER_CLOUD, NOWHERE))


def keys(*, wrong: bool) -> Act:
    """Write the Secret of Cell OTHER_CLOUD, with a key pair that AWS knows or not."""

    def act(stage: Stage) -> None:
        key = stage.aws.credentials(wrong=wrong).access_key_id
        stage.apply(manifests.aws_keys(stage.operator.namespace, key, OTHER_SECRET))

    return act


def cloud_with_wrong_keys(stage: Stage) -> None:
    """Apply Cell OTHER_CLOUD with a key pair that AWS does not know."""
    keys(wrong=True)(stage)
    other_cloud(secret=OTHER_SECRET)(stage)


def kubeconfig(*, url: str = "", token: str = "") -> Act:
    """Write the Secret of Cell OTHER_CLUSTER: a kubeconfig of the one cluster there is, with another URL or token."""

    def act(stage: Stage) -> None:
        text = stage.cluster.kubeconfig.read_text()
        text = text.replace(stage.cluster.url, url or stage.cluster.url)
        text = text.replace(stage.cluster.token, token or stage.cluster.token)
        stage.apply(manifests.secret(OTHER_SECRET, {"kubeconfig": text}, stage.operator.namespace))

    return act


def other_cluster(**secret: str) -> Act:
    """Apply Cell OTHER_CLUSTER, with a kubeconfig that leads nowhere or is refused."""

    def act(stage: Stage) -> None:
        kubeconfig(**secret)(stage)
        place = {"kubeconfigSecretRef": {"name": OTHER_SECRET}}
        cell = cell_of(OTHER_CLUSTER, kubernetes=place, allow=manifests.EVERYBODY)
        stage.apply({**cell, "metadata": {**cell["metadata"], "labels": {"tier": "other"}}})

    return act


def without(*cells: str) -> Act:
    """Remove the Application's things, then Cells that were made for the case."""

    def act(stage: Stage) -> None:
        stage.clear()
        for name in cells:
            stage.drop_cells(name)
        home = stage.within(stage.operator.namespace)
        home.kubectl("delete", "secret", OTHER_SECRET, "--ignore-not-found")

    return act


def somebody_elses_deployment(stage: Stage) -> None:
    """Make a Deployment by hand, under the name that the Application's would have."""
    stage.kubectl("create", "deployment", "checkout-rest-eu-1-a", "--image=theirs:1", "--replicas=0")


def their_deployment_removed(stage: Stage) -> None:
    """Delete the Deployment that was made by hand."""
    stage.kubectl("delete", "deployment", "checkout-rest-eu-1-a")


def somebody_elses_queue(stage: Stage) -> None:
    """Make a queue by hand, under the name that the Application's has as soon as it is there."""
    name = _queue_name(stage)
    stage.aws.client("sqs").create_queue(QueueName=name, tags={"team": "payments"})


def their_queue_removed(stage: Stage) -> None:
    """Delete the queue that was made by hand."""
    client = stage.aws.client("sqs")
    client.delete_queue(QueueUrl=client.get_queue_url(QueueName=_queue_name(stage))["QueueUrl"])


def _queue_name(stage: Stage) -> str:
    control_plane = stage.api.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    return cloud_name(Owner(control_plane, stage.namespace, "checkout"), "orders", 75)


ROOMY: Final = web(template=pods(cpu="100m"), replicas=1)
HUGE: Final = web(template=pods(cpu="1000"), replicas=1)

STALLED: Final[dict[str, Stalled]] = {
    "dependsOn names nothing": Stalled(
        {"resources": [queue(dependsOn=["nobody"])]},
        "ReferenceNotFound",
        ("spec.resources[orders].dependsOn", "nobody", "this Application has: orders"),
        mend=respecified(resources=[queue()]),
    ),
    "a reference to nothing": Stalled(
        {"resources": [instance(settings={**manifests.INSTANCE, "subnet": {"ref": "private-a"}})]},
        "ReferenceNotFound",
        ("spec.resources[cache-node].awsInstance", "private-a"),
        mend=respecified(resources=[instance()]),
    ),
    "a circle": Stalled(
        {"resources": [queue("a", dependsOn=["b"]), queue("b", dependsOn=["a"])]},
        "DependencyCycle",
        ("a -> b -> a", "remove one dependsOn or reference"),
        mend=respecified(resources=[queue("a", dependsOn=["b"]), queue("b")]),
    ),
    "a Cell that is missing": Stalled(
        {"resources": [queue(cell=OTHER_CLOUD)]},
        "CellNotFound",
        ("spec.resources[orders].cell", f"there is no Cell {OTHER_CLOUD}", manifests.CLOUD),
        mend=other_cloud(),
        after=without(OTHER_CLOUD),
    ),
    "a Cell that is cordoned": Stalled(
        {"resources": [queue(cell=OTHER_CLOUD)]},
        "CellNotUsable",
        ("spec.resources[orders].cell", "cordoned", "uncordon it or name another"),
        before=other_cloud(cordoned=True),
        mend=other_cloud(cordoned=False),
        after=without(OTHER_CLOUD),
    ),
    "a Cell that is not allowed": Stalled(
        {"resources": [queue(cell=OTHER_CLOUD)]},
        "CellNotUsable",
        ("spec.resources[orders].cell", "does not allow awsQueue", "spec.allow"),
        before=other_cloud(allow=[{"types": ["awsInstance"]}]),
        mend=other_cloud(),
        after=without(OTHER_CLOUD),
    ),
    "a cloud whose endpoint nobody listens on": Stalled(
        {"resources": [queue(cell=OTHER_CLOUD)]},
        "ObservationFailed",
        (f"{OTHER_CLOUD}/awsQueue/orders", NOWHERE, "is the endpoint reachable from the operator?"),
        before=unreachable_cloud,
        mend=other_cloud(),
        after=without(OTHER_CLOUD),
    ),
    "a cloud that refuses the credentials": Stalled(
        {"resources": [queue(cell=OTHER_CLOUD)]},
        "ObservationFailed",
        (f"{OTHER_CLOUD}/awsQueue/orders", "put a valid key pair into the Secret", "credentialsSecretRef"),
        before=cloud_with_wrong_keys,
        mend=keys(wrong=False),
        after=without(OTHER_CLOUD),
    ),
    "a cluster whose kubeconfig leads nowhere": Stalled(
        {"workloads": [at_rest(placement={"cellSelector": {"matchLabels": {"tier": "other"}}})]},
        "DoesNotFit",
        ("workload rest", f"{OTHER_CLUSTER}: not ready", "127.0.0.1:9"),
        before=other_cluster(url="https://127.0.0.1:9"),
        mend=kubeconfig(),
        after=without(OTHER_CLUSTER),
    ),
    "a cluster that refuses the credentials": Stalled(
        {"workloads": [at_rest(placement={"cellSelector": {"matchLabels": {"tier": "other"}}})]},
        "DoesNotFit",
        ("workload rest", f"{OTHER_CLUSTER}: not ready", "Unauthorized"),
        before=other_cluster(token="wrong"),
        mend=kubeconfig(),
        after=without(OTHER_CLUSTER),
    ),
    "a template that the API server refuses": Stalled(
        {"workloads": [at_rest(template=pods(ports=[{"containerPort": 80, "name": "not a port name"}]))]},
        "StepFailed",
        ("create-deployment-checkout-rest", "spec.template.spec.containers[0].ports[0].name"),
        mend=respecified(workloads=[at_rest(template=pods(ports=[{"containerPort": 80, "name": "http"}]))]),
    ),
    "settings that the cloud refuses": Stalled(
        {"resources": [instance(settings={**manifests.INSTANCE, "keyName": "nobody-has-it"})]},
        "StepFailed",
        ("create-cache-node", "nobody-has-it"),
        mend=respecified(resources=[instance()]),
    ),
    "credentials that may not do this": Stalled(
        {"resources": [instance()]},
        "StepFailed",
        (
            "create-cache-node",
            "UnauthorizedOperation",
            "allow ec2:RunInstances in the policies of the Cell's credentials",
        ),
        before=lambda stage: stage.aws.inject("deny", "ec2:RunInstances"),
        mend=lambda stage: stage.aws.clear_faults(),
    ),
    "a Deployment that is somebody else's": Stalled(
        {"workloads": [at_rest(placement={"cellSelector": {"matchLabels": {"zone": "zone-a"}}})]},
        "NameConflict",
        ("Deployment checkout-rest-eu-1-a in Cell eu-1-a", "bears no mark of ours", "Rename the resource, or remove"),
        before=somebody_elses_deployment,
        mend=their_deployment_removed,
    ),
    "a queue that is somebody else's": Stalled(
        {"resources": [queue()]},
        "NameConflict",
        ("awsQueue orders in Cell aws-eu-west-1", "bears no mark of ours", "Rename the resource, or remove"),
        before=somebody_elses_queue,
        mend=their_queue_removed,
    ),
    "a workload that fits nowhere": Stalled(
        {"workloads": [HUGE]},
        "DoesNotFit",
        (
            "workload web: 1 of 1 replicas fit nowhere",
            *(f"{cell}: needs 1000 cpu a pod; the largest free node has" for cell in manifests.ZONES),
        ),
        mend=respecified(workloads=[ROOMY]),
    ),
}
