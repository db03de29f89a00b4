"""Kubernetes objects of every kind: one type, since the API server alone knows their fields.

They are made and changed by server-side apply of the whole manifest, so what leaves the manifest leaves the object.
What an apply would change is asked of the API server (a dry run), never guessed: it knows defaults, admission and
conversion.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from typing import Any, ClassVar, Final

from pydantic import Field, field_validator

from pilothouse.api import paths
from pilothouse.api.application import DeletionPolicy, LedgerEntry
from pilothouse.api.plan import Change, Impact
from pilothouse.dataplane.errors import Invalid, NotFound
from pilothouse.dataplane.kubernetes.types import marks
from pilothouse.dataplane.kubernetes.types.autoscaling import autoscaler, without_replicas
from pilothouse.dataplane.kubernetes.types.fields import changed, fingerprint, project
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.dataplane.kubernetes.types.immutability import IMMUTABLE_PATHS, refused_changes
from pilothouse.dataplane.kubernetes.types.kstatus import health
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Health,
    HealthState,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Timeouts,
    Want,
)

SERVICE: Final = "kubernetes"
UID: Final = "uid"
AUTOSCALER: Final = "autoscaler"
"""Of the outputs of a reading: who decides on the object's replicas; absent where nobody but we does."""

_HOLDS_DATA: Final = frozenset({"PersistentVolumeClaim", "StatefulSet"})
_RETAINED: Final = frozenset({"PersistentVolumeClaim"})
_JOBS: Final = Timeouts(create=604_800.0, update=604_800.0)
"""A Job is Ready when it is complete: how long that may take is its own business, and activeDeadlineSeconds'."""
# A Deployment starts the new pod before it stops the old one; of these each pod stops before its successor starts.
_STOPS_BEFORE_STARTS: Final = frozenset({"DaemonSet", "StatefulSet"})
_CUTS_OFF_CLIENTS: Final = ("spec.selector", "spec.ports", "spec.type")


class Manifest(ResourceSpec):
    """A Kubernetes object as people write it."""

    body: dict[str, Any] = Field(description="The object: apiVersion, kind, metadata.name, and what its kind asks for.")

    @field_validator("body")
    @classmethod
    def _names_an_object(cls, body: dict[str, Any]) -> dict[str, Any]:
        metadata = body.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        needed = {"apiVersion": body.get("apiVersion"), "kind": body.get("kind"), "metadata.name": name}
        for field, found in needed.items():
            if not isinstance(found, str) or not found:
                raise ValueError(f"{field}: expected the text that every Kubernetes object needs, found {found!r}")
        return body


