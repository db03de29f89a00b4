"""The catalog as the Controller uses it: cloud types by their block, Kubernetes kinds made as they are met."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pilothouse.catalog.registry import TYPES, AnyType, Types, resource_type
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject, Manifest
from pilothouse.dataplane.types import ResourceSpec


class Catalog:
    """Every type there is."""

    def __init__(self, types: Types = TYPES) -> None:
        """Take the registered cloud types."""
        self._types = types

    def resource(self, kind: str) -> AnyType:
        """Return the type of a block. Raises UnknownTypeError, which names those that exist."""
        return resource_type(kind, self._types)

    def kubernetes(self, kind: str) -> AnyType:
        """Return the type of a Kubernetes kind."""
        return _kubernetes(kind)

    def of(self, kind: str) -> AnyType:
        """Return the type of a type block, or else of a Kubernetes kind."""
        return self._types.get(kind) or _kubernetes(kind)

    def manifest(self, body: Mapping[str, Any]) -> ResourceSpec:
        """Wrap a Kubernetes object as the spec of its type."""
        return Manifest(body=dict(body))


@cache
def _kubernetes(kind: str) -> KubernetesObject:
    return KubernetesObject(kind)
