"""The admission policy of Plans, asked by real users: who writes them, and who approves them."""

import json

import pytest

from tests.chart.people import BIND, PATCHER, POLICY, RBAC, Change, Shop, Words, binding, check, metadata, spec
from tests.cluster.rights import Right, until_allowed

pytestmark = pytest.mark.cluster

APPROVED = "pilothouse.dev/approved"
FORGED = (POLICY, "a Plan is written by the operator alone: apply or change an Application")
WRITERS: dict[str, Words] = {
    "operator": (),
    "editor": (RBAC,),
    "approver": (RBAC,),
    "lead": (RBAC,),
    "owner": FORGED,
    "administrator": FORGED,
}


@pytest.mark.parametrize(("who", "refused"), WRITERS.items(), ids=WRITERS)
def test_nobody_but_the_operator_creates_plans(shop: Shop, who: str, refused: Words) -> None:
    check(shop.create(who, shop.plan()), refused, "a Plan shows what was computed, never what somebody would like")


def test_the_operator_cannot_approve_what_it_proposes(shop: Shop) -> None:
    said = shop.create("operator", shop.plan(annotations={APPROVED: "x"}))
    check(said, (POLICY, f"metadata.annotations[{APPROVED}]", "lacks the verb approve"), "two pairs of eyes")


LACKING = (POLICY, f"metadata.annotations[{APPROVED}]: found a change", "patcher lacks the verb approve", BIND)
ALONE = (POLICY, "only the annotation pilothouse.dev/approved may be set")
GIVEN, TAKEN = metadata(annotations={APPROVED: "x"}), metadata(annotations={APPROVED: None})
NOTED = {"annotations": {"a": "b"}}

CHANGES = {
    "an approver approves": Change("approver", {}, GIVEN, reason="that is what the role is for"),
    "an owner approves": Change("owner", {}, GIVEN, reason="all verbs are the verb approve too"),
    "an administrator approves": Change("administrator", {}, GIVEN, reason="all verbs are the verb approve too"),
    "an editor approves": Change("editor", {}, GIVEN, (RBAC,), reason="editing is not approving"),
    "one who may patch approves": Change("patcher", {}, GIVEN, LACKING, reason="patch alone is not approve"),
    "one who may patch takes it back": Change(
        "patcher", GIVEN["metadata"], TAKEN, LACKING, reason="nor the other way round"
    ),
    "the operator approves": Change("operator", {}, GIVEN, (RBAC,), reason="two pairs of eyes"),
    "an approver takes it back": Change("approver", GIVEN["metadata"], TAKEN, reason="who gives may take"),
    "an approver labels": Change("approver", {}, metadata(labels={"a": "b"}), ALONE, reason="history goes by labels"),
    "an approver annotates": Change("approver", {}, metadata(**NOTED), ALONE, reason="it was not asked for"),
    "an approver changes another annotation": Change(
        "approver", NOTED, metadata(annotations={"a": "c"}), ALONE, reason="it was not asked for"
    ),
    "an approver removes another annotation": Change(
        "approver", NOTED, metadata(annotations={"a": None}), ALONE, reason="it was not asked for"
    ),
    "an approver changes the spec": Change(
        "approver", {}, spec(approvalHash="x"), ("a Plan never changes",), reason="another Plan is approved anew"
    ),
    "an owner writes its record": Change(
        "owner",
        {},
        {"status": {"state": "Complete"}},
        (POLICY, "status: it is the record", "kubectl pilothouse approve"),
        "status",
        reason="an approval on record counts",
    ),
    "the operator writes its record": Change(
        "operator", {}, {"status": {"state": "Complete"}}, (), "status", reason="nobody else knows"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_plan_is_approved_by_who_may_and_else_left_alone(shop: Shop, change: Change) -> None:
    stored = shop.stored(shop.plan(**change.before))
    check(shop.change(stored, change), change.refused, change.reason)


def test_an_approver_of_one_namespace_approves_in_no_other(shop: Shop) -> None:
    there = shop.chart.namespace
    plan = shop.plan(namespace=there)
    patching = binding("approver", PATCHER, there)
    shop.stored(plan)
    shop.stored(patching)
    until_allowed(shop.cluster, [Right("patch", "plans.pilothouse.dev", there)], "approver")
    words = ("annotate", "phplan", plan["metadata"]["name"], f"{APPROVED}=x", "--dry-run=server")
    said = shop.ask("approver", *words, namespace=there)
    for manifest in (plan, patching):
        shop.cluster.kubectl("delete", "--filename=-", stdin=json.dumps(manifest))
    assert f"approver lacks the verb approve on plans.pilothouse.dev in namespace {there}" in said


def test_an_editor_may_delete_a_plan(shop: Shop) -> None:
    stored = shop.stored(shop.plan())
    assert not shop.ask("editor", "delete", "phplan", stored["metadata"]["name"])


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_the_policies_do_not_stand_in_the_garbage_collectors_way(shop: Shop, cascade: str) -> None:
    """It changes finalizers and owners of Plans and Applications, by a user whose name differs between clusters."""
    owner = shop.stored(shop.application())
    reference = {key: owner[key] for key in ("apiVersion", "kind")} | {
        key: owner["metadata"][key] for key in ("name", "uid")
    }
    owned = shop.stored(shop.plan(ownerReferences=[reference | {"controller": True}]), "operator")
    name, where = owned["metadata"]["name"], f"--namespace={shop.namespace}"
    assert not shop.ask("editor", "delete", "phapp", reference["name"], f"--cascade={cascade}", "--timeout=60s")
    if cascade != "orphan":
        shop.cluster.kubectl("wait", "--for=delete", f"phplan/{name}", where, "--timeout=60s")
        return
    left = json.loads(shop.cluster.kubectl("get", "phplan", name, where, "--output=json").stdout)
    assert "ownerReferences" not in left["metadata"]
