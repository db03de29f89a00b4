"""Replicas that an autoscaler decides on: they are its, and left out of what we apply.

A HorizontalPodAutoscaler, be it a person's or made by KEDA, writes `spec.replicas` through the scale subresource, and
the API server records who did (managedFields). As long as that record stands the field is not ours: it is neither
compared nor put right. A person who scales by hand is recorded too, under another name, and is no autoscaler.
"""

from collections.abc import Mapping
from typing import Any, Final

_AUTOSCALERS: Final = ("kube-controller-manager", "keda")
"""Beginnings of the names under which autoscalers write."""


def autoscaler(live: Mapping[str, Any]) -> str:
    """Return who scales an object automatically; empty when nobody does."""
    for entry in live.get("metadata", {}).get("managedFields") or ():
        scaled = entry.get("subresource") == "scale" and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        if scaled and str(entry.get("manager", "")).startswith(_AUTOSCALERS):
            return str(entry["manager"])
    return ""


def without_replicas(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `manifest` that says nothing of replicas."""
    spec = {name: value for name, value in (manifest.get("spec") or {}).items() if name != "replicas"}
    return {**manifest, "spec": spec}
