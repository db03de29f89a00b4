"""The Cells of these tests, and Applications that use them."""

from typing import Any, Final

from tests.aws.server import DEFAULT_ACCOUNT, DEFAULT_REGION
from tests.crds.manifests import cell, manifest, workload
from tests.e2e.secrecy import planted
from tests.e2e.seen import Object

ZONES: Final = {"eu-1-a": "zone-a", "eu-1-b": "zone-b", "eu-1-c": "zone-c"}
"""The Kubernetes Cells, each a zone of the one cluster."""
CLOUD: Final = "aws-eu-west-1"
KEYS: Final = "aws-keys"
"""The Secret with the credentials of Cell CLOUD."""
SECRET_KEY: Final = planted("the secret access key of Cells")
LITERAL: Final = planted("an env literal of a pod template")
"""Every env literal may be a secret, so every template has one."""
EVERYBODY: Final = [{"types": ["*"], "adopt": True}]

QUEUE: Final = {"visibilityTimeoutSeconds": 45}
INSTANCE: Final = {"instanceType": "t3.small", "imageID": "ami-1"}


def kubernetes_cell(name: str, zone: str, **spec: Any) -> Object:
    """A Cell of the nodes of one zone."""
    place = {"nodeSelector": {"topology.kubernetes.io/zone": zone}}
    made = cell(name, **{"kubernetes": place, "failureDomain": zone, "allow": EVERYBODY, **spec})
    return {**made, "metadata": {**made["metadata"], "labels": {"tier": "prod", "zone": zone}}}


def aws_cell(name: str, url: str, secret: str = KEYS, **spec: Any) -> Object:
    """A Cell of the emulated AWS at `url`."""
    account = {"accountID": DEFAULT_ACCOUNT, "region": DEFAULT_REGION, "endpointURL": url}
    place = {**account, "credentialsSecretRef": {"name": secret}}
    return cell(name, **{"aws": place, "allow": EVERYBODY, **spec})


def secret(name: str, data: dict[str, str], namespace: str = "") -> Object:
    """A Secret with text in it; without a namespace it can stand among an Application's manifests."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def aws_keys(namespace: str, access_key_id: str, name: str = KEYS) -> Object:
    """The credentials of a Cell of the emulated AWS."""
    return secret(name, {"aws_access_key_id": access_key_id, "aws_secret_access_key": SECRET_KEY}, namespace)


def application(name: str = "checkout", **spec: Any) -> Object:
    """An Application, in the namespace of whoever applies it."""
    return manifest("Application", name, spec)


def pods(cpu: str = "100m", **container: Any) -> Object:
    """A template of one small container."""
    requests = {"resources": {"requests": {"cpu": cpu, "memory": "64Mi"}}}
    env = [{"name": "LITERAL", "value": LITERAL}]
    return {"spec": {"containers": [{"name": "main", "image": "app:1", "env": env, **requests, **container}]}}


def web(**changes: Any) -> Object:
    """A workload behind a Service: one replica in each of the three failure domains."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    spread = {"cellSelector": {"matchLabels": {"tier": "prod"}}, "spread": {"minDomains": 2, "maxSkew": 1}}
    whole = {"template": pods(), "replicas": 3, "service": {"name": "web", "ports": ports}, "placement": spread}
    return workload("web", **{**whole, **changes})


def worker(**changes: Any) -> Object:
    """A workload that reads the outputs of queue `orders` from its environment, in the first two Kubernetes Cells."""
    template = pods(envFrom=[{"configMapRef": {"name": "orders"}}])
    zones = {"key": "zone", "operator": "In", "values": ["zone-a", "zone-b"]}
    place = {"cellSelector": {"matchExpressions": [zones]}, "spread": {"maxSkew": 1}}
    return workload("worker", **{"template": template, "replicas": 2, "placement": place, **changes})


def at_rest(**changes: Any) -> Object:
    """A workload of no replicas: as quickly Ready as anything can be."""
    return workload("rest", **{"template": pods(), "replicas": 0, **changes})


def queue(name: str = "orders", settings: Object | None = None, **changes: Any) -> Object:
    """A queue."""
    return {"name": name, "cell": CLOUD, "awsQueue": settings or QUEUE, **changes}


def orders(settings: Object | None = None, **changes: Any) -> Object:
    """The queue whose outputs `worker` reads."""
    return queue("orders", settings, **{"writeOutputsTo": {"configMap": "orders"}, **changes})


def instance(name: str = "cache-node", settings: Object | None = None, **changes: Any) -> Object:
    """An instance."""
    return {"name": name, "cell": CLOUD, "awsInstance": settings or INSTANCE, **changes}


def config_map(name: str = "settings", **data: str) -> Object:
    """A ConfigMap, as it can stand among an Application's manifests."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"mode": "fast"}}


def checkout(**changes: Any) -> Object:
    """One of everything: two workloads, a Service, a queue with outputs, an instance, another object."""
    whole = {
        "workloads": [web(), worker()],
        "resources": [orders(), instance()],
        "manifests": [config_map()],
    }
    return application(**{**whole, **changes})
