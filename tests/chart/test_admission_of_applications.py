"""The admission policy of Applications, asked by real users: who may weaken what protects one, and who writes what."""

import json
from dataclasses import dataclass, field

import pytest

from tests.chart.people import BIND, POLICY, RBAC, Change, Patch, Shop, Words, check, metadata, policy, spec

pytestmark = pytest.mark.cluster


@dataclass(frozen=True)
class New:
    """Somebody creates an Application. refused: words of the message; nothing: it is created."""

    who: str
    spec: Patch
    refused: Words = ()
    reason: str = field(kw_only=True)


NEW = {
    "an editor, by the defaults": New("editor", {}, reason="this is everyday work"),
    "an editor, stricter": New("editor", policy(approval="Always"), reason="anybody may ask for more protection"),
    "an editor, Automatic": New(
        "editor",
        policy(approval="Automatic"),
        (POLICY, "spec.changePolicy.approval: found Automatic, expected Destructive or stricter", "editor lacks", BIND),
        reason="else deleting and creating anew would be a way around",
    ),
    "an editor, a Plan approved": New(
        "editor",
        policy(approvedPlan="checkout-1"),
        (POLICY, "spec.changePolicy.approvedPlan: found checkout-1", "editor lacks the verb approve"),
        reason="names of Plans can be known before",
    ),
    "a lead, Automatic": New("lead", policy(approval="Automatic", approvedPlan="a"), reason="a lead may approve"),
    "an administrator, Automatic": New("administrator", policy(approval="Automatic"), reason="all verbs: approve too"),
    "an approver": New("approver", {}, (RBAC,), reason="approving is not editing"),
    "the operator": New("operator", {}, (RBAC,), reason="it wants nothing by itself"),
}


@pytest.mark.parametrize("new", NEW.values(), ids=NEW)
def test_a_new_application_is_protected_by_default(shop: Shop, new: New) -> None:
    check(shop.create(new.who, shop.application(**new.spec)), new.refused, new.reason)


PROTECTED = {"deletionProtection": True}
WEAKER = (POLICY, "spec.changePolicy.approval: found", "or stricter", "editor lacks the verb approve", BIND)
APPROVING = (POLICY, "spec.changePolicy.approvedPlan: found checkout-2", "editor lacks the verb approve", BIND)
NOT_GIT = (POLICY, "the operator writes only finalizers and status")
RECORD = (POLICY, "status: it is the record", "change spec instead")

