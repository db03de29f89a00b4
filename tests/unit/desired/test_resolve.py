"""From a whole spec to everything that should exist, in which Cell, after what; or to what is wrong with it."""

from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import ApplicationSpec, LedgerEntry, Placed
from pilothouse.api.cell import Allow
from pilothouse.api.fleetpolicy import PlacementPolicy, Weights
from pilothouse.catalog.kinds import Catalog
from pilothouse.catalog.registry import registry
from pilothouse.dataplane.kubernetes.types.objects import Manifest
from pilothouse.dataplane.types import Digest, Owner, Ref, TargetKey
from pilothouse.desired.cells import CellView
from pilothouse.desired.resolve import World, resolve, resolve_beside_others
from pilothouse.desired.state import DesiredState
from pilothouse.desired.workloads import OUTPUTS_ANNOTATION
from tests.unit.desired.fleets import cell, node, on_nodes_of
from tests.unit.planning.things import SAFE, THING

OWNER = Owner("cp-1", "shop", "checkout")
AWS = CellView("aws", "aws", allowed=(Allow(),))
EU_A = cell(
    "eu-a", cluster="eu", failure_domain="a", node_selector={"zone": "a"}, nodes=(node(cpu=9000, labels={"zone": "a"}),)
)
EU_B = cell(
    "eu-b", cluster="eu", failure_domain="b", node_selector={"zone": "b"}, nodes=(node(cpu=9000, labels={"zone": "b"}),)
)
US = cell("us")


def world(*cells: CellView, ledger: tuple[LedgerEntry, ...] = (), placed: tuple[Placed, ...] = ()) -> World:
    known = {TargetKey(one.cell, one.type, one.name): one for one in ledger}
    return World(OWNER, cells or (EU_A, AWS), Catalog(), known, placed)


def workload(name: str = "web", cpu: str = "1", **fields: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "x", "resources": {"requests": {"cpu": cpu}}, **fields.pop("container", {})}
    return {"name": name, "template": {"spec": {"containers": [container]}}, **fields}


def queue(name: str = "orders", **fields: Any) -> dict[str, Any]:
    return {"name": name, "cell": "aws", "awsQueue": {}, **fields}


def resolved(spec: dict[str, Any], where: World | None = None) -> DesiredState:
    return resolve(ApplicationSpec.model_validate(spec), where or world())


def after(state: DesiredState, one: str) -> set[str]:
    """What the target spelled `one` comes after."""
    return {str(key) for key, target in state.targets.items() if str(key) == one for key in target.after}


READS = {"envFrom": [{"configMapRef": {"name": "orders"}}]}
EVERYTHING = {
    "workloads": [
        workload(container=READS, service={"name": "web", "ports": [{"port": 80}]}, dependsOn=["cache"]),
    ],
    "resources": [queue(writeOutputsTo={"configMap": "orders"}), queue("cache", dependsOn=["orders"])],
    "manifests": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {}}],
}


def test_everything_that_a_spec_asks_for_is_there_and_in_order() -> None:
    state = resolved(EVERYTHING)
    assert state.problems == ()
    assert {str(key): {str(one) for one in target.after} for key, target in state.targets.items()} == {
        "aws/awsQueue/orders": set(),
        "aws/awsQueue/cache": {"aws/awsQueue/orders"},
        "eu-a/ConfigMap/orders": {"aws/awsQueue/orders"},
        "eu-a/Deployment/checkout-web-eu-a": {"aws/awsQueue/cache", "eu-a/ConfigMap/orders"},
        "eu-a/Service/web": set(),
        "eu-a/Secret/keys": set(),
    }
    assert [(one.workload, one.cell, one.replicas) for one in state.placements] == [("web", "eu-a", 1)]


def body(state: DesiredState, one: str) -> dict[str, Any]:
    (spec,) = [target.spec for key, target in state.targets.items() if str(key) == one]
    assert isinstance(spec, Manifest)
    return spec.body


