"""Kubernetes objects as people write them into `spec.manifests`: what such an object may not say."""

from collections.abc import Mapping
from typing import Any

from pilothouse.api.meta import GROUP


def metadata_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return its metadata; empty where it has none."""
    metadata = body.get("metadata")
    return dict(metadata) if isinstance(metadata, Mapping) else {}


def name_of(body: Mapping[str, Any]) -> str:
    """Return its name; empty where it has none."""
    return str(metadata_of(body).get("name", ""))


def wrong_with(body: Mapping[str, Any], namespace: str) -> str:
    """Return what is wrong with a manifest of an Application in `namespace`, as field and mend; empty for nothing.

    The API server refuses the same, unless other definitions of the kinds are installed there.
    """
    metadata = metadata_of(body)
    names = (body.get("apiVersion"), body.get("kind"), metadata.get("name"))
    if not all(isinstance(name, str) and name for name in names):
        return ": give apiVersion, kind and metadata.name."
    if metadata.get("namespace", namespace) != namespace:
        return f".metadata.namespace: it is always the Application's, {namespace}; leave it out."
    if "ownerReferences" in metadata:
        return ".metadata.ownerReferences: the Application alone decides when an object goes; leave them out."
    if str(names[0]).startswith(f"{GROUP}/"):
        return f".apiVersion: an Application makes no objects of {GROUP}; remove the manifest."
    return ""
