"""Two tenants under one operator, which has the rights of both: none gets through it at what is the other's.

What a single tenant's schema refuses stands in tests/crds, what people may ask the API server in tests/chart.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import yaml

from tests.crds.manifests import cell, plan, step, workload
from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

DATABASE: Object = {
    "engine": "postgres",
    "dbInstanceClass": "db.t4g.small",
    "allocatedStorage": 20,
    "masterUsername": "app",
}
CLOSED = "aws-closed"
"""A Cell that is open to one namespace."""
READS = ("Describe", "List", "Get")


def database(name: str = "data", **changes: object) -> Object:
    """A database that goes with its Application."""
    return {"name": name, "cell": manifests.CLOUD, "awsDatabase": DATABASE, "deletionPolicy": "Delete", **changes}


@dataclass(frozen=True)
class Theft:
    """What somebody asks for, given the identifier of another tenant's database, and what they are told."""

    resource: Callable[[str], Object]
    reason: str
    told: tuple[str, ...]
    why: str = field(kw_only=True)


THEFTS = {
    "adopted by its id": Theft(
        lambda identifier: database("mine", adopt={"id": identifier}),
        "NameConflict",
        ("belongs to {owner}, as its data", "Remove it there first"),
        why="two owners would fight, and one of them would read the other's data",
    ),
    "adopted under the same names": Theft(
        lambda identifier: database(adopt={"id": identifier}),
        "NameConflict",
        ("belongs to {owner}, as its data", "Remove it there first"),
        why="whose it is includes the namespace",
    ),
}


@pytest.fixture
def owned(stage: Stage) -> str:
    """The identifier of a database that the Application of the first tenant has."""
    stage.apply(manifests.application(resources=[database()]))
    return stage.ready().entry("awsDatabase", "data").id


@pytest.mark.parametrize("theft", THEFTS.values(), ids=THEFTS)
def test_the_database_of_another_tenant_is_not_taken(stage: Stage, neighbour: Stage, owned: str, theft: Theft) -> None:
    before = changes(stage)
    neighbour.apply(manifests.application(resources=[theft.resource(owned)]))
    owner = f"{stage.namespace}/checkout"
    neighbour.stalled(theft.reason, *(part.format(owner=owner) for part in theft.told))
    neighbour.delete()
    neighbour.gone("applications", "checkout")
    assert changes(stage) == before, theft.why
    assert stage.ready().entry("awsDatabase", "data").id == owned


def test_what_is_imported_from_another_tenant_is_not_taken(
    stage: Stage, neighbour: Stage, owned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has credentials of the account can read it; the Application that comes of that takes nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", stage.aws.credentials().access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    before = changes(stage)
    imported = yaml.safe_load(neighbour.plugin("import", "mine", f"awsDatabase={owned}", f"--cell={manifests.CLOUD}"))
    neighbour.apply(imported)
    neighbour.stalled("NameConflict", f"belongs to {stage.namespace}/checkout", name="mine")
    assert changes(stage) == before


def test_a_name_before_means_one_of_the_same_application(stage: Stage, neighbour: Stage) -> None:
    stage.apply(manifests.application(resources=[manifests.queue("orders")]))
    theirs = stage.ready().queue.id
    neighbour.apply(manifests.application(resources=[manifests.queue("jobs", renamedFrom="orders")]))
    assert neighbour.ready().entry("awsQueue", "jobs").id != theirs
    tags = stage.aws.client("sqs").list_queue_tags(QueueUrl=theirs)["Tags"]
    assert tags["pilothouse.dev/owner"] == f"{stage.namespace}/checkout"


def test_what_is_only_observed_gives_away_no_password(stage: Stage, neighbour: Stage, owned: str) -> None:
    watched = {"name": "theirs", "cell": manifests.CLOUD, "awsDatabase": {}, "managementPolicy": "Observe", "id": owned}
    watched |= {"writeOutputsTo": {"secret": "theirs"}}
    reader = manifests.at_rest(template=manifests.pods(envFrom=[{"secretRef": {"name": "theirs"}}]))
    neighbour.apply(manifests.application(workloads=[reader], resources=[watched]))
    neighbour.ready()
    given = neighbour.one("secrets", "theirs")["data"]
    assert {key.removeprefix("THEIRS_") for key in given} == {
        *("ID", "ARN", "ADDRESS", "PORT", "DBNAME", "MASTERUSERNAME")
    }


def test_a_cell_is_used_by_whom_it_allows(stage: Stage, neighbour: Stage) -> None:
    only = [{"types": ["*"], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}}}]
    stage.apply(manifests.aws_cell(CLOSED, stage.aws.url, allow=only))
    try:
        for tenant in (stage, neighbour):
            tenant.apply(manifests.application(resources=[manifests.queue(cell=CLOSED)]))
        stage.ready()
        neighbour.stalled("CellNotUsable", "does not allow awsQueue", neighbour.namespace)
        assert len(stage.aws.live_resources()) == 1
    finally:
        for tenant in (stage, neighbour):
            tenant.clear()
        stage.kubectl("delete", "phcell", CLOSED)