def test_what_reads_outputs_carries_their_digest_and_is_pinned_to_its_cell() -> None:
    pod = body(resolved(EVERYTHING), "eu-a/Deployment/checkout-web-eu-a")["spec"]["template"]
    outputs = tuple(Ref("orders", output) for output in ("url", "arn", "name"))
    assert pod["metadata"]["annotations"] == {OUTPUTS_ANNOTATION: Digest(outputs)}
    assert pod["spec"]["nodeSelector"] == {"zone": "a"}
    carrier = body(resolved(EVERYTHING), "eu-a/ConfigMap/orders")
    assert carrier["data"] == {f"ORDERS_{ref.output.upper()}": ref for ref in outputs}


def test_objects_are_in_the_applications_namespace_and_named_by_it() -> None:
    (target,) = [one for key, one in resolved(EVERYTHING).targets.items() if key.type == "Secret"]
    assert target.name == "v1/Secret/shop/keys"
    assert isinstance(target.spec, Manifest)
    assert target.spec.body["metadata"] == {"name": "keys", "namespace": "shop"}


SHARED = {
    "workloads": [
        workload(
            container=READS,
            replicas=2,
            service={"name": "web", "ports": [{"port": 80}]},
            placement={"spread": {"minDomains": 2}},
        )
    ],
    "resources": [queue(writeOutputsTo={"configMap": "orders"})],
}


def test_cells_of_one_cluster_share_its_services_and_carriers() -> None:
    state = resolved(SHARED, world(EU_A, EU_B, AWS))
    shared = {str(key) for key in state.targets if key.type in {"Service", "ConfigMap"}}
    assert shared == {"eu-a/Service/web", "eu-a/ConfigMap/orders"}
    assert after(state, "eu-b/Deployment/checkout-web-eu-b") == {"eu-a/ConfigMap/orders"}


def test_a_shared_object_stays_with_the_cell_that_has_it() -> None:
    """Else it would be deleted and made again whenever a replica comes to a Cell with an earlier name."""
    there = LedgerEntry(name="web", type="Service", cell="eu-b", id="v1/Service/shop/web")
    lost = LedgerEntry(name="web", type="Service", cell="eu-0", id="v1/Service/shop/web")
    state = resolved(SHARED, world(EU_A, EU_B, AWS, ledger=(there, lost)))
    assert {str(key) for key in state.targets if key.type == "Service"} == {"eu-b/Service/web"}


def test_each_cluster_has_its_own_and_waits_for_its_own_alone() -> None:
    """A cluster that is down must not hold up the others."""
    state = resolved(SHARED, world(EU_A, US, AWS))
    assert after(state, "us/Deployment/checkout-web-us") == {"us/ConfigMap/orders"}
    assert after(state, "eu-a/Deployment/checkout-web-eu-a") == {"eu-a/ConfigMap/orders"}


def test_outputs_that_nobody_reads_are_written_nowhere() -> None:
    state = resolved({"workloads": [workload()], "resources": [queue(writeOutputsTo={"secret": "orders"})]})
    assert {key.type for key in state.targets} == {"Deployment", "awsQueue"}


def test_several_resources_write_into_one_carrier() -> None:
    sources = [queue("jobs", writeOutputsTo={"configMap": "orders"}), queue(writeOutputsTo={"configMap": "orders"})]
    state = resolved({"workloads": [workload(container=READS)], "resources": sources})
    assert set(body(state, "eu-a/ConfigMap/orders")["data"]) == {
        f"{name}_{output}" for name in ("JOBS", "ORDERS") for output in ("URL", "ARN", "NAME")
    }
    assert after(state, "eu-a/ConfigMap/orders") == {"aws/awsQueue/jobs", "aws/awsQueue/orders"}


