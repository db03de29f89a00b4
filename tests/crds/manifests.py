"""The smallest manifests that are accepted, to be changed in the one place that a test is about."""

from collections.abc import Mapping
from typing import Any

from pilothouse.api.meta import API_VERSION

Manifest = dict[str, Any]

AWS: Manifest = {"accountID": "123456789012", "region": "eu-west-1"}
INSTANCE: Manifest = {"instanceType": "t3.small", "imageID": "ami-1"}


def manifest(kind: str, name: str, spec: Mapping[str, Any], namespace: str = "") -> Manifest:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": dict(spec)}


def application(*, name: str = "checkout", namespace: str = "default", **spec: Any) -> Manifest:
    return manifest("Application", name, spec, namespace)


def of_workload(**changes: Any) -> Manifest:
    """An Application of one workload, `web`."""
    return application(workloads=[workload("web", **changes)])


def workload(name: str, **changes: Any) -> Manifest:
    return {"name": name, "template": {"spec": {"containers": [{"name": "main", "image": "web:1"}]}}} | changes


def of_container(**changes: Any) -> Manifest:
    """An Application of one workload whose template has one container."""
    container = {"name": "main", "image": "web:1"} | changes
    return of_workload(template={"spec": {"containers": [container]}})


def of_ports(*ports: Manifest) -> Manifest:
    """An Application of one workload behind a Service."""
    return of_workload(service={"name": "web", "ports": list(ports)})


def of_resource(*without: str, **changes: Any) -> Manifest:
    """An Application of one queue, `orders`."""
    whole = {"name": "orders", "cell": "aws-eu", "awsQueue": {}} | changes
    return application(resources=[{key: value for key, value in whole.items() if key not in without}])


def of_queue(**settings: Any) -> Manifest:
    """An Application of one queue with these settings."""
    return of_resource(awsQueue=settings)


def of_instance(**settings: Any) -> Manifest:
    """An Application of one instance with these settings."""
    return of_resource("awsQueue", awsInstance={**INSTANCE, **settings})


def of_manifest(*, metadata: Manifest, **changes: Any) -> Manifest:
    """An Application of one ConfigMap."""
    return application(manifests=[config_map(metadata=metadata, **changes)])


def config_map(*, metadata: Manifest, **changes: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}} | changes


def cell(name: str = "aws-eu", **spec: Any) -> Manifest:
    return manifest("Cell", name, spec)


def fleet_policy(name: str = "default", **spec: Any) -> Manifest:
    return manifest("FleetPolicy", name, spec)


def plan(*steps: Manifest, name: str = "checkout-1", namespace: str = "default", **changes: Any) -> Manifest:
    whole = {
        "applicationRef": {"name": "checkout", "uid": "1"},
        "revision": 1,
        "reason": "SpecChanged",
        "desiredHash": "hmac:1",
        "approvalHash": "",
        "steps": list(steps),
    }
    return manifest("Plan", name, whole | changes, namespace)


def step(name: str = "create-orders", **changes: Any) -> Manifest:
    whole = {
        "name": name,
        "action": "Create",
        "target": {"cell": "aws-eu", "type": "awsQueue", "resource": "orders"},
        "basis": {},
        "changes": [{"path": "visibilityTimeoutSeconds", "to": 30}],
    }
    return whole | changes
