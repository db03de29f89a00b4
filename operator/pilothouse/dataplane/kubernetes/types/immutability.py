"""Fields of built-in kinds that the API server never lets change: a change means delete and make anew.

Source: the update validation of kubernetes 1.37 (pkg/apis/*/validation). Fields of custom resources are not known here;
a change that the API server refuses there is reported with its own words.
"""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.api.plan import Change
from pilothouse.dataplane.kubernetes.types.fields import owned, values
from pilothouse.dataplane.kubernetes.types.sensitive import encoded, shown_at

IMMUTABLE_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "ConfigMap": ("immutable", "data", "binaryData"),
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Job": ("spec.selector", "spec.completions", "spec.completionMode", "spec.podFailurePolicy", "spec.template"),
    "PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.dataSource",
        "spec.dataSourceRef",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    "ReplicaSet": ("spec.selector",),
    "RoleBinding": ("roleRef",),
    "Secret": ("immutable", "type", "data"),
    "Service": ("spec.clusterIP", "spec.clusterIPs"),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"),
}
"""By kind: the paths of the fields, each with its whole value."""

_ONLY_WHILE_FROZEN: Final = frozenset({"immutable", "data", "binaryData"})
"""Of ConfigMaps and Secrets: immutable while they say `immutable: true`."""
_DEFAULTED: Final = frozenset({"spec.template", "spec.volumeClaimTemplates"})
"""Here the API server adds defaults, so an object that says more than its manifest is no difference."""


def refused_changes(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the immutable fields in which `manifest` asks for something else than `live` has."""
    if not live:
        return ()
    kind, asked = str(manifest.get("kind", "")), encoded(manifest)
    found = ((path, _at(live, path), _at(asked, path)) for path in IMMUTABLE_PATHS.get(kind, ()))
    return tuple(
        Change.model_validate({"path": path, "from": shown_at(kind, path, old), "to": shown_at(kind, path, new)})
        for path, old, new in found
        if new is not None and (_differ(path, old, new) or _left_out(live, asked, path))
        if live.get("immutable") or path not in _ONLY_WHILE_FROZEN
    )


def covers(have: Any, wanted: Any) -> bool:
    """Tell whether `have` says all that `wanted` says; it may say more, as defaults do."""
    match wanted:
        case Mapping():
            return isinstance(have, Mapping) and all(covers(have.get(key), item) for key, item in wanted.items())
        case list():
            if not isinstance(have, list) or len(have) != len(wanted):
                return False
            return all(covers(one, other) for one, other in zip(have, wanted, strict=True))
        case _:
            return bool(have == wanted)


def _differ(path: str, old: Any, new: Any) -> bool:
    return not covers(old, new) if path in _DEFAULTED else bool(old != new)


def _left_out(live: Mapping[str, Any], asked: Mapping[str, Any], path: str) -> bool:
    """Tell whether something below `path` that we applied before is no longer asked for."""
    ours = owned(live)
    before, after = dict(values(live, ours)), dict(values(asked, ours))
    return any(one.startswith((f"{path}.", f"{path}[")) for one in before.keys() - after.keys())


def _at(item: Any, path: str) -> Any:
    for name in path.split("."):
        item = item.get(name) if isinstance(item, Mapping) else None
    return item
