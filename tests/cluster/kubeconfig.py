"""Read and write kubeconfig files with one cluster, one user and one context."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.certificates import KeyPair, write_private
from tests.cluster.errors import ClusterError

Credentials = Mapping[str, Any]  # the `user` part of a kubeconfig


@dataclass(frozen=True)
class Endpoint:
    """Where an API server is and how it proves itself: its URL and its CA certificates in PEM."""

    url: str
    ca: bytes


def by_token(token: str) -> Credentials:
    """A user who presents a bearer token."""
    return {"token": token}


def by_certificate(pair: KeyPair) -> Credentials:
    """A user who presents a client certificate."""
    return {"client-certificate-data": encoded(pair.certificate), "client-key-data": encoded(pair.key)}


def write(path: Path, endpoint: Endpoint, user: Credentials) -> Path:
    """Write a kubeconfig that only its owner can read; returns `path`."""
    cluster = {"server": endpoint.url, "certificate-authority-data": encoded(endpoint.ca)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "pilothouse", "cluster": cluster}],
        "users": [{"name": "pilothouse", "user": dict(user)}],
        "contexts": [{"name": "pilothouse", "context": {"cluster": "pilothouse", "user": "pilothouse"}}],
        "current-context": "pilothouse",
    }
    write_private(path, yaml.safe_dump(content).encode())
    return path


def read(text: str) -> tuple[Endpoint, Credentials]:
    """The first cluster and user of a minified kubeconfig, as `kubectl config view --minify --flatten --raw` prints it.

    Raises ClusterError when its server is not verified by a CA of its own.
    """
    content = yaml.safe_load(text)
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    ca = cluster.get("certificate-authority-data")
    if not ca:
        raise ClusterError(
            f"kubeconfig, cluster {content['clusters'][0]['name']}: no certificate-authority-data: "
            "add the CA of the API server; unverified servers are not used"
        )
    return Endpoint(cluster["server"], base64.b64decode(ca)), user


def encoded(content: bytes) -> str:
    """Base64, as kubeconfig files carry bytes."""
    return base64.b64encode(content).decode()
