"""What is asked of an Application reaches it as an annotation, written as the person who asks."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cluster.rights import Right, until_allowed
from tests.cluster.running import User
from tests.integration.cli.conftest import Objects, Typed, WhileAsking
from tests.unit.cli import samples

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


CACHE = "aws-eu-west-1/awsInstance/cache-node=0:i-1"
QUEUE = "aws-eu-west-1/awsQueue/orders=0:https://sqs/orders"
NODE = {"imageID": "ami-2", "instanceType": "t3.small", "subnet": {"id": "s-1"}}
RESOURCES = [*samples.APPLICATION["spec"]["resources"][:2], {"name": "cache-node", "cell": "aws", "awsInstance": NODE}]
ALL: dict[str, Any] = {"spec__resources": RESOURCES}


def test_a_replacement_is_asked_for_by_the_identity_of_what_exists(objects: Objects, typed: Typed) -> None:
    objects.application(**ALL)
    ended = typed("replace", "checkout", "cache-node", "--yes")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == (
        f"Application {objects.namespace}/checkout: the replacement of awsInstance cache-node in aws-eu-west-1 is "
        f"asked for. Its Plan shows it: kubectl pilothouse plan checkout --namespace={objects.namespace} "
        f"--kubeconfig={objects.cluster.kubeconfig}"
    )
    assert objects.asked("replace") == CACHE
    assert typed("replace", "checkout", "orders", "--yes").code == 0
    assert objects.asked("replace") == f"{CACHE} {QUEUE}"
    again = typed("replace", "checkout", "cache-node", "--yes")
    assert again.code == 0
    assert "the replacement of awsInstance cache-node in aws-eu-west-1 is asked for already: see " in again.err
    objects.status("application", "checkout", {"replaced": [CACHE]})
    assert typed("replace", "checkout", "worker", "--yes").code == 0
    assert objects.asked("replace") == f"{QUEUE} eu-1-a/Deployment/checkout-worker-eu-1-a=0:x"


def test_without_a_terminal_nothing_is_replaced_by_accident(objects: Objects, typed: Typed) -> None:
    objects.application(**ALL)
    ended = typed("replace", "checkout", "cache-node")
    assert ended.code == 1
    assert ended.err.endswith(
        "awsInstance cache-node in aws-eu-west-1 is not replaced: there is no terminal to ask on: "
        "repeat with --yes if you mean it"
    )
    assert typed("replace", "checkout", "cache", "--yes").err.endswith(
        "it has no cache: did you mean cache-node? name one that its status shows"
    )
    assert objects.asked("replace") is None


def test_progress_written_while_a_person_thinks_does_not_spoil_the_request(
    objects: Objects, typed: Typed, while_asking: WhileAsking
) -> None:
    objects.application(**ALL)
    while_asking(lambda: objects.status("application", "checkout", {"planRevision": 13}))
    assert typed("replace", "checkout", "cache-node").code == 0
    assert objects.asked("replace") == CACHE


def test_what_was_made_anew_while_a_person_thinks_is_not_what_they_meant(
    objects: Objects, typed: Typed, while_asking: WhileAsking
) -> None:
    made = {"name": "cache-node", "type": "awsInstance", "cell": "aws-eu-west-1", "id": "i-2", "incarnation": 1}
    objects.application(**ALL)
    while_asking(lambda: objects.status("application", "checkout", {"resources": [made]}))
    ended = typed("replace", "checkout", "cache-node")
    assert ended.code == 1
    assert ended.err.endswith("awsInstance cache-node in aws-eu-west-1 is another one meanwhile: look at it again")
    assert objects.asked("replace") is None
