"""What an Application and its manifests must be."""

from tests.crds.case import Rule
from tests.crds.manifests import (
    application,
    config_map,
    of_manifest,
    workload,
)

APPLICATION: dict[str, Rule] = {
    "a name that leaves room for derived names": Rule(
        application(name="a" * 41),
        ("metadata.name: use lower-case letters, digits and inner dashes, at most 40 characters",),
        application(name="a" * 40),
        "Deployments and cloud resources are named after it",
    ),
    "a name without dots": Rule(
        application(name="shop.checkout"),
        ("metadata.name: use lower-case letters, digits and inner dashes",),
        application(name="shop-checkout"),
        "labels and pod names cannot have them",
    ),
    "workloads have names of their own": Rule(
        application(workloads=[workload("web"), workload("web")]),
        ("spec.workloads[1]: Duplicate value", '"web"'),
        application(workloads=[workload("web"), workload("worker")]),
        "the ledger and dependsOn know them by name",
    ),
    "resources have names of their own": Rule(
        application(resources=[{"name": "a", "cell": "c", "awsQueue": {}}] * 2),
        ("spec.resources[1]: Duplicate value", '"a"'),
        application(resources=[{"name": name, "cell": "c", "awsQueue": {}} for name in ("a", "b")]),
        "the ledger and dependsOn know them by name",
    ),
    "a resource is not called like a workload": Rule(
        application(workloads=[workload("web")], resources=[{"name": "web", "cell": "c", "awsQueue": {}}]),
        ("spec: Invalid value", "resources: rename the one that has a workload's name"),
        application(workloads=[workload("web")], resources=[{"name": "orders", "cell": "c", "awsQueue": {}}]),
        "dependsOn names both and must mean one",
    ),
    "the enumerations of changePolicy": Rule(
        application(changePolicy={"approval": "Never"}),
        ("spec.changePolicy.approval: Unsupported value", '"Never"', '"Automatic", "Destructive", "Always"'),
        application(changePolicy={"approval": "Always", "drift": "Report"}),
        "a typo must not weaken what waits for approval",
    ),
}

MANIFESTS: dict[str, Rule] = {
    "a manifest has an apiVersion": Rule(
        application(manifests=[{"kind": "ConfigMap", "metadata": {"name": "a"}}]),
        ("spec.manifests[0].apiVersion: Required value",),
        of_manifest(metadata={"name": "a"}),
        "it could not be applied",
    ),
    "a manifest has a kind": Rule(
        of_manifest(metadata={"name": "a"}, kind=""),
        ("spec.manifests[0].kind: Invalid value", "at least 1 chars long"),
        of_manifest(metadata={"name": "a"}),
        "it could not be applied",
    ),
    "a manifest has a name": Rule(
        of_manifest(metadata={"generateName": "a-"}),
        ("spec.manifests[0].metadata.name: Required value",),
        of_manifest(metadata={"name": "a", "labels": {"b": "c"}}, data={"any": "thing"}),
        "what has no name of its own would be created again and again",
    ),
    "a manifest has no namespace": Rule(
        of_manifest(metadata={"name": "a", "namespace": "kube-system"}),
        ("spec.manifests[0]", "metadata.namespace: remove it: manifests live in the Application's own namespace"),
        of_manifest(metadata={"name": "a"}),
        "a tenant must not write into another's namespace",
    ),
    "a manifest has no owner": Rule(
        of_manifest(metadata={"name": "a", "ownerReferences": [{"kind": "Node", "name": "n", "uid": "1"}]}),
        ("spec.manifests[0]", "metadata.ownerReferences: remove them: the Application decides when"),
        of_manifest(metadata={"name": "a", "finalizers": ["example.org/hold"]}),
        "garbage collection asks neither for order nor for Retain, and what a controller owns is nobody else's",
    ),
    "a manifest is of no kind of ours": Rule(
        of_manifest(metadata={"name": "a"}, apiVersion="pilothouse.dev/v1alpha1", kind="Plan"),
        ("spec.manifests[0]", "apiVersion: remove the manifest: an Application makes no objects of pilothouse.dev"),
        of_manifest(metadata={"name": "a"}, apiVersion="pilothouse.development/v1", kind="Plan"),
        "the operator would write in its own name what its author may not",
    ),
    "a manifest is given once": Rule(
        application(manifests=[config_map(metadata={"name": "a"})] * 2),
        ("spec.manifests", "remove the manifest that repeats another's apiVersion, kind and metadata.name"),
        application(
            manifests=[
                config_map(metadata={"name": "a"}),
                config_map(metadata={"name": "b"}),
                config_map(metadata={"name": "a"}, kind="Secret"),
            ]
        ),
        "the two would be applied in turn for ever",
    ),
}
