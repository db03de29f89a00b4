"""Objects as an API server of version 1.37 answers them, cut to what the tests are about."""

import copy
from typing import Any

from pilothouse.dataplane.types import Mark, Owner

MARK = Mark(Owner("fleet-1", "shop", "checkout"), "web", "a5f0c1d2", 2)

MARK_LABELS = {
    "pilothouse.dev/control-plane": "fleet-1",
    "pilothouse.dev/application": "checkout",
    "pilothouse.dev/resource": "web",
    "app.kubernetes.io/managed-by": "pilothouse",
    "app.kubernetes.io/instance": "checkout",
}
MARK_ANNOTATIONS = {"pilothouse.dev/application-uid": "a5f0c1d2", "pilothouse.dev/incarnation": "2"}

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "checkout-web-a",
        "namespace": "shop",
        "uid": "6f1c",
        "generation": 1,
        "labels": {"app.kubernetes.io/name": "web"},
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "managedFields": [
            {
                "manager": "kube-controller-manager",
                "operation": "Update",
                "subresource": "status",
                "apiVersion": "apps/v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:status": {"f:replicas": {}}},
            },
            {
                "manager": "pilothouse",
                "operation": "Apply",
                "apiVersion": "apps/v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": {
                    "f:metadata": {
                        "f:labels": {"f:app.kubernetes.io/name": {}},
                        "f:finalizers": {'v:"example.org/a"': {}},
                    },
                    "f:spec": {
                        "f:replicas": {},
                        "f:selector": {},
                        "f:template": {
                            "f:spec": {
                                "f:containers": {
                                    'k:{"name":"web"}': {
                                        ".": {},
                                        "f:name": {},
                                        "f:image": {},
                                        "f:env": {'k:{"name":"TOKEN"}': {".": {}, "f:name": {}, "f:value": {}}},
                                        "f:ports": {
                                            'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}
                                        },
                                    }
                                }
                            }
                        },
                    },
                },
            },
        ],
    },
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate"},
        "template": {
            "spec": {
                "containers": [
                    {"name": "proxy", "image": "proxy:1"},
                    {
                        "name": "web",
                        "image": "web:1",
                        "env": [{"name": "TOKEN", "value": "hunter2"}],
                        "ports": [{"containerPort": 80, "protocol": "TCP"}],
                    },
                ]
            }
        },
    },
    "status": {"observedGeneration": 1, "replicas": 2},
}


def deployment() -> dict[str, Any]:
    """A Deployment of its own, whose web container, labels, selector and replicas are ours."""
    return copy.deepcopy(DEPLOYMENT)


def our_fields(live: dict[str, Any]) -> dict[str, Any]:
    """The fieldsV1 record of what we applied, to be changed in place."""
    record: dict[str, Any] = live["metadata"]["managedFields"][1]["fieldsV1"]
    return record


def web(live: dict[str, Any]) -> dict[str, Any]:
    """The web container of `deployment()`, to be changed in place."""
    container: dict[str, Any] = live["spec"]["template"]["spec"]["containers"][1]
    return container
