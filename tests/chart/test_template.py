"""What the chart renders, and what it refuses to render."""

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import pytest
import yaml

from pilothouse.runtime.options import Options, options
from pilothouse.runtime.probes import parsed
from pilothouse.runtime.process import GRACE_SECONDS
from tests.chart.installing import CHART, given, render
from tests.cluster import CommandError, RunningCluster

pytestmark = pytest.mark.cluster

EVERYTHING: dict[str, Any] = {
    "nameOverride": "ph",
    "image": {"repository": "images.example:5000/team/pilothouse", "digest": f"sha256:{'0' * 64}"},
    "imagePullSecrets": [{"name": "pull"}],
    "replicas": 1,
    "controlPlaneID": "prod-eu",
    "log": {"format": "text", "level": "debug"},
    "sweepSeconds": 5,
    "env": [{"name": "HTTPS_PROXY", "value": "proxy:3128"}],
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
    "priorityClassName": "platform",
    "nodeSelector": {"pool": "platform"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    ],
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "platform"},
    "serviceAccount": {"annotations": {"role": "pilothouse"}},
    "crds": {"keep": False},
    "rbac": {"aggregate": False},
    "writeNamespaces": ["shop", "search"],
    "manifests": {"rules": [{"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"]}]},
    "admission": {"exemptGroups": ["rescuers"]},
    "metrics": {"port": 9090},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "networkPolicy": {
        "metricsFrom": [{"namespaceSelector": {}}],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
    },
}
TOGGLES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything set": EVERYTHING,
    "everything off": {
        "serviceAccount": {"create": False},
        "crds": {"enabled": False},
        "rbac": {"create": False},
        "admission": {"enabled": False},
        "networkPolicy": {"enabled": False},
    },
}


@pytest.mark.parametrize("values", TOGGLES.values(), ids=TOGGLES)
def test_helm_finds_nothing_to_mend(cluster: RunningCluster, values: dict[str, Any]) -> None:
    cluster.helm("lint", "--strict", str(CHART), *given(), stdin=json.dumps(values))


@dataclass(frozen=True)
class Wrong:
    """Values that must be refused, and words of the message."""

    values: dict[str, Any]
    words: str
    reason: str = field(kw_only=True)


WRONG = {
    "a typo": Wrong({"replica": 2}, "'replica' not allowed", reason="a misspelled value would be ignored in silence"),
    "a typo inside": Wrong({"crds": {"kept": True}}, "'kept' not allowed", reason="the kinds would not be kept"),
    "three replicas": Wrong({"replicas": 3}, "maximum: got 3", reason="a third one only waits"),
    "text for a number": Wrong({"replicas": "2"}, "got string, want integer", reason="as --set-string gives it"),
    "no log format": Wrong({"log": {"format": "xml"}}, "'json', 'text'", reason="the operator would not start"),
    "a control plane ID that is no label": Wrong(
        {"controlPlaneID": "prod eu"}, "controlPlaneID", reason="every object it owns carries it as a label"
    ),
    "a digest without an algorithm": Wrong({"image": {"digest": "0" * 64}}, "digest", reason="nothing could pull it"),
    "metrics on the probes' port": Wrong({"metrics": {"port": 8080}}, "port", reason="the operator could not listen"),
    "verbs in a rule": Wrong(
        {"manifests": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}]}},
        "'verbs' not allowed",
        reason="the chart grants what the operator needs and no more",
    ),
    "no way out": Wrong({"networkPolicy": {"egress": []}}, "minItems", reason="the operator could reach nothing"),
    "a group that ends the expression": Wrong(
        {"admission": {"exemptGroups": ["a' || 'b"]}},
        "exemptGroups",
        reason="a value must not become code of the policy",
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wrong_values_are_refused_by_name(cluster: RunningCluster, wrong: Wrong) -> None:
    with pytest.raises(CommandError) as refused:
        render(cluster, **wrong.values)
    assert wrong.words in str(refused.value), wrong.reason


def test_the_schema_knows_each_value_that_has_a_default_and_no_other() -> None:
    """A value without a default has no comment that explains it either."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    # A map of the user's own, or Kubernetes' own, in which nothing is set.
    assert set(schema["properties"]) - {"global"} == set(values)
    for name, value in values.items():
        known = schema["properties"][name].get("properties")
        if known and value:
            assert set(known) - {"claims"} == set(value), name


def test_the_chart_installs_the_version_it_comes_with() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == version("pilothouse"), "the image's tag follows appVersion"


def test_the_container_holds_to_the_least_it_needs(cluster: RunningCluster) -> None:
    rendered = render(cluster)
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
    }
    assert rendered.pod["securityContext"]["runAsNonRoot"]
    assert rendered.pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    mounted = {mount["name"]: mount["mountPath"] for mount in rendered.container["volumeMounts"]}
    assert mounted == {"tmp": "/tmp"}  # noqa: S108 - a path in the container
    assert not rendered.one("ServiceAccount")["automountServiceAccountToken"]


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything set"])
def test_the_operator_understands_its_arguments(cluster: RunningCluster, values: dict[str, Any]) -> None:
    """The flags are the operator's to rename: then this says so, and not a pod that never starts."""
    container = render(cluster, **values).container
    command, *_ = container["args"]
    assert command == "run"
    understood = options(container["args"])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"probes": parsed(understood.liveness)[1], "metrics": parsed(understood.metrics)[1]}
    assert understood.control_plane_id == values.get("controlPlaneID", "")
    assert understood.sweep_seconds == values.get("sweepSeconds", Options("any").sweep_seconds)


