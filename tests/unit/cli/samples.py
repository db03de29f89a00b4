"""An Application and its Plan in the middle of their lives, as the API server would return them."""

from copy import deepcopy
from typing import Any

from pilothouse.api.meta import API_VERSION
from pilothouse.cli import objects
from pilothouse.cli.objects import ApplicationObject, Found, PlanObject

UID = "7d0c6a52-1f4e-4a7e-9a53-3b8f0a1f2c11"
PLAN_NAME = "checkout-12-3f9a2c"
APPROVAL_HASH = "hmac:5f1d"
NOW = 1_793_450_096.0  # 2026-10-31T12:34:56Z

APPLICATION: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "kind": "Application",
    "metadata": {
        "name": "checkout",
        "namespace": "shop",
        "uid": UID,
        "generation": 7,
        "resourceVersion": "900",
        "creationTimestamp": "2026-10-31T09:34:56Z",
    },
    "spec": {
        "workloads": [
            {
                "name": "web",
                "template": {"spec": {"containers": [{"name": "web", "image": "web:2"}]}},
                "replicas": 3,
                "service": {"name": "web", "ports": [{"port": 80}]},
            },
            {"name": "worker", "template": {"spec": {"containers": [{"name": "worker", "image": "worker:2"}]}}},
        ],
        "resources": [
            {"name": "orders", "cell": "aws-eu-west-1", "awsQueue": {"visibilityTimeoutSeconds": 30}},
            {"name": "audit", "cell": "aws-eu-west-1", "awsQueue": {}},
            {
                "name": "cache-node",
                "cell": "aws-eu-west-1",
                "awsInstance": {"imageID": "ami-2", "subnet": {"id": "s-1"}},
            },
        ],
    },
    "status": {
        "observedGeneration": 7,
        "planRevision": 12,
        "workloadsReady": "1/2",
        "resourcesReady": "1/3",
        "conditions": [
            {"type": "Stalled", "status": "False", "reason": "Progressing", "message": ""},
            {"type": "Ready", "status": "Unknown", "reason": "WaitingForApproval", "message": "2 steps need approval"},
            {"type": "Reconciling", "status": "True", "reason": "Applying", "message": "1 of 5 steps done"},
            {"type": "PlanApproved", "status": "False", "reason": "Waiting", "message": ""},
            {"type": "Drifted", "status": "True", "reason": "FieldsDiffer", "message": "1 field"},
        ],
        "plan": {
            "name": PLAN_NAME,
            "state": "WaitingForApproval",
            "steps": "1/5",
            "waitingFor": "approval of replace-cache-node, delete-old",
        },
        "inFlight": [
            {
                "step": "create-audit",
                "target": "aws-eu-west-1/awsQueue/audit",
                "action": "Create",
                "token": "t-1",
                "sentAt": "2026-10-31T12:34:22Z",
                "epoch": 3,
            }
        ],
        "placements": [
            {"workload": "web", "cell": "eu-1-a", "replicas": 2, "reason": "first of 2 failure domains"},
            {"workload": "web", "cell": "eu-1-b", "replicas": 1, "reason": "second failure domain"},
            {"workload": "worker", "cell": "eu-1-a", "replicas": 1, "reason": "most room left"},
        ],
        "resources": [
            {"name": "checkout-web-eu-1-a", "type": "Deployment", "cell": "eu-1-a", "id": "x", "state": "Ready"},
            {
                "name": "checkout-web-eu-1-b",
                "type": "Deployment",
                "cell": "eu-1-b",
                "id": "x",
                "state": "Progressing",
                "message": "0 of 1 pods are ready",
            },
            {"name": "web", "type": "Service", "cell": "eu-1-a", "id": "x", "state": "Ready"},
            {"name": "checkout-worker-eu-1-a", "type": "Deployment", "cell": "eu-1-a", "id": "x", "state": "Ready"},
            {"name": "orders", "type": "ConfigMap", "cell": "eu-1-a", "id": "x", "state": "Ready"},
            {
                "name": "orders",
                "type": "awsQueue",
                "cell": "aws-eu-west-1",
                "id": "https://sqs/orders",
                "state": "Ready",
                "drift": [
                    {
                        "path": "visibilityTimeoutSeconds",
                        "desired": "30",
                        "observed": "60",
                        "firstSeen": "2026-10-31T12:24:56Z",
                    }
                ],
            },
            {
                "name": "cache-node",
                "type": "awsInstance",
                "cell": "aws-eu-west-1",
                "id": "i-1",
                "state": "Failed",
                "message": "stopped by its owner",
            },
        ],
    },
}

