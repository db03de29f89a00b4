"""Amazon EBS volumes. Tokened: a create that is repeated with its token gets the first one again.

Source for settings, limits and states: the Amazon EC2 API Reference, CreateVolume, ModifyVolume, Volume.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import marks, volumes
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, tags_of
from pilothouse.dataplane.aws.volume_spec import SeenVolume, VolumeSpec
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Health,
    HealthState,
    Reading,
    ResourceSpec,
    Want,
)


class Volume(Ec2Type[VolumeSpec]):
    """A volume, and whether it is plugged in. Deleting it detaches it first."""

    kind = "awsVolume"
    model: ClassVar[type[ResourceSpec]] = VolumeSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "availabilityZone")
    creation = Creation.TOKENED
    deletion_policy: ClassVar[DeletionPolicy] = "Retain"
    snapshots: ClassVar[bool] = True
    describe, member, id_key, tag_type = "DescribeVolumes", "Volumes", "VolumeId", "volume"
    listed_in_full: ClassVar[bool] = False
    removable: ClassVar[frozenset[str]] = frozenset({"attachment"})

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask what is under way."""
        return {"situation": (yield from volumes.situation(thing))}

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenVolume:
        """Read it."""
        found = volumes.settings(thing)
        tags = marks.user_tags(tags_of(thing))
        return SeenVolume.model_construct(**found, tags=tags, state=thing["State"], situation=details["situation"])

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return its zone too."""
        return {"id": thing["VolumeId"], "availabilityZone": thing["AvailabilityZone"]}

    def health(self, thing: Described) -> Health:
        """Return what it is doing."""
        return volumes.health(thing)

    def create(self, want: Want[VolumeSpec]) -> Call:
        """Make it; an update attaches it."""
        spec = want.spec
        parameters = {
            "AvailabilityZone": spec.availability_zone,
            "Size": spec.size,
            "VolumeType": spec.volume_type,
            "Iops": spec.iops,
            "Throughput": spec.throughput,
            "SnapshotId": spec.snapshot_id,
            "Encrypted": spec.encrypted,
            "KmsKeyId": spec.kms_key_id,
            "ClientToken": want.token,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateVolume", given(parameters))

    def created(self, reply: Any) -> str:
        """Return the volume's id."""
        return str(reply["VolumeId"])

    def diff(self, want: VolumeSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; a snapshot taken by a deletion that was called off is one difference more.

        It would pass for the snapshot of a later deletion. One that is being replaced has a use for it.
        """
        changes = super().diff(_with_resets(want, applied_keys), have, applied_keys)
        taken = have.settings(SeenVolume).situation.snapshots
        if not taken or any(self.immutable(change.path) for change in changes):
            return changes
        found = ", ".join(identifier for identifier, _ in taken)
        return (*changes, Change.model_validate({"path": "lastSnapshot", "from": found, "to": None}))

    def update(self, have: Reading, want: Want[VolumeSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change what can be changed now: one modification at a time, and detached before attached elsewhere."""
        seen, paths = have.settings(SeenVolume), self.paths(have, want, applied_keys)
        now = seen.situation
        if seen.state not in {"available", "in-use"}:
            return ()
        calls = [*volumes.disown(now.snapshots), *self.tagging(have, want)]
        wanted = _with_resets(want.spec, applied_keys).model_dump(by_alias=True)
        speed = {name: wanted[path] for path, name in volumes.SPEED.items() if path in paths}
        if speed and not now.modifying:
            calls.append(Call("ec2", "ModifyVolume", {"VolumeId": have.id, **speed}))
        if "attachment" in paths and not now.plugging:
            to = want.spec.attachment
            plug = (volumes.attach(have.id, to),) if to else ()
            calls += volumes.detach(have.id, now.attachments) or plug
        return tuple(calls)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Detach it, then delete it."""
        now = have.settings(SeenVolume).situation
        if have.health.state is HealthState.DELETING or now.plugging:
            return ()
        return volumes.detach(have.id, now.attachments) or (Call("ec2", "DeleteVolume", {"VolumeId": have.id}),)

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        """Detach it, take a snapshot, wait until that is complete, then delete it.

        A snapshot whose reply was lost is found by its tag; EC2 takes none of a volume within 15 s after another.
        """
        seen = have.settings(SeenVolume)
        states = {state for _, state in seen.situation.snapshots}
        if seen.situation.attachments or "completed" in states or have.health.state is HealthState.DELETING:
            return self.delete(have)
        return () if "pending" in states else (volumes.snapshot(have.id, seen.tags, have.mark),)


def _with_resets(want: VolumeSpec, applied_keys: frozenset[str]) -> VolumeSpec:
    """Put EC2's defaults where `want` leaves out again what was set before."""
    defaults = {"iops": 3_000, "throughput": 125} if want.volume_type == "gp3" else {}
    left_out = {key: value for key, value in defaults.items() if getattr(want, key) is None and key in applied_keys}
    return want.model_copy(update=left_out)
