"""Install, upgrade and remove, as people and as Argo CD do it, in a cluster of their own."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from pilothouse.api.meta import GROUP
from tests.chart import installing
from tests.chart.fixtures import RESTRICTED
from tests.chart.installing import NAMESPACE, RELEASE
from tests.cluster import BuiltCluster, Cluster, RunningCluster
from tests.cluster.fleet import until
from tests.cluster.rights import Right, allowed, until_allowed
from tests.crds.manifests import application

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

RELEASE_LIMIT = 1_048_576
"""Bytes of a Secret, which is where Helm keeps a release."""
OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
WAIT = ("--wait", "--timeout=180s")
SETTLED_SECONDS = 60.0
KINDS = [f"{plural}.{GROUP}" for plural in ("applications", "cells", "fleetpolicies", "plans")]


@pytest.fixture(scope="module")
def fresh() -> Iterator[BuiltCluster]:
    """A cluster of this module's own, whose namespace for the operator is as restricted as Kubernetes can make it."""
    with Cluster() as cluster:
        cluster.kubectl("create", "namespace", NAMESPACE)
        cluster.kubectl("label", "namespace", NAMESPACE, RESTRICTED)
        yield cluster


@pytest.fixture
def bare(fresh: BuiltCluster) -> Iterator[BuiltCluster]:
    """That cluster without the chart, afterwards too; what the chart leaves stays."""
    yield fresh
    fresh.helm("uninstall", RELEASE, f"--namespace={NAMESPACE}", "--ignore-not-found", "--wait")


def read(cluster: RunningCluster, *words: str) -> Any:
    return json.loads(cluster.kubectl("get", *words, f"--namespace={NAMESPACE}", "--output=json").stdout)


def kinds_of(cluster: RunningCluster) -> list[str]:
    """Names of our kinds that the API server knows."""
    return [name for name in (item["metadata"]["name"] for item in read(cluster, "crd")["items"]) if GROUP in name]


def test_it_runs_where_only_restricted_pods_may(bare: BuiltCluster) -> None:
    """Pods are admitted by the Pod Security level `restricted`, scheduled, and Ready, on nodes that only pretend."""
    installing.install(bare, NAMESPACE, *WAIT)
    pods = read(bare, "pods")["items"]
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 2, "both pods on one node fail together"
    size = sum(len(value) for secret in read(bare, "secrets")["items"] for value in secret["data"].values())
    assert size < RELEASE_LIMIT / 2, "the kinds grow with every resource type, and a release must fit into a Secret"
    for policy in read(bare, "validatingadmissionpolicies")["items"]:
        bare.kubectl("wait", f"validatingadmissionpolicy/{policy['metadata']['name']}", TYPES_CHECKED, "--timeout=120s")
        checked = read(bare, "validatingadmissionpolicy", policy["metadata"]["name"])["status"]["typeChecking"]
        assert checked == {}, "the API server finds a field in an expression that the kinds do not have"


TYPES_CHECKED = "--for=jsonpath={.status.typeChecking}"


def test_the_notes_can_be_followed_word_by_word(bare: BuiltCluster) -> None:
    installing.install(bare, NAMESPACE, *WAIT)
    notes = bare.helm("get", "notes", RELEASE, f"--namespace={NAMESPACE}").stdout
    cell = re.search(r"echo '(.+)' \| kubectl apply --filename -", notes)
    assert cell, notes
    bare.kubectl("apply", "--filename=-", stdin=cell[1])
    commands = re.findall(r"^ +kubectl (.+)$", notes, flags=re.MULTILINE)
    assert len(commands) == 3, notes
    for command in commands:
        words = command.replace("GROUP", "leads").replace("NAMESPACE", "default").split()
        bare.kubectl(*words)
    until_allowed(bare, [Right("approve", "plans.pilothouse.dev", "default")], "jane", ["leads"])


def test_an_upgrade_changes_what_the_new_values_say(bare: BuiltCluster) -> None:
    bare.kubectl("create", "namespace", "shop")
    installing.install(bare, NAMESPACE, *WAIT)
    everywhere = [Right("create", "secrets", namespace) for namespace in ("shop", "default")]
    until_allowed(bare, everywhere, OPERATOR)
    narrow: dict[str, Any] = {
        "replicas": 1,
        "writeNamespaces": ["shop"],
        "manifests": {"rules": [{"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"]}]},
    }
    installing.install(bare, NAMESPACE, *WAIT, **narrow)
    until(lambda: len(read(bare, "pods")["items"]) == 1, "one pod is left", SETTLED_SECONDS)
    asked = [
        *everywhere,
        Right("list", "secrets"),
        Right("patch", "poddisruptionbudgets.policy", "shop"),
        Right("watch", "poddisruptionbudgets.policy"),
    ]
    asked += [Right("patch", "poddisruptionbudgets.policy", "default"), Right("create", "secrets", NAMESPACE)]
    not_given = [Right("create", "secrets", "default"), Right("patch", "poddisruptionbudgets.policy", "default")]
    until(
        lambda: [right for right, given in allowed(bare, asked, OPERATOR).items() if not given] == not_given,
        "reading is cluster-wide, writing is not, and its own namespace stays its own",
        SETTLED_SECONDS,
    )
    bare.helm("rollback", RELEASE, "1", f"--namespace={NAMESPACE}", *WAIT)
    until_allowed(bare, everywhere, OPERATOR)
    bare.kubectl("delete", "namespace", "shop")


def test_the_kinds_and_all_applications_outlive_the_chart(bare: BuiltCluster) -> None:
    installing.install(bare, NAMESPACE)
    bare.kubectl("apply", "--filename=-", stdin=json.dumps(application(name="kept")))
    installing.uninstall(bare, NAMESPACE)
    assert kinds_of(bare) == KINDS
    kept = bare.kubectl("get", "phapp", "kept", "--namespace=default", "--output=name").stdout
    assert kept.strip() == "application.pilothouse.dev/kept"
    assert not read(bare, "validatingadmissionpolicies")["items"], (
        "a policy without its operator would only be in the way"
    )
    installing.install(bare, NAMESPACE)
    bare.kubectl("delete", "phapp", "kept", "--namespace=default")


def test_argo_cd_may_apply_it_again_and_again(bare: BuiltCluster) -> None:
    """It renders without a cluster and applies on the server's side: the second time nothing changes."""
    rendered = installing.render(bare).manifests
    listed = yaml.safe_dump_all(rendered)
    applied = (
        "apply",
        "--server-side",
        "--field-manager=argocd-controller",
        f"--namespace={NAMESPACE}",
        "--filename=-",
    )
    bare.kubectl(*applied, stdin=listed)
    bare.kubectl("rollout", "status", f"deployment/{RELEASE}", f"--namespace={NAMESPACE}", "--timeout=90s")
    before = versions(bare, rendered)
    bare.kubectl(*applied, stdin=listed)
    after = versions(bare, rendered)
    assert {name for name in before if before[name] != after[name]} == set()
    installing.install(bare, NAMESPACE, "--take-ownership", *WAIT)


def versions(cluster: RunningCluster, manifests: list[installing.Manifest]) -> dict[tuple[str, str], int]:
    """The generation of each object by kind and name; where there is none, 0."""
    names = [f"{each['kind']}/{each['metadata']['name']}" for each in manifests]
    items = read(cluster, *names)["items"]
    return {(item["kind"], item["metadata"]["name"]): item["metadata"].get("generation", 0) for item in items}
