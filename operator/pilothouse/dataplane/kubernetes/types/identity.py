"""How objects are named: by the calls that we send, and by the identifiers in ledger and status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class ObjectID:
    """One object of a cluster. `namespace` is empty for kinds that have none.

    As text it is apiVersion/Kind/namespace/name: apps/v1/Deployment/shop/checkout-web-a, v1/Namespace//shop.
    """

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Spell it as the ledger does."""
        return f"{self.api_version}/{self.kind}/{self.namespace}/{self.name}"

    @property
    def title(self) -> str:
        """How messages to people name it, such as Deployment shop/checkout-web-a."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def parameters(self) -> dict[str, str]:
        """How calls name it."""
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
        }

    @classmethod
    def parse(cls, text: str) -> "ObjectID":
        """Undo `str()`. Raises ValueError for any other text."""
        parts = text.rsplit("/", 3)
        if len(parts) != len(cls.__slots__) or not (parts[0] and parts[1] and parts[3]):
            raise ValueError(f"{text!r} names no Kubernetes object: expected apiVersion/Kind/namespace/name")
        return cls(*parts)

    @classmethod
    def of(cls, live: Mapping[str, Any]) -> "ObjectID":
        """Name an object by its own words; it must have apiVersion, kind and metadata.name."""
        metadata = live["metadata"]
        return cls(live["apiVersion"], live["kind"], metadata.get("namespace", ""), metadata["name"])


@dataclass(frozen=True, slots=True)
class Selection:
    """The objects of one kind that a listing or a watch is about.

    namespace: empty for all. Selectors are in the API's own syntax; empty selects everything.
    """

    api_version: str
    kind: str
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""

    def __str__(self) -> str:
        """Name it as messages do."""
        place = f" in {self.namespace}" if self.namespace else ""
        selectors = ", ".join(filter(None, (self.label_selector, self.field_selector)))
        return f"{self.api_version} {self.kind}{place}" + (f" ({selectors})" if selectors else "")
