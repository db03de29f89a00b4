"""What the benchmark creates: Applications of one workload with 0 replicas, a Service, a ConfigMap and a Secret."""

from typing import Any

NAMESPACE = "bench"
CELL = {
    "apiVersion": "pilothouse.dev/v1alpha1",
    "kind": "Cell",
    "metadata": {"name": "local"},
    "spec": {"kubernetes": {}, "allow": [{}]},
}


def application(number: int) -> dict[str, Any]:
    """Return the Application of that number."""
    name = f"app-{number:05d}"
    container = {"name": "main", "image": "example/app:1", "envFrom": [{"configMapRef": {"name": f"{name}-settings"}}]}
    return {
        "apiVersion": "pilothouse.dev/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "workloads": [
                {
                    "name": "web",
                    "replicas": 0,
                    "template": {"spec": {"containers": [container]}},
                    "service": {"name": name, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
                }
            ],
            "manifests": [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": f"{name}-settings"},
                    "data": {"LEVEL": "info"},
                },
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": f"{name}-key"},
                    "stringData": {"key": "not a secret"},
                },
            ],
        },
    }


def bare(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return what the operator makes for an Application, as anybody else would make it: collection and body."""
    spec, metadata = application(number)["spec"], {"name": f"bare-{number:05d}"}
    (workload,), labels = spec["workloads"], {"app": metadata["name"]}
    template = {**workload["template"], "metadata": {"labels": labels}}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": workload["service"]["ports"]}
    return [
        (f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", {"metadata": metadata, "spec": deployment}),
        (f"/api/v1/namespaces/{NAMESPACE}/services", {"metadata": metadata, "spec": service}),
        (f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": metadata, "data": {"LEVEL": "info"}}),
        (f"/api/v1/namespaces/{NAMESPACE}/secrets", {"metadata": metadata, "stringData": {"key": "not a secret"}}),
    ]


AWS_KEYS = "aws-keys"
QUEUES = INSTANCES = 10


def cloud_cell(url: str) -> dict[str, Any]:
    """Return a Cell of the emulated AWS at `url`."""
    aws = {
        "accountID": "123456789012",
        "region": "eu-west-1",
        "endpointURL": url,
        "credentialsSecretRef": {"name": AWS_KEYS},
    }
    return {**CELL, "metadata": {"name": "aws"}, "spec": {"aws": aws, "allow": [{}]}}


def keys(namespace: str, access_key: str) -> dict[str, Any]:
    """Return the Secret with the credentials of the cloud's Cell."""
    data = {"aws_access_key_id": access_key, "aws_secret_access_key": "not a secret"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": AWS_KEYS, "namespace": namespace},
        "stringData": data,
    }


def clouded() -> dict[str, Any]:
    """Return an Application of queues and instances alone."""
    queues = [{"name": f"queue-{number}", "cell": "aws", "awsQueue": {}} for number in range(QUEUES)]
    settings = {"instanceType": "t3.small", "imageID": "ami-0a1b2c3d4e5f60718"}
    machines = [{"name": f"node-{number}", "cell": "aws", "awsInstance": settings} for number in range(INSTANCES)]
    body = application(0)
    return {**body, "metadata": {**body["metadata"], "name": "clouded"}, "spec": {"resources": [*queues, *machines]}}


def is_ready(application: dict[str, Any]) -> bool:
    """Tell whether the status of an Application says Ready for its newest generation."""
    conditions = application.get("status", {}).get("conditions", [])
    generation = application["metadata"]["generation"]
    return any(
        one["type"] == "Ready" and one["status"] == "True" and one.get("observedGeneration") == generation
        for one in conditions
    )
