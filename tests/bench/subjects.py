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


def is_ready(application: dict[str, Any]) -> bool:
    """Tell whether the status of an Application says Ready for its newest generation."""
    conditions = application.get("status", {}).get("conditions", [])
    generation = application["metadata"]["generation"]
    return any(
        one["type"] == "Ready" and one["status"] == "True" and one.get("observedGeneration") == generation
        for one in conditions
    )
