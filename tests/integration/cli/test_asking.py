"""What is asked of an Application reaches it as an annotation, written as the person who asks."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.cluster.rights import Right, until_allowed
from tests.cluster.running import User
from tests.integration.cli.conftest import Objects, Typed

pytestmark = pytest.mark.cluster
READY = [{"type": "Ready", "status": "True", "reason": "Converged", "message": ""}]


def test_another_try_is_asked_for_by_the_time_of_asking(objects: Objects, typed: Typed) -> None:
    objects.application()
    ended = typed("retry", "checkout")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == (
        f"Application {objects.namespace}/checkout is tried again now. Follow it with: kubectl pilothouse status "
        f"checkout --namespace={objects.namespace} --kubeconfig={objects.cluster.kubeconfig}"
    )
    first = objects.asked("retry")
    assert first is not None
    assert abs(datetime.now(UTC) - datetime.fromisoformat(first)) < timedelta(minutes=1)
    assert typed("retry", "checkout").code == 0
    assert objects.asked("retry") != first, "to ask twice is to ask twice"


def test_nothing_is_written_where_nothing_failed_or_another_try_cannot_help(objects: Objects, typed: Typed) -> None:
    objects.application(status__conditions=READY)
    ended = typed("retry", "checkout")
    assert (ended.code, ended.err) == (
        0,
        f"Nothing to retry: Application {objects.namespace}/checkout is as its spec wants it.",
    )
    objects.application("paused", spec__suspend=True)
    ended = typed("retry", "paused")
    assert ended.code == 1
    assert ended.err.endswith("not tried again: it is suspended: set spec.suspend to false, and it goes on by itself")
    assert objects.asked("retry") is None


def test_who_may_only_read_learns_which_role_may_ask(objects: Objects, typed: Typed) -> None:
    objects.application()
    where = f"--namespace={objects.namespace}"
    objects.cluster.kubectl("create", "role", "reader", "--verb=get", "--resource=applications.pilothouse.dev", where)
    objects.cluster.kubectl("create", "rolebinding", "reader", "--role=reader", "--user=jane", where)
    until_allowed(objects.cluster, [Right("get", "applications.pilothouse.dev", objects.namespace)], "jane")
    ended = typed("retry", "checkout", f"--kubeconfig={objects.cluster.kubeconfig_for(User('jane'))}")
    assert ended.code == 1
    assert ended.err.endswith("patch on applications.pilothouse.dev, which the ClusterRole pilothouse-editor gives")
    assert objects.asked("retry") is None


def test_a_tool_that_applies_from_git_sees_no_difference_and_takes_nothing_back(objects: Objects, typed: Typed) -> None:
    """As Argo CD does: by server-side apply under its own name, and by comparing what that would change."""
    spec = {"resources": [{"name": "orders", "cell": "aws-eu-west-1", "awsQueue": {}}]}
    metadata = {"name": "checkout", "namespace": objects.namespace}
    manifest = json.dumps(
        {"apiVersion": "pilothouse.dev/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}
    )
    argo = ("--server-side", "--field-manager=argocd-controller", "--force-conflicts", "--filename=-")
    objects.cluster.kubectl("apply", *argo, stdin=manifest)
    assert typed("retry", "checkout").code == 0
    asked = objects.asked("retry")
    assert objects.cluster.kubectl("diff", *argo, stdin=manifest).stdout == ""
    objects.cluster.kubectl("apply", *argo, stdin=manifest)
    assert objects.asked("retry") == asked is not None
