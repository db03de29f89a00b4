"""No secret ever reaches a Plan, whatever it is part of and whatever is done to it."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.plan import PlanSpec
from pilothouse.dataplane.aws.types.instance import Instance
from pilothouse.dataplane.kubernetes.types.fields import changed
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject, Manifest, reading_of
from pilothouse.dataplane.types import Mark, Sensitive, TargetKey
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Preview, Snapshot
from pilothouse.planning.plan import Policy, Proposal, make_plan
from tests.unit.planning.things import (
    ABSENT,
    NOW,
    OWNER,
    SUBJECT,
    UID,
    applied,
    desired,
    entry,
    ledger,
    plan,
    present,
    quick,
    reading,
    seen,
    target,
)

SECRETS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=24).map(lambda text: f"s3cr3t-{text}")
SECRET = "hunter2-hunter2-hunter2"
ENCODED = base64.b64encode(SECRET.encode()).decode()


def written(proposal: Proposal) -> str:
    """What the API server, and everyone who may read Plans, gets to see; and what is logged of it."""
    spec = proposal.spec("checkout", UID, 1)
    assert spec.steps, "an empty plan hides everything"
    stored = PlanSpec.model_validate_json(spec.model_dump_json(by_alias=True))
    return f"{spec.model_dump_json(by_alias=True)} {stored!r} {spec!r} {proposal!r}"


@given(SECRETS, SECRETS)
@quick
def test_a_sensitive_setting_is_never_shown(secret: str, other: str) -> None:
    one, two = target("a", password=secret), target("a", password=f"{other}-2")
    made = written(plan(desired(one)))
    changed_ = written(plan(desired(one), ledger(applied(two)), seen(reading("a", password=f"{other}-2"))))
    gone = written(plan(DesiredState(), ledger(applied(one)), seen(reading("a", password=secret))))
    for text in (made, changed_, gone):
        assert secret not in text
        assert other not in text
    assert '"to":"(sensitive)"' in made
    assert '"from":"(sensitive)","to":"(sensitive)"' in changed_


POD = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "web:1",
                "env": [{"name": "PASSWORD", "value": SECRET}, {"name": "URL", "value": Sensitive(SECRET)}],
            }
        ]
    },
}
OBJECTS: dict[str, dict[str, Any]] = {
    "data of a Secret": {"apiVersion": "v1", "kind": "Secret", "data": {"password": ENCODED}},
    "texts of a Secret": {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": SECRET}},
    "an env literal": {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1, "template": POD}},
}


def stored(body: dict[str, Any], path: dict[str, Any]) -> dict[str, Any]:
    """`body` as the API server shows it after an apply of ours; path: what of it we own."""
    ours = {"manager": "pilothouse", "operation": "Apply", "fieldsV1": path}
    metadata = {**body["metadata"], "uid": "u-1", "namespace": "shop", "managedFields": [ours]}
    return {**body, "metadata": metadata}


def objects(body: dict[str, Any], *, exists: bool) -> Proposal:
    """A plan that makes or changes `body`, with what a dry run says of it."""
    body = {**body, "metadata": {"name": "it"}}
    kind = KubernetesObject(body["kind"])
    key = TargetKey("eu", body["kind"], "it")
    wanted = DesiredState({key: Target(key, kind, "it", Manifest(body=body))})
    if not exists:
        return make_plan(SUBJECT, wanted, {}, Snapshot(NOW, {key: ABSENT}), Policy(), {body["kind"]: kind}.__getitem__)
    before = stored({**body, "data": {"password": "b2xk"}}, {"f:data": {"f:password": {}}})
    after = stored({**body, "data": {"password": ENCODED}}, {"f:data": {"f:password": {}}, "f:spec": {}})
    live = reading_of(before)
    live = type(live)(live.id, Mark(OWNER, "it", UID), None, live.outputs, live.health, live.fingerprint)
    snapshot = Snapshot(NOW, {key: present(live)}, {key: Preview(changed(before, after))})
    known = ledger(entry("it", cell="eu", kind=body["kind"], id=live.id))
    return make_plan(SUBJECT, wanted, known, snapshot, Policy(), {body["kind"]: kind}.__getitem__)


@pytest.mark.parametrize("exists", [False, True], ids=["made", "changed"])
@pytest.mark.parametrize(
    "body", [OBJECTS["data of a Secret"], OBJECTS["texts of a Secret"]], ids=["data", "stringData"]
)
def test_what_a_secret_holds_is_never_shown(body: dict[str, Any], exists: bool) -> None:  # noqa: FBT001 - a case
    spec = objects(body, exists=exists).spec("checkout", UID, 1)
    text = spec.model_dump_json(by_alias=True)
    assert spec.steps
    assert SECRET not in text
    assert ENCODED not in text


@pytest.mark.parametrize("exists", [False, True], ids=["made", "changed"])
def test_an_env_literal_is_never_shown(exists: bool) -> None:  # noqa: FBT001 - a case
    spec = objects(OBJECTS["an env literal"], exists=exists).spec("checkout", UID, 1)
    assert spec.steps
    assert SECRET not in spec.model_dump_json(by_alias=True)


def test_user_data_of_an_instance_is_never_shown() -> None:
    """The one real type with a sensitive setting: its calls are written into the Plan."""
    kind = Instance()
    spec = kind.model.model_validate({"instanceType": "t3.small", "imageID": "ami-1", "userData": SECRET})
    key = TargetKey("aws", kind.kind, "node")
    wanted = DesiredState({key: Target(key, kind, "shop-node", spec)})
    found = make_plan(SUBJECT, wanted, {}, Snapshot(NOW, {key: ABSENT}), Policy(), {kind.kind: kind}.__getitem__)
    text = found.spec("checkout", UID, 1).model_dump_json(by_alias=True)
    assert found.steps
    assert found.steps[0].calls[0].operation == "RunInstances"
    assert SECRET not in text
    assert ENCODED not in text


def test_a_secret_that_changed_supersedes_the_plan_although_it_is_never_shown() -> None:
    """The keyed hash in the basis differs where the texts that people see are the same."""
    one, two = (plan(desired(target("a", password=password))).steps[0] for password in ("first", "second"))
    assert one.changes == two.changes
    assert one.basis.desired != two.basis.desired
