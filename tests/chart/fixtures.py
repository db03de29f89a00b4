"""pytest plugin: `installed_chart`, the chart in the run's cluster, for tests that act as its ServiceAccount.

Switch it on with `pytest_plugins = [..., "tests.chart.fixtures"]` in the topmost conftest.py.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chart import installing
from tests.cluster import RunningCluster, ServiceAccount
from tests.cluster.fixtures import namespace_name

POLICY_SECONDS = 30.0
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@dataclass(frozen=True)
class InstalledChart:
    """The chart as it is installed, without pods: `kubeconfig` acts as the ServiceAccount that they would have.

    Run the operator with it as KUBECONFIG and with `--namespace` as given here.
    """

    namespace: str
    service_account: ServiceAccount
    kubeconfig: Path

    @property
    def username(self) -> str:
        """How the API server calls the operator."""
        return f"system:serviceaccount:{self.service_account.namespace}:{self.service_account.name}"


@pytest.fixture(scope="session")
def installed_chart(cluster: RunningCluster) -> Iterator[InstalledChart]:
    """The chart in a namespace of its own; its policies bind everybody but the cluster's own user."""
    namespace = namespace_name("pilothouse")
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl("label", "namespace", namespace, RESTRICTED)
    try:
        # Other tests apply the kinds themselves, before or after.
        flags = ("--take-ownership", "--force-conflicts")
        exempt = installing.groups_of_administrator(cluster)
        installing.install(cluster, namespace, *flags, replicas=0, admission={"exemptGroups": exempt})
        account = ServiceAccount(namespace, installing.RELEASE)
        chart = InstalledChart(namespace, account, cluster.kubeconfig_for(account))
        wait_for_policies(cluster, chart)
        yield chart
        installing.uninstall(cluster, namespace)
    finally:
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def wait_for_policies(cluster: RunningCluster, chart: InstalledChart) -> None:
    """Wait until the API server enforces the policies, which is a moment after it has stored them."""
    plan = {
        "apiVersion": "pilothouse.dev/v1alpha1",
        "kind": "Plan",
        "metadata": {"name": "probe", "namespace": chart.namespace, "annotations": {"pilothouse.dev/approved": "x"}},
        "spec": {
            "applicationRef": {"name": "probe", "uid": "1"},
            "revision": 1,
            "reason": "SpecChanged",
            "desiredHash": "",
            "approvalHash": "",
            "steps": [],
        },
    }
    deadline = time.monotonic() + POLICY_SECONDS
    while True:
        asked = ("create", "--dry-run=server", "--filename=-")
        done = cluster.kubectl(*asked, stdin=json.dumps(plan), as_=chart.kubeconfig, check=False)
        if "lacks the verb approve" in done.stderr:
            return
        said = done.stderr or done.stdout
        assert time.monotonic() < deadline, f"no policy is enforced after {POLICY_SECONDS:.0f} s: {said}"
        time.sleep(0.2)
