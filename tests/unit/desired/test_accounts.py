"""A workload's own ServiceAccount comes after the role that it has and before the pods that have it."""

from typing import Any

import pytest

from pilothouse.api.application import ApplicationSpec
from pilothouse.catalog.kinds import Catalog
from pilothouse.dataplane.kubernetes.types.objects import Manifest
from pilothouse.dataplane.types import Digest, Ref
from pilothouse.desired.resolve import World, resolve
from pilothouse.desired.state import DesiredState
from pilothouse.desired.workloads import OUTPUTS_ANNOTATION
from tests.unit.desired.test_resolve import AWS, EU_A, EU_B, OWNER, US, after, queue, workload

ARN = "arn:aws:iam::123456789012:role/orders"


TRUST = '{"Version": "2012-10-17", "Statement": []}'


def role(name: str = "reader") -> dict[str, Any]:
    return {"name": name, "cell": "aws", "awsRole": {"assumeRolePolicyDocument": TRUST}}


def resolved(*resources: dict[str, Any], **fields: Any) -> DesiredState:
    spec = ApplicationSpec.model_validate({"workloads": [workload(**fields)], "resources": list(resources)})
    return resolve(spec, World(OWNER, (EU_A, EU_B, US, AWS), Catalog()))


def body(state: DesiredState, kind: str) -> dict[str, Any]:
    (first, *_) = [target.spec for key, target in state.targets.items() if key.type == kind]
    assert isinstance(first, Manifest)
    return first.body


def test_the_pods_have_the_role_of_their_account() -> None:
    state = resolved(role(), serviceAccount={"awsRole": {"ref": "reader"}})
    assert state.problems == ()
    arn = Ref("reader", "arn")
    metadata = body(state, "ServiceAccount")["metadata"]
    assert (metadata["name"], metadata["annotations"]) == ("web", {"eks.amazonaws.com/role-arn": arn})
    pods = body(state, "Deployment")["spec"]["template"]
    assert pods["spec"]["serviceAccountName"] == "web"
    assert pods["metadata"]["annotations"] == {OUTPUTS_ANNOTATION: Digest((arn,))}, "the role is given to new pods only"


def test_the_role_comes_first_then_the_account_of_each_cluster_and_then_its_pods() -> None:
    spread = {"spread": {"minDomains": 3}}
    state = resolved(role(), replicas=3, placement=spread, serviceAccount={"awsRole": {"ref": "reader"}})
    accounts = {str(key) for key in state.targets if key.type == "ServiceAccount"}
    assert accounts == {"eu-a/ServiceAccount/web", "us/ServiceAccount/web"}
    assert all(after(state, account) == {"aws/awsRole/reader"} for account in accounts)
    assert after(state, "eu-b/Deployment/checkout-web-eu-b") == {"eu-a/ServiceAccount/web"}
    assert after(state, "us/Deployment/checkout-web-us") == {"us/ServiceAccount/web"}


@pytest.mark.parametrize(
    ("account", "annotations"),
    [({"name": "orders"}, None), ({"name": "orders", "awsRole": {"arn": ARN}}, {"eks.amazonaws.com/role-arn": ARN})],
    ids=["no role", "a role that exists"],
)
def test_an_account_may_have_a_name_of_its_own_and_any_role_or_none(
    account: dict[str, Any], annotations: dict[str, str] | None
) -> None:
    state = resolved(serviceAccount=account)
    metadata = body(state, "ServiceAccount")["metadata"]
    assert (metadata["name"], metadata.get("annotations")) == ("orders", annotations)
    assert body(state, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "orders"


WRONG = {
    "no such resource": ([role("writer")], "there is no awsRole reader; name one of this Application's: writer."),
    "a resource that is no role": (
        [queue("reader")],
        "there is no awsRole reader; name one of this Application's: it has none.",
    ),
}


@pytest.mark.parametrize(("resources", "message"), WRONG.values(), ids=WRONG)
def test_a_role_that_is_none_is_told_with_those_that_are(resources: list[dict[str, Any]], message: str) -> None:
    (problem,) = resolved(*resources, serviceAccount={"awsRole": {"ref": "reader"}}).problems
    assert problem.reason == "ReferenceNotFound"
    assert problem.message == f"spec.workloads[web].serviceAccount.awsRole.ref: {message}"