def test_what_is_only_observed_has_outputs_but_its_secrets() -> None:
    """Nobody here knows its password: whoever waited for that would wait for ever."""
    watched = {"name": "data", "cell": "aws", "awsDatabase": {}, "managementPolicy": "Observe", "id": "db-1"}
    to = watched | {"writeOutputsTo": {"configMap": "orders"}}
    state = resolved({"workloads": [workload(container=READS)], "resources": [to]})
    assert state.problems == ()
    assert set(body(state, "eu-a/ConfigMap/orders")["data"]) == {
        f"DATA_{output}" for output in ("ID", "ARN", "ADDRESS", "PORT", "DBNAME", "MASTERUSERNAME")
    }


def test_what_leads_from_outside_comes_after_the_service_of_its_cluster() -> None:
    exposed = {"name": "web", "ports": [{"port": 80}], "expose": {"ingress": {}}}
    spread = {"spread": {"minDomains": 2}}
    state = resolved({"workloads": [workload(replicas=2, service=exposed, placement=spread)]}, world(EU_A, US))
    assert after(state, "eu-a/Ingress/web") == {"eu-a/Service/web"}
    assert after(state, "us/Ingress/web") == {"us/Service/web"}


KINDS: dict[str, tuple[dict[str, Any], dict[str, int], str]] = {
    "StatefulSet": ({"replicas": 2}, {"eu-a": 1, "eu-b": 1}, "its replicas are spread"),
    "DaemonSet": ({}, {"eu-a": 1, "eu-b": 1}, "it runs everywhere"),
    "Job": ({}, {"eu-a": 1}, "it is done once"),
    "CronJob": ({"schedule": "@daily"}, {"eu-a": 1}, "twice a day would be once too often"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_runs_where_it_should(kind: str) -> None:
    fields, expected, reason = KINDS[kind]
    spread = {"spread": {"minDomains": 2}}
    state = resolved({"workloads": [workload(kind=kind, placement=spread, **fields)]}, world(EU_A, EU_B))
    assert {placed.cell: placed.replicas for placed in state.placements} == expected, reason
    assert [key.cell for key in state.runners["web"]] == sorted(expected)
    assert {key.type for key in state.targets} - {"Service"} == {kind}


def test_a_job_that_is_cleared_away_has_come_to_an_end() -> None:
    for job, ends in ((workload(kind="Job"), False), (workload(kind="Job", ttlSecondsAfterFinished=0), True)):
        (target,) = resolved({"workloads": [job]}).targets.values()
        assert target.ends == ends


def test_a_reference_is_a_dependency() -> None:
    node_block = {"instanceType": "t3.small", "imageID": "ami-1", "subnet": {"ref": "orders"}}
    spec = {"resources": [{"name": "box", "cell": "aws", "awsInstance": node_block}, queue()]}
    assert after(resolved(spec), "aws/awsInstance/box") == {"aws/awsQueue/orders"}


def groups(*ingress: str) -> list[dict[str, Any]]:
    """Security groups `a` and so on, each with a rule that names one of `ingress`."""
    rule = {"ipProtocol": "-1"}
    return [
        {"name": name, "cell": "aws", "awsSecurityGroup": {"ingress": [{**rule, "securityGroup": {"ref": other}}]}}
        for name, other in zip("abc", ingress, strict=False)
    ]


def test_what_a_thing_is_created_without_is_no_dependency() -> None:
    """Two groups that let each other in, and one that lets itself in, are no circle."""
    state = resolved({"resources": groups("b", "a", "c")})
    assert state.problems == ()
    assert [target.after for target in state.targets.values()] == [frozenset()] * 3


@pytest.mark.parametrize(
    ("name", "message"),
    [("d", "there is no workload or resource d"), ("orders", "ref orders is of type awsQueue")],
)
def test_what_a_thing_is_created_without_must_be_there_too(name: str, message: str) -> None:
    state = resolved({"resources": [*groups(name), queue()]})
    assert [problem.reason for problem in state.problems] == ["ReferenceNotFound"]
    assert message in state.problems[0].message


RETAIN = {
    "by the type": (queue(), "Delete", "a queue goes with its Application"),
    "by a person": (queue(deletionPolicy="Retain"), "Retain", "a person wants to keep it"),
    "explicitly not": (queue(deletionPolicy="Delete"), "Delete", "a person says so"),
}


@pytest.mark.parametrize(("given", "policy", "reason"), RETAIN.values(), ids=RETAIN)
def test_the_deletion_policy_is_the_persons_before_the_types(given: dict[str, Any], policy: str, reason: str) -> None:
    (target,) = resolved({"resources": [given]}).targets.values()
    assert target.deletion_policy == policy, reason


def test_a_chosen_cell_is_kept_by_the_ledger() -> None:
    chosen = {"name": "orders", "cellSelector": {}, "awsQueue": {}}
    where = world(
        AWS,
        CellView("aws-0", "aws", allowed=(Allow(),)),
        ledger=(LedgerEntry(name="orders", type="awsQueue", cell="aws"),),
    )
    assert [key.cell for key in resolved({"resources": [chosen]}, where).targets] == ["aws"]


@pytest.mark.parametrize(
    ("ledger", "cell", "reason"),
    [
        ((), "aws", "nothing is remembered, and it was seen there"),
        ((LedgerEntry(name="orders", type="awsQueue", cell="aws-0"),), "aws-0", "what is remembered counts"),
    ],
)
def test_what_nothing_is_remembered_of_stays_where_it_was_seen(
    ledger: tuple[LedgerEntry, ...], cell: str, reason: str
) -> None:
    """A fleet that is restored without its status would else make everything a second time elsewhere."""
    where = world(AWS, CellView("aws-0", "aws", allowed=(Allow(),)), ledger=ledger)
    where = replace(where, seen={("awsQueue", "orders"): "aws", ("awsTable", "orders"): "aws-0"})
    chosen = {"name": "orders", "cellSelector": {}, "awsQueue": {}}
    assert [key.cell for key in resolved({"resources": [chosen]}, where).targets] == [cell], reason


class Wrong(NamedTuple):
    spec: dict[str, Any]
    reason: str
    message: str
    cells: tuple[CellView, ...] = (EU_A, AWS)


def manifest(**fields: Any) -> dict[str, Any]:
    return {"workloads": [workload()], "manifests": [{"apiVersion": "v1", "kind": "Secret", **fields}]}


NAMES = "spec.manifests[0]: give apiVersion, kind and metadata.name."
WRONG = {
    "no type": Wrong({"resources": [{"name": "a", "cell": "aws"}]}, "InvalidResource", "found: none."),
    "no Cell": Wrong({"resources": [queue(cell="gcp")]}, "CellNotFound", "there is no Cell gcp."),
    "no snapshots": Wrong(
        {"resources": [queue(deletionPolicy="Snapshot")]}, "InvalidResource", "has no snapshots; give Delete or Retain."
    ),
    "no quantity": Wrong({"workloads": [workload(cpu="lots")]}, "InvalidTemplate", "found 'lots'"),
    "nowhere at all": Wrong(
        {"workloads": [workload(replicas=0)]},
        "DoesNotFit",
        "workload web: no Cell can take it. There is no Cell",
        cells=(),
    ),
    "no Cell for pods": Wrong(
        {"workloads": [workload()]}, "DoesNotFit", "1 of 1 replicas fit nowhere. There is no Cell", cells=()
    ),
    "no room at all": Wrong(
        {"workloads": [workload(cpu="64")]}, "DoesNotFit", "workload web: 1 of 1 replicas fit nowhere. aws: "
    ),
    "kind not allowed": Wrong(
        manifest(metadata={"name": "keys"}),
        "CellNotUsable",
        "Cell eu-a does not allow Secret for namespace shop; its spec.allow must list both.",
        cells=(cell("eu-a", allowed=(Allow(types=("Deployment",)),)),),
    ),
    "no name": Wrong(manifest(), "InvalidManifest", NAMES),
    "metadata that is none": Wrong(manifest(metadata="keys"), "InvalidManifest", NAMES),
    "a name that is none": Wrong(manifest(metadata={"name": 5}), "InvalidManifest", NAMES),
    "another namespace": Wrong(
        manifest(metadata={"name": "keys", "namespace": "other"}),
        "InvalidManifest",
        "spec.manifests[0].metadata.namespace: it is always the Application's, shop; leave it out.",
    ),
    "an owner": Wrong(
        manifest(metadata={"name": "keys", "ownerReferences": []}),
        "InvalidManifest",
        "spec.manifests[0].metadata.ownerReferences: the Application alone decides when an object goes; leave them",
    ),
    "one of our own kinds": Wrong(
        manifest(metadata={"name": "keys"}, apiVersion="pilothouse.dev/v1alpha1", kind="Plan"),
        "InvalidManifest",
        "spec.manifests[0].apiVersion: an Application makes no objects of pilothouse.dev; remove the manifest.",
    ),
    "manifests without workloads": Wrong(
        {"manifests": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}]},
        "NoCell",
        "spec.manifests[0]: manifests go to the Cells of the workloads, and there is no workload.",
    ),
    "reference to nothing": Wrong(
        {"resources": [queue(dependsOn=["cache"])]},
        "ReferenceNotFound",
        "spec.resources[orders].dependsOn: there is no workload or resource cache; this Application has: orders.",
    ),
    "circle": Wrong(
        {"resources": [queue("a", dependsOn=["b"]), queue("b", dependsOn=["c"]), queue("c", dependsOn=["a"])]},
        "DependencyCycle",
        "depend on each other in a circle; remove one dependsOn or reference.",
    ),
    "asked for twice": Wrong(
        {
            "workloads": [workload(service={"name": "web", "ports": [{"port": 80}]})],
            "manifests": [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}],
        },
        "DuplicateObject",
        "Service web in Cell eu-a is asked for twice; rename one.",
    ),
    "one name in two Cells of a cluster": Wrong(
        {
            "workloads": [
                workload(placement={"cellSelector": {"matchLabels": {"n": "1"}}}),
                workload("web-b", placement={"cellSelector": {"matchLabels": {"n": "2"}}}),
            ]
        },
        "DuplicateObject",
        "Deployment checkout-web-b-c in Cell c is asked for twice; rename one.",
        cells=(cell("b-c", cluster="eu", labels={"n": "1"}), cell("c", cluster="eu", labels={"n": "2"})),
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_field_and_mend(case: Wrong) -> None:
    state = resolved(case.spec, World(OWNER, case.cells, Catalog()))
    (problem,) = state.problems
    assert problem.reason == case.reason
    assert case.message in problem.message


def test_a_circle_is_told_by_its_members() -> None:
    spec = {"resources": [queue("a", dependsOn=["b"]), queue("b", dependsOn=["a"])]}
    (problem,) = resolved(spec).problems
    assert problem.message.startswith(("spec: a -> b -> a ", "spec: b -> a -> b "))


def test_all_problems_are_told_at_once() -> None:
    spec = {"resources": [queue(cell="gcp"), queue("b", dependsOn=["x"])], "workloads": [workload(cpu="lots")]}
    assert [problem.reason for problem in resolved(spec).problems] == [
        "CellNotFound",
        "InvalidTemplate",
        "ReferenceNotFound",
    ]


def test_what_fits_in_part_goes_on_and_what_is_short_is_told() -> None:
    small = cell("eu", nodes=on_nodes_of(2))
    state = resolved({"workloads": [workload(replicas=3)]}, world(small))
    assert state.problems == ()
    assert [placed.replicas for placed in state.placements] == [2]
    mend = "it would fit after this: let spec.workloads[web] ask for 666m cpu a pod in place of 1"
    assert state.shortages["web"].startswith(f"workload web: 1 of 3 replicas fit nowhere; {mend}. eu: ")


def test_two_workloads_are_not_promised_the_same_room() -> None:
    small = cell("eu", nodes=on_nodes_of(3))
    state = resolved({"workloads": [workload(replicas=2), workload("jobs", replicas=2)]}, world(small))
    assert {placed.workload: placed.replicas for placed in state.placements} == {"web": 2, "jobs": 1}
    assert set(state.shortages) == {"jobs"}


def test_what_was_placed_stays_and_so_does_its_reason() -> None:
    before = Placed(workload="web", cell="us", replicas=2, reason="the only Cell with room then")
    ready = LedgerEntry(name="checkout-web-us", type="Deployment", cell="us", id="x", state="Ready")
    state = resolved({"workloads": [workload(replicas=2)]}, world(EU_A, US, ledger=(ready,), placed=(before,)))
    assert state.placements == (before,)


def test_pods_that_no_node_shows_yet_keep_their_room() -> None:
    """Else a Cell would be filled twice between the apply of a Deployment and the scheduling of its pods."""
    full = cell("eu", nodes=on_nodes_of(2))
    placed = Placed(workload="web", cell="eu", replicas=2)
    state = resolved({"workloads": [workload(replicas=3)]}, world(full, placed=(placed,)))
    assert [one.replicas for one in state.placements] == [2]
    assert set(state.shortages) == {"web"}


def test_the_order_of_the_cells_is_nothing() -> None:
    cells = [EU_A, EU_B, US, AWS, CellView("aws-0", "aws", allowed=(Allow(),))]
    first = resolved(SHARED, world(*cells))
    for seed in range(5):
        Random(seed).shuffle(cells)
        assert resolved(SHARED, world(*cells)) == first


DOUBLES = Catalog(registry((THING, SAFE)))


def doubled(*resources: dict[str, Any], adopt: bool = False) -> DesiredState:
    """What becomes of things in a Cell of their own provider."""
    sky = CellView("sky", "double", allowed=(Allow(adopt=adopt),))
    given = [{"cell": "sky", **resource} for resource in resources]
    return resolve(ApplicationSpec.model_validate({"resources": given}), World(OWNER, (sky,), DOUBLES))


def test_secret_outputs_are_written_to_secrets_only() -> None:
    (problem,) = doubled({"name": "a", "safe": {}, "writeOutputsTo": {"configMap": "a"}}).problems
    assert problem.message == (
        "spec.resources[a].writeOutputsTo.configMap: safe has outputs that are secret (password); "
        "write them to a secret."
    )
    assert doubled({"name": "a", "safe": {}, "writeOutputsTo": {"secret": "a"}}).problems == ()


def test_a_reference_to_a_thing_of_another_type_is_refused() -> None:
    """Its provider would refuse it too, but only after everything before it was made."""
    things = {"name": "a", "thing": {}}, {"name": "b", "safe": {}}
    right, wrong, nowhere = (
        doubled(*things, {"name": "c", "thing": {"friend": {"ref": name}}}).problems for name in ("a", "b", "z")
    )
    assert right == ()
    assert [problem.message for problem in wrong] == [
        "spec.resources[c].thing: ref b is of type safe; name a resource of type thing."
    ]
    assert len(nowhere) == 1


@pytest.mark.parametrize(
    ("full", "cell", "reason"),
    [
        ((), "aws", "the first by name"),
        (("aws",), "aws-2", "the first had no room"),
        (("aws", "aws-2"), "aws", "none had room, so it is tried again where it would be"),
    ],
)
def test_a_chosen_cell_without_room_is_left_for_another(full: tuple[str, ...], cell: str, reason: str) -> None:
    entries = tuple(LedgerEntry(name="orders", type="awsQueue", cell=one, state="Exhausted") for one in full)
    where = world(AWS, CellView("aws-2", "aws", allowed=(Allow(),)), ledger=entries)
    (key,) = resolved({"resources": [{"name": "orders", "cellSelector": {}, "awsQueue": {}}]}, where).targets
    assert key.cell == cell, reason


def test_what_is_only_observed_has_no_settings_and_is_never_removed() -> None:
    observed = {"name": "a", "managementPolicy": "Observe", "id": "thing-1"}
    (target,) = doubled(observed | {"thing": {}}).targets.values()
    assert (target.observed, target.deletion_policy) == ("thing-1", "Retain")
    (problem,) = doubled(observed | {"thing": {"size": 2}}).problems
    assert problem.message == (
        "spec.resources[a].thing: one that is only observed has no settings here; leave the block empty."
    )


def test_things_are_taken_over_only_in_cells_that_allow_it() -> None:
    taken = {"name": "a", "thing": {}, "adopt": {"id": "thing-1"}}
    (problem,) = doubled(taken).problems
    assert problem.message == (
        "spec.resources[a].adopt: Cell sky allows no adoption; "
        "one entry of its spec.allow must list thing and say adopt: true."
    )
    (target,) = doubled(taken, adopt=True).targets.values()
    assert target.adopt == "thing-1"


FAR, NEAR = cell("eu-1", region="eu-west-1"), cell("us-1", region="us-east-1")
CLOUDS = (
    replace(AWS, region="us-east-1"),
    CellView("dear", "aws", allowed=(Allow(),), region="us-east-1", price=9),
    CellView("cheap", "aws", allowed=(Allow(),), region="eu-west-1", price=3),
)


@pytest.mark.parametrize(
    "fields",
    [
        {"container": READS},
        {"dependsOn": ["orders"]},
        {"placement": {"closeTo": {"regions": ["us-east-1"]}}},
        {"placement": {"closeTo": {"workloads": ["api"]}}},
    ],
    ids=["reads", "waits for", "callers", "calls"],
)
def test_a_workload_goes_where_what_it_is_close_to_is(fields: dict[str, Any]) -> None:
    spec: dict[str, Any] = {
        "workloads": [
            workload("api", placement={"cellSelector": {"matchLabels": {"only": "api"}}}),
            workload(**fields),
        ],
        "resources": [queue(writeOutputsTo={"configMap": "orders"})],
    }
    home = replace(NEAR, name="us-0", labels={"only": "api"}, nodes=on_nodes_of(1))
    state = resolved(spec, world(FAR, NEAR, home, *CLOUDS))
    assert [one.cell for one in state.placements] == ["us-0", "us-1"]


def test_a_resource_that_may_choose_goes_near_those_that_may_not_and_then_where_it_is_cheap() -> None:
    free = {"name": "free", "cellSelector": {}, "awsQueue": {}}
    assert {str(key) for key in resolved({"resources": [free]}, world(*CLOUDS)).targets} == {"cheap/awsQueue/free"}
    both = resolved(
        {"resources": [free, queue("bound")]},
        world(*CLOUDS, CellView("cheap-us", "aws", price=3, allowed=(Allow(),), region="us-east-1")),
    )
    assert {str(key) for key in both.targets} == {"cheap-us/awsQueue/free", "aws/awsQueue/bound"}


def test_the_policy_of_the_fleet_weighs() -> None:
    cells = (cell("dear", node(cpu=9000), price=9), cell("cheap", node(cpu=2000), price=1))
    only = {"utilization": 0, "recentPlacements": 0, "domainSpread": 0, "closeness": 0}
    for weights, home in ((Weights(), "cheap"), (Weights(**{**only, "utilization": 1, "price": 0}), "dear")):
        where = replace(world(*cells), policy=PlacementPolicy(weights=weights))
        assert [one.cell for one in resolved({"workloads": [workload()]}, where).placements] == [home]


def test_a_placement_tells_its_score_and_its_alternatives_once_and_keeps_them() -> None:
    spec = {"workloads": [workload()]}
    (first,) = resolved(spec, world(FAR, NEAR)).placements
    assert (first.score, sum(first.terms.values())) == (first.score, first.score)
    assert [(one.cell, sum(one.terms.values()) == one.score) for one in first.alternatives] == [("us-1", True)]
    (again,) = resolved(spec, world(FAR, NEAR, placed=(first,))).placements
    assert again == first, "why it is there is what was known then"


def test_of_very_many_placements_the_later_ones_tell_no_alternatives() -> None:
    spread = {"spread": {"minDomains": 2}}
    many = [workload(f"w{number}", cpu="100m", replicas=2, placement=spread) for number in range(31)]
    state = resolved({"workloads": many}, world(FAR, NEAR))
    assert [bool(one.alternatives) for one in state.placements] == [True] * 60 + [False] * 2


@pytest.mark.parametrize(
    ("placing", "message"),
    [
        ({"affinity": {"workloads": [{"workload": "wbe"}]}}, "affinity.workloads: there is no wbe"),
        ({"antiAffinity": {"workloads": [{"workload": "wbe"}]}}, "antiAffinity.workloads: there is no wbe"),
        ({"closeTo": {"workloads": ["wbe"]}}, "closeTo.workloads: there is no wbe"),
    ],
)
def test_a_peer_that_does_not_exist_is_named_with_those_that_do(placing: dict[str, Any], message: str) -> None:
    (problem,) = resolved({"workloads": [workload(placement=placing)]}).problems
    assert problem.message == f"spec.workloads[web].placement.{message}; this Application has: web."


def test_a_resource_to_be_near_to_exists() -> None:
    spec = {"workloads": [workload(placement={"affinity": {"resources": ["orders"]}})]}
    problems = {problem.reason: problem.message for problem in resolved(spec).problems}
    assert problems["ReferenceNotFound"].endswith("affinity.resources: there is no orders; this Application has: none.")


def test_peers_of_other_applications_are_asked_for_by_name() -> None:
    term = {"workload": "db", "application": "store"}
    spec = {"workloads": [workload(placement={"affinity": {"workloads": [term]}})]}
    where = replace(world(FAR, NEAR), neighbours=lambda name: (Placed(workload="db", cell="us-1", replicas=1),))
    assert [one.cell for one in resolved(spec, where).placements] == ["us-1"]
    assert [problem.reason for problem in resolved(spec, world(FAR, NEAR)).problems] == ["DoesNotFit"]


def beside(spec: dict[str, Any], where: World, *unpromised: CellView) -> tuple[DesiredState, bool]:
    """The Desired State, and whether it was asked what is promised to others."""
    asked: list[bool] = []

    def answer() -> tuple[CellView, ...]:
        asked.append(True)
        return unpromised

    return resolve_beside_others(ApplicationSpec.model_validate(spec), where, answer), bool(asked)


SMALL = cell("eu-a", *on_nodes_of(1))


@pytest.mark.parametrize("placed", [(), (Placed(workload="web", cell="eu-a", replicas=1),)])
def test_room_that_is_promised_to_others_is_not_free_for_what_is_to_be_placed(placed: tuple[Placed, ...]) -> None:
    spec, given = {"workloads": [workload(replicas=3)]}, world(EU_A, placed=placed)
    state, asked = beside(spec, given, SMALL)
    assert (state, asked) == (resolve(ApplicationSpec.model_validate(spec), replace(given, cells=[SMALL])), True)
    assert "web" in state.shortages


def test_it_is_not_even_asked_while_everything_stays_where_it_is() -> None:
    """The answer takes a look at everything that is promised in the fleet, and most passes place nothing."""
    placed = (
        Placed(workload="web", cell="eu-a", replicas=3, reason="r"),
        Placed(workload="d", cell="eu-a", replicas=1),
    )
    daemon = workload("d", kind="DaemonSet")
    state, asked = beside({"workloads": [workload(replicas=3), daemon]}, world(EU_A, placed=placed))
    assert (state.placements, asked) == (placed[:1] + state.placements[1:], False)


def test_it_is_asked_for_what_has_to_leave() -> None:
    placed = (Placed(workload="web", cell="us", replicas=1),)
    only_eu = workload(replicas=1, placement={"cellSelector": {"matchLabels": {"in": "eu"}}})
    eu = cell("eu", labels={"in": "eu"})
    state, asked = beside(
        {"workloads": [only_eu]}, world(eu, US, placed=placed), cell("eu", node(), labels={"in": "eu"})
    )
    assert asked
    assert [problem.reason for problem in state.problems] == ["DoesNotFit"], "there is no room for it elsewhere"
