"""Our mark on Kubernetes objects: labels to select by, annotations that no controller hands on to what it makes.

Controllers copy labels freely (Services to EndpointSlices), and some copy annotations too, but what they make has them
as its controlling owner. Objects that we make have no owner, so what is owned by a controller is never ours. Nor is
what a person copied under another name: the mark names the object that it was written on.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from pilothouse.api.meta import GROUP
from pilothouse.dataplane.types import Mark, Owner

CONTROL_PLANE: Final = f"{GROUP}/control-plane"
APPLICATION: Final = f"{GROUP}/application"
RESOURCE: Final = f"{GROUP}/resource"
APPLICATION_UID: Final = f"{GROUP}/application-uid"
INCARNATION: Final = f"{GROUP}/incarnation"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
INSTANCE: Final = "app.kubernetes.io/instance"

_LONGEST_LABEL: Final = 63
_HASH_DIGITS: Final = 10


def selector(control_plane: str) -> str:
    """Return the label selector of everything that a control plane marked."""
    return f"{CONTROL_PLANE}={control_plane}"


def labels(mark: Mark) -> dict[str, str]:
    """Return the labels of the mark; names too long for a label are shortened, with a hash that keeps them apart."""
    return {
        CONTROL_PLANE: mark.owner.control_plane,
        APPLICATION: _label_value(mark.owner.application),
        RESOURCE: _label_value(mark.resource),
        MANAGED_BY: "pilothouse",
        INSTANCE: _label_value(mark.owner.application),
    }


def annotations(mark: Mark) -> dict[str, str]:
    """Return the annotations of the mark; a name that its label had to shorten is here in full."""
    whole = {APPLICATION: mark.owner.application, RESOURCE: mark.resource}
    shortened = {key: name for key, name in whole.items() if _label_value(name) != name}
    return {APPLICATION_UID: mark.uid, INCARNATION: str(mark.incarnation), **shortened}


def marked(manifest: Mapping[str, Any], mark: Mark) -> dict[str, Any]:
    """Return a copy of `manifest` with the mark, in the namespace of the mark's Application.

    The labels app.kubernetes.io/* that the manifest sets itself stay as they are.
    """
    metadata = manifest.get("metadata") or {}
    own_labels, own_annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    recommended = {key: own_labels[key] for key in (MANAGED_BY, INSTANCE) if key in own_labels}
    return {
        **manifest,
        "metadata": {
            **metadata,
            "namespace": mark.owner.namespace,
            "labels": {**own_labels, **labels(mark), **recommended},
            "annotations": {**own_annotations, **annotations(mark)},
        },
    }


def mark_of(live: Mapping[str, Any]) -> Mark | None:
    """Return the mark on an object; None when it bears none, or that of another: copied by a controller or a person."""
    metadata = live.get("metadata", {})
    found_labels, found_annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if CONTROL_PLANE not in found_labels or APPLICATION_UID not in found_annotations:
        return None
    if any(owner.get("controller") for owner in metadata.get("ownerReferences") or ()):
        return None
    resource = _whole(RESOURCE, found_labels, found_annotations)
    if resource not in ("", metadata.get("name")):
        return None
    incarnation = found_annotations.get(INCARNATION, "")
    return Mark(
        owner=Owner(
            control_plane=found_labels[CONTROL_PLANE],
            namespace=metadata.get("namespace", ""),
            application=_whole(APPLICATION, found_labels, found_annotations),
        ),
        resource=resource,
        uid=found_annotations[APPLICATION_UID],
        incarnation=int(incarnation) if incarnation.isdecimal() else 0,
    )


def _whole(key: str, found_labels: Mapping[str, str], found_annotations: Mapping[str, str]) -> str:
    return found_annotations.get(key, found_labels.get(key, ""))


def _label_value(name: str) -> str:
    if len(name) <= _LONGEST_LABEL:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{name[: _LONGEST_LABEL - _HASH_DIGITS - 1]}-{digest}"