CHANGES = {
    "an editor changes workloads": Change(
        "editor", policy(approval="Always", approvedPlan="a") | PROTECTED, spec(suspend=True), reason="everyday work"
    ),
    "an editor makes it stricter": Change(
        "editor", policy(approval="Automatic"), spec(**policy(approval="Always")), reason="more protection is free"
    ),
    "an editor only reports drift": Change(
        "editor", {}, spec(**policy(drift="Report")), reason="what is reported is not changed"
    ),
    "an editor makes it Automatic": Change(
        "editor", {}, spec(**policy(approval="Automatic")), WEAKER, reason="what destroys would wait for nobody"
    ),
    "an editor makes Always Destructive": Change(
        "editor", policy(approval="Always"), spec(**policy(approval="Destructive")), WEAKER, reason="a step is a step"
    ),
    "an editor removes Always": Change(
        "editor", policy(approval="Always"), spec(changePolicy=None), WEAKER, reason="the default is weaker"
    ),
    "an editor approves through Git": Change(
        "editor", {}, spec(**policy(approvedPlan="checkout-2")), APPROVING, reason="it approves like the annotation"
    ),
    "an editor approves another Plan": Change(
        "editor",
        policy(approvedPlan="a"),
        spec(**policy(approvedPlan="checkout-2")),
        APPROVING,
        reason="a new approval",
    ),
    "an editor takes an approval back": Change(
        "editor", policy(approvedPlan="a"), spec(**policy(approvedPlan="")), reason="it only stops"
    ),
    "an editor asks for another try": Change(
        "editor",
        {},
        metadata(annotations={"pilothouse.dev/retry": "now"}),
        reason="what is tried again was wanted before",
    ),
    "an editor asks for a replacement": Change(
        "editor",
        {},
        metadata(annotations={"pilothouse.dev/replace": "aws-eu/awsQueue/orders=0:q"}),
        reason="its step waits for approval like any that destroys",
    ),
    "an editor protects it": Change("editor", {}, spec(**PROTECTED), reason="more protection is free"),
    "an editor unprotects it": Change(
        "editor",
        PROTECTED,
        spec(deletionProtection=False),
        (POLICY, "spec.deletionProtection: found false, expected true", "editor lacks the verb approve", BIND),
        reason="then a deletion would approve itself",
    ),
    "an editor removes the protection's field": Change(
        "editor",
        PROTECTED,
        spec(deletionProtection=None),
        (POLICY, "spec.deletionProtection"),
        reason="the default is no",
    ),
    "a lead does all of that": Change(
        "lead",
        policy(approval="Always") | PROTECTED,
        spec(deletionProtection=False, **policy(approval="Automatic", approvedPlan="checkout-2")),
        reason="a lead may approve",
    ),
    "an owner of the namespace does all of that": Change(
        "owner",
        policy(approval="Always") | PROTECTED,
        spec(deletionProtection=False, **policy(approval="Automatic", approvedPlan="checkout-2")),
        reason="all verbs in the namespace are the verb approve too",
    ),
    "an owner writes the ledger": Change(
        "owner", {}, {"status": {"planRevision": 7}}, RECORD, "status", reason="it could claim what others own"
    ),
    "the operator holds it": Change(
        "operator", {}, metadata(finalizers=["pilothouse.dev/cleanup"]), reason="deletion waits for what must go first"
    ),
    "the operator changes the spec": Change(
        "operator", {}, spec(suspend=True), NOT_GIT, reason="Git and the cluster would fight"
    ),
    "the operator labels it": Change("operator", {}, metadata(labels={"a": "b"}), NOT_GIT, reason="Argo CD sees it"),
    "the operator annotates it": Change(
        "operator", {}, metadata(annotations={"a": "b"}), NOT_GIT, reason="Argo CD sees it"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_only_who_may_approve_weakens_an_application(shop: Shop, change: Change) -> None:
    stored = shop.stored(shop.application(**change.before))
    check(shop.change(stored, change), change.refused, change.reason)


def test_the_operator_replaces_the_ledger(shop: Shop) -> None:
    """It may not patch it: one way to write its record is enough."""
    stored = shop.stored(shop.application())
    recorded = stored | {"status": {"planRevision": 7}}
    replaced = shop.ask(
        "operator", "replace", "--subresource=status", "--dry-run=server", "--filename=-", manifest=recorded
    )
    assert not replaced
    patched = shop.change(
        stored, Change("operator", {}, {"status": {"planRevision": 7}}, subresource="status", reason="")
    )
    assert "cannot patch resource" in patched


HELD = json.dumps(metadata(finalizers=["pilothouse.dev/cleanup"]))
LET_GO = json.dumps(metadata(finalizers=[]))


def test_a_tool_like_argo_cd_applies_the_same_manifest_again_and_again(shop: Shop) -> None:
    """What Git says of protection is no weakening while it says the same, and the finalizer is not the tool's."""
    manifest = shop.application(**policy(approval="Always", approvedPlan="checkout-1"), **PROTECTED)
    name = shop.stored(manifest)["metadata"]["name"]
    assert not shop.ask("operator", "patch", "phapp", name, "--type=merge", f"--patch={HELD}")
    for suspend in (True, False):
        changed = manifest | {"spec": manifest["spec"] | {"suspend": suspend}}
        argo = ("apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "--filename=-")
        assert not shop.ask("editor", *argo, manifest=changed)
    assert not shop.ask("operator", "patch", "phapp", name, "--type=merge", f"--patch={LET_GO}")


def test_an_application_of_the_largest_size_stays_within_the_cost_of_a_policy(shop: Shop) -> None:
    """An expression that costs too much is refused at run time: the operator could never add its finalizer."""
    container = {"name": "main", "image": "web:1", "env": [{"name": f"E{n}", "value": "x" * 40} for n in range(60)]}
    workloads = [{"name": f"w{n}", "template": {"spec": {"containers": [container]}}} for n in range(50)]
    resources = [{"name": f"r{n}", "cell": "aws-eu", "awsQueue": {}} for n in range(200)]
    stored = shop.stored(shop.application(workloads=workloads, resources=resources))
    held = Change("operator", {}, json.loads(HELD), reason="its first act on every Application")
    check(shop.change(stored, held), held.refused, held.reason)