@pytest.mark.parametrize("kind", ["configMap", "secret"])
def test_outputs_are_not_written_over_what_somebody_else_made(stage: Stage, kind: str) -> None:
    what, plural = kind.lower(), f"{kind.lower()}s"
    words = ("generic",) if kind == "secret" else ()
    stage.kubectl("create", what, *words, "orders", "--from-literal=ORDERS_URL=theirs")
    before = stage.one(plural, "orders")
    source = {"secretRef" if kind == "secret" else "configMapRef": {"name": "orders"}}
    reader = manifests.at_rest(template=manifests.pods(envFrom=[source]))
    orders = manifests.queue(writeOutputsTo={kind: "orders"})
    stage.apply(manifests.application(workloads=[reader], resources=[orders]))
    stage.stalled("NameConflict", "orders exists and bears no mark of ours")
    assert stage.one(plural, "orders") == before
    stage.kubectl("delete", what, "orders")
    stage.ready()


def test_a_manifest_does_not_take_what_another_application_has(stage: Stage) -> None:
    shared = manifests.config_map("settings", mode="mine")
    stage.apply(manifests.application("first", workloads=[manifests.at_rest()], manifests=[shared]))
    stage.ready("first")
    other = manifests.config_map("settings", mode="theirs")
    stage.apply(manifests.application("second", workloads=[manifests.at_rest()], manifests=[other]))
    stage.stalled("NameConflict", f"belongs to {stage.namespace}/first", name="second")
    assert stage.one("configmaps", "settings")["data"] == {"mode": "mine"}


def test_credentials_in_the_namespace_of_a_tenant_are_not_read(stage: Stage) -> None:
    """A Cell names a Secret by its name alone, which is one of the operator's namespace or nothing."""
    key = stage.aws.credentials().access_key_id
    stage.apply(manifests.aws_keys(stage.namespace, key, "mine"), manifests.aws_cell(CLOSED, stage.aws.url, "mine"))
    clusters = {"kubeconfig": stage.cluster.kubeconfig.read_text()}
    named = {"kubeconfigSecretRef": {"name": "cluster"}}
    stage.apply(
        manifests.secret("cluster", clusters, stage.namespace),
        cell("cluster-closed", kubernetes=named, allow=manifests.EVERYBODY),
    )
    try:
        for name in (CLOSED, "cluster-closed"):
            stage.until(f"{name} tells why", lambda: "Create it in the operator's namespace" in told_by(stage, name))  # noqa: B023
    finally:
        stage.kubectl("delete", "phcell", CLOSED, "cluster-closed")


def test_pods_are_held_to_the_standard_of_their_namespace(stage: Stage) -> None:
    """The operator makes the Deployment in its own name; Pod Security judges the pods, whoever asked for them."""
    stage.kubectl("label", "namespace", stage.namespace, "pod-security.kubernetes.io/enforce=baseline")
    template = manifests.pods(volumeMounts=[{"name": "root", "mountPath": "/host"}])
    template["spec"]["volumes"] = [{"name": "root", "hostPath": {"path": "/"}}]
    stage.apply(manifests.application(workloads=[workload("web", template=template, replicas=1)]))
    words = 'violates PodSecurity "baseline'
    stage.until("it is told", lambda: words in stage.seen().condition("Ready").message)
    assert stage.items("pods") == []


POLICY = "no-queues-on-fridays"


@pytest.fixture
def guarded(stage: Stage) -> Iterator[Stage]:
    """A namespace whose Plans a policy engine refuses."""
    mine = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}}}
    rule = {"apiGroups": ["pilothouse.dev"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["plans"]}
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": POLICY},
        "spec": {
            "matchConstraints": {**mine, "resourceRules": [rule]},
            "validations": [
                {
                    "expression": "!object.spec.steps.exists(step, step.target.type == 'awsQueue')",
                    "reason": "Forbidden",
                    "message": "no queues on Fridays: ask team platform",
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": POLICY},
        "spec": {"policyName": POLICY, "validationActions": ["Deny"]},
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [policy, binding]}
    stage.cluster.kubectl("apply", "--filename=-", stdin=json.dumps(listed))
    probe = plan(step(), namespace=stage.namespace)
    dry = ("create", "--dry-run=server", "--filename=-")
    stage.until("the policy is in force", lambda: stage.kubectl(*dry, stdin=json.dumps(probe), check=False).returncode)
    yield stage
    lift(stage)


def lift(stage: Stage) -> None:
    """Remove the policy."""
    both = "validatingadmissionpolicy,validatingadmissionpolicybinding"
    stage.cluster.kubectl("delete", both, POLICY, "--ignore-not-found")


def test_a_plan_that_a_policy_engine_refuses_is_told_in_its_words(guarded: Stage) -> None:
    stage = guarded
    stage.apply(manifests.application(resources=[manifests.queue()]))
    stage.stalled("Refused", "no queues on Fridays: ask team platform")
    assert changes(stage) == []
    assert stage.plans() == []
    lift(stage)
    stage.ready()


def changes(stage: Stage) -> list[str]:
    """Every change that the cloud was asked for, the oldest first."""
    return [entry.name for entry in stage.aws.journal() if not entry.operation.startswith(READS)]


def told_by(stage: Stage, name: str) -> str:
    """What a Cell says of itself."""
    conditions = stage.one("cells", name).get("status", {}).get("conditions", [])
    return " ".join(each.get("message", "") for each in conditions)
