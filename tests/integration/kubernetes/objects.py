"""Manifests as customers write them: one of each kind that a workload commonly comes with."""

from typing import Any

from pilothouse.dataplane.types import Mark, Owner

LABELS = {"app": "web"}


def mark(namespace: str, resource: str, incarnation: int = 0) -> Mark:
    """The mark of an Application in `namespace` on its object called `resource`."""
    return Mark(Owner("fleet-1", namespace, "checkout"), resource, "a5f0c1d2", incarnation)


def named(api_version: str, kind: str, name: str = "web", **body: Any) -> dict[str, Any]:
    """An object without a namespace: that of its Application is added with the mark."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **body}


def pod_template(**container: Any) -> dict[str, Any]:
    """The template of pods that run on fake nodes, and no others."""
    return {
        "metadata": {"labels": LABELS},
        "spec": {
            "containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}], **container}],
            "tolerations": [{"operator": "Exists"}],
        },
    }


def deployment(replicas: int = 2, name: str = "web", **container: Any) -> dict[str, Any]:
    """A Deployment of one container."""
    spec = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": pod_template(**container)}
    return named("apps/v1", "Deployment", name, spec=spec)


def config_map(name: str = "web", **data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return named("v1", "ConfigMap", name, data=data or {"mode": "fast"})


JOB = {**pod_template(), "spec": {**pod_template()["spec"], "restartPolicy": "Never"}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}

EVERY_KIND: dict[str, dict[str, Any]] = {
    "ConfigMap": config_map(),
    "Secret by text": named("v1", "Secret", stringData={"password": "hunter2"}),
    "Secret by data": named("v1", "Secret", data={"password": "aHVudGVyMg=="}, type="Opaque"),
    "ServiceAccount": named("v1", "ServiceAccount"),
    "Service": named("v1", "Service", spec={"selector": LABELS, "ports": [{"name": "http", "port": 80}]}),
    "Deployment": deployment(
        env=[
            {"name": "TOKEN", "value": "hunter2"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        resources={"requests": {"cpu": "0.1", "memory": "128Mi"}, "limits": {"memory": "0.5Gi"}},
        readinessProbe={"httpGet": {"path": "/", "port": 80}},
        volumeMounts=[],
    ),
    "StatefulSet": named(
        "apps/v1",
        "StatefulSet",
        spec={
            "serviceName": "web",
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": pod_template(),
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM}],
        },
    ),
    "DaemonSet": named("apps/v1", "DaemonSet", spec={"selector": {"matchLabels": LABELS}, "template": pod_template()}),
    "Job": named("batch/v1", "Job", spec={"template": JOB}),
    "CronJob": named("batch/v1", "CronJob", spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": JOB}}}),
    "PersistentVolumeClaim": named("v1", "PersistentVolumeClaim", spec=CLAIM),
    "PodDisruptionBudget": named(
        "policy/v1", "PodDisruptionBudget", spec={"maxUnavailable": 1, "selector": {"matchLabels": LABELS}}
    ),
    "HorizontalPodAutoscaler": named(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        spec={
            "maxReplicas": 5,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                }
            ],
        },
    ),
    "Ingress": named(
        "networking.k8s.io/v1",
        "Ingress",
        spec={
            "rules": [
                {
                    "host": "shop.example",
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    },
                }
            ]
        },
    ),
    "NetworkPolicy": named(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        spec={"podSelector": {"matchLabels": LABELS}, "ingress": [{"ports": [{"port": 80}]}]},
    ),
    "Role": named(
        "rbac.authorization.k8s.io/v1", "Role", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    ),
    "RoleBinding": named(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"},
        subjects=[{"kind": "ServiceAccount", "name": "web"}],
    ),
    "ResourceQuota": named("v1", "ResourceQuota", spec={"hard": {"pods": "100", "requests.cpu": "10.5"}}),
    "LimitRange": named(
        "v1",
        "LimitRange",
        spec={"limits": [{"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "0.1"}}]},
    ),
    "PodTemplate": named("v1", "PodTemplate", template=pod_template()),
}