class KubernetesObject(ResourceType[Manifest]):
    """Objects of one kind. `TargetKey.type` is the kind, `TargetKey.resource` its name, `Want.name` its identifier.

    api_version: needed only for `listing`; elsewhere the manifest or the identifier says it.
    """

    provider: ClassVar[str] = SERVICE
    model: ClassVar[type[ResourceSpec]] = Manifest
    outputs: ClassVar[tuple[str, ...]] = (UID,)
    creation: ClassVar[Creation] = Creation.NAMED
    previews: ClassVar[bool] = True
    settles_in: ClassVar[float] = 0.0

    def __init__(self, kind: str, api_version: str = "") -> None:
        delete_impact: Impact = "Destructive" if kind in _HOLDS_DATA else "Disruptive"
        deletion_policy: DeletionPolicy = "Retain" if kind in _RETAINED else "Delete"
        # These belong to the class of every other type; here one class serves all kinds.
        self.kind = kind  # type: ignore[misc]
        self.delete_impact = delete_impact  # type: ignore[misc]
        self.deletion_policy = deletion_policy  # type: ignore[misc]
        if kind == "Job":
            self.timeouts = _JOBS  # type: ignore[misc]
        self.api_version = api_version

    def name(self, owner: Owner, resource: str) -> str:
        """Return the object's name, which the manifest gives."""
        del owner
        return resource

    def listing(self, control_plane: str) -> Call:
        """Return the call that lists all objects of this kind that the control plane marked, in every namespace."""
        selected = {"apiVersion": self.api_version, "kind": self.kind, "labelSelector": marks.selector(control_plane)}
        return Call(SERVICE, "list", selected)

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page of `listing`."""
        return [listed(live) for live in page["items"]]

    def find(self, want: Want[Manifest]) -> Flow[tuple[Reading, ...]]:
        """Look for the object of this name, whoever's it is."""
        reading = yield from _read(_id(want))
        return (reading,) if reading else ()

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read one object; None when there is none. Raises ValueError for an identifier of another provider."""
        return (yield from _read(ObjectID.parse(identifier)))

    def create(self, want: Want[Manifest]) -> Call:
        """Return the apply that makes it; refused, not forced, where somebody else made one since `find`."""
        return Call(SERVICE, "apply", {"manifest": marks.marked(want.spec.body, want.mark), "force": False})

    def created(self, reply: Any) -> str:
        """Return the identifier in the reply to `create`."""
        return str(ObjectID.of(reply))

    def replied(self, reply: Any) -> Reading | None:
        """Return the reading in the reply: the API server answers with the object as it is now."""
        return reading_of(reply)

    def update(self, have: Reading, want: Want[Manifest], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Return the apply that brings this very object (by UID) to `want`; none while it is being deleted."""
        del applied_keys
        if have.health.state is HealthState.DELETING:
            return ()
        manifest = _of_this(have.outputs[UID], want, have.outputs.get(AUTOSCALER, ""))
        return (Call(SERVICE, "apply", {"manifest": manifest, "force": True}),)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Return the deletion of this very object (by UID); none while it is under way."""
        if have.health.state is HealthState.DELETING:
            return ()
        named = ObjectID.parse(have.id).parameters
        return (Call(SERVICE, "delete", {**named, "uid": have.outputs[UID], "propagationPolicy": "Background"}),)

    def adopt(self, have: Reading, want: Want[Manifest]) -> tuple[Call, ...]:
        """Return the patch that writes the mark. An apply of the mark alone would take away what was applied before."""
        labels, annotations = marks.labels(want.mark), marks.annotations(want.mark)
        patch = {"metadata": {UID: have.outputs[UID], "labels": labels, "annotations": annotations}}
        return (Call(SERVICE, "patch", {**ObjectID.parse(have.id).parameters, "patch": patch}),)

    def diff(self, want: Manifest, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Return nothing: only `preview` can tell."""
        del want, have, applied_keys
        return ()

    def preview(self, want: Want[Manifest]) -> Flow[tuple[Change, ...]]:
        """Ask the API server what applying `want` would change.

        Where it refuses because of fields that cannot change, these fields are the answer, for a replacement.
        """
        try:
            live = yield Call(SERVICE, "get", _id(want).parameters)
            manifest = _of_this(live["metadata"][UID], want, autoscaler(live))
        except NotFound:
            live, manifest = {}, marks.marked(want.spec.body, want.mark)
        try:
            after = yield Call(SERVICE, "dryRun", {"manifest": manifest, "force": True})
        except Invalid:
            changes = refused_changes(live, manifest)
            if not changes:
                raise
            return changes
        return changed(live, after)

    def setting(self, spec: Manifest, path: paths.Path) -> Any:
        """Return what the object's manifest says at `path`."""
        return paths.at(spec.body, path)

    def unknown_setting(self, spec: Manifest, path: paths.Path) -> str:
        """Return which step of `path` the manifest does not set: what it does not set, others may change anyway."""
        return paths.missing_in(spec.body, path)

    def foreign(self, want: Want[Manifest], at: Collection[paths.Path]) -> Flow[frozenset[paths.Path]]:
        """Ask the API server which of these fields it does not record as ours: who changed them took them over."""
        try:
            live = yield Call(SERVICE, "get", _id(want).parameters)
        except NotFound:
            return frozenset()
        ours = [paths.parsed(path) for path in project(live)]
        return frozenset(path for path in at if not any(paths.touch(one, path) for one in ours))

    def without(self, spec: Manifest, at: Collection[paths.Path]) -> Manifest:
        """Return the manifest without these fields: what an apply does not send, and others own, stays as it is."""
        return spec.model_copy(update={"body": reduce(paths.without, sorted(at, reverse=True), spec.body)})

    def unchanged(self, have: Reading, entry: LedgerEntry, desired_hash: str) -> bool:
        """Tell that neither the manifest nor our fields of the object moved since the last apply."""
        return entry.applied_hash == desired_hash and entry.stored_hash == have.fingerprint != ""

    def impact(self, path: str) -> Impact:
        """Return what users notice: a rolling update is nothing, a pod that stops before the next one starts is."""
        if self.kind in _STOPS_BEFORE_STARTS and path.startswith("spec.template.spec"):
            return "Disruptive"
        return "Disruptive" if self.kind == "Service" and path.startswith(_CUTS_OFF_CLIENTS) else "None"

    def immutable(self, path: str) -> bool:
        """Tell whether `path`, as `preview` gives it, is one of the fields that only a replacement changes."""
        return path in IMMUTABLE_PATHS.get(self.kind, ())


def reading_of(live: Mapping[str, Any]) -> Reading:
    """Read an object of any kind, as the API server described it."""
    scaler, state = autoscaler(live), health(live)
    if scaler and state == Health():
        state = Health(message=f"{scaler} decides on its replicas")
    return Reading(
        id=str(ObjectID.of(live)),
        mark=marks.mark_of(live),
        outputs={UID: live["metadata"][UID]} | ({AUTOSCALER: scaler} if scaler else {}),
        health=state,
        # A person who scales by hand takes nothing of ours, and yet something moved.
        fingerprint=fingerprint(live) + (f" scaled by {scaler}" if scaler else ""),
    )


def listed(live: Mapping[str, Any]) -> Listed:
    """Read an object as one line of the inventory: listings and watches show objects in full."""
    reading = reading_of(live)
    return Listed(reading.id, reading)


def _id(want: Want[Manifest]) -> ObjectID:
    return ObjectID.parse(want.name)


def _of_this(uid: str, want: Want[Manifest], scaler: str) -> dict[str, Any]:
    """Return the marked manifest, bound to one object: the API server refuses it for a namesake made since.

    scaler: who decides on its replicas, if not we.
    """
    manifest = marks.marked(want.spec.body, want.mark)
    manifest = without_replicas(manifest) if scaler else manifest
    return {**manifest, "metadata": {**manifest["metadata"], UID: uid}}


def _read(identifier: ObjectID) -> Flow[Reading | None]:
    try:
        live = yield Call(SERVICE, "get", identifier.parameters)
    except NotFound:
        return None
    return reading_of(live)