PLAN: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "kind": "Plan",
    "metadata": {
        "name": PLAN_NAME,
        "namespace": "shop",
        "uid": "p-1",
        "generation": 1,
        "resourceVersion": "901",
        "labels": {"pilothouse.dev/application": "checkout"},
    },
    "spec": {
        "applicationRef": {"name": "checkout", "uid": UID},
        "revision": 12,
        "reason": "SpecChanged",
        "desiredHash": "hmac:aa",
        "approvalHash": APPROVAL_HASH,
        "steps": [
            {
                "name": "create-audit",
                "action": "Create",
                "target": {"cell": "aws-eu-west-1", "type": "awsQueue", "resource": "audit"},
                "basis": {"desired": "hmac:bb"},
                "changes": [
                    {"path": "visibilityTimeoutSeconds", "to": 30},
                    {"path": "deadLetter", "to": {"queue": "${orders.arn}"}},
                ],
                "token": "checkout-audit-9c1",
                "calls": [
                    {
                        "service": "sqs",
                        "operation": "CreateQueue",
                        "parameters": {"QueueName": "checkout-audit-9c1", "Attributes": {"VisibilityTimeout": "30"}},
                    }
                ],
            },
            {
                "name": "update-web-eu-1-a",
                "action": "Update",
                "target": {"cell": "eu-1-a", "type": "Deployment", "resource": "checkout-web-eu-1-a"},
                "impact": "Disruptive",
                "basis": {"id": "x", "observed": "f", "desired": "hmac:cc"},
                "changes": [
                    {"path": "spec.template.spec.containers[web].image", "from": "web:1", "to": "web:2"},
                    {
                        "path": "spec.template.spec.containers[web].env[TOKEN].value",
                        "from": "(sensitive)",
                        "to": "(sensitive)",
                    },
                    {"path": "spec.replicas", "from": 4, "to": 2},
                    {"path": "spec.paused", "from": True},
                ],
            },
            {
                "name": "replace-cache-node",
                "action": "Replace",
                "target": {"cell": "aws-eu-west-1", "type": "awsInstance", "resource": "cache-node"},
                "impact": "Destructive",
                "gated": True,
                "basis": {"id": "i-1", "observed": "f", "desired": "hmac:dd"},
                "changes": [{"path": "imageID", "from": "ami-1", "to": "ami-2"}],
            },
            {
                "name": "delete-old",
                "action": "Delete",
                "target": {"cell": "aws-eu-west-1", "type": "awsQueue", "resource": "old"},
                "impact": "Destructive",
                "gated": True,
                "basis": {"id": "https://sqs/old", "observed": "f"},
            },
            {
                "name": "release-archive",
                "action": "Release",
                "target": {"cell": "aws-eu-west-1", "type": "awsQueue", "resource": "archive"},
                "basis": {"id": "https://sqs/archive", "observed": "f"},
            },
        ],
    },
    "status": {
        "state": "WaitingForApproval",
        "progress": "1/5",
        "conditions": [{"type": "Approved", "status": "False", "reason": "Waiting", "message": ""}],
        "steps": [
            {"name": "create-audit", "state": "Running", "attempts": 2, "message": "a lost reply is being looked up"},
            {"name": "update-web-eu-1-a", "state": "Succeeded", "attempts": 1},
            {"name": "replace-cache-node", "state": "Pending", "message": "waits for approval"},
        ],
    },
}


def application(**changes: Any) -> ApplicationObject:
    """The Application, with fields replaced by path: `spec__suspend=True`."""
    return objects.application(changed(APPLICATION, **changes))


def plan(**changes: Any) -> PlanObject:
    """The Plan, with fields replaced by path."""
    return objects.plan(changed(PLAN, **changes))


def found(app: ApplicationObject | None = None, proposal: PlanObject | None = None) -> Found:
    """Both, as they are looked up together."""
    return Found(app or application(), proposal or plan(), PLAN)


def changed(raw: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy of an object with fields replaced by path, the parts joined by two underscores."""
    copy = deepcopy(raw)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = copy
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return copy