def test_the_next_leader_is_ready_before_the_last_one_ends(cluster: RunningCluster) -> None:
    deployment = render(cluster).one("Deployment")["spec"]
    assert deployment["strategy"] == {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    grace = deployment["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > 5 * GRACE_SECONDS, "else a kubelet kills it before the Lease is given back"


def test_every_value_reaches_what_it_is_for(cluster: RunningCluster) -> None:
    rendered = render(cluster, **EVERYTHING)
    deployment, pod, container = rendered.one("Deployment"), rendered.pod, rendered.container
    assert deployment["spec"]["replicas"] == 1
    assert container["image"] == f"images.example:5000/team/pilothouse@sha256:{'0' * 64}"
    assert {"name": "HTTPS_PROXY", "value": "proxy:3128"} in container["env"]
    assert container["resources"]["requests"]["cpu"] == "1"
    kept = (
        "imagePullSecrets",
        "priorityClassName",
        "nodeSelector",
        "tolerations",
        "affinity",
        "topologySpreadConstraints",
    )
    assert {name: pod[name] for name in kept} == {name: EVERYTHING[name] for name in kept}
    metadata = deployment["spec"]["template"]["metadata"]
    assert metadata["annotations"] == {"a": "b"}
    assert metadata["labels"]["team"] == "platform"
    assert rendered.one("Service")["spec"]["ports"][0]["port"] == 9090
    assert rendered.one("ServiceMonitor")["metadata"]["labels"]["release"] == "prometheus"
    assert rendered.one("ServiceAccount")["metadata"]["annotations"] == {"role": "pilothouse"}
    assert rendered.one("NetworkPolicy")["spec"]["egress"] == EVERYTHING["networkPolicy"]["egress"]
    conditions = [each["spec"]["matchConditions"] for each in rendered.all("ValidatingAdmissionPolicy")]
    assert all("'rescuers'" in condition[0]["expression"] for condition in conditions)
    assert not any("aggregate" in label for role in rendered.all("ClusterRole") for label in role["metadata"]["labels"])


def test_what_is_switched_off_is_not_rendered(cluster: RunningCluster) -> None:
    rendered = render(cluster, **TOGGLES["everything off"])
    kinds = {manifest["kind"] for manifest in rendered.manifests}
    assert kinds == {"Deployment", "PodDisruptionBudget", "Service"}
    assert rendered.pod["serviceAccountName"] == "default"


@pytest.mark.parametrize("keep", [True, False])
def test_the_kinds_are_kept_as_asked(cluster: RunningCluster, *, keep: bool) -> None:
    definitions = render(cluster, crds={"keep": keep}).all("CustomResourceDefinition")
    assert len(definitions) == 4
    policies = [each["metadata"].get("annotations", {}).get("helm.sh/resource-policy") for each in definitions]
    assert policies == ["keep" if keep else None] * 4


def test_the_selectors_find_the_pods_whatever_labels_they_have(cluster: RunningCluster) -> None:
    rendered = render(cluster, podLabels={"team": "platform"})
    labels = rendered.one("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    assert rendered.one("Service")["spec"]["selector"].items() <= labels
    assert rendered.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels
    assert rendered.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items() <= labels


def test_a_long_release_name_still_gives_names_that_fit(cluster: RunningCluster) -> None:
    done = cluster.helm("template", "r" * 53, str(CHART))
    names = [each["metadata"]["name"] for each in yaml.load_all(done.stdout, yaml.CSafeLoader) if each]
    assert max(map(len, names)) <= 63, names
