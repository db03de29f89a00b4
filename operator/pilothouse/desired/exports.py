"""What Applications let each other use: the outputs of their resources, by consent of the one that has them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Shared:
    """One resource as others may use it: its type, and what is known of its outputs."""

    type: str
    outputs: Mapping[str, str]


Exported = Mapping[str, Shared]
"""The resources of an Application by name."""


def exported(application: Mapping[str, Any], namespace: str) -> Exported | None:
    """Return what an Application, as its object, lets the Applications of `namespace` use; None where it does not.

    Outputs are those in its status, so they are known while its Cells cannot be reached, and never secret.
    """
    spec, own = application.get("spec") or {}, application["metadata"]["namespace"]
    consent = (spec.get("exports") or {}).get("to") or ()
    if namespace != own and namespace not in consent and EVERYBODY not in consent:
        return None
    entries = (application.get("status") or {}).get("resources") or ()
    wanted = {resource["name"]: _type(resource) for resource in spec.get("resources") or ()}
    known = {(entry["name"], entry["type"]): _outputs(entry) for entry in entries if entry.get("id")}
    return {name: Shared(kind, known.get((name, kind), {})) for name, kind in wanted.items()}


def _outputs(entry: Mapping[str, Any]) -> Mapping[str, str]:
    return {"id": entry["id"], **(entry.get("outputs") or {})}


def _type(resource: Mapping[str, Any]) -> str:
    """Return the name of the type block: the one field whose name begins with a provider's."""
    return next((name for name in resource if name.startswith(("aws", "gcp", "azure"))), "")


def imported(spec: Mapping[str, Any], own: str) -> frozenset[tuple[str, str]]:
    """Return the Applications, by namespace and name, that a spec of the namespace `own` refers to."""
    return frozenset(_imported(spec.get("resources") or (), own))


def _imported(value: Any, own: str) -> Iterator[tuple[str, str]]:
    match value:
        case {"ref": str(), "application": str(application)}:
            yield str(value.get("namespace") or own), application
        case Mapping():
            for part in value.values():
                yield from _imported(part, own)
        case list() | tuple():
            for part in value:
                yield from _imported(part, own)
        case _:
            return
