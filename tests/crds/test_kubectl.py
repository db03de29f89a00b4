"""What people see of the kinds without any tool of ours."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster import RunningCluster
from tests.crds.manifests import AWS, Manifest, application, cell, fleet_policy, plan, step

pytestmark = pytest.mark.cluster


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


@dataclass(frozen=True)
class Shown:
    """An object, the status it is given, and the words of its line, its age left out."""

    manifest: Manifest
    status: dict[str, Any]
    columns: str
    line: str
    reason: str


SHOWN = {
    "phapp": Shown(
        application(),
        {
            "conditions": [condition("Reconciling", "True", "Applying"), condition("Ready", "Unknown", "Applying")],
            "plan": {"name": "checkout-12-3f9a2c", "state": "Applying", "steps": "3/8"},
            "workloadsReady": "1/2",
            "resourcesReady": "1/3",
        },
        "NAME READY STATUS PLAN STEPS WORKLOADS RESOURCES AGE",
        "checkout Unknown Applying checkout-12-3f9a2c 3/8 1/2 1/3",
        "one line tells whether it works, why not, and how far its Plan is",
    ),
    "phplan": Shown(
        plan(step(), approvalHash="hmac:3f9a2c"),
        {"state": "WaitingForApproval", "progress": "0/1"},
        "NAME APPLICATION REASON STATE PROGRESS AGE APPROVAL",
        "checkout-1 checkout SpecChanged WaitingForApproval 0/1 hmac:3f9a2c",
        "the hash to approve is at hand in the wide form",
    ),
    "phcell": Shown(
        cell("aws-columns", aws=AWS, failureDomain="eu-west-1", cordoned=True),
        {"conditions": [condition("Ready", "True", "Observed")], "resources": 41},
        "NAME READY FAILURE-DOMAIN RESOURCES CORDONED AGE ACCOUNT REGION OBSERVED MESSAGE",
        "aws-columns True eu-west-1 41 true 123456789012 eu-west-1",
        "cordoned Cells are seen at a glance",
    ),
    "phfleet": Shown(
        fleet_policy(),
        {},
        "NAME SUSPENDED APPROVAL-FLOOR PLANS AGE",
        "default false Automatic 64",
        "defaults are written out, so the pause switch is seen",
    ),
}
WIDE = ("phplan", "phcell")


@pytest.mark.parametrize(("short", "shown"), SHOWN.items(), ids=SHOWN)
def test_get_shows_what_a_person_wants(kinds: RunningCluster, namespace: str, short: str, shown: Shown) -> None:
    manifest = shown.manifest
    if "namespace" in manifest["metadata"]:
        manifest = manifest | {"metadata": manifest["metadata"] | {"namespace": namespace}}
    text = json.dumps(manifest)
    kinds.kubectl("apply", "-f", "-", stdin=text)
    name, where = manifest["metadata"]["name"], f"--namespace={namespace}"
    patch = json.dumps({"status": shown.status})
    kinds.kubectl("patch", short, name, where, "--subresource=status", "--type=merge", f"--patch={patch}")
    wide = ("--output=wide",) if short in WIDE else ()
    head, line = kinds.kubectl("get", short, name, where, *wide).stdout.splitlines()
    kinds.kubectl("delete", "--wait=false", "-f", "-", stdin=text)
    assert head.split() == shown.columns.split(), shown.reason
    remaining = iter(line.split())
    assert all(word in remaining for word in shown.line.split()), f"{shown.reason}: {line}"


def test_all_kinds_are_one_category_and_none_is_in_all(kinds: RunningCluster) -> None:
    listed = kinds.kubectl("api-resources", "--categories=pilothouse", "--output=name").stdout.split()
    assert sorted(listed) == [f"{kind}.pilothouse.dev" for kind in ("applications", "cells", "fleetpolicies", "plans")]
    assert "pilothouse" not in kinds.kubectl("api-resources", "--categories=all", "--output=name").stdout


EXPLAINED = {
    "spec.resources": ("Cloud resources.", "awsQueue", "writeOutputsTo", "name <string> -required-"),
    "spec.resources.awsQueue": ("visibilityTimeoutSeconds", "Default: 30."),
    "spec.resources.awsInstance.imageID": ("Immutable: a change replaces the resource.",),
    "spec.resources.awsInstance.instanceType": ("A change interrupts its users.",),
    "spec.workloads.template.spec.containers": ("livenessProbe", "imagePullPolicy"),
    "spec.changePolicy.approval": ("ENUM: Automatic Destructive Always", "Default: Destructive."),
    "status.resources": ("incarnation",),
}


@pytest.mark.parametrize(("path", "words"), EXPLAINED.items(), ids=EXPLAINED)
def test_explain_tells_what_a_field_means(kinds: RunningCluster, path: str, words: tuple[str, ...]) -> None:
    text = " ".join(kinds.kubectl("explain", f"phapp.{path}").stdout.split())
    assert all(word in text for word in words), text


def test_an_object_shows_its_defaults_but_lists_stay_as_they_were_applied(kinds: RunningCluster) -> None:
    """Argo CD compares a list with what was applied: a default written into it would be a difference for ever."""
    workloads = [
        {"name": "web", "template": {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}}}
    ]
    resources = [{"name": "orders", "cell": "aws-eu", "awsQueue": {}}]
    manifest = json.dumps(application(workloads=workloads, resources=resources))
    done = kinds.kubectl("create", "--dry-run=server", "--output=json", "-f", "-", stdin=manifest)
    assert json.loads(done.stdout)["spec"] == {
        "suspend": False,
        "deletionProtection": False,
        "changePolicy": {"approval": "Destructive", "drift": "Correct"},
        "workloads": workloads,
        "resources": resources,
    }
